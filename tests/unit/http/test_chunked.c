/* SPDX-License-Identifier: MIT */
/* Bodies in chunks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/http/http_chunked.h"

/* What is in it, taken in pieces of `step` bytes; *used: how much was taken. */
static enum http_chunked_state decode(const char *bytes, size_t count, size_t step, struct buf *out, size_t *used)
{
	struct http_chunked chunked = {0};
	const char *piece;
	size_t length;

	buf_clear(out);
	*used = 0;
	while (*used < count && chunked.state < HTTP_CHUNK_END) {
		size_t there = count - *used < step ? count - *used : step;
		size_t taken = http_chunked_take(&chunked, bytes + *used, there, &piece, &length);

		assert_true(taken > 0 && taken <= there && length <= taken);
		buf_append(out, piece, length);
		*used += taken;
	}
	return chunked.state;
}

static void expect(const char *text, size_t count, enum http_chunked_state state, const char *content, size_t taken)
{
	static const size_t steps[] = {1, 2, 3, 7, 1 << 20};
	struct buf out = {0};
	size_t used;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		enum http_chunked_state found = decode(text, count, steps[i], &out, &used);

		if (found != state || strcmp(buf_text(&out), content) != 0 || (state == HTTP_CHUNK_END && used != taken))
			fail_msg("%s by %zu: state %d, %zu taken, %s", text, steps[i], (int)found, used, buf_text(&out));
	}
	buf_finish(&out);
}

static void decodes(void **state)
{
	static const struct {
		const char *bytes, *content;
		size_t taken; /* 0: all */
	} cases[] = {
		{"0\r\n\r\n", "", 0},
		{"5\r\nhello\r\n0\r\n\r\n", "hello", 0},
		{"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", 0},
		{"0005\r\nhello\r\n000\r\n\r\n", "hello", 0},
		{"a\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0},
		{"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0},
		{"5;x=\"y\"\r\nhello\r\n0;z\r\n\r\n", "hello", 0},
		{"5\r\n\r\n\r\n0\r\n0\r\n\r\n", "\r\n\r\n0", 0},
		{"1\r\na\r\n0\r\nX: 1\r\nY: 2\r\n\r\n", "a", 0},
		{"1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "a", 11},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t length = strlen(cases[i].bytes);

		expect(cases[i].bytes, length, HTTP_CHUNK_END, cases[i].content,
		       cases[i].taken ? cases[i].taken : length);
	}
}

static void refuses(void **state)
{
	static const char *const cases[] = {
		"\r\n", "x\r\n", " 5\r\nhello", "5 \r\nhello", "-5\r\nhello", "+5\r\n", "0x5\r\nhello", ";x\r\n",
		"5\nhello", "5\rhello", "5;\x01\r\n", "5;a\nhello", "5;\x7f\r\n", "fffffffffffffffff\r\n", "0000000000000001\r\na",
		"0\r\nX: 1\n\r\n", "0\r\n\n", "0\r\n\rx", "0\r\nX\rY\r\n\r\n", "0\r\nX: \x02\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect(cases[i], strlen(cases[i]), HTTP_CHUNK_BAD, "", 0);
	expect("2\r\nabc\r\n", 8, HTTP_CHUNK_BAD, "ab", 0);
	expect("2\r\nab\n0\r\n", 9, HTTP_CHUNK_BAD, "ab", 0);
	expect("2\r\nab\r0\r\n", 9, HTTP_CHUNK_BAD, "ab", 0);
	expect("5\0\r\n", 4, HTTP_CHUNK_BAD, "", 0);
}

static void waits_for_the_rest(void **state)
{
	static const char whole[] = "5;x\r\nhello\r\n0\r\nX: 1\r\n\r\n";
	struct buf out = {0};
	size_t used;

	(void)state;
	for (size_t length = 0; length < sizeof(whole) - 1; length++) {
		assert_true(decode(whole, length, 1 << 20, &out, &used) < HTTP_CHUNK_END);
		assert_int_equal(used, length);
	}
	buf_finish(&out);
}

static enum http_chunked_state with_line(const char *begin, size_t filler, const char *end)
{
	struct buf text = {0}, out = {0};
	size_t used;

	buf_puts(&text, begin);
	for (size_t i = 0; i < filler; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, end);
	enum http_chunked_state state = decode(text.data, text.len, 1 << 20, &out, &used);

	buf_finish(&text);
	buf_finish(&out);
	return state;
}

/* Extensions and trailers that are thrown away are no way to keep the server reading. */
static void limits_what_is_passed_over(void **state)
{
	(void)state;
	assert_int_equal(with_line("1;", LIMIT_HTTP_CHUNK_LINE_BYTES - 3, "\r\na\r\n0\r\n\r\n"), HTTP_CHUNK_END);
	assert_int_equal(with_line("1;", LIMIT_HTTP_CHUNK_LINE_BYTES - 2, "\r\na\r\n0\r\n\r\n"), HTTP_CHUNK_BAD);
	/* each chunk's anew */
	assert_int_equal(with_line("1;xxxxxxxxxx\r\na\r\n1;", LIMIT_HTTP_CHUNK_LINE_BYTES - 3, "\r\na\r\n0\r\n\r\n"),
			 HTTP_CHUNK_END);
	assert_int_equal(with_line("0\r\nX: 1\r\nY:", LIMIT_HTTP_HEAD_BYTES - 20, "\r\n\r\n"), HTTP_CHUNK_END);
	assert_int_equal(with_line("0\r\nX: 1\r\nY:", LIMIT_HTTP_HEAD_BYTES, "\r\n\r\n"), HTTP_CHUNK_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(refuses),
		cmocka_unit_test(waits_for_the_rest),
		cmocka_unit_test(limits_what_is_passed_over),
	};

	return cmocka_run_group_tests_name("http: chunked", tests, NULL, NULL);
}
