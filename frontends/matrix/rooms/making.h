/* SPDX-License-Identifier: MIT */
/*
 * Rooms that the homeserver is asked to make. createRoom knows no transaction id: where the answer does not come, as
 * the connection ends or this process, the room may be there, or not, or come yet. A note of the spool says what was
 * asked for, and a mark in the room's m.room.create (MAKING_MARK) what it is for. So whoever has no answer looks for
 * the room, and for LIMIT_MATRIX_MAKING_MS takes it when the homeserver tells of it, before another is asked for.
 * Portals need only the note: their alias is one.
 */
#pragma once

#include "frontends/matrix/matrix.h"

struct making_wish {
	const char *what; /* each has its own; whoever comes after us can read it (making_each) */
	const char *as;   /* one of ours, which is registered in the lane before; NULL: the bot */
	const char *who;  /* is invited */
	const char *lane;
	const char *space; /* the name of a space; NULL: a room for the two */
};

/* `room` NULL: there is none, and `problem` says why. Called once, never from inside; not after the frontend has
 * stopped: the context stays whoever's it is. */
typedef void making_done(struct matrix_frontend *frontend, void *context, const char *room, const char *problem);

/* Everything is copied. Not while the same is being made. */
void making_ask(struct matrix_frontend *frontend, const struct making_wish *wish, making_done *done, void *context);
/* The same of what the process before has asked for. `again`: if there is no such room another is asked for, else
 * `room` is NULL. Counted by frontend->recovering until it was looked for. */
void making_go_on(struct matrix_frontend *frontend, const struct making_wish *wish, bool again, making_done *done,
                  void *context);
/* The homeserver tells of a room of ours with this mark. */
void making_came(struct matrix_frontend *frontend, const char *room, const char *mark);
void makings_free(struct matrix_frontend *frontend);

/* The note alone: written to the file before it returns. */
void making_begin(struct matrix_frontend *frontend, const char *what);
void making_end(struct matrix_frontend *frontend, const char *what);
/* What the process before has left, of those that begin so; `each` may end it. */
void making_each(struct matrix_frontend *frontend, const char *prefix,
                 void (*each)(struct matrix_frontend *frontend, const char *what));
