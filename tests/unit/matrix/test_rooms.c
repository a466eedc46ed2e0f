/* SPDX-License-Identifier: MIT */
/* Who may do what in a room, and which room replaces which, from the homeserver's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "frontends/matrix/rooms/room_power.h"

static bool may(const char *power_levels, const char *create, const char *creator, const char *person)
{
	struct cJSON *levels = json_read(power_levels, strlen(power_levels)),
	             *made = json_read(create, strlen(create));
	bool result = room_power_may_set_state(
	        &(struct room_state){.power_levels = levels, .create = made, .creator = creator}, person);

	json_free(&levels);
	json_free(&made);
	return result;
}

static void test_power(void **state)
{
	static const char levels[] = "{\"users\":{\"@a:x\":100,\"@b:x\":50,\"@c:x\":49},\"users_default\":0}";
	static const char open[] = "{\"state_default\":10,\"users_default\":10}";

	(void)state;
	assert_true(may(levels, "{}", "@m:x", "@a:x"));
	assert_true(may(levels, "{}", "@m:x", "@b:x"));
	assert_false(may(levels, "{}", "@m:x", "@c:x"));
	assert_false(may(levels, "{}", "@m:x", "@d:x"));
	assert_true(may(open, "{}", NULL, "@d:x"));
	/* Before version 10 levels may be texts; where there are none, whoever has made the room has 100. */
	assert_true(may("{\"users\":{\"@a:x\":\"100\"}}", "{}", "@m:x", "@a:x"));
	assert_true(may("{\"users\":{\"@a:x\":\" +7 \"},\"state_default\":\"7\"}", "{}", "@m:x", "@a:x"));
	assert_false(may("{\"users\":{\"@a:x\":\"6\"},\"state_default\":\"7\"}", "{}", "@m:x", "@a:x"));
	assert_true(may("{\"users_default\":\"50\"}", "{}", "@m:x", "@d:x"));
	static const char odd[] = "{\"users\":{\"@a:x\":\"1e2\",\"@b:x\":\"\",\"@c:x\":\"99999999999999999999\"}}";

	for (char name = 'a'; name <= 'c'; name++)
		assert_false(may(odd, "{}", "@m:x", (const char[]){'@', name, ':', 'x', '\0'}));
	assert_true(may("", "{\"room_version\":\"6\"}", "@m:x", "@m:x"));
	assert_false(may("", "{\"room_version\":\"6\"}", "@m:x", "@a:x"));
	/* nothing is known, or it makes no sense: nobody may */
	assert_false(may("", "", NULL, "@a:x"));
	assert_false(may("[]", "7", "@a:x", "@a:x"));
	assert_false(may("{\"users\":[],\"state_default\":\"none\"}", "{}", "@a:x", "@a:x"));
}

static void test_creators(void **state)
{
	(void)state;
	assert_true(may("{}", "{\"room_version\":\"12\"}", "@m:x", "@m:x"));
	assert_true(
	        may("{}", "{\"room_version\":\"12\",\"additional_creators\":[7,\"@n:x\"]}", "@m:x", "@n:x"));
	assert_false(
	        may("{}", "{\"room_version\":\"12\",\"additional_creators\":[\"@n:x\"]}", "@m:x", "@o:x"));
	/* before version 12 a creator has what he was given */
	assert_false(
	        may("{}", "{\"room_version\":\"11\",\"additional_creators\":[\"@n:x\"]}", "@m:x", "@m:x"));
	assert_false(may("{}", "{\"room_version\":\"org.example.12\"}", "@m:x", "@m:x"));
}

static void assert_missing(const char *power_levels, const char *join_rule, const char *wanted)
{
	struct cJSON *levels = json_read(power_levels, strlen(power_levels));
	struct buf out = {0};

	room_power_missing(&out, &(struct room_state){.power_levels = levels, .creator = "@m:x", .join_rule = join_rule},
	                   "@bot:x");
	if (*wanted)
		assert_non_null(strstr(buf_text(&out), wanted));
	else
		assert_string_equal(buf_text(&out), "");
	json_free(&levels);
	buf_finish(&out);
}

static void test_what_is_missing(void **state)
{
	(void)state;
	assert_missing("{}", "invite", "");
	assert_missing("{\"invite\":50}", "invite", "I may not invite");
	assert_missing("{\"invite\":50}", NULL, "I may not invite");
	assert_missing("{\"invite\":50}", "public", "");
	assert_missing("{\"invite\":50,\"users\":{\"@bot:x\":50}}", "invite", "");
	assert_missing("{\"events_default\":\"20\",\"users\":{\"@bot:x\":50}}", "invite",
	               "takes a power level of 20, and they have 0. Until");
	assert_missing("{\"events\":{\"m.room.message\":10}}", "invite", "Nor may I speak");
	assert_missing("{\"events\":{\"m.room.message\":0},\"events_default\":50}", "invite", "");
}

static struct arena arena;

static struct room_state read_state(const char *text)
{
	static struct cJSON *events;
	struct room_state state;

	json_free(&events);
	events = json_read(text, strlen(text));
	room_state_read(&state, events, &arena);
	if (!*text)
		json_free(&events);
	return state;
}

static void test_state(void **state)
{
	(void)state;
	struct room_state found = read_state(
	        "[{\"type\":\"x\"},7,{\"type\":\"m.room.create\",\"state_key\":\"\",\"sender\":\"@a:x\","
	        "\"content\":{\"predecessor\":{\"room_id\":\"!a:x\"}}},{\"type\":\"m.room.tombstone\",\"state_key\":\"\","
	        "\"sender\":\"@b:x\",\"content\":{\"replacement_room\":\"!c:x\"}},"
	        "{\"type\":\"m.room.join_rules\",\"state_key\":\"\",\"content\":"
	        "{\"join_rule\":\"invite\"}},{\"type\":\"m.room.power_levels\",\"state_key\":\"\",\"content\":{}}]");

	assert_string_equal(found.predecessor, "!a:x");
	assert_string_equal(found.creator, "@a:x");
	assert_string_equal(found.successor, "!c:x");
	assert_string_equal(found.replaced_by, "@b:x");
	assert_string_equal(found.join_rule, "invite");
	assert_non_null(found.create);
	assert_non_null(found.power_levels);
	/* another type, another state key, no room id, nothing */
	assert_null(read_state("[{\"type\":\"m.room.message\",\"content\":{\"predecessor\":{\"room_id\":\"!a:x\"}}}]")
	                    .predecessor);
	assert_null(read_state("[{\"type\":\"m.room.create\",\"state_key\":\"me\",\"sender\":\"@a:x\",\"content\":{}}]")
	                    .creator);
	assert_null(read_state("[{\"type\":\"m.room.create\",\"content\":{\"predecessor\":{\"room_id\":\"a b\"}}}]")
	                    .predecessor);
	assert_null(read_state("[{\"type\":\"m.room.tombstone\",\"content\":{\"replacement_room\":7}}]").successor);
	assert_null(read_state("[]").create);
	assert_null(read_state("").create);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_power),
	        cmocka_unit_test(test_creators),
	        cmocka_unit_test(test_what_is_missing),
	        cmocka_unit_test(test_state),
	};

	return cmocka_run_group_tests_name("matrix: rooms", tests, NULL, NULL);
}
