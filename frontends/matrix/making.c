/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/making.h"

#include <string.h>

#include "base/arena.h"
#include "base/crash_point.h"
#include "base/json.h"
#include "frontends/matrix/matrix_room.h"
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

/* ---------------------------------------------------------------------------------------------------- finding */

struct finding {
	struct matrix_frontend *frontend;
	char *as, *who;
	char **rooms; /* that we do not know */
	size_t count, next;
	void (*found)(void *context, const char *room);
	void *context;
	void (*drop)(void *context);
};

static void finding_free(struct finding *finding)
{
	for (size_t i = 0; i < finding->count; i++)
		mem_free(finding->rooms[i]);
	mem_free(finding->rooms);
	mem_free(finding->as);
	mem_free(finding->who);
	mem_free(finding);
}

static void finding_drop(void *context)
{
	struct finding *finding = context;

	if (finding->drop)
		finding->drop(finding->context);
	finding_free(finding);
}

static void finish(struct finding *finding, const char *room)
{
	finding->found(finding->context, room);
	finding_free(finding);
}

static void look_at_next(struct finding *finding);

static void on_member(void *context, const struct matrix_reply *reply)
{
	struct finding *finding = context;
	struct arena arena = {0};
	const char *membership = json_text(reply->json, "membership", &arena);
	bool there = !reply->err && membership && (!strcmp(membership, "invite") || !strcmp(membership, "join"));

	arena_finish(&arena);
	if (there)
		finish(finding, finding->rooms[finding->next - 1]);
	else
		look_at_next(finding);
}

static void ask(struct finding *finding, char *path, matrix_done *done)
{
	homeserver_call(finding->frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                                     .path = path,
	                                                                     .as = finding->as,
	                                                                     .done = done,
	                                                                     .context = finding,
	                                                                     .drop = finding_drop});
	mem_free(path);
}

static void look_at_next(struct finding *finding)
{
	if (finding->next == finding->count) {
		finish(finding, NULL);
		return;
	}
	const char *room = finding->rooms[finding->next++];

	ask(finding, matrix_path("/rooms/%s/state/m.room.member/%s", room, finding->who), on_member);
}

static void on_rooms(void *context, const struct matrix_reply *reply)
{
	struct finding *finding = context;
	struct arena arena = {0};
	const struct cJSON *rooms = json_array(reply->json, "joined_rooms");

	for (const struct cJSON *item = json_first(rooms); item; item = json_next(item)) {
		const char *room = json_text(item, NULL, &arena);

		if (!room || matrix_room_find(finding->frontend, room))
			continue;
		finding->rooms = mem_realloc(finding->rooms, (finding->count + 1) * sizeof(*finding->rooms));
		finding->rooms[finding->count++] = mem_strdup(room);
	}
	arena_finish(&arena);
	look_at_next(finding);
}

void making_find(struct matrix_frontend *frontend, const char *as, const char *who,
                 void (*found)(void *context, const char *room), void *context, void (*drop)(void *context))
{
	struct finding *finding = MEM_NEW(struct finding);

	finding->frontend = frontend;
	finding->as = mem_strdup(as);
	finding->who = mem_strdup(who);
	finding->found = found;
	finding->context = context;
	finding->drop = drop;
	ask(finding, matrix_path("/joined_rooms"), on_rooms);
}
