/* SPDX-License-Identifier: MIT */
/*
 * Roles of a network and the power levels of a Matrix room (specification v1.15, m.room.power_levels): voice is 10, a
 * helper 25, a moderator 50, an owner 75. A level between them counts as the one below it.
 *
 * What a person got from us is noted in the event itself, beside what the specification has, so that it can be taken
 * back, also by another process, without touching what others have given.
 */
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "frontends/matrix/wire/matrix_id.h"
#include "protocol/event.h"

#define POWER_LEVELS_GIVEN "io.libtransport.given" /* person -> level that we gave */

struct cJSON;

int64_t power_level_of(enum participant_role role);
enum participant_role power_level_role(int64_t level); /* never UNSAID */
/* Roles in a map. NULL as value: not there. */
void *power_level_put(enum participant_role role);
enum participant_role power_level_get(const void *value); /* UNSAID: not there */

struct power_levels_wanted {
	const struct matrix_names *names;
	const char *bot;
	bool creator;       /* the bot has made the room: since version 12 that is more power than any level */
	struct map *ghosts; /* user id -> role above none; whoever of ours is not in it has none */
	struct map *people; /* user id -> role: of them what we gave follows the role; NULL: people are left alone */
};

/* The level that this user has. */
int64_t power_levels_of(const struct cJSON *levels, const char *user);
/* The level that is needed for state of which the event says nothing else; for an m.room.message; to invite. */
int64_t power_levels_for_state(const struct cJSON *levels);
int64_t power_levels_for_message(const struct cJSON *levels);
int64_t power_levels_for_invitation(const struct cJSON *levels);
/* The most that the bot may give to others, who are to stay below it; less than 0: it may not change levels. */
int64_t power_levels_bound(const struct cJSON *levels, const struct power_levels_wanted *wanted);
/* The content as it should be, appended. False: it is so already (or is none), and nothing is appended. */
bool power_levels_write(struct buf *out, const struct cJSON *levels, const struct power_levels_wanted *wanted);
