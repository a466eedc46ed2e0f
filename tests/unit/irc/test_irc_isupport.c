/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "backends/irc/irc_isupport.h"
#include "base/buf.h"
#include "base/mem.h"

static void test_casemap(void **state)
{
	char *key;

	(void)state;
	assert_true(irc_same_name(IRC_CASEMAP_RFC1459, "Nick[a]\\~", "nICK{A}|^"));
	assert_false(irc_same_name(IRC_CASEMAP_STRICT_RFC1459, "a~", "a^"));
	assert_true(irc_same_name(IRC_CASEMAP_STRICT_RFC1459, "a[", "A{"));
	assert_false(irc_same_name(IRC_CASEMAP_ASCII, "a[", "A{"));
	assert_true(irc_same_name(IRC_CASEMAP_ASCII, "Ab", "aB"));
	assert_false(irc_same_name(IRC_CASEMAP_ASCII, "ab", "abc"));
	assert_false(irc_same_name(IRC_CASEMAP_ASCII, "abc", "ab"));
	assert_int_equal(IRC_CASEMAP_ASCII, irc_casemap_parse("rfc8265"));
	assert_int_equal(IRC_CASEMAP_STRICT_RFC1459, irc_casemap_parse("strict-rfc1459"));
	key = irc_fold_name(IRC_CASEMAP_RFC1459, "A[~\xc3\x84");
	assert_string_equal("a{^\xc3\x84", key);
	mem_free(key);
}

static void test_tokens(void **state)
{
	struct irc_isupport support;

	(void)state;
	irc_isupport_init(&support);
	assert_true(irc_is_channel(&support, "#a"));
	assert_false(irc_is_channel(&support, "a"));
	assert_false(irc_is_channel(&support, ""));
	irc_isupport_token(&support, "PREFIX=(qaohv)~&@%+");
	irc_isupport_token(&support, "CASEMAPPING=ascii");
	irc_isupport_token(&support, "CHANTYPES=#!");
	irc_isupport_token(&support, "NICKLEN=30");
	irc_isupport_token(&support, "LINELEN=1024");
	irc_isupport_token(&support, "NETWORK=Example");
	assert_string_equal("qaohv", support.prefix_modes);
	assert_int_equal(IRC_CASEMAP_ASCII, support.casemap);
	assert_true(irc_is_channel(&support, "!a"));
	assert_int_equal(30, support.nick_length);
	assert_int_equal(1024, support.line_length);
	assert_string_equal("Example", support.network);
	assert_int_equal(4, irc_prefix_bit_of_char(&support, '@'));
	assert_true(irc_prefix_moderates(&support, irc_prefix_bit_of_mode(&support, 'h')));
	assert_true(irc_prefix_moderates(&support, irc_prefix_bit_of_mode(&support, 'q')));
	assert_false(irc_prefix_moderates(&support, irc_prefix_bit_of_mode(&support, 'v')));

	irc_isupport_token(&support, "-PREFIX");
	irc_isupport_token(&support, "-CASEMAPPING");
	irc_isupport_token(&support, "-NICKLEN");
	assert_string_equal("ov", support.prefix_modes);
	assert_int_equal(IRC_CASEMAP_RFC1459, support.casemap);
	assert_int_equal(0, support.nick_length);

	/* Nonsense leaves what was. */
	irc_isupport_token(&support, "PREFIX=(ohv)@%");
	irc_isupport_token(&support, "PREFIX=abc");
	irc_isupport_token(&support, "PREFIX=(abcdefghijklmnopqrs)1234567890123456789");
	irc_isupport_token(&support, "LINELEN=9999999999999");
	irc_isupport_token(&support, "=x");
	irc_isupport_token(&support, "CHANMODES=a,b");
	assert_string_equal("ov", support.prefix_modes);
	assert_int_equal(512, support.line_length);
	assert_string_equal("beI", support.list_modes);
	irc_isupport_token(&support, "PREFIX=");
	assert_false(irc_prefix_moderates(&support, 1));
}

struct vector {
	const char *params[8];
	const char *expect; /* "+o alice;-b" */
};

static void test_modes(void **state)
{
	static const struct vector vectors[] = {
	        {{"+o", "alice"}, "+o(alice);"},
	        {{"+o-v+m", "alice", "bob"}, "+o(alice);-v(bob);+m;"},
	        {{"+bo", "*!*@x", "alice"}, "+b(*!*@x);+o(alice);"},
	        {{"+klo", "key", "10", "alice"}, "+k(key);+l(10);+o(alice);"},
	        {{"-lo", "alice"}, "-l;-o(alice);"},
	        {{"-k+o", "key", "alice"}, "-k(key);+o(alice);"},
	        {{"+ov", "alice"}, "+o(alice);"},
	        {{"+b"}, "+b;"},
	        {{"o", "alice"}, "+o(alice);"},
	        {{"+Zo", "alice"}, "+Z;+o(alice);"},
	        {{"+fo", "10:5", "alice"}, "+f(10:5);+o(alice);"},
	        {{"+nt--+-s"}, "+n;+t;-s;"},
	        {{""}, ""},
	        {{"+-+"}, ""},
	};
	struct irc_isupport support;

	(void)state;
	irc_isupport_init(&support);
	irc_isupport_token(&support, "CHANMODES=beI,k,lf,imnpst");
	irc_isupport_token(&support, "PREFIX=(qaohv)~&@%+");
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct irc_mode_walk walk = {0};
		struct irc_mode_change change;
		struct buf got = {0};
		size_t count = 0;

		while (count < 8 && vectors[i].params[count])
			count++;
		while (irc_mode_next(&support, vectors[i].params, count, &walk, &change)) {
			buf_putc(&got, change.set ? '+' : '-');
			buf_putc(&got, change.mode);
			if (change.argument)
				buf_printf(&got, "(%s)", change.argument);
			buf_putc(&got, ';');
			assert_int_equal(strchr("qaohv", change.mode) != NULL, change.prefix_bit != 0);
		}
		assert_string_equal(vectors[i].expect, buf_text(&got));
		buf_finish(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_casemap),
	        cmocka_unit_test(test_tokens),
	        cmocka_unit_test(test_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
