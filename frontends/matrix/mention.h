/* SPDX-License-Identifier: MIT */
/* Who is meant by a text of the network (m.mentions, Matrix Client-Server API v1.15, 11.39). */
#pragma once

#include "frontends/matrix/matrix_room.h"

/* Appends the object: those of the portal's people whose nickname on the network stands in the text as a word of its
 * own. Of other rooms nobody. */
void mention_put(struct buf *out, struct matrix_frontend *frontend, const struct matrix_room *room, const char *text);
