/* SPDX-License-Identifier: MIT */
/*
 * What is known of the last messages of a conversation: which of people's have been handed on, and who has put
 * which reactions on them. With that, what has changed while no socket was open is told from what had been handed
 * on before (missed.h). Kept in notes of the spool, on record with the message itself.
 */
#pragma once

#include "frontends/slack/channels/channel.h"

struct known_message {
	struct list link;
	const char *thread; /* NULL: not in one */
	const char *user;
	char ts[];
};

/* From now on: reactions on older messages are nobody's business. */
void known_begin(struct slack_frontend *frontend, const struct channel *channel);
/* The same if it has not begun. */
void known_continue(struct slack_frontend *frontend, const struct channel *channel);
/* When the channel stands for nothing any more; known_free for the memory alone. */
void known_forget(struct slack_frontend *frontend, struct channel *channel);
void known_free(struct channel *channel);

/* Somebody's message was handed on; or taken back. */
void known_add(struct slack_frontend *frontend, struct channel *channel, const struct slack_event *event);
void known_remove(struct slack_frontend *frontend, struct channel *channel, const char *ts);
/* struct known_message.link, the oldest first. */
struct list *known_messages(struct slack_frontend *frontend, struct channel *channel);

/* A reaction of somebody was added or removed. False: it was so already, or it has changed again since, which came
 * before this. True, too, where the message is older than what is known. */
bool known_react(struct slack_frontend *frontend, const char *team, const struct slack_event *event);
/* Calls back for each reaction on the message, or on any one (ts NULL); not to be changed meanwhile. False: the
 * message is older than what is known. */
typedef void known_each(void *context, const char *ts, const char *user, const char *name);
bool known_reactions(const struct slack_frontend *frontend, const char *team, const char *channel, const char *ts,
		     known_each *each, void *context);
