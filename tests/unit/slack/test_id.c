/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "frontends/slack/wire/slack_id.h"

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

static unsigned random_below(unsigned limit)
{
	static uint64_t state = 0x9e3779b97f4a7c15; /* the same names every time */

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % limit;
}

static void put_id(struct buf *out)
{
	static const char alphabet[] = "ABCDTUWX0123456789";
	unsigned left = random_below(16) ? 1 + random_below(11) : SLACK_ID_MAX - 1;

	buf_putc(out, alphabet[random_below(8)]);
	while (left--)
		buf_putc(out, alphabet[random_below(sizeof(alphabet) - 1)]);
}

/* What is no id, or just not: the separator itself, a point, lower case, controls, UTF-8, one letter too many. */
static void spoil(struct buf *out)
{
	static const char *const odd[] = {"7", "A", "/", ".", "u", "\x01", "\n", "\x7f",
	                                  "\xc3\x89", "\xef\xbc\xa1", "\xe2\x80\xae", " ", "//", "\\2f"};
	struct buf tail = {0};
	size_t at = random_below((unsigned)out->len + 1);

	buf_puts(&tail, buf_text(out) + at);
	out->len = at;
	buf_puts(out, odd[random_below(ARRAY_SIZE(odd))]);
	buf_append(out, tail.data, tail.len);
	buf_finish(&tail);
}

/* Each name is read back as what it was made of, so no two places or people have the same; and a text that is none, but
 * looks like one, is either refused or the one name of what is read. */
static void test_random_addresses(void **state)
{
	struct buf team = {0}, id = {0}, ts = {0}, text = {0};
	size_t accepted = 0;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		bool thread = random_below(2);
		struct slack_address address;
		char *name;

		buf_clear(&team);
		buf_clear(&id);
		buf_clear(&ts);
		put_id(&team);
		put_id(&id);
		buf_printf(&ts, "%u.%06u", random_below(2000000000), random_below(1000000));
		name = thread ? slack_thread_place(team.data, id.data, ts.data) : slack_address(team.data, id.data);
		assert_true(slack_address_read(&address, name));
		assert_string_equal(address.team, team.data);
		assert_string_equal(address.id, id.data);
		assert_string_equal(address.thread, thread ? ts.data : "");
		buf_clear(&text);
		buf_puts(&text, name);
		mem_free(name);
		spoil(&text);
		if (!slack_address_read(&address, buf_text(&text)))
			continue;
		accepted++;
		name = address.thread[0] ? slack_thread_place(address.team, address.id, address.thread)
		                         : slack_address(address.team, address.id);
		assert_string_equal(name, buf_text(&text));
		mem_free(name);
	}
	assert_true(accepted > 10000);
	buf_finish(&team);
	buf_finish(&id);
	buf_finish(&ts);
	buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_ids), cmocka_unit_test(test_ts),        cmocka_unit_test(test_order),
	        cmocka_unit_test(test_ms),  cmocka_unit_test(test_addresses),
	        cmocka_unit_test(test_random_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
