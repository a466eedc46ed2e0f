/* SPDX-License-Identifier: MIT */
/* What the bot says: as much as an event takes, and tables as such. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "config/limits.h"
#include "frontends/matrix/wire/notice.h"

static void expect(const char *text, const char *reply_to, const char *wanted)
{
	struct buf content = {0};

	notice_put(&content, reply_to, text);
	assert_string_equal(buf_text(&content), wanted);
	buf_finish(&content);
}

#define BEGIN "{\"msgtype\":\"m.notice\",\"m.mentions\":{},\"body\":"

static void test_words(void **state)
{
	(void)state;
	expect("Say: \"help\"", NULL, BEGIN "\"Say: \\\"help\\\"\"}");
	expect("No.", "$e", BEGIN "\"No.\",\"m.relates_to\":{\"m.in_reply_to\":{\"event_id\":\"$e\"}}}");
	/* Neither a line nor what is moved in is a table. */
	expect("one  two", NULL, BEGIN "\"one  two\"}");
	expect("rooms: 1\n  #a as b", NULL, BEGIN "\"rooms: 1\\n  #a as b\"}");
	expect("a  \nb", NULL, BEGIN "\"a  \\nb\"}");
}

static void test_tables(void **state)
{
	(void)state;
	expect("USER  STATE\n<a&b>  up", NULL,
	       BEGIN "\"USER  STATE\\n<a&b>  up\",\"format\":\"org.matrix.custom.html\",\"formatted_body\":"
		     "\"<pre><code>USER  STATE\\n&lt;a&amp;b>  up</code></pre>\"}");
}

/* Whatever is in it, each piece makes an event, and together they are the text. */
static void pieces(const char *unit, size_t times, bool table)
{
	struct buf text = {0};

	for (size_t i = 0; i < times; i++)
		buf_puts(&text, unit);
	const char *at = buf_text(&text);
	size_t count = 0;

	while (*at) {
		size_t length = notice_piece(at);
		char *piece = mem_strndup(at, length);
		struct buf content = {0};

		assert_in_range(length, 1, strlen(at));
		notice_put(&content, "$reply", piece);
		assert_in_range(content.len, 1, LIMIT_MATRIX_EVENT_BYTES + 200);
		if (table)
			assert_non_null(strstr(buf_text(&content), "formatted_body"));
		if (at[length])
			assert_true(piece[length - 1] == '\n' || !strchr(unit, '\n'));
		at += length;
		count++;
		buf_finish(&content);
		mem_free(piece);
	}
	assert_true(count > 1);
	assert_int_equal(notice_piece(at), 0);
	buf_finish(&text);
}

static void test_pieces(void **state)
{
	(void)state;
	pieces("a contact of somebody's\n", 5000, false);
	pieces("user  state\n", 10000, true);
	pieces("<<<<<<  >>>>>>\n", 10000, false);
	pieces("\"\"\"\"\"\"\"\"", 10000, false);
	pieces("\xc3\xa4", 60000, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
