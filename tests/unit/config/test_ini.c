/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/ini.h"

/* Writes what was found as "LINE name=value|LINE !problem|", from a heap copy that ends where the text ends.
 */
static void check_ini(const char *text, size_t length, const char *expected)
{
	struct buf found = {0};
	char *copy = mem_dup(text, length);
	enum ini_found kind;
	struct ini ini;

	ini_init(&ini, copy, length);
	while ((kind = ini_next(&ini)) != INI_END) {
		if (kind == INI_PAIR)
			buf_printf(&found, "%d %s=%s|", ini.line, ini.name.data, ini.value.data);
		else
			buf_printf(&found, "%d !|", ini.line);
	}
	assert_string_equal(buf_text(&found), expected);
	ini_finish(&ini);
	buf_finish(&found);
	mem_free(copy);
}

#define CHECK_INI(literal, expected) check_ini((literal), sizeof(literal) - 1, (expected))

static void test_pairs(void **state)
{
	(void)state;
	CHECK_INI("", "");
	CHECK_INI("\n\n", "");
	CHECK_INI("[a]\nb = c\n", "2 a.b=c|");
	CHECK_INI("[a]\r\nb=c\r\n", "2 a.b=c|");
	CHECK_INI("  [ a ]  \n\tb\t=\tc d \n", "2 a.b=c d|");
	CHECK_INI("\xef\xbb\xbf[a]\nb=c", "2 a.b=c|");
	CHECK_INI("a.b = c", "1 a.b=c|");
	CHECK_INI("[a]\nb =\n[c]\nd=e", "2 a.b=|4 c.d=e|");
	CHECK_INI("[a]\nb=1\nb=2\n", "2 a.b=1|3 a.b=2|");
	CHECK_INI("[a]\nb=c\n  d=e\n", "2 a.b=c|3 a.d=e|");
	CHECK_INI("[a]\nb:c=d", "2 a.b:c=d|");
	CHECK_INI("[a]\nb= \xc3\xa4\xe2\x82\xac", "2 a.b=\xc3\xa4\xe2\x82\xac|");
}

static void test_values_are_whole(void **state)
{
	(void)state;
	CHECK_INI("[a]\np = s;ec#ret\n", "2 a.p=s;ec#ret|");
	CHECK_INI("[a]\np = #all ; of # it\n", "2 a.p=#all ; of # it|");
	CHECK_INI("[a]\np = \"quoted\\n\"=='x'\n", "2 a.p=\"quoted\\n\"=='x'|");
	CHECK_INI("[a]\np = [b]\n", "2 a.p=[b]|");
}

static void test_comments(void **state)
{
	(void)state;
	CHECK_INI("# x = y\n  ; z = w\n[a]\n\t#b=c\nd=e # f\n", "5 a.d=e # f|");
	/* whatever the encoding of a comment */
	CHECK_INI("# \xff\n[a]\nb=c", "3 a.b=c|");
}

static void test_bad_lines(void **state)
{
	(void)state;
	CHECK_INI("[a]\nno pair\nb=c\n", "2 !|3 a.b=c|");
	CHECK_INI("[a]\n= c\nb=c\n", "2 !|3 a.b=c|");
	CHECK_INI("[a\nb=c\n[d]\ne=f\n", "1 !|4 d.e=f|");
	CHECK_INI("[x]\ny=1\n[]\nb=c\n", "2 x.y=1|3 !|");
	CHECK_INI("[", "1 !|");
	CHECK_INI("[a]\nb=\xff\nc=\0d\ne=\x1b\nf=g\n", "2 !|3 !|4 !|5 a.f=g|");
	CHECK_INI("[\xff]\nb=c", "1 !|");
}

static void test_long_line(void **state)
{
	size_t length = 100000;
	char *text = mem_alloc(length + 1);
	struct ini ini;

	(void)state;
	memset(text, 'x', length);
	memcpy(text, "[a]\nb=", 6);
	ini_init(&ini, text, length);
	assert_int_equal(ini_next(&ini), INI_PAIR);
	assert_int_equal(ini.value.len, length - 6);
	assert_int_equal(ini_next(&ini), INI_END);
	ini_finish(&ini);
	mem_free(text);
}

static void collect(void *context, const char *name, const char *value)
{
	buf_printf(context, "%s=%s|", name, value);
}

static void test_parse_text(void **state)
{
	static const char payload[] = "[registration]\nneedPassword=0\n[features]\nmuc=1\nreceipts=true";
	struct buf found = {0};

	(void)state;
	assert_int_equal(config_parse_text(payload, sizeof(payload) - 1, collect, &found), TP_OK);
	assert_string_equal(found.data, "registration.needPassword=0|features.muc=1|features.receipts=true|");
	buf_clear(&found);
	assert_int_equal(config_parse_text("rubbish\n[features]\nmuc=1", 24, collect, &found),
			 TP_ERR_INVALID);
	assert_string_equal(found.data, "features.muc=1|");
	buf_clear(&found);
	assert_int_equal(config_parse_text(NULL, 0, collect, &found), TP_OK);
	assert_int_equal(found.len, 0);
	buf_finish(&found);
}

static void test_parse_bool(void **state)
{
	static const char *const yes[] = {"1", "true", "yes", "on", "TRUE", "On"};
	static const char *const no[] = {"0", "false", "no", "off", "No"};
	static const char *const neither[] = {"", "2", "y", "t", " 1", "1 ", "enabled", "-1"};
	bool value;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(config_parse_bool(yes[i], &value) && value);
	for (i = 0; i < ARRAY_SIZE(no); i++)
		assert_true(config_parse_bool(no[i], &value) && !value);
	for (i = 0; i < ARRAY_SIZE(neither); i++)
		assert_false(config_parse_bool(neither[i], &value));
	assert_false(config_parse_bool(NULL, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),      cmocka_unit_test(test_values_are_whole),
		cmocka_unit_test(test_comments),   cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_long_line),  cmocka_unit_test(test_parse_text),
		cmocka_unit_test(test_parse_bool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
