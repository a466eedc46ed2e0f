/* SPDX-License-Identifier: MIT */
/* What comes and goes between two flushes is never written, and nothing else is left out for it. */
#include "tests/unit/spool/spool_fixture.h"

#include <string.h>

#include "base/error.h"

#define NETWORK SPOOL_TO_NETWORK

static uint64_t flushes(struct fixture *fixture)
{
	return fixture_statistics(fixture).flushes;
}

/* Flushes; whether that wrote. */
static bool writes(struct fixture *fixture)
{
	uint64_t before = flushes(fixture);
	bool pending = spool_is_pending(fixture->spool);

	assert_int_equal(spool_flush(fixture->spool), 0);
	assert_false(spool_is_pending(fixture->spool));
	assert_true(pending || flushes(fixture) == before);
	return flushes(fixture) > before;
}

static void pass(struct fixture *fixture, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t id = fixture_put(fixture, i % 2 ? NETWORK : SPOOL_TO_PEOPLE, "alice", "gone");

		spool_handed(fixture->spool, spool_find(fixture->spool, id));
		fixture_done(fixture, id);
	}
}

static void test_nothing_written(void **state)
{
	struct fixture *fixture = *state;
	uint64_t last;

	fixture_open(fixture);
	assert_true(spool_can_wait(fixture->spool));
	assert_false(spool_is_pending(fixture->spool));
	pass(fixture, 3000); /* of several batches */
	assert_true(spool_can_wait(fixture->spool));
	assert_true(spool_is_pending(fixture->spool));
	assert_false(writes(fixture));
	assert_int_equal(fixture_statistics(fixture).done, 3000);
	last = fixture_put(fixture, NETWORK, "alice", "stays");
	assert_true(spool_can_wait(fixture->spool));
	assert_true(writes(fixture));
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "stays");
	assert_true(fixture_put(fixture, NETWORK, "alice", "new") > last);
}

/* Ids are not given out again, though nothing says that they were. */
static void test_ids_of_what_was_not_written(void **state)
{
	struct fixture *fixture = *state;
	uint64_t last = 0;

	fixture_open(fixture);
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned n = 0; n < 1000; n++) {
			last = fixture_put(fixture, NETWORK, "alice", "gone");
			fixture_done(fixture, last);
		}
		assert_false(writes(fixture));
		fixture_reopen(fixture);
		uint64_t next = fixture_put(fixture, NETWORK, "alice", "new");

		assert_true(next > last);
		fixture_done(fixture, next);
	}
}

static void test_one_stays(void **state)
{
	struct fixture *fixture = *state;

	fixture_open(fixture);
	pass(fixture, 3);
	uint64_t stays = fixture_put(fixture, NETWORK, "alice", "stays");

	pass(fixture, 3);
	assert_true(writes(fixture));
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "stays");
	/* It was written: that it is gone has to be, too. */
	pass(fixture, 1);
	assert_true(spool_can_wait(fixture->spool));
	fixture_done(fixture, stays);
	assert_false(spool_can_wait(fixture->spool));
	assert_true(writes(fixture));
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "");
}

/* It came back from the backend, or is dead: it stays, and so it is written. */
static void test_not_gone(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;

	fixture_open(fixture);
	id = fixture_put(fixture, NETWORK, "alice", "back");
	spool_handed(fixture->spool, spool_find(fixture->spool, id));
	spool_wait(fixture->spool, spool_find(fixture->spool, id));
	assert_true(writes(fixture));
	id = fixture_put(fixture, NETWORK, "alice", "dead");
	spool_dead(fixture->spool, spool_find(fixture->spool, id), "No.");
	assert_false(spool_can_wait(fixture->spool));
	assert_true(writes(fixture));
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "back dead!");
	spool_retry(fixture->spool, spool_find(fixture->spool, id));
	assert_true(writes(fixture));
	fixture_reopen(fixture);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "back dead");
}

/* Its sender sends it again after a crash: then it is known. */
static void test_seen(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;

	fixture_open(fixture);
	assert_int_equal(fixture_try_put(fixture, NETWORK, "alice", "once", "id 1", &id), 0);
	assert_false(spool_can_wait(fixture->spool));
	fixture_done(fixture, id);
	assert_true(writes(fixture));
	fixture_reopen(fixture);
	assert_int_equal(fixture_try_put(fixture, NETWORK, "alice", "once", "id 1", &id), TP_ERR_EXISTS);
}

static void test_note(void **state)
{
	struct fixture *fixture = *state;
	size_t size;

	fixture_open(fixture);
	pass(fixture, 1);
	spool_note_set(fixture->spool, "taken", "a", "1", 1);
	assert_false(spool_can_wait(fixture->spool));
	pass(fixture, 1);
	assert_true(writes(fixture));
	fixture_reopen(fixture);
	assert_non_null(spool_note_get(fixture->spool, "taken", "a", &size));
}

/* Who asked to be called is, and what is acknowledged elsewhere is on record first. */
static void test_somebody_is_told(void **state)
{
	struct fixture *fixture = *state;

	fixture_open(fixture);
	pass(fixture, 1);
	spool_when_durable(fixture->spool, fixture_durable, fixture);
	assert_false(spool_can_wait(fixture->spool));
	assert_true(writes(fixture));
	assert_int_equal(fixture->durable_calls, 1);
	spool_cannot_wait(fixture->spool);
	assert_false(spool_can_wait(fixture->spool));
	pass(fixture, 1);
	assert_true(writes(fixture));
	assert_true(spool_can_wait(fixture->spool));
}

static void test_power(void **state)
{
	struct fixture *fixture = *state;

	fixture->config.durability = SPOOL_POWER;
	fixture_open(fixture);
	assert_false(spool_can_wait(fixture->spool));
	pass(fixture, 1);
	assert_false(spool_can_wait(fixture->spool));
	assert_int_equal(spool_flush(fixture->spool), 0);
}

static void test_off(void **state)
{
	struct fixture *fixture = *state;

	fixture->config.durability = SPOOL_OFF;
	fixture_open(fixture);
	assert_true(spool_can_wait(fixture->spool));
	spool_cannot_wait(fixture->spool);
	pass(fixture, 3);
	assert_true(spool_can_wait(fixture->spool));
	assert_false(spool_is_pending(fixture->spool));
	assert_int_equal(spool_flush(fixture->spool), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_nothing_written), TEST(test_ids_of_what_was_not_written),
	        TEST(test_one_stays),       TEST(test_not_gone),
	        TEST(test_seen),            TEST(test_note),
	        TEST(test_somebody_is_told), TEST(test_power),
	        TEST(test_off),
	};

	return cmocka_run_group_tests_name("passing", tests, NULL, NULL);
}
