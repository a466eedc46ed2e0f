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

/* What means one person's name or host, and what means others as well. */
static void test_wide(void **state)
{
	static const char *const narrow[] = {"dave!*@*", "*!*@host.example", "*!d@host", "d?ve!*@host", "dave!*@*.org",
	                                     "$a:dave", "*", ""},
	                         *const wide[] = {"*!*@*", "d?ve!*@*", "*!dave@*.org", "*!*@2001:db8::/32"};

	(void)state;
	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
		assert_false(irc_mask_is_wide(narrow[i]));
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		assert_true(irc_mask_is_wide(wide[i]));
		assert_true(irc_mask_is_valid(wide[i]));
	}
	assert_true(irc_mask_is_valid("$a:dave"));
	assert_true(irc_mask_is_valid("R:dave"));
	/* a nickname, and what cannot be in a line */
	assert_false(irc_mask_is_valid("dave"));
	assert_false(irc_mask_is_valid(""));
	assert_false(irc_mask_is_valid("*!*@h x"));
	assert_false(irc_mask_is_valid(":*!*@h"));
	assert_false(irc_mask_is_valid("*!*@h,b"));
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_masks), cmocka_unit_test(test_wide),
	                                   cmocka_unit_test(test_many_stars)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
