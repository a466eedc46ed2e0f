/* SPDX-License-Identifier: MIT */
#include "transport/people/portrait.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/frontend.h"
#include "transport/people/request.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"
#include "transport/routing/router.h"
#include "transport/transport.h"

#define SHA1_BYTES 20

struct portraits {
	struct map *all;     /* "FRONTEND ADDRESS" -> struct portrait */
	struct list used;    /* the same: struct portrait.used, whoever was not looked at for longest first */
	struct list waiting; /* struct portrait.waiting: to be asked for */
	unsigned asking;
	struct map *viewed;  /* lower-case room name -> struct list of room->viewed: joined ones with clients that are shown
			      * portraits */
};

struct portrait {
	struct portraits *portraits;
	struct frontend *frontend;
	struct list used, waiting;
	struct list cards;  /* struct card.link: who waits for it */
	bool known;         /* `hash` is the picture's */
	bool asking;
	bool changed;       /* since then */
	uint64_t again_ms;  /* clock_ms: it could not be had, and is not asked for before */
	char hash[2 * SHA1_BYTES + 1]; /* "": there is none */
	char address[];
};

struct card {
	struct list link;
	uint32_t id;
	char *user; /* account key */
	char *name; /* room/nickname */
};

/* ----------------------------------------------------------------------------------------------- who sees them */

static bool is_shown_portraits(const struct resource *resource)
{
	return !resource->identity->frontend->ops->shares_rooms;
}

static bool has_viewers(const struct room *room)
{
	LIST_EACH (link, &room->occupants)
		if (is_shown_portraits(CONTAINER_OF(link, struct occupant, link)->resource))
			return true;
	return false;
}

/* Whether anybody can be shown to others: not where all frontends are of one sort. */
static bool is_of_use(const struct transport *transport)
{
	bool shares = false, views = false;

	LIST_EACH (link, &transport->frontends) {
		const struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		shares = shares || (frontend->ops->shares_rooms && frontend->ops->card);
		views = views || !frontend->ops->shares_rooms;
	}
	return shares && views;
}

static struct portraits *portraits_of(struct transport *transport)
{
	struct portraits *portraits = transport->portraits;

	if (portraits)
		return portraits;
	portraits = MEM_NEW(struct portraits);
	list_init(&portraits->used);
	list_init(&portraits->waiting);
	transport->portraits = portraits;
	return portraits;
}

static struct list *viewers_of(const struct transport *transport, const char *name)
{
	struct text_key key;

	if (!transport->portraits)
		return NULL;
	struct list *viewers = map_get(transport->portraits->viewed, text_key_lower(&key, name));

	text_key_finish(&key);
	return viewers;
}

static void add_viewed(struct room *room)
{
	struct portraits *portraits = portraits_of(room->user->transport);
	struct list *viewers = viewers_of(room->user->transport, room->name);
	struct text_key key;

	if (!viewers) {
		viewers = MEM_NEW(struct list);
		list_init(viewers);
		map_set(&portraits->viewed, text_key_lower(&key, room->name), viewers);
		text_key_finish(&key);
	}
	list_append(viewers, &room->viewed);
}

static void remove_viewed(struct room *room)
{
	struct list *viewers = viewers_of(room->user->transport, room->name);
	struct text_key key;

	list_remove(&room->viewed);
	if (!viewers || !list_empty(viewers))
		return;
	mem_free(map_remove(room->user->transport->portraits->viewed, text_key_lower(&key, room->name)));
	text_key_finish(&key);
}

/* ---------------------------------------------------------------------------------------------------- showing */

static bool has_own_picture(const struct participant *participant)
{
	return participant->icon_hash && *participant->icon_hash;
}

static void deliver(struct room *room, const char *nickname, const char *hash, struct resource *only)
{
	const struct participant *participant = map_get(room->participants, nickname);
	struct event event;

	if (!participant || has_own_picture(participant) || text_equal_nocase(nickname, room->nickname))
		return;
	room_participant_event(room, participant, &event);
	event.participant.icon_hash = hash;
	LIST_EACH (link, &room->occupants) {
		struct occupant *occupant = CONTAINER_OF(link, struct occupant, link);
		struct resource *to = occupant->resource;

		if (is_shown_portraits(to) && !occupant->late && (!only || only == to))
			router_deliver_to(to->identity, to, &event);
	}
}

static void deliver_to_all(const struct transport *transport, const char *name, const char *nickname, const char *hash)
{
	struct list *viewers = viewers_of(transport, name);

	if (!viewers)
		return;
	LIST_EACH (link, viewers)
		deliver(CONTAINER_OF(link, struct room, viewed), nickname, hash, NULL);
}

/* All who see the person anywhere. */
static void show_everywhere(const struct portrait *portrait)
{
	struct transport *transport = portrait->frontend->transport;
	struct identity *identity = session_find_identity(transport, portrait->frontend, portrait->address);
	struct map_iter it = {0};

	while (identity && identity->user && map_next(identity->user->rooms, &it)) {
		const struct room *room = it.value;

		if (portal_person(portrait->frontend, room->name, room->nickname) == identity)
			deliver_to_all(transport, room->name, room->nickname, portrait->hash);
	}
}

/* ------------------------------------------------------------------------------------------------------ cards */

static void card_free(struct card *card)
{
	list_remove(&card->link);
	mem_free(card->user);
	mem_free(card->name);
	mem_free(card);
}

/* NULL: the network is asked. */
static void answer(const struct portrait *portrait, struct card *card, const struct event_vcard *got)
{
	struct user *user = user_find(portrait->frontend->transport, card->user);
	struct event event = {.type = EVENT_VCARD};

	if (user && got) {
		event.vcard = *got;
		event.vcard.id = card->id;
		card_request_answer(user, &event);
	} else if (user && user->state == USER_CONNECTED) {
		event = (struct event){.type = EVENT_VCARD_REQUEST, .vcard = {.name = card->name, .id = card->id}};
		user_send(user, &event);
	}
	card_free(card);
}

static void answer_all(const struct portrait *portrait, const struct event_vcard *got)
{
	LIST_EACH (link, &portrait->cards)
		answer(portrait, CONTAINER_OF(link, struct card, link), got);
}

/* ----------------------------------------------------------------------------------------------------- asking */

static char *key_of(const struct frontend *frontend, const char *address)
{
	return mem_printf("%s %s", frontend->ops->name, address);
}

static void portrait_free(struct portrait *portrait)
{
	LIST_EACH (link, &portrait->cards)
		card_free(CONTAINER_OF(link, struct card, link));
	list_remove(&portrait->used);
	list_remove(&portrait->waiting);
	mem_free(portrait);
}

static struct portrait *find(const struct frontend *frontend, const char *address)
{
	if (!frontend->transport->portraits)
		return NULL;
	char *key = key_of(frontend, address);
	struct portrait *portrait = map_get(frontend->transport->portraits->all, key);

	mem_free(key);
	return portrait;
}

/* Looks at a few only: of very many that are being asked for there are more than the limit then. */
static void make_room(struct portraits *portraits)
{
	for (unsigned tries = 0; tries < 8 && map_count(portraits->all) >= LIMIT_PORTRAITS; tries++) {
		struct portrait *oldest = CONTAINER_OF(portraits->used.next, struct portrait, used);

		if (oldest->asking || !list_empty(&oldest->waiting)) {
			list_remove(&oldest->used);
			list_append(&portraits->used, &oldest->used);
			continue;
		}
		char *key = key_of(oldest->frontend, oldest->address);

		map_remove(portraits->all, key);
		mem_free(key);
		portrait_free(oldest);
	}
}

static struct portrait *open_portrait(struct frontend *frontend, const char *address)
{
	struct portraits *portraits = portraits_of(frontend->transport);
	struct portrait *portrait = find(frontend, address);

	if (portrait) {
		list_remove(&portrait->used);
	} else {
		make_room(portraits);
		portrait = MEM_NEW_TEXT(struct portrait, address, address);
		portrait->portraits = portraits;
		portrait->frontend = frontend;
		list_init(&portrait->used);
		list_init(&portrait->waiting);
		list_init(&portrait->cards);
		char *key = key_of(frontend, address);

		map_set(&portraits->all, key, portrait);
		mem_free(key);
	}
	list_append(&portraits->used, &portrait->used);
	return portrait;
}

static void ask_next(struct portraits *portraits);

static void ask(struct portrait *portrait)
{
	struct portraits *portraits = portrait->portraits;

	if (portrait->asking || !list_empty(&portrait->waiting))
		return;
	list_append(&portraits->waiting, &portrait->waiting);
	ask_next(portraits);
}

static void note(struct portrait *portrait, const char *hash)
{
	bool other = strcmp(portrait->hash, hash) != 0;

	portrait->known = true;
	memcpy(portrait->hash, hash, strlen(hash) + 1);
	if (other)
		show_everywhere(portrait);
}

static void on_card(void *context, const struct event_vcard *card)
{
	struct portrait *portrait = context;
	struct portraits *portraits = portrait->portraits;
	struct transport *transport = portrait->frontend->transport;
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hash[sizeof(portrait->hash)] = "";
	bool good = card && card->photo_size && card->photo_size <= LIMIT_PORTRAIT_BYTES;

	portrait->asking = false;
	portraits->asking--;
	if (transport->stopping || transport->stop)
		return;
	if (good && EVP_Digest(card->photo, card->photo_size, digest, NULL, EVP_sha1(), NULL))
		sodium_bin2hex(hash, sizeof(hash), digest, SHA1_BYTES);
	answer_all(portrait, good ? card : NULL);
	/* What is known of it stays, if it only cannot be had now. */
	portrait->again_ms = good ? 0 : clock_ms() + LIMIT_PORTRAIT_AGAIN_SECONDS * UINT64_C(1000);
	if (portrait->changed)
		portrait_changed(portrait->frontend, portrait->address);
	else if (good)
		note(portrait, hash);
	ask_next(portraits);
}

static void ask_next(struct portraits *portraits)
{
	while (portraits->asking < LIMIT_PORTRAITS_ASKED && !list_empty(&portraits->waiting)) {
		struct portrait *portrait = CONTAINER_OF(portraits->waiting.next, struct portrait, waiting);
		struct frontend *frontend = portrait->frontend;

		list_remove(&portrait->waiting);
		portrait->changed = false;
		portrait->asking = true;
		portraits->asking++;
		if (frontend->ops->card(frontend, portrait->address, LIMIT_PORTRAIT_BYTES, on_card, portrait))
			continue;
		portrait->asking = false;
		portraits->asking--;
		answer_all(portrait, NULL);
		note(portrait, "");
	}
}

/* Of one of our people; NULL: not known (yet), and asked for. */
static const char *hash_of(const struct identity *identity)
{
	if (!identity->frontend->ops->card)
		return NULL;
	struct portrait *portrait = open_portrait(identity->frontend, identity->address);

	if (!portrait->known && clock_ms() >= portrait->again_ms)
		ask(portrait);
	return portrait->known && *portrait->hash ? portrait->hash : NULL;
}

/* --------------------------------------------------------------------------------------------------- entrances */

/* One of our people is there under a nickname. */
static void show_person(const struct room *room)
{
	if (!viewers_of(room->user->transport, room->name))
		return;
	LIST_EACH (link, &room->user->identities) {
		const struct identity *identity = CONTAINER_OF(link, struct identity, link);
		const char *hash = portal_person(identity->frontend, room->name, room->nickname) == identity
					   ? hash_of(identity)
					   : NULL;

		if (hash)
			deliver_to_all(room->user->transport, room->name, room->nickname, hash);
	}
}

void portrait_update(struct room *room)
{
	bool joined = room->state == ROOM_JOINED && !room->away;
	bool is_viewed = !list_empty(&room->viewed), views = joined && has_viewers(room);

	if (!is_of_use(room->user->transport))
		return;
	if (views && !is_viewed)
		add_viewed(room);
	else if (!views && is_viewed)
		remove_viewed(room);
	if (joined)
		show_person(room);
}

void portrait_forget_room(struct room *room)
{
	if (!list_empty(&room->viewed))
		remove_viewed(room);
}

/* Whoever of ours is called so there. */
static const struct identity *person_called(const struct transport *transport, const char *name, const char *nickname)
{
	const struct identity *identity = NULL;

	LIST_EACH (link, &transport->frontends) {
		const struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (!identity && frontend->ops->shares_rooms && frontend->ops->card)
			identity = portal_person(frontend, name, nickname);
	}
	return identity;
}

void portrait_show(struct room *room, const char *nickname)
{
	if (list_empty(&room->viewed))
		return;
	const struct identity *identity = person_called(room->user->transport, room->name, nickname);
	const char *hash = identity ? hash_of(identity) : NULL;

	if (hash)
		deliver(room, nickname, hash, NULL);
}

struct showing {
	struct room *room;
	struct resource *only;
};

static void show_one(void *context, const struct identity *identity, const char *nickname)
{
	const struct showing *showing = context;
	const struct participant *participant = map_get(showing->room->participants, nickname);
	const char *hash = participant && !has_own_picture(participant) ? hash_of(identity) : NULL;

	if (hash)
		deliver(showing->room, nickname, hash, showing->only);
}

void portrait_show_all(struct room *room, struct resource *only)
{
	struct showing showing = {room, only};

	if (!list_empty(&room->viewed) && (!only || is_shown_portraits(only)))
		portal_each_person(room->user->transport, room->name, show_one, &showing);
}

bool portrait_answers(struct user *user, const char *name, uint32_t id)
{
	const struct identity *identity = NULL;

	for (const char *slash = strchr(name, '/'); slash && !identity; slash = strchr(slash + 1, '/')) {
		char *prefix = mem_strndup(name, (size_t)(slash - name));
		const struct room *room = room_find(user, prefix);
		const struct participant *participant = room ? map_get(room->participants, slash + 1) : NULL;

		mem_free(prefix);
		if (participant && !has_own_picture(participant))
			identity = person_called(user->transport, room->name, participant->nickname);
	}
	if (!identity)
		return false;
	struct portrait *portrait = open_portrait(identity->frontend, identity->address);

	if ((portrait->known && !*portrait->hash) || clock_ms() < portrait->again_ms)
		return false;
	struct card *card = MEM_NEW(struct card);

	card->id = id;
	card->user = mem_strdup(user->key);
	card->name = mem_strdup(name);
	list_append(&portrait->cards, &card->link);
	ask(portrait);
	return true;
}

void portrait_changed(struct frontend *frontend, const char *address)
{
	struct portrait *portrait = find(frontend, address);

	if (!portrait)
		return;
	portrait->again_ms = 0;
	portrait->changed = true;
	if (!portrait->asking)
		ask(portrait);
}

static void free_portrait(void *value)
{
	portrait_free(value);
}

void portraits_finish(struct transport *transport)
{
	if (!transport->portraits)
		return;
	map_destroy(&transport->portraits->all, free_portrait);
	map_destroy(&transport->portraits->viewed, mem_free);
	MEM_FREE(transport->portraits);
}
