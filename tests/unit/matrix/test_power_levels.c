/* SPDX-License-Identifier: MIT */
/* Roles of the network in m.room.power_levels: what is ours to change, and how far. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "frontends/matrix/wire/power_levels.h"

#define GIVEN "\"" POWER_LEVELS_GIVEN "\""

static const struct matrix_names names = {"x", "_irc_", "bot"};

/* NULL: nothing is to be changed. Ghosts bob (owner) and eve (voice); people alice (moderator) and carl (none). */
static void assert_written(const char *before, bool people, bool creator, const char *after)
{
	struct power_levels_wanted wanted = {.names = &names, .bot = "@bot:x", .creator = creator};
	struct cJSON *levels = json_read(before, strlen(before));
	struct buf out = {0};

	map_set(&wanted.ghosts, "@_irc_bob:x", power_level_put(ROLE_OWNER));
	map_set(&wanted.ghosts, "@_irc_eve:x", power_level_put(ROLE_VOICE));
	if (people) {
		map_set(&wanted.people, "@alice:x", power_level_put(ROLE_MODERATOR));
		map_set(&wanted.people, "@carl:x", power_level_put(ROLE_NONE));
	}
	assert_int_equal(power_levels_write(&out, levels, &wanted), after != NULL);
	assert_string_equal(buf_text(&out), after ? after : "");
	map_destroy(&wanted.ghosts, NULL);
	map_destroy(&wanted.people, NULL);
	json_free(&levels);
	buf_finish(&out);
}

static void test_levels(void **state)
{
	(void)state;
	for (int role = ROLE_NONE; role <= ROLE_OWNER; role++)
		assert_int_equal(power_level_role(power_level_of((enum participant_role)role)), role);
	assert_int_equal(power_level_role(-5), ROLE_NONE);
	assert_int_equal(power_level_role(9), ROLE_NONE);
	assert_int_equal(power_level_role(49), ROLE_HELPER);
	assert_int_equal(power_level_role(INT64_MAX), ROLE_OWNER);
	assert_int_equal(power_level_get(NULL), ROLE_UNSAID);
}

/* Whoever of ours is not wanted is taken out, the rest of the event stays. */
static void test_ghosts(void **state)
{
	static const char known[] = "{\"ban\":50,\"users\":{\"@bot:x\":100,\"@dora:x\":50,\"@_irc_bob:x\":75,"
	                            "\"@_irc_eve:x\":10}}";

	(void)state;
	assert_written("{\"ban\":50,\"users\":{\"@bot:x\":100,\"@dora:x\":50,\"@_irc_old:x\":50},\"state_default\":50}", false,
	               false,
	               "{\"ban\":50,\"state_default\":50,\"users\":{\"@bot:x\":100,\"@dora:x\":50,\"@_irc_bob:x\":75,"
	               "\"@_irc_eve:x\":10}}");
	assert_written(known, false, false, NULL);
	/* A level between two that means the same role is somebody's wish. */
	assert_written("{\"users\":{\"@bot:x\":100,\"@_irc_bob:x\":80,\"@_irc_eve:x\":12}}", false, false, NULL);
	/* With what everybody has nobody is listed. */
	assert_written("{\"users\":{\"@bot:x\":100},\"users_default\":10}", false, false,
	               "{\"users_default\":10,\"users\":{\"@bot:x\":100,\"@_irc_bob:x\":75}}");
}

static void test_bounds(void **state)
{
	(void)state;
	/* Nobody gets as much as the bot has. */
	assert_written("{\"users\":{\"@bot:x\":60}}", false, false,
	               "{\"users\":{\"@bot:x\":60,\"@_irc_bob:x\":59,\"@_irc_eve:x\":10}}");
	assert_written("{\"users\":{\"@bot:x\":60,\"@_irc_bob:x\":59,\"@_irc_eve:x\":10}}", false, false, NULL);
	/* Levels that are texts are written as numbers. */
	assert_written("{\"ban\":\"50\",\"events\":{\"a\":\"7\"},"
	               "\"users\":{\"@bot:x\":\"100\",\"@dora:x\":\"60\",\"@_irc_eve:x\":\"12\"}}",
	               false, false,
	               "{\"ban\":50,\"events\":{\"a\":7},\"users\":{\"@bot:x\":100,\"@dora:x\":60,\"@_irc_eve:x\":12,"
	               "\"@_irc_bob:x\":75}}");
	/* The bot may not change them. */
	assert_written("{\"users\":{\"@bot:x\":49}}", false, false, NULL);
	assert_written("{\"users\":{\"@bot:x\":60},\"events\":{\"m.room.power_levels\":100}}", false, false, NULL);
	assert_written("{\"users\":{}}", false, false, NULL);
	/* A creator is not listed since version 12. */
	assert_written("{\"users\":{}}", false, true, "{\"users\":{\"@_irc_bob:x\":75,\"@_irc_eve:x\":10}}");
	assert_written("{\"users\":{\"@bot:x\":0}}", false, true, NULL);
	/* What is no event makes none. */
	assert_written("[]", false, true, NULL);
	assert_written("", false, true, NULL);
}

static void test_people(void **state)
{
	static const char ghosts[] = "\"@_irc_bob:x\":75,\"@_irc_eve:x\":10";
	char before[300], after[300];

	(void)state;
	snprintf(before, sizeof(before), "{\"users\":{\"@bot:x\":100,%s}}", ghosts);
	snprintf(after, sizeof(after), "{\"users\":{\"@bot:x\":100,%s,\"@alice:x\":50}," GIVEN ":{\"@alice:x\":50}}", ghosts);
	assert_written(before, true, false, after);
	assert_written(after, true, false, NULL);
	assert_written(before, false, false, NULL);
	/* What we gave is taken back when the role is gone; of those who are not there it stays. */
	snprintf(before, sizeof(before),
	         "{\"users\":{\"@bot:x\":100,%s,\"@alice:x\":50,\"@carl:x\":50,\"@dora:x\":50}," GIVEN
	         ":{\"@alice:x\":50,\"@carl:x\":50,\"@dora:x\":50}}",
	         ghosts);
	snprintf(after, sizeof(after),
	         "{\"users\":{\"@bot:x\":100,%s,\"@alice:x\":50,\"@dora:x\":50}," GIVEN ":{\"@alice:x\":50,\"@dora:x\":50}}",
	         ghosts);
	assert_written(before, true, false, after);
	/* What others have given, or changed since, is theirs. */
	snprintf(before, sizeof(before), "{\"users\":{\"@bot:x\":100,%s,\"@alice:x\":0,\"@carl:x\":100}}", ghosts);
	assert_written(before, true, false, NULL);
	snprintf(before, sizeof(before),
	         "{\"users\":{\"@bot:x\":100,%s,\"@alice:x\":60,\"@carl:x\":50}," GIVEN ":{\"@alice:x\":50}}", ghosts);
	snprintf(after, sizeof(after), "{\"users\":{\"@bot:x\":100,%s,\"@alice:x\":60,\"@carl:x\":50}}", ghosts);
	assert_written(before, true, false, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_levels),
	        cmocka_unit_test(test_ghosts),
	        cmocka_unit_test(test_bounds),
	        cmocka_unit_test(test_people),
	};

	return cmocka_run_group_tests_name("matrix: power levels", tests, NULL, NULL);
}
