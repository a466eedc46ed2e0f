/* SPDX-License-Identifier: MIT */
/* The log stays short, whatever lies in it for long; and what lies in it stays. */
#include "tests/unit/spool/spool_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "transport/spool/spool_internal.h"

#define NETWORK SPOOL_TO_NETWORK
#define SEGMENT_BYTES 65536

static void open_small(struct fixture *fixture)
{
	fixture_open(fixture);
	fixture->spool->disk->segment_bytes = SEGMENT_BYTES;
}

static bool head_is_synced(struct fixture *fixture)
{
	return fixture->spool->disk->head->synced;
}

static bool is_short(struct fixture *fixture)
{
	struct spool_log *disk = fixture->spool->disk;

	spool_flush(fixture->spool);
	return fixture->spool->tidy.paths_count == 0 && !spool_clean_is_due(fixture->spool) &&
	       disk->disk_bytes <= 2 * disk->live_bytes + 5 * SEGMENT_BYTES;
}

/* Messages that come and go. */
static void churn(struct fixture *fixture, int count)
{
	char text[1001] = {0};
	int i;

	memset(text, 'x', 1000);
	for (i = 0; i < count; i++) {
		uint64_t id = fixture_put(fixture, NETWORK, "busy", text);
		assert_int_equal(spool_flush(fixture->spool), 0);
		fixture_done(fixture, id);
		fixture_wait_until(fixture, head_is_synced);
	}
	assert_int_equal(spool_flush(fixture->spool), 0);
}

static int count_files(struct fixture *fixture)
{
	DIR *folder = opendir(fixture->spool_folder);
	struct dirent *item;
	int count = 0;

	assert_non_null(folder);
	while ((item = readdir(folder)) != NULL)
		count += strstr(item->d_name, ".log") != NULL;
	closedir(folder);
	return count;
}

static void test_segments_go(void **state)
{
	struct fixture *fixture = *state;

	open_small(fixture);
	churn(fixture, 1000);
	fixture_wait_until(fixture, is_short);
	assert_true(fixture->spool->disk->next_number > 10);
	assert_in_range(fixture_statistics(fixture).segments, 1, 5);
	assert_int_equal(count_files(fixture), fixture_statistics(fixture).segments);
	fixture_reopen(fixture);
	assert_int_equal(fixture_statistics(fixture).records, 0);
}

static bool is_settled(struct fixture *fixture)
{
	spool_flush(fixture->spool);
	return fixture->spool->tidy.paths_count == 0 && !spool_clean_is_due(fixture->spool) && head_is_synced(fixture);
}

/* Each start begins a segment, however little goes into it; what is live in the first one must not keep all of them. */
static void test_many_starts(void **state)
{
	struct fixture *fixture = *state;
	size_t size;

	fixture_open(fixture);
	spool_note_set(fixture->spool, "config", "", "[features]", 10);
	uint64_t id = fixture_put(fixture, NETWORK, "alice", "one");
	assert_int_equal(spool_flush(fixture->spool), 0);
	for (int i = 0; i < 100; i++) {
		if (i % 2)
			fixture_reopen(fixture);
		else {
			fixture_close(fixture);
			fixture_open(fixture);
		}
		spool_note_set(fixture->spool, "start", "", &i, sizeof(i));
		assert_int_equal(spool_flush(fixture->spool), 0);
		fixture_wait_until(fixture, is_settled);
	}
	assert_in_range(fixture_statistics(fixture).segments, 1, 20);
	assert_int_equal(count_files(fixture), fixture_statistics(fixture).segments);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one");
	assert_non_null(spool_find(fixture->spool, id));
	assert_memory_equal(spool_note_get(fixture->spool, "config", "", &size), "[features]", 10);
}

/* Old records, dead letters and notes are written again, and are the same after a restart. */
static void test_what_is_old_moves(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first, dead;
	int64_t accepted;
	size_t size;
	int i;

	open_small(fixture);
	first = fixture_put(fixture, NETWORK, "offline", "first");
	dead = fixture_put(fixture, NETWORK, "offline", "dead");
	fixture_put(fixture, NETWORK, "offline", "third");
	accepted = spool_find(fixture->spool, first)->accepted_ms;
	spool_dead(fixture->spool, spool_find(fixture->spool, dead), "because");
	spool_note_set(fixture->spool, "kind", "name", "value", 5);
	spool_note_set(fixture->spool, "kind", "gone", "value", 5);
	assert_int_equal(spool_flush(fixture->spool), 0);
	spool_note_set(fixture->spool, "kind", "gone", NULL, 0);
	for (i = 0; i < 3; i++) {
		churn(fixture, 500);
		fixture_wait_until(fixture, is_short);
		assert_true(spool_log_oldest(fixture->spool->disk)->number > 1);
		assert_string_equal(fixture_list(fixture, NETWORK, "offline"), "first dead! third");
		fixture_crash(fixture);
		open_small(fixture);
		assert_string_equal(fixture_list(fixture, NETWORK, "offline"), "first dead! third");
		assert_int_equal(spool_find(fixture->spool, first)->accepted_ms, accepted);
		assert_string_equal(spool_find(fixture->spool, dead)->reason, "because");
		assert_memory_equal(spool_note_get(fixture->spool, "kind", "name", &size), "value", 5);
		assert_null(spool_note_get(fixture->spool, "kind", "gone", &size));
	}
}

/* The entry that says "gone" stays for as long as what it speaks of. */
static void test_nothing_comes_back(void **state)
{
	struct fixture *fixture = *state;
	uint64_t gone[50];
	char text[1001] = {0};
	int i;

	memset(text, 'x', 1000);
	open_small(fixture);
	fixture_put(fixture, NETWORK, "offline", "stays");
	for (i = 0; i < 50; i++)
		gone[i] = fixture_put(fixture, NETWORK, "alice", text);
	assert_int_equal(spool_flush(fixture->spool), 0);
	churn(fixture, 100);
	for (i = 0; i < 50; i++)
		fixture_done(fixture, gone[i]);
	assert_int_equal(spool_flush(fixture->spool), 0);
	for (i = 0; i < 12; i++) {
		churn(fixture, 40);
		fixture_crash(fixture);
		open_small(fixture);
		assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "");
		assert_string_equal(fixture_list(fixture, NETWORK, "offline"), "stays");
		assert_int_equal(fixture_statistics(fixture).records, 1);
	}
}

/* Records written again stand behind younger ones in the log: their order is that of their ids all the same.
 */
static void test_order_over_moves(void **state)
{
	struct fixture *fixture = *state;
	struct buf expected = {0};
	char text[32];
	int i;

	open_small(fixture);
	for (i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "m%d", i);
		fixture_put(fixture, NETWORK, "alice", text);
		buf_printf(&expected, "%s%s", i ? " " : "", text);
		churn(fixture, 40);
	}
	fixture_crash(fixture);
	open_small(fixture);
	assert_true(fixture->spool->disordered);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), buf_text(&expected));
	buf_finish(&expected);
}

static void test_dead_letters_expire(void **state)
{
	struct fixture *fixture = *state;
	uint64_t old, young;

	fixture->config.keep_dead_seconds = 100;
	fixture_open(fixture);
	old = fixture_put(fixture, NETWORK, "alice", "old");
	young = fixture_put(fixture, NETWORK, "bob", "young");
	fixture_put(fixture, NETWORK, "alice", "waits");
	spool_dead(fixture->spool, spool_find(fixture->spool, old), "a");
	spool_dead(fixture->spool, spool_find(fixture->spool, young), "b");
	spool_find(fixture->spool, old)->dead_ms -= 101 * 1000;
	spool_expire(fixture->spool);
	assert_null(spool_find(fixture->spool, old));
	assert_non_null(spool_find(fixture->spool, young));
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "waits");
	/* not at every call */
	spool_find(fixture->spool, young)->dead_ms -= 101 * 1000;
	spool_expire(fixture->spool);
	assert_non_null(spool_find(fixture->spool, young));
	fixture->spool->expired_ms = 0;
	spool_expire(fixture->spool);
	assert_null(spool_queue_find(fixture->spool, NETWORK, "bob"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_segments_go),      TEST(test_what_is_old_moves),   TEST(test_nothing_comes_back),
	        TEST(test_order_over_moves), TEST(test_dead_letters_expire), TEST(test_many_starts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
