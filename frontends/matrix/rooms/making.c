/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/making.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "config/limits.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/rooms/matrix_room.h"
#include "transport/spool/spool.h"

#define NOTES "matrix making" /* of the spool */

void making_begin(struct matrix_frontend *frontend, const char *what)
{
	struct spool *spool = frontend->base.transport->spool;

	spool_note_set(spool, NOTES, what, "", 0);
	spool_flush(spool);
	CRASH_POINT("core.matrix.making");
}

void making_end(struct matrix_frontend *frontend, const char *what)
{
	struct spool *spool = frontend->base.transport->spool;

	if (spool)
		spool_note_set(spool, NOTES, what, NULL, 0);
}

struct listing {
	struct matrix_frontend *frontend;
	void (*each)(struct matrix_frontend *frontend, const char *what);
};

static void list(void *context, const char *name, const void *value, size_t size)
{
	const struct listing *listing = context;
	char *what = mem_strdup(name);

	(void)value;
	(void)size;
	listing->each(listing->frontend, what);
	mem_free(what);
}

void making_each(struct matrix_frontend *frontend, const char *prefix,
                 void (*each)(struct matrix_frontend *frontend, const char *what))
{
	struct listing listing = {frontend, each};

	spool_note_each(frontend->base.transport->spool, NOTES, prefix, list, &listing);
}

/* ---------------------------------------------------------------------------------------------------- asking */

struct making {
	struct matrix_frontend *frontend;
	char *what, *as, *who, *lane, *space;
	making_done *done;
	void *context;
	bool again;       /* if it is not found */
	bool recovers;    /* frontend->recovering counts it */
	bool waits;       /* it was looked for, and may come yet */
	uint64_t until_ms; /* clock_ms */
	char *came;       /* that the homeserver has told of; NULL */
	char **rooms;     /* that we do not know */
	size_t count, next;
};

static void forget_rooms(struct making *making)
{
	for (size_t i = 0; i < making->count; i++)
		mem_free(making->rooms[i]);
	MEM_FREE(making->rooms);
	making->count = making->next = 0;
}

static void making_free(void *value)
{
	struct making *making = value;

	forget_rooms(making);
	mem_free(making->came);
	mem_free(making->what);
	mem_free(making->as);
	mem_free(making->who);
	mem_free(making->lane);
	mem_free(making->space);
	mem_free(making);
}

static void looked(struct making *making)
{
	if (!making->recovers)
		return;
	making->recovers = false;
	matrix_recovered(making->frontend);
}

static void end(struct making *making, const char *room, const char *problem)
{
	struct matrix_frontend *frontend = making->frontend;

	map_remove(frontend->asked, making->what);
	making->done(frontend, making->context, room, problem);
	making_end(frontend, making->what);
	looked(making);
	making_free(making);
}

static void look(struct making *making);

static void made(void *context, const struct matrix_reply *reply)
{
	struct making *making = context;
	struct arena arena = {0};
	const char *room = json_text(reply->json, "room_id", &arena);

	CRASH_POINT("core.matrix.made");
	if (reply->err == TP_ERR_IO || reply->err == TP_ERR_TIMEOUT)
		look(making);
	else
		end(making, reply->err ? NULL : room, *reply->problem ? reply->problem : "the answer names no room");
	arena_finish(&arena);
}

static void call(struct making *making, enum http_method method, char *path, const char *body, matrix_done *done)
{
	homeserver_call(making->frontend->homeserver, &(struct matrix_call){.method = method,
	                                                                    .path = path,
	                                                                    .as = making->as,
	                                                                    .body = body,
	                                                                    .lane = making->lane,
	                                                                    .unrepeated = method == HTTP_POST,
	                                                                    .done = done,
	                                                                    .context = making});
	mem_free(path);
}

static void ask(struct making *making)
{
	struct buf body = {0};

	making_begin(making->frontend, making->what);
	buf_puts(&body, "{\"preset\":\"trusted_private_chat\",\"creation_content\":{\"" MAKING_MARK "\":");
	json_put_string(&body, making->what);
	buf_printf(&body, "%s%s},\"invite\":[", making->space ? ",\"type\":\"m.space\"" : "",
	           making->frontend->config.federated ? "" : ",\"" MATRIX_FEDERATE "\":false");
	json_put_string(&body, making->who);
	if (making->space) {
		buf_puts(&body, "],\"name\":");
		json_put_string(&body, making->space);
		buf_putc(&body, '}');
	} else {
		buf_puts(&body, "],\"is_direct\":true}");
	}
	making->until_ms = 0;
	call(making, HTTP_POST, matrix_path("/createRoom"), buf_text(&body), made);
	buf_finish(&body);
}

/* --------------------------------------------------------------------------------------------------- looking */

static void look_again(struct matrix_frontend *frontend, const char *what, const char *unused)
{
	struct making *making = map_get(frontend->asked, what);

	(void)unused;
	if (making && making->waits)
		look(making);
}

static void not_found(struct making *making)
{
	uint64_t now = clock_ms();

	if (making->came) {
		end(making, making->came, "");
	} else if (now < making->until_ms) {
		making->waits = true;
		matrix_after(making->frontend, making->until_ms - now, look_again, making->what, NULL);
		looked(making);
	} else if (making->again) {
		looked(making);
		ask(making);
	} else {
		end(making, NULL, "there is none");
	}
}

static void look_at_next(struct making *making);

static char *path_of_state(const struct making *making, const char *type, const char *key)
{
	return matrix_path("/rooms/%s/state/%s/%s", making->rooms[making->next - 1], type, key);
}

static void on_member(void *context, const struct matrix_reply *reply)
{
	struct making *making = context;
	struct arena arena = {0};
	const char *membership = json_text(reply->json, "membership", &arena);

	if (!reply->err && membership && (!strcmp(membership, "invite") || !strcmp(membership, "join")))
		end(making, making->rooms[making->next - 1], "");
	else
		look_at_next(making);
	arena_finish(&arena);
}

static void on_creation(void *context, const struct matrix_reply *reply)
{
	struct making *making = context;
	struct arena arena = {0};
	const char *mark = json_text(reply->json, MAKING_MARK, &arena);

	if (!reply->err && mark && !strcmp(mark, making->what))
		call(making, HTTP_GET, path_of_state(making, "m.room.member", making->who), NULL, on_member);
	else
		look_at_next(making);
	arena_finish(&arena);
}

static void look_at_next(struct making *making)
{
	if (making->next == making->count) {
		not_found(making);
		return;
	}
	making->next++;
	call(making, HTTP_GET, path_of_state(making, "m.room.create", ""), NULL, on_creation);
}

static void on_rooms(void *context, const struct matrix_reply *reply)
{
	struct making *making = context;
	struct arena arena = {0};
	const struct cJSON *rooms = json_array(reply->json, "joined_rooms");

	for (const struct cJSON *item = json_first(rooms); item; item = json_next(item)) {
		const char *room = json_text(item, NULL, &arena);

		if (!room || matrix_room_find(making->frontend, room))
			continue;
		making->rooms = mem_realloc(making->rooms, (making->count + 1) * sizeof(*making->rooms));
		making->rooms[making->count++] = mem_strdup(room);
	}
	arena_finish(&arena);
	look_at_next(making);
}

static void look(struct making *making)
{
	if (!making->until_ms)
		making->until_ms = clock_ms() + LIMIT_MATRIX_MAKING_MS;
	making->waits = false;
	forget_rooms(making);
	/* The process before may have ended before that. */
	if (making->as)
		ghost_register(making->frontend, making->as, making->lane);
	call(making, HTTP_GET, matrix_path("/joined_rooms"), NULL, on_rooms);
}

void making_came(struct matrix_frontend *frontend, const char *room, const char *mark)
{
	struct making *making = map_get(frontend->asked, mark);

	if (!making || !making->until_ms)
		return;
	mem_replace(&making->came, room);
	if (making->waits)
		end(making, making->came, "");
}

/* ---------------------------------------------------------------------------------------------------- asked */

static struct making *create(struct matrix_frontend *frontend, const struct making_wish *wish, making_done *done,
                             void *context)
{
	struct making *making = MEM_NEW(struct making);

	making->frontend = frontend;
	making->what = mem_strdup(wish->what);
	making->as = mem_strdup(wish->as);
	making->who = mem_strdup(wish->who);
	making->lane = mem_strdup(wish->lane);
	making->space = mem_strdup(wish->space);
	making->again = true;
	making->done = done;
	making->context = context;
	map_set(&frontend->asked, making->what, making);
	return making;
}

void making_ask(struct matrix_frontend *frontend, const struct making_wish *wish, making_done *done, void *context)
{
	ask(create(frontend, wish, done, context));
}

void making_go_on(struct matrix_frontend *frontend, const struct making_wish *wish, bool again, making_done *done,
                  void *context)
{
	struct making *making = create(frontend, wish, done, context);

	making->again = again;
	making->recovers = true;
	frontend->recovering++;
	look(making);
}

void makings_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->asked, making_free);
}
