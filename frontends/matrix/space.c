/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/space.h"

#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "frontends/matrix/ghost.h"

enum wish { IN = 1, OUT = 2 };

struct space {
	struct matrix_frontend *frontend;
	char *owner;
	char *id;             /* of the room; NULL: not made */
	bool busy;            /* being made, or read */
	bool loaded;          /* `children` are known */
	struct map *children; /* room id -> the space itself */
	struct map *wishes;   /* room id -> enum wish: for when it is there */
};

static void space_free(void *value)
{
	struct space *space = value;

	map_destroy(&space->children, NULL);
	map_destroy(&space->wishes, NULL);
	mem_free(space->owner);
	mem_free(space->id);
	mem_free(space);
}

static struct space *space_of(struct matrix_frontend *frontend, const char *owner)
{
	struct space *space = map_get(frontend->spaces, owner);

	if (space)
		return space;
	space = MEM_NEW(struct space);
	space->frontend = frontend;
	space->owner = mem_strdup(owner);
	map_set(&frontend->spaces, owner, space);
	return space;
}

/* ------------------------------------------------------------------------------------------- what is in it */

static void tell_relation(const struct space *space, const char *room, const char *as, const char *type, const char *key,
                          const char *content)
{
	char *path = matrix_path("/rooms/%s/state/%s/%s", room, type, key);

	matrix_tell(space->frontend, HTTP_PUT, path, as, content, room);
}

static char *relation(const struct space *space, const char *more)
{
	struct buf content = {0};

	buf_puts(&content, "{\"via\":[");
	json_put_string(&content, space->frontend->names.server);
	buf_printf(&content, "]%s}", more);
	return buf_take(&content);
}

static void put_in(struct space *space, const char *id)
{
	const struct matrix_room *room = matrix_room_find(space->frontend, id);

	if (!room || map_get(space->children, id))
		return;
	char *child = relation(space, ""), *parent = relation(space, ",\"canonical\":true");
	char *ghost = ghost_of_chat(space->frontend, room);

	map_set(&space->children, id, space);
	tell_relation(space, space->id, NULL, "m.space.child", id, child);
	if (ghost)
		tell_relation(space, id, ghost, "m.space.parent", space->id, parent);
	mem_free(ghost);
	mem_free(parent);
	mem_free(child);
}

static void take_out(struct space *space, const char *id)
{
	if (!space->children || !map_remove(space->children, id))
		return;
	tell_relation(space, space->id, NULL, "m.space.child", id, "{}");
}

static void fulfil(struct space *space)
{
	struct map_iter it = {0};

	while (map_next(space->wishes, &it)) {
		if ((enum wish)(uintptr_t)it.value == IN)
			put_in(space, it.key);
		else
			take_out(space, it.key);
	}
	map_destroy(&space->wishes, NULL);
}

/* ---------------------------------------------------------------------------------------- making, reading */

static void go_on(struct space *space);

static void made(void *context, const struct matrix_reply *reply)
{
	struct space *space = context;
	struct matrix_frontend *frontend = space->frontend;
	struct arena arena = {0};
	const char *id = json_text(reply->json, "room_id", &arena);

	space->busy = false;
	if (reply->err || !id) {
		log_warning(&frontend->base.log, "no space for %s could be made: %s", log_quote(space->owner),
		            reply->problem);
		/* tried again with the next room */
	} else {
		mem_replace(&space->id, id);
		space->loaded = true;
		matrix_room_set(frontend, id, MATRIX_ROOM_SPACE, space->owner, NULL);
		go_on(space);
	}
	arena_finish(&arena);
}

static void make(struct space *space)
{
	struct matrix_frontend *frontend = space->frontend;
	struct buf body = {0};

	space->busy = true;
	buf_puts(&body, "{\"preset\":\"trusted_private_chat\",\"creation_content\":{\"type\":\"m.space\"},\"name\":");
	json_put_string(&body, matrix_network_name(frontend));
	buf_puts(&body, ",\"invite\":[");
	json_put_string(&body, space->owner);
	buf_puts(&body, "]}");
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_POST,
	                                                            .path = "/_matrix/client/v3/createRoom",
	                                                            .body = buf_text(&body),
	                                                            .lane = space->owner,
	                                                            .done = made,
	                                                            .context = space});
	buf_finish(&body);
}

/* /state: an array of events. */
static void read_children(void *context, const struct matrix_reply *reply)
{
	struct space *space = context;
	struct arena arena = {0};

	space->busy = false;
	if (reply->err)
		log_info(&space->frontend->base.log, "the space of %s cannot be read: %s", log_quote(space->owner),
		         reply->problem);
	for (const struct cJSON *item = json_first(reply->json); item && !reply->err; item = json_next(item)) {
		const char *type = json_text(item, "type", &arena), *key = json_text(item, "state_key", &arena);
		bool is_child = type && key && !strcmp(type, "m.space.child");

		if (is_child && json_first(json_array(json_object(item, "content"), "via")))
			map_set(&space->children, key, space);
	}
	space->loaded = !reply->err;
	if (space->loaded)
		go_on(space);
	arena_finish(&arena);
}

static void load(struct space *space)
{
	char *path = matrix_path("/rooms/%s/state", space->id);

	space->busy = true;
	homeserver_call(space->frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                                   .path = path,
	                                                                   .lane = space->id,
	                                                                   .done = read_children,
	                                                                   .context = space});
	mem_free(path);
}

static void go_on(struct space *space)
{
	if (space->busy)
		return;
	if (!space->id)
		make(space);
	else if (!space->loaded)
		load(space);
	else
		fulfil(space);
}

/* ------------------------------------------------------------------------------------------------- asked */

static void wish(struct space *space, const char *room, enum wish wish)
{
	map_set(&space->wishes, room, (void *)(uintptr_t)wish);
	go_on(space);
}

void space_add(struct matrix_frontend *frontend, const char *owner, const struct matrix_room *room)
{
	if (!frontend->config.spaces)
		return;
	struct space *space = space_of(frontend, owner);

	if (!space->loaded || !map_get(space->children, room->id))
		wish(space, room->id, IN);
}

void space_remove(struct matrix_frontend *frontend, const char *owner, const char *room)
{
	struct space *space = map_get(frontend->spaces, owner);

	/* What is not there yet has nothing in it. */
	if (space && (space->id || space->busy))
		wish(space, room, OUT);
}

bool space_offer(struct matrix_frontend *frontend, const char *owner)
{
	if (!frontend->config.spaces)
		return false;
	struct space *space = space_of(frontend, owner);

	if (space->id)
		matrix_invite(frontend, space->id, owner, space->id);
	else
		go_on(space);
	return true;
}

void space_known(struct matrix_frontend *frontend, const char *owner, const char *id)
{
	struct space *space = space_of(frontend, owner);

	mem_replace(&space->id, id);
	map_destroy(&space->children, NULL);
	space->loaded = false;
}

void spaces_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->spaces, space_free);
}
