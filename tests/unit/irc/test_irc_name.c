/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "backends/irc/irc_name.h"
#include "base/error.h"
#include "base/mem.h"

static void test_servers(void **state)
{
	static const struct {
		const char *text;
		enum irc_tls_mode mode;
		const char *host;
		int port;
		bool tls;
	} good[] = {
	        {"irc.Example.org", IRC_TLS_AUTO, "irc.example.org", 6667, false},
	        {"irc.example.org", IRC_TLS_ALWAYS, "irc.example.org", 6697, true},
	        {"irc.example.org:6697", IRC_TLS_AUTO, "irc.example.org", 6697, true},
	        {"irc.example.org:6697", IRC_TLS_NEVER, "irc.example.org", 6697, false},
	        {"irc.example.org:+7000", IRC_TLS_AUTO, "irc.example.org", 7000, true},
	        {"127.0.0.1:6667", IRC_TLS_AUTO, "127.0.0.1", 6667, false},
	        {"[::1]:+6698", IRC_TLS_AUTO, "::1", 6698, true},
	        {"[::1]", IRC_TLS_AUTO, "::1", 6667, false},
	};
	static const char *const bad[] = {"",        ":6667",  "a:0",  "a:65536", "a:x", "a:+",
	                                  "a b",     "a\r\nb", "[::1", "a@b",     "a/b", "-x",
	                                  "a:66 67", "[::1]x", ".a",   "a:-1"};
	struct irc_server server, other;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(0, irc_server_parse(&server, good[i].text, good[i].mode));
		assert_string_equal(good[i].host, server.host);
		assert_int_equal(good[i].port, server.port);
		assert_int_equal(good[i].tls, server.tls);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(TP_ERR_INVALID, irc_server_parse(&server, bad[i], IRC_TLS_AUTO));
	irc_server_parse(&server, "A.b:6667", IRC_TLS_AUTO);
	irc_server_parse(&other, "a.B", IRC_TLS_AUTO);
	assert_true(irc_server_equal(&server, &other));
}

static void test_split(void **state)
{
	struct buf local = {0};

	(void)state;
	assert_string_equal("irc.x:6697", irc_name_split("#a@irc.x:6697", &local));
	assert_string_equal("#a", local.data);
	assert_string_equal("irc.x", irc_name_split("#a@b@irc.x", &local));
	assert_string_equal("#a@b", local.data);
	assert_null(irc_name_split("nick", &local));
	assert_string_equal("nick", local.data);
	assert_string_equal("", irc_name_split("nick@", &local));
	buf_finish(&local);
}

static void test_valid(void **state)
{
	static const char *const channels_bad[] = {"",           "a",   "#a,b",   "#a b",
	                                           "#a\r\nQUIT", ":#a", "#a\x07", "0"};
	static const char *const nicks_bad[] = {"",    "a b",  "a,b", ":a",  "#a", "$a", "@a", "a!b",
	                                        "a@b", "a\nb", "*",   "a/b", "&x", "+x", "~x", "%x"};

	(void)state;
	assert_true(irc_channel_is_valid("#a"));
	assert_true(irc_channel_is_valid("#a@b:/\xc3\xa9"));
	assert_true(irc_nick_is_valid("alice[1]_"));
	assert_true(irc_nick_is_valid("\xc3\xa9ric"));
	for (size_t i = 0; i < ARRAY_SIZE(channels_bad); i++)
		assert_false(irc_channel_is_valid(channels_bad[i]));
	for (size_t i = 0; i < ARRAY_SIZE(nicks_bad); i++)
		assert_false(irc_nick_is_valid(nicks_bad[i]));
}

static void test_nicks(void **state)
{
	static const struct {
		const char *text, *nick;
	} vectors[] = {
	        {"alice", "alice"}, {"al ice", "al_ice"},   {"1st", "_1st"},          {"", "user"},
	        {"-a", "_-a"},      {"a@b.c/d", "a_b_c_d"}, {"x\r\nQUIT", "x__QUIT"}, {"#a,b:c", "_a_b_c"},
	};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		buf_clear(&out);
		irc_nick_make(&out, vectors[i].text);
		assert_string_equal(vectors[i].nick, out.data);
		assert_true(irc_nick_is_valid(out.data));
	}
	for (int in_use = 0; in_use < 2; in_use++) {
		unsigned attempt = 1;

		while (buf_clear(&out), irc_nick_next(&out, "\xc3\xa9tienne_the_long", attempt, in_use)) {
			assert_true(irc_nick_is_valid(out.data));
			assert_true(++attempt < 20);
		}
	}
	buf_clear(&out);
	assert_true(irc_nick_next(&out, "alice", 2, true));
	assert_string_equal("alice__", out.data);
	buf_clear(&out);
	assert_true(irc_nick_next(&out, "\xc3\xa9tienne_the_long", 2, false));
	assert_string_equal("_tienne_t", out.data);
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_servers),
	        cmocka_unit_test(test_split),
	        cmocka_unit_test(test_valid),
	        cmocka_unit_test(test_nicks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
