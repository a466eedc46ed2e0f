/* SPDX-License-Identifier: MIT */
/* What markup says without markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/html_text.h"
#include "base/mem.h"
#include "config/limits.h"
#include "protocol/event.h"
#include "protocol/markup_text.h"

static void test_text(void **state)
{
	static const struct {
		const char *xhtml, *text;
	} cases[] = {
		{"<b>bold</b> and <em>it</em>", "bold and it"},
		{"one<br/>two <br>\n three", "one\ntwo\nthree"},
		{"<p>one</p><p>two</p>", "one\ntwo"},
		{"<ul><li>a</li><li>b</li></ul>", "* a\n* b"},
		{"<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"},
		{"<blockquote>said<br/>so</blockquote>no", "> said\n> so\nno"},
		{"<a href='https://x/a'>here</a>, then", "here (https://x/a), then"},
		{"<a href='https://x/a'>x/a</a>", "x/a"},
		{"<a href='https://x/a'></a>", "https://x/a"},
		{"<a href='javascript:x'>here</a>", "here"},
		{"<a href='https://x/a'>no end", "no end (https://x/a)"},
		{"<img src='https://x/a.png'/>", "https://x/a.png"},
		{"see <img alt='a cat' src='https://x/a.png'/>", "see a cat https://x/a.png"},
		{"<img alt=':cat:' src='https://x/a.png'/>", ":cat:"},
		{"<img src='data:image/png;base64,AA'/>", ""},
		{"<script>x</script><style>y</style>z", "z"},
		{"a &amp; b &lt;c&gt;", "a & b <c>"},
		{"</li></blockquote></a>x", "x"},
		{"<b></b> \n", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = {0};

		markup_text(&out, cases[i].xhtml);
		assert_string_equal(buf_text(&out), cases[i].text);
		buf_finish(&out);
	}
}

static void test_given(void **state)
{
	const struct event_attachment file = {.url = "https://x/a"};
	const struct {
		struct event_message message;
		const char *text;
	} cases[] = {
		{{.text = "", .xhtml = "<b>x</b>"}, "x"},
		{{.text = "t", .xhtml = "<b>x</b>"}, "t"},
		{{.text = "", .xhtml = ""}, ""},
		{{.text = ""}, ""},
		{{.text = "", .xhtml = "<b>x</b>", .attachments = &file, .attachments_count = 1}, ""},
		{{.text = "", .xhtml = "<b>x</b>", .retracts = "1"}, ""},
		{{.text = "", .xhtml = "<b>x</b>", .reacts_to = "1"}, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct event_message message = cases[i].message;
		char *given = markup_give_text(&message);

		assert_string_equal(message.text, cases[i].text);
		assert_true((given != NULL) == (strcmp(cases[i].text, cases[i].message.text) != 0));
		mem_free(given);
	}
}

/* What a backend sends may be as long as a frame: neither many lines nor a long gap are written in full. */
static void test_too_much(void **state)
{
	static const char *const parts[] = {"x<br>", "x<br><br><br><br><br><br><br><br>"};
	struct buf markup = {0}, out = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		buf_clear(&markup);
		for (int level = 0; level < 8; level++)
			buf_puts(&markup, "<blockquote>");
		while (markup.len < 1u << 20)
			buf_puts(&markup, parts[i]);
		buf_clear(&out);
		markup_text(&out, buf_text(&markup));
		assert_in_range(out.len, LIMIT_MESSAGE_BYTES + 1, LIMIT_MESSAGE_BYTES + 4000);
	}
	buf_clear(&markup);
	buf_puts(&markup, "<blockquote>x");
	while (markup.len < 1u << 20)
		buf_puts(&markup, "<br>");
	buf_puts(&markup, "y");
	buf_clear(&out);
	markup_text(&out, buf_text(&markup));
	assert_in_range(out.len, HTML_TEXT_BREAKS, 4000);
	assert_string_equal(buf_text(&out) + out.len - 4, "\n> y");
	buf_finish(&markup);
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_given),
					   cmocka_unit_test(test_too_much)};

	return cmocka_run_group_tests_name("protocol: text of markup", tests, NULL, NULL);
}
