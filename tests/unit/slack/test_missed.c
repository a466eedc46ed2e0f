/* SPDX-License-Identifier: MIT */
/* What is told from history to have been changed in a gap: everything was seen up to 1050.000000. */
#include "tests/unit/slack/known_fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "frontends/slack/channels/missed.h"
#include "frontends/slack/messages/incoming.h"

#define SINCE "1050.000000"
#define FROM "1010.000000"

static struct known_fixture *now; /* to whom incoming_missed tells */
static unsigned told;             /* events of this time: each has a time of its own */

/* In the place of incoming.c: one line for each event. */
void incoming_missed(struct workspace *workspace, const struct cJSON *payload)
{
	struct arena arena = {0};
	struct slack_event event;
	char time[32];

	assert_ptr_equal(workspace, &now->workspace);
	assert_true(slack_event_read(&event, payload, &arena));
	assert_string_equal(event.team, TEAM);
	assert_string_equal(event.channel, CHANNEL);
	snprintf(time, sizeof(time), "1000.%06u", told++);
	assert_string_equal(event.event_ts, time);
	if (event.kind == SLACK_EDIT)
		buf_printf(&now->told, "edit %s %s %s\n", event.ts, event.edited_ts, event.text);
	else if (event.kind == SLACK_DELETE)
		buf_printf(&now->told, "delete %s %s %s\n", event.ts, event.thread_ts ? event.thread_ts : "-", event.user);
	else if (event.kind == SLACK_REACTION)
		buf_printf(&now->told, "%s %s %s %s\n", event.added ? "add" : "remove", event.ts, event.user, event.reaction);
	else
		buf_printf(&now->told, "kind %d\n", event.kind);
	arena_finish(&arena);
}

static struct missed *begin(struct known_fixture *fixture)
{
	return missed_create(&fixture->frontend, fixture->channel.place, SINCE);
}

/* A message that history has: `more` is what it has besides. */
static void there_is(struct missed *missed, const char *ts, const char *more)
{
	char *text = mem_printf("{\"type\":\"message\",\"user\":\"U1\",\"text\":\"text\",\"ts\":\"%s\"%s}", ts, more);
	struct cJSON *json = json_read(text, strlen(text));

	assert_non_null(json);
	missed_note(missed, json);
	json_free(&json);
	mem_free(text);
}

static void expect(struct known_fixture *fixture, struct missed *missed, const char *expected)
{
	now = fixture;
	told = 0;
	missed_hand_over(missed, &fixture->workspace, &fixture->channel);
	missed_destroy(&missed);
	known_fixture_expect(fixture, expected);
}

/* ------------------------------------------------------------------------------------------------- edits */

#define EDITED(ts) ",\"edited\":{\"user\":\"U1\",\"ts\":\"" ts "\"}"

static void test_an_edit(void **state)
{
	struct missed *missed = begin(*state);

	there_is(missed, "1040.000100", EDITED("1060.000000"));
	expect(*state, missed, "edit 1040.000100 1060.000000 text\n");
}

static void test_what_is_no_edit_of_the_gap(void **state)
{
	struct missed *missed = begin(*state);

	there_is(missed, "1040.000100", EDITED("1045.000000")); /* told when it was made */
	there_is(missed, "1050.000000", EDITED("1050.000000"));
	there_is(missed, "1055.000100", EDITED("1060.000000")); /* comes as it is now */
	there_is(missed, "1041.000100", "");
	expect(*state, missed, "");
}

/* --------------------------------------------------------------------------------------------- deletions */

static void test_a_deletion(void **state)
{
	struct known_fixture *fixture = *state;
	struct missed *missed = begin(fixture);

	known_fixture_say(fixture, "1009.000100", NULL, "U1"); /* before what was read */
	known_fixture_say(fixture, "1010.000000", NULL, "U1");
	known_fixture_say(fixture, "1020.000100", NULL, "U2");
	known_fixture_say(fixture, "1030.000100", NULL, "U1");
	known_fixture_say(fixture, "1050.000100", NULL, "U1"); /* came while it was being read */
	there_is(missed, "1030.000100", "");
	missed_complete(missed, NULL, FROM);
	expect(fixture, missed, "delete 1010.000000 - U1\ndelete 1020.000100 - U2\n");
}

/* What could not be read says nothing. */
static void test_no_deletion_without_history(void **state)
{
	struct known_fixture *fixture = *state;
	struct missed *missed = begin(fixture);

	known_fixture_say(fixture, "1020.000100", NULL, "U1");
	known_fixture_say(fixture, "1021.000100", "1001.000100", "U1");
	missed_complete(missed, "1002.000100", FROM);
	expect(fixture, missed, "");
}

/* Replies are in no history but their thread's. */
static void test_a_deletion_in_a_thread(void **state)
{
	struct known_fixture *fixture = *state;
	struct missed *missed = begin(fixture);

	known_fixture_say(fixture, "1021.000100", "1001.000100", "U1");
	known_fixture_say(fixture, "1022.000100", "1001.000100", "U2");
	known_fixture_say(fixture, "1023.000100", "1002.000100", "U2");
	there_is(missed, "1021.000100", "");
	missed_complete(missed, NULL, FROM);
	missed_complete(missed, "1001.000100", FROM);
	expect(fixture, missed, "delete 1022.000100 1001.000100 U2\n");
}

/* The first message of a thread stays as a tombstone, which is enough, whatever else was read. */
static void test_a_tombstone(void **state)
{
	struct known_fixture *fixture = *state;
	struct missed *missed = begin(fixture);

	known_fixture_say(fixture, "1020.000100", NULL, "U1");
	there_is(missed, "1020.000100", ",\"subtype\":\"tombstone\"");
	there_is(missed, "1021.000100", ",\"subtype\":\"tombstone\""); /* was never known */
	expect(fixture, missed, "delete 1020.000100 - U1\n");
}

/* --------------------------------------------------------------------------------------------- reactions */

static void test_a_reaction(void **state)
{
	struct known_fixture *fixture = *state;
	struct missed *missed = begin(fixture);

	known_fixture_react(fixture, "1020.000100", "U1", "wave", true);
	there_is(missed, "1020.000100", ",\"reactions\":[{\"name\":\"wave\",\"users\":[\"U1\",\"U2\"],\"count\":2},"
					"{\"name\":\"tada::skin-tone-2\",\"users\":[\"U1\"],\"count\":1}]");
	expect(fixture, missed, "add 1020.000100 U2 wave\nadd 1020.000100 U1 tada::skin-tone-2\n");
}

/* Our own were told to Slack by us. */
static void test_a_reaction_of_ours(void **state)
{
	struct missed *missed = begin(*state);

	there_is(missed, "1020.000100", ",\"reactions\":[{\"name\":\"wave\",\"users\":[\"" BOT "\"],\"count\":1}]");
	expect(*state, missed, "");
}

static void test_a_reaction_that_is_gone(void **state)
{
	struct known_fixture *fixture = *state;
	struct missed *missed = begin(fixture);

	known_fixture_react(fixture, "1020.000100", "U1", "wave", true);
	known_fixture_react(fixture, "1020.000100", "U2", "wave", true);
	known_fixture_react(fixture, "1021.000100", "U1", "tada", true);
	known_fixture_react(fixture, "1022.000100", "U1", "eyes", true); /* not read: nothing is known */
	there_is(missed, "1020.000100", ",\"reactions\":[{\"name\":\"wave\",\"users\":[\"U2\"],\"count\":1}]");
	there_is(missed, "1021.000100", "");
	now = fixture;
	told = 0;
	missed_hand_over(missed, &fixture->workspace, &fixture->channel);
	missed_destroy(&missed);
	/* In any order. */
	assert_non_null(strstr(buf_text(&fixture->told), "remove 1020.000100 U1 wave\n"));
	assert_non_null(strstr(buf_text(&fixture->told), "remove 1021.000100 U1 tada\n"));
	assert_int_equal(fixture->told.len, strlen("remove 1020.000100 U1 wave\nremove 1021.000100 U1 tada\n"));
}

/* Of many Slack names some: who is not named may have it still. */
static void test_reactions_of_many(void **state)
{
	struct known_fixture *fixture = *state;
	struct missed *missed = begin(fixture);

	known_fixture_react(fixture, "1020.000100", "U1", "wave", true);
	there_is(missed, "1020.000100", ",\"reactions\":[{\"name\":\"wave\",\"users\":[\"U2\"],\"count\":50}]");
	expect(fixture, missed, "add 1020.000100 U2 wave\n");
}

/* On messages of before the channel was tied: whether they came before cannot be told. */
static void test_reactions_on_older_messages(void **state)
{
	struct missed *missed = begin(*state);

	there_is(missed, "999.000100", ",\"reactions\":[{\"name\":\"wave\",\"users\":[\"U2\"],\"count\":1}]");
	expect(*state, missed, "");
}

/* A page that is read twice counts once, and what is no message does not count. */
static void test_read_twice(void **state)
{
	struct missed *missed = begin(*state);

	there_is(missed, "1040.000100", EDITED("1060.000000"));
	there_is(missed, "1040.000100", EDITED("1060.000000"));
	there_is(missed, "yesterday", EDITED("1060.000000"));
	expect(*state, missed, "edit 1040.000100 1060.000000 text\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, known_fixture_setup, known_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_edit),
		TEST(test_what_is_no_edit_of_the_gap),
		TEST(test_a_deletion),
		TEST(test_no_deletion_without_history),
		TEST(test_a_deletion_in_a_thread),
		TEST(test_a_tombstone),
		TEST(test_a_reaction),
		TEST(test_a_reaction_of_ours),
		TEST(test_a_reaction_that_is_gone),
		TEST(test_reactions_of_many),
		TEST(test_reactions_on_older_messages),
		TEST(test_read_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
