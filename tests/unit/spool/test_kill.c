/* SPDX-License-Identifier: MIT */
/*
 * kill -9 at random points of a process that puts and ends messages as fast as it can. What it told its
 * parent to be flushed and had not begun to end is there afterwards, as it was; nothing else is; and the next
 * process goes on with it.
 */
#include "tests/unit/spool/spool_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "transport/spool/spool_internal.h"

#define NETWORK SPOOL_TO_NETWORK
#define KILLS 40

struct line {
	char what; /* 'p': put, not flushed yet; 'f': flushed; 'd': about to be ended; 's': a sync was
	              acknowledged */
	uint64_t id;
};

/* --- the child --- */

static int ledger_fd;

static void tell(char what, uint64_t id)
{
	struct line line;

	memset(&line, 0, sizeof(line));
	line.what = what;
	line.id = id;
	if (write(ledger_fd, &line, sizeof(line)) != sizeof(line))
		_exit(2);
}

static void text_of(uint64_t id, char text[64])
{
	snprintf(text, 64, "text of %llu", (unsigned long long)id);
}

static void end_first(struct fixture *fixture, unsigned keep)
{
	struct spool_queue *queue = spool_queue_find(fixture->spool, NETWORK, "alice");
	struct spool_record *record;

	if (!queue || queue->count <= keep)
		return;
	record = CONTAINER_OF(queue->records.next, struct spool_record, link);
	tell('d', record->id);
	spool_done(fixture->spool, &record);
}

static void child(struct fixture *fixture)
{
	uint64_t id, put[5];
	char text[64];
	int i;

	fixture_open(fixture);
	fixture->spool->disk->segment_bytes = 16384;
	for (;;) {
		for (i = 0; i < 5; i++) {
			text_of(fixture->spool->disk->next_id, text);
			id = fixture_put(fixture, NETWORK, "alice", text);
			tell('p', id);
			put[i] = id;
			end_first(fixture, 20);
		}
		if (spool_flush(fixture->spool) != 0)
			_exit(3);
		for (i = 0; i < 5; i++)
			tell('f', put[i]);
		uv_run(&fixture->loop, UV_RUN_NOWAIT);
	}
}

/* --- the parent --- */

struct ledger {
	uint64_t id;
	bool flushed, ended;
};

struct ledgers {
	struct ledger *items;
	size_t count, capacity;
};

static struct ledger *find(struct ledgers *ledgers, uint64_t id)
{
	size_t low = 0, high = ledgers->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (ledgers->items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ledgers->count && ledgers->items[low].id == id ? &ledgers->items[low] : NULL;
}

static void note(struct ledgers *ledgers, const struct line *line)
{
	struct ledger *entry;

	if (line->what == 'p') {
		if (ledgers->count == ledgers->capacity) {
			ledgers->capacity = ledgers->capacity ? ledgers->capacity * 2 : 1024;
			ledgers->items =
			        mem_realloc(ledgers->items, ledgers->capacity * sizeof(*ledgers->items));
		}
		/* over all kills */
		assert_true(ledgers->count == 0 || ledgers->items[ledgers->count - 1].id < line->id);
		ledgers->items[ledgers->count++] = (struct ledger){.id = line->id};
		return;
	}
	entry = find(ledgers, line->id);
	assert_non_null(entry);
	if (line->what == 'f')
		entry->flushed = true;
	else
		entry->ended = true;
}

static void check(struct fixture *fixture, struct ledgers *ledgers)
{
	struct spool_queue *queue = spool_queue_find(fixture->spool, NETWORK, "alice");
	struct event event;
	char text[64];
	size_t i, there = 0;

	for (i = 0; i < ledgers->count; i++) {
		struct ledger *entry = &ledgers->items[i];
		struct spool_record *record = spool_find(fixture->spool, entry->id);
		if (!record) {
			assert_false(entry->flushed && !entry->ended);
			continue;
		}
		there++;
		text_of(entry->id, text);
		assert_int_equal(spool_read(fixture->spool, record, &fixture->arena, &event, NULL, NULL), 0);
		assert_string_equal(event.message.text, text);
		/* it goes on waiting; a duplicate, if its end was not flushed */
		entry->ended = false;
	}
	/* one may have been flushed and its line in the ledger not been written */
	assert_int_equal(there, queue ? queue->count : 0);
}

static void read_ledger(int fd, struct ledgers *ledgers, int lines)
{
	struct line line;
	size_t got = 0;
	ssize_t count;

	while (lines != 0 && (count = read(fd, (char *)&line + got, sizeof(line) - got)) > 0) {
		got += (size_t)count;
		if (got < sizeof(line))
			continue;
		note(ledgers, &line);
		got = 0;
		lines--;
	}
}

static void test_kills(void **state)
{
	struct fixture *fixture = *state;
	struct ledgers ledgers = {0};
	uint32_t random = 7;
	int i, status, to_parent[2];

	signal(SIGPIPE, SIG_IGN);
	log_threshold = LOG_LEVEL_ERROR;
	for (i = 0; i < KILLS; i++) {
		assert_int_equal(pipe(to_parent), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			close(to_parent[0]);
			ledger_fd = to_parent[1];
			if (uv_loop_fork(&fixture->loop) != 0)
				_exit(4);
			child(fixture);
		}
		close(to_parent[1]);
		random = random * 1664525u + 1013904223u;
		read_ledger(to_parent[0], &ledgers, 1 + (int)(random >> 8) % 5000);
		assert_int_equal(kill(pid, SIGKILL), 0);
		read_ledger(to_parent[0], &ledgers, -1);
		close(to_parent[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		fixture_open(fixture);
		check(fixture, &ledgers);
		fixture_crash(fixture);
		arena_reset(&fixture->arena);
	}
	log_threshold = LOG_LEVEL_INFO;
	print_message("%d kills, %zu messages\n", KILLS, ledgers.count);
	assert_true(ledgers.count > KILLS * 100);
	mem_free(ledgers.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_kills, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
