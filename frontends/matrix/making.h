/* SPDX-License-Identifier: MIT */
/*
 * Rooms that the homeserver is asked to make. createRoom knows no transaction id, so that a process that ends
 * before the answer is on record would leave a room that nobody knows, and the next one would make another. A
 * note of the spool says what was asked for; who comes after looks for it first.
 */
#pragma once

#include "frontends/matrix/matrix.h"

/* Written to the file before it returns. `what`: whoever asks can read it again. */
void making_begin(struct matrix_frontend *frontend, const char *what);
void making_end(struct matrix_frontend *frontend, const char *what);
/* What the process before has left, of those that begin so; `each` may end it. */
void making_each(struct matrix_frontend *frontend, const char *prefix,
                 void (*each)(struct matrix_frontend *frontend, const char *what));
/* Looks for a room that we do not know, with one of ours (NULL: the bot) and this person, joined or invited.
 * `found` is called once, never from inside: with NULL if there is none. `drop` frees the context instead if
 * the frontend ends. */
void making_find(struct matrix_frontend *frontend, const char *as, const char *who,
                 void (*found)(void *context, const char *room), void *context, void (*drop)(void *context));
