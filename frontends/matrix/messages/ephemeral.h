/* SPDX-License-Identifier: MIT */
/* What people do without saying anything, as the homeserver tells it (ephemeral events): they type, read, come, go. */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

struct matrix_event;

/* m.typing of a room: all who type there. */
void ephemeral_typing(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event);
/* m.receipt of a room. */
void ephemeral_receipt(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event);
/* m.presence of a person. */
void ephemeral_presence(struct matrix_frontend *frontend, const struct matrix_event *event);
