/* SPDX-License-Identifier: MIT */
/* Who may change what a Matrix room is, and what the bot may do there (specification v1.15, m.room.power_levels;
 * creators of room version 12). */
#pragma once

#include "base/arena.h"
#include "frontends/matrix/rooms/matrix_room.h"

/* What decides about it; each NULL where it is not known. */
struct room_state {
	const struct cJSON *power_levels, *create; /* contents */
	const char *creator;                       /* who sent m.room.create */
	const char *join_rule;
	const char *predecessor;                   /* as m.room.create says */
	const char *successor, *replaced_by;       /* as m.room.tombstone says, and who has sent it */
};
/* Of an array of events, the answer of /state; NULL: nothing. Texts live in the arena, contents as long as the JSON. */
void room_state_read(struct room_state *state, const struct cJSON *events, struct arena *arena);

struct room_power {
	bool may;
	const char *problem; /* a sentence for the person, NULL if he may */
	const char *missing; /* room_power_missing */
	bool mute;           /* the bot may not even speak there */
};

typedef void room_power_done(void *context, const struct room_power *power);
/* Whether this person may set state in the room, and what the bot may, as the homeserver says now. */
void room_power_check(struct matrix_frontend *frontend, const struct matrix_room *room, const char *person,
                      room_power_done *done, void *context);
/* The same from the events. */
bool room_power_may_set_state(const struct room_state *state, const char *person);
bool room_power_may_speak(const struct room_state *state, const char *who);
/* What keeps ghosts, which have no level of their own, out of a room of people's, or from speaking there: sentences
 * for the people, appended, each behind a space; nothing: they can do all that. */
void room_power_missing(struct buf *out, const struct room_state *state, const char *bot);
