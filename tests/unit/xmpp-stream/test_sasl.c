/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/xmpp/stream/c2s_guard.h"
#include "frontends/xmpp/stream/sasl.h"

static int parse(const void *message, size_t length, struct sasl_plain *plain, const char **condition)
{
	static char text[20000];

	assert_true(length < 12000);
	EVP_EncodeBlock((unsigned char *)text, message, (int)length);
	return sasl_plain_parse(text, plain, condition);
}

static void parses(void **state)
{
	struct sasl_plain plain;
	const char *condition;

	(void)state;
	assert_int_equal(parse("\0tim\0tanstaaftanstaaf", 21, &plain, &condition), 0);
	assert_string_equal(plain.authorization, "");
	assert_string_equal(plain.node, "tim");
	assert_string_equal(plain.password, "tanstaaftanstaaf");
	sasl_plain_wipe(&plain);
	assert_null(plain.password);
	assert_int_equal(parse("Ursel\0Kurt\0xipj3plmq", 20, &plain, &condition), 0);
	assert_string_equal(plain.authorization, "Ursel");
	sasl_plain_wipe(&plain);
}

static void refuses_messages(void **state)
{
	static const struct {
		const char *message;
		size_t length;
	} bad[] = {
		{"tim", 3},           {"\0tim", 4},         {"\0\0pw", 4},        {"\0tim\0", 5},
		{"\0tim\0pw\0x", 9},  {"\0tim\0pw\0", 8},   {"\0ti\xFFm\0pw", 8}, {"\0tim\0p\nw", 8},
		{"\0\0\0", 3},        {"a\0\0\0", 4},
	};
	static char large[3 * (LIMIT_NAME_BYTES + 2)];
	struct sasl_plain plain;
	const char *condition;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(bad[i].message, bad[i].length, &plain, &condition), TP_ERR_INVALID);
		assert_string_equal(condition, "malformed-request");
		assert_null(plain.node);
	}
	memset(large, 'x', sizeof(large));
	large[0] = large[2] = '\0';
	assert_int_equal(parse(large, LIMIT_NAME_BYTES + 3, &plain, &condition), 0);
	sasl_plain_wipe(&plain);
	assert_int_equal(parse(large, LIMIT_NAME_BYTES + 4, &plain, &condition), TP_ERR_INVALID);
	assert_int_equal(parse(large, sizeof(large), &plain, &condition), TP_ERR_INVALID);
}

static void is_strict_about_base64(void **state)
{
	static const char *const bad[] = {
		"AHRpbQBwdw",    "AHRpbQBwdw=",   "AHRpbQBwdx==", "AHRpbQ Bwdw==", "AHRpbQBwdw==\n", "AHR=bQBwdw==",
		"AHRpbQBwd===",  "====",          "AHRpbQBwdw==AAAA", "AHRp-QBwdw==", "AHRpbQBwd\xC3\xA9=",
	};
	struct sasl_plain plain;
	const char *condition;

	(void)state;
	assert_int_equal(sasl_plain_parse("AHRpbQBwdw==", &plain, &condition), 0);
	sasl_plain_wipe(&plain);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(sasl_plain_parse(bad[i], &plain, &condition), TP_ERR_INVALID);
		assert_string_equal(condition, "incorrect-encoding");
	}
	assert_int_equal(sasl_plain_parse(NULL, &plain, &condition), TP_ERR_INVALID);
	assert_int_equal(sasl_plain_parse("", &plain, &condition), TP_ERR_INVALID);
	assert_int_equal(sasl_plain_parse("=", &plain, &condition), TP_ERR_INVALID);
	assert_string_equal(condition, "malformed-request");
}

static void guard_counts(void **state)
{
	struct c2s_guard *guard = c2s_guard_create();
	char name[64];

	(void)state;
	assert_int_equal(c2s_guard_failed(guard, "a", 1000), 1000);
	assert_int_equal(c2s_guard_failed(guard, "a", 1000), 2000);
	assert_int_equal(c2s_guard_failed(guard, "b", 1000), 1000);
	for (int i = 2; i < LIMIT_C2S_FAILURES_PER_ADDRESS; i++) {
		assert_false(c2s_guard_blocks(guard, "a", 2000));
		c2s_guard_failed(guard, "a", 2000);
	}
	assert_true(c2s_guard_blocks(guard, "a", 2000));
	assert_int_equal(c2s_guard_failed(guard, "a", 2000), LIMIT_C2S_DELAY_SECONDS * 1000);
	assert_false(c2s_guard_blocks(guard, "a", 2000 + LIMIT_C2S_FAILURE_SECONDS * 1000));
	assert_int_equal(c2s_guard_failed(guard, "a", 2000 + LIMIT_C2S_FAILURE_SECONDS * 1000), 1000);
	for (int i = 0; i < 2 * LIMIT_C2S_FAILURE_ADDRESSES; i++) {
		snprintf(name, sizeof(name), "peer %d", i);
		c2s_guard_failed(guard, name, 3000);
	}
	assert_int_equal(c2s_guard_failed(guard, name, 3000), 2000);
	assert_int_equal(c2s_guard_failed(guard, "peer 0", 3000), 1000); /* forgotten */
	c2s_guard_destroy(&guard);
}

static bool loopback_of(const char *text, char name[64])
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	const struct sockaddr *address = (const struct sockaddr *)&in6;

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		address = (const struct sockaddr *)&in;
	else
		assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	c2s_guard_name(address, name);
	return c2s_guard_is_loopback(address);
}

static void guard_knows_addresses(void **state)
{
	char name[64];

	(void)state;
	assert_true(loopback_of("127.0.0.1", name));
	assert_true(loopback_of("127.9.9.9", name));
	assert_string_equal(name, "127.9.9.9");
	assert_true(loopback_of("::1", name));
	assert_true(loopback_of("::ffff:127.0.0.1", name));
	assert_string_equal(name, "127.0.0.1");
	assert_false(loopback_of("192.0.2.1", name));
	assert_false(loopback_of("::ffff:192.0.2.1", name));
	assert_false(loopback_of("2001:db8:1:2:3:4:5:6", name));
	assert_string_equal(name, "2001:db8:1:2::/64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses_messages),
		cmocka_unit_test(is_strict_about_base64),
		cmocka_unit_test(guard_counts),
		cmocka_unit_test(guard_knows_addresses),
	};

	return cmocka_run_group_tests_name("sasl", tests, NULL, NULL);
}
