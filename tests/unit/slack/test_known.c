/* SPDX-License-Identifier: MIT */
/* What is kept of the last messages of a conversation, and of the reactions on them. */
#include "tests/unit/slack/known_fixture.h"

#include <stdio.h>
#include <string.h>

#include "config/limits.h"
#include "frontends/slack/channels/known.h"

static void put_messages(struct known_fixture *fixture)
{
	LIST_EACH (link, known_messages(&fixture->frontend, &fixture->channel)) {
		const struct known_message *message = CONTAINER_OF(link, struct known_message, link);

		buf_printf(&fixture->told, "%s %s %s\n", message->ts, message->thread ? message->thread : "-", message->user);
	}
}

static void expect_messages(struct known_fixture *fixture, const char *expected)
{
	put_messages(fixture);
	known_fixture_expect(fixture, expected);
}

static void put_reaction(void *context, const char *ts, const char *user, const char *name)
{
	struct known_fixture *fixture = context;

	buf_printf(&fixture->told, "%s %s %s\n", ts, user, name);
}

/* `ts` NULL: on any message. */
static void expect_reactions(struct known_fixture *fixture, const char *ts, const char *expected)
{
	assert_true(known_reactions(&fixture->frontend, TEAM, CHANNEL, ts, put_reaction, fixture));
	known_fixture_expect(fixture, expected);
}

static bool is_known(struct known_fixture *fixture, const char *ts)
{
	return known_reactions(&fixture->frontend, TEAM, CHANNEL, ts, NULL, NULL);
}

/* ---------------------------------------------------------------------------------------------- messages */

static void test_messages_survive(void **state)
{
	struct known_fixture *fixture = *state;

	known_fixture_say(fixture, "1001.000100", NULL, "U1");
	known_fixture_say(fixture, "1002.000100", "1001.000100", "U2");
	known_fixture_say(fixture, "1003.000100", NULL, "U1");
	known_remove(&fixture->frontend, &fixture->channel, "1001.000100");
	known_remove(&fixture->frontend, &fixture->channel, "1001.000200");
	known_fixture_restart(fixture);
	expect_messages(fixture, "1002.000100 1001.000100 U2\n1003.000100 - U1\n");
	known_fixture_say(fixture, "1004.000100", NULL, "U1");
	known_fixture_restart(fixture);
	expect_messages(fixture, "1002.000100 1001.000100 U2\n1003.000100 - U1\n1004.000100 - U1\n");
	known_remove(&fixture->frontend, &fixture->channel, "1004.000100");
	known_remove(&fixture->frontend, &fixture->channel, "1002.000100");
	known_remove(&fixture->frontend, &fixture->channel, "1003.000100");
	known_fixture_restart(fixture);
	expect_messages(fixture, "");
}

static void test_the_oldest_message_goes(void **state)
{
	struct known_fixture *fixture = *state;
	char ts[32];
	unsigned count = 0;

	for (unsigned i = 0; i < LIMIT_SLACK_KNOWN_MESSAGES + 2; i++) {
		snprintf(ts, sizeof(ts), "%u.000100", 2000 + i);
		known_fixture_say(fixture, ts, NULL, "U1");
	}
	known_fixture_restart(fixture);
	LIST_EACH (link, known_messages(&fixture->frontend, &fixture->channel)) {
		snprintf(ts, sizeof(ts), "%u.000100", 2002 + count++);
		assert_string_equal(CONTAINER_OF(link, struct known_message, link)->ts, ts);
	}
	assert_int_equal(count, LIMIT_SLACK_KNOWN_MESSAGES);
}

static void test_forgets(void **state)
{
	struct known_fixture *fixture = *state;

	known_fixture_say(fixture, "1001.000100", NULL, "U1");
	known_fixture_react(fixture, "1001.000100", "U1", "wave", true);
	known_forget(&fixture->frontend, &fixture->channel);
	expect_messages(fixture, "");
	assert_false(is_known(fixture, "1001.000100"));
	assert_false(is_known(fixture, NULL));
}

/* --------------------------------------------------------------------------------------------- reactions */

static void test_reactions_come_once(void **state)
{
	struct known_fixture *fixture = *state;
	const char *ts = "1001.000100";

	assert_true(known_fixture_react(fixture, ts, "U1", "wave", true));
	assert_false(known_fixture_react(fixture, ts, "U1", "wave", true));
	assert_true(known_fixture_react(fixture, ts, "U2", "wave", true));
	assert_true(known_fixture_react(fixture, ts, "U1", "wave::skin-tone-3", true));
	assert_true(known_fixture_react(fixture, "1002.000100", "U1", "wave", true));
	known_fixture_restart(fixture);
	expect_reactions(fixture, ts, "1001.000100 U1 wave\n1001.000100 U2 wave\n1001.000100 U1 wave::skin-tone-3\n");
	assert_true(known_fixture_react(fixture, ts, "U1", "wave", false));
	assert_false(known_fixture_react(fixture, ts, "U1", "wave", false));
	assert_false(known_fixture_react(fixture, ts, "U3", "tada", false));
	expect_reactions(fixture, NULL,
			 "1001.000100 U2 wave\n1001.000100 U1 wave::skin-tone-3\n1002.000100 U1 wave\n");
}

/* Slack sends again what was not acknowledged: what has changed since is not changed back. */
static void test_reactions_out_of_order(void **state)
{
	struct known_fixture *fixture = *state;
	const char *ts = "1001.000100";
	char at[32];

	/* Found in history; and its own event comes last. */
	assert_true(known_fixture_react(fixture, ts, "U1", "wave", true));
	assert_true(known_fixture_react_at(fixture, ts, "U1", "wave", false, "1003.000000"));
	known_fixture_restart(fixture);
	assert_false(known_fixture_react_at(fixture, ts, "U1", "wave", true, "1002.000000"));
	expect_reactions(fixture, NULL, "");
	assert_true(known_fixture_react_at(fixture, ts, "U1", "wave", true, "1004.000000"));
	assert_false(known_fixture_react_at(fixture, ts, "U1", "wave", false, "1003.000000"));
	assert_true(known_fixture_react_at(fixture, ts, "U1", "wav", true, "1001.500000"));
	assert_true(known_fixture_react_at(fixture, ts, "U2", "wave", true, "1001.500000"));
	/* The first come is forgotten first. */
	for (int i = 0; i < LIMIT_SLACK_KNOWN_REACTIONS; i++) {
		snprintf(at, sizeof(at), "1005.%06d", i);
		known_fixture_react_at(fixture, ts, "U3", at, false, at);
	}
	assert_false(known_fixture_react_at(fixture, ts, "U3", at, true, "1004.000000"));
	assert_true(known_fixture_react_at(fixture, ts, "U1", "wave", false, "1003.000000"));
	known_forget(&fixture->frontend, &fixture->channel);
	known_begin(&fixture->frontend, &fixture->channel);
}

/* From before the channel was tied: whether such a one came before cannot be told, so it goes on. */
static void test_reactions_on_older_messages(void **state)
{
	struct known_fixture *fixture = *state;

	assert_false(is_known(fixture, "999.000100"));
	assert_false(is_known(fixture, "1000.000000"));
	assert_true(is_known(fixture, "1000.000001"));
	for (int i = 0; i < 2; i++)
		assert_true(known_fixture_react(fixture, "999.000100", "U1", "wave", true));
	expect_reactions(fixture, NULL, "");
}

/* A name that would be two words of the note. */
static void test_reactions_that_cannot_be_noted(void **state)
{
	struct known_fixture *fixture = *state;

	for (int i = 0; i < 2; i++)
		assert_true(known_fixture_react(fixture, "1001.000100", "U1", "two words", true));
	expect_reactions(fixture, NULL, "");
}

static void expect_none_on(struct known_fixture *fixture, const char *ts)
{
	assert_true(known_reactions(&fixture->frontend, TEAM, CHANNEL, NULL, put_reaction, fixture));
	assert_null(strstr(buf_text(&fixture->told), ts));
	buf_clear(&fixture->told);
}

static void fill(struct known_fixture *fixture)
{
	char user[16];

	assert_true(known_fixture_react(fixture, "1001.000100", "U1", "first", true));
	assert_true(known_fixture_react(fixture, "1002.000100", "U1", "second", true));
	for (unsigned i = 2; i < LIMIT_SLACK_KNOWN_REACTIONS; i++) {
		snprintf(user, sizeof(user), "U%u", i);
		assert_true(known_fixture_react(fixture, "1003.000100", user, "more", true));
	}
	assert_true(is_known(fixture, "1001.000100"));
}

/* Those on the oldest message go, and what comes of it from then on cannot be told from what was. */
static void test_too_many_reactions(void **state)
{
	struct known_fixture *fixture = *state;

	fill(fixture);
	assert_true(known_fixture_react(fixture, "1004.000100", "U1", "last", true));
	assert_false(is_known(fixture, "1001.000100"));
	expect_reactions(fixture, "1002.000100", "1002.000100 U1 second\n");
	expect_reactions(fixture, "1004.000100", "1004.000100 U1 last\n");
	assert_true(known_fixture_react(fixture, "1001.000100", "U1", "first", true));
	expect_none_on(fixture, "1001.000100");
	assert_false(known_fixture_react(fixture, "1004.000100", "U1", "last", true));
}

static void test_too_many_reactions_on_the_oldest(void **state)
{
	struct known_fixture *fixture = *state;

	fill(fixture);
	assert_true(known_fixture_react(fixture, "1001.000100", "U2", "first", true));
	assert_false(is_known(fixture, "1001.000100"));
	expect_none_on(fixture, "1001.000100");
	expect_reactions(fixture, "1002.000100", "1002.000100 U1 second\n");
	/* One that goes makes no room, and takes none. */
	assert_true(known_fixture_react(fixture, "1002.000100", "U1", "second", false));
	expect_reactions(fixture, "1002.000100", "");
	assert_true(is_known(fixture, "1002.000100"));
}

/* Tied anew, a channel begins anew; a chat does not, as all chats of a DM have the same reactions. */
static void test_begins(void **state)
{
	struct known_fixture *fixture = *state;
	struct channel chat = fixture->channel;

	known_fixture_react(fixture, "1001.000100", "U1", "wave", true);
	known_continue(&fixture->frontend, &fixture->channel);
	chat.kind = CHANNEL_CHAT;
	chat.place = TEAM "/" CHANNEL "/1001.000000";
	chat.known = NULL;
	known_begin(&fixture->frontend, &chat);
	expect_reactions(fixture, NULL, "1001.000100 U1 wave\n");
	known_forget(&fixture->frontend, &chat);
	expect_reactions(fixture, NULL, "1001.000100 U1 wave\n");
	known_begin(&fixture->frontend, &fixture->channel);
	expect_reactions(fixture, NULL, "");
	known_forget(&fixture->frontend, &fixture->channel);
	known_continue(&fixture->frontend, &fixture->channel);
	assert_true(is_known(fixture, "1000.000001"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, known_fixture_setup, known_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_messages_survive),
		TEST(test_the_oldest_message_goes),
		TEST(test_forgets),
		TEST(test_reactions_come_once),
		TEST(test_reactions_out_of_order),
		TEST(test_reactions_on_older_messages),
		TEST(test_reactions_that_cannot_be_noted),
		TEST(test_too_many_reactions),
		TEST(test_too_many_reactions_on_the_oldest),
		TEST(test_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
