/* SPDX-License-Identifier: MIT */
/* People who use the bridge: their presence here, and the DM in which the bot tells them things. */
#pragma once

#include "frontends/slack/member.h"

struct identity;
struct resource;
struct event_session;

/* The member behind an address; NULL: not of a workspace of ours. */
struct member *slack_person_of(struct slack_frontend *frontend, const char *address);
/* In the DM with the bot, which is opened if it is not known; the workspace's own identity: to
 * administrators. */
void slack_person_tell(struct slack_frontend *frontend, const char *address, const char *text);
/* The always present client of this address, attached if it is not; NULL: no account, or banned. The account
 * may be still unknown, or not be there. Not from inside deliver. */
struct resource *slack_person_attach(struct slack_frontend *frontend, const char *address);
/* slack_later: there is an account now. */
void slack_person_registered(struct slack_frontend *frontend, const char *address);
/* The client of somebody whose account has been read; NULL: not here, or not yet. */
struct resource *slack_person_ready(struct slack_frontend *frontend, const char *address);
/* slack_later: what waits for the person can be shown now. */
void slack_person_show_waiting(struct slack_frontend *frontend, const char *address);
/* What the account's login has come to. */
void slack_person_show_session(struct slack_frontend *frontend, struct identity *identity,
                               const struct event_session *session);
/* Opens the DM of the person and the bot, and then does what waits for it. */
void slack_person_open_control(struct slack_frontend *frontend, const char *address);
/* It is there. */
void slack_person_set_control(struct slack_frontend *frontend, const char *address, const char *channel);
void slack_person_forget(struct member *member);
