/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/markup.h"
#include "base/markup_style.h"
#include "base/mem.h"
#include "base/text.h"

/* "text<name attribute=value,...>/name" */
static void reads(const char *soup, const char *expected)
{
	char *exact = mem_dup(soup, strlen(soup)); /* AddressSanitizer sees what is read behind it */
	struct markup_reader reader = {.next = exact, .end = exact + strlen(soup)};
	struct markup_piece piece;
	struct buf out = {0}, value = {0};
	enum markup_token token;
	char name[MARKUP_NAME_BYTES];

	buf_puts(&out, "");
	while ((token = markup_next(&reader, &piece)) != MARKUP_END) {
		if (token == MARKUP_TEXT)
			buf_append(&out, piece.text, piece.length);
		else
			buf_printf(&out, "%s%s", token == MARKUP_OPEN ? "{" : "{/", piece.name);
		while (token == MARKUP_OPEN && markup_attribute(&reader, name, &value))
			buf_printf(&out, " %s=%s", name, buf_text(&value));
		if (token == MARKUP_OPEN && !reader.ended)
			buf_puts(&out, "...");
		if (token != MARKUP_TEXT)
			buf_puts(&out, token == MARKUP_OPEN && reader.self_closed ? "/}" : "}");
	}
	assert_string_equal(out.data, expected);
	buf_finish(&out);
	buf_finish(&value);
	mem_free(exact);
}

static void test_reading(void **state)
{
	(void)state;
	reads("", "");
	reads("a<B>b</B >c", "a{b}b{/b}c");
	reads("<a HREF = 'x&amp;y' b=c d>", "{a href=x&y b=c d=}");
	reads("<br/><br />", "{br/}{br/}");
	reads("<a-name-that-is-longer-than-any x=y>", "{ x=y}");
	reads("<!-- <b> --><!x><?y?>z", "z");
	reads("<!-- never", "");
	reads("&lt;&#65;&#x41;&#0;&foo;&", "<AA\xef\xbf\xbd&foo;&");
	reads("1 < 2 <3 </", "1 < 2 <3 {/}");
	reads("<a b='c", "{a b=c...}");
	reads("<a", "{a...}");
	reads("<", "<");
}

/* Text comes in pieces that are not too long, of whole characters. */
static void test_runs(void **state)
{
	struct markup_piece piece;
	struct markup_reader reader;
	struct buf text = {0};
	size_t total = 0;

	(void)state;
	buf_puts(&text, "x");
	for (int i = 0; i < 2000; i++)
		buf_puts(&text, "\xe2\x82\xac");
	reader = (struct markup_reader){.next = text.data, .end = text.data + text.len};
	while (markup_next(&reader, &piece) == MARKUP_TEXT) {
		assert_in_range(piece.length, 1, 1024);
		assert_true(text_is_utf8(piece.text, piece.length));
		total += piece.length;
	}
	assert_int_equal(total, text.len);
	buf_finish(&text);
}

static void test_long_value(void **state)
{
	struct buf soup = {0}, value = {0};
	struct markup_reader reader;
	char name[MARKUP_NAME_BYTES];

	(void)state;
	for (int i = 0; i < MARKUP_VALUE_BYTES; i++)
		buf_puts(&soup, "x");
	buf_puts(&soup, " b>");
	memcpy(soup.data, "a='", 3);
	soup.data[soup.len - 4] = '\'';
	reader = (struct markup_reader){.next = soup.data, .end = soup.data + soup.len};
	assert_true(markup_attribute(&reader, name, &value));
	assert_int_equal(value.len, MARKUP_VALUE_BYTES - 4);
	buf_clear(&soup);
	buf_puts(&soup, "a='");
	for (int i = 0; i < MARKUP_VALUE_BYTES; i++)
		buf_puts(&soup, "x");
	buf_puts(&soup, "' b>");
	reader = (struct markup_reader){.next = soup.data, .end = soup.data + soup.len};
	assert_true(markup_attribute(&reader, name, &value));
	assert_int_equal(value.len, 0);
	assert_true(markup_attribute(&reader, name, &value));
	assert_string_equal(name, "b");
	assert_false(markup_attribute(&reader, name, &value));
	assert_true(reader.ended);
	buf_finish(&soup);
	buf_finish(&value);
}

static void test_writing(void **state)
{
	struct buf out = {0};
	struct markup_writer writer = {.out = &out};

	(void)state;
	markup_open(&writer, "b", "strong", " x='y'");
	markup_open(&writer, "", "em", "");
	markup_open(&writer, "span", NULL, "");
	markup_put_text(&out, "<'a\">&", 6);
	markup_put_empty(&writer, "br", "");
	assert_int_equal(markup_find(&writer, "b"), 0);
	assert_int_equal(markup_find(&writer, "span"), 2);
	assert_int_equal(markup_find(&writer, "em"), -1);
	assert_int_equal(markup_find(&writer, ""), -1);
	while (writer.depth)
		markup_close_last(&writer);
	assert_string_equal(out.data, "<strong x='y'><em>&lt;&apos;a&quot;&gt;&amp;<br/></em></strong>");
	buf_finish(&out);
}

static void test_styles(void **state)
{
	struct markup_style style =
	        markup_style_read("font-weight: bold; COLOR: #f80; text-decoration: underline line-through");

	(void)state;
	assert_true(style.bold && style.underline && style.strike);
	assert_false(style.italic || style.monospace);
	assert_int_equal(style.color, 0xff8800);
	assert_int_equal(style.background, -1);
	style = markup_style_read("font-weight:700;font-style:oblique;font-family:'Courier New';background:navy;x");
	assert_true(style.bold && style.italic && style.monospace);
	assert_int_equal(style.background, 0x000080);
	style = markup_style_read("font-weight: normal");
	assert_false(style.bold);
	assert_int_equal(markup_color("#0A0b0C"), 0x0a0b0c);
	assert_int_equal(markup_color("#12"), -1);
	assert_int_equal(markup_color("#1234567"), -1);
	assert_int_equal(markup_color("Purple"), 0x800080);
	assert_int_equal(markup_color(""), -1);
}

static void test_addresses(void **state)
{
	(void)state;
	assert_true(markup_is_same_address("x.org", 5, "https://x.org/"));
	assert_true(markup_is_same_address("x.org/", 6, "https://x.org/"));
	assert_true(markup_is_same_address("a@x", 3, "mailto:a@x"));
	assert_false(markup_is_same_address("x.org/y", 7, "https://x.org/"));
	assert_false(markup_is_same_address("", 0, "https://x.org/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_reading),
	        cmocka_unit_test(test_runs),
	        cmocka_unit_test(test_long_value),
	        cmocka_unit_test(test_writing),
	        cmocka_unit_test(test_styles),
	        cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
