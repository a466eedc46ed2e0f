/* SPDX-License-Identifier: MIT */
/* Which reactions of the network's people Slack is told of, while calls are under way and after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "config/limits.h"
#include "frontends/slack/messages/reactions_put.h"
#include "tests/unit/spool/spool_fixture.h"

static struct reactions_put *put;
static struct buf told; /* "+emoji who;" for each call */

static void on_change(void *context, const struct reaction_change *change)
{
	(void)context;
	buf_printf(&told, "%c%s %s;", change->added ? '+' : '-', change->emoji, change->who);
}

/* What has to be told once somebody has these, with spaces between them. */
static const char *set(const char *who, const char *words)
{
	static char last[8192];
	const char *emoji[LIMIT_SLACK_REACTIONS_PUT + 1];
	char *copy = mem_strdup(words), *rest = NULL;
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		emoji[count++] = word;
	buf_clear(&told);
	reactions_put_set(put, "C1/1.1", who, emoji, count, on_change, NULL);
	snprintf(last, sizeof(last), "%s", buf_text(&told));
	mem_free(copy);
	return last;
}

static void end(const char *who, const char *emoji, bool added, bool done)
{
	reactions_put_end(put, &(struct reaction_change){"C1/1.1", who, emoji, added}, done);
}

static int setup(void **state)
{
	fixture_setup(state);
	fixture_open(*state);
	put = reactions_put_create(((struct fixture *)*state)->spool);
	return 0;
}

static int teardown(void **state)
{
	reactions_put_destroy(&put);
	reactions_put_destroy(&put);
	buf_finish(&told);
	return fixture_teardown(state);
}

static void start_again(struct fixture *fixture)
{
	assert_int_equal(spool_flush(fixture->spool), 0);
	reactions_put_destroy(&put);
	fixture_reopen(fixture);
	put = reactions_put_create(fixture->spool);
}

static void first_and_last_are_told(void **state)
{
	(void)state;
	assert_string_equal(set("alice", "a b"), "+a alice;+b alice;");
	end("alice", "a", true, true);
	end("alice", "b", true, true);
	assert_string_equal(set("bob", "a"), "");
	assert_string_equal(set("alice", "b"), "");
	assert_string_equal(set("alice", ""), "-b alice;");
	end("alice", "b", false, true);
	assert_string_equal(set("bob", ""), "-a bob;");
	end("bob", "a", false, true);
	assert_string_equal(set("bob", ""), "");
}

/* What is under way may fail, or be overtaken: nobody relies on it, and nobody takes it from another. */
static void under_way(void **state)
{
	(void)state;
	assert_string_equal(set("alice", "a"), "+a alice;");
	assert_string_equal(set("alice", "a"), "");
	assert_string_equal(set("bob", "a"), "+a bob;");
	assert_string_equal(set("alice", ""), "");
	end("alice", "a", true, true);
	end("bob", "a", true, true);
	/* It is bob's alone now. */
	assert_string_equal(set("bob", ""), "-a bob;");
	/* It is going away, so who comes now puts it on again. */
	assert_string_equal(set("alice", "a"), "+a alice;");
	end("bob", "a", false, true);
	end("alice", "a", true, true);
	assert_string_equal(set("alice", ""), "-a alice;");
	assert_string_equal(set("alice", "a"), "+a alice;");
	end("alice", "a", false, true);
	end("alice", "a", true, true);
	assert_string_equal(set("alice", "a"), "");
}

static void what_failed_is_as_before(void **state)
{
	(void)state;
	assert_string_equal(set("alice", "a"), "+a alice;");
	end("alice", "a", true, false);
	assert_string_equal(set("alice", "a"), "+a alice;");
	end("alice", "a", true, true);
	assert_string_equal(set("alice", ""), "-a alice;");
	end("alice", "a", false, false);
	assert_string_equal(set("alice", ""), "-a alice;");
	/* What is not under way ends nothing. */
	end("bob", "a", true, true);
	end("alice", "b", true, true);
}

static void outlives_the_process(void **state)
{
	assert_string_equal(set("alice in chains", "a :one:"), "+a alice in chains;+:one: alice in chains;");
	end("alice in chains", "a", true, true);
	assert_string_equal(set("bob", "a"), "");
	start_again(*state);
	/* The other had no answer yet. */
	assert_string_equal(set("alice in chains", "a :one:"), "+:one: alice in chains;");
	end("alice in chains", ":one:", true, true);
	assert_string_equal(set("alice in chains", ""), "-:one: alice in chains;");
	start_again(*state);
	assert_string_equal(set("alice in chains", ""), "-:one: alice in chains;");
	assert_string_equal(set("bob", ""), "-a bob;");
}

static void is_limited(void **state)
{
	struct buf words = {0};
	size_t count = 0;

	(void)state;
	for (int i = 0; i <= LIMIT_SLACK_REACTIONS_PUT; i++)
		buf_printf(&words, "%se%d", i ? " " : "", i);
	for (const char *at = set("alice", buf_text(&words)); (at = strchr(at, '+')); at++)
		count++;
	assert_int_equal(count, LIMIT_SLACK_REACTIONS_PUT);
	buf_finish(&words);
	/* Nor is what could not be read back. */
	reactions_put_set(put, "C1/2.2", "al\tice", (const char *[]){"a"}, 1, on_change, NULL);
	buf_clear(&told);
	reactions_put_set(put, "C1/2.2", "alice", (const char *[]){"a\nb", "", "c\td"}, 3, on_change, NULL);
	assert_int_equal(told.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_and_last_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(under_way, setup, teardown),
		cmocka_unit_test_setup_teardown(what_failed_is_as_before, setup, teardown),
		cmocka_unit_test_setup_teardown(outlives_the_process, setup, teardown),
		cmocka_unit_test_setup_teardown(is_limited, setup, teardown),
	};

	return cmocka_run_group_tests_name("slack: reactions_put", tests, NULL, NULL);
}
