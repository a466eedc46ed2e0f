/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/power_levels.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"

#define STATE_DEFAULT 50 /* where the event says nothing */
#define CREATOR 100      /* what stands for more than any level */

static const int64_t role_levels[] = {[ROLE_UNSAID] = 0,  [ROLE_NONE] = 0,       [ROLE_VOICE] = 10,
                                      [ROLE_HELPER] = 25, [ROLE_MODERATOR] = 50, [ROLE_OWNER] = 75};

int64_t power_level_of(enum participant_role role)
{
	return role_levels[role];
}

enum participant_role power_level_role(int64_t level)
{
	enum participant_role role = ROLE_OWNER;

	while (role > ROLE_NONE && level < role_levels[role])
		role--;
	return role;
}

void *power_level_put(enum participant_role role)
{
	return (void *)(uintptr_t)role;
}

enum participant_role power_level_get(const void *value)
{
	return (enum participant_role)(uintptr_t)value;
}

/* Before room version 10 a level may be the text of a number. */
static int64_t level_at(const struct cJSON *object, const char *name, int64_t fallback)
{
	struct arena arena = {0};
	const char *text = json_text(object, name, &arena);
	int64_t level = json_number(object, name, fallback);
	char *end;

	if (text && *text) {
		errno = 0;
		long long number = strtoll(text, &end, 10);

		end += strspn(end, " \t\n");
		if (!*end && !errno && end != text)
			level = number;
	}
	arena_finish(&arena);
	return level;
}

static int64_t default_level(const struct cJSON *levels)
{
	return level_at(levels, "users_default", 0);
}

int64_t power_levels_of(const struct cJSON *levels, const char *user)
{
	return level_at(json_object(levels, "users"), user, default_level(levels));
}

int64_t power_levels_for_state(const struct cJSON *levels)
{
	return level_at(levels, "state_default", STATE_DEFAULT);
}

int64_t power_levels_for_message(const struct cJSON *levels)
{
	return level_at(json_object(levels, "events"), "m.room.message", level_at(levels, "events_default", 0));
}

int64_t power_levels_for_invitation(const struct cJSON *levels)
{
	return level_at(levels, "invite", 0);
}

int64_t power_levels_bound(const struct cJSON *levels, const struct power_levels_wanted *wanted)
{
	int64_t needed = level_at(json_object(levels, "events"), "m.room.power_levels", power_levels_for_state(levels));
	int64_t own = power_levels_of(levels, wanted->bot);

	if (wanted->creator && !json_member(json_object(levels, "users"), wanted->bot))
		return CREATOR - 1;
	return own < needed ? -1 : own - 1;
}

/* The two objects of users as they are written. */
struct writing {
	const struct power_levels_wanted *wanted;
	const struct cJSON *levels, *given;
	int64_t bound;
	struct buf users, noted;
	bool changed;
};

static void put_member(struct buf *out, const char *name, int64_t level)
{
	if (out->len)
		buf_putc(out, ',');
	json_put_string(out, name);
	buf_printf(out, ":%" PRId64, level);
}

/* A level that means the role already stays as it is. */
static int64_t level_for(const struct writing *writing, enum participant_role role, int64_t now)
{
	int64_t level = power_level_of(role);

	if (now <= writing->bound && power_level_role(now) == role && now > default_level(writing->levels))
		return now;
	return level < writing->bound ? level : writing->bound;
}

/* With no more than everybody has nobody is listed. */
static void put_role(struct writing *writing, const char *id, enum participant_role role, int64_t now, bool listed,
                     bool note)
{
	int64_t level = level_for(writing, role, now);

	if (role <= ROLE_NONE || level <= default_level(writing->levels)) {
		writing->changed = writing->changed || listed;
		return;
	}
	writing->changed = writing->changed || !listed || level != now;
	put_member(&writing->users, id, level);
	if (note)
		put_member(&writing->noted, id, level);
}

/* As it is, but a homeserver takes levels as numbers only, whatever has come from others. */
static void put_value(struct buf *out, const struct cJSON *value)
{
	struct arena arena = {0};
	const char *separator = "";
	int64_t level = level_at(value, NULL, INT64_MIN);

	if (json_is_object(value)) {
		buf_putc(out, '{');
		for (const struct cJSON *item = json_first(value); item; item = json_next(item)) {
			const char *name = json_name(item, &arena);

			buf_puts(out, separator);
			json_put_string(out, name ? name : "");
			buf_putc(out, ':');
			put_value(out, item);
			separator = ",";
		}
		buf_putc(out, '}');
	} else if (level != INT64_MIN) {
		buf_printf(out, "%" PRId64, level);
	} else {
		json_put(out, value);
	}
	arena_finish(&arena);
}

/* Of somebody of the homeserver: only what we gave, and nobody has changed since, is ours to change. */
static void put_person(struct writing *writing, const struct cJSON *item, const char *id)
{
	const struct power_levels_wanted *wanted = writing->wanted;
	int64_t level = level_at(item, NULL, 0), given = json_number(writing->given, id, INT64_MIN);
	enum participant_role role = power_level_get(map_get(wanted->people, id));

	if (given == level && role != ROLE_UNSAID) {
		put_role(writing, id, role, level, true, true);
		return;
	}
	if (given == level)
		put_member(&writing->noted, id, level);
	else if (given != INT64_MIN)
		writing->changed = true;
	if (writing->users.len)
		buf_putc(&writing->users, ',');
	json_put_string(&writing->users, id);
	buf_putc(&writing->users, ':');
	put_value(&writing->users, item);
}

static void put_known(struct writing *writing)
{
	const struct power_levels_wanted *wanted = writing->wanted;
	struct arena arena = {0};

	for (const struct cJSON *item = json_first(json_object(writing->levels, "users")); item; item = json_next(item)) {
		const char *id = json_name(item, &arena);

		if (!id)
			continue;
		if (matrix_is_ours(wanted->names, id) && strcmp(id, wanted->bot) != 0)
			put_role(writing, id, power_level_get(map_get(wanted->ghosts, id)), level_at(item, NULL, 0), true,
			         false);
		else
			put_person(writing, item, id);
	}
	arena_finish(&arena);
}

static void put_new(struct writing *writing, const struct map *roles, bool note)
{
	const struct cJSON *users = json_object(writing->levels, "users");
	struct map_iter it = {0};

	while (roles && map_next(roles, &it))
		if (!json_member(users, it.key))
			put_role(writing, it.key, power_level_get(it.value), default_level(writing->levels), false, note);
}

static void put_rest(struct buf *out, const struct cJSON *levels)
{
	struct arena arena = {0};

	for (const struct cJSON *item = json_first(levels); item; item = json_next(item)) {
		const char *name = json_name(item, &arena);

		if (!name || !strcmp(name, "users") || !strcmp(name, POWER_LEVELS_GIVEN))
			continue;
		json_put_string(out, name);
		buf_putc(out, ':');
		put_value(out, item);
		buf_putc(out, ',');
	}
	arena_finish(&arena);
}

bool power_levels_write(struct buf *out, const struct cJSON *levels, const struct power_levels_wanted *wanted)
{
	struct writing writing = {.wanted = wanted,
	                          .levels = levels,
	                          .given = json_object(levels, POWER_LEVELS_GIVEN),
	                          .bound = power_levels_bound(levels, wanted)};

	if (!json_is_object(levels) || writing.bound < 0)
		return false;
	put_known(&writing);
	put_new(&writing, wanted->ghosts, false);
	put_new(&writing, wanted->people, true);
	if (writing.changed) {
		buf_putc(out, '{');
		put_rest(out, levels);
		buf_printf(out, "\"users\":{%s}", buf_text(&writing.users));
		if (writing.noted.len)
			buf_printf(out, ",\"" POWER_LEVELS_GIVEN "\":{%s}", buf_text(&writing.noted));
		buf_putc(out, '}');
	}
	buf_finish(&writing.users);
	buf_finish(&writing.noted);
	return writing.changed;
}
