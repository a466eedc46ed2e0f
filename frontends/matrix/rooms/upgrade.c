/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/upgrade.h"

#include <string.h>

#include "base/arena.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/continuation.h"
#include "frontends/matrix/rooms/gap.h"
#include "frontends/matrix/rooms/members.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "frontends/matrix/rooms/room_power.h"
#include "frontends/matrix/rooms/space.h"
#include "transport/people/session.h"
#include "transport/routing/delivery.h"

struct following {
	struct matrix_frontend *frontend;
	char *from, *to;
	char *as;                /* the ghost of a chat; NULL: the bot */
	char *further, *creator; /* upgrade_skip; NULL */
};

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
	unsigned replaced = old->upgrade.replaced;

	log_info(&frontend->base.log, "room %s is replaced by %s", log_quote(old->id), log_quote(to));
	matrix_room_note_replaced(frontend, old, to);
	leave(frontend, old);
	/* The old one first, so that the new one is the only one of its kind. */
	if (kind == MATRIX_ROOM_CHAT)
		space_remove(frontend, owner, old->id);
	matrix_room_forget(frontend, &old);
	continuation_found(frontend, to);
	struct matrix_room *room = matrix_room_set(frontend, to, kind, owner, name);

	room->in_room = in_room;
	room->gap.unread = true;
	room->upgrade.replaced = replaced;
	mem_replace(&room->relay, relay);
	matrix_room_store(frontend, room);
	if (kind == MATRIX_ROOM_CHAT)
		space_add(frontend, owner, room);
	if (kind == MATRIX_ROOM_CONTROL)
		person_set_control(frontend, owner, to);
	members_ask(frontend, room);
	gaps_read(frontend, room);
	matrix_later(frontend, show_waiting, NULL, NULL);
	if (kind == MATRIX_ROOM_PORTAL)
		matrix_later(frontend, portal_rooms_sync, name, NULL);
	matrix_later(frontend, continuations_decide, NULL, NULL);
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
	mem_free(following->as);
	mem_free(following->further);
	mem_free(following->creator);
	mem_free(following);
}

static void following_end(struct following *following)
{
	if (following->further)
		continuation_open(following->frontend, following->further);
	following_free(following);
}

static struct following *follow(struct matrix_frontend *frontend, const struct matrix_room *room,
                                const char *replacement)
{
	struct following *following = MEM_NEW(struct following);

	following->frontend = frontend;
	following->from = mem_strdup(room->id);
	following->to = mem_strdup(replacement);
	following->as = ghost_of_chat(frontend, room);
	return following;
}

static void end_claim(struct matrix_frontend *frontend, struct matrix_room *room)
{
	MEM_FREE(room->upgrade.claim);
	MEM_FREE(room->upgrade.claim_by);
	room->upgrade.claim_allowed = false;
	if (room->upgrade.claimed_again)
		upgrade_look(frontend, room, false);
	room->upgrade.claimed_again = false;
	matrix_later(frontend, continuations_decide, NULL, NULL);
}

/* `to` does not replace it; if nothing else does it goes on. */
static void stay(struct matrix_frontend *frontend, struct matrix_room *room, const char *to)
{
	if (text_is(room->upgrade.successor, to)) {
		MEM_FREE(room->upgrade.successor);
		matrix_later(frontend, continuations_decide, NULL, NULL);
	}
	if (text_is(room->upgrade.claim, to))
		end_claim(frontend, room);
	matrix_room_store(frontend, room);
	if (room->upgrade.successor)
		return;
	if (room->upgrade.closed)
		matrix_later(frontend, show_waiting, NULL, NULL);
	room->upgrade.closed = false;
}

static bool is_free(const struct matrix_room *room)
{
	return !room || room->kind == MATRIX_ROOM_PLAIN;
}

/* It is the one, and waits for an invitation. */
static void wait_for(struct matrix_frontend *frontend, struct matrix_room *room, const char *to)
{
	if (!text_is(room->upgrade.claim, to))
		return;
	log_info(&frontend->base.log, "room %s is replaced by %s, which waits for an invitation", log_quote(room->id),
	         log_quote(to));
	mem_replace(&room->upgrade.successor, to);
	end_claim(frontend, room);
	matrix_room_store(frontend, room);
	CRASH_POINT("core.matrix.upgrade.waits");
}

/* Of the room that waits for the same successor `creator` may not change the state, perhaps of another one. */
static void skip_next(const struct following *following)
{
	struct matrix_frontend *frontend = following->frontend;
	const struct matrix_room *next = upgrade_waiting_for(frontend, following->to, following->from);

	if (!next)
		continuation_refused(frontend, following->further);
	else if (text_is(next->upgrade.successor, following->to))
		upgrade_skip(frontend, next, following->further, following->creator);
	else
		continuation_open(frontend, following->further);
}

static void on_further_power(void *context, const struct room_power *power)
{
	struct following *following = context;
	struct matrix_frontend *frontend = following->frontend;
	struct matrix_room *room = matrix_room_find(frontend, following->from);
	const struct matrix_room *further = matrix_room_find(frontend, following->further);
	bool waits = room && text_is(room->upgrade.successor, following->to);

	if (power->may && waits && further && further->continues.undecided)
		tie(frontend, room, following->further);
	else if (power->may)
		continuation_open(frontend, following->further);
	else if (*power->problem)
		skip_next(following);
	following_free(following);
}

/* Is said, or known, to be the successor of that room. */
static bool is_successor_of(const struct matrix_room *room, const char *to)
{
	return text_is(room->upgrade.successor, to) || text_is(room->upgrade.claim, to);
}

static bool is_waited_for(const struct matrix_frontend *frontend, const char *to)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it))
		if (is_successor_of(it.value, to))
			return true;
	return false;
}

/* Of what `to` says of itself nothing can be read. */
static void not_entered(struct following *following, struct matrix_room *room)
{
	struct matrix_frontend *frontend = following->frontend;

	if (room && following->further) {
		room_power_check(frontend, room, following->creator, on_further_power, following);
		return;
	}
	if (room)
		wait_for(frontend, room, following->to);
	following_end(following);
}

static void not_followed(struct following *following, struct matrix_room *room, bool good)
{
	struct matrix_frontend *frontend = following->frontend;

	if (room || !good)
		log_warning(&frontend->base.log, "room %s says that %s replaces it, which %s: not followed",
		            log_quote(following->from), log_quote(following->to),
		            good ? "is tied to something else" : "does not say so");
	if (room)
		stay(frontend, room, following->to);
	/* Anybody may name any room: out of one that others have brought us into, or that another of ours waits for, he gets
	 * nobody. */
	if (!matrix_room_find(frontend, following->to) && !is_waited_for(frontend, following->to))
		matrix_leave(frontend, following->to, following->as);
}

/* The room that is to be tied to another place, if that is still so. */
static struct matrix_room *room_of(const struct following *following)
{
	struct matrix_room *room = matrix_room_find(following->frontend, following->from);

	return room && is_successor_of(room, following->to) ? room : NULL;
}

static void on_state(void *context, const struct matrix_reply *reply)
{
	struct following *following = context;
	struct matrix_frontend *frontend = following->frontend;
	struct matrix_room *room = room_of(following);
	struct room_state state;
	struct arena arena = {0};

	room_state_read(&state, reply->err ? NULL : reply->json, &arena);
	bool good = text_is(state.predecessor, following->from);

	arena_finish(&arena);
	if (reply->err == TP_ERR_NOT_ALLOWED) {
		not_entered(following, room);
		return;
	}
	if (room && good && is_free(matrix_room_find(frontend, following->to)))
		tie(frontend, room, following->to);
	else
		not_followed(following, room, good);
	following_end(following);
}

static void call(struct following *following, enum http_method method, const char *form, matrix_done *done)
{
	char *path = matrix_path(form, following->to);

	homeserver_call(following->frontend->homeserver, &(struct matrix_call){.method = method,
	                                                                       .path = path,
	                                                                       .state = method == HTTP_GET,
	                                                                       .as = following->as,
	                                                                       .lane = following->to,
	                                                                       .done = done,
	                                                                       .context = following,
	                                                                       .drop = following_free});
	mem_free(path);
}

static void on_entered(void *context, const struct matrix_reply *reply)
{
	struct following *following = context;

	/* Anything else shows by what is read. */
	if (reply->err == TP_ERR_NOT_ALLOWED)
		not_entered(following, room_of(following));
	else
		call(following, HTTP_GET, "/rooms/%s/state", on_state);
}

static void look_at(struct matrix_frontend *frontend, const struct matrix_room *room, const char *replacement)
{
	call(follow(frontend, room, replacement), HTTP_POST, "/join/%s", on_entered);
}

void upgrade_skip(struct matrix_frontend *frontend, const struct matrix_room *room, const char *further,
                  const char *creator)
{
	struct following *following = follow(frontend, room, room->upgrade.successor);

	following->further = mem_strdup(further);
	following->creator = mem_strdup(creator);
	call(following, HTTP_POST, "/join/%s", on_entered);
}

const struct matrix_room *upgrade_waiting_for(const struct matrix_frontend *frontend, const char *successor,
                                              const char *behind)
{
	struct map_iter it = map_behind(frontend->rooms, behind);

	while (map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		if (room->kind != MATRIX_ROOM_CHAT && is_successor_of(room, successor))
			return room;
	}
	return NULL;
}

bool upgrade_invited(struct matrix_frontend *frontend, const char *id)
{
	struct map_iter it = {0};
	bool expected = false;

	while (map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		if (!is_successor_of(room, id))
			continue;
		expected = true;
		/* else it is entered when that is known */
		if (text_is(room->upgrade.successor, id) || room->upgrade.claim_allowed)
			look_at(frontend, room, id);
	}
	return expected;
}

static void on_power(void *context, const struct room_power *power)
{
	struct following *following = context;
	struct matrix_frontend *frontend = following->frontend;
	struct matrix_room *room = matrix_room_find(frontend, following->from);

	CRASH_POINT("core.matrix.upgrade.asked");
	if (room && text_is(room->upgrade.claim, following->to) && power->may) {
		room->upgrade.claim_allowed = true;
		look_at(frontend, room, following->to);
	} else if (room && text_is(room->upgrade.claim, following->to) && *power->problem) {
		log_warning(&frontend->base.log, "room %s is replaced by somebody who may not do that: not followed",
		            log_quote(following->from));
		stay(frontend, room, following->to);
	}
	following_free(following);
}

static void check_claim(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	room_power_check(frontend, room, room->upgrade.claim_by, on_power, follow(frontend, room, room->upgrade.claim));
}

static void claim(struct matrix_frontend *frontend, struct matrix_room *room, const char *sender,
                  const char *replacement, unsigned replaced)
{
	if (room->upgrade.claim || text_is(room->upgrade.successor, replacement)) {
		room->upgrade.claimed_again = room->upgrade.claim && !text_is(room->upgrade.claim, replacement);
		return;
	}
	mem_replace(&room->upgrade.claim, replacement);
	mem_replace(&room->upgrade.claim_by, sender);
	room->upgrade.replaced = replaced;
	/* The homeserver does not say it again: a process after this one asks. */
	matrix_room_store(frontend, room);
	check_claim(frontend, room);
}

void upgrade_follow(struct matrix_frontend *frontend, struct matrix_room *room, const char *sender,
                    const char *replacement)
{
	claim(frontend, room, sender, replacement, 0);
}

/* ------------------------------------------------------------------------------------- what its state says */

struct looking {
	struct matrix_frontend *frontend;
	char *as;
	bool taken;
	char room[];
};

static void looking_free(void *context)
{
	struct looking *looking = context;

	mem_free(looking->as);
	mem_free(looking);
}

static void looked(struct looking *looking, struct matrix_room *room)
{
	if (room && room->gap.unread && looking->taken) {
		room->gap.unread = false;
		matrix_room_store(looking->frontend, room);
		matrix_later(looking->frontend, continuations_decide, NULL, NULL);
	}
	looking_free(looking);
}

static void on_own_state(void *context, const struct matrix_reply *reply)
{
	struct looking *looking = context;
	struct matrix_frontend *frontend = looking->frontend;
	struct matrix_room *room = matrix_room_find(frontend, looking->room);
	struct room_state state;
	struct arena arena = {0};

	room_state_read(&state, reply->err ? NULL : reply->json, &arena);
	if (room && state.successor && state.replaced_by && room->upgrade.replaced >= LIMIT_MATRIX_REPLACED)
		log_warning(&frontend->base.log, "room %s is replaced like %u before it: not followed", log_quote(room->id),
		            room->upgrade.replaced);
	else if (room && state.successor && state.replaced_by)
		claim(frontend, room, state.replaced_by, state.successor, room->upgrade.replaced + 1);
	arena_finish(&arena);
	looked(looking, room);
}

static void ask(struct looking *looking, const char *form, matrix_done *done)
{
	char *path = matrix_path(form, looking->room);

	homeserver_call(looking->frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                                     .path = path,
	                                                                     .state = done == on_own_state,
	                                                                     .as = looking->as,
	                                                                     .lane = looking->room,
	                                                                     .done = done,
	                                                                     .context = looking,
	                                                                     .drop = looking_free});
	mem_free(path);
}

/* Its content, which does not say whose it is. Most rooms have none. */
static void on_tombstone(void *context, const struct matrix_reply *reply)
{
	struct looking *looking = context;
	struct matrix_room *room = matrix_room_find(looking->frontend, looking->room);
	struct arena arena = {0};
	const char *successor = reply->err ? NULL : json_text(reply->json, "replacement_room", &arena);

	if (room && successor && !text_is(room->upgrade.claim, successor) && !text_is(room->upgrade.successor, successor))
		ask(looking, "/rooms/%s/state", on_own_state);
	else
		looked(looking, room);
	arena_finish(&arena);
}

void upgrade_look(struct matrix_frontend *frontend, const struct matrix_room *room, bool taken)
{
	if (room->gap.unread && !taken)
		return;
	struct looking *looking = MEM_NEW_TEXT(struct looking, room, room->id);

	looking->frontend = frontend;
	looking->as = ghost_of_chat(frontend, room);
	looking->taken = taken;
	ask(looking, "/rooms/%s/state/m.room.tombstone/", on_tombstone);
}

void upgrades_recover(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		if (room->gap.unread)
			gaps_read(frontend, room);
		if (room->upgrade.claim)
			check_claim(frontend, room);
		if (room->upgrade.successor) {
			look_at(frontend, room, room->upgrade.successor);
			upgrade_look(frontend, room, false);
		}
	}
	continuations_recover(frontend);
}

bool upgrade_refused(struct matrix_frontend *frontend, const char *id)
{
	struct matrix_room *room = matrix_room_find(frontend, id);

	if (room && !upgrade_is_expected(room))
		return false;
	if (room)
		room->upgrade.closed = true;
	else
		matrix_later(frontend, show_waiting, NULL, NULL);
	return true;
}

static void note_closed(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	bool *closed = context;

	(void)frontend;
	*closed = *closed || room->upgrade.closed;
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

		closed = room && room->upgrade.closed;
		mem_free(name);
	}
	return closed;
}
