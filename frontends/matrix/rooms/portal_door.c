/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/portal_door.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "transport/people/session.h"
#include "transport/rooms/room.h"

static bool is_closed(const struct matrix_room *room)
{
	return room->ours && room->door.is_private;
}

static bool is_in_legacy_room(struct matrix_frontend *frontend, const struct matrix_room *room, const char *person)
{
	const struct room *legacy = person_room(frontend, person, room->name);

	return legacy && legacy->state == ROOM_JOINED;
}

/* Has no account, or it is not in the room and not on its way there. */
static bool is_stranger(struct matrix_frontend *frontend, const struct matrix_room *room, const char *person)
{
	const struct resource *resource = person_attach(frontend, person);

	if (!resource)
		return person_of(frontend, person)->unregistered;
	return resource->identity->state == IDENTITY_READY && !person_room(frontend, person, room->name);
}

static void put_out(struct matrix_frontend *frontend, struct matrix_room *room, const char *person)
{
	portal_room_kick(frontend, room, person, "This room of the network is private, and you are not in it.");
}

void portal_door_came(struct matrix_frontend *frontend, struct matrix_room *room, const char *person)
{
	if (is_closed(room) && is_stranger(frontend, room, person))
		put_out(frontend, room, person);
}

void portal_doors_look(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	struct map_iter it = {0};

	(void)unused;
	while (map_next(frontend->rooms, &it)) {
		struct matrix_room *room = it.value;

		if (matrix_room_has(room, id))
			portal_door_came(frontend, room, id);
	}
}

/* matrix_later, as people must not be attached from inside deliver: `id` is the room. */
static void put_strangers_out(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	struct matrix_room *room = matrix_room_find(frontend, id);
	struct map_iter it = {0};

	(void)unused;
	if (!room || !is_closed(room))
		return;
	while (map_next(room->members, &it))
		if (!matrix_is_ours(&frontend->names, it.key) && is_stranger(frontend, room, it.key))
			put_out(frontend, room, it.key);
}

static void set(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	matrix_tell_text(frontend, HTTP_PUT, matrix_path("/rooms/%s/state/m.room.join_rules/", room->id), NULL, "join_rule",
	                 room->door.is_private ? "invite" : "public", room->id);
	if (frontend->config.listed)
		matrix_tell_text(frontend, HTTP_PUT, matrix_path("/directory/list/room/%s", room->id), NULL, "visibility",
		                 room->door.is_private ? "private" : "public", room->id);
	if (room->door.is_private)
		matrix_later(frontend, put_strangers_out, room->id, NULL);
}

struct asking {
	struct matrix_frontend *frontend;
	char room[];
};

static void on_join_rule(void *context, const struct matrix_reply *reply)
{
	struct asking *asking = context;
	const struct matrix_room *room = matrix_room_find(asking->frontend, asking->room);
	struct arena arena = {0};
	const char *rule = json_text(reply->json, "join_rule", &arena);

	/* What its people have made of it beside these two is theirs. */
	if (room && room->ours && rule && !strcmp(rule, room->door.is_private ? "public" : "invite"))
		set(asking->frontend, room);
	arena_finish(&arena);
	mem_free(asking);
}

/* The process before may have ended before the homeserver had it. */
static void compare(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	struct asking *asking = MEM_NEW_TEXT(struct asking, room, room->id);
	char *path = matrix_path("/rooms/%s/state/m.room.join_rules/", room->id);

	asking->frontend = frontend;
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = path,
	                                                            .lane = room->id,
	                                                            .done = on_join_rule,
	                                                            .context = asking,
	                                                            .drop = mem_free});
	mem_free(path);
}

void portal_door_set(struct matrix_frontend *frontend, struct matrix_room *room, bool is_private)
{
	bool changes = room->door.is_private != is_private;

	if (!room->ours || (!changes && room->door.known))
		return;
	room->door.known = true;
	if (!changes) {
		compare(frontend, room);
		return;
	}
	room->door.is_private = is_private;
	matrix_room_store(frontend, room);
	set(frontend, room);
}

void portal_door_ask(struct matrix_frontend *frontend, struct matrix_room *room, const char *person)
{
	struct resource *resource = person_ready(frontend, person);

	if (!is_closed(room) || is_in_legacy_room(frontend, room, person)) {
		matrix_invite(frontend, room->id, person, room->id);
	} else if (!resource) {
		person_tell(frontend, person, "This room is private: for that you need an account here.");
	} else {
		person_tell(frontend, person, "This room is private: you are invited as soon as the network has let you in.");
		map_set(&room->door.asking, person, room);
		portal_room_join(frontend, room, resource);
	}
}

void portal_door_entered(struct matrix_frontend *frontend, struct matrix_room *room, const char *person)
{
	if (map_remove(room->door.asking, person) && !matrix_room_has(room, person))
		matrix_invite(frontend, room->id, person, room->id);
}

void portal_door_refused(struct matrix_frontend *frontend, struct matrix_room *room, const char *person)
{
	map_remove(room->door.asking, person);
	if (is_closed(room) && matrix_room_has(room, person))
		put_out(frontend, room, person);
}
