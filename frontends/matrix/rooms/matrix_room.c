/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/matrix_room.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/passers_by.h"
#include "frontends/matrix/rooms/continuation.h"
#include "frontends/matrix/rooms/members.h"
#include "frontends/matrix/rooms/space.h"
#include "frontends/matrix/rooms/upgrade.h"
#include "transport/spool/spool.h"

#define NOTES "matrix place" /* of the spool */

static const char *const kinds[] = {"plain", "control", "chat", "portal", "space", "left"};

/* Portals of one legacy room. */
struct portal_rooms {
	struct matrix_room **items;
	size_t count;
};

struct matrix_room *matrix_room_find(const struct matrix_frontend *frontend, const char *id)
{
	return map_get(frontend->rooms, id);
}

bool matrix_room_is_tied(const struct matrix_room *room)
{
	return room->kind == MATRIX_ROOM_CHAT || room->kind == MATRIX_ROOM_PORTAL;
}

const char *matrix_chat_nickname(const char *name, bool in_room)
{
	const char *slash = in_room ? strrchr(name, '/') : NULL;

	return slash ? slash + 1 : NULL;
}

char *matrix_chat_legacy_room(const char *name, const char *nickname)
{
	return mem_strndup(name, (size_t)(nickname - 1 - name));
}

char *matrix_chat_name(const struct event_message *message)
{
	if (message->kind == MESSAGE_CHAT)
		return mem_strdup(message->name);
	return mem_printf("%s/%s", message->name, message->nickname ? message->nickname : "");
}

char *matrix_chat_key(const char *owner, const char *name)
{
	char *key = mem_printf("%s\n%s", owner, name);

	text_lower(key + strlen(owner));
	return key;
}

struct matrix_room *matrix_room_chat(const struct matrix_frontend *frontend, const char *owner,
                                     const char *name)
{
	char *key = matrix_chat_key(owner, name);
	struct matrix_room *room = map_get(frontend->chats, key);

	mem_free(key);
	return room;
}

bool matrix_room_was_left(const struct matrix_frontend *frontend, const char *owner, const char *name)
{
	char *key = matrix_chat_key(owner, name);
	bool left = map_get(frontend->left, key) != NULL;

	mem_free(key);
	return left;
}

static struct portal_rooms *portals_of(const struct matrix_frontend *frontend, const char *name)
{
	struct text_key key;
	struct portal_rooms *portals = map_get(frontend->portals, text_key_lower(&key, name));

	text_key_finish(&key);
	return portals;
}

struct matrix_room *matrix_room_portal(const struct matrix_frontend *frontend, const char *name)
{
	const struct portal_rooms *portals = portals_of(frontend, name);

	return portals ? portals->items[0] : NULL;
}

bool matrix_room_has_sisters(const struct matrix_frontend *frontend, const struct matrix_room *room)
{
	const struct portal_rooms *portals = portals_of(frontend, room->name);

	return portals && portals->count > 1;
}

void matrix_room_each_portal(struct matrix_frontend *frontend, const char *name,
                             void (*each)(struct matrix_frontend *frontend, struct matrix_room *room,
                                          void *context),
                             void *context)
{
	const struct portal_rooms *portals = portals_of(frontend, name);

	for (size_t i = 0; portals && i < portals->count; i++)
		each(frontend, portals->items[i], context);
}

static void portals_free(void *value)
{
	struct portal_rooms *portals = value;

	mem_free(portals->items);
	mem_free(portals);
}

static void tie(struct matrix_frontend *frontend, struct matrix_room *room)
{
	if (room->kind == MATRIX_ROOM_CHAT && room->encrypted)
		return;
	if (room->kind == MATRIX_ROOM_CHAT || room->kind == MATRIX_ROOM_LEFT) {
		char *key = matrix_chat_key(room->owner, room->name);

		map_set(room->kind == MATRIX_ROOM_CHAT ? &frontend->chats : &frontend->left, key, room);
		mem_free(key);
		return;
	}
	if (room->kind != MATRIX_ROOM_PORTAL)
		return;
	struct portal_rooms *portals = portals_of(frontend, room->name);
	struct text_key key;

	if (!portals) {
		portals = MEM_NEW(struct portal_rooms);
		map_put(frontend->portals, text_key_lower(&key, room->name), portals);
		text_key_finish(&key);
	}
	portals->items = mem_realloc(portals->items, (portals->count + 1) * sizeof(struct matrix_room *));
	portals->items[portals->count++] = room;
}

static void untie_portal(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	struct portal_rooms *portals = portals_of(frontend, room->name);
	struct text_key key;
	size_t kept = 0;

	for (size_t i = 0; i < portals->count; i++)
		if (portals->items[i] != room)
			portals->items[kept++] = portals->items[i];
	portals->count = kept;
	if (kept)
		return;
	map_remove(frontend->portals, text_key_lower(&key, room->name));
	text_key_finish(&key);
	portals_free(portals);
}

static void untie(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	if (room->kind == MATRIX_ROOM_PORTAL)
		untie_portal(frontend, room);
	if (room->kind != MATRIX_ROOM_CHAT && room->kind != MATRIX_ROOM_LEFT)
		return;
	struct map *chats = room->kind == MATRIX_ROOM_CHAT ? frontend->chats : frontend->left;
	char *key = matrix_chat_key(room->owner, room->name);

	if (map_get(chats, key) == room)
		map_remove(chats, key);
	mem_free(key);
}

static void tie_another(struct matrix_frontend *frontend, const struct matrix_room *than)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		struct matrix_room *room = it.value;

		if (room != than && room->kind == MATRIX_ROOM_CHAT && !strcmp(room->owner, than->owner) &&
		    text_equal_nocase(room->name, than->name))
			tie(frontend, room);
	}
}

static void set_encrypted(struct matrix_frontend *frontend, struct matrix_room *room)
{
	room->encrypted = true;
	if (room->kind != MATRIX_ROOM_CHAT)
		return;
	untie(frontend, room);
	tie_another(frontend, room);
}

static void room_free(void *value)
{
	struct matrix_room *room = value;

	map_destroy(&room->members, NULL);
	map_destroy(&room->arrivals.waiting, mem_free);
	map_destroy(&room->power.levels, NULL);
	map_destroy(&room->outsiders, NULL);
	map_destroy(&room->door.asking, NULL);
	mem_free(room->id);
	mem_free(room->owner);
	mem_free(room->name);
	mem_free(room->relay);
	mem_free(room->upgrade.successor);
	mem_free(room->upgrade.claim);
	mem_free(room->upgrade.claim_by);
	mem_free(room->continues.predecessor);
	mem_free(room->continues.creator);
	map_destroy(&room->typers, NULL);
	mem_free(room->shown.title);
	mem_free(room->shown.icon);
	mem_free(room->shown.topic);
	mem_free(room->shown.topic_event);
	mem_free(room);
}

static struct matrix_room *make(struct matrix_frontend *frontend, const char *id, enum matrix_room_kind kind,
                                const char *owner, const char *name)
{
	struct matrix_room *room = matrix_room_find(frontend, id);

	if (room) {
		untie(frontend, room);
	} else {
		room = MEM_NEW(struct matrix_room);
		room->id = mem_strdup(id);
		map_put(frontend->rooms, id, room);
	}
	room->kind = kind;
	mem_replace(&room->owner, owner);
	mem_replace(&room->name, name);
	tie(frontend, room);
	return room;
}

/* Words of what else is kept; ids have no space in them. */
static char *value_of(const struct matrix_room *room)
{
	struct buf value = {0};

	buf_printf(&value, "%s%s%s%s%s%s", room->ours ? "ours " : "", room->door.is_private ? "private " : "",
	           room->in_room ? "room " : "", room->gap.unread ? "unread " : "",
	           room->continues.undecided ? "undecided " : "", room->encrypted ? "encrypted " : "");
	if (room->upgrade.successor)
		buf_printf(&value, "successor=%s ", room->upgrade.successor);
	if (room->upgrade.claim)
		buf_printf(&value, "claim=%s by=%s ", room->upgrade.claim, room->upgrade.claim_by);
	buf_printf(&value, "%s%s", room->relay ? "relay=" : "", room->relay ? room->relay : "");
	return buf_take(&value);
}

/* Behind the beginning of a word that is `begin`: ids may have it in the middle of theirs. NULL: there is none. */
static const char *word_at(const char *value, const char *begin)
{
	const char *found = strstr(value, begin);

	while (found && found > value && found[-1] != ' ')
		found = strstr(found + 1, begin);
	return found ? found + strlen(begin) : NULL;
}

/* What follows the word, up to a space; NULL: it is not there. */
static char *value_at(const char *value, const char *word)
{
	const char *found = word_at(value, word);

	return found ? mem_strndup(found, strcspn(found, " ")) : NULL;
}

static void read_value(struct matrix_frontend *frontend, struct matrix_room *room, const char *value)
{
	room->ours = word_at(value, "ours ") != NULL;
	room->door.is_private = word_at(value, "private ") != NULL;
	room->in_room = word_at(value, "room ") != NULL;
	room->gap.unread = word_at(value, "unread ") != NULL;
	if (word_at(value, "encrypted "))
		set_encrypted(frontend, room);
	room->continues.undecided = word_at(value, "undecided ") != NULL;
	room->upgrade.successor = value_at(value, "successor=");
	room->upgrade.claim = value_at(value, "claim=");
	room->upgrade.claim_by = value_at(value, "by=");
	room->relay = value_at(value, "relay=");
}

/*
 * The database is written by another thread. Until it has a place, or no longer has it, a note of the spool
 * says so: what depends on it (that an invitation was seen) is written there as well, and nothing is
 * acknowledged before.
 */
struct storing {
	struct transport *transport;
	char *room;
	char *note; /* what was noted; NULL: the removal */
};

static void note_place(struct matrix_frontend *frontend, const char *room, const char *note)
{
	spool_note_set(frontend->base.transport->spool, NOTES, room, note ? note : "", note ? strlen(note) : 0);
}

static void stored(void *context, int err)
{
	struct storing *storing = context;
	struct spool *spool = storing->transport->spool;
	size_t size;
	const char *now = spool ? spool_note_get(spool, NOTES, storing->room, &size) : NULL;
	const char *wanted = storing->note ? storing->note : "";

	/* Else it has been written again meanwhile, and that is not in the database yet. */
	if (!err && now && size == strlen(wanted) && !memcmp(now, wanted, size))
		spool_note_set(spool, NOTES, storing->room, NULL, 0);
	mem_free(storing->room);
	mem_free(storing->note);
	mem_free(storing);
}

static struct storing *store_soon(struct matrix_frontend *frontend, const char *room, char *note)
{
	struct storing *storing = MEM_NEW(struct storing);

	storing->transport = frontend->base.transport;
	storing->room = mem_strdup(room);
	storing->note = note;
	note_place(frontend, room, note);
	return storing;
}

/* To be freed. */
static char *note_of(const struct store_place *place)
{
	return mem_printf("%s\n%s\n%s\n%s", place->kind, place->owner, place->name, place->value);
}

void matrix_room_note_replaced(struct matrix_frontend *frontend, const struct matrix_room *room, const char *to)
{
	const struct matrix_room next = {.in_room = room->in_room, .gap.unread = true, .relay = room->relay};
	char *value = value_of(&next);
	char *note = note_of(&(struct store_place){.kind = kinds[room->kind],
	                                           .owner = room->owner ? room->owner : "",
	                                           .name = room->name ? room->name : "",
	                                           .value = value});

	note_place(frontend, to, note);
	note_place(frontend, room->id, NULL);
	transport_commit(frontend->base.transport);
	mem_free(note);
	mem_free(value);
}

void matrix_room_store(struct matrix_frontend *frontend, struct matrix_room *room)
{
	char *value = value_of(room);
	const struct store_place place = {.place = room->id,
	                                  .kind = kinds[room->kind],
	                                  .owner = room->owner ? room->owner : "",
	                                  .name = room->name ? room->name : "",
	                                  .value = value};

	store_put_place(frontend->base.transport->store, frontend->base.ops->name, &place, stored,
	                store_soon(frontend, room->id, note_of(&place)));
	mem_free(value);
}

struct matrix_room *matrix_room_set(struct matrix_frontend *frontend, const char *id,
                                    enum matrix_room_kind kind, const char *owner, const char *name)
{
	struct matrix_room *room = make(frontend, id, kind, owner, name);

	matrix_room_store(frontend, room);
	return room;
}

void matrix_room_note_encrypted(struct matrix_frontend *frontend, struct matrix_room *room)
{
	set_encrypted(frontend, room);
	matrix_room_store(frontend, room);
}

void matrix_room_forget(struct matrix_frontend *frontend, struct matrix_room **slot)
{
	struct matrix_room *room = *slot;

	*slot = NULL;
	if (!room)
		return;
	untie(frontend, room);
	members_known(frontend, room);
	if (upgrade_is_expected(room) || room->gap.unread || room->continues.undecided)
		matrix_later(frontend, continuations_decide, NULL, NULL);
	if (room->kind == MATRIX_ROOM_SPACE && room->owner)
		space_known(frontend, room->owner, NULL);
	store_remove_place(frontend->base.transport->store, frontend->base.ops->name, room->id, stored,
	                   store_soon(frontend, room->id, NULL));
	map_remove(frontend->rooms, room->id);
	passers_by_note(frontend, map_count(room->members) + 1);
	room_free(room);
}

bool matrix_room_has(const struct matrix_room *room, const char *user_id)
{
	return map_get(room->members, user_id) != NULL;
}

void matrix_room_note_member(struct matrix_frontend *frontend, struct matrix_room *room, const char *user_id,
                             bool in)
{
	bool is_ghost = matrix_is_ours(&frontend->names, user_id);

	if (in == matrix_room_has(room, user_id))
		return;
	if (in && !room->members)
		room->members = map_create_in(frontend->base.transport->pool);
	if (in)
		map_put(room->members, user_id, room);
	else
		map_remove(room->members, user_id);
	if (is_ghost)
		room->ghosts += in ? 1 : (size_t)-1;
	if (!in)
		passers_by_note(frontend, 1);
}

static void each_key(const struct map *map, void (*each)(void *context, const char *user_id), void *context)
{
	struct map_iter it = {0};

	while (map_next(map, &it))
		each(context, it.key);
}

void matrix_rooms_each_user(const struct matrix_frontend *frontend, void (*each)(void *context, const char *user_id),
                            void *context)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		each_key(room->members, each, context);
		each_key(room->arrivals.waiting, each, context);
		each_key(room->door.asking, each, context);
		if (room->owner)
			each(context, room->owner);
		if (room->relay)
			each(context, room->relay);
	}
}

size_t matrix_room_people(const struct matrix_room *room)
{
	return map_count(room->members) - room->ghosts;
}

/* ------------------------------------------------------------------------------------------------ loading */

struct loading {
	struct matrix_frontend *frontend;
	void (*ready)(struct matrix_frontend *frontend);
};

static enum matrix_room_kind kind_of(const char *word)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		if (!strcmp(word, kinds[k]))
			return (enum matrix_room_kind)k;
	return MATRIX_ROOM_PLAIN;
}

/* One that the database may not have as it is. */
static void take_note(void *context, const char *id, const void *value, size_t size)
{
	struct matrix_frontend *frontend = context;
	struct matrix_room *room = matrix_room_find(frontend, id);
	char *text = mem_strndup(value, size), *rest = text;
	const char *kind = strsep(&rest, "\n"), *owner = strsep(&rest, "\n"), *name = strsep(&rest, "\n");

	if (room) {
		MEM_FREE(room->relay);
		MEM_FREE(room->upgrade.successor);
		MEM_FREE(room->upgrade.claim);
		MEM_FREE(room->upgrade.claim_by);
	}
	if (!size && room) {
		matrix_room_forget(frontend, &room);
	} else if (!size) {
		spool_note_set(frontend->base.transport->spool, NOTES, id, NULL, 0);
	} else if (owner && name && rest) {
		room = make(frontend, id, kind_of(kind), owner, name);
		read_value(frontend, room, rest);
		matrix_room_store(frontend, room);
	}
	mem_free(text);
}

static void on_places(void *context, int err, const struct store_place *places, size_t count)
{
	struct loading *loading = context;
	struct matrix_frontend *frontend = loading->frontend;

	if (err && !frontend->stopping)
		log_error(&frontend->base.log, "the rooms could not be read: %s", tp_error_text(err));
	for (size_t i = 0; i < count && !frontend->stopping; i++) {
		struct matrix_room *room = make(frontend, places[i].place, kind_of(places[i].kind),
		                                places[i].owner, places[i].name);

		read_value(frontend, room, places[i].value);
	}
	if (!frontend->stopping) {
		struct map_iter it = {0};

		spool_note_each(frontend->base.transport->spool, NOTES, "", take_note, frontend);
		while (map_next(frontend->rooms, &it)) {
			struct matrix_room *room = it.value;

			room->members_due = room->kind != MATRIX_ROOM_LEFT;
			frontend->rooms_due += room->members_due;
			if (room->kind == MATRIX_ROOM_SPACE)
				space_known(frontend, room->owner, room->id);
			/* Of what was left nobody of ours can ask. */
			if (room->kind != MATRIX_ROOM_LEFT)
				members_ask(frontend, room);
		}
		loading->ready(frontend);
	}
	mem_free(loading);
}

void matrix_rooms_load(struct matrix_frontend *frontend, void (*ready)(struct matrix_frontend *frontend))
{
	struct loading *loading = MEM_NEW(struct loading);

	loading->frontend = frontend;
	loading->ready = ready;
	store_list_places(frontend->base.transport->store, frontend->base.ops->name, on_places, loading);
}

void matrix_rooms_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->chats, NULL);
	map_destroy(&frontend->left, NULL);
	map_destroy(&frontend->portals, portals_free);
	map_destroy(&frontend->rooms, room_free);
}
