/* SPDX-License-Identifier: MIT */
/*
 * The roles of a legacy room as power levels in its portals. All of them at once are read from what the listener sees
 * and written as one state event, and again LIMIT_MATRIX_POWER_MS later at the earliest: many changes are few events.
 * Ghosts get at most one less than the bot has, at most LIMIT_MATRIX_POWERS of them, the highest first. In portals that
 * we have made, people who are in the legacy room get what they are there; in others people keep what they have.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"
#include "protocol/event.h"

/* This user (a ghost or a person) of the room has this role; from deliver. Nothing happens if that is known. */
void portal_power_note(struct matrix_frontend *frontend, struct matrix_room *room, const char *user,
                       enum participant_role role);
/* Something may have changed. In a room that is tied to nothing any more ghosts lose what they have. */
void portal_power_update(struct matrix_frontend *frontend, struct matrix_room *room);
