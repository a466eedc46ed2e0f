/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/room_power.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/wire/power_levels.h"

#define CREATOR 100 /* where there are no power levels */

static bool is_above_levels(const struct room_state *state, const char *person)
{
	struct arena arena = {0};
	const char *version = json_text(state->create, "room_version", &arena);
	bool found = false;

	/* before version 12 they have what power_levels gives them */
	if (version && strtol(version, NULL, 10) >= 12) {
		const struct cJSON *others = json_array(state->create, "additional_creators");

		found = state->creator && !strcmp(state->creator, person);
		for (const struct cJSON *item = json_first(others); item; item = json_next(item)) {
			const char *id = json_text(item, NULL, &arena);

			found = found || (id && !strcmp(id, person));
		}
	}
	arena_finish(&arena);
	return found;
}

static int64_t level_of(const struct room_state *state, const char *person)
{
	if (is_above_levels(state, person))
		return INT64_MAX;
	if (!state->power_levels && state->creator && !strcmp(state->creator, person))
		return CREATOR;
	return power_levels_of(state->power_levels, person);
}

bool room_power_may_set_state(const struct room_state *state, const char *person)
{
	return level_of(state, person) >= power_levels_for_state(state->power_levels);
}

bool room_power_may_speak(const struct room_state *state, const char *who)
{
	return level_of(state, who) >= power_levels_for_message(state->power_levels);
}

void room_power_missing(struct buf *out, const struct room_state *state, const char *bot)
{
	int64_t own = level_of(state, bot), ghosts = power_levels_of(state->power_levels, ""),
	        to_invite = power_levels_for_invitation(state->power_levels),
	        to_speak = power_levels_for_message(state->power_levels);
	bool open = state->join_rule && !strcmp(state->join_rule, "public");
	size_t before = out->len;

	if (!open && own < to_invite)
		buf_printf(out,
		           " I may not invite anybody here, so people of the network cannot come in: that takes a power "
		           "level of %" PRId64 ", and I have %" PRId64 ".",
		           to_invite, own);
	if (ghosts < to_speak)
		buf_printf(out,
		           " People of the network may not speak here: that takes a power level of %" PRId64
		           ", and they have %" PRId64 ".",
		           to_speak, ghosts);
	if (out->len == before)
		return;
	if (room_power_may_speak(state, bot))
		buf_puts(out, " Until that is changed I say myself what they say.");
	else
		buf_printf(out,
		           " Nor may I speak here myself, which takes %" PRId64
		           ": until that is changed nothing of the network is seen here.",
		           to_speak);
}

struct checking {
	struct matrix_frontend *frontend;
	char *person;
	room_power_done *done;
	void *context;
};

static const char *room_id(const struct cJSON *json, const char *key, struct arena *arena)
{
	const char *id = json_text(json, key, arena);

	return id && matrix_is_room_id(id) ? id : NULL;
}

void room_state_read(struct room_state *state, const struct cJSON *events, struct arena *arena)
{
	*state = (struct room_state){0};
	for (const struct cJSON *item = json_first(events); item; item = json_next(item)) {
		const char *type = json_text(item, "type", arena), *key = json_text(item, "state_key", arena);
		const struct cJSON *content = json_object(item, "content");

		if (!type || (key && *key)) {
			continue;
		} else if (!strcmp(type, "m.room.create")) {
			state->create = content;
			state->creator = json_text(item, "sender", arena);
			state->predecessor = room_id(json_object(content, "predecessor"), "room_id", arena);
		} else if (!strcmp(type, "m.room.power_levels")) {
			state->power_levels = content;
		} else if (!strcmp(type, "m.room.join_rules")) {
			state->join_rule = json_text(content, "join_rule", arena);
		} else if (!strcmp(type, "m.room.tombstone")) {
			state->successor = room_id(content, "replacement_room", arena);
			state->replaced_by = json_text(item, "sender", arena);
		}
	}
}

static void on_state(void *context, const struct matrix_reply *reply)
{
	struct checking *checking = context;
	struct room_state state = {0};
	struct arena arena = {0};
	struct buf missing = {0};

	room_state_read(&state, reply->json, &arena);
	struct room_power power = {.may = !reply->err && room_power_may_set_state(&state, checking->person),
	                           .mute = !room_power_may_speak(&state, checking->frontend->bot)};

	if (!power.may)
		power.problem = reply->err ? "The homeserver does not tell me who may do what here."
		                           : "You may not do that: it needs the right to change the room's state.";
	room_power_missing(&missing, &state, checking->frontend->bot);
	power.missing = buf_text(&missing);
	checking->done(checking->context, &power);
	buf_finish(&missing);
	arena_finish(&arena);
	mem_free(checking->person);
	mem_free(checking);
}

/* The frontend ends: whoever asked lets go. */
static void drop(void *context)
{
	struct checking *checking = context;

	checking->done(checking->context, &(struct room_power){.problem = "", .missing = ""});
	mem_free(checking->person);
	mem_free(checking);
}

void room_power_check(struct matrix_frontend *frontend, const struct matrix_room *room, const char *person,
                      room_power_done *done, void *context)
{
	struct checking *checking = MEM_NEW(struct checking);
	char *path = matrix_path("/rooms/%s/state", room->id), *ghost = ghost_of_chat(frontend, room);

	*checking = (struct checking){frontend, mem_strdup(person), done, context};
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = path,
	                                                            .state = true,
	                                                            .as = ghost,
	                                                            .lane = room->id,
	                                                            .done = on_state,
	                                                            .drop = drop,
	                                                            .context = checking});
	mem_free(ghost);
	mem_free(path);
}
