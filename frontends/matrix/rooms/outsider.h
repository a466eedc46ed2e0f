/* SPDX-License-Identifier: MIT */
/*
 * Ghosts that a portal does not let in, or not speak: the bot says what they say, "<nickname> text", until the room's
 * rights change, or there are LIMIT_MATRIX_OUTSIDERS of them in that room. Whoever was banned there by name is not
 * heard through the bot either. Known to this process only: the next one finds out again. In portals that we have made
 * nobody is one for longer than a message: there we may all.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

enum outsider { OUTSIDER_NONE, OUTSIDER_SPOKEN_FOR, OUTSIDER_BANNED };

enum outsider outsider_of(const struct matrix_room *room, const char *ghost);
/* It may not speak, though it is there. */
void outsider_note(struct matrix_room *room, const char *ghost);
/* It may not come in. Whether it is banned is asked before what waits in the lane. */
void outsider_refused(struct matrix_frontend *frontend, const struct matrix_room *room, const char *ghost,
                      const char *lane);
/* It is not in the room of the network any more: if it comes again, it is tried again. One that was banned is
 * remembered, as words of it may still be on their way. */
void outsider_gone(struct matrix_room *room, const char *ghost);
/* All are tried again: somebody has changed who may do what. */
void outsiders_try_again(struct matrix_frontend *frontend, struct matrix_room *room);
/* The content of an event as the bot says it for `nickname`, appended. What has no text stays as it is. */
void outsider_put(struct buf *out, const char *content, const char *nickname);
/* Not even the bot could say it: `person`, who is in the network's room, is told, once until the rights change. */
void outsider_unheard(struct matrix_frontend *frontend, struct matrix_room *room, const char *person,
                      const char *problem);
