/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/space.h"

#include <string.h>

#include "base/crash_point.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/rooms/making.h"
#include "transport/spool/spool.h"

#define NOTES "matrix space" /* of the spool: of owner and room, what is wished */

static const char in[] = "in", out[] = "out";

enum wish { IN = 1, OUT = 2 };

struct space {
	struct matrix_frontend *frontend;
	char *owner;
	char *id;             /* of the room; NULL: not made */
	char *read;           /* id of the room that was read last, which may be gone by then; NULL */
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
	mem_free(space->read);
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

static char *relation(const struct space *space, const char *more)
{
	struct buf content = {0};

	buf_puts(&content, "{\"via\":[");
	json_put_string(&content, space->frontend->names.server);
	buf_printf(&content, "]%s}", more);
	return buf_take(&content);
}

/* What is to be in it, or not any more, is noted until the homeserver has been told: it is asked for once only. */
static void note_wish(const struct space *space, const char *room, const char *wish)
{
	char *name = mem_printf("%s\n%s", space->owner, room);

	spool_note_set_text(space->frontend->base.transport->spool, NOTES, name, wish);
	mem_free(name);
}

struct telling {
	struct space *space;
	char *id; /* the space's */
	const char *wish;
	char room[];
};

static void telling_free(void *context)
{
	struct telling *telling = context;

	mem_free(telling->id);
	mem_free(telling);
}

/* Else it is another wish by now. */
static bool is_still_wished(const struct telling *telling)
{
	const struct space *space = telling->space;
	char *name = mem_printf("%s\n%s", space->owner, telling->room);
	size_t size;
	const char *now = spool_note_get(space->frontend->base.transport->spool, NOTES, name, &size);
	bool is = now && size == strlen(telling->wish) && !memcmp(now, telling->wish, size);

	mem_free(name);
	return is;
}

static void on_told(void *context, const struct matrix_reply *reply)
{
	struct telling *telling = context;
	struct space *space = telling->space;

	if (reply->err)
		log_info(&space->frontend->base.log, "the space of %s cannot be changed: %s", log_quote(space->owner),
		         reply->problem);
	if (is_still_wished(telling))
		note_wish(space, telling->room, NULL);
	telling_free(telling);
}

/* State of `room`, told by a ghost or the bot (NULL). `body` and `path` are freed. */
static void tell(struct space *space, const char *id, const char *wish, const char *room, char *path, const char *as,
                 char *body, matrix_done *done)
{
	struct telling *telling = MEM_NEW_TEXT(struct telling, room, id);

	telling->space = space;
	telling->id = mem_strdup(space->id);
	telling->wish = wish;
	homeserver_call(space->frontend->homeserver, &(struct matrix_call){.method = HTTP_PUT,
	                                                                   .path = path,
	                                                                   .as = as,
	                                                                   .body = body,
	                                                                   .lane = room,
	                                                                   .done = done,
	                                                                   .context = telling,
	                                                                   .drop = telling_free});
	mem_free(path);
	mem_free(body);
}

static void tell_child(struct space *space, const char *id, const char *wish)
{
	tell(space, id, wish, space->id, matrix_path("/rooms/%s/state/m.space.child/%s", space->id, id), NULL,
	     wish == in ? relation(space, "") : mem_strdup("{}"), on_told);
}

static void on_parent_told(void *context, const struct matrix_reply *reply)
{
	struct telling *telling = context;
	struct space *space = telling->space;

	(void)reply; /* a chat of the person's own may not let the ghost say so */
	CRASH_POINT("core.matrix.space.parent");
	if (is_still_wished(telling) && text_is(space->id, telling->id))
		tell_child(space, telling->room, telling->wish);
	else if (is_still_wished(telling) && !space->id)
		note_wish(space, telling->room, NULL);
	telling_free(telling);
}

static void put_in(struct space *space, const char *id)
{
	const struct matrix_room *room = matrix_room_find(space->frontend, id);

	if (!room || map_get(space->children, id)) {
		note_wish(space, id, NULL);
		return;
	}
	char *ghost = ghost_of_chat(space->frontend, room);

	map_set(&space->children, id, space);
	/* First the chat, then the space: what is among its children has been told before, whoever dies between. */
	if (ghost)
		tell(space, id, in, id, matrix_path("/rooms/%s/state/m.space.parent/%s", id, space->id), ghost,
		     relation(space, ",\"canonical\":true"), on_parent_told);
	else
		tell_child(space, id, in);
	mem_free(ghost);
}

static void take_out(struct space *space, const char *id)
{
	if (space->children && map_remove(space->children, id))
		tell_child(space, id, out);
	else
		note_wish(space, id, NULL);
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

#define SPACE "space\n" /* in front of the owner: as it is noted while it is made */

static void made(struct matrix_frontend *frontend, void *context, const char *id, const char *problem)
{
	struct space *space = context;

	space->busy = false;
	if (!id) {
		log_warning(&frontend->base.log, "no space for %s could be made: %s", log_quote(space->owner), problem);
		/* tried again with the next room */
		return;
	}
	mem_replace(&space->id, id);
	matrix_room_set(frontend, id, MATRIX_ROOM_SPACE, space->owner, NULL);
	go_on(space);
}

static void make(struct space *space, bool recovers)
{
	struct matrix_frontend *frontend = space->frontend;
	char *what = mem_printf(SPACE "%s", space->owner);
	const struct making_wish wish = {.what = what,
	                                 .who = space->owner,
	                                 .lane = space->owner,
	                                 .space = matrix_network_name(frontend)};

	space->busy = true;
	if (recovers)
		making_go_on(frontend, &wish, true, made, space);
	else
		making_ask(frontend, &wish, made, space);
	mem_free(what);
}

/* /state: an array of events. */
static void read_children(void *context, const struct matrix_reply *reply)
{
	struct space *space = context;
	bool is_there = !reply->err && text_is(space->id, space->read);
	struct arena arena = {0};

	space->busy = false;
	if (reply->err)
		log_info(&space->frontend->base.log, "the space of %s cannot be read: %s", log_quote(space->owner),
		         reply->problem);
	for (const struct cJSON *item = json_first(reply->json); item && is_there; item = json_next(item)) {
		const char *type = json_text(item, "type", &arena), *key = json_text(item, "state_key", &arena);
		bool is_child = type && key && !strcmp(type, "m.space.child");

		if (is_child && json_first(json_array(json_object(item, "content"), "via")))
			map_set(&space->children, key, space);
	}
	space->loaded = is_there;
	if (!reply->err)
		go_on(space);
	arena_finish(&arena);
}

static void load(struct space *space)
{
	char *path = matrix_path("/rooms/%s/state", space->id);

	space->busy = true;
	mem_replace(&space->read, space->id);
	homeserver_call(space->frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                                   .path = path,
	                                                                   .state = true,
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
		make(space, false);
	else if (!space->loaded)
		load(space);
	else
		fulfil(space);
}

/* ------------------------------------------------------------------------------------------------- asked */

static void wish(struct space *space, const char *room, enum wish wish)
{
	map_set(&space->wishes, room, (void *)(uintptr_t)wish);
	note_wish(space, room, wish == IN ? in : out);
	go_on(space);
}

static void recover(struct matrix_frontend *frontend, const char *what)
{
	struct space *space = space_of(frontend, what + strlen(SPACE));

	if (space->id)
		making_end(frontend, what);
	else
		make(space, true);
}

static void recover_wish(void *context, const char *name, const void *value, size_t size)
{
	struct matrix_frontend *frontend = context;
	size_t length = strcspn(name, "\n");
	char *owner = mem_strndup(name, length), *id = mem_strdup(name[length] ? name + length + 1 : "");
	bool wanted = size == strlen(in) && !memcmp(value, in, size);
	struct space *space = space_of(frontend, owner);

	/* Nothing is made for what is not there. */
	if (wanted ? matrix_room_find(frontend, id) != NULL : space->id || space->busy)
		wish(space, id, wanted ? IN : OUT);
	else
		note_wish(space, id, NULL);
	mem_free(id);
	mem_free(owner);
}

void spaces_recover(struct matrix_frontend *frontend)
{
	if (!frontend->config.spaces)
		return;
	making_each(frontend, SPACE, recover);
	spool_note_each(frontend->base.transport->spool, NOTES, "", recover_wish, frontend);
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
