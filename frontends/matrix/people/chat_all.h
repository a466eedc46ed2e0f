/* SPDX-License-Identifier: MIT */
/*
 * A chat with each contact of the person (matrix.open_chats), one after the other and slowly enough that nothing
 * else waits for it: the next one is begun when the last is there, LIMIT_MATRIX_OPENING_MS have passed and the
 * homeserver has not too much to do. A chat that the person has left is not opened again; the contact may still
 * write first.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

/* matrix_later: person `id` is logged in. */
void chat_all_begin(struct matrix_frontend *frontend, const char *id, const char *unused);
/* This contact of a person is there; from deliver. */
void chat_all_add(struct matrix_frontend *frontend, const char *owner, const char *name);
void chat_all_free(struct matrix_frontend *frontend);
