/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "frontends/slack/wire/slack_emoji.h"
#include "frontends/slack/wire/slack_emoji_table.h"

static const struct pair {
	const char *name, *characters;
} pairs[] = {
        {"+1", "👍"},
        {"wave", "👋"},
        {"wave::skin-tone-2", "👋🏻"},
        {"wave::skin-tone-6", "👋🏿"},
        {"heart", "❤️"},
        {"hash", "#️⃣"},
        {"zzz", "💤"},
        {"100", "💯"},
        {"us", "🇺🇸"},
        {"skin-tone-4", "🏽"},
        {"point_up", "☝️"},
        {"point_up::skin-tone-3", "☝🏼"},
        {"male-astronaut::skin-tone-5", "👨🏾‍🚀"},
        {"handshake::skin-tone-3", "🤝🏼"},
        {"handshake::skin-tone-2-6", "🫱🏻‍🫲🏿"},
        {"people_holding_hands::skin-tone-2-2", "🧑🏻‍🤝‍🧑🏻"},
        {"woman-kiss-man::skin-tone-2-4", "👩🏻‍❤️‍💋‍👨🏽"},
        {"couple_with_heart::skin-tone-6-2", "🧑🏿‍❤️‍🧑🏻"},
};

static void is_put(bool (*put)(struct buf *, const char *), const char *from, const char *expected)
{
	struct buf out = {0};

	buf_puts(&out, "<");
	if (put(&out, from) != (expected != NULL))
		fail_msg("%s", from);
	assert_string_equal(buf_text(&out) + 1, expected ? expected : "");
	buf_finish(&out);
}

static void test_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		is_put(slack_emoji_put, pairs[i].name, pairs[i].characters);
		is_put(slack_emoji_put_name, pairs[i].characters, pairs[i].name);
	}
}

static void test_one_way(void **state)
{
	(void)state;
	is_put(slack_emoji_put, "thumbsup", "👍");
	is_put(slack_emoji_put, "flag-us", "🇺🇸");
	is_put(slack_emoji_put, "people_holding_hands::skin-tone-2", "🧑🏻‍🤝‍🧑🏻");
	is_put(slack_emoji_put, "heart::skin-tone-2", "❤️");
	is_put(slack_emoji_put, "wave::skin-tone-2-3", "👋");
	is_put(slack_emoji_put_name, "❤", "heart");
	is_put(slack_emoji_put_name, "👋🏻️", "wave::skin-tone-2");
}

static void test_none(void **state)
{
	static const char *const names[] = {"",
	                                    ":",
	                                    "bowtie",
	                                    "wave::",
	                                    "wave::x",
	                                    "Wave",
	                                    "wave::skin-tone-1",
	                                    "wave::skin-tone-7",
	                                    "wave:",
	                                    "wave 👋",
	                                    "wave::skin-tone-2-",
	                                    "wave::skin-tone-2x",
	                                    "👋",
	                                    "\n",
	                                    " ",
	                                    "wave::skin-tone-2::skin-tone-2",
	                                    "zzzz",
	                                    "!",
	                                    "::skin-tone-2"};
	static const char *const characters[] = {
	        "",         "x",   "👋👋",           "👋x",          "❤🏻",
	        "🏻🏻", "️", "👋🏻🏻", "🏻👋",    "👋🏻🏼🏽",
	        "wave",     " ",   "\n",           "👨🏻‍", "👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		is_put(slack_emoji_put, names[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(characters); i++)
		is_put(slack_emoji_put_name, characters[i], NULL);
	is_put(slack_emoji_put_name, "\xf0\x9f", NULL);
}

/* Each of the table is found, and what its first name means has that name. */
static void test_all(void **state)
{
	const char *at = emoji_names + 1;
	unsigned count = 0, primary = 0;

	(void)state;
	for (; *at; count++) {
		size_t length = strcspn(at, " ");
		char *name = mem_strndup(at, length);
		char *characters = mem_strndup(at + length + 1, strcspn(at + length + 1, " \n"));
		struct buf again = {0};

		is_put(slack_emoji_put, name, characters);
		assert_true(slack_emoji_put_name(&again, characters));
		primary += !strcmp(buf_text(&again), name);
		is_put(slack_emoji_put, buf_text(&again), characters);
		buf_finish(&again);
		mem_free(name);
		mem_free(characters);
		at += strcspn(at, "\n") + 1;
	}
	assert_true(count > 1900 && primary > 1900 && primary < count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_both_ways),
	        cmocka_unit_test(test_one_way),
	        cmocka_unit_test(test_none),
	        cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
