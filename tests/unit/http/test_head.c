/* SPDX-License-Identifier: MIT */
/* Heads of requests: what is read, and what is refused because two programs could read it in two ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/http/http_head.h"

#define HOST "Host: a\r\n"

static struct arena arena;

static unsigned parse(const char *text, struct http_head *head)
{
	const char *sentence = NULL;
	size_t seen = 0, length = http_head_find_end(text, strlen(text), &seen);

	if (length != strlen(text))
		fail_msg("%s ends at %zu", text, length);
	unsigned status = http_head_parse(&arena, text, length, head, &sentence);

	if (status)
		assert_true(sentence && sentence[strlen(sentence) - 1] == '\n');
	return status;
}

static void expect_status(const char *text, unsigned status)
{
	struct http_head head;
	unsigned found = parse(text, &head);

	if (found != status)
		fail_msg("%s gives %u instead of %u", text, found, status);
}

static int tear_down(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static void finds_the_end(void **state)
{
	static const struct {
		const char *bytes;
		size_t end;
	} cases[] = {
		{"GET / HTTP/1.1\r\n\r\n", 18}, {"GET / HTTP/1.1\r\n\r\nGET", 18}, {"A\r\nB\r\n\r\n\r\n", 8},
		{"\r\nGET / HTTP/1.1\r\n\r\n", 2}, {"", 0}, {"\r", 0}, {"G", 0}, {"GET / HTTP/1.1\r\n", 0},
		{"GET / HTTP/1.1\r\n\r", 0}, {"GET / HTTP/1.1\r\n\rX", 0},
		{"\n", SIZE_MAX}, {"GET / HTTP/1.1\n", SIZE_MAX}, {"GET / HTTP/1.1\r\n\n", SIZE_MAX},
		{"GET / HTTP/1.1\n\r\n", SIZE_MAX}, {" ", SIZE_MAX}, {"\x16\x03", SIZE_MAX}, {":", SIZE_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t seen = 0, length = strlen(cases[i].bytes), end = 0;

		if (http_head_find_end(cases[i].bytes, length, &seen) != cases[i].end)
			fail_msg("%s in one", cases[i].bytes);
		seen = 0;
		for (size_t there = 0; there <= length && end == 0; there++)
			end = http_head_find_end(cases[i].bytes, there, &seen);
		if (end != cases[i].end)
			fail_msg("%s byte by byte", cases[i].bytes);
	}
	size_t seen = 0;

	assert_int_equal(http_head_find_end("\0", 1, &seen), SIZE_MAX);
}

static void reads_request_lines(void **state)
{
	static const struct {
		const char *line;
		enum http_method method;
		const char *target;
		bool is_1_0;
	} cases[] = {
		{"GET / HTTP/1.1", HTTP_GET, "/", false},
		{"HEAD /a?b HTTP/1.1", HTTP_HEAD, "/a?b", false},
		{"POST /a%20b HTTP/1.1", HTTP_POST, "/a%20b", false},
		{"PUT //a/../b HTTP/1.0", HTTP_PUT, "//a/../b", true},
		{"DELETE / HTTP/1.9", HTTP_DELETE, "/", false},
		{"get / HTTP/1.1", 0, "/", false},
		{"BREW / HTTP/1.1", 0, "/", false},
		{"GETS / HTTP/1.1", 0, "/", false},
		{"GET http://a HTTP/1.1", HTTP_GET, "/", false},
		{"GET http://a:80/b?c HTTP/1.1", HTTP_GET, "/b?c", false},
		{"GET https://a/b HTTP/1.1", HTTP_GET, "/b", false},
	};
	struct http_head head;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = mem_printf("%s\r\n" HOST "\r\n", cases[i].line);

		assert_int_equal(parse(text, &head), 0);
		assert_int_equal(head.method, cases[i].method);
		assert_string_equal(head.target, cases[i].target);
		assert_int_equal(head.is_1_0, cases[i].is_1_0);
		assert_int_equal(head.keeps, !cases[i].is_1_0);
		mem_free(text);
	}
}

static void refuses_request_lines(void **state)
{
	static const struct {
		const char *line;
		unsigned status;
	} cases[] = {
		{"GET", 400}, {"GET /", 400}, {"GET  / HTTP/1.1", 400}, {"GET /a b HTTP/1.1", 400},
		{"GET / HTTP/1.1 ", 400}, {"G@T / HTTP/1.1", 400}, {"GET\t/ HTTP/1.1", 400}, {"GET / http/1.1", 400},
		{"GET / HTTP/11", 400}, {"GET / HTTP/1.11", 400}, {"GET / HTTP/1,1", 400}, {"GET / HTTP/x.1", 400},
		{"GET / HTTP/1.x", 400}, {"GET / HTTP/-.1", 400}, {"GET / HTTP/1.:", 400}, {"GET / HTTP/:.1", 400},
		{"GET / HTTP/2.0", 505}, {"GET / HTTP/0.9", 505}, {"GET / HTTP/3.1", 505},
		{"OPTIONS * HTTP/1.1", 400}, {"CONNECT a:1 HTTP/1.1", 400}, {"GET a HTTP/1.1", 400},
		{"GET ftp://a/ HTTP/1.1", 400}, {"GET http:///a HTTP/1.1", 400}, {"GET http://?a HTTP/1.1", 400},
		{"GET http:// HTTP/1.1", 400}, {"GET http://a?b HTTP/1.1", 400},
		{"GET /\r HTTP/1.1", 400}, {"GET /\x01 HTTP/1.1", 400}, {"GET /\x7f HTTP/1.1", 400},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = mem_printf("%s\r\n" HOST "\r\n", cases[i].line);

		expect_status(text, cases[i].status);
		mem_free(text);
	}
}

/* The answer to HEAD has no content also where the rest was not understood. */
static void knows_the_method_of_what_it_refuses(void **state)
{
	struct http_head head;

	(void)state;
	assert_int_equal(parse("HEAD / HTTP/2.0\r\n\r\n", &head), 505);
	assert_int_equal(head.method, HTTP_HEAD);
	assert_string_equal(head.target, "");
}

static void reads_headers(void **state)
{
	struct http_head head;

	(void)state;
	assert_int_equal(parse("GET / HTTP/1.1\r\n" HOST "X-One:1\r\nX-TWO: \t two words \t\r\nx-one: b:c\r\nEmpty:\r\n"
			       "Blank: \t\r\nHigh: \xff\r\n\r\n", &head), 0);
	assert_int_equal(head.count, 7);
	assert_string_equal(http_head_field(&head, &arena, "x-one"), "1, b:c");
	assert_string_equal(http_head_field(&head, &arena, "x-two"), "two words");
	assert_string_equal(http_head_field(&head, &arena, "empty"), "");
	assert_string_equal(http_head_field(&head, &arena, "blank"), "");
	assert_string_equal(http_head_field(&head, &arena, "high"), "\xff");
	assert_null(http_head_field(&head, &arena, "x-three"));
	assert_false(head.has_length || head.is_chunked || head.expects_continue);
	assert_true(head.keeps);
}

static void refuses_headers(void **state)
{
	static const char *const lines[] = {
		"X", "X : 1", ": 1", "X\t: 1", " X: 1", "\tX: 1", "X: 1\r\n folded", "X: 1\r\n\tfolded", "X: a\rb",
		"X: a\x01", "X: \x7f", "X\x80: 1", "X(: 1", "\"X\": 1", "X: 1\r\nGET / HTTP/1.1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *text = mem_printf("GET / HTTP/1.1\r\n" HOST "%s\r\n\r\n", lines[i]);

		expect_status(text, 400);
		mem_free(text);
	}
	static const char nul[] = "GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n";
	const char *sentence;
	struct http_head head;

	assert_int_equal(http_head_parse(&arena, nul, sizeof(nul) - 1, &head, &sentence), 400);
}

static void wants_one_host(void **state)
{
	(void)state;
	expect_status("GET / HTTP/1.1\r\n\r\n", 400);
	expect_status("GET / HTTP/1.0\r\n\r\n", 0);
	expect_status("GET / HTTP/1.1\r\nHost:\r\n\r\n", 0);
	expect_status("GET / HTTP/1.1\r\nHost: [::1]:8\r\n\r\n", 0);
	expect_status("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400);
	expect_status("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400);
	expect_status("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400);
	expect_status("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400);
	expect_status("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400);
	expect_status("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400);
}

/* Where a body ends has to be beyond doubt. */
static void reads_lengths(void **state)
{
	static const struct {
		const char *lines;
		unsigned status;
		uint64_t length;
		bool is_chunked;
	} cases[] = {
		{"Content-Length: 0\r\n", 0, 0, false},
		{"Content-Length: 007\r\n", 0, 7, false},
		{"Content-Length: 9999999999999999999\r\n", 0, UINT64_C(9999999999999999999), false},
		{"Content-Length: 10000000000000000000\r\n", 400, 0, false},
		{"Content-Length: 18446744073709551621\r\n", 400, 0, false},
		{"Content-Length:\r\n", 400, 0, false},
		{"Content-Length: -1\r\n", 400, 0, false},
		{"Content-Length: +1\r\n", 400, 0, false},
		{"Content-Length: 1 1\r\n", 400, 0, false},
		{"Content-Length: 0x1\r\n", 400, 0, false},
		{"Content-Length: 1,1\r\n", 400, 0, false},
		{"Content-Length: 5\r\nContent-Length: 5\r\n", 400, 0, false},
		{"Content-Length: 5\r\ncontent-length: 6\r\n", 400, 0, false},
		{"Transfer-Encoding: chunked\r\n", 0, 0, true},
		{"transfer-encoding: CHUNKED\r\n", 0, 0, true},
		{"Transfer-Encoding: gzip\r\n", 501, 0, false},
		{"Transfer-Encoding: identity\r\n", 501, 0, false},
		{"Transfer-Encoding: gzip, chunked\r\n", 501, 0, false},
		{"Transfer-Encoding: chunked, chunked\r\n", 501, 0, false},
		{"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 501, 0, false},
		{"Transfer-Encoding: xchunked\r\n", 501, 0, false},
		{"Transfer-Encoding: \"chunked\"\r\n", 501, 0, false},
		{"Transfer-Encoding:\r\n", 501, 0, false},
		{"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400, 0, false},
		{"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400, 0, false},
	};
	struct http_head head;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = mem_printf("PUT / HTTP/1.1\r\n" HOST "%s\r\n", cases[i].lines);
		unsigned status = parse(text, &head);

		if (status != cases[i].status)
			fail_msg("%s gives %u", cases[i].lines, status);
		if (!status) {
			assert_int_equal(head.content_length, cases[i].length);
			assert_int_equal(head.is_chunked, cases[i].is_chunked);
			assert_int_equal(head.has_length, !cases[i].is_chunked);
		}
		mem_free(text);
	}
	expect_status("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
}

static void reads_what_is_wanted_of_the_connection(void **state)
{
	static const struct {
		const char *version, *lines;
		bool keeps, expects;
	} cases[] = {
		{"1.1", "Connection: close\r\n", false, false},
		{"1.1", "Connection: CLOSE\r\n", false, false},
		{"1.1", "Connection: x,close ,y\r\n", false, false},
		{"1.1", "Connection: x\r\nConnection: close\r\n", false, false},
		{"1.1", "Connection: keep-alive\r\n", true, false},
		{"1.1", "Connection: closed, xclose\r\n", true, false},
		{"1.1", "Connection:\r\n", true, false},
		{"1.0", "Connection: keep-alive\r\n", false, false},
		{"1.1", "Expect: 100-Continue\r\n", true, true},
		{"1.1", "Expect: x\r\n", true, false},
		{"1.0", "Expect: 100-continue\r\n", false, false},
	};
	struct http_head head;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = mem_printf("GET / HTTP/%s\r\n" HOST "%s\r\n", cases[i].version, cases[i].lines);

		assert_int_equal(parse(text, &head), 0);
		if (head.keeps != cases[i].keeps || head.expects_continue != cases[i].expects)
			fail_msg("%s", text);
		mem_free(text);
	}
}

static void limits_headers(void **state)
{
	struct buf text = {0};

	(void)state;
	buf_puts(&text, "GET / HTTP/1.1\r\n" HOST);
	for (unsigned i = 1; i < LIMIT_HTTP_FIELDS; i++)
		buf_puts(&text, "X: 1\r\n");
	size_t length = text.len;

	buf_puts(&text, "\r\n");
	expect_status(buf_text(&text), 0);
	text.len = length;
	buf_puts(&text, "X: 1\r\n\r\n");
	expect_status(buf_text(&text), 431);
	buf_finish(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(finds_the_end),
		TEST(reads_request_lines),
		TEST(refuses_request_lines),
		TEST(knows_the_method_of_what_it_refuses),
		TEST(reads_headers),
		TEST(refuses_headers),
		TEST(wants_one_host),
		TEST(reads_lengths),
		TEST(reads_what_is_wanted_of_the_connection),
		TEST(limits_headers),
	};

	return cmocka_run_group_tests_name("http: head", tests, NULL, NULL);
}
