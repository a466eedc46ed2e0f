/* SPDX-License-Identifier: MIT */
/*
 * What a channel and its room are called, followed both ways. A channel that the bridge has made has the room's
 * name: a title that the network gives the room later (ROOM_INFO) becomes the channel's name
 * (conversations.rename), and a new name of the channel the room's (ROOM_CHANGE, said.c). A channel of the people's
 * own keeps its name, and the room too: each side is told of the other's in words, as it is where Slack or the
 * network does not do it.
 *
 * A note of the spool has the title that was followed last, so that it is news once, also after a restart. The first
 * that is known is none.
 */
#pragma once

#include "base/buf.h"
#include "frontends/slack/channels/channel.h"
#include "frontends/slack/workspace.h"

struct identity;

#define CHANNEL_NAME_MAX 80 /* characters that Slack takes */

/* Letters, digits, - and _ of a room's name or title, as Slack takes them in a channel's; nothing if there are none. */
void channel_name_put(struct buf *out, const char *room);
/* Tied just now. `called`: its name at Slack; NULL: not known. `made`: by us, for this room. */
void channel_name_begin(struct slack_frontend *frontend, struct channel *channel, const char *called, bool made);
/* That is its name at Slack: for lists. */
void channel_name_note(struct slack_frontend *frontend, struct channel *channel, const char *called);
void channel_name_forget(struct slack_frontend *frontend, const struct channel *channel);
/* From deliver: what the network tells of a room. */
void channel_name_show(struct slack_frontend *frontend, const struct identity *to,
		       const struct event_room_info *info);
/* The room has this title; NULL or "": none. Of one that was followed before it is no news. */
void channel_name_follow(struct slack_frontend *frontend, struct channel *channel, const char *title);
/* The network is asked to call the room as its channel was called by this event, a RENAME. */
void channel_name_asked(struct slack_frontend *frontend, const struct channel *channel,
			const struct slack_event *event);
/* From undelivered: it has not done it. */
void channel_name_refused(struct slack_frontend *frontend, const struct event_undelivered *undelivered);
