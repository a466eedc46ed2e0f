/* SPDX-License-Identifier: MIT */
/*
 * Ghosts: the users on the homeserver that legacy contacts and participants appear as. Made when they are
 * first needed, named once a process, brought into a room before they first say something there. All calls go
 * into the lane of the room, so that what is sent behind them finds the ghost there.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

/* The ghost of a contact. To be freed. */
char *ghost_of_contact(const struct matrix_frontend *frontend, const char *name);
/* The ghost of somebody in a legacy room: a nickname means a person of the network, as on IRC (`nick`, or
 * `nick@server` for
 * `#channel@server`), or with matrix.room_nicknames only somebody in that room (`room/nick`). To be freed. */
char *ghost_of_participant(const struct matrix_frontend *frontend, const char *room, const char *nickname);
/* The ghost that a chat is with. To be freed; NULL: not a chat. */
char *ghost_of_chat(const struct matrix_frontend *frontend, const struct matrix_room *room);

/* Registers it, or the bot; that it is there already is no error. */
void ghost_register(struct matrix_frontend *frontend, const char *ghost, const char *lane);
/* Registers and names it, unless this process has done so. `name`: to show. */
void ghost_prepare(struct matrix_frontend *frontend, const char *ghost, const char *name, const char *lane);
/* Another name from now on. */
void ghost_rename(struct matrix_frontend *frontend, const char *ghost, const char *name, const char *lane);
/* The same, and brings it into the room unless it is there; `lane` NULL: the room's. */
void ghost_enter(struct matrix_frontend *frontend, struct matrix_room *room, const char *ghost,
                 const char *name, const char *lane);
/* Somebody else has invited it into the room: it comes, though the bot might not have been allowed to ask it. */
void ghost_come(struct matrix_frontend *frontend, struct matrix_room *room, const char *ghost);
/* The homeserver says that it is not there: all that again, before what waits in the room's lane. */
void ghost_return(struct matrix_frontend *frontend, struct matrix_room *room, const char *ghost);
/* `reason`: why, for the people there; NULL. */
void ghost_leave(struct matrix_frontend *frontend, struct matrix_room *room, const char *ghost, const char *reason);
/* Whether this picture (by its hash) is new to the ghost; it is remembered, for this process. */
bool ghost_takes_icon(struct matrix_frontend *frontend, const char *ghost, const char *icon_hash);
/* All that are in no room, nor on their way into one (passers_by.h). */
void ghosts_forget(struct matrix_frontend *frontend);
void ghosts_free(struct matrix_frontend *frontend);
