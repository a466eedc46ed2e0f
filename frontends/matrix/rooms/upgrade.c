/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/upgrade.h"

#include <string.h>

#include "base/arena.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/gap.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "frontends/matrix/rooms/room_power.h"
#include "frontends/matrix/rooms/space.h"
#include "transport/delivery.h"
#include "transport/session.h"

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

/* Nobody of ours stays behind; the bot neither, of whom the homeserver may have told before the room was known (it has
 * made portals). */
static void leave(struct matrix_frontend *frontend, const struct matrix_room *old)
{
	struct map_iter it = {0};

	while (map_next(old->members, &it))
		if (matrix_is_ours(&frontend->names, it.key) && strcmp(it.key, frontend->bot) != 0)
			matrix_leave(frontend, old->id, it.key);
	if (old->kind != MATRIX_ROOM_CHAT || matrix_room_has(old, frontend->bot))
		matrix_leave(frontend, old->id, NULL);
}

/* matrix_later */
static void show_waiting(struct matrix_frontend *frontend, const char *unused, const char *unused_too)
{
	(void)unused;
	(void)unused_too;
	delivery_frontend_ready(&frontend->base);
}

static void tie(struct matrix_frontend *frontend, struct matrix_room *old, const char *to)
{
	enum matrix_room_kind kind = old->kind;
	char *owner = mem_strdup(old->owner), *name = mem_strdup(old->name), *relay = mem_strdup(old->relay);
	bool in_room = old->in_room;

	matrix_room_note_replaced(frontend, old, to);
	leave(frontend, old);
	/* The old one first, so that the new one is the only one of its kind. */
	if (kind == MATRIX_ROOM_CHAT)
		space_remove(frontend, owner, old->id);
	matrix_room_forget(frontend, &old);
	struct matrix_room *room = matrix_room_set(frontend, to, kind, owner, name);

	room->in_room = in_room;
	room->unread = true;
	mem_replace(&room->relay, relay);
	matrix_room_store(frontend, room);
	if (kind == MATRIX_ROOM_CHAT)
		space_add(frontend, owner, room);
	if (kind == MATRIX_ROOM_CONTROL)
		person_set_control(frontend, owner, to);
	matrix_room_ask_members(frontend, room);
	gaps_read(frontend, room);
	matrix_later(frontend, show_waiting, NULL, NULL);
	if (kind == MATRIX_ROOM_PORTAL)
		matrix_later(frontend, portal_rooms_sync, name, NULL);
	CRASH_POINT("core.matrix.upgrade.tied");
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

/* It goes on in the old room. */
static void stay(struct matrix_frontend *frontend, struct matrix_room *room, const char *successor)
{
	if (!room->successor || strcmp(room->successor, successor) != 0)
		return;
	MEM_FREE(room->successor);
	MEM_FREE(room->successor_by);
	room->successor_allowed = false;
	matrix_room_store(frontend, room);
	if (room->closed)
		matrix_later(frontend, show_waiting, NULL, NULL);
	room->closed = false;
}

static bool is_free(const struct matrix_room *room)
{
	return !room || room->kind == MATRIX_ROOM_PLAIN;
}

static void on_state(void *context, const struct matrix_reply *reply)
{
	struct following *following = context;
	struct matrix_frontend *frontend = following->frontend;
	struct matrix_room *old = matrix_room_find(frontend, following->from);
	bool good = !reply->err && upgrade_is_successor(reply->json, following->from);
	const struct matrix_room *to = matrix_room_find(frontend, following->to);

	if (old && good && is_free(to)) {
		log_info(&frontend->base.log, "room %s is replaced by %s", log_quote(following->from),
		         log_quote(following->to));
		tie(frontend, old, following->to);
	} else if (reply->err == TP_ERR_NOT_ALLOWED && old) {
		log_info(&frontend->base.log, "room %s is replaced by %s, which waits for an invitation",
		         log_quote(following->from), log_quote(following->to));
	} else if (old || !good) {
		log_warning(&frontend->base.log, "room %s says that %s replaces it, which %s: not followed",
		            log_quote(following->from), log_quote(following->to),
		            good ? "is tied to something else" : "does not say so");
		char *ghost = old ? ghost_of_chat(frontend, old) : NULL;

		/* Anybody may name any room: out of one that others have brought us into he gets nobody. */
		if (!to)
			matrix_leave(frontend, following->to, ghost);
		mem_free(ghost);
		if (old)
			stay(frontend, old, following->to);
	}
	following_free(following);
}

static struct following *follow(struct matrix_frontend *frontend, const struct matrix_room *room,
                                const char *replacement)
{
	struct following *following = MEM_NEW(struct following);

	following->frontend = frontend;
	following->from = mem_strdup(room->id);
	following->to = mem_strdup(replacement);
	return following;
}

static void look_at(struct matrix_frontend *frontend, const struct matrix_room *room, const char *replacement)
{
	char *ghost = ghost_of_chat(frontend, room), *path = matrix_path("/rooms/%s/state", replacement);

	matrix_tell(frontend, HTTP_POST, matrix_path("/join/%s", replacement), ghost, NULL, replacement);
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = path,
	                                                            .as = ghost,
	                                                            .lane = replacement,
	                                                            .done = on_state,
	                                                            .context = follow(frontend, room, replacement),
	                                                            .drop = following_free});
	mem_free(path);
	mem_free(ghost);
}

bool upgrade_invited(struct matrix_frontend *frontend, const char *id)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		struct matrix_room *room = it.value;

		if (!room->successor || strcmp(room->successor, id) != 0)
			continue;
		/* else it is entered when that is known */
		if (room->successor_allowed)
			look_at(frontend, room, id);
		return true;
	}
	return false;
}

static void on_power(void *context, const struct room_power *power)
{
	struct following *following = context;
	struct matrix_frontend *frontend = following->frontend;
	struct matrix_room *room = matrix_room_find(frontend, following->from);

	CRASH_POINT("core.matrix.upgrade.asked");
	if (power->may && room) {
		mem_replace(&room->successor, following->to);
		MEM_FREE(room->successor_by);
		room->successor_allowed = true;
		matrix_room_store(frontend, room);
		look_at(frontend, room, following->to);
	} else if (room && *power->problem) {
		log_warning(&frontend->base.log, "room %s is replaced by somebody who may not do that: not followed",
		            log_quote(following->from));
		stay(frontend, room, following->to);
	}
	following_free(following);
}

void upgrade_follow(struct matrix_frontend *frontend, struct matrix_room *room, const char *sender,
                    const char *replacement)
{
	mem_replace(&room->successor, replacement);
	mem_replace(&room->successor_by, sender);
	room->successor_allowed = false;
	/* The homeserver does not say it again: a process after this one asks. */
	matrix_room_store(frontend, room);
	room_power_check(frontend, room, sender, on_power, follow(frontend, room, replacement));
}

void upgrades_recover(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		if (room->unread)
			gaps_read(frontend, room);
		if (room->successor_by)
			room_power_check(frontend, room, room->successor_by, on_power, follow(frontend, room, room->successor));
		else if (room->successor)
			look_at(frontend, room, room->successor);
	}
}

bool upgrade_refused(struct matrix_frontend *frontend, const char *id)
{
	struct matrix_room *room = matrix_room_find(frontend, id);

	if (room && !room->successor)
		return false;
	if (room)
		room->closed = true;
	else
		matrix_later(frontend, show_waiting, NULL, NULL);
	return true;
}

static void note_closed(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	bool *closed = context;

	(void)frontend;
	*closed = *closed || room->closed;
}

bool upgrade_is_under_way(struct matrix_frontend *frontend, const struct identity *to, const struct event *event)
{
	const struct event_message *message = &event->message;
	bool closed = false;

	if (message->kind == MESSAGE_ROOM) {
		matrix_room_each_portal(frontend, message->name, note_closed, &closed);
	} else {
		char *name = matrix_chat_name(message);
		const struct matrix_room *room = matrix_room_chat(frontend, to->address, name);

		closed = room && room->closed;
		mem_free(name);
	}
	return closed;
}
