/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/gap.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/ping.h"
#include "frontends/matrix/rooms/matrix_room.h"
#include "frontends/matrix/rooms/members.h"
#include "frontends/matrix/rooms/upgrade.h"
#include "frontends/matrix/transaction.h"
#include "transport/spool/spool.h"

#define SUSPECTED "suspected gap" /* note of the spool: i64, suspect_ms */

/* What of a room is read, if it is not too much: of the trouble, since one of ours came in, or all. */
enum span { SINCE_TROUBLE, SINCE_JOINED, WHOLE };

struct gaps {
	struct matrix_frontend *frontend;
	struct gap {
		char *room;
		enum span span;
		uint64_t spoke_ms; /* as the room's */
	} *rooms;
	size_t count, capacity, next;
	unsigned under_way;
	bool again;        /* nothing waits for it: one after the other */
	bool failed;       /* it was given up */
	int64_t since_ms; /* Unix milliseconds, as the homeserver counts them */
	uint64_t moved_ms; /* clock_ms when the last room was read, or it began */
};

static void gaps_finish(struct gaps *gaps)
{
	for (size_t i = 0; i < gaps->count; i++)
		mem_free(gaps->rooms[i].room);
	mem_free(gaps->rooms);
	mem_free(gaps);
}

/* --------------------------------------------------------------------------------------------------- one room */

struct reading {
	struct gaps *gaps;
	char *room, *as;
	const struct cJSON *items[LIMIT_MATRIX_GAP_EVENTS]; /* the newest first */
	size_t count;
	enum span span;
	bool members_changed;
};

static void reading_free(void *context)
{
	struct reading *reading = context;

	mem_free(reading->room);
	mem_free(reading->as);
	mem_free(reading);
}

/* False: what is older is none of ours. One that seems to be from before is left out, and no more: its time is that of
 * its sender's homeserver, and what came before it may be newer. */
static bool look_at(struct reading *reading, const struct cJSON *item, struct arena *arena)
{
	struct matrix_frontend *frontend = reading->gaps->frontend;
	const char *sender = json_text(item, "sender", arena);
	bool old = reading->span == SINCE_TROUBLE && json_number(item, "origin_server_ts", 0) < reading->gaps->since_ms;

	if (text_is(json_text(item, "type", arena), "m.room.member")) {
		const char *who = json_text(item, "state_key", arena);
		const char *membership = json_text(json_object(item, "content"), "membership", arena);

		reading->members_changed = reading->members_changed ||
		                           (!old && who && !matrix_is_ours(&frontend->names, who));
		bool joins = text_is(who, reading->as ? reading->as : frontend->bot) && text_is(membership, "join");

		return reading->span == WHOLE || !joins;
	}
	if (!old && sender && !matrix_is_ours(&frontend->names, sender) &&
	    !json_object(json_object(item, "unsigned"), "redacted_because"))
		reading->items[reading->count++] = item;
	return true;
}

static void hand_on(const struct reading *reading)
{
	struct buf text = {0};

	buf_puts(&text, "{\"events\":[");
	for (size_t i = reading->count; i-- > 0;) {
		json_put(&text, reading->items[i]);
		buf_puts(&text, i ? "," : "]}");
	}
	transactions_take_found(reading->gaps->frontend, json_read(buf_text(&text), text.len));
	buf_finish(&text);
}

static void go_on(struct gaps *gaps);

static void go_on_again(struct matrix_frontend *frontend, const char *unused, const char *unused_too)
{
	(void)unused;
	(void)unused_too;
	if (frontend->again)
		go_on(frontend->again);
}

/* The ping is made again until it is answered: then it begins anew. */
static void give_up(struct gaps *gaps)
{
	struct matrix_frontend *frontend = gaps->frontend;

	gaps->next = gaps->count;
	gaps->failed = true;
	if (frontend->again_failed < LIMIT_MATRIX_AGAIN_DOUBLED)
		frontend->again_failed++;
	matrix_ping(frontend);
}

static void on_messages(void *context, const struct matrix_reply *reply)
{
	struct reading *reading = context;
	struct gaps *gaps = reading->gaps;
	struct matrix_frontend *frontend = gaps->frontend;
	struct arena arena = {0};
	const struct cJSON *item = json_first(json_array(reply->json, "chunk"));

	CRASH_POINT("core.matrix.gap_read");
	size_t seen = 0;

	for (; item && seen < LIMIT_MATRIX_GAP_EVENTS && look_at(reading, item, &arena); seen++)
		item = json_next(item);
	/* There may be more than we get to see. */
	if (!gaps->again && reading->span == SINCE_TROUBLE && seen == LIMIT_MATRIX_GAP_EVENTS)
		reading->members_changed = true;
	if (gaps->again && !homeserver_answers(frontend->homeserver) && homeserver_silences(frontend->homeserver) > 1)
		give_up(gaps);
	else if (reply->err)
		log_info(&frontend->base.log, "the last messages of %s cannot be read: %s", log_quote(reading->room),
		         reply->problem);
	if (reading->count)
		hand_on(reading);
	/* What was found may have ended it. */
	const struct matrix_room *room = matrix_room_find(frontend, reading->room);

	if (room && reading->members_changed)
		members_ask(frontend, room);
	gaps->under_way--;
	gaps->moved_ms = clock_ms();
	arena_finish(&arena);
	reading_free(reading);
	if (gaps->again)
		matrix_after(frontend, LIMIT_MATRIX_AGAIN_PAUSE_MS, go_on_again, NULL, NULL);
	else
		go_on(gaps);
}

static void read_room(struct gaps *gaps, const struct matrix_room *room, enum span span)
{
	struct reading *reading = MEM_NEW(struct reading);
	char *path = matrix_path("/rooms/%s/messages", room->id);
	char *query = mem_printf("%s?dir=b&limit=%d", path,
	                         gaps->again ? LIMIT_MATRIX_AGAIN_EVENTS : LIMIT_MATRIX_GAP_EVENTS);

	reading->gaps = gaps;
	reading->room = mem_strdup(room->id);
	reading->span = span;
	reading->as = ghost_of_chat(gaps->frontend, room);
	gaps->under_way++;
	homeserver_call(gaps->frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                                  .path = query,
	                                                                  .as = reading->as,
	                                                                  .once = gaps->again,
	                                                                  .done = on_messages,
	                                                                  .context = reading,
	                                                                  .drop = reading_free});
	mem_free(query);
	mem_free(path);
}

/* -------------------------------------------------------------------------------------------------- all rooms */

/* Who is there may not be known yet. */
static bool is_deserted(const struct matrix_room *room)
{
	return room->ghosts && !matrix_room_people(room);
}

static void finish_again(struct gaps *gaps)
{
	struct matrix_frontend *frontend = gaps->frontend;
	struct map_iter it = {0};

	if (!gaps->failed)
		frontend->again_failed = 0;
	while (!gaps->failed && map_next(frontend->rooms, &it)) {
		struct matrix_room *room = it.value;

		if (room->gap.look_when_quiet)
			upgrade_look(frontend, room, false);
		room->gap.look_when_quiet = false;
	}
	frontend->again = NULL;
	gaps_finish(gaps);
}

static void go_on(struct gaps *gaps)
{
	struct matrix_frontend *frontend = gaps->frontend;
	unsigned calls = gaps->again ? 1 : LIMIT_MATRIX_GAP_CALLS;

	while (gaps->next < gaps->count && gaps->under_way < calls) {
		const struct gap *gap = &gaps->rooms[gaps->next++];
		const struct matrix_room *room = matrix_room_find(frontend, gap->room);

		if (room && !(gaps->again && is_deserted(room)))
			read_room(gaps, room, gap->span);
	}
	if (gaps->under_way)
		return;
	if (gaps->again) {
		finish_again(gaps);
		return;
	}
	log_info(&frontend->base.log, "%zu rooms were looked through for what the homeserver has not told", gaps->count);
	frontend->gaps = NULL;
	gaps_finish(gaps);
	matrix_later(frontend, transactions_go_on, NULL, NULL);
}

/* `trouble_ms`: by our clock, which may be wrong. */
static struct gaps *begin(struct matrix_frontend *frontend, int64_t trouble_ms)
{
	struct gaps *gaps = MEM_NEW(struct gaps);

	gaps->frontend = frontend;
	gaps->since_ms = trouble_ms + homeserver_ahead_ms(frontend->homeserver) - LIMIT_MATRIX_GAP_MS;
	gaps->moved_ms = clock_ms();
	return gaps;
}

static void add(struct gaps *gaps, const struct matrix_room *room, enum span span)
{
	if (gaps->count == gaps->capacity) {
		gaps->capacity = gaps->capacity ? gaps->capacity * 2 : 8;
		gaps->rooms = mem_realloc(gaps->rooms, gaps->capacity * sizeof(*gaps->rooms));
	}
	gaps->rooms[gaps->count++] = (struct gap){
	        .room = mem_strdup(room->id), .span = span, .spoke_ms = room->spoke_ms};
}

static void add_all(struct gaps *gaps)
{
	struct map_iter it = {0};

	while (map_next(gaps->frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		if (room->kind == MATRIX_ROOM_CHAT || room->kind == MATRIX_ROOM_PORTAL || room->kind == MATRIX_ROOM_CONTROL)
			add(gaps, room, SINCE_TROUBLE);
	}
}

/* ------------------------------------------------------------------------------------------------------ again */

static int by_last_word(const void *a, const void *b)
{
	uint64_t one = ((const struct gap *)a)->spoke_ms, other = ((const struct gap *)b)->spoke_ms;

	return one == other ? 0 : one > other ? -1 : 1;
}

static void look_again(struct matrix_frontend *frontend)
{
	struct gaps *again = begin(frontend, frontend->again_since_ms);

	again->again = true;
	frontend->again = again;
	add_all(again);
	if (again->count)
		qsort(again->rooms, again->count, sizeof(*again->rooms), by_last_word);
	while (again->count > LIMIT_MATRIX_AGAIN_ROOMS)
		mem_free(again->rooms[--again->count].room);
	log_debug(&frontend->base.log, "%zu rooms are looked at again", again->count);
	go_on(again);
}

static void when_quiet(struct matrix_frontend *frontend, const char *unused, const char *unused_too)
{
	uint64_t now = clock_ms();

	(void)unused;
	(void)unused_too;
	if (now < frontend->again_ms || frontend->gaps || frontend->again || !frontend->loaded) {
		uint64_t rest = now < frontend->again_ms ? frontend->again_ms - now : LIMIT_MATRIX_AGAIN_MS;

		matrix_after(frontend, rest, when_quiet, NULL, NULL);
		return;
	}
	frontend->again_ms = 0;
	look_again(frontend);
}

void gaps_look_again(struct matrix_frontend *frontend)
{
	if (!frontend->again_ms) {
		frontend->again_since_ms = clock_wall_ms();
		matrix_after(frontend, LIMIT_MATRIX_AGAIN_MS, when_quiet, NULL, NULL);
	}
	frontend->again_ms = clock_ms() + ((uint64_t)LIMIT_MATRIX_AGAIN_MS << frontend->again_failed);
}

void gaps_put_off(struct matrix_frontend *frontend)
{
	if (frontend->again_ms)
		gaps_look_again(frontend);
}

/* -------------------------------------------------------------------------------------------------- suspicion */

void gaps_suspect(struct matrix_frontend *frontend)
{
	int64_t now = clock_wall_ms();

	gaps_look_again(frontend);
	if (frontend->suspect_ms)
		return;
	frontend->suspect_ms = now;
	/* That it was away is seen once; how it is found out later is up to the process that lives then. */
	if (!frontend->gap_noted)
		spool_note_set(frontend->base.transport->spool, frontend->base.ops->name, SUSPECTED, &now, sizeof(now));
	frontend->gap_noted = true;
}

void gaps_remember(struct matrix_frontend *frontend)
{
	size_t size;
	const void *since = spool_note_get(frontend->base.transport->spool, frontend->base.ops->name, SUSPECTED, &size);

	if (!since || size != sizeof(frontend->suspect_ms))
		return;
	memcpy(&frontend->suspect_ms, since, size);
	frontend->gap_noted = true;
}

void gaps_taken(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	if (frontend->gaps)
		return;
	if (frontend->gap_noted && !frontend->suspect_ms) {
		spool_note_set(frontend->base.transport->spool, frontend->base.ops->name, SUSPECTED, NULL, 0);
		frontend->gap_noted = false;
	}
	while (frontend->has_unread && map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		/* It may have been replaced itself. */
		if (room->gap.unread)
			upgrade_look(frontend, room, true);
	}
	frontend->has_unread = false;
}

void gaps_look(struct matrix_frontend *frontend)
{
	/* It speaks to us before we have asked it again. */
	if (!homeserver_answers(frontend->homeserver) && homeserver_silences(frontend->homeserver) > 1)
		gaps_suspect(frontend);
	if (!frontend->suspect_ms || !frontend->loaded || frontend->gaps)
		return;
	struct gaps *gaps = begin(frontend, frontend->suspect_ms);

	frontend->suspect_ms = 0;
	frontend->gaps = gaps;
	add_all(gaps);
	go_on(gaps);
}

static void read_too(struct matrix_frontend *frontend, const struct matrix_room *room, enum span span)
{
	struct gaps *gaps = frontend->gaps ? frontend->gaps : begin(frontend, clock_wall_ms());

	frontend->gaps = gaps;
	add(gaps, room, span);
	go_on(gaps);
}

void gaps_read(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	frontend->has_unread = true;
	read_too(frontend, room, WHOLE);
}

void gaps_read_since_joined(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	read_too(frontend, room, SINCE_JOINED);
}

bool gaps_are_looked_for(const struct matrix_frontend *frontend)
{
	return frontend->gaps != NULL;
}

bool gaps_hold_up(const struct matrix_frontend *frontend)
{
	return frontend->gaps && clock_ms() - frontend->gaps->moved_ms <= LIMIT_MATRIX_POSTPONED_MS;
}

void gaps_free(struct matrix_frontend *frontend)
{
	if (frontend->gaps)
		gaps_finish(frontend->gaps);
	frontend->gaps = NULL;
	if (frontend->again)
		gaps_finish(frontend->again);
	frontend->again = NULL;
}
