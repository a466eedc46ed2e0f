/* SPDX-License-Identifier: MIT */
/*
 * What was said while no socket was open: read back from the conversations that stand for something, from the
 * last message that was seen in each, threads included; what was seen already is dropped where all events
 * are. What was changed meanwhile is found as well (missed.h). One conversation of a workspace after the other.
 */
#pragma once

#include "frontends/slack/channels/channel.h"
#include "frontends/slack/workspace.h"

/* After a gap: all of them. */
void history_catch_up(struct slack_frontend *frontend);
/* Of one workspace. */
void history_catch_up_in(struct slack_frontend *frontend, const char *team);
/* Of one conversation. */
void history_catch_up_at(struct slack_frontend *frontend, struct channel *channel);
/* From now on; what was said before is nobody's business. */
void history_begin(struct slack_frontend *frontend, const struct channel *channel);
void history_forget(struct slack_frontend *frontend, struct channel *channel);
/* Notes the newest topic and name, and the last time that it was archived or opened again. False: the event is older
 * than that. True of all other events. */
bool history_is_newest(struct slack_frontend *frontend, const struct channel *channel, const struct slack_event *event);
/* Whether what comes has to wait, as it belongs behind what is being read. */
bool history_is_waited_for(const struct channel *channel);
/* Whether the next process finds a message that was not taken yet, as what is not taken does not count as seen. */
bool history_has(const struct channel *channel, const struct slack_event *event);
/* A message of that conversation, of a thread unless NULL, has been taken. */
void history_seen(struct slack_frontend *frontend, const struct channel *channel, const char *ts,
                  const char *thread);
/* The chat that this message was said in; NULL: in none, or it is older than the message map (message_map.h). */
struct channel *history_chat_of(const struct slack_frontend *frontend, const char *team, const char *channel,
				const char *ts);
