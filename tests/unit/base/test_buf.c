/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void test_zero_is_valid(void **state)
{
	struct buf buf = {0};
	char *taken;

	(void)state;
	buf_finish(&buf);
	buf_clear(&buf);
	buf_consume(&buf, 0);
	buf_shrink(&buf, 0);
	assert_string_equal(buf_text(&buf), "");
	assert_null(buf.data);
	taken = buf_take(&buf);
	assert_string_equal(taken, "");
	mem_free(taken);
	assert_null(buf.data);
}

static void test_append(void **state)
{
	struct buf buf = {0};
	char *taken;

	(void)state;
	buf_puts(&buf, NULL);
	assert_int_equal(buf.len, 0);
	buf_puts(&buf, "abc");
	buf_putc(&buf, 'd');
	buf_append(&buf, "e\0f", 3);
	assert_int_equal(buf.len, 7);
	assert_memory_equal(buf.data, "abcde\0f", 8);
	buf_consume(&buf, 4);
	assert_memory_equal(buf.data, "e\0f", 4);
	buf_consume(&buf, 3);
	assert_int_equal(buf.len, 0);
	buf_put_be32(&buf, 0x01020380u);
	assert_memory_equal(buf.data, "\x01\x02\x03\x80", 5);
	taken = buf_take(&buf);
	assert_int_equal(taken[2], 3);
	assert_int_equal(buf.cap, 0);
	mem_free(taken);
}

static void test_reserve_then_write(void **state)
{
	struct buf buf = {0};

	(void)state;
	memcpy(buf_reserve(&buf, 3), "xyz", 3);
	buf.len += 3;
	assert_string_equal(buf_text(&buf), "xyz");
	buf_finish(&buf);
}

static void test_printf_grows(void **state)
{
	struct buf buf = {0};
	char wide[300];
	size_t i;

	(void)state;
	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	for (i = 0; i < 50; i++)
		buf_printf(&buf, "%zu:%s;", i % 10, wide);
	assert_int_equal(buf.len, 50 * 302);
	assert_int_equal(strlen(buf.data), buf.len);
	assert_memory_equal(buf.data + 302, "1:w", 3);
	buf_finish(&buf);
	/* lengths around the first size: the terminator must fit as well */
	for (i = 60; i < 70; i++) {
		buf_printf(&buf, "%.*s", (int)i, wide);
		assert_int_equal(strlen(buf.data), i);
		buf_finish(&buf);
	}
}

static void test_shrink(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_reserve(&buf, 100000);
	buf_putc(&buf, 'x');
	buf_shrink(&buf, 1024);
	assert_true(buf.cap > 100000);
	buf_clear(&buf);
	buf_shrink(&buf, 1024);
	assert_int_equal(buf.cap, 1024);
	buf_puts(&buf, "still good");
	assert_string_equal(buf.data, "still good");
	buf_clear(&buf);
	buf_shrink(&buf, 0);
	assert_null(buf.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zero_is_valid),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_reserve_then_write),
		cmocka_unit_test(test_printf_grows),
		cmocka_unit_test(test_shrink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
