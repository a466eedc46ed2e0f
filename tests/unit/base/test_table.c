/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/table.h"

static const struct table_column columns[] = {{"user", TABLE_TEXT},
                                              {"in rooms", TABLE_NUMBER},
                                              {"online", TABLE_SECONDS},
                                              {"error text", TABLE_TEXT}};

static void row(struct table *table, const char *user, int64_t rooms, int64_t seconds, const char *error)
{
	table_put_text(table, user);
	table_put_number(table, rooms);
	table_put_number(table, seconds);
	table_put_text(table, error);
}

static struct table *sample(void)
{
	struct table *table = table_create(columns, ARRAY_SIZE(columns));

	row(table, "alice@example.org", 3, 59, "wrong password, or so");
	row(table, "b", 12345, 3 * 86400 + 7200, NULL);
	row(table, "漢字@x", 0, 61, "");
	table_put_text(table, "x\x1b[31m\"\\40");
	table_put_nothing(table);
	table_put_number(table, 7 * 3600 + 5 * 60);
	table_put_text(table, "-");
	return table;
}

static void expect(const struct table *table, unsigned width, const char *text)
{
	struct buf out = {0};

	table_print(table, width, &out);
	assert_string_equal(buf_text(&out), text);
	buf_finish(&out);
}

static void test_as_wide_as_needed(void **state)
{
	struct table *table = sample();

	(void)state;
	assert_int_equal(table_rows(table), 4);
	expect(table, 0,
	       "USER               IN ROOMS  ONLINE  ERROR TEXT\n"
	       "alice@example.org         3     59s  wrong password, or so\n"
	       "b                     12345   3d02h  -\n"
	       "漢字@x                    0   1m01s  \n"
	       "x\\x1b[31m\"\\40             -   7h05m  -");
	expect(table, 59,
	       "USER               IN ROOMS  ONLINE  ERROR TEXT\n"
	       "alice@example.org         3     59s  wrong password, or so\n"
	       "b                     12345   3d02h  -\n"
	       "漢字@x                    0   1m01s  \n"
	       "x\\x1b[31m\"\\40             -   7h05m  -");
	table_destroy(&table);
	assert_null(table);
}

/* The widest text is cut first, a wide character never in two, and no text below eight columns. */
static void test_narrow(void **state)
{
	static const struct table_column two[] = {{"a", TABLE_TEXT}, {"b", TABLE_TEXT}};
	struct table *table = sample();

	(void)state;
	expect(table, 50,
	       "USER             IN ROOMS  ONLINE  ERROR TEXT\n"
	       "alice@example.…         3     59s  wrong password…\n"
	       "b                   12345   3d02h  -\n"
	       "漢字@x                  0   1m01s  \n"
	       "x\\x1b[31m\"\\40           -   7h05m  -");
	expect(table, 1,
	       "USER      IN ROOMS  ONLINE  ERROR T…\n"
	       "alice@e…         3     59s  wrong p…\n"
	       "b            12345   3d02h  -\n"
	       "漢字@x           0   1m01s  \n"
	       "x\\x1b[3…         -   7h05m  -");
	table_destroy(&table);
	table = table_create(two, 2);
	table_put_text(table, "漢字漢字漢字");
	table_put_text(table, "z");
	expect(table, 12, "A          B\n漢字漢字…  z");
	expect(table, 11, "A         B\n漢字漢…   z");
	table_destroy(&table);
}

/* Columns with a rank go before a text is cut below 16, the highest first, and one line says so. */
static void test_columns_left_out(void **state)
{
	static const struct table_column ranked[] = {{"user", TABLE_TEXT},
						     {"clients", TABLE_NUMBER, .rank = 2},
						     {"state", TABLE_TEXT, .rank = 1},
						     {"rooms", TABLE_NUMBER, .rank = 2}};
	struct table *table = table_create(ranked, ARRAY_SIZE(ranked));

	(void)state;
	table_put_text(table, "alice-of-a-long-name@example.org");
	table_put_number(table, 1);
	table_put_text(table, "connected to the network");
	table_put_number(table, 12345);
	expect(table, 76,
	       "USER                              CLIENTS  STATE                     ROOMS\n"
	       "alice-of-a-long-name@example.org        1  connected to the network  12345");
	expect(table, 50,
	       "USER              CLIENTS  STATE             ROOMS\n"
	       "alice-of-a-long…        1  connected to th…  12345");
	expect(table, 49,
	       "USER                 CLIENTS  STATE\n"
	       "alice-of-a-long-na…        1  connected to the n…\n"
	       "1 column left out");
	expect(table, 34,
	       "USER              STATE\n"
	       "alice-of-a-long…  connected to th…\n"
	       "2 columns left out");
	expect(table, 33,
	       "USER\n"
	       "alice-of-a-long-name@example.org\n"
	       "3 columns left out");
	expect(table, 6,
	       "USER\n"
	       "alice-o…\n"
	       "3 columns left out");
	table_put_text(table, "a-name-that-is-as-long-as-they-are-in-some-places@conference.example.org");
	table_put_nothing(table);
	table_put_text(table, "a state that is described with many words, more than one would think");
	table_put_nothing(table);
	for (unsigned width = 30; width < 200; width++) {
		struct buf out = {0};

		table_print(table, width, &out);
		assert_true(buf_text(&out)[0] == 'U');
		for (const char *line = out.data; *line; line += strcspn(line, "\n"), line += *line == '\n')
			assert_true(strcspn(line, "\n") <= width + 2 * strlen("…"));
		buf_finish(&out);
	}
	/* a table without rows as well */
	table_destroy(&table);
	table = table_create(ranked, ARRAY_SIZE(ranked));
	expect(table, 10, "USER\n3 columns left out");
	expect(table, 11, "USER  STATE\n2 columns left out");
	table_destroy(&table);
}

/* There is room for the way out as well. */
static void test_columns_left_out_say_where_they_are(void **state)
{
	static const struct table_column ranked[] = {{"a", TABLE_TEXT}, {"b", TABLE_TEXT, .rank = 1}};
	struct table *table = table_create(ranked, ARRAY_SIZE(ranked));
	struct buf wide = {0}, wanted = {0};

	(void)state;
	for (int i = 0; i < 70; i++)
		buf_putc(&wide, '1');
	table_put_text(table, "x");
	table_put_text(table, buf_text(&wide));
	expect(table, 18, "A\nx\n1 column left out");
	buf_printf(&wanted, "A  B\nx  %s", buf_text(&wide));
	expect(table, 73, buf_text(&wanted));
	buf_finish(&wanted);
	table_destroy(&table);
	static const struct table_column numbers[] = {{"a", TABLE_NUMBER},
						      {"a number whose heading is wider than any terminal of 80", TABLE_NUMBER,
						       .rank = 1}};

	table = table_create(numbers, ARRAY_SIZE(numbers));
	table_put_number(table, 7);
	table_put_number(table, 8);
	expect(table, 56, "A\n7\n1 column left out: --json or a wider terminal shows them");
	expect(table, 55, "A\n7\n1 column left out");
	table_destroy(&table);
	buf_finish(&wide);
}

static void test_empty(void **state)
{
	struct table *table = table_create(columns, ARRAY_SIZE(columns));
	struct buf out = {0};

	(void)state;
	expect(table, 80, "USER  IN ROOMS  ONLINE  ERROR TEXT");
	table_print_json(table, &out);
	assert_string_equal(buf_text(&out), "[]");
	buf_finish(&out);
	table_destroy(&table);
}

static void test_json(void **state)
{
	struct table *table = sample();
	struct buf out = {0};

	(void)state;
	table_print_json(table, &out);
	assert_string_equal(buf_text(&out),
	                    "[{\"user\":\"alice@example.org\",\"in_rooms\":3,\"online\":59,\"error_text\":"
	                    "\"wrong password, or "
	                    "so\"},{\"user\":\"b\",\"in_rooms\":12345,\"online\":266400,\"error_text\":null},"
	                    "{\"user\":\"漢字@x\",\"in_rooms\":0,\"online\":61,\"error_text\":\"\"},"
	                    "{\"user\":\"x\\u001b[31m\\\"\\\\40\",\"in_rooms\":null,\"online\":25500,\"error_"
	                    "text\":\"-\"}]");
	buf_clear(&out);
	json_put_string(&out, "two\nlines\t\x7f");
	json_put_string(&out, NULL);
	assert_string_equal(buf_text(&out), "\"two\\nlines\\u0009\\u007f\"null");
	buf_finish(&out);
	table_destroy(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_as_wide_as_needed),
	        cmocka_unit_test(test_narrow),
	        cmocka_unit_test(test_columns_left_out),
	        cmocka_unit_test(test_columns_left_out_say_where_they_are),
	        cmocka_unit_test(test_empty),
	        cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
