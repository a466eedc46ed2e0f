/* SPDX-License-Identifier: MIT */
/*
 * Who of the people is in a room, as the homeserver has it: asked after a start, after a gap in what it has told, and
 * where a room becomes known. Who came or went unseen is taken as if it had been told; a portal is compared with the
 * rest of its state then, too: its door, its power levels, whether it was replaced, whether ghosts may come in now.
 *
 * A session that went on while we were away may be in a legacy room whose portals the person has left meanwhile. So
 * when all rooms have been asked after a start, it is looked for people in legacy rooms who are in no portal of them.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

void members_ask(struct matrix_frontend *frontend, const struct matrix_room *room);
/* One of the people is not there any more. May end the room. */
void member_left(struct matrix_frontend *frontend, struct matrix_room *room, const char *id);
/* It need not be waited for any more who is in this room; one that is not due is fine. */
void members_known(struct matrix_frontend *frontend, struct matrix_room *room);
