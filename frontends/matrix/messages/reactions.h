/* SPDX-License-Identifier: MIT */
/*
 * Reactions. In Matrix each is an event of its own, which is redacted when it is taken back (m.annotation,
 * client-server API, "Event annotations and reactions"); the core's events say which of somebody's on a message stand.
 * Here is which event says what. Kept in the message map, up to LIMIT_REACTIONS of one person on one message.
 */
#pragma once

#include "base/arena.h"
#include "frontends/matrix/matrix.h"

/* `who`, a ghost or a person, has put `key` on the event `target`: `event_id` says so. */
void reactions_note(const struct matrix_frontend *frontend, const char *target, const char *who, const char *key,
                    const char *event_id);
/* That event is redacted. False: it is no reaction that is known. Else *target and *who, in the arena. */
bool reactions_forget(const struct matrix_frontend *frontend, const char *event_id, const char **target,
                      const char **who, struct arena *arena);
/* All that stand, in the order in which they came, into `keys` and, unless NULL, `events`: up to LIMIT_REACTIONS texts,
 * in the arena. Returns how many. */
size_t reactions_of(const struct matrix_frontend *frontend, const char *target, const char *who, const char **keys,
                    const char **events, struct arena *arena);
