/* SPDX-License-Identifier: MIT */
/* Seen ids and the message map, in memory, in the log and in the database. */
#include "tests/unit/spool/spool_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/spool/message_map.h"
#include "transport/spool/spool_internal.h"

static bool all_is_committed(struct fixture *fixture)
{
	spool_flush(fixture->spool);
	return fixture->spool->filling.count == 0 && !fixture->spool->sealed &&
	       !fixture->spool->tidy_under_way;
}

static void commit_all(struct fixture *fixture)
{
	fixture_wait_until(fixture, all_is_committed);
}

static int put_seen(struct fixture *fixture, const char *owner, const char *id)
{
	return fixture_try_put(fixture, SPOOL_TO_NETWORK, owner, "text", id, NULL);
}

static void test_put_twice(void **state)
{
	struct fixture *fixture = *state;

	fixture_open(fixture);
	assert_int_equal(put_seen(fixture, "alice", "$1"), 0);
	assert_int_equal(put_seen(fixture, "alice", "$1"), TP_ERR_EXISTS);
	assert_int_equal(put_seen(fixture, "bob", "$1"), 0);
	assert_int_equal(put_seen(fixture, "alice", "$2"), 0);
	assert_false(spool_seen(fixture->spool, "alice", "$3"));
	assert_true(spool_seen(fixture->spool, "alice", "$3"));
	assert_int_equal(put_seen(fixture, "alice", "$3"), TP_ERR_EXISTS);
	assert_true(spool_seen(fixture->spool, "alice", "$2"));
	/* "ab" + "c" is not "a" + "bc" */
	assert_false(spool_seen(fixture->spool, "ab", "c"));
	assert_false(spool_seen(fixture->spool, "a", "bc"));
	assert_int_equal(fixture_statistics(fixture).seen, 6);
}

/* From the log before it is in the database, from the database afterwards, whether or not the record is gone.
 */
static void test_seen_over_restarts(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;
	int i;

	fixture_open(fixture);
	assert_int_equal(fixture_try_put(fixture, SPOOL_TO_NETWORK, "alice", "text", "$1", &id), 0);
	assert_false(spool_seen(fixture->spool, "alice", "$2"));
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_done(fixture, id);
	assert_int_equal(spool_flush(fixture->spool), 0);
	for (i = 0; i < 3; i++) {
		fixture_reopen(fixture);
		assert_int_equal(put_seen(fixture, "alice", "$1"), TP_ERR_EXISTS);
		assert_true(spool_seen(fixture->spool, "alice", "$2"));
		commit_all(fixture);
		assert_non_null(fixture->spool->filter);
		assert_int_equal(put_seen(fixture, "alice", "$1"), TP_ERR_EXISTS);
		assert_true(spool_seen(fixture->spool, "alice", "$2"));
		assert_int_equal(fixture_statistics(fixture).seen, 2);
	}
	/* what was not flushed was not seen */
	assert_false(spool_seen(fixture->spool, "alice", "$4"));
	fixture_reopen(fixture);
	assert_false(spool_seen(fixture->spool, "alice", "$4"));
}

/* A start takes from the log what is not in the database yet, and no more. */
static void test_mark(void **state)
{
	struct fixture *fixture = *state;

	fixture_open(fixture);
	assert_int_equal(put_seen(fixture, "alice", "$1"), 0);
	message_map_put(fixture->spool, &(struct message_link){"a", "1", "b", "2", NULL, 1});
	commit_all(fixture);
	assert_int_equal(put_seen(fixture, "alice", "$2"), 0);
	assert_int_equal(spool_flush(fixture->spool), 0);
	fixture_reopen(fixture);
	assert_int_equal(fixture->spool->filling.count + fixture->spool->committing.count, 1);
	assert_int_equal(put_seen(fixture, "alice", "$1"), TP_ERR_EXISTS);
	assert_int_equal(put_seen(fixture, "alice", "$2"), TP_ERR_EXISTS);
	commit_all(fixture);
	fixture_reopen(fixture);
	assert_int_equal(fixture->spool->filling.count + fixture->spool->committing.count, 0);
	assert_int_equal(put_seen(fixture, "alice", "$2"), TP_ERR_EXISTS);
}

/* Without the database everything comes from the log. */
static void test_database_is_gone(void **state)
{
	struct fixture *fixture = *state;
	char path[128];

	fixture_open(fixture);
	assert_int_equal(put_seen(fixture, "alice", "$1"), 0);
	commit_all(fixture);
	fixture_crash(fixture);
	snprintf(path, sizeof(path), "%s/messages.db", fixture->spool_folder);
	assert_int_equal(unlink(path), 0);
	fixture_open(fixture);
	assert_int_equal(put_seen(fixture, "alice", "$1"), TP_ERR_EXISTS);
}

static void see_many(struct fixture *fixture, int from, int to)
{
	char id[32];

	for (; from < to; from++) {
		snprintf(id, sizeof(id), "$%d", from);
		assert_false(spool_seen(fixture->spool, "alice", id));
	}
}

static void test_seen_by_count(void **state)
{
	struct fixture *fixture = *state;
	int i;

	fixture->config.seen_count = 1000;
	fixture_open(fixture);
	for (i = 0; i < 5; i++) {
		see_many(fixture, i * 1000, (i + 1) * 1000);
		commit_all(fixture);
	}
	assert_int_equal(fixture_statistics(fixture).seen, 1000);
	assert_true(spool_seen(fixture->spool, "alice", "$4999"));
	assert_true(spool_seen(fixture->spool, "alice", "$4000"));
	assert_false(spool_seen(fixture->spool, "alice", "$0"));
}

static void test_seen_by_age(void **state)
{
	struct fixture *fixture = *state;

	fixture->config.seen_seconds = 3600;
	fixture_open(fixture);
	see_many(fixture, 0, 10);
	for (size_t i = 0; i < fixture->spool->filling.count; i++)
		fixture->spool->filling.items[i].stamp_ms -= 3601 * 1000;
	commit_all(fixture);
	see_many(fixture, 10, 11);
	commit_all(fixture);
	assert_int_equal(fixture_statistics(fixture).seen, 1);
	see_many(fixture, 0, 10);
}

/* Without files the memory is bounded, and the younger half of it always remembers. */
static void test_seen_off(void **state)
{
	struct fixture *fixture = *state;
	char last[32];

	fixture->config.durability = SPOOL_OFF;
	fixture_open(fixture);
	see_many(fixture, 0, LIMIT_SPOOL_ITEMS * 2 + 10);
	assert_true(fixture_statistics(fixture).seen <= LIMIT_SPOOL_ITEMS * 2);
	snprintf(last, sizeof(last), "$%d", LIMIT_SPOOL_ITEMS + 10);
	assert_true(spool_seen(fixture->spool, "alice", last));
	assert_false(spool_seen(fixture->spool, "alice", "$0"));
}

/* More than the database has taken yet: refused; more than it can take since it fails: forgotten, and
 * messages go on. */
static void test_too_many_items(void **state)
{
	struct fixture *fixture = *state;

	fixture_open(fixture);
	see_many(fixture, 0, LIMIT_SPOOL_ITEMS);
	assert_int_equal(put_seen(fixture, "alice", "more"), TP_ERR_LIMIT);
	assert_int_equal(fixture_try_put(fixture, SPOOL_TO_NETWORK, "alice", "text", NULL, NULL), 0);
	commit_all(fixture);
	assert_int_equal(put_seen(fixture, "alice", "more"), 0);
	assert_int_equal(put_seen(fixture, "alice", "more"), TP_ERR_EXISTS);

	see_many(fixture, LIMIT_SPOOL_ITEMS, 2 * LIMIT_SPOOL_ITEMS);
	fixture->spool->store_failing = true;
	assert_int_equal(put_seen(fixture, "alice", "yet more"), 0);
	assert_int_equal(fixture->spool->filling.count, 1);
}

/* --- the message map --- */

static void put_link(struct fixture *fixture, const char *place, const char *id, const char *other_place,
                     const char *other_id, const char *author)
{
	message_map_put(fixture->spool, &(struct message_link){.place = place,
	                                                       .id = id,
	                                                       .other_place = other_place,
	                                                       .other_id = other_id,
	                                                       .author = author,
	                                                       .time_ms = 1700000000123});
}

static void assert_link(struct fixture *fixture, const char *place, const char *id, const char *other_place,
                        const char *expected, const char *expected_author)
{
	const char *author = "unset", *found;
	int64_t time_ms = 0;

	found = message_map_find(fixture->spool, &fixture->arena, place, id, other_place, &author, &time_ms);
	if (!expected) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, expected);
	assert_int_equal(time_ms, 1700000000123);
	if (expected_author)
		assert_string_equal(author, expected_author);
	else
		assert_null(author);
}

static void assert_links(struct fixture *fixture)
{
	assert_link(fixture, "xmpp\nalice\n#room", "x1", "alice\n#room", "n1", "bob");
	assert_link(fixture, "alice\n#room", "n1", "xmpp\nalice\n#room", "x1", "bob");
	assert_link(fixture, "xmpp\nalice\n#room", "x2", "alice\n#room", "n3", NULL);
	assert_link(fixture, "alice\n#room", "n3", "xmpp\nalice\n#room", "x2", NULL);
	assert_link(fixture, "xmpp\nalice\n#room", "x1", "matrix\nalice\n#room", NULL, NULL);
	assert_link(fixture, "xmpp\nalice\n#other", "x1", "alice\n#room", NULL, NULL);
	assert_link(fixture, "xmpp\nalice\n#room", "n1", "alice\n#room", NULL, NULL);
}

static void test_map(void **state)
{
	struct fixture *fixture = *state;
	int i;

	fixture_open(fixture);
	put_link(fixture, "xmpp\nalice\n#room", "x1", "alice\n#room", "n1", "bob");
	put_link(fixture, "xmpp\nalice\n#room", "x2", "alice\n#room", "n2", "carol");
	put_link(fixture, "xmpp\nalice\n#room", "x2", "alice\n#room", "n3", NULL);
	assert_links(fixture);
	assert_non_null(message_map_find(fixture->spool, &fixture->arena, "alice\n#room", "n1",
	                                 "xmpp\nalice\n#room", NULL, NULL));
	assert_int_equal(spool_flush(fixture->spool), 0);
	for (i = 0; i < 3; i++) {
		fixture_reopen(fixture);
		assert_links(fixture);
		commit_all(fixture);
		assert_links(fixture);
	}
	/* one that is in the database is replaced as well */
	put_link(fixture, "xmpp\nalice\n#room", "x1", "alice\n#room", "n9", "dave");
	assert_link(fixture, "xmpp\nalice\n#room", "x1", "alice\n#room", "n9", "dave");
	commit_all(fixture);
	assert_link(fixture, "xmpp\nalice\n#room", "x1", "alice\n#room", "n9", "dave");
}

static void test_map_off(void **state)
{
	struct fixture *fixture = *state;

	fixture->config.durability = SPOOL_OFF;
	fixture_open(fixture);
	put_link(fixture, "a", "1", "b", "2", "c");
	assert_link(fixture, "a", "1", "b", "2", "c");
	assert_link(fixture, "b", "2", "a", "1", "c");
	assert_link(fixture, "b", "3", "a", NULL, NULL);
}

static void test_map_by_count(void **state)
{
	struct fixture *fixture = *state;
	char id[32], other[32];
	int i;

	fixture->config.map_count = 1000;
	fixture_open(fixture);
	for (i = 0; i < 3000; i++) {
		snprintf(id, sizeof(id), "x%d", i);
		snprintf(other, sizeof(other), "n%d", i);
		message_map_put(fixture->spool, &(struct message_link){.place = "a",
		                                                       .id = id,
		                                                       .other_place = "b",
		                                                       .other_id = other,
		                                                       .time_ms = 1700000000000 + i});
		if (i % 500 == 0)
			commit_all(fixture);
	}
	commit_all(fixture);
	assert_in_range(fixture_statistics(fixture).mapped, 900, 1000);
	assert_string_equal(message_map_find(fixture->spool, &fixture->arena, "a", "x2999", "b", NULL, NULL),
	                    "n2999");
	assert_null(message_map_find(fixture->spool, &fixture->arena, "a", "x0", "b", NULL, NULL));
}

/* --- the file --- */

/* It costs the memory of what was seen, and nothing else. */
static void test_damaged_database(void **state)
{
	struct fixture *fixture = *state;
	char path[128];
	int fd;

	fixture_open(fixture);
	fixture_put(fixture, SPOOL_TO_NETWORK, "alice", "text");
	see_many(fixture, 0, 10);
	commit_all(fixture);
	fixture_close(fixture);
	snprintf(path, sizeof(path), "%s/messages.db", fixture->spool_folder);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(pwrite(fd, "this is no database, and long enough to be looked at", 52, 0), 52);
	close(fd);
	fixture_open(fixture);
	assert_string_equal(fixture_list(fixture, SPOOL_TO_NETWORK, "alice"), "text");
	assert_true(spool_seen(fixture->spool, "alice", "$1")); /* still in the log */
	commit_all(fixture);
	snprintf(path, sizeof(path), "%s/messages.db.damaged", fixture->spool_folder);
	assert_int_equal(access(path, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_put_twice),        TEST(test_seen_over_restarts), TEST(test_mark),
	        TEST(test_database_is_gone), TEST(test_seen_by_count),      TEST(test_seen_by_age),
	        TEST(test_seen_off),         TEST(test_too_many_items),     TEST(test_map),
	        TEST(test_map_off),          TEST(test_map_by_count),       TEST(test_damaged_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
