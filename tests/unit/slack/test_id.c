/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "frontends/slack/slack_id.h"

#define LONGEST "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
#define LONGEST_TS "1234567890123456789012345.123456"

static void test_ids(void **state)
{
	static const char *const good[] = {"T1", "U0456DEF", "USLACKBOT", "Z9", LONGEST};
	static const char *const bad[] = {"",    "T",   "1T",   "t1",        "Tx1",      "T 1",
	                                  "T/1", "T1 ", "T1\n", "C\xc3\xa4", LONGEST "6"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(slack_is_id(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(slack_is_id(bad[i]));
	assert_false(slack_is_id(NULL));
}

static void test_ts(void **state)
{
	static const char *const good[] = {"0.0", "1610241741.000200", LONGEST_TS};
	static const char *const bad[] = {"",
	                                  ".",
	                                  "1",
	                                  "1.",
	                                  ".1",
	                                  "1.2.3",
	                                  "-1.2",
	                                  "1.2 ",
	                                  " 1.2",
	                                  "1,2",
	                                  "1.2e3",
	                                  "1.x",
	                                  LONGEST_TS "7",
	                                  "123456789012345678901234567890123456789.1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(slack_is_ts(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(slack_is_ts(bad[i]));
	assert_false(slack_is_ts(NULL));
}

static void test_order(void **state)
{
	/* ascending */
	static const char *const times[] = {"0.0",
	                                    "0.1",
	                                    "9.999999",
	                                    "10.0",
	                                    "10.000001",
	                                    "10.00001",
	                                    "1610241741.000200",
	                                    "1610241741.000201",
	                                    "1610241742.000000",
	                                    "99999999999.0",
	                                    "1234567890123456789012345.1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(times); j++) {
			int order = slack_ts_compare(times[i], times[j]);

			assert_int_equal(i < j ? -1 : i > j, order < 0 ? -1 : order > 0);
		}
	}
	assert_int_equal(slack_ts_compare("1.5", "1.500000"), 0);
	assert_int_equal(slack_ts_compare("001.5", "1.5"), 0);
	assert_int_equal(slack_ts_compare("00.5", "0.50"), 0);
}

static void test_ms(void **state)
{
	(void)state;
	assert_int_equal(slack_ts_ms("0.0"), 0);
	assert_int_equal(slack_ts_ms("1610241741.000200"), 1610241741000);
	assert_int_equal(slack_ts_ms("1610241741.9999"), 1610241741999);
	assert_int_equal(slack_ts_ms("0007.5"), 7500);
	assert_int_equal(slack_ts_ms("7.05"), 7050);
	assert_int_equal(slack_ts_ms("999999999999.999"), SLACK_TS_MS_MAX);
	assert_int_equal(slack_ts_ms("1000000000000.0"), SLACK_TS_MS_MAX);
	assert_int_equal(slack_ts_ms(LONGEST_TS), SLACK_TS_MS_MAX);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {"",
	                                  "/",
	                                  "T1",
	                                  "T1/",
	                                  "/U1",
	                                  "T1/u1",
	                                  "T1/U1/",
	                                  "T1/U1/5",
	                                  "T1/U1/1.2/",
	                                  "T1/U1/1.2/3",
	                                  "T1//U1",
	                                  LONGEST "6/U1",
	                                  "T1/" LONGEST "6",
	                                  "T1/C1/" LONGEST_TS "7"};
	struct slack_address address;
	char *text = slack_address("T0123ABC", "U0456DEF");

	(void)state;
	assert_string_equal(text, "T0123ABC/U0456DEF");
	assert_true(slack_address_read(&address, text));
	assert_string_equal(address.team, "T0123ABC");
	assert_string_equal(address.id, "U0456DEF");
	assert_string_equal(address.thread, "");
	mem_free(text);
	text = slack_thread_place(LONGEST, LONGEST, LONGEST_TS);
	assert_true(slack_address_read(&address, text));
	assert_string_equal(address.team, LONGEST);
	assert_string_equal(address.id, LONGEST);
	assert_string_equal(address.thread, LONGEST_TS);
	mem_free(text);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(slack_address_read(&address, bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_ids), cmocka_unit_test(test_ts),        cmocka_unit_test(test_order),
	        cmocka_unit_test(test_ms),  cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
