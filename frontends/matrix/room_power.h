/* SPDX-License-Identifier: MIT */
/* Who may change what a Matrix room is (specification v1.15, m.room.power_levels; creators of room version
 * 12). */
#pragma once

#include "frontends/matrix/matrix_room.h"

/* `problem`: a sentence for the person, NULL if he may. */
typedef void room_power_done(void *context, bool may, const char *problem);
/* Whether this person may set state in the room, as the homeserver says now. */
void room_power_check(struct matrix_frontend *frontend, const struct matrix_room *room, const char *person,
                      room_power_done *done, void *context);
/* The same from the contents of the two events; `create_sender`: who sent m.room.create, NULL if unknown. */
bool room_power_may_set_state(const struct cJSON *power_levels, const struct cJSON *create,
                              const char *create_sender, const char *person);
