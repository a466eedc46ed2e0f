/* SPDX-License-Identifier: MIT */
/* People who use the bridge: their presence here, and the DM in which the bot tells them things. */
#pragma once

#include "frontends/slack/people/member.h"

struct identity;
struct resource;
struct event_session;

/* The member behind an address; NULL: not of a workspace of ours. */
struct member *slack_person_of(struct slack_frontend *frontend, const char *address);
/* In the DM with the bot, which is opened if it is not known; the workspace's own identity: to
 * administrators. */
void slack_person_tell(struct slack_frontend *frontend, const char *address, const char *text);
/* The same about something that was said; its trace number is for the log. */
void slack_person_tell_about(struct slack_frontend *frontend, const char *address, const char *text, uint64_t trace);
/* The always present client of this address, attached if it is not; NULL: no account, or banned. The account
 * may be still unknown, or not be there. Whether he was deactivated meanwhile is asked as by slack_people_look_again.
 * Not from inside deliver. */
struct resource *slack_person_attach(struct slack_frontend *frontend, const char *address);
/* slack_later: there is an account now, or somebody who was there before a restart. */
void slack_person_registered(struct slack_frontend *frontend, const char *address);
/* slack_later: he was deactivated at Slack: signed out of the network, which administrators are told. */
void slack_person_deactivated(struct slack_frontend *frontend, const char *address);
/* After a gap: whether people who are here were deactivated meanwhile, one each LIMIT_SLACK_LOOK_MS; `team` NULL: of
 * all workspaces that are served. */
void slack_people_look_again(struct slack_frontend *frontend, const char *team);
/* The client of somebody whose account has been read; NULL: not here, or not yet. */
struct resource *slack_person_ready(struct slack_frontend *frontend, const char *address);
/* slack_later: what waits for the person can be shown now. */
void slack_person_show_waiting(struct slack_frontend *frontend, const char *address);
/* What the account's login has come to. */
void slack_person_show_session(struct slack_frontend *frontend, struct identity *identity,
                               const struct event_session *session);
/* Calls back for everybody who has a session, or only people of this workspace: as the addresses are when it begins. */
typedef void slack_each_person(struct slack_frontend *frontend, const char *address, void *context);
void slack_people_each(struct slack_frontend *frontend, const char *team, slack_each_person *each, void *context);
/* slack_later: whose workspace is lost, or was not there when we started, leaves the network, with what waits for him
 * kept, until it is there (slack_people_return). */
void slack_people_leave_lost(struct slack_frontend *frontend, const char *unused);
void slack_people_return(struct workspace *workspace);
/* Opens the DM of the person and the bot, and then does what waits for it. */
void slack_person_open_control(struct slack_frontend *frontend, const char *address);
/* It is there. */
void slack_person_set_control(struct slack_frontend *frontend, const char *address, const char *channel);
void slack_person_forget(struct member *member);
