/* SPDX-License-Identifier: MIT */
#include "transport/rooms/portal.h"

#include <sodium.h>
#include <string.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/frontend.h"
#include "transport/people/portrait.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/crossing.h"
#include "transport/rooms/room.h"
#include "transport/routing/delivery.h"
#include "transport/routing/delivery_private.h"
#include "transport/spool/message_map.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define FINGERPRINT_SIZE 33 /* of what was said: 128 bits in hexadecimal, and a NUL */
#define TICK_MS 1000
/* What was shown so shortly before a join may still arrive on the new connection, for so long. */
#define JOIN_SLACK_MS 5000
#define RETURN_MS 15000 /* for the listener of the last process to be there again */
#define NOTE "portal"   /* of the spool: who was the listener */

struct portal {
	struct frontend *frontend;
	char *note;              /* its name in the spool: the frontend's, and the room's */
	const char *name;        /* the room's, in lower case: the end of `note` */
	struct map *members;     /* account key -> struct member, in order of arrival */
	struct member **seats;   /* the same by member->seat; NULL: free */
	size_t seats_count;
	struct map *called;      /* lower-case nickname -> struct member: of whatever is said each connection has a copy, and
				  * all of them ask whether it is of ours; NULL: to be made anew */
	struct member *listener; /* NULL: nobody is there, or `awaited` is */
	char *awaited;           /* account key: the listener of the process before this one; NULL */
	uint64_t await_until;    /* clock_ms */
	struct map *tallies;     /* fingerprint -> struct tally */
	struct map *ids;         /* network id -> struct tally: shown */
	struct list held;        /* struct held.link, oldest first */
	unsigned held_count;
	uv_timer_t *timer;
};

struct member {
	size_t seat; /* his number while he is one: at the lowest that is free */
	struct room *room;
	struct identity *identity;
	uint64_t joined_ms;
};

/* How often something was said within the last minute: as shown, and as each connection has brought it. */
struct tally {
	uint64_t last_ms;
	uint64_t shown_ms; /* the last time */
	uint32_t shown;
	uint32_t seats_count;
	uint32_t brought[]; /* by seat; those behind the end have not */
};

struct held {
	struct list link;
	struct member *member;
	char fingerprint[FINGERPRINT_SIZE];
	const char *network_id; /* in the arena; NULL */
	unsigned nth;
	uint64_t since_ms;
	bool doubtful; /* it may be a copy of what was shown before: just before the join, or by the last process */
	struct arena arena;
	struct event event;
};

/* ------------------------------------------------------------------------------------------- what was said
 */

static void put_part(crypto_generichash_state *state, const char *text)
{
	/* with its end, so that two parts are not another two put together */
	crypto_generichash_update(state, (const unsigned char *)(text ? text : ""),
	                          (text ? strlen(text) : 0) + 1);
}

/* Whose words, and which; into `out`. */
static void fingerprint(const struct event_message *message, char out[FINGERPRINT_SIZE])
{
	crypto_generichash_state state;
	unsigned char hash[FINGERPRINT_SIZE / 2];

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	put_part(&state, message->nickname);
	put_part(&state, message->text);
	put_part(&state, message->replaces);
	put_part(&state, message->retracts);
	put_part(&state, message->reacts_to);
	for (size_t i = 0; i < message->reactions_count; i++)
		put_part(&state, message->reactions[i]);
	/* A network that knows no files brings the text alone, which names them. */
	for (size_t i = 0; i < message->attachments_count && !(message->text && *message->text); i++)
		put_part(&state, message->attachments[i].url);
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(out, FINGERPRINT_SIZE, hash, sizeof(hash));
}

static size_t tally_size(size_t seats_count)
{
	return sizeof(struct tally) + seats_count * sizeof(uint32_t);
}

static void tally_free(struct pool *pool, struct tally *tally)
{
	pool_free(pool, tally, tally_size(tally->seats_count));
}

static void tallies_free(struct pool *pool, struct map **tallies)
{
	struct map_iter it = {0};

	while (map_next(*tallies, &it))
		tally_free(pool, it.value);
	map_destroy(tallies, NULL);
}

static struct tally *tally_of(struct pool *pool, struct map **tallies, const char *key)
{
	if (!*tallies)
		*tallies = map_create_in(pool);
	void **slot = map_slot(tallies, key);

	if (!*slot)
		*slot = pool_alloc(pool, sizeof(struct tally));
	struct tally *tally = *slot;

	tally->last_ms = clock_ms();
	return tally;
}

static unsigned brought_by(const struct tally *tally, const struct member *member)
{
	return member->seat < tally->seats_count ? tally->brought[member->seat] : 0;
}

/* For one message there is a number of each connection: there are many of them. `tally` may be another one then. */
static void set_brought(struct portal *portal, const char *print, struct tally *tally, const struct member *member,
                        unsigned count)
{
	if (member->seat >= tally->seats_count && count) {
		struct pool *pool = portal->frontend->transport->pool;
		struct tally *wider = pool_alloc(pool, tally_size(portal->seats_count));

		memcpy(wider, tally, tally_size(tally->seats_count));
		wider->seats_count = (uint32_t)portal->seats_count;
		map_put(portal->tallies, print, wider);
		tally_free(pool, tally);
		tally = wider;
	}
	if (member->seat < tally->seats_count)
		tally->brought[member->seat] = count;
}

static void take_seat(struct portal *portal, struct member *member)
{
	while (member->seat < portal->seats_count && portal->seats[member->seat])
		member->seat++;
	if (member->seat == portal->seats_count)
		portal->seats = mem_realloc(portal->seats, ++portal->seats_count * sizeof(struct member *));
	portal->seats[member->seat] = member;
}

static void expire_tallies(struct pool *pool, struct map *map, uint64_t now)
{
	struct map_iter it = {0};

	while (map_next(map, &it)) {
		struct tally *tally = it.value;

		if (now - tally->last_ms > LIMIT_PORTAL_MEMORY_SECONDS * UINT64_C(1000))
			tally_free(pool, map_remove(map, it.key));
	}
}

/* ------------------------------------------------------------------------------------------- what is held */

static void held_free(struct portal *portal, struct held *held)
{
	list_remove(&held->link);
	portal->held_count--;
	arena_finish(&held->arena);
	mem_free(held);
}

/* A copy that a backend which outlived the last process sends again was most likely shown there: the listener has taken
 * part in both, and does not bring it again. */
static bool is_doubtful(const struct portal *portal, const struct member *member, const char *print)
{
	const struct tally *tally = map_get(portal->tallies, print);

	return clock_ms() - member->joined_ms < JOIN_SLACK_MS && tally && tally->shown &&
	       tally->shown_ms <= member->joined_ms && member->joined_ms - tally->shown_ms < JOIN_SLACK_MS;
}

static void hold(struct portal *portal, struct member *member, const struct event *event, const char *print,
                 const char *network_id, unsigned nth)
{
	struct held *held = MEM_NEW(struct held);

	held->doubtful = member->room->user->resuming || (!network_id && is_doubtful(portal, member, print));
	held->member = member;
	memcpy(held->fingerprint, print, sizeof(held->fingerprint));
	held->network_id = arena_strdup(&held->arena, network_id);
	held->nth = nth;
	held->since_ms = clock_ms();
	held->event = *event;
	held->event.user = NULL;
	held->event.raw = NULL;
	event_message_keep(&held->event.message, &held->arena);
	list_append(&portal->held, &held->link);
	portal->held_count++;
}

static bool is_known(const struct portal *portal, const char *print, unsigned nth, const char *network_id)
{
	const struct tally *tally = map_get(portal->tallies, print);

	return (network_id && map_get(portal->ids, network_id)) || (tally && nth <= tally->shown);
}

static void note_shown(struct portal *portal, const char *print, unsigned nth, const char *network_id)
{
	struct pool *pool = portal->frontend->transport->pool;
	struct tally *tally = tally_of(pool, &portal->tallies, print);

	if (tally->shown < nth)
		tally->shown = nth;
	tally->shown_ms = tally->last_ms;
	if (network_id)
		tally_of(pool, &portal->ids, network_id);
}

static void drop_matched(struct portal *portal)
{
	LIST_EACH(link, &portal->held)
	{
		struct held *held = CONTAINER_OF(link, struct held, link);

		if (is_known(portal, held->fingerprint, held->nth, held->network_id))
			held_free(portal, held);
	}
}

/* Of two who are called the same, the one who came first. */
static void note_called(struct portal *portal, struct member *member)
{
	struct text_key key;
	void **slot = map_slot(&portal->called, text_key_lower(&key, member->room->nickname));

	text_key_finish(&key);
	if (!*slot)
		*slot = member;
}

static void forget_called(struct portal *portal)
{
	map_destroy(&portal->called, NULL);
}

/* NULL: nobody of the portal is called so. */
static const struct member *member_called(struct portal *portal, const char *nickname)
{
	struct map_iter it = {0};
	struct text_key key;

	if (!nickname)
		return NULL;
	bool known = portal->called != NULL;

	while (!known && map_next(portal->members, &it))
		note_called(portal, it.value);
	const struct member *member = map_get(portal->called, text_key_lower(&key, nickname));

	text_key_finish(&key);
	return member;
}

static struct portal *portal_find(const struct frontend *frontend, const char *name);

/* Of this portal, or of another frontend's for the same room. */
static bool is_ours(struct portal *portal, const char *nickname)
{
	LIST_EACH(link, &portal->frontend->transport->frontends)
	{
		const struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);
		struct portal *other = frontend == portal->frontend ? portal : portal_find(frontend, portal->name);

		if (other && member_called(other, nickname))
			return true;
	}
	return false;
}

/* Frees it. */
static void release(struct portal *portal, struct held *held)
{
	struct member *member = held->member;
	struct event event = held->event;

	if (!is_known(portal, held->fingerprint, held->nth, held->network_id)) {
		note_shown(portal, held->fingerprint, held->nth, held->network_id);
		event.user = member->room->user->key;
		delivery_accept_for(member->identity, member->room, &event, held->network_id);
	}
	held_free(portal, held);
}

/* What is about to be shown was heard by others, behind words of the same person that the listener has missed. */
static void release_missed(struct portal *portal, const char *print, unsigned nth, const char *network_id)
{
	const struct held *copy = NULL;

	LIST_EACH (link, &portal->held) {
		const struct held *held = CONTAINER_OF(link, struct held, link);

		if (!strcmp(held->fingerprint, print) && held->nth == nth &&
		    (!network_id || !held->network_id || !strcmp(network_id, held->network_id)))
			copy = held;
	}
	LIST_EACH (link, &portal->held) {
		struct held *held = CONTAINER_OF(link, struct held, link);

		if (!copy || held == copy)
			return;
		if (held->member == copy->member && !held->doubtful &&
		    text_equal_nocase(held->event.message.nickname, copy->event.message.nickname))
			release(portal, held);
	}
}

static void release_of(struct portal *portal, const struct member *member)
{
	LIST_EACH(link, &portal->held)
	{
		struct held *held = CONTAINER_OF(link, struct held, link);

		if (held->member == member)
			release(portal, held);
	}
}

static void drop_of(struct portal *portal, const struct member *member)
{
	LIST_EACH(link, &portal->held)
	{
		struct held *held = CONTAINER_OF(link, struct held, link);

		if (held->member == member)
			held_free(portal, held);
	}
}

/* ----------------------------------------------------------------------------------------------- listener */

static void set_listener(struct portal *portal, struct member *listener)
{
	portal->listener = listener;
	MEM_FREE(portal->awaited);
	if (!listener)
		return;
	const char *key = listener->room->user->key;

	spool_note_set(portal->frontend->transport->spool, NOTE, portal->note, key, strlen(key));
	log_debug(&listener->room->user->log, "listens in room %s", log_quote(listener->room->name));
	release_of(portal, listener);
	if (portal->frontend->ops->listener_changed)
		portal->frontend->ops->listener_changed(portal->frontend, listener->room);
}

static void choose_listener(struct portal *portal)
{
	struct map_iter it = {0};

	if (portal->awaited && clock_ms() < portal->await_until)
		return;
	set_listener(portal, map_next(portal->members, &it) ? it.value : NULL);
}

static void on_timer_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void portal_free(void *value)
{
	struct portal *portal = value;

	LIST_EACH(link, &portal->held)
	held_free(portal, CONTAINER_OF(link, struct held, link));
	map_destroy(&portal->members, mem_free);
	forget_called(portal);
	mem_free(portal->seats);
	tallies_free(portal->frontend->transport->pool, &portal->tallies);
	tallies_free(portal->frontend->transport->pool, &portal->ids);
	uv_close((uv_handle_t *)portal->timer, on_timer_closed);
	mem_free(portal->awaited);
	mem_free(portal->note);
	mem_free(portal);
}

/* Nobody else has brought it: it was the copy of an old one, and what comes of the same words is one less. */
static void forget_doubtful(struct portal *portal, struct held *doubtful)
{
	const struct member *member = doubtful->member;
	struct tally *tally = map_get(portal->tallies, doubtful->fingerprint);

	if (tally && brought_by(tally, member))
		set_brought(portal, doubtful->fingerprint, tally, member, brought_by(tally, member) - 1);
	for (struct list *link = doubtful->link.next; link != &portal->held; link = link->next) {
		struct held *held = CONTAINER_OF(link, struct held, link);

		if (held->member == doubtful->member && !strcmp(held->fingerprint, doubtful->fingerprint))
			held->nth--;
	}
	held_free(portal, doubtful);
}

static void release_overdue(struct portal *portal, uint64_t now)
{
	if (!portal->listener)
		return;
	LIST_EACH(link, &portal->held)
	{
		struct held *held = CONTAINER_OF(link, struct held, link);

		if (now - held->since_ms < LIMIT_PORTAL_HOLD_SECONDS * UINT64_C(1000))
			return;
		if (held->doubtful)
			forget_doubtful(portal, held);
		else if (is_ours(portal, held->event.message.nickname))
			held_free(portal, held);
		else
			release(portal, held);
	}
}

/* Somebody has the room, if only in a connection that is lost for now. */
static bool is_noted(const struct portal *portal)
{
	size_t size;

	return spool_note_get(portal->frontend->transport->spool, NOTE, portal->note, &size) != NULL;
}

static void on_tick(uv_timer_t *timer)
{
	struct portal *portal = timer->data;
	uint64_t now = clock_ms();

	expire_tallies(portal->frontend->transport->pool, portal->tallies, now);
	expire_tallies(portal->frontend->transport->pool, portal->ids, now);
	if (!portal->listener)
		choose_listener(portal);
	release_overdue(portal, now);
	/* forgotten when nobody was there for so long that nothing can match any more, and nobody is to come back */
	if (map_count(portal->members) || map_count(portal->tallies) || portal->awaited || is_noted(portal))
		return;
	map_remove(portal->frontend->portals, portal->name);
	portal_free(portal);
}

static struct portal *portal_find(const struct frontend *frontend, const char *name)
{
	struct text_key key;
	struct portal *portal = map_get(frontend->portals, text_key_lower(&key, name));

	text_key_finish(&key);
	return portal;
}

static char *note_name(const struct frontend *frontend, const char *name)
{
	char *note = mem_printf("%s\n%s", frontend->ops->name, name);

	text_lower(note + strlen(frontend->ops->name));
	return note;
}

static struct portal *portal_open(struct frontend *frontend, const char *name)
{
	struct portal *portal = portal_find(frontend, name);

	if (portal)
		return portal;
	portal = MEM_NEW(struct portal);
	portal->frontend = frontend;
	portal->note = note_name(frontend, name);
	portal->name = portal->note + strlen(frontend->ops->name) + 1;
	portal->members = map_create();
	list_init(&portal->held);
	portal->awaited = spool_note_text(frontend->transport->spool, NOTE, portal->note);
	if (portal->awaited)
		portal->await_until = clock_ms() + RETURN_MS;
	portal->timer = MEM_NEW(uv_timer_t);
	portal->timer->data = portal;
	uv_timer_init(frontend->transport->loop, portal->timer);
	uv_timer_start(portal->timer, on_tick, TICK_MS, TICK_MS);
	map_set(&frontend->portals, portal->name, portal);
	return portal;
}

/* ------------------------------------------------------------------------------------------------ members */

static void set_out(struct portal *portal, struct member *member)
{
	bool listened = portal->listener == member;

	map_remove(portal->members, member->room->user->key);
	forget_called(portal);
	portal->seats[member->seat] = NULL;
	if (listened)
		portal->listener = NULL;
	/* The listener's successor begins with what it holds itself: others' copies stay for their own time.
	 */
	drop_of(portal, member);
	mem_free(member);
	if (listened && !portal->frontend->transport->stopping)
		choose_listener(portal);
}

static void take_in(struct portal *portal, struct room *room, struct identity *identity)
{
	struct member *member = MEM_NEW(struct member);
	const char *user = room->user->key;
	struct map_iter it = {0};

	member->room = room;
	member->identity = identity;
	member->joined_ms = clock_ms();
	map_put(portal->members, user, member);
	if (portal->called)
		note_called(portal, member);
	take_seat(portal, member);
	/* What was said before he came he does not bring; nor is what he brings another's who sat there. */
	while (map_next(portal->tallies, &it)) {
		struct tally *tally = it.value;

		set_brought(portal, it.key, tally, member, tally->shown);
	}
	if (portal->awaited && !strcmp(portal->awaited, user))
		set_listener(portal, member);
	else if (!portal->listener)
		choose_listener(portal);
}

static struct identity *identity_in(const struct room *room, const struct frontend *frontend)
{
	LIST_EACH(link, &room->occupants)
	{
		struct identity *identity = CONTAINER_OF(link, struct occupant, link)->resource->identity;

		if (identity->frontend == frontend)
			return identity;
	}
	return NULL;
}

/* Whoever of the frontend's people has the room, if only in a connection that is lost for now. `but`: not he; NULL. */
static bool find_anybody(const struct frontend *frontend, const char *name, const struct user *but,
                         struct identity **identity, struct room **room)
{
	struct map_iter it = {0};

	while (map_next(frontend->transport->users, &it)) {
		*room = it.value == but ? NULL : room_find(it.value, name);
		*identity = *room ? identity_in(*room, frontend) : NULL;
		if (*identity)
			return true;
	}
	return false;
}

/* The process after this one is not to wait for who has left the room, but for one who has it still. Until then the
 * note stays, also while nobody is connected, and when this process ends. */
static void note_left(const struct frontend *frontend, const struct room *left)
{
	struct spool *spool = frontend->transport->spool;
	char *note = note_name(frontend, left->name), *account = spool_note_text(spool, NOTE, note);
	struct identity *identity;
	struct room *room;

	if (account && !strcmp(account, left->user->key) && !frontend->transport->stopping) {
		bool found = find_anybody(frontend, left->name, left->user, &identity, &room);

		spool_note_set_text(spool, NOTE, note, found ? room->user->key : NULL);
	}
	mem_free(account);
	mem_free(note);
}

static void update(struct frontend *frontend, struct room *room)
{
	bool hears = room->state == ROOM_JOINED && !room->away;
	struct identity *inside = identity_in(room, frontend), *identity = hears ? inside : NULL;
	struct portal *portal =
	        identity ? portal_open(frontend, room->name) : portal_find(frontend, room->name);
	struct member *member = portal ? map_get(portal->members, room->user->key) : NULL;

	if (identity && !member)
		take_in(portal, room, identity);
	else if (identity)
		member->identity = identity;
	else if (member)
		set_out(portal, member);
	if (!inside)
		note_left(frontend, room);
}

void portal_update(struct room *room)
{
	LIST_EACH(link, &room->user->transport->frontends)
	{
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (frontend->ops->shares_rooms)
			update(frontend, room);
	}
	portrait_update(room);
}

void portal_renamed(const struct room *room)
{
	LIST_EACH (link, &room->user->transport->frontends) {
		struct portal *portal = portal_find(CONTAINER_OF(link, struct frontend, link), room->name);

		if (portal)
			forget_called(portal);
	}
}

void portal_forget_room(struct room *room)
{
	LIST_EACH(link, &room->user->transport->frontends)
	{
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);
		struct portal *portal =
		        frontend->ops->shares_rooms ? portal_find(frontend, room->name) : NULL;
		struct member *member = portal ? map_get(portal->members, room->user->key) : NULL;

		if (member && member->room == room)
			set_out(portal, member);
		if (frontend->ops->shares_rooms)
			note_left(frontend, room);
	}
	portrait_forget_room(room);
}

/* The echo says what the network calls what was said here. */
static void note_names(const struct identity *identity, const struct event_message *message)
{
	struct buf people = {0}, network = {0};

	delivery_places(identity, message->name, true, &people, &network);
	message_map_put(identity->frontend->transport->spool,
	                &(struct message_link){.place = buf_text(&people),
	                                       .id = message->sent_id,
	                                       .other_place = buf_text(&network),
	                                       .other_id = message->id});
	buf_finish(&people);
	buf_finish(&network);
}

bool portal_admits(struct identity *identity, struct room *room, const struct event *event,
                   const char *network_id)
{
	struct portal *portal = portal_find(identity->frontend, room->name);
	struct member *member = portal ? map_get(portal->members, room->user->key) : NULL;
	const struct event_message *message = &event->message;

	/* Not a room message: it is this person's own. */
	if (message->kind != MESSAGE_ROOM)
		return true;
	if (!member || member->identity != identity)
		return false;
	/* Of a person's own words only those from elsewhere are news, and only his own connection knows
	 * which. */
	if (message->nickname && text_equal_nocase(message->nickname, room->nickname)) {
		if (message->sent_id && message->id)
			note_names(identity, message);
		if (message->carbon)
			crossing_of_carbon(identity, room, event, network_id);
		return message->carbon;
	}
	if (is_ours(portal, message->nickname))
		return false;
	char print[FINGERPRINT_SIZE];

	fingerprint(message, print);
	struct tally *tally = tally_of(room->user->transport->pool, &portal->tallies, print);
	unsigned nth = brought_by(tally, member) + 1;

	set_brought(portal, print, tally, member, nth);
	if (network_id && !*network_id)
		network_id = NULL;
	if (is_known(portal, print, nth, network_id))
		return false;
	if (member != portal->listener) {
		if (portal->held_count < LIMIT_PORTAL_HELD) {
			hold(portal, member, event, print, network_id, nth);
			return false;
		}
		log_warning(&room->user->log,
		            "room %s: more than %d copies wait for the listener's: this one is shown",
		            log_quote(room->name), LIMIT_PORTAL_HELD);
	}
	release_missed(portal, print, nth, network_id);
	note_shown(portal, print, nth, network_id);
	drop_matched(portal);
	return true;
}

bool portal_has_nickname(const struct frontend *frontend, const char *name, const char *nickname)
{
	struct portal *portal = portal_find(frontend, name);

	return portal && member_called(portal, nickname);
}

const struct identity *portal_person(const struct frontend *frontend, const char *name, const char *nickname)
{
	struct portal *portal = portal_find(frontend, name);
	const struct member *member = portal ? member_called(portal, nickname) : NULL;

	return member ? member->identity : NULL;
}

void portal_each_person(const struct transport *transport, const char *name,
			void (*each)(void *context, const struct identity *identity, const char *nickname),
			void *context)
{
	LIST_EACH (link, &transport->frontends) {
		const struct portal *portal = portal_find(CONTAINER_OF(link, struct frontend, link), name);
		struct map_iter it = {0};

		while (portal && map_next(portal->members, &it)) {
			const struct member *member = it.value;

			each(context, member->identity, member->room->nickname);
		}
	}
}

struct room *portal_listener(const struct frontend *frontend, const char *name)
{
	const struct portal *portal = portal_find(frontend, name);

	return portal && portal->listener ? portal->listener->room : NULL;
}

bool portal_is_listener(const struct identity *identity, const char *name)
{
	const struct room *listener = portal_listener(identity->frontend, name);

	return listener && listener->user == identity->user;
}

bool portal_exit(const struct frontend *frontend, const char *name, struct identity **identity, struct room **room)
{
	const struct portal *portal = portal_find(frontend, name);

	if (!portal || !portal->listener)
		return find_anybody(frontend, name, NULL, identity, room);
	*identity = portal->listener->identity;
	*room = portal->listener->room;
	return true;
}

char *portal_awaited(const struct frontend *frontend, const char *name)
{
	const struct portal *portal = portal_find(frontend, name);

	if (portal)
		return mem_strdup(portal->awaited);
	char *note = note_name(frontend, name), *account = spool_note_text(frontend->transport->spool, NOTE, note);

	mem_free(note);
	return account;
}

void portal_forget_all(struct transport *transport)
{
	LIST_EACH(link, &transport->frontends)
	map_destroy(&CONTAINER_OF(link, struct frontend, link)->portals, portal_free);
}
