/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/chat.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "frontends/matrix/people/contact.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/encryption.h"
#include "frontends/matrix/rooms/making.h"
#include "frontends/matrix/rooms/moderation.h"
#include "frontends/matrix/rooms/space.h"
#include "frontends/matrix/rooms/upgrade.h"
#include "transport/people/session.h"
#include "transport/routing/delivery.h"

#define CHAT "chat\n"

struct opening {
	char *key;
	char *owner, *name, *ghost;
	bool in_room;
};

static void opening_free(void *value)
{
	struct opening *opening = value;

	mem_free(opening->key);
	mem_free(opening->owner);
	mem_free(opening->name);
	mem_free(opening->ghost);
	mem_free(opening);
}

static void forget_left(struct matrix_frontend *frontend, const char *owner, const char *name)
{
	char *key = matrix_chat_key(owner, name);
	struct matrix_room *left = map_get(frontend->left, key);

	matrix_room_forget(frontend, &left);
	mem_free(key);
}

static struct matrix_room *made_chat(struct matrix_frontend *frontend, const char *id, const char *owner,
                                     const char *name, const char *ghost, bool in_room, bool encrypted)
{
	struct matrix_room *before = matrix_room_chat(frontend, owner, name);

	/* The newest is the one that the person looks at. */
	if (before && strcmp(before->id, id) != 0 && !encrypted) {
		/* It was replaced: what waits for that is for this one. */
		if (before->upgrade.closed)
			matrix_later(frontend, person_show_waiting, owner, NULL);
		space_remove(frontend, owner, before->id);
		matrix_room_forget(frontend, &before);
	}
	struct matrix_room *room = matrix_room_set(frontend, id, MATRIX_ROOM_CHAT, owner, name);

	if (!encrypted)
		forget_left(frontend, owner, name);
	if (in_room) {
		room->in_room = true;
		matrix_room_store(frontend, room);
	}
	matrix_room_note_member(frontend, room, owner, true);
	matrix_room_note_member(frontend, room, ghost, true);
	matrix_later(frontend, contact_show_known, owner, name);
	if (encrypted)
		encryption_found(frontend, room);
	else
		space_add(frontend, owner, room);
	return room;
}

/* As it is noted while it is made. */
static char *note_of(const struct opening *opening)
{
	return mem_printf(CHAT "%d\n%s\n%s", opening->in_room, opening->owner, opening->name);
}

static char *ghost_named(struct matrix_frontend *frontend, const char *name, bool in_room)
{
	struct matrix_room chat = {
	        .kind = MATRIX_ROOM_CHAT, .name = (char *)(uintptr_t)name, .in_room = in_room};

	return ghost_of_chat(frontend, &chat);
}

/* What the ghost is called: of somebody in a room the nickname. */
static const char *shown_name(const char *name, bool in_room)
{
	const char *nickname = matrix_chat_nickname(name, in_room);

	return nickname ? nickname : name;
}

static struct opening *opening_create(struct matrix_frontend *frontend, const char *owner, const char *name,
                                      bool in_room)
{
	struct opening *opening = MEM_NEW(struct opening);

	opening->key = matrix_chat_key(owner, name);
	opening->owner = mem_strdup(owner);
	opening->name = mem_strdup(name);
	opening->in_room = in_room;
	opening->ghost = ghost_named(frontend, name, in_room);
	map_set(&frontend->openings, opening->key, opening);
	return opening;
}

static void made(struct matrix_frontend *frontend, void *context, const char *id, const char *problem)
{
	struct opening *opening = context;

	map_remove(frontend->openings, opening->key);
	if (id) {
		made_chat(frontend, id, opening->owner, opening->name, opening->ghost, opening->in_room, false);
		matrix_later(frontend, person_show_waiting, opening->owner, NULL);
	} else {
		log_warning(&frontend->base.log, "no chat of %s with %s could be made: %s", log_quote(opening->owner),
		            log_quote(opening->name), problem);
	}
	opening_free(opening);
}

static struct making_wish wish_of(const struct opening *opening, const char *note)
{
	return (struct making_wish){
	        .what = note, .as = opening->ghost, .who = opening->owner, .lane = opening->key};
}

static void recover(struct matrix_frontend *frontend, const char *what)
{
	const char *owner = what + strlen(CHAT "0\n"), *end = strchr(owner, '\n');
	char *person = end ? mem_strndup(owner, (size_t)(end - owner)) : NULL;

	if (!end || matrix_room_chat(frontend, person, end + 1)) {
		making_end(frontend, what);
	} else {
		struct opening *opening =
		        opening_create(frontend, person, end + 1, what[strlen(CHAT)] == '1');
		struct making_wish wish = wish_of(opening, what);

		making_go_on(frontend, &wish, true, made, opening);
	}
	mem_free(person);
}

void chats_recover(struct matrix_frontend *frontend)
{
	making_each(frontend, CHAT, recover);
}

struct matrix_room *chat_open(struct matrix_frontend *frontend, const char *owner, const char *name,
                              bool in_room)
{
	struct matrix_room *room = matrix_room_chat(frontend, owner, name);
	char *key = matrix_chat_key(owner, name);
	bool opens = map_get(frontend->openings, key) != NULL;

	mem_free(key);
	if (room || opens)
		return room;
	struct opening *opening = opening_create(frontend, owner, name, in_room);
	char *note = note_of(opening);
	struct making_wish wish = wish_of(opening, note);

	ghost_prepare(frontend, opening->ghost, shown_name(name, in_room), opening->key);
	making_ask(frontend, &wish, made, opening);
	mem_free(note);
	return NULL;
}

void chat_refuse(struct matrix_frontend *frontend, const char *room, const char *ghost, const char *why)
{
	matrix_tell_text(frontend, HTTP_POST, matrix_path("/rooms/%s/leave", room), ghost, "reason", why,
	                 room);
}

/* Whether the two of them have it already. */
static bool is_chat_of(const struct matrix_frontend *frontend, const struct matrix_room *room, const char *owner,
                       const char *ghost)
{
	char *own = room->kind == MATRIX_ROOM_CHAT && !strcmp(room->owner, owner) ? ghost_of_chat(frontend, room) : NULL;
	bool is = own && !strcmp(own, ghost);

	mem_free(own);
	return is;
}

void chat_invited(struct matrix_frontend *frontend, const struct matrix_event *event)
{
	const char *id = event->room, *ghost = event->state_key, *sender = event->sender;
	struct matrix_room *known = matrix_room_find(frontend, id);
	struct buf name = {0};
	bool readable = matrix_ghost_name(&frontend->names, ghost, &name);
	bool in_room = readable && frontend->config.room_nicknames && strchr(buf_text(&name), '/');

	if (readable && upgrade_invited(frontend, id)) {
		buf_finish(&name);
		return;
	}
	/* Without being registered it cannot even refuse. */
	if (!readable) {
		ghost_prepare(frontend, ghost, ghost, id);
		chat_refuse(frontend, id, ghost, "This is the name of nobody on the network.");
		buf_finish(&name);
		return;
	}
	ghost_prepare(frontend, ghost, shown_name(buf_text(&name), in_room), id);
	if (known && known->kind == MATRIX_ROOM_PORTAL) {
		moderation_ghost_invited(frontend, known, event);
		buf_finish(&name);
		return;
	}
	if (known && !is_chat_of(frontend, known, sender, ghost)) {
		chat_refuse(frontend, id, ghost, "This room is tied to something else already.");
		buf_finish(&name);
		return;
	}
	matrix_tell(frontend, HTTP_POST, matrix_path("/join/%s", id), ghost, NULL, id);
	made_chat(frontend, id, sender, buf_text(&name), ghost, in_room, event->is_encrypted);
	person_attach(frontend, sender);
	buf_finish(&name);
}

void chat_left(struct matrix_frontend *frontend, struct matrix_room *room)
{
	char *ghost = ghost_of_chat(frontend, room);

	matrix_leave(frontend, room->id, ghost);
	mem_free(ghost);
	space_remove(frontend, room->owner, room->id);
	if (room->in_room || room->encrypted || !frontend->config.open_chats) {
		matrix_room_forget(frontend, &room);
		return;
	}
	char *owner = mem_strdup(room->owner), *name = mem_strdup(room->name);

	matrix_room_set(frontend, room->id, MATRIX_ROOM_LEFT, owner, name);
	mem_free(owner);
	mem_free(name);
}

void chats_forget(struct matrix_frontend *frontend, const char *owner)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		struct matrix_room *room = it.value;
		bool here = room->kind == MATRIX_ROOM_CHAT || room->kind == MATRIX_ROOM_SPACE;

		if ((!here && room->kind != MATRIX_ROOM_LEFT) || strcmp(room->owner, owner) != 0)
			continue;
		if (here) {
			char *ghost = ghost_of_chat(frontend, room);

			matrix_leave(frontend, room->id, ghost);
			mem_free(ghost);
		}
		/* the current entry of the iteration, which may go */
		matrix_room_forget(frontend, &room);
	}
}

void chats_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->openings, opening_free);
}
