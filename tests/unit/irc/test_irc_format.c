/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "backends/irc/irc_format.h"
#include "base/mem.h"

static void test_read(void **state)
{
	static const struct {
		const char *irc, *plain, *xhtml;
	} vectors[] = {
	        {"plain <b>", "plain <b>", NULL},
	        {"\x02"
	         "bold\x02 not",
	         "bold not", "<strong>bold</strong> not"},
	        {"\x02\x1d"
	         "a&b",
	         "a&b", "<strong><em>a&amp;b</em></strong>"},
	        {"\x03"
	         "4red\x03 x",
	         "red x", "<span style='color: #ff0000;'>red</span> x"},
	        {"\x03"
	         "04,01r\x0f!",
	         "r!", "<span style='color: #ff0000; background-color: #000000;'>r</span>!"},
	        {"\x03"
	         "4,x",
	         ",x", "<span style='color: #ff0000;'>,x</span>"},
	        {"\x03"
	         "045",
	         "5", "<span style='color: #ff0000;'>5</span>"},
	        {"\x03"
	         "99x",
	         "x", NULL},
	        {"\x04"
	         "12ab3fx",
	         "x", "<span style='color: #12ab3f;'>x</span>"},
	        {"\x04"
	         "12ab3x",
	         "12ab3x", NULL},
	        {"\x1fu\x1es", "us",
	         "<span style='text-decoration: underline;'>u</span>"
	         "<span style='text-decoration: underline line-through;'>s</span>"},
	        {"\x11"
	         "c\x11",
	         "c", "<span style='font-family: monospace;'>c</span>"},
	        {"\x16r", "r", "<span style='color: #ffffff; background-color: #000000;'>r</span>"},
	        {"\x02\x02\x03\x0f", "", NULL},
	        {"\x03", "", NULL},
	        {"\x03"
	         "4,",
	         ",", "<span style='color: #ff0000;'>,</span>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct buf plain = {0}, xhtml = {0};
		bool formatted = irc_format_read(vectors[i].irc, &plain, &xhtml);

		assert_string_equal(vectors[i].plain, buf_text(&plain));
		assert_int_equal(vectors[i].xhtml != NULL, formatted);
		if (vectors[i].xhtml)
			assert_string_equal(vectors[i].xhtml, buf_text(&xhtml));
		buf_finish(&plain);
		buf_finish(&xhtml);
	}
}

static void test_write(void **state)
{
	static const struct {
		const char *xhtml, *irc;
	} vectors[] = {
	        {"plain", "plain"},
	        {"<p>one</p><p>two</p>", "one\ntwo"},
	        {"<strong>b</strong> n", "\x02"
	                                 "b\x0f n"},
	        {"<b>x<i>y</i></b>", "\x02x\x1dy"},
	        {"<b>one<br/>two</b>", "\x02one\n\x02two"},
	        {"a<br></br>b", "a\nb"},
	        {"<span style='color: red; font-weight: bold'>r</span>", "\x02\x03"
	                                                                 "04r"},
	        {"<span style=\"color:#f00\">,5</span>", "\x03"
	                                                 "04\x02\x02,5"},
	        {"<span style='color:#00f'>5</span>", "\x03"
	                                              "125"},
	        {"1 &lt; 2 &amp;&#38; 3 &#x41;", "1 < 2 && 3 A"},
	        {"&#10;QUIT&#13;&#1;x&#0;&#xd800;", "QUIT x"},
	        {"<a href='https://e.org/'>text</a>", "text (https://e.org/)"},
	        {"<a href='https://e.org/'>https://e.org/</a>", "https://e.org/"},
	        {"<a href='javascript:x'>text</a>", "text"},
	        {"<img alt='cat' src='https://e.org/c.png'/>", "cat https://e.org/c.png"},
	        {"a <img alt=':cat:' src='https://e.org/c.png'/>b", "a :cat:b"},
	        {"<img alt='::' src='https://e.org/c.png'/>", ":: https://e.org/c.png"},
	        {"<ul><li>a</li><li>b</li></ul>", "- a\n- b"},
	        {"<script>evil</script>x", "x"},
	        {"<code>c</code>", "\x11"
	                           "c"},
	        {"<b/>x", "x"},
	};
	static const char *const bad[] = {"",
	                                  "  ",
	                                  "<b>x",
	                                  "x</b>",
	                                  "<b><i>x</b></i>",
	                                  "a < b",
	                                  "<b",
	                                  "<",
	                                  "<b x='",
	                                  "<p></p>",
	                                  "</",
	                                  "<verylongelementnamethatis>x</verylongelementnamethatis>"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct buf out = {0};

		assert_true(irc_format_write(vectors[i].xhtml, &out));
		assert_string_equal(vectors[i].irc, buf_text(&out));
		buf_finish(&out);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct buf out = {0};

		assert_false(irc_format_write(bad[i], &out));
		assert_string_equal("", buf_text(&out));
		buf_finish(&out);
	}
}

static void test_there_and_back(void **state)
{
	static const char *const texts[] = {"\x02"
	                                    "bold",
	                                    "\x1f"
	                                    "under",
	                                    "a \x1ditalic\x0f b",
	                                    "\x03"
	                                    "04red\x0f x",
	                                    "\x03"
	                                    "04,01both",
	                                    "\x1e"
	                                    "gone",
	                                    "\x11mono\x0f."};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct buf plain = {0}, xhtml = {0}, again = {0};

		assert_true(irc_format_read(texts[i], &plain, &xhtml));
		assert_true(irc_format_write(xhtml.data, &again));
		assert_string_equal(texts[i], again.data);
		buf_finish(&plain);
		buf_finish(&xhtml);
		buf_finish(&again);
	}
}

static void test_depth(void **state)
{
	struct buf deep = {0}, out = {0};

	(void)state;
	for (int i = 0; i < 20000; i++)
		buf_puts(&deep, "<a href='https://x/'>");
	assert_false(irc_format_write(deep.data, &out));
	buf_finish(&deep);
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_read),
	        cmocka_unit_test(test_write),
	        cmocka_unit_test(test_there_and_back),
	        cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
