/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/upgrade.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "frontends/matrix/ghost.h"
#include "frontends/matrix/person.h"
#include "frontends/matrix/portal_room.h"
#include "frontends/matrix/space.h"

struct following {
	struct matrix_frontend *frontend;
	char *from, *to;
};

bool upgrade_is_successor(const struct cJSON *state, const char *room)
{
	struct arena arena = {0};
	bool found = false;

	for (const struct cJSON *item = json_first(state); item && !found; item = json_next(item)) {
		const char *type = json_text(item, "type", &arena);
		const struct cJSON *predecessor = json_object(json_object(item, "content"), "predecessor");
		const char *before = json_text(predecessor, "room_id", &arena);

		found = type && before && !strcmp(type, "m.room.create") && !strcmp(before, room);
	}
	arena_finish(&arena);
	return found;
}

static void tie(struct matrix_frontend *frontend, struct matrix_room *old, const char *to)
{
	enum matrix_room_kind kind = old->kind;
	char *owner = mem_strdup(old->owner), *name = mem_strdup(old->name), *relay = mem_strdup(old->relay);
	bool in_room = old->in_room;

	/* The old one first, so that the new one is the only one of its kind. */
	if (kind == MATRIX_ROOM_CHAT)
		space_remove(frontend, owner, old->id);
	matrix_room_forget(frontend, &old);
	struct matrix_room *room = matrix_room_set(frontend, to, kind, owner, name);

	room->in_room = in_room;
	mem_replace(&room->relay, relay);
	matrix_room_store(frontend, room);
	if (kind == MATRIX_ROOM_CHAT)
		space_add(frontend, owner, room);
	if (kind == MATRIX_ROOM_CONTROL)
		person_set_control(frontend, owner, to);
	matrix_room_ask_members(frontend, room);
	if (kind == MATRIX_ROOM_PORTAL)
		matrix_later(frontend, portal_rooms_sync, name, NULL);
	mem_free(owner);
	mem_free(name);
	mem_free(relay);
}

static void following_free(void *context)
{
	struct following *following = context;

	mem_free(following->from);
	mem_free(following->to);
	mem_free(following);
}

static void on_state(void *context, const struct matrix_reply *reply)
{
	struct following *following = context;
	struct matrix_frontend *frontend = following->frontend;
	struct matrix_room *old = matrix_room_find(frontend, following->from);
	bool good = !reply->err && upgrade_is_successor(reply->json, following->from);

	if (old && good && !matrix_room_find(frontend, following->to)) {
		log_info(&frontend->base.log, "room %s is replaced by %s", log_quote(following->from),
		         log_quote(following->to));
		tie(frontend, old, following->to);
	} else if (reply->err == TP_ERR_NOT_ALLOWED && old) {
		/* An invitation may follow. */
		mem_replace(&old->successor, following->to);
	} else if (!good) {
		log_warning(&frontend->base.log,
		            "room %s says that %s replaces it, which does not say so: not followed",
		            log_quote(following->from), log_quote(following->to));
		char *ghost = old ? ghost_of_chat(frontend, old) : NULL;

		matrix_tell(frontend, HTTP_POST, matrix_path("/rooms/%s/leave", following->to), ghost, NULL,
		            following->to);
		mem_free(ghost);
	}
	following_free(following);
}

bool upgrade_invited(struct matrix_frontend *frontend, const char *id)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		struct matrix_room *room = it.value;

		if (!room->successor || strcmp(room->successor, id) != 0)
			continue;
		MEM_FREE(room->successor);
		upgrade_follow(frontend, room, id);
		return true;
	}
	return false;
}

void upgrade_follow(struct matrix_frontend *frontend, struct matrix_room *room, const char *replacement)
{
	char *ghost = ghost_of_chat(frontend, room);
	struct following *following = MEM_NEW(struct following);
	char *path = matrix_path("/rooms/%s/state", replacement);

	following->frontend = frontend;
	following->from = mem_strdup(room->id);
	following->to = mem_strdup(replacement);
	matrix_tell(frontend, HTTP_POST, matrix_path("/join/%s", replacement), ghost, NULL, replacement);
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = path,
	                                                            .as = ghost,
	                                                            .lane = replacement,
	                                                            .done = on_state,
	                                                            .context = following,
	                                                            .drop = following_free});
	mem_free(path);
	mem_free(ghost);
}
