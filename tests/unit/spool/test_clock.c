/* SPDX-License-Identifier: MIT */
/* A clock that jumps an hour either way, while the spool runs and between two starts. */
#include "tests/unit/spool/spool_fixture.h"

#include "base/clock.h"
#include "base/error.h"
#include "transport/spool/spool_internal.h"

#define NETWORK SPOOL_TO_NETWORK
#define HOUR_MS (3600 * 1000)

/* The linker is told to call these in place of base's. */
int64_t __real_clock_wall_ms(void);
int64_t __wrap_clock_wall_ms(void);

static _Atomic int64_t offset_ms; /* the spool thread looks at the clock, too */

int64_t __wrap_clock_wall_ms(void)
{
	return __real_clock_wall_ms() + offset_ms;
}

static bool all_is_committed(struct fixture *fixture)
{
	spool_flush(fixture->spool);
	return fixture->spool->filling.count == 0 && !fixture->spool->sealed &&
	       !fixture->spool->tidy_under_way;
}

static void test_jumps(void **state)
{
	static const int64_t jumps[] = {0, HOUR_MS, 0, -HOUR_MS, -2 * HOUR_MS, HOUR_MS, -HOUR_MS};
	struct fixture *fixture = *state;
	uint64_t last = 0, id, first = 0;
	char seen[2] = "a";
	size_t i;

	fixture->config.seen_seconds = fixture->config.map_seconds = fixture->config.keep_dead_seconds =
	        24 * 3600;
	fixture_open(fixture);
	for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++, seen[0]++) {
		offset_ms = jumps[i];
		assert_int_equal(fixture_try_put(fixture, NETWORK, "alice", "x", seen, &id), 0);
		assert_true(id > last);
		last = id;
		first = first ? first : id;
		spool_when_durable(fixture->spool, fixture_durable, fixture);
		assert_int_equal(spool_flush(fixture->spool), 0);
		fixture_wait_until(fixture, all_is_committed);
		if (i == 2)
			spool_dead(fixture->spool, spool_find(fixture->spool, first), "reason");
		fixture->spool->expired_ms = 0;
		spool_expire(fixture->spool);
		assert_int_equal(spool_flush(fixture->spool), 0);
		if (i % 2)
			fixture_reopen(fixture);
	}
	assert_int_equal(fixture->durable_calls, 7);
	assert_string_equal(fixture_list(fixture, NETWORK, "alice"), "x! x x x x x x");
	for (seen[0] = 'a'; seen[0] < 'a' + 7; seen[0]++)
		assert_int_equal(fixture_try_put(fixture, NETWORK, "alice", "x", seen, NULL), TP_ERR_EXISTS);
}

/* Ids grow without the clock: also of what was never flushed, and was lost. */
static void test_ids_without_a_clock(void **state)
{
	struct fixture *fixture = *state;
	uint64_t last = 0, id;
	int i;

	for (i = 0; i < 10; i++) {
		offset_ms = -i * (int64_t)HOUR_MS;
		fixture_open(fixture);
		id = fixture_put(fixture, NETWORK, "alice", "x");
		assert_true(id > last);
		last = fixture_put(fixture, NETWORK, "alice", "x");
		fixture_crash(fixture);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_jumps),
	        TEST(test_ids_without_a_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
