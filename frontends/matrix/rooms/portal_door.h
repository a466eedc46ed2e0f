/* SPDX-License-Identifier: MIT */
/*
 * Who may come into a portal that we have made. What a private room of the network says is for those who are in it:
 * its portal is entered by invitation, which whoever has come into the room with an account of his own gets when he has
 * asked for it, and nobody else stays in it. Rooms of the people's own have their own doors.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

/* As the network says now. Unless the door is known the homeserver is asked what it is. */
void portal_door_set(struct matrix_frontend *frontend, struct matrix_room *room, bool is_private);
/* Somebody has come in, by whosever invitation, and into the network's room if his account can be. */
void portal_door_came(struct matrix_frontend *frontend, struct matrix_room *room, const char *person);
/* matrix_later: person `id` has no account: of all portals. */
void portal_doors_look(struct matrix_frontend *frontend, const char *id, const char *unused);
/* Somebody who is not in the portal asks for it: he is invited, now or when the network has let his account in. */
void portal_door_ask(struct matrix_frontend *frontend, struct matrix_room *room, const char *person);
/* The network has let this person in, or not. */
void portal_door_entered(struct matrix_frontend *frontend, struct matrix_room *room, const char *person);
void portal_door_refused(struct matrix_frontend *frontend, struct matrix_room *room, const char *person);
