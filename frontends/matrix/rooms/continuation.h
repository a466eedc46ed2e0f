/* SPDX-License-Identifier: MIT */
/*
 * Rooms that the bot is invited to while one of ours is replaced, or waits for an invitation to the room that
 * replaces it: each may continue that, further on (A is replaced by B, which the bot cannot enter, and B by C). Until
 * it is known such a room is `undecided`: what is said in it is left for whoever ties it, or read when it proves to be
 * any room.
 *
 * It continues ours if its m.room.create, as the homeserver has it, names the successor that cannot be entered as its
 * predecessor, and whoever made it may change the state of ours: he could have named it there himself.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

/* Whether any room that the bot is invited to now may be one. */
bool continuation_is_expected(const struct matrix_frontend *frontend);
/* The bot has entered this one, which is PLAIN. */
void continuation_ask(struct matrix_frontend *frontend, struct matrix_room *room);
/* It is about to be tied, and stored as that. Nothing happens if it is not known. */
void continuation_found(struct matrix_frontend *frontend, const char *room);
/* It is any room. */
void continuation_refused(struct matrix_frontend *frontend, const char *room);
/* What it continues was entered at last, or is not waited for any more. */
void continuation_open(struct matrix_frontend *frontend, const char *room);
/* matrix_later: more is known of the rooms that are replaced. */
void continuations_decide(struct matrix_frontend *frontend, const char *unused, const char *unused_too);
/* What the process before had not decided. */
void continuations_recover(struct matrix_frontend *frontend);
