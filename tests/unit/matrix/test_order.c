/* SPDX-License-Identifier: MIT */
/* Transactions that overtake another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frontends/matrix/wire/transaction_order.h"

static void expect(const char *const *ids, const bool *early, size_t count)
{
	struct transaction_order order = {0};

	for (size_t i = 0; i < count; i++)
		if (transaction_is_early(&order, ids[i]) != early[i])
			fail_msg("%s (the %zu. one) is %stoo early", ids[i], i + 1, early[i] ? "not " : "");
}

#define EXPECT(ids, early) expect((ids), (early), sizeof(early) / sizeof(*(early)))

static void test_overtaking(void **state)
{
	static const char *const ids[] = {"38", "40", "39", "40", "41", "43", "42", "43"};
	static const bool early[] = {false, true, false, false, false, true, false, false};

	(void)state;
	EXPECT(ids, early);
}

static void test_again(void **state)
{
	struct transaction_order order = {0};

	(void)state;
	assert_false(transaction_is_again(&order, "7"));
	assert_false(transaction_is_early(&order, "7"));
	assert_true(transaction_is_again(&order, "7"));
	assert_true(transaction_is_again(&order, "1"));
	assert_false(transaction_is_again(&order, "8"));
	assert_false(transaction_is_again(&order, "1764000000000"));
	assert_false(transaction_is_again(&order, "x"));
}

/* The one before is never coming: each is refused once only. */
static void test_gaps(void **state)
{
	static const char *const ids[] = {"5", "9", "9", "10", "10", "12", "12"};
	static const bool early[] = {false, true, false, false, false, true, false};

	(void)state;
	EXPECT(ids, early);
}

static void test_repeats_and_new_counts(void **state)
{
	static const char *const ids[] = {"100", "100", "99", "1", "2", "2", "4", "3", "4", "5"};
	static const bool early[] = {false, false, false, false, false, false, true, false, false, false};

	(void)state;
	EXPECT(ids, early);
}

static void test_other_homeservers(void **state)
{
	static const char *const ids[] = {"7",
	                                  "1795418730265123456",
	                                  "1795418730265123999",
	                                  "m1795418730265.7",
	                                  "first",
	                                  "",
	                                  "-9",
	                                  "99999999999999999999999",
	                                  "9 ",
	                                  "8"};
	static const bool early[] = {false, false, false, false, false, false, false, false, false, false};

	(void)state;
	EXPECT(ids, early);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_overtaking),
	        cmocka_unit_test(test_again),
		cmocka_unit_test(test_gaps),
	        cmocka_unit_test(test_repeats_and_new_counts),
	        cmocka_unit_test(test_other_homeservers),
	};

	return cmocka_run_group_tests_name("matrix: order", tests, NULL, NULL);
}
