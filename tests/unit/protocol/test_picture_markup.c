/* SPDX-License-Identifier: MIT */
/* Pictures in the markup of a message become attachments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "config/limits.h"
#include "protocol/picture_markup.h"
#include "protocol/event.h"

static void test_pictures(void **state)
{
	static const struct {
		const char *xhtml, *pictures; /* "URL (description)\n" of each */
		bool keeps_markup;
	} cases[] = {
	        {"<img src='https://x/a.png'/>", "https://x/a.png (-)\n", false},
	        {" <P><IMG alt=\"a cat\" SRC='http://x/a.png'></p>\n", "http://x/a.png (a cat)\n", false},
	        {"<img src='https://x/a?b=1&amp;c=2'/>", "https://x/a?b=1&c=2 (-)\n", false},
	        {"see <img src='https://x/a.png' alt=''/>", "https://x/a.png (-)\n", true},
	        {"<img src='https://x/a'/><b></b><img src='https://x/b'/><img src='https://x/a'/>",
	         "https://x/a (-)\nhttps://x/b (-)\n", false},
	        {"<img src='data:image/png;base64,AA=='/>", "", true},
	        {"<img src='file:///etc/passwd'/>", "", true},
	        {"<img src='mxc://x/a'/>", "", true},
	        {"<img src='https://x/a b'/>", "", true},
	        {"<img alt='x'/>", "", true},
	        {"<a href='https://x/a.png'>x</a>", "", true},
	        {"<b src='https://x/a.png'>x</b>", "", true},
	        {"<!-- <img src='https://x/a.png'/> -->x", "", true},
	        {"x &lt;img src='https://x/a.png'/>", "", true},
	        {"<img src='https://x/a.png'", "https://x/a.png (-)\n", false},
	        {"no markup", "", true},
	        {"", "", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct event event = {.type = EVENT_MESSAGE, .message = {.name = "n", .text = "t", .xhtml = cases[i].xhtml}}, copy;
		struct arena arena = {0};
		struct buf seen = {0};
		const struct event *read = picture_markup_read(&event, &copy, &arena);

		for (size_t at = 0; at < read->message.attachments_count; at++)
			buf_printf(&seen, "%s (%s)\n", read->message.attachments[at].url,
			           read->message.attachments[at].description ? read->message.attachments[at].description : "-");
		assert_string_equal(buf_text(&seen), cases[i].pictures);
		assert_true((read->message.xhtml != NULL) == cases[i].keeps_markup);
		assert_true((read == &event) == !*cases[i].pictures);
		assert_string_equal(read->message.text, "t");
		buf_finish(&seen);
		arena_finish(&arena);
	}
}

static void test_attachments_are_enough(void **state)
{
	struct event_attachment file = {.url = "https://x/a"};
	struct event event = {.message = {.xhtml = "<img src='https://x/b'/>", .attachments = &file, .attachments_count = 1}};
	struct event bare = {.message = {.text = "x"}}, copy;
	struct arena arena = {0};

	(void)state;
	assert_ptr_equal(picture_markup_read(&event, &copy, &arena), &event);
	assert_ptr_equal(picture_markup_read(&bare, &copy, &arena), &bare);
	arena_finish(&arena);
}

static size_t pictures_in(const char *xhtml)
{
	struct event event = {.message = {.text = "t", .xhtml = xhtml}}, copy;
	struct arena arena = {0};
	size_t count = picture_markup_read(&event, &copy, &arena)->message.attachments_count;

	arena_finish(&arena);
	return count;
}

static void test_emoji(void **state)
{
	static const char *const among_words = "well <img src='https://x/a.png' alt=':done:'/> <img src='https://x/b.png'/>";
	static const char *const alone = "<p><img src='https://x/a.png' alt=':done:'/></p>";

	(void)state;
	assert_int_equal(pictures_in(among_words), 1);
	assert_int_equal(pictures_in("well <img src='https://x/a.png' alt=':done:'/>"), 0);
	assert_int_equal(pictures_in(alone), 1);
}

static void test_limit(void **state)
{
	struct buf xhtml = {0};
	struct arena arena = {0};
	struct event event = {0}, copy;

	(void)state;
	for (unsigned i = 0; i < LIMIT_MARKUP_PICTURES + 5; i++)
		buf_printf(&xhtml, "<img src='https://x/%u'/>", i);
	event.message.xhtml = buf_text(&xhtml);
	assert_int_equal(picture_markup_read(&event, &copy, &arena)->message.attachments_count, LIMIT_MARKUP_PICTURES);
	assert_non_null(copy.message.xhtml);
	arena_finish(&arena);
	buf_finish(&xhtml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_attachments_are_enough),
		cmocka_unit_test(test_emoji),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("protocol: pictures in markup", tests, NULL, NULL);
}
