/* SPDX-License-Identifier: MIT */
/* Disks that are full, fail, are read-only or cannot reserve; and a real one of 1 MiB, for root. */
#include "tests/unit/spool/spool_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "tests/unit/spool/faulty_files.h"
#include "transport/spool/spool_internal.h"

#define NETWORK SPOOL_TO_NETWORK

static int setup(void **state)
{
	faults_begin();
	return fixture_setup(state);
}

static int teardown(void **state)
{
	int err = fixture_teardown(state);

	faults_end();
	return err;
}

static void put_numbered(struct fixture *fixture, int number, int *err)
{
	char text[501];

	snprintf(text, sizeof(text), "%0500d", number);
	*err = fixture_try_put(fixture, NETWORK, "alice", text, NULL, NULL);
}

/* Puts until there is no space; every flush works all the same. Returns how many went in. */
static int fill(struct fixture *fixture, int first)
{
	int count = 0, err;

	for (;;) {
		put_numbered(fixture, first + count, &err);
		if (err)
			break;
		count++;
		assert_int_equal(spool_flush(fixture->spool), 0);
		uv_run(&fixture->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(err, TP_ERR_LIMIT);
	assert_int_equal(spool_flush(fixture->spool), 0);
	return count;
}

static void check_and_drain(struct fixture *fixture, int first, int count)
{
	struct spool_queue *queue = spool_queue_open(fixture->spool, NETWORK, "alice");
	int i;

	assert_int_equal(queue->count, count);
	for (i = 0; i < count; i++) {
		struct spool_record *record = CONTAINER_OF(queue->records.next, struct spool_record, link);
		struct event event;
		char text[501];

		assert_int_equal(spool_read(fixture->spool, record, &fixture->arena, &event, NULL, NULL), 0);
		snprintf(text, sizeof(text), "%0500d", first + i);
		assert_string_equal(event.message.text, text);
		spool_done(fixture->spool, &record);
		if (i % 7 == 0)
			assert_int_equal(spool_flush(fixture->spool), 0);
	}
	assert_int_equal(spool_flush(fixture->spool), 0);
	spool_queue_release(fixture->spool, &queue);
}

/* The log is short again, and the disk has space. */
static bool can_put(struct fixture *fixture)
{
	struct spool_log *disk = fixture->spool->disk;
	uint64_t id;

	spool_flush(fixture->spool);
	if (disk->full || disk->failing || disk->disk_bytes > 6 * 65536 || fixture->spool->tidy_under_way ||
	    fixture->spool->tidy.paths_count > 0)
		return false;
	if (fixture_try_put(fixture, NETWORK, "probe", "x", NULL, &id) != 0)
		return false;
	fixture_done(fixture, id);
	return true;
}

static void fill_and_drain(struct fixture *fixture, int cycles)
{
	int i, count, next = 0;

	for (i = 0; i < cycles; i++) {
		count = fill(fixture, next);
		assert_true(count > 100);
		assert_non_null(spool_health(fixture->spool));
		assert_true(fixture_statistics(fixture).failing);
		if (i % 2)
			fixture_reopen(fixture);
		check_and_drain(fixture, next, count);
		next += count;
		fixture_wait_until(fixture, can_put);
		assert_null(spool_health(fixture->spool));
		assert_int_equal(spool_flush(fixture->spool), 0);
	}
}

static void test_full_disk(void **state)
{
	struct fixture *fixture = *state;

	atomic_store(&faults.disk_bytes, 700000);
	fixture_open(fixture);
	fixture->spool->disk->segment_bytes = 65536;
	fill_and_drain(fixture, 4);
}

static void test_full_disk_that_cannot_reserve(void **state)
{
	struct fixture *fixture = *state;

	atomic_store(&faults.disk_bytes, 700000);
	atomic_store(&faults.reserve, EOPNOTSUPP);
	fixture_open(fixture);
	fixture->spool->disk->segment_bytes = 65536;
	fill_and_drain(fixture, 4);
}

/* One old record keeps no space from the others. */
static void test_full_disk_with_an_old_record(void **state)
{
	struct fixture *fixture = *state;
	int i, count, next = 0;

	atomic_store(&faults.disk_bytes, 700000);
	fixture_open(fixture);
	fixture->spool->disk->segment_bytes = 65536;
	fixture_put(fixture, NETWORK, "offline", "old");
	for (i = 0; i < 4; i++) {
		count = fill(fixture, next);
		assert_true(count > 100);
		check_and_drain(fixture, next, count);
		next += count;
		fixture_wait_until(fixture, can_put);
		assert_string_equal(fixture_list(fixture, NETWORK, "offline"), "old");
	}
}

static bool is_healthy(struct fixture *fixture)
{
	return spool_health(fixture->spool) == NULL;
}

static void test_write_fails(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first;
	int err, partial;

	fixture_open(fixture);
	first = fixture_put(fixture, NETWORK, "alice", "one");
	assert_int_equal(spool_flush(fixture->spool), 0);
	for (partial = 0; partial < 200; partial += 60) {
		atomic_store(&faults.write, EIO);
		atomic_store(&faults.partial, partial);
		fixture_put(fixture, NETWORK, "alice", "x");
		spool_when_durable(fixture->spool, fixture_durable, fixture);
		assert_int_equal(spool_flush(fixture->spool), TP_ERR_IO);
		assert_int_equal(fixture->durable_err, TP_ERR_IO);
		assert_non_null(strstr(spool_health(fixture->spool), fixture->spool_folder));
		put_numbered(fixture, 0, &err);
		assert_int_equal(err, TP_ERR_IO);
		assert_int_equal(spool_flush(fixture->spool), TP_ERR_IO);
		atomic_store(&faults.write, 0);
		/* by itself, from the timer */
		fixture_wait_until(fixture, is_healthy);
		spool_when_durable(fixture->spool, fixture_durable, fixture);
		assert_int_equal(spool_flush(fixture->spool), 0);
		assert_int_equal(fixture->durable_err, 0);
	}
	assert_int_equal(fixture->durable_calls, 8);
	fixture_done(fixture, first);
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "x x x x");
}

/* What ends while nothing can be written is forgotten later. */
static void test_done_while_failing(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first;

	fixture_open(fixture);
	first = fixture_put(fixture, NETWORK, "alice", "one");
	fixture_put(fixture, NETWORK, "alice", "two");
	assert_int_equal(spool_flush(fixture->spool), 0);
	atomic_store(&faults.write, EIO);
	atomic_store(&faults.open, EROFS);
	fixture_done(fixture, first);
	assert_int_equal(spool_flush(fixture->spool), TP_ERR_IO);
	assert_int_equal(spool_flush(fixture->spool), TP_ERR_IO);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "two");
	atomic_store(&faults.write, 0);
	atomic_store(&faults.open, 0);
	fixture_wait_until(fixture, is_healthy);
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "two");
}

/* After fdatasync has failed the kernel may have dropped what it could not write: it is written again. */
static void test_sync_fails(void **state)
{
	struct fixture *fixture = *state;
	uint64_t suspect;
	char path[128];

	fixture->config.durability = SPOOL_POWER;
	fixture_open(fixture);
	fixture_put(fixture, NETWORK, "alice", "one");
	spool_note_set(fixture->spool, "kind", "name", "value", 5);
	spool_when_durable(fixture->spool, fixture_durable, fixture);
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_wait(fixture, &fixture->durable_calls, 1);
	assert_int_equal(fixture->durable_err, 0);

	suspect = fixture->spool->disk->head->number;
	atomic_store(&faults.sync, EIO);
	fixture_put(fixture, NETWORK, "alice", "two");
	spool_when_durable(fixture->spool, fixture_durable, fixture);
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_wait(fixture, &fixture->durable_calls, 2);
	assert_int_equal(fixture->durable_err, TP_ERR_IO);
	assert_non_null(spool_health(fixture->spool));
	atomic_store(&faults.sync, 0);
	spool_when_durable(fixture->spool, fixture_durable, fixture);
	fixture_wait_until(fixture, is_healthy);
	fixture_wait(fixture, &fixture->durable_calls, 3);
	assert_int_equal(fixture->durable_err, 0);
	fixture_crash(fixture);
	/* nothing depends on that file any more */
	snprintf(path, sizeof(path), "%s/%016llx.log", fixture->spool_folder, (unsigned long long)suspect);
	if (access(path, F_OK) == 0)
		assert_int_equal(truncate(path, 64), 0);
	fixture_open(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one two");
	size_t size;
	assert_memory_equal(spool_note_get(fixture->spool, "kind", "name", &size), "value", 5);
}

static void test_read_fails(void **state)
{
	struct fixture *fixture = *state;
	struct spool_record *record;
	struct event event;
	uint64_t id;

	fixture_open(fixture);
	id = fixture_put(fixture, NETWORK, "alice", "one");
	assert_int_equal(spool_flush(fixture->spool), 0);
	record = spool_find(fixture->spool, id);
	atomic_store(&faults.read, EIO);
	assert_int_equal(spool_read(fixture->spool, record, &fixture->arena, &event, NULL, NULL), TP_ERR_IO);
	fixture_crash(fixture);
	/* a start that cannot read says so, and changes nothing */
	assert_int_equal(fixture_try_open(fixture), TP_ERR_IO);
	assert_non_null(strstr(buf_text(&fixture->error), ".log"));
	atomic_store(&faults.read, 0);
	fixture_open(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "one");
}

static void test_start_fails(void **state)
{
	struct fixture *fixture = *state;
	static const int errors[] = {EROFS, EACCES, ENOSPC, EMFILE};
	size_t i;

	fixture_open(fixture);
	fixture_close(fixture);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		atomic_store(&faults.open, errors[i]);
		assert_int_equal(fixture_try_open(fixture), TP_ERR_IO);
		assert_non_null(strstr(buf_text(&fixture->error), fixture->spool_folder));
	}
	atomic_store(&faults.open, 0);
	atomic_store(&faults.reserve, ENOSPC);
	assert_int_equal(fixture_try_open(fixture), TP_ERR_IO);
	atomic_store(&faults.reserve, 0);
	fixture->config.folder = "/proc/no/such/place";
	assert_int_equal(fixture_try_open(fixture), TP_ERR_IO);
	assert_non_null(strstr(buf_text(&fixture->error), "/proc/no/such/place"));
}

/* Segments that cannot be unlinked are tried again, and hold nothing up. */
static void test_unlink_fails(void **state)
{
	struct fixture *fixture = *state;
	int i;

	fixture_open(fixture);
	fixture->spool->disk->segment_bytes = 4096;
	atomic_store(&faults.unlink, EIO);
	for (i = 0; i < 200; i++) {
		int err;
		put_numbered(fixture, i, &err);
		assert_int_equal(err, 0);
		assert_int_equal(spool_flush(fixture->spool), 0);
		uv_run(&fixture->loop, UV_RUN_NOWAIT);
	}
	check_and_drain(fixture, 0, 200);
	atomic_store(&faults.unlink, 0);
	fixture_wait_until(fixture, can_put);
}

/* --- 1 MiB, for real: seen ids, the database and the log share it --- */

static void test_small_disk(void **state)
{
	struct fixture *fixture = *state;
	char disk[128];
	int i, count, next = 0;

	snprintf(disk, sizeof(disk), "%s/disk", fixture->folder);
	assert_int_equal(mkdir(disk, 0700), 0);
	if (mount("none", disk, "tmpfs", 0, "size=1m") < 0) {
		print_message("SKIPPED: a disk of 1 MiB needs the right to mount: %s\n", strerror(errno));
		skip();
	}
	faults_end();
	fixture->config.folder = disk;
	fixture->config.seen_count = 1000;
	fixture_open(fixture);
	fixture_put(fixture, NETWORK, "offline", "old");
	for (i = 0; i < 6; i++) {
		char id[32];
		snprintf(id, sizeof(id), "seen%d", i);
		assert_false(spool_seen(fixture->spool, "alice", id));
		count = fill(fixture, next);
		assert_true(count > 100);
		if (i % 2)
			fixture_reopen(fixture);
		check_and_drain(fixture, next, count);
		next += count;
		fixture_wait_until(fixture, can_put);
		assert_string_equal(fixture_list(fixture, NETWORK, "offline"), "old");
		assert_true(spool_seen(fixture->spool, "alice", id));
	}
	fixture_close(fixture);
	assert_int_equal(umount(disk), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_full_disk),
	        TEST(test_full_disk_that_cannot_reserve),
	        TEST(test_full_disk_with_an_old_record),
	        TEST(test_write_fails),
	        TEST(test_done_while_failing),
	        TEST(test_sync_fails),
	        TEST(test_read_fails),
	        TEST(test_start_fails),
	        TEST(test_unlink_fails),
	        TEST(test_small_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
