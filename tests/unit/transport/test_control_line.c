/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "config/limits.h"
#include "transport/admin/control_line.h"

static size_t searched; /* bytes, by memchr */

void *__wrap_memchr(const void *bytes, int c, size_t count);
void *__real_memchr(const void *bytes, int c, size_t count);

void *__wrap_memchr(const void *bytes, int c, size_t count)
{
	searched += count;
	return __real_memchr(bytes, c, count);
}

static void expect(struct control_lines *lines, enum control_line expected, const char *text)
{
	char *line;

	assert_int_equal(control_line_look(lines), expected == CONTROL_LINE_NO_TEXT ? CONTROL_LINE_GOOD : expected);
	assert_int_equal(control_line_take(lines, &line), expected);
	if (text)
		assert_string_equal(line, text);
	else
		assert_null(line);
	mem_free_secret(line);
}

static void test_lines(void **state)
{
	struct control_lines lines = {0};

	(void)state;
	expect(&lines, CONTROL_LINE_NONE, NULL);
	assert_true(control_line_add(&lines, "sta", 3));
	expect(&lines, CONTROL_LINE_NONE, NULL);
	assert_true(control_line_add(&lines, "tus\n\na\0b\nuse", 12));
	expect(&lines, CONTROL_LINE_GOOD, "status");
	expect(&lines, CONTROL_LINE_GOOD, "");
	expect(&lines, CONTROL_LINE_NO_TEXT, "a");
	expect(&lines, CONTROL_LINE_NONE, NULL);
	assert_true(control_line_add(&lines, "rs\n", 3));
	expect(&lines, CONTROL_LINE_GOOD, "users");
	expect(&lines, CONTROL_LINE_NONE, NULL);
	control_lines_finish(&lines);
}

static void test_limits(void **state)
{
	struct control_lines lines = {0};
	char *long_line = mem_alloc(2 * LIMIT_CONTROL_LINE_BYTES);

	(void)state;
	memset(long_line, 'x', 2 * LIMIT_CONTROL_LINE_BYTES);
	assert_true(control_line_add(&lines, long_line, LIMIT_CONTROL_LINE_BYTES));
	expect(&lines, CONTROL_LINE_NONE, NULL);
	assert_true(control_line_add(&lines, "x", 1));
	expect(&lines, CONTROL_LINE_TOO_LONG, NULL);
	assert_false(control_line_add(&lines, long_line, LIMIT_CONTROL_LINE_BYTES));
	assert_true(control_line_add(&lines, long_line, LIMIT_CONTROL_LINE_BYTES - 1));
	assert_false(control_line_add(&lines, "x", 1));
	control_lines_finish(&lines);
	mem_free(long_line);
}

/* One that sends byte by byte has each looked at once, and once more when the line is taken. */
static void test_byte_by_byte(void **state)
{
	struct control_lines lines = {0};
	char *line;

	(void)state;
	searched = 0;
	for (size_t i = 0; i < LIMIT_CONTROL_LINE_BYTES - 1; i++) {
		assert_true(control_line_add(&lines, "x", 1));
		assert_int_equal(control_line_look(&lines), CONTROL_LINE_NONE);
	}
	assert_true(control_line_add(&lines, "\n", 1));
	assert_int_equal(control_line_take(&lines, &line), CONTROL_LINE_GOOD);
	assert_int_equal(strlen(line), LIMIT_CONTROL_LINE_BYTES - 1);
	assert_true(searched >= LIMIT_CONTROL_LINE_BYTES && searched < 4 * LIMIT_CONTROL_LINE_BYTES);
	mem_free_secret(line);
	control_lines_finish(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lines), cmocka_unit_test(test_limits), cmocka_unit_test(test_byte_by_byte)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
