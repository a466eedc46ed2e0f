/* SPDX-License-Identifier: MIT */
/* The message map (transport/spool/message_map.h) as this frontend uses it for itself: names of events, and lists of
 * them, without author and time. */
#pragma once

#include "base/arena.h"
#include "frontends/matrix/matrix.h"

/* What `id` of `place` is in `other_place`, in the arena; NULL: not known. */
const char *event_map_find(const struct matrix_frontend *frontend, struct arena *arena, const char *place,
                           const char *id, const char *other_place);
/* Both ways. What was tied to `id` in `other_place` before is not any more. */
void event_map_tie(const struct matrix_frontend *frontend, const char *place, const char *id, const char *other_place,
                   const char *other_id);
