/* SPDX-License-Identifier: MIT */
/* Whom a ban means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "backends/irc/irc_mask.h"
#include "base/buf.h"

static bool dave(const char *mask)
{
	return irc_mask_matches(mask, IRC_CASEMAP_RFC1459, "Dave[1]", "host.example.org");
}

static void test_masks(void **state)
{
	(void)state;
	assert_true(dave("dave{1}!*@*"));
	assert_true(dave("*!*@host.example.org"));
	assert_true(dave("*!*@*.Example.org"));
	assert_true(dave("d?ve*!*@h*e*g"));
	assert_true(dave("*!**@*"));
	assert_false(dave("dave!*@*"));
	assert_false(dave("*!*@host.example"));
	assert_false(dave("*!*@?host.example.org"));
	assert_false(dave("*!*@"));
	/* what is not known, or no mask */
	assert_false(dave("*!~dave@*"));
	assert_false(dave("*!@*"));
	assert_false(dave("$a:dave"));
	assert_false(dave("dave[1]"));
	assert_false(dave("*@*"));
	assert_false(dave(""));
	assert_true(irc_mask_matches("d*!*@*", IRC_CASEMAP_ASCII, "dave", NULL));
	assert_false(irc_mask_matches("*!*@*.org", IRC_CASEMAP_ASCII, "dave", NULL));
}

/* One that would be tried in all ways takes no time. */
static void test_many_stars(void **state)
{
	struct buf mask = {0};
	char host[300];

	(void)state;
	buf_puts(&mask, "*!*@");
	for (int i = 0; i < 90; i++)
		buf_puts(&mask, "*a");
	buf_putc(&mask, 'b');
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	assert_false(irc_mask_matches(buf_text(&mask), IRC_CASEMAP_ASCII, "dave", host));
	buf_finish(&mask);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_masks), cmocka_unit_test(test_many_stars)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
