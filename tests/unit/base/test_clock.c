/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"

static void test_now(void **state)
{
	uint64_t first = clock_ms();

	(void)state;
	assert_true(first > 0);
	assert_true(clock_ms() >= first);
	assert_true(clock_wall_ms() > INT64_C(1700000000000));
}

static void test_stamp(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{"19700101T000000", 0},
		{"20260131T120000", INT64_C(1769860800000)},
		{"20240229T235959", INT64_C(1709251199000)},
		{"20161231T235960", INT64_C(1483228800000)},
		{"99991231T235959", INT64_C(253402300799000)},
		{"0", 0},
		{"1769860800", INT64_C(1769860800000)},
		{"253402300799", INT64_C(253402300799000)},
	};
	static const char *const bad[] = {
		"",
		"T",
		"x",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1.5",
		"0x10",
		"2026-01-31T12:00:00Z",
		"20260131T12000",
		"20260131T1200000",
		"20260131T120000Z",
		"20260131t120000",
		"20261301T000000",
		"20260001T000000",
		"20260100T000000",
		"20260132T000000",
		"20250229T000000",
		"21000229T000000",
		"20260131T240000",
		"20260131T126000",
		"20260131T120061",
		"19691231T235959",
		"00000101T000000",
		"2000000101T000000",
		"-0010101T000000",
		"253402300800",
		"6311328264000",
		"99999999999999999999",
		"99991231T235960",
		"2026013\xc3T120000",
	};
	size_t i;
	int64_t ms;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		ms = -1;
		assert_true(clock_parse_stamp(good[i].text, &ms));
		assert_true(ms == good[i].ms);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ms = 42;
		assert_false(clock_parse_stamp(bad[i], &ms));
		assert_int_equal(ms, 42);
	}
	assert_false(clock_parse_stamp(NULL, &ms));
}

static void test_format(void **state)
{
	static const int64_t times[] = {0, INT64_C(1769860800000), INT64_C(253402300799000),
					INT64_C(951782400000)};
	char stamp[16], xmpp[32];
	int64_t ms;
	size_t i;

	(void)state;
	clock_format_stamp(INT64_C(1769860800999), stamp);
	assert_string_equal(stamp, "20260131T120000");
	clock_format_xmpp(INT64_C(1769860800999), xmpp);
	assert_string_equal(xmpp, "2026-01-31T12:00:00Z");
	clock_format_stamp(INT64_MIN, stamp);
	assert_string_equal(stamp, "19700101T000000");
	clock_format_stamp(INT64_MAX, stamp);
	assert_string_equal(stamp, "99991231T235959");
	clock_format_xmpp(INT64_MAX, xmpp);
	assert_string_equal(xmpp, "9999-12-31T23:59:59Z");
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		clock_format_stamp(times[i], stamp);
		assert_true(clock_parse_stamp(stamp, &ms) && ms == times[i]);
		clock_format_xmpp(times[i], xmpp);
		assert_true(clock_parse_xmpp(xmpp, &ms) && ms == times[i]);
	}
}

static void test_xmpp(void **state)
{
	static const char *const bad[] = {
		"",
		"2026-01-31",
		"2026-01-31T12:00:00",
		"2026-01-31T12:00:00.Z",
		"2026-01-31T12:00:00+0200",
		"2026-01-31T12:00:00+24:00",
		"2026-01-31T12:00:00Zx",
		"2026-02-30T12:00:00Z",
		"200000-01-31T12:00:00Z",
		"1970-01-01T00:00:00+01:00",
		"9999-12-31T23:59:59-01:00",
		"20260131T12:00:00",
	};
	int64_t ms;
	size_t i;

	(void)state;
	assert_true(clock_parse_xmpp("2026-01-31T12:00:00Z", &ms) && ms == INT64_C(1769860800000));
	assert_true(clock_parse_xmpp("2026-01-31T12:00:00.5Z", &ms) && ms == INT64_C(1769860800500));
	assert_true(clock_parse_xmpp("2026-01-31T12:00:00.123456Z", &ms) && ms == INT64_C(1769860800123));
	assert_true(clock_parse_xmpp("2026-01-31T14:30:00+02:30", &ms) && ms == INT64_C(1769860800000));
	assert_true(clock_parse_xmpp("2026-01-31T07:00:00-05:00", &ms) && ms == INT64_C(1769860800000));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(clock_parse_xmpp(bad[i], &ms));
	assert_false(clock_parse_xmpp(NULL, &ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_stamp),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_xmpp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
