/* SPDX-License-Identifier: MIT */
/* Which URLs secrets may go to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_private), cmocka_unit_test(test_scheme)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
