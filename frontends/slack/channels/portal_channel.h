/* SPDX-License-Identifier: MIT */
/* Channels that are tied to a legacy room: people coming and going, topics, names. */
#pragma once

#include "frontends/slack/channels/channel.h"
#include "frontends/slack/workspace.h"

struct identity;
struct resource;

/* Whether the account that speaks for people of this workspace could be in this room, too: it is in those of all
 * channels that are tied, in LIMIT_ROOMS_PER_USER at most. */
bool portal_channel_fits(const struct workspace *workspace, const char *room);
/* Ties it, brings its people in and begins with what is said from now on. `called`: its name; NULL: not known.
 * `made`: by us, for this room. */
struct channel *portal_channel_tie(struct workspace *workspace, const char *channel, const char *room,
                                   const char *called, bool made);
/* Everybody leaves the legacy room, unless another of his channels is tied to it. */
void portal_channel_untie(struct slack_frontend *frontend, struct channel **channel);
/* Into the legacy room with this client, unless it is there or on its way. Where there is no room for the account that
 * speaks for people the channel is told, and administrators are, once. */
void portal_channel_join(struct slack_frontend *frontend, struct channel *channel,
                         struct resource *resource);
/* A person, or the bot, has come into the channel or left it. */
void portal_channel_person_in(struct slack_frontend *frontend, struct channel *channel, const char *address);
void portal_channel_person_out(struct slack_frontend *frontend, struct channel *channel, const char *address);
/* slack_later: the person is logged in: into the rooms of all channels that he is in (users.conversations).
 */
void portal_channels_join_again(struct slack_frontend *frontend, const char *address);
/* We were put out of it, or it is gone: it is untied, and administrators are told. */
void portal_channel_lost(struct workspace *workspace, struct channel **channel, bool put_out);
/* What the room is called, and its topic, have become while no process served the channel: sessions of the network go
 * on without us, and what they tell to one that takes over is not shown. */
void portal_channel_catch_up(struct slack_frontend *frontend, struct channel *channel);
void portal_channel_archive(struct slack_frontend *frontend, struct channel *channel, bool archived);

/* From deliver. */
void portal_channel_show_participant(struct slack_frontend *frontend, struct identity *to,
                                     const struct event_participant *participant);
void portal_channel_show_subject(struct slack_frontend *frontend, struct identity *to,
                                 const struct event_message *subject);
void portal_channel_show_leave(struct slack_frontend *frontend, struct identity *to,
                               const struct event_room *room);
