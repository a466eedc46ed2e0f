/* SPDX-License-Identifier: MIT */
/* Who is meant by a text, both ways (m.mentions, links to users and rooms: Matrix Client-Server API v1.15, 11.39). */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

/* Appends the object: those of the portal's people whose nickname on the network stands in the text as a word of its
 * own. Of other rooms nobody. */
void mention_put(struct buf *out, struct matrix_frontend *frontend, const struct matrix_room *room, const char *text);
/* What the network calls this user, room or alias, where it is said in `room`; appended. False: it has no name
 * there. */
bool mention_name(struct buf *name, struct matrix_frontend *frontend, const struct matrix_room *room, const char *id);
/* The nicknames of those who are meant by the event, and not named as a word of the text, as "a, b: "; appended.
 * Nothing for a reply, which says itself whom it is for, and in chats. */
void mention_put_missing(struct buf *out, struct matrix_frontend *frontend, const struct matrix_room *room,
                         const struct matrix_event *event, const char *text);
