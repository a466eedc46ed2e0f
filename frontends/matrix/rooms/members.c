/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/members.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "config/limits.h"
#include "frontends/matrix/people/chat.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/nickname.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/people/person_picture.h"
#include "frontends/matrix/rooms/gap.h"
#include "frontends/matrix/rooms/outsider.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "frontends/matrix/transaction.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"

void member_left(struct matrix_frontend *frontend, struct matrix_room *room, const char *id)
{
	matrix_room_note_member(frontend, room, id, false);
	switch (room->kind) {
	case MATRIX_ROOM_PORTAL:
		portal_room_person_out(frontend, room, id);
		if (!matrix_room_people(room))
			portal_room_empty(frontend, room);
		if (room->relay && !strcmp(room->relay, id)) {
			MEM_FREE(room->relay);
			matrix_room_store(frontend, room);
		}
		break;
	case MATRIX_ROOM_CHAT:
		if (!strcmp(room->owner, id))
			chat_left(frontend, room);
		break;
	case MATRIX_ROOM_LEFT:
	case MATRIX_ROOM_SPACE:
		/* It goes on: the person may come back. */
		break;
	case MATRIX_ROOM_CONTROL:
	case MATRIX_ROOM_PLAIN:
		person_forget_control(frontend, id, room->id);
		if (matrix_room_people(room))
			break;
		matrix_leave(frontend, room->id, NULL);
		matrix_room_forget(frontend, &room);
		break;
	}
}

/* ------------------------------------------------------------------------------------------------ asking */

struct asking {
	struct matrix_frontend *frontend;
	char *room;
	bool joined;    /* as far as that was possible */
	unsigned moves; /* the room's people_moves then */
	unsigned tries;
};

static void asking_free(void *context)
{
	struct asking *asking = context;

	mem_free(asking->room);
	mem_free(asking);
}

static void ask_members(struct matrix_frontend *frontend, const struct matrix_room *room, bool joined, unsigned tries);

static void on_entered(void *context, const struct matrix_reply *reply)
{
	struct asking *asking = context;
	const struct matrix_room *room = matrix_room_find(asking->frontend, asking->room);

	(void)reply;
	if (room)
		ask_members(asking->frontend, room, true, 1);
	asking_free(asking);
}

/* The process before this one may have ended before it has taken up an invitation. */
static void enter_again(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	struct asking *asking = MEM_NEW(struct asking);
	char *path = matrix_path("/join/%s", room->id);
	char *ghost = ghost_of_chat(frontend, room);

	asking->frontend = frontend;
	asking->room = mem_strdup(room->id);
	if (ghost)
		ghost_register(frontend, ghost, room->id);
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_POST,
	                                                            .path = path,
	                                                            .as = ghost,
	                                                            .lane = room->id,
	                                                            .done = on_entered,
	                                                            .context = asking,
	                                                            .drop = asking_free});
	mem_free(ghost);
	mem_free(path);
}

/* Whoever is not among those who are joined. */
static void take_out_missing(struct matrix_frontend *frontend, const char *id, const struct cJSON *joined)
{
	struct matrix_room *room = matrix_room_find(frontend, id);
	struct map *there = map_create(), *gone = map_create();
	struct map_iter it = {0};
	struct arena arena = {0};

	for (const struct cJSON *item = json_first(joined); item; item = json_next(item)) {
		const char *who = json_name(item, &arena);

		if (who)
			map_put(there, who, there);
	}
	while (map_next(room->members, &it))
		if (!matrix_is_ours(&frontend->names, it.key) && !map_get(there, it.key))
			map_put(gone, it.key, gone);
	it = (struct map_iter){0};
	/* The first may end the room. */
	while (room && map_next(gone, &it)) {
		log_debug(&frontend->base.log, "%s has left %s unseen", log_quote(it.key), log_quote(id));
		member_left(frontend, room, it.key);
		room = matrix_room_find(frontend, id);
	}
	map_destroy(&there, NULL);
	map_destroy(&gone, NULL);
	arena_finish(&arena);
}

static void take_in(struct matrix_frontend *frontend, struct matrix_room *room, const struct cJSON *joined)
{
	struct arena arena = {0};

	for (const struct cJSON *item = json_first(joined); item; item = json_next(item)) {
		const char *id = json_name(item, &arena);

		if (!id || !matrix_is_user_id(id))
			continue;
		matrix_room_note_member(frontend, room, id, true);
		if (matrix_is_ours(&frontend->names, id))
			continue;
		person_picture_note(frontend, id, json_text(item, "avatar_url", &arena));
		if (person_note_name(frontend, id, json_text(item, "display_name", &arena)))
			matrix_later(frontend, nickname_changed, id, NULL);
	}
	arena_finish(&arena);
}

static void compare_portal(struct matrix_frontend *frontend, struct matrix_room *room)
{
	portal_room_join_people(frontend, room);
	/* Who came and went while we were away from a session that went on nobody has shown. */
	room->door.known = false;
	outsiders_try_again(frontend, room);
	matrix_later(frontend, portal_rooms_sync, room->name, NULL);
	/* What was said in it before it was replaced may still have to be pushed. */
	room->gap.look_when_quiet = true;
	gaps_look_again(frontend);
}

static void take_members(const struct asking *asking, struct matrix_room *room, const struct cJSON *joined, bool moved)
{
	struct matrix_frontend *frontend = asking->frontend;

	take_in(frontend, room, joined);
	/* Elsewhere people are noted who are only invited. */
	if (!moved && room->kind == MATRIX_ROOM_PORTAL) {
		take_out_missing(frontend, asking->room, joined);
		room = matrix_room_find(frontend, asking->room);
	}
	if (room && room->kind == MATRIX_ROOM_PORTAL)
		compare_portal(frontend, room);
}

static void on_members(void *context, const struct matrix_reply *reply)
{
	struct asking *asking = context;
	struct matrix_frontend *frontend = asking->frontend;
	struct matrix_room *room = matrix_room_find(frontend, asking->room);
	const struct cJSON *joined = json_object(reply->json, "joined");
	bool may_enter = room && !asking->joined && (room->ours || room->kind != MATRIX_ROOM_PORTAL);
	/* The answer may be older than what was told meanwhile. */
	bool moved = room && asking->moves != room->people_moves;

	if (!reply->err && moved && asking->tries < LIMIT_MATRIX_MEMBERS_TRIES) {
		ask_members(frontend, room, asking->joined, asking->tries + 1);
		asking_free(asking);
		return;
	}
	if (may_enter && reply->err == TP_ERR_NOT_ALLOWED) {
		enter_again(frontend, room);
	} else if (room && reply->err == TP_ERR_NOT_ALLOWED) {
		log_info(&frontend->base.log, "room %s is forgotten: the bot is not in it any more",
		         log_quote(room->id));
		matrix_room_forget(frontend, &room);
	}
	if (room)
		members_known(frontend, room);
	if (room && !reply->err && joined)
		take_members(asking, room, joined, moved);
	asking_free(asking);
}

/* Of a chat only the ghost is a member, so that it has to ask. */
static void ask_members(struct matrix_frontend *frontend, const struct matrix_room *room, bool joined, unsigned tries)
{
	struct asking *asking = MEM_NEW(struct asking);
	char *path = matrix_path("/rooms/%s/joined_members", room->id);
	char *ghost = ghost_of_chat(frontend, room);

	asking->frontend = frontend;
	asking->room = mem_strdup(room->id);
	asking->joined = joined;
	asking->moves = room->people_moves;
	asking->tries = tries;
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = path,
	                                                            .as = ghost,
	                                                            .lane = room->id,
	                                                            .done = on_members,
	                                                            .context = asking,
	                                                            .drop = asking_free});
	mem_free(ghost);
	mem_free(path);
}

void members_ask(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	ask_members(frontend, room, false, 1);
}

/* ------------------------------------------------------------------------------------------ who stayed behind */

struct staying {
	struct matrix_frontend *frontend;
	unsigned open; /* portals that are being asked about */
	bool stays;
	char *name;    /* of the legacy room */
	char id[];
};

static void staying_release(struct staying *staying)
{
	if (--staying->open)
		return;
	mem_free(staying->name);
	mem_free(staying);
}

static void on_own_membership(void *context, const struct matrix_reply *reply)
{
	struct staying *staying = context;
	struct matrix_frontend *frontend = staying->frontend;
	struct matrix_room *portal = matrix_room_portal(frontend, staying->name);
	struct arena arena = {0};
	const char *membership = json_text(reply->json, "membership", &arena);
	bool is_out = reply->err == TP_ERR_NOT_FOUND ||
	              (membership && strcmp(membership, "join") != 0 && strcmp(membership, "invite") != 0);

	staying->stays = staying->stays || !is_out;
	if (staying->open == 1 && !staying->stays && portal && !matrix_room_has(portal, staying->id)) {
		log_debug(&frontend->base.log, "%s has left the portals of %s unseen", log_quote(staying->id),
		          log_quote(staying->name));
		portal_room_person_out(frontend, portal, staying->id);
	}
	arena_finish(&arena);
	staying_release(staying);
}

static void staying_drop(void *context)
{
	staying_release(context);
}

static void ask_membership(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	struct staying *staying = context;
	char *path = matrix_path("/rooms/%s/state/m.room.member/%s", room->id, staying->id);

	staying->open++;
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = path,
	                                                            .lane = room->id,
	                                                            .done = on_own_membership,
	                                                            .context = staying,
	                                                            .drop = staying_drop});
	mem_free(path);
}

/* Is in it, speaks for others, or waits to be let in. */
static void look_for(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	struct staying *staying = context;

	(void)frontend;
	if (matrix_room_has(room, staying->id) || map_get(room->door.asking, staying->id) ||
	    (room->relay && !strcmp(room->relay, staying->id)))
		staying->stays = true;
}

static void look_at(struct matrix_frontend *frontend, const char *id, const char *legacy)
{
	struct staying *staying = MEM_NEW_TEXT(struct staying, id, id);

	staying->frontend = frontend;
	staying->name = mem_strdup(legacy);
	staying->open = 1;
	matrix_room_each_portal(frontend, legacy, look_for, staying);
	if (!staying->stays)
		matrix_room_each_portal(frontend, legacy, ask_membership, staying);
	staying_release(staying);
}

/* matrix_later, once after a start: all rooms have been asked. */
static void look_who_stayed_behind(struct matrix_frontend *frontend, const char *unused, const char *unused_too)
{
	struct map_iter it = {0};

	(void)unused;
	(void)unused_too;
	while (map_next(frontend->base.transport->identities, &it)) {
		const struct identity *identity = it.value;
		const struct resource *resource = session_find_resource(identity, "");
		struct map_iter rooms = {0};

		if (identity->frontend != &frontend->base || identity->state != IDENTITY_READY || !resource)
			continue;
		while (map_next(identity->user->rooms, &rooms)) {
			const struct room *legacy = rooms.value;

			if (room_has(legacy, resource))
				look_at(frontend, identity->address, legacy->name);
		}
	}
}

void members_known(struct matrix_frontend *frontend, struct matrix_room *room)
{
	if (!room->members_due)
		return;
	room->members_due = false;
	matrix_later(frontend, transactions_go_on, NULL, NULL);
	if (--frontend->rooms_due == 0)
		matrix_later(frontend, look_who_stayed_behind, NULL, NULL);
}
