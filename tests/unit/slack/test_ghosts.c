/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>

#include <cmocka.h>

#include "config/limits.h"
#include "frontends/slack/channels/ghosts.h"

#define SOON 1000u
#define WHILE (LIMIT_SLACK_GHOST_SECONDS * 1000u)

static void passes(void **state)
{
	struct ghosts ghosts = {0};

	(void)state;
	assert_int_equal(ghosts_counted(&ghosts, 1, 1, SOON), GHOSTS_NOTHING);
	assert_false(ghosts_due(&ghosts, 100 * WHILE));
	/* one that is gone before anybody has to be told */
	assert_int_equal(ghosts_counted(&ghosts, 3, 2, SOON), GHOSTS_SEEN);
	assert_int_equal(ghosts.count, 1);
	assert_int_equal(ghosts_counted(&ghosts, 4, 2, 2 * SOON), GHOSTS_NOTHING);
	assert_int_equal(ghosts.count, 2);
	assert_int_equal(ghosts_counted(&ghosts, 2, 2, SOON + WHILE), GHOSTS_GONE);
	assert_int_equal(ghosts.count, 0);
	assert_int_equal(ghosts_counted(&ghosts, 1, 2, SOON + WHILE), GHOSTS_NOTHING);
}

static void stays(void **state)
{
	struct ghosts ghosts = {0};

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		uint64_t from = SOON + round * 100 * (uint64_t)WHILE;

		assert_int_equal(ghosts_counted(&ghosts, 2, 1, from), GHOSTS_SEEN);
		assert_int_equal(ghosts_counted(&ghosts, 2, 1, from + WHILE - 1), GHOSTS_NOTHING);
		assert_int_equal(ghosts_counted(&ghosts, 2, 1, from + WHILE), GHOSTS_STAY);
		assert_int_equal(ghosts_counted(&ghosts, 3, 1, from + 2 * WHILE), GHOSTS_NOTHING); /* once */
		assert_int_equal(ghosts_counted(&ghosts, 1, 1, from + 3 * WHILE), GHOSTS_GONE);
	}
}

static void is_counted_anew(void **state)
{
	struct ghosts ghosts = {0};
	uint64_t now_ms = SOON, last_ms;

	(void)state;
	ghosts_counted(&ghosts, 2, 1, now_ms);
	assert_false(ghosts_due(&ghosts, now_ms + WHILE - 1));
	assert_true(ghosts_due(&ghosts, now_ms + WHILE));
	assert_false(ghosts_due(&ghosts, now_ms + WHILE)); /* one at a time */
	assert_false(ghosts_due(&ghosts, now_ms + 3 * WHILE - 1));
	assert_true(ghosts_due(&ghosts, now_ms + 3 * WHILE));
	/* never more seldom than that, and not for ever in doubling */
	for (unsigned i = 0; i < 70; i++) {
		last_ms = now_ms;
		now_ms = ghosts.due_ms;
		assert_true(ghosts_due(&ghosts, now_ms));
	}
	assert_in_range(now_ms - last_ms, LIMIT_SLACK_GHOST_LAST_SECONDS * 1000u,
			2 * LIMIT_SLACK_GHOST_LAST_SECONDS * 1000u);
	ghosts_counted(&ghosts, 1, 1, now_ms);
	assert_false(ghosts_due(&ghosts, 2 * ghosts.due_ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes),
		cmocka_unit_test(stays),
		cmocka_unit_test(is_counted_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
