/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define FFFD "\xef\xbf\xbd"

struct sample {
	const char *bytes;
	size_t length;
};

#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static void test_utf8(void **state)
{
	static const struct sample good[] = {
		BYTES(""),
		BYTES("plain"),
		BYTES("\x7f"),
		BYTES("\xc2\x80"),
		BYTES("\xdf\xbf"),
		BYTES("\xe0\xa0\x80"),
		BYTES("\xed\x9f\xbf"),
		BYTES("\xee\x80\x80"),
		BYTES("\xef\xbf\xbf"),
		BYTES("\xf0\x90\x80\x80"),
		BYTES("\xf4\x8f\xbf\xbf"),
		BYTES("a\0b"),
	};
	static const struct sample bad[] = {
		BYTES("\x80"),             /* continuation alone */
		BYTES("\xc0\x80"),         /* overlong NUL */
		BYTES("\xc1\xbf"),         /* overlong */
		BYTES("\xe0\x9f\xbf"),     /* overlong */
		BYTES("\xf0\x8f\xbf\xbf"), /* overlong */
		BYTES("\xed\xa0\x80"),     /* first surrogate */
		BYTES("\xed\xbf\xbf"),     /* last surrogate */
		BYTES("\xf4\x90\x80\x80"), /* U+110000 */
		BYTES("\xf5\x80\x80\x80"),
		BYTES("\xf8\x88\x80\x80\x80"), /* five bytes */
		BYTES("\xfe"),
		BYTES("\xff"),
		BYTES("\xc3"), /* cut off */
		BYTES("\xe2\x82"),
		BYTES("\xf0\x9f\x98"),
		BYTES("\xe2\x82 tail"),
		BYTES("eight by\xc3tes more"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(text_is_utf8(good[i].bytes, good[i].length));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_is_utf8(bad[i].bytes, bad[i].length));
}

/* Cleans a heap copy that ends where the text ends, so that reading past it would be noticed. */
static void check_clean(const char *from, size_t length, enum text_clean how, const char *to)
{
	struct buf out = {0};
	char *copy = mem_dup(from, length);
	bool same = length == strlen(to) && memcmp(from, to, length) == 0;

	assert_int_equal(text_clean(&out, copy, length, how), same);
	assert_int_equal(text_is_clean(copy, length, how), same);
	assert_string_equal(buf_text(&out), to);
	assert_true(text_is_clean(out.data, out.len, how));
	buf_finish(&out);
	mem_free(copy);
}

#define CHECK_CLEAN(literal, how, to) check_clean((literal), sizeof(literal) - 1, (how), (to))

static void test_clean_lines(void **state)
{
	(void)state;
	CHECK_CLEAN("", TEXT_LINES, "");
	CHECK_CLEAN("a\nb\tc", TEXT_LINES, "a\nb\tc");
	CHECK_CLEAN("a\r\nb", TEXT_LINES, "a\nb");
	CHECK_CLEAN("a\rb", TEXT_LINES, "a\nb");
	CHECK_CLEAN("a\r\r\nb\n\rc", TEXT_LINES, "a\n\nb\n\nc");
	CHECK_CLEAN("a\r", TEXT_LINES, "a\n");
	CHECK_CLEAN("a\0b", TEXT_LINES, "a" FFFD "b");
	CHECK_CLEAN("\x01\x08\x0b\x0c\x1b\x1f", TEXT_LINES, FFFD FFFD FFFD FFFD FFFD FFFD);
	CHECK_CLEAN("\x7f\xc2\x85\xc2\x9f", TEXT_LINES, "\x7f\xc2\x85\xc2\x9f");
}

static void test_clean_line(void **state)
{
	(void)state;
	CHECK_CLEAN("PRIVMSG", TEXT_LINE, "PRIVMSG");
	CHECK_CLEAN("a\nb", TEXT_LINE, "a b");
	CHECK_CLEAN("a\rb", TEXT_LINE, "a b");
	CHECK_CLEAN("a\r\nb", TEXT_LINE, "a  b");
	CHECK_CLEAN("a\tb\0c\x1b", TEXT_LINE, "a b c ");
	CHECK_CLEAN("\x7f\xc2\x80\xc2\x9f\xc2\xa0", TEXT_LINE, "   \xc2\xa0");
}

static void test_clean_xml(void **state)
{
	(void)state;
	CHECK_CLEAN("\xef\xbf\xbe", TEXT_LINE, FFFD);
	CHECK_CLEAN("\xef\xbf\xbf", TEXT_LINES, FFFD);
	CHECK_CLEAN("\xef\xbf\xbd", TEXT_LINE, FFFD);
	CHECK_CLEAN("\xf0\x9f\x98\x80 \xe2\x82\xac", TEXT_LINE, "\xf0\x9f\x98\x80 \xe2\x82\xac");
	CHECK_CLEAN("\xed\xa0\x80", TEXT_LINE, FFFD FFFD FFFD);
	CHECK_CLEAN("\xc0\xaf", TEXT_LINE, FFFD FFFD);
	/* one replacement for each longest start of a sequence */
	CHECK_CLEAN("\xf0\x9f\x98", TEXT_LINE, FFFD);
	CHECK_CLEAN("\xe2\x82"
		    "a",
		    TEXT_LINE, FFFD "a");
	CHECK_CLEAN("\xe2\xe2\x82\xac", TEXT_LINE, FFFD "\xe2\x82\xac");
	CHECK_CLEAN("long enough for words \xff then more of it", TEXT_LINE,
		    "long enough for words " FFFD " then more of it");
}

/* Whatever comes in, what goes out is clean, and a second pass changes nothing. */
static void test_clean_anything(void **state)
{
	static const unsigned char alphabet[] = {0,    '\t', '\n', '\r', 0x1b, ' ',  'a',  0x7f,
						 0x80, 0x9f, 0xa0, 0xbd, 0xbe, 0xbf, 0xc0, 0xc2,
						 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xff};
	unsigned seed = 7;
	char bytes[24];
	int round;
	size_t i, length;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct buf once = {0}, twice = {0};
		enum text_clean how = round % 2 ? TEXT_LINES : TEXT_LINE;

		length = (size_t)rand_r(&seed) % sizeof(bytes);
		for (i = 0; i < length; i++)
			bytes[i] = (char)alphabet[(size_t)rand_r(&seed) % sizeof(alphabet)];
		assert_int_equal(text_clean(&once, bytes, length, how), text_is_clean(bytes, length, how));
		assert_true(text_is_utf8(once.data, once.len));
		assert_true(text_clean(&twice, once.data, once.len, how));
		assert_int_equal(once.len, twice.len);
		assert_int_equal(strlen(once.data), once.len);
		if (how == TEXT_LINE)
			assert_null(strpbrk(once.data, "\r\n"));
		buf_finish(&once);
		buf_finish(&twice);
	}
}

static void test_cut(void **state)
{
	(void)state;
	assert_int_equal(text_cut("abc", 3, 10), 3);
	assert_int_equal(text_cut("abc", 3, 3), 3);
	assert_int_equal(text_cut("abc", 3, 2), 2);
	assert_int_equal(text_cut("a\xe2\x82\xac", 4, 4), 4);
	assert_int_equal(text_cut("a\xe2\x82\xac", 4, 3), 1);
	assert_int_equal(text_cut("a\xe2\x82\xac", 4, 1), 1);
	assert_int_equal(text_cut("\xf0\x9f\x98\x80", 4, 3), 0);
	assert_int_equal(text_cut("", 0, 0), 0);
}

static void test_ascii(void **state)
{
	char text[] = "AbZ[\xc3\x84";

	(void)state;
	text_lower(text);
	assert_string_equal(text, "abz[\xc3\x84");
	assert_true(text_equal_nocase("NickServ", "nickserv"));
	assert_false(text_equal_nocase("nick", "nickserv"));
	assert_false(text_equal_nocase("nickserv", "nick"));
	assert_false(text_equal_nocase("[", "{"));
	assert_true(text_equal_nocase("", ""));
	assert_true(text_is_word("Login alice", 5, "login"));
	assert_true(text_is_word("", 0, ""));
	assert_false(text_is_word("login alice", 4, "login"));
	assert_false(text_is_word("login alice", 6, "login"));
	assert_false(text_is_word("logon", 5, "login"));
	assert_false(text_is_word("", 0, "login"));
	assert_false(text_is_word("[", 1, "{"));
	assert_true(text_is("word", "word"));
	assert_true(text_is("", ""));
	assert_false(text_is("word", "words"));
	assert_false(text_is(NULL, "word"));
	assert_false(text_is("word", NULL));
	assert_false(text_is(NULL, NULL));
	assert_true(text_starts("prefix", "pre"));
	assert_true(text_starts("prefix", ""));
	assert_false(text_starts("pre", "prefix"));
	assert_true(text_is_web_url("https://example.org/"));
	assert_true(text_is_web_url("http://example.org/"));
	assert_false(text_is_web_url("ftp://example.org/"));
	assert_false(text_is_web_url("see https://example.org/"));
	assert_true(text_equal_secret("secret", "secret"));
	assert_true(text_equal_secret("", ""));
	assert_false(text_equal_secret("secret", "Secret"));
	assert_false(text_equal_secret("secret", "secre"));
	assert_false(text_equal_secret("secre", "secret"));
	assert_false(text_equal_secret("", "a"));
	assert_false(text_equal_secret("a", ""));
}

static void check_quote(const char *text, size_t length, size_t max, const char *to)
{
	struct buf out = {0};
	char *copy = mem_dup(text, length);

	text_quote(&out, copy, length, max);
	assert_string_equal(buf_text(&out), to);
	buf_finish(&out);
	mem_free(copy);
}

#define CHECK_QUOTE(literal, max, to) check_quote((literal), sizeof(literal) - 1, (max), (to))

static void test_quote(void **state)
{
	(void)state;
	CHECK_QUOTE("", 10, "");
	CHECK_QUOTE("plain \xe2\x82\xac", 100, "plain \xe2\x82\xac");
	CHECK_QUOTE("\x1b[31mred", 100, "\\x1b[31mred");
	CHECK_QUOTE("a\r\nb\0c\x7f", 100, "a\\x0d\\x0ab\\x00c\\x7f");
	CHECK_QUOTE("a\xe2\x80\xae"
		    "b",
		    100, "a\\u{202e}b");
	CHECK_QUOTE("\xe2\x81\xa6\xe2\x80\xa8\xc2\x9b", 100, "\\u{2066}\\u{2028}\\u{9b}");
	CHECK_QUOTE("\xff\xc3", 100, "\\xff\\xc3");
	CHECK_QUOTE("say \"x\" \\x1b", 100, "say \\\"x\\\" \\\\x1b");
	CHECK_QUOTE("abcdef", 6, "abcdef");
	CHECK_QUOTE("abcdef", 3, "abc...");
	CHECK_QUOTE("ab\xe2\x82\xac", 4, "ab...");
	CHECK_QUOTE("abc", 0, "...");
}

static void test_show(void **state)
{
	static const char text[] = "a\\20\"b\x1b[1m\n\u202e";
	struct buf out = {0};

	(void)state;
	text_show(&out, text, strlen(text), 100);
	assert_string_equal(buf_text(&out), "a\\20\"b\\x1b[1m\\x0a\\u{202e}");
	buf_clear(&out);
	text_show(&out, "abcdef", 6, 3);
	assert_string_equal(buf_text(&out), "abc...");
	buf_finish(&out);
}

static void test_encode(void **state)
{
	static const struct {
		uint32_t code;
		const char *bytes;
	} cases[] = {
		{1, "\x01"},
		{0x7f, "\x7f"},
		{0x80, "\xc2\x80"},
		{0x7ff, "\xdf\xbf"},
		{0x800, "\xe0\xa0\x80"},
		{0xffff, "\xef\xbf\xbf"},
		{0x10000, "\xf0\x90\x80\x80"},
		{0x10ffff, "\xf4\x8f\xbf\xbf"},
	};
	char bytes[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(text_encode(cases[i].code, bytes), strlen(cases[i].bytes));
		assert_memory_equal(bytes, cases[i].bytes, strlen(cases[i].bytes));
	}
	assert_int_equal(text_encode(0, bytes), 1);
	assert_int_equal(bytes[0], 0);
}

static void test_hex(void **state)
{
	static const char *const none[] = {"", "4", "4g", "g4", "%41", " 4", "-1", "0x", "4\xff"};

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		char digits[4];

		snprintf(digits, sizeof(digits), "%02xf", byte);
		assert_int_equal(text_hex_byte(digits), byte);
		snprintf(digits, sizeof(digits), "%02Xg", byte);
		assert_int_equal(text_hex_byte(digits), byte);
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_int_equal(text_hex_byte(none[i]), -1);
}

static void test_decimal(void **state)
{
	const uint64_t numbers[] = {0, 9, 10, 100, 1234567890, UINT64_MAX - 1, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		char room[TEXT_DECIMAL_CHARS], expected[24];

		snprintf(expected, sizeof(expected), "%" PRIu64, numbers[i]);
		assert_string_equal(text_decimal(room, numbers[i]), expected);
	}
}

static void test_keys(void **state)
{
	char long_name[1001];
	struct text_key key;

	(void)state;
	memset(long_name, 'A', 1000);
	long_name[1000] = '\0';
	assert_string_equal(text_key_lower(&key, "Some\xc3\x84 NAME"), "some\xc3\x84 name");
	text_key_finish(&key);
	assert_string_equal(text_key_join(&key, "xmpp", "a@b"), "xmpp a@b");
	text_key_finish(&key);
	assert_int_equal(strspn(text_key_lower(&key, long_name), "a"), 1000);
	text_key_finish(&key);
	assert_int_equal(strlen(text_key_join(&key, long_name, long_name)), 2001);
	text_key_finish(&key);
	text_key_finish(&key); /* nothing is left to free */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8),           cmocka_unit_test(test_clean_lines),
		cmocka_unit_test(test_clean_line),     cmocka_unit_test(test_clean_xml),
		cmocka_unit_test(test_clean_anything), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_ascii),          cmocka_unit_test(test_quote),
		cmocka_unit_test(test_show),           cmocka_unit_test(test_hex),
		cmocka_unit_test(test_encode),         cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
