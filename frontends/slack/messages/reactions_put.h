/* SPDX-License-Identifier: MIT */
/*
 * Reactions that are put on messages of Slack through us, for people of the network. At Slack all of them are the
 * bot's, one of each emoji; those that Slack's own people put there are another matter. So an emoji is put on with
 * the first of our people who has it, and taken off with the last. What Slack has said yes to is kept in the message
 * map, so that it can be taken off by a process after this one; what is under way is known besides.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct reactions_put;
struct spool;

struct reactions_put *reactions_put_create(struct spool *spool);
void reactions_put_destroy(struct reactions_put **put);

struct reaction_change {
	const char *message, *who, *emoji; /* lent */
	bool added;
};

/* `who` has these on the message now, and no others: up to LIMIT_SLACK_REACTIONS_PUT of all people on one message.
 * Calls back for each that Slack has to be told of, which ends with reactions_put_end, from inside the call or later.
 * Those that others have put on, too, are noted at once. */
void reactions_put_set(struct reactions_put *put, const char *message, const char *who, const char *const *emoji,
		       size_t count, void (*change)(void *context, const struct reaction_change *change), void *context);
/* Slack has it (`done`), or it has failed and is as before. */
void reactions_put_end(struct reactions_put *put, const struct reaction_change *change, bool done);
