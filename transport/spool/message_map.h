/* SPDX-License-Identifier: MIT */
/*
 * The message map: what a message is called on either side. `place` is one end's conversation: an identity's
 * key (spool_identity_key) and the name of contact or room, joined by the caller; or the account key and that
 * name for the network's side. An entry ties an id of one place to an id of another, with author and time.
 * Written through the spool's log, idempotently, before the record is forgotten; kept in SQLite in the
 * spool's folder; bounded by age and count.
 *
 * Loop thread only. Looking up reads the database in the loop's own turn (some microseconds): for what refers
 * to messages, which is rare, not for each message.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct spool;

struct message_link {
	const char *place, *id;             /* here it is called so */
	const char *other_place, *other_id; /* and there so */
	const char *author;                 /* NULL: not known */
	int64_t time_ms;
};

/* Everything is copied. An entry of the same (place, id, other_place) is replaced. Both directions can be
 * looked up. */
void message_map_put(struct spool *spool, const struct message_link *link);
/* The id in `other_place` of what is called `id` in `place`; into the arena. NULL: not known. *author and
 * *time_ms (each may be NULL) are filled if it is. */
const char *message_map_find(struct spool *spool, struct arena *arena, const char *place, const char *id,
			     const char *other_place, const char **author, int64_t *time_ms);
