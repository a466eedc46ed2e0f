/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "backends/irc/irc_line.h"
#include "backends/irc/irc_text.h"
#include "base/error.h"
#include "config/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"

static int parse(struct irc_line *line, char *buffer, size_t size, const char *text)
{
	assert_true(strlen(text) < size);
	memcpy(buffer, text, strlen(text) + 1);
	return irc_line_parse(line, buffer);
}

static void test_parse(void **state)
{
	struct irc_line line;
	char buffer[512];

	(void)state;
	assert_int_equal(0, parse(&line, buffer, sizeof(buffer), ":alice!a@host PRIVMSG #c :hi: there "));
	assert_string_equal("alice", line.nick);
	assert_string_equal("a@host", line.userhost);
	assert_true(line.from_user);
	assert_string_equal("PRIVMSG", line.command);
	assert_int_equal(2, line.count);
	assert_string_equal("#c", line.params[0]);
	assert_string_equal("hi: there ", line.params[1]);
	assert_string_equal("", line.params[2]);

	assert_int_equal(
	        0,
	        parse(&line, buffer, sizeof(buffer),
	              "@a=b;time=2026-01-31T12:00:00.250Z;x :irc.example  005 me  A=1   B :are supported"));
	assert_int_equal(1769860800250, line.time_ms);
	assert_false(line.from_user);
	assert_string_equal("irc.example", line.nick);
	assert_string_equal("005", line.command);
	assert_int_equal(4, line.count);
	assert_string_equal("B", line.params[2]);

	assert_string_equal("", line.message_id);

	assert_int_equal(0, parse(&line, buffer, sizeof(buffer),
	                          "@msgid=a\\:b\\sc\\\\d\\x\\;+label=no;label=7-0;batch=ref :n!u@h PRIVMSG #c :x"));
	assert_string_equal("a;b c\\dx", line.message_id);
	assert_string_equal("7-0", line.label);
	assert_string_equal("ref", line.batch);

	assert_int_equal(0, parse(&line, buffer, sizeof(buffer), "ping :"));
	assert_string_equal("PING", line.command);
	assert_string_equal("", line.nick);
	assert_int_equal(1, line.count);
	assert_string_equal("", line.params[0]);

	assert_int_equal(0, parse(&line, buffer, sizeof(buffer), ":nick@host NICK new"));
	assert_string_equal("nick", line.nick);
	assert_string_equal("host", line.userhost);
}

static void test_parse_bad(void **state)
{
	static const char *const bad[] = {"",      " ",           ":",    ":src",     ":src ",
	                                  "@tags", "@tags :src ", "!x y", "PR\x01V x"};
	struct irc_line line;
	char buffer[2048];
	struct buf many = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(TP_ERR_INVALID, parse(&line, buffer, sizeof(buffer), bad[i]));

	assert_int_equal(0, parse(&line, buffer, sizeof(buffer), "@time=2026-99-31T12:00:00Z X"));
	assert_int_equal(0, line.time_ms);

	buf_puts(&many, "X");
	for (int i = 0; i < 100; i++)
		buf_printf(&many, " p%d", i);
	assert_int_equal(0, parse(&line, buffer, sizeof(buffer), many.data));
	assert_int_equal(IRC_PARAMS_MAX, line.count);
	assert_true(text_starts(line.params[IRC_PARAMS_MAX - 1], "p31 p32 "));
	buf_finish(&many);
}

static void test_message_ids(void **state)
{
	char id[LIMIT_NAME_BYTES + 2];

	(void)state;
	memset(id, 'x', sizeof(id));
	id[LIMIT_NAME_BYTES + 1] = '\0';
	assert_false(irc_message_id_is_valid(id));
	id[LIMIT_NAME_BYTES] = '\0';
	assert_true(irc_message_id_is_valid(id));
	assert_false(irc_message_id_is_valid(""));
	assert_false(irc_message_id_is_valid("a\nb"));
}

static void test_build(void **state)
{
	struct buf out = {0};

	(void)state;
	assert_int_equal(
	        0, irc_line_build(&out, IRC_LINE_BYTES, "PRIVMSG", (const char *const[]){"#c"}, 1, "a b"));
	assert_string_equal("PRIVMSG #c :a b\r\n", out.data);
	buf_clear(&out);
	assert_int_equal(0, irc_line_build(&out, IRC_LINE_BYTES, "AWAY", NULL, 0, NULL));
	assert_string_equal("AWAY\r\n", out.data);
	buf_clear(&out);
	assert_int_equal(0, irc_line_build(&out, IRC_LINE_BYTES, "TOPIC", (const char *const[]){"#c"}, 1,
	                                   "x\r\nQUIT :bye\nKILL a"));
	assert_string_equal("TOPIC #c :x  QUIT :bye KILL a\r\n", out.data);
	buf_clear(&out);
	assert_int_equal(TP_ERR_INVALID, irc_line_build(&out, IRC_LINE_BYTES, "JOIN\r\nQUIT", NULL, 0, NULL));
	static const char *const bad[] = {"",     "a b",   "a,b",  ":a",  "a\r\nQUIT",
	                                  "a\nb", "a\x07", "\x7f", "a\tb"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(TP_ERR_INVALID,
		                 irc_line_build(&out, IRC_LINE_BYTES, "PRIVMSG", &bad[i], 1, "x"));
	assert_int_equal(0, out.len);
	buf_finish(&out);
}

static void test_build_cuts_at_a_character(void **state)
{
	struct buf text = {0}, out = {0};

	(void)state;
	for (int i = 0; i < 400; i++)
		buf_puts(&text, "\xe2\x82\xac");
	assert_int_equal(0, irc_line_build(&out, IRC_LINE_BYTES, "PRIVMSG", (const char *const[]){"#c"}, 1,
	                                   text.data));
	assert_true(out.len <= IRC_LINE_BYTES && out.len > IRC_LINE_BYTES - 4);
	assert_true(text_is_utf8(out.data, out.len));
	buf_finish(&text);
	buf_finish(&out);
}

/* A field of bytes that are likely to do harm; never NUL. */
static void random_field(char *field, size_t size)
{
	static const char nasty[] = "\r\n :,@!#\x01\x7f\t";
	unsigned char bytes[64];
	size_t length;

	random_bytes(bytes, sizeof(bytes));
	length = bytes[0] % (size - 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char b = bytes[1 + i % 63];

		field[i] = b < 128 ? nasty[b % (sizeof(nasty) - 1)] : (char)b;
		if (b % 3 == 0)
			field[i] = (char)('a' + b % 26);
	}
	field[length] = '\0';
}

static void test_no_field_makes_a_second_line(void **state)
{
	struct buf out = {0};
	char command[8], one[24], two[24], last[60];

	(void)state;
	for (int i = 0; i < 50000; i++) {
		const char *middle[2] = {one, two};

		random_field(command, sizeof(command));
		random_field(one, sizeof(one));
		random_field(two, sizeof(two));
		random_field(last, sizeof(last));
		buf_clear(&out);
		if (irc_line_build(&out, IRC_LINE_BYTES, i % 2 ? "PRIVMSG" : command, middle, (size_t)(i % 3),
		                   i % 5 ? last : NULL) != 0) {
			assert_int_equal(0, out.len);
			continue;
		}
		assert_true(out.len >= 2 && out.len <= IRC_LINE_BYTES);
		assert_int_equal(out.len - 2, strcspn(out.data, "\r\n"));
		assert_int_equal(out.len, strlen(out.data));
		assert_string_equal("\r\n", out.data + out.len - 2);
	}
	buf_finish(&out);
}

static void test_built_lines_parse_back(void **state)
{
	struct buf out = {0};
	struct irc_line line;
	char one[24], last[60];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const char *middle[1] = {one};

		random_field(one, sizeof(one));
		random_field(last, sizeof(last));
		buf_clear(&out);
		if (irc_line_build(&out, IRC_LINE_BYTES, "PRIVMSG", middle, 1, last) != 0)
			continue;
		out.data[out.len - 2] = '\0';
		assert_int_equal(0, irc_line_parse(&line, out.data));
		assert_int_equal(2, line.count);
		assert_string_equal(one, line.params[0]);
		assert_int_equal(strlen(last), strlen(line.params[1]));
	}
	buf_finish(&out);
}

static void test_decode(void **state)
{
	struct buf out = {0};

	(void)state;
	irc_text_decode(&out,
	                "gr\xc3\xbc\xc3\x9f \x02"
	                "b\x02",
	                10);
	assert_string_equal("gr\xc3\xbc\xc3\x9f \x02"
	                    "b\x02",
	                    out.data);
	buf_clear(&out);
	irc_text_decode(&out, "gr\xfc\xdf \x80", 6);
	assert_string_equal("gr\xc3\xbc\xc3\x9f \xe2\x82\xac", out.data);
	buf_clear(&out);
	irc_text_decode(&out, "a\0b\rc\x1b[", 7);
	assert_string_equal("a?b?c?[", out.data);
	buf_finish(&out);
}

static void test_pieces(void **state)
{
	const char *rest = "\n\none\r\n\r\ntwo\n", *piece;
	struct buf text = {0};
	size_t length, total = 0;

	(void)state;
	assert_true(irc_text_next_piece(&rest, 100, &piece, &length));
	assert_memory_equal("one", piece, length);
	assert_true(irc_text_next_piece(&rest, 100, &piece, &length));
	assert_int_equal(3, length);
	assert_memory_equal("two", piece, length);
	assert_false(irc_text_next_piece(&rest, 100, &piece, &length));

	for (int i = 0; i < 300; i++)
		buf_puts(&text, i % 7 ? "\xf0\x9f\x98\x80" : "\xc3\xa9");
	rest = text.data;
	while (irc_text_next_piece(&rest, 101, &piece, &length)) {
		assert_true(length > 0 && length <= 101);
		assert_true(text_is_utf8(piece, length));
		total += length;
	}
	assert_int_equal(text.len, total);

	rest = "aaaa bbbb cccc dddd";
	assert_true(irc_text_next_piece(&rest, 16, &piece, &length));
	assert_int_equal(15, length);
	assert_string_equal("dddd", rest);
	buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_parse),
	        cmocka_unit_test(test_parse_bad),
	        cmocka_unit_test(test_message_ids), cmocka_unit_test(test_build),
	        cmocka_unit_test(test_build_cuts_at_a_character),
	        cmocka_unit_test(test_no_field_makes_a_second_line),
	        cmocka_unit_test(test_built_lines_parse_back),
	        cmocka_unit_test(test_decode),
	        cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
