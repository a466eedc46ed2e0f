/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/room_power.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "frontends/matrix/ghost.h"
#include "frontends/matrix/power_levels.h"

static bool is_creator(const struct cJSON *create, const char *create_sender, const char *person)
{
	struct arena arena = {0};
	const char *version = json_text(create, "room_version", &arena);
	bool found = false;

	/* before version 12 they have what power_levels gives them */
	if (version && strtol(version, NULL, 10) >= 12) {
		const struct cJSON *others = json_array(create, "additional_creators");

		found = create_sender && !strcmp(create_sender, person);
		for (const struct cJSON *item = json_first(others); item; item = json_next(item)) {
			const char *id = json_text(item, NULL, &arena);

			found = found || (id && !strcmp(id, person));
		}
	}
	arena_finish(&arena);
	return found;
}

bool room_power_may_set_state(const struct cJSON *power_levels, const struct cJSON *create,
                              const char *create_sender, const char *person)
{
	if (is_creator(create, create_sender, person))
		return true;
	return power_levels_of(power_levels, person) >= power_levels_for_state(power_levels);
}

struct checking {
	struct matrix_frontend *frontend;
	char *person;
	room_power_done *done;
	void *context;
};

/* /state: an array of events. */
static void on_state(void *context, const struct matrix_reply *reply)
{
	struct checking *checking = context;
	const struct cJSON *create = NULL, *power_levels = NULL;
	const char *create_sender = NULL;
	struct arena arena = {0};

	for (const struct cJSON *item = json_first(reply->json); item; item = json_next(item)) {
		const char *type = json_text(item, "type", &arena);

		if (type && !strcmp(type, "m.room.create")) {
			create = json_object(item, "content");
			create_sender = json_text(item, "sender", &arena);
		} else if (type && !strcmp(type, "m.room.power_levels")) {
			power_levels = json_object(item, "content");
		}
	}
	bool may = !reply->err &&
	           room_power_may_set_state(power_levels, create, create_sender, checking->person);
	const char *problem = reply->err
	                              ? "The homeserver does not tell me who may do what here."
	                              : "You may not do that: it needs the right to change the room's state.";

	checking->done(checking->context, may, may ? NULL : problem);
	arena_finish(&arena);
	mem_free(checking->person);
	mem_free(checking);
}

/* The frontend ends: whoever asked lets go. */
static void drop(void *context)
{
	struct checking *checking = context;

	checking->done(checking->context, false, "");
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
	                                                            .as = ghost,
	                                                            .lane = room->id,
	                                                            .done = on_state,
	                                                            .drop = drop,
	                                                            .context = checking});
	mem_free(ghost);
	mem_free(path);
}
