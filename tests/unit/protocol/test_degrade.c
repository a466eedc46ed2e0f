/* SPDX-License-Identifier: MIT */
/* What those see who know no references and no authors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "protocol/degrade.h"

static const char *const thumb[] = {"👍"};

static const struct {
	struct event_message message;
	const char *text, *xhtml;
} cases[] = {
	{{.text = "hi", .xhtml = "<b>hi</b>"}, "hi", "<b>hi</b>"},
	{{.text = "hi", .thread = "t"}, "hi", NULL},
	{{.text = "hello", .xhtml = "<b>hello</b>", .replaces = "m0"}, "* hello", "* <b>hello</b>"},
	{{.text = "+1 for \"hi\"", .xhtml = "<i>x</i>", .reacts_to = "m0", .reactions = thumb, .reactions_count = 1},
	 "+1 for \"hi\"", NULL},
	{{.text = "(deleted)", .retracts = "m0"}, "(deleted)", NULL},
	{{.text = "yes", .xhtml = "yes", .reply_to = "m0", .reply_text = "\n really?\nno", .reply_author = "B<b"},
	 "> B<b: really? ...\nyes", "&gt; B&lt;b: really? ...<br/>yes"},
	{{.text = "yes", .reply_to = "m0", .reply_text = "really?"}, "> really?\nyes", NULL},
	{{.text = "yes", .reply_to = "m0"}, "yes", NULL},
	{{.text = "yes", .reply_to = "m0", .reply_text = " \n "}, "yes", NULL},
	{{.text = "hi", .xhtml = "<b>hi</b>", .author = {.name = "Carol & co"}}, "<Carol & co> hi",
	 "&lt;Carol &amp; co&gt; <b>hi</b>"},
	{{.text = "yes", .replaces = "m1", .reply_to = "m0", .reply_text = "so?", .author = {.name = "Carol"}},
	 "> so?\n<Carol> * yes", NULL},
	{{.text = "likes it", .reacts_to = "m0", .author = {.name = "Carol"}}, "<Carol> likes it", NULL},
};

static void test_what_is_shown(void **state)
{
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct event_message message = cases[i].message;

		message.id = "m9";
		message.name = "bob";
		assert_int_equal(degrade_message(&arena, &message), 0);
		assert_string_equal(message.text, cases[i].text);
		if (cases[i].xhtml)
			assert_string_equal(message.xhtml, cases[i].xhtml);
		else
			assert_null(message.xhtml);
		assert_string_equal(message.id, "m9");
		assert_true(!message.replaces && !message.retracts && !message.reacts_to && !message.reply_to);
		assert_true(!message.thread && !message.author.name && !message.reactions_count);
	}
	arena_finish(&arena);
}

static void test_nothing_to_show(void **state)
{
	struct arena arena = {0};
	struct event_message message = {.text = "", .reacts_to = "m0", .reactions = thumb, .reactions_count = 1};

	(void)state;
	assert_int_equal(degrade_message(&arena, &message), TP_ERR_UNSUPPORTED);
	message = (struct event_message){.text = "", .retracts = "m0"};
	assert_int_equal(degrade_message(&arena, &message), TP_ERR_UNSUPPORTED);
	arena_finish(&arena);
}

/* A quote may go where there is no room for it, the name of who speaks may not. */
static void test_long_texts(void **state)
{
	struct arena arena = {0};
	char *body = mem_alloc(LIMIT_MESSAGE_BYTES + 1);
	struct event_message message = {.text = body, .reply_to = "m0", .reply_text = body};

	(void)state;
	memset(body, 'x', LIMIT_MESSAGE_BYTES);
	body[LIMIT_MESSAGE_BYTES] = '\0';
	assert_int_equal(degrade_message(&arena, &message), 0);
	assert_string_equal(message.text, body);
	message = (struct event_message){.text = body, .author = {.name = "Carol"}};
	assert_int_equal(degrade_message(&arena, &message), TP_ERR_LIMIT);
	message = (struct event_message){.text = body + 8, .xhtml = body + 8, .author = {.name = "Carol"}};
	assert_int_equal(degrade_message(&arena, &message), 0);
	assert_int_equal(strlen(message.text), LIMIT_MESSAGE_BYTES);
	assert_null(message.xhtml); /* with &lt; and &gt; it is too long */
	message = (struct event_message){.text = "yes", .reply_to = "m0", .reply_text = body};
	assert_int_equal(degrade_message(&arena, &message), 0);
	assert_int_equal(strlen(message.text), strlen("> ") + 200 + strlen(" ...\nyes"));
	mem_free(body);
	arena_finish(&arena);
}

/* A text that says no more than the file beside it. */
static void test_a_text_for_a_file(void **state)
{
	static const struct {
		const char *text, *xhtml, *description;
		bool is_file;
	} texts[] = {
		{"https://e.org/a.png", NULL, NULL, true},
		{"", NULL, NULL, true},
		{"", "<b>x</b>", NULL, false},
		{"look https://e.org/a.png", NULL, "look", true},
		{"look https://e.org/a.png", NULL, NULL, false},
		{"look https://e.org/a.png", NULL, "loo", false},
		{"lookhttps://e.org/a.png", NULL, "look", false},
		{"https://e.org/a.png and more", NULL, NULL, false},
		{"look", NULL, "look", false},
		{"a.png: https://e.org/a.png", NULL, "a.png", true},
		{"two\nlines https://e.org/a.png", NULL, "two\nlines", true},
		{"see\na.png: https://e.org/a.png", NULL, "a.png", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct event_attachment file = {.url = "https://e.org/a.png", .description = texts[i].description};
		struct event_message message = {
			.text = texts[i].text, .xhtml = texts[i].xhtml, .attachments = &file, .attachments_count = 1};

		assert_int_equal(event_text_is_file(&message), texts[i].is_file);
		message.attachments_count = 0;
		assert_false(event_text_is_file(&message));
	}
}

/* What is shown of it where the files are. */
static void test_a_text_beside_files(void **state)
{
	static const struct event_attachment files[] = {{.url = "https://e.org/a.png", .description = "a.png"},
	                                                {.url = "https://e.org/b", .description = "b"}};
	static const struct {
		const char *text;
		size_t length;
	} texts[] = {
		{"", 0},
		{"look", 4},
		{"look\na.png: https://e.org/a.png\nb: https://e.org/b", 4},
		{"a.png: https://e.org/a.png\nhttps://e.org/b", 0},
		{"look\na.png: https://e.org/a.png", 4},
		{"look b: https://e.org/b", 23},
		{"https://e.org/b\nlook", 20},
	};
	struct event_message message = {.attachments = files, .attachments_count = 2};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		message.text = texts[i].text;
		assert_int_equal(event_text_beside_files(&message), texts[i].length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_shown),
		cmocka_unit_test(test_nothing_to_show),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_a_text_for_a_file),
		cmocka_unit_test(test_a_text_beside_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
