/* SPDX-License-Identifier: MIT */
#include "tests/unit/spool/spool_fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"

#define NETWORK SPOOL_TO_NETWORK
#define PEOPLE SPOOL_TO_PEOPLE

static void test_put_read_done(void **state)
{
	struct fixture *fixture = *state;
	struct spool_record *record;
	struct spool_statistics statistics;
	uint64_t first, second;
	int64_t before = clock_wall_ms();

	fixture_open(fixture);
	first = fixture_put(fixture, NETWORK, "alice", "one");
	second = fixture_put(fixture, NETWORK, "alice", "two");
	assert_true(second > first);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one two");
	assert_string_equal(fixture_list(fixture, PEOPLE, "alice"), "");
	record = spool_find(fixture->spool, first);
	assert_int_equal(record->state, SPOOL_WAITING);
	assert_true(record->accepted_ms >= before && record->accepted_ms <= clock_wall_ms());
	assert_true(record->since_ms <= (int64_t)clock_ms() && record->since_ms > (int64_t)clock_ms() - 60000);
	statistics = fixture_statistics(fixture);
	assert_int_equal(statistics.records, 2);
	assert_int_equal(statistics.waiting, 2);
	assert_int_equal(statistics.oldest_ms, record->accepted_ms);

	spool_handed(fixture->spool, record);
	assert_int_equal(record->state, SPOOL_HANDED);
	assert_int_equal(record->handings, 1);
	assert_int_equal(record->queue->waiting, 1);
	spool_wait(fixture->spool, record);
	assert_int_equal(record->queue->waiting, 2);
	assert_int_equal(spool_flush(fixture->spool), 0);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one two");
	fixture_done(fixture, first);
	assert_null(spool_find(fixture->spool, first));
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "two");
	fixture_done(fixture, second);
	assert_null(spool_queue_find(fixture->spool, NETWORK, "alice"));
	statistics = fixture_statistics(fixture);
	assert_int_equal(statistics.records, 0);
	assert_int_equal(statistics.bytes, 0);
	assert_int_equal(statistics.put, 2);
	assert_int_equal(statistics.done, 2);
	assert_int_equal(statistics.oldest_ms, 0);
}

static void note_turn(void *context)
{
	struct fixture *fixture = context;

	spool_note_set(fixture->spool, "turn", "of", "this", 4);
}

/* Whoever flushes, what completes the turn is in the same batch. */
static void test_before_flush(void **state)
{
	struct fixture *fixture = *state;
	size_t size;

	fixture->config.before_flush = note_turn;
	fixture->config.context = fixture;
	fixture_open(fixture);
	fixture_put(fixture, NETWORK, "alice", "one");
	assert_null(spool_note_get(fixture->spool, "turn", "of", &size));
	assert_int_equal(spool_flush(fixture->spool), 0);
	assert_int_equal(fixture_statistics(fixture).flushes, 1);
	fixture->config.before_flush = NULL;
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one");
	assert_memory_equal(spool_note_get(fixture->spool, "turn", "of", &size), "this", 4);
}

/* What was flushed is there after a crash, and waits; what was not is not. */
static void test_restart(void **state)
{
	struct fixture *fixture = *state;
	struct spool_record *record;
	uint64_t first, second, third, later;
	int64_t accepted;

	fixture_open(fixture);
	first = fixture_put(fixture, NETWORK, "alice", "one");
	second = fixture_put(fixture, PEOPLE, "xmpp\nalice@example.org", "two");
	third = fixture_put(fixture, NETWORK, "alice", "three");
	record = spool_find(fixture->spool, first);
	accepted = record->accepted_ms;
	spool_handed(fixture->spool, record);
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_done(fixture, third);
	fixture_put(fixture, NETWORK, "alice", "never flushed");
	fixture_reopen(fixture);

	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one three");
	assert_string_equal(fixture_list(fixture, PEOPLE, "xmpp\nalice@example.org"), "two");
	record = spool_find(fixture->spool, first);
	assert_int_equal(record->state, SPOOL_WAITING);
	assert_int_equal(record->accepted_ms, accepted);
	assert_true(record->since_ms <= (int64_t)clock_ms() && record->since_ms > (int64_t)clock_ms() - 60000);
	assert_non_null(spool_find(fixture->spool, second));
	later = fixture_put(fixture, NETWORK, "alice", "four");
	assert_true(later > third + 1);
	fixture_done(fixture, third);
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one four");
}

/* Also when all is gone, and when the end of the log is lost. */
static void test_ids_grow(void **state)
{
	struct fixture *fixture = *state;
	uint64_t last = 0, id;
	int i;

	for (i = 0; i < 5; i++) {
		fixture_open(fixture);
		id = fixture_put(fixture, NETWORK, "alice", "text");
		assert_true(id > last);
		last = id;
		if (i % 2 == 0)
			assert_int_equal(spool_flush(fixture->spool), 0);
		fixture_crash(fixture);
	}
	fixture->config.durability = SPOOL_OFF;
	fixture_open(fixture);
	id = fixture_put(fixture, NETWORK, "alice", "text");
	assert_true(id > UINT64_C(1) << 50);
}

static void test_dead_letters(void **state)
{
	struct fixture *fixture = *state;
	struct spool_queue *queue;
	struct event event;
	const char *reason;
	uint64_t first, second;

	fixture_open(fixture);
	first = fixture_put(fixture, NETWORK, "alice", "one");
	second = fixture_put(fixture, NETWORK, "alice", "two");
	fixture_put(fixture, NETWORK, "alice", "three");
	spool_dead(fixture->spool, spool_find(fixture->spool, first), "You may not say that.");
	spool_dead(fixture->spool, spool_find(fixture->spool, second), "Nor that.");
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one! two! three");
	queue = spool_queue_find(fixture->spool, NETWORK, "alice");
	assert_int_equal(queue->dead, 2);
	assert_int_equal(queue->waiting, 1);
	assert_int_equal(spool_read(fixture->spool, spool_find(fixture->spool, first), &fixture->arena,
	                            &event, NULL, &reason),
	                 0);
	assert_string_equal(reason, "You may not say that.");

	spool_retry(fixture->spool, spool_find(fixture->spool, first));
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one two! three");
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one two! three");
	fixture_done(fixture, second);
	assert_int_equal(fixture_statistics(fixture).dead, 0);
}

/* The oldest of a queue goes; those of others are not touched. */
static void test_many_dead_letters(void **state)
{
	struct fixture *fixture = *state;
	uint64_t other, first = 0, id;
	unsigned i;

	fixture_open(fixture);
	other = fixture_put(fixture, NETWORK, "bob", "other");
	spool_dead(fixture->spool, spool_find(fixture->spool, other), "reason");
	for (i = 0; i <= LIMIT_SPOOL_DEAD; i++) {
		id = fixture_put(fixture, NETWORK, "alice", "text");
		first = first ? first : id;
		assert_int_equal(spool_find(fixture->spool, first)->state, i ? SPOOL_DEAD : SPOOL_WAITING);
		spool_dead(fixture->spool, spool_find(fixture->spool, id), "reason");
	}
	assert_null(spool_find(fixture->spool, first));
	assert_non_null(spool_find(fixture->spool, other));
	assert_int_equal(spool_queue_find(fixture->spool, NETWORK, "alice")->dead, LIMIT_SPOOL_DEAD);
}

static void test_large_note(void **state)
{
	struct fixture *fixture = *state;
	char *value = mem_alloc(LIMIT_SPOOL_NOTE_BYTES + 1);
	size_t size;

	fixture_open(fixture);
	spool_note_set(fixture->spool, "kind", "name", value, LIMIT_SPOOL_NOTE_BYTES);
	spool_note_set(fixture->spool, "kind", "name", value, LIMIT_SPOOL_NOTE_BYTES + 1);
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_reopen(fixture);
	assert_non_null(spool_note_get(fixture->spool, "kind", "name", &size));
	assert_int_equal(size, LIMIT_SPOOL_NOTE_BYTES);
	mem_free(value);
}

/* A turn that puts more than a batch holds, and a frame that is larger than one. */
static void test_large_batches(void **state)
{
	struct fixture *fixture = *state;
	struct buf expected = {0};
	char *text = mem_alloc(LIMIT_MESSAGE_BYTES + 1);
	int i;

	fixture_open(fixture);
	memset(text, 'x', LIMIT_MESSAGE_BYTES);
	for (i = 0; i < 40; i++) {
		text[0] = (char)('a' + i % 26);
		fixture_put(fixture, NETWORK, "alice", text);
		buf_printf(&expected, "%s%s", i ? " " : "", text);
	}
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), buf_text(&expected));
	assert_int_equal(spool_flush(fixture->spool), 0);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), buf_text(&expected));
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), buf_text(&expected));
	buf_finish(&expected);
	mem_free(text);
}

static void test_limits(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first;

	fixture->config.max_owner_records = 2;
	fixture->config.max_owner_bytes = 1000;
	fixture->config.max_bytes = 1500;
	fixture_open(fixture);
	first = fixture_put(fixture, NETWORK, "alice", "one");
	fixture_put(fixture, NETWORK, "alice", "two");
	assert_int_equal(fixture_try_put(fixture, NETWORK, "alice", "three", NULL, NULL), TP_ERR_LIMIT);
	/* a dead letter takes nobody's place */
	spool_dead(fixture->spool, spool_find(fixture->spool, first), "No.");
	fixture_put(fixture, NETWORK, "alice", "three");
	/* of others it is another matter, until all together are too much */
	char text[1001] = {0};
	memset(text, 'x', 1000);
	fixture_put(fixture, NETWORK, "bob", text);
	assert_int_equal(fixture_try_put(fixture, NETWORK, "bob", "more", NULL, NULL), TP_ERR_LIMIT);
	fixture_put(fixture, NETWORK, "carol", text);
	assert_int_equal(fixture_try_put(fixture, NETWORK, "dave", "more", NULL, NULL), TP_ERR_LIMIT);
}

static void test_what_the_frame_cannot_say(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		enum message_kind kind;
		const char *name, *nickname;
	} cases[] = {
	        {MESSAGE_CHAT, "bob", NULL},
	        {MESSAGE_ROOM, "#room", NULL},
	        {MESSAGE_ROOM_PRIVATE, "#room/with/slashes", "nick/name"},
	};
	struct spool_queue *queue;
	struct event event, back;
	size_t i;

	fixture_open(fixture);
	queue = spool_queue_open(fixture->spool, NETWORK, "alice");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spool_record *record;
		event = (struct event){.type = EVENT_MESSAGE,
		                       .user = "alice",
		                       .message = {.kind = cases[i].kind,
		                                   .name = cases[i].name,
		                                   .nickname = cases[i].nickname,
		                                   .text = "text"}};
		assert_int_equal(
		        spool_put(fixture->spool, queue, &(struct spool_message){.event = &event}, &record), 0);
		if (i > 0)
			assert_int_equal(spool_flush(fixture->spool), 0);
		assert_int_equal(spool_read(fixture->spool, record, &fixture->arena, &back, NULL, NULL), 0);
		assert_int_equal(back.message.kind, cases[i].kind);
		assert_string_equal(back.message.name, cases[i].name);
		if (cases[i].nickname)
			assert_string_equal(back.message.nickname, cases[i].nickname);
		else
			assert_null(back.message.nickname);
	}
	/* an event that never travels as a frame */
	event = (struct event){.type = EVENT_SESSION, .user = "alice"};
	assert_int_equal(spool_put(fixture->spool, queue, &(struct spool_message){.event = &event}, NULL),
	                 TP_ERR_UNSUPPORTED);
	assert_int_equal(queue->count, 3);
	spool_queue_release(fixture->spool, &queue);
	assert_null(queue);
}

/* The extension's fields too; the number of the frame that it came in does not stay with it. */
static void test_all_of_a_message_is_kept(void **state)
{
	struct fixture *fixture = *state;
	const char *const reactions[] = {"+1", ":party:"};
	struct event event = {
	        .type = EVENT_MESSAGE,
	        .user = "alice",
	        .handover = 77,
	        .message = {.kind = MESSAGE_ROOM,
	                    .name = "#room",
	                    .nickname = "bob",
	                    .text = "text",
	                    .xhtml = "<b>text</b>",
	                    .id = "m2",
	                    .stamp_ms = 1700000000000,
	                    .replaces = "m1",
	                    .reply_to = "m0",
	                    .reacts_to = "m0",
	                    .thread = "t",
	                    .reactions = reactions,
	                    .reactions_count = 2,
	                    .author = {.name = "Carol"}},
	};
	static const enum spool_direction directions[] = {NETWORK, PEOPLE};
	size_t i;

	fixture_open(fixture);
	for (i = 0; i < ARRAY_SIZE(directions); i++) {
		struct spool_queue *queue = spool_queue_open(fixture->spool, directions[i], "x");
		struct spool_record *record;
		struct event back;
		assert_int_equal(
		        spool_put(fixture->spool, queue, &(struct spool_message){.event = &event}, &record), 0);
		assert_int_equal(spool_read(fixture->spool, record, &fixture->arena, &back, NULL, NULL), 0);
		assert_int_equal(back.handover, record->id);
		assert_int_equal(back.message.kind, MESSAGE_ROOM);
		assert_string_equal(back.message.xhtml, "<b>text</b>");
		assert_string_equal(back.message.id, "m2");
		assert_string_equal(back.message.replaces, "m1");
		assert_string_equal(back.message.reply_to, "m0");
		assert_string_equal(back.message.thread, "t");
		assert_int_equal(back.message.reactions_count, 2);
		assert_string_equal(back.message.reactions[1], ":party:");
		assert_string_equal(back.message.author.name, "Carol");
		if (directions[i] == PEOPLE) {
			assert_string_equal(back.message.nickname, "bob");
			assert_int_equal(back.message.stamp_ms, 1700000000000);
		}
		spool_queue_release(fixture->spool, &queue);
	}
}

static void test_off(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first;

	fixture->config.durability = SPOOL_OFF;
	fixture->config.folder = "/nowhere/at/all";
	fixture_open(fixture);
	first = fixture_put(fixture, PEOPLE, "xmpp\nalice", "one");
	fixture_put(fixture, PEOPLE, "xmpp\nalice", "two");
	spool_when_durable(fixture->spool, fixture_durable, fixture);
	assert_int_equal(fixture->durable_calls, 0);
	assert_int_equal(spool_flush(fixture->spool), 0);
	assert_int_equal(fixture->durable_calls, 1);
	assert_string_equal(fixture_list(fixture, PEOPLE, "xmpp\nalice"), "one two");
	spool_dead(fixture->spool, spool_find(fixture->spool, first), "No.");
	assert_string_equal(fixture_list(fixture, PEOPLE, "xmpp\nalice"), "one! two");
	fixture_done(fixture, first);
	assert_string_equal(fixture_list(fixture, PEOPLE, "xmpp\nalice"), "two");
}

/* Without files: what stays while very many come and go, and what is larger than all that is kept together. */
static void test_off_for_long(void **state)
{
	struct fixture *fixture = *state;
	struct buf expected = {0}, large = {0};

	fixture->config.durability = SPOOL_OFF;
	fixture_open(fixture);
	while (large.len < 60000)
		buf_puts(&large, "large");
	for (int i = 0; i < 5000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%d", i);
		const char *said = i % 1000 == 7 ? buf_text(&large) : text;
		uint64_t id = fixture_put(fixture, PEOPLE, "xmpp\nalice", said);

		if (i % 500 == 7)
			buf_printf(&expected, "%s%s", expected.len ? " " : "", said);
		else
			fixture_done(fixture, id);
	}
	assert_string_equal(fixture_list(fixture, PEOPLE, "xmpp\nalice"), buf_text(&expected));
	buf_finish(&expected);
	buf_finish(&large);
}

static void each_note(void *context, const char *name, const void *value, size_t size)
{
	struct buf *out = context;

	buf_printf(out, "%s=%.*s ", name, (int)size, (const char *)value);
}

static const char *notes(struct fixture *fixture, const char *kind)
{
	struct buf out = {0};
	const char *result;

	spool_note_each(fixture->spool, kind, "", each_note, &out);
	result = arena_strdup(&fixture->arena, buf_text(&out));
	buf_finish(&out);
	return result;
}

static void test_notes(void **state)
{
	struct fixture *fixture = *state;
	uint64_t flushes;
	size_t size;

	fixture_open(fixture);
	spool_note_set(fixture->spool, "room", "a", "1", 1);
	spool_note_set(fixture->spool, "room", "b", "22", 2);
	spool_note_set(fixture->spool, "backend", "a", "3", 1);
	spool_note_set(fixture->spool, "room", "empty", "", 0);
	spool_note_set(fixture->spool, "room", "a", "11", 2);
	spool_note_set(fixture->spool, "room", "never", NULL, 0);
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_reopen(fixture);
	assert_string_equal(notes(fixture, "room"), "a=11 b=22 empty= ");
	assert_string_equal(notes(fixture, "backend"), "a=3 ");
	assert_string_equal(notes(fixture, "other"), "");
	assert_memory_equal(spool_note_get(fixture->spool, "room", "b", &size), "22", 2);
	assert_int_equal(size, 2);
	assert_null(spool_note_get(fixture->spool, "room", "c", &size));

	/* the same again is no write */
	flushes = fixture_statistics(fixture).flushes;
	spool_note_set(fixture->spool, "room", "b", "22", 2);
	assert_int_equal(spool_flush(fixture->spool), 0);
	assert_int_equal(fixture_statistics(fixture).flushes, flushes);
	spool_note_set(fixture->spool, "room", "b", NULL, 0);
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_reopen(fixture);
	assert_string_equal(notes(fixture, "room"), "a=11 empty= ");
}

static void test_durable_process(void **state)
{
	struct fixture *fixture = *state;

	fixture_open(fixture);
	fixture_put(fixture, NETWORK, "alice", "one");
	spool_when_durable(fixture->spool, fixture_durable, fixture);
	assert_int_equal(fixture->durable_calls, 0);
	assert_int_equal(spool_flush(fixture->spool), 0);
	assert_int_equal(fixture->durable_calls, 1);
	assert_int_equal(fixture->durable_err, 0);
}

static void test_durable_power(void **state)
{
	struct fixture *fixture = *state;
	int i;

	fixture->config.durability = SPOOL_POWER;
	fixture_open(fixture);
	for (i = 0; i < 100; i++) {
		fixture_put(fixture, NETWORK, "alice", "x");
		spool_when_durable(fixture->spool, fixture_durable, fixture);
		assert_int_equal(spool_flush(fixture->spool), 0);
	}
	fixture_wait(fixture, &fixture->durable_calls, 100);
	assert_int_equal(fixture->durable_err, 0);
	/* one sync covers many */
	assert_true(fixture_statistics(fixture).syncs < 50);
	/* nothing new to wait for */
	spool_when_durable(fixture->spool, fixture_durable, fixture);
	assert_int_equal(spool_flush(fixture->spool), 0);
	assert_int_equal(fixture->durable_calls, 101);
}

/* The same after a restart; another by another name. */
static void test_own_word(void **state)
{
	struct fixture *fixture = *state;

	fixture_open(fixture);
	char *word = spool_own_word(fixture->spool, "kind", "records");
	char *other = spool_own_word(fixture->spool, "kind", "other");

	assert_int_equal(strlen(word), 16);
	assert_string_not_equal(word, other);
	assert_int_equal(spool_flush(fixture->spool), 0);
	for (int i = 0; i < 2; i++) {
		char *again = spool_own_word(fixture->spool, "kind", "records");

		assert_string_equal(again, word);
		mem_free(again);
		fixture_reopen(fixture);
	}
	mem_free(word);
	mem_free(other);
}

static void test_two_processes(void **state)
{
	struct fixture *fixture = *state;
	struct spool *first;

	fixture_open(fixture);
	first = fixture->spool;
	fixture->spool = NULL;
	assert_int_equal(fixture_try_open(fixture), TP_ERR_EXISTS);
	assert_non_null(strstr(buf_text(&fixture->error), fixture->spool_folder));
	fixture->spool = first;
}

static void test_identity_key(void **state)
{
	struct buf key = {0};
	char *frontend;
	const char *address;

	(void)state;
	spool_identity_key(&key, "xmpp", "alice@example.org");
	assert_true(spool_identity_parts(buf_text(&key), &frontend, &address));
	assert_string_equal(frontend, "xmpp");
	assert_string_equal(address, "alice@example.org");
	mem_free(frontend);
	assert_false(spool_identity_parts("alice@example.org", &frontend, &address));
	buf_finish(&key);
}

/* The owners of all queues that somebody who looks for records comes by; in the arena. */
static const char *with_records(struct fixture *fixture)
{
	const struct spool_queue *queue = spool_queue_first(fixture->spool);
	const char *owners = "";

	for (; queue; queue = spool_queue_next(fixture->spool, queue))
		owners = arena_printf(&fixture->arena, "%s%s ", owners, queue->owner);
	return owners;
}

/* A gateway has two queues for each of its people: whoever looks for what waits comes by those only in which something
 * does. */
static void test_empty_queues_are_not_looked_through(void **state)
{
	enum { COUNT = 1000 };
	struct fixture *fixture = *state;
	struct spool_queue *queues[COUNT], *queue = NULL;
	unsigned steps = 0;

	fixture_open(fixture);
	for (unsigned i = 0; i < COUNT; i++)
		queues[i] = spool_queue_open(fixture->spool, PEOPLE, arena_printf(&fixture->arena, "u%u", i));
	assert_true(list_empty(&queues[0]->link) && list_empty(&queues[COUNT - 1]->link));
	uint64_t first = fixture_put(fixture, PEOPLE, "u7", "one");
	fixture_put(fixture, PEOPLE, "u500", "two");
	fixture_put(fixture, NETWORK, "u7", "three");
	assert_string_equal(with_records(fixture), "u7 u500 u7 ");
	for (struct list *link = queues[7]->link.next; link != &queues[7]->link; link = link->next)
		steps++;
	assert_int_equal(steps, 3); /* with the ring's head */
	fixture_done(fixture, first);
	assert_string_equal(with_records(fixture), "u500 u7 ");
	fixture_put(fixture, PEOPLE, "u7", "four");
	assert_string_equal(with_records(fixture), "u500 u7 u7 ");
	for (unsigned i = 0; i < COUNT; i++)
		spool_queue_release(fixture->spool, &queues[i]);
	assert_string_equal(with_records(fixture), "u500 u7 u7 ");
	while (spool_queue_walk(fixture->spool, &queue))
		steps++;
	assert_int_equal(steps, 6);
}

/* Of what is empty behind it a walk knows nothing; where it stands it stays, whatever becomes of that. */
static void test_walk_while_queues_change(void **state)
{
	struct fixture *fixture = *state;
	struct spool_queue *queue = NULL, *other = NULL;

	fixture_open(fixture);
	uint64_t a = fixture_put(fixture, PEOPLE, "a", "one");
	uint64_t b = fixture_put(fixture, PEOPLE, "b", "two");
	uint64_t c = fixture_put(fixture, PEOPLE, "c", "three");
	assert_true(spool_queue_walk(fixture->spool, &queue));
	assert_string_equal(queue->owner, "a");
	fixture_done(fixture, a);
	assert_null(strchr(with_records(fixture), 'a'));
	fixture_done(fixture, b);
	/* another one, from inside */
	assert_true(spool_queue_walk(fixture->spool, &other));
	assert_string_equal(other->owner, "c");
	a = fixture_put(fixture, PEOPLE, "a", "four");
	assert_false(spool_queue_walk(fixture->spool, &other));
	assert_null(other);
	assert_true(spool_queue_walk(fixture->spool, &queue));
	assert_string_equal(queue->owner, "c");
	fixture_done(fixture, c);
	fixture_done(fixture, a);
	assert_false(spool_queue_walk(fixture->spool, &queue));
	assert_string_equal(with_records(fixture), "");
	assert_null(spool_queue_find(fixture->spool, PEOPLE, "a"));
	assert_null(spool_queue_find(fixture->spool, PEOPLE, "c"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_put_read_done),
	        TEST(test_before_flush),
	        TEST(test_restart),
	        TEST(test_ids_grow),
	        TEST(test_dead_letters),
	        TEST(test_limits),
	        TEST(test_what_the_frame_cannot_say),
	        TEST(test_many_dead_letters),
	        TEST(test_large_note),
	        TEST(test_large_batches),
	        TEST(test_all_of_a_message_is_kept),
	        TEST(test_off),
	        TEST(test_off_for_long),
	        TEST(test_notes),
	        TEST(test_durable_process),
	        TEST(test_durable_power),
	        TEST(test_own_word),
	        TEST(test_two_processes),
	        TEST(test_empty_queues_are_not_looked_through),
	        TEST(test_walk_while_queues_change),
	        cmocka_unit_test(test_identity_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
