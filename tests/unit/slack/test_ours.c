/* SPDX-License-Identifier: MIT */
/* Who of a room's people is one of ours. */
#include "tests/unit/slack/known_fixture.h"

#include <stdio.h>

#include "config/limits.h"
#include "frontends/slack/channels/ours.h"

static int setup(void **state)
{
	int err = known_fixture_setup(state);

	((struct known_fixture *)*state)->frontend.ours = map_create();
	return err;
}

static int teardown(void **state)
{
	map_destroy(&((struct known_fixture *)*state)->frontend.ours, NULL);
	return known_fixture_teardown(state);
}

static void test_is_noted(void **state)
{
	struct slack_frontend *frontend = &((struct known_fixture *)*state)->frontend;

	assert_false(ours_note(frontend, "#lobby", "egon", true));
	assert_true(ours_note(frontend, "#Lobby", "EGON", true));
	assert_false(ours_note(frontend, "#attic", "egon", false));
	assert_true(ours_note(frontend, "#lobby", "egon", false));
	assert_false(ours_note(frontend, "#lobby", "egon", false));
	assert_int_equal(map_count(frontend->ours), 0);
}

/* However many names a network gives them. */
static void test_limit(void **state)
{
	struct slack_frontend *frontend = &((struct known_fixture *)*state)->frontend;
	char nickname[16] = "";

	for (unsigned i = 0; i < LIMIT_SLACK_OURS + 10; i++) {
		snprintf(nickname, sizeof(nickname), "n%u", i);
		ours_note(frontend, "#lobby", nickname, true);
	}
	assert_int_equal(map_count(frontend->ours), LIMIT_SLACK_OURS);
	assert_true(ours_note(frontend, "#lobby", nickname, true));
	assert_int_equal(map_count(frontend->ours), LIMIT_SLACK_OURS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_is_noted),
		TEST(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
