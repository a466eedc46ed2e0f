/* SPDX-License-Identifier: MIT */
/* Which URLs secrets may go to, and what a Retry-After says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "transport/http/http_retry.h"
#include "transport/http/http_url.h"

static void test_private(void **state)
{
	static const struct {
		const char *url;
		bool good;
	} cases[] = {
		{"https://slack.com/api", true},
		{"https://chat.example.org:8448", true},
		{"http://localhost:8008", true},
		{"http://127.0.0.1", true},
		{"http://127.0.0.1/x", true},
		{"http://[::1]:8008/x", true},
		{"http://slack.com/api", false},
		{"http://127.0.0.1.example.org", false},
		{"http://localhost.example.org/", false},
		{"http://localhosts", false},
		{"http://127.0.0.1@example.org/", false},
		{"http://example.org/127.0.0.1", false},
		{"http://[::1].example.org", false},
		{"http://128.0.0.1", false},
		{"https://", false},
		{"https://alice:secret@example.org", false},
		{"ftp://localhost/", false},
		{"wss://example.org/", false},
		{"localhost:8008", false},
		{"slack.com", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (http_url_is_private(cases[i].url) != cases[i].good)
			fail_msg("%s", cases[i].url);
}

static void test_scheme(void **state)
{
	bool loopback = true;

	(void)state;
	assert_true(http_url_is("wss://example.org/link", "wss", &loopback));
	assert_false(loopback);
	assert_true(http_url_is("ws://127.0.0.9:1/link", "ws", &loopback));
	assert_true(loopback);
	assert_false(http_url_is("ws://127.0.0.9:1/link", "wss", &loopback));
	/* no host, which curl would look for further on */
	assert_false(http_url_is("https:////example.org/", "https", &loopback));
	assert_false(http_url_is("https:///example.org/", "https", &loopback));
	assert_false(http_url_is("https:/example.org/", "https", &loopback));
	assert_false(http_url_is("https://", "https", &loopback));
	assert_false(loopback);
}

static void test_retry_after(void **state)
{
	static const int64_t now_ms = INT64_C(784111777500); /* Sun, 06 Nov 1994 08:49:37.5 */
	static const struct {
		const char *value;
		int64_t ms;
	} cases[] = {
	        {"0", 0},
	        {"120", 120000},
	        {"99999999999999999999999", INT64_C(1000) * INT32_MAX},
	        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
	        {"Sun, 06 Nov 1994 08:49:40 GMT", 2500},
	        {"Sunday, 06-Nov-94 08:49:40 GMT", 2500},
	        {"Sun Nov  6 08:49:40 1994", 2500},
	        {"Sun, 06 Nov 1904 08:49:40 GMT", 0},
	        {"999999999Sun Nov  6 08:49:37", INT64_C(1000) * INT32_MAX},
	        {"", -1},
	        {"-1", -1},
	        {"soon", -1},
	        {NULL, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (http_retry_after_ms(cases[i].value, now_ms) != cases[i].ms)
			fail_msg("%s: %lld", cases[i].value ? cases[i].value : "NULL",
			         (long long)http_retry_after_ms(cases[i].value, now_ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_private), cmocka_unit_test(test_scheme),
	                                   cmocka_unit_test(test_retry_after)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
