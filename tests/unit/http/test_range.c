/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "transport/http/http_range.h"

static const struct {
	const char *text;
	uint64_t size;
	enum http_range_result result;
	uint64_t first, last;
} ranges[] = {
        {NULL, 100, HTTP_RANGE_NONE, 0, 0},
        {"", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=0-0", 100, HTTP_RANGE_PART, 0, 0},
        {"bytes=0-99", 100, HTTP_RANGE_PART, 0, 99},
        {"bytes=0-100", 100, HTTP_RANGE_PART, 0, 99},
        {"bytes=10-", 100, HTTP_RANGE_PART, 10, 99},
        {"bytes=99-", 100, HTTP_RANGE_PART, 99, 99},
        {"bytes=100-", 100, HTTP_RANGE_WRONG, 0, 0},
        {"bytes=-1", 100, HTTP_RANGE_PART, 99, 99},
        {"bytes=-100", 100, HTTP_RANGE_PART, 0, 99},
        {"bytes=-1000", 100, HTTP_RANGE_PART, 0, 99},
        {"bytes=-0", 100, HTTP_RANGE_WRONG, 0, 0},
        {"bytes=-5", 0, HTTP_RANGE_WRONG, 0, 0},
        {"bytes=0-", 0, HTTP_RANGE_WRONG, 0, 0},
        {"Bytes=1-2", 100, HTTP_RANGE_PART, 1, 2},
        {"bytes= 1-2 ", 100, HTTP_RANGE_PART, 1, 2},
        {"bytes=5-4", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=-", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=1-2,4-5", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=a-b", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=1-2x", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=+1-2", 100, HTTP_RANGE_NONE, 0, 0},
        {"lines=1-2", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=99999999999999999999999-", 100, HTTP_RANGE_WRONG, 0, 0},
        {"bytes=0-99999999999999999999999", 100, HTTP_RANGE_PART, 0, 99},
        {"bytes=-99999999999999999999999", 100, HTTP_RANGE_PART, 0, 99},
        {"bytes=0-18446744073709551615", UINT64_MAX, HTTP_RANGE_PART, 0, UINT64_MAX - 1},
};

static void reads_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		uint64_t first = 0, last = 0;
		enum http_range_result result =
		        http_range_parse(ranges[i].text, ranges[i].size, &first, &last);

		if (result != ranges[i].result || first != ranges[i].first || last != ranges[i].last)
			fail_msg("%s of %llu gives %d, %llu to %llu",
			         ranges[i].text ? ranges[i].text : "(none)",
			         (unsigned long long)ranges[i].size, result, (unsigned long long)first,
			         (unsigned long long)last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reads_ranges)};

	return cmocka_run_group_tests_name("http: range", tests, NULL, NULL);
}
