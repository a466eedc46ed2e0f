/* SPDX-License-Identifier: MIT */
/* Several requests on one connection: what keeps it, what ends it, and that no two parts of it are ever confused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/http/client.h"
#include "transport/http/http_private.h"

#define HOST "Host: localhost\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define PUT5(path) "PUT " path " HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n"
#define CHUNKED(path) "PUT " path " HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

struct fixture {
	uv_loop_t loop;
	struct http_server *server;
	struct http_listener *listener;
	struct client client;
	bool stopped, answering;
	unsigned started, completed, gone;
	struct http_request *waiting;
	size_t length; /* of the answer of /much */
	char path[40]; /* of the file of /file */
};

static void note_started(struct http_request *request, void *context)
{
	struct fixture *f = context;

	(void)request;
	assert_false(f->answering); /* nobody who answers late is called from inside */
	f->started++;
}

static void note_gone(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->gone++;
	assert_int_equal(f->gone, f->started); /* one at a time */
	if (f->waiting == request)
		f->waiting = NULL;
}

static void echo(struct http_request *request, void *context)
{
	struct fixture *f = context;
	size_t length;
	const char *body = http_request_body(request, &length);
	char *text = mem_printf("%s:%s", http_request_rest(request), body);

	f->completed++;
	http_answer(request, 200, "text/plain", text, strlen(text));
	mem_free(text);
}

static void wait_with_answer(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->completed++;
	f->waiting = request;
}

static void refuse_at_once(struct http_request *request, void *context)
{
	note_started(request, context);
	http_answer(request, 403, "text/plain", "no", 2);
}

static void never(struct http_request *request, void *context)
{
	(void)request;
	(void)context;
	fail();
}

static void answer_much(struct http_request *request, void *context)
{
	struct fixture *f = context;
	char *bytes = mem_alloc(f->length);

	f->completed++;
	http_answer(request, 200, "text/plain", bytes, f->length);
	mem_free(bytes);
}

static void answer_file(struct http_request *request, void *context)
{
	struct fixture *f = context;

	http_answer_file(request, open(f->path, O_RDONLY | O_CLOEXEC), "text/plain", "\"tag\"");
}

static void answer_nothing(struct http_request *request, void *context)
{
	(void)context;
	http_answer(request, 204, NULL, "", 0);
}

static void hold_first(struct http_request *request, void *context, const void *bytes, size_t count)
{
	struct fixture *f = context;

	(void)bytes;
	(void)count;
	if (!f->waiting)
		http_request_hold(request, true);
	f->waiting = request;
}

static int set_up(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);
	struct buf error = {0};
	unsigned all = HTTP_GET | HTTP_PUT;
	struct http_route routes[] = {
		{"/echo/", all, 10, .complete = echo},
		{"/later", all, 10, .complete = wait_with_answer},
		{"/refused", all, 1u << 20, .started = refuse_at_once, .complete = never},
		{"/much", HTTP_GET, .complete = answer_much},
		{"/file", HTTP_GET, .complete = answer_file},
		{"/empty", HTTP_GET, .complete = answer_nothing},
		{"/held", HTTP_PUT, 1u << 20, .body = hold_first, .complete = echo},
		{"/sized", HTTP_PUT, 10, .complete = echo, .needs_length = true},
	};

	uv_loop_init(&f->loop);
	f->server = http_server_create(&f->loop, NULL);
	f->server->timing = (struct http_timing){
		.head = 60000, .idle = 60000, .progress = 60000, .answer = 60000, .discard = 60000, .tick = 10};
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &f->listener, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!routes[i].started)
			routes[i].started = note_started;
		routes[i].gone = note_gone;
		routes[i].context = f;
		assert_true(http_listener_route(f->listener, &routes[i]));
	}
	client_open(&f->client, &f->loop, f->listener);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	client_close(&f->client);
	http_server_close(&f->server, note_true, &f->stopped);
	TURN_UNTIL(&f->loop, f->stopped);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(f->gone, f->started);
	if (*f->path)
		unlink(f->path);
	mem_free(f);
	return 0;
}

static void say(struct fixture *f, const char *text)
{
	client_say(&f->client, text, strlen(text));
}

static const char *content(struct fixture *f, unsigned number)
{
	return content_of(client_answer(&f->client, number));
}

static void answer_waiting(struct fixture *f, const char *text)
{
	TURN_UNTIL(&f->loop, f->waiting);
	f->answering = true;
	http_answer(f->waiting, 200, "text/plain", text, strlen(text));
	f->answering = false;
}

static struct http_connection *only_connection(struct fixture *f)
{
	assert_int_equal(http_server_count(f->server), 1);
	return CONTAINER_OF(f->server->connections.next, struct http_connection, link);
}

/* The server has closed, and of what was said last nothing was served. */
static void expect_end(struct fixture *f, unsigned answers, unsigned started)
{
	shutdown(f->client.fd, SHUT_WR);
	client_hear(&f->client);
	assert_non_null(client_answer(&f->client, answers - 1));
	assert_null(client_answer(&f->client, answers));
	assert_non_null(strstr(client_answer(&f->client, answers - 1), "\r\nConnection: close\r\n"));
	assert_int_equal(f->started, started);
	TURN_UNTIL(&f->loop, http_server_count(f->server) == 0);
}

static void assert_answer(struct fixture *f, unsigned number, const char *begin)
{
	const char *answer = client_answer(&f->client, number);

	if (!answer || strncmp(answer, begin, strlen(begin)) != 0)
		fail_msg("answer %u: expected %s, got %s", number, begin, answer ? answer : "none");
}

/* ---- what keeps it ---- */

static void serves_one_after_the_other(void **state)
{
	struct fixture *f = *state;

	say(f, PUT5("/echo/a") "hello");
	assert_true(client_await(&f->client, 1));
	assert_string_equal(content(f, 0), "a:hello");
	assert_null(strstr(client_answer(&f->client, 0), "Connection:"));
	struct http_connection *connection = only_connection(f);

	say(f, GET("/echo/b"));
	assert_true(client_await(&f->client, 2));
	assert_string_equal(content(f, 1), "b:");
	say(f, "HEAD /nothing HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&f->loop, connection->requests == 3);
	say(f, "GET /echo/c HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	client_hear(&f->client);
	assert_non_null(strstr(buf_text(&f->client.in), "HTTP/1.1 404"));
	assert_non_null(strstr(buf_text(&f->client.in), "\r\n\r\nc:"));
	assert_int_equal(f->gone, 3);
}

/* Between requests a connection is a descriptor and a structure. */
static void keeps_no_memory_for_the_idle(void **state)
{
	struct fixture *f = *state;

	say(f, PUT5("/echo/a"));
	say(f, "hel");
	TURN_UNTIL(&f->loop, f->started == 1);
	say(f, "lo" GET("/echo/b") "GET /ec");
	assert_true(client_await(&f->client, 2));
	TURN_UNTIL(&f->loop, only_connection(f)->in.len == 7);
	say(f, "ho/c HTTP/1.1\r\n" HOST "\r\n");
	assert_true(client_await(&f->client, 3));
	assert_string_equal(content(f, 2), "c:");
	assert_null(only_connection(f)->request);
	assert_int_equal(only_connection(f)->in.cap, 0);
	assert_int_equal(f->server->requests, 0);
}

static void answers_in_order(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/echo/1") PUT5("/later") "hello" GET("/echo/2") GET("/nothing") "\r\n" GET("/echo/3"));
	TURN_UNTIL(&f->loop, f->waiting);
	client_read(&f->client);
	assert_null(client_answer(&f->client, 1));
	answer_waiting(f, "late");
	assert_true(client_await(&f->client, 5));
	assert_string_equal(content(f, 0), "1:");
	assert_string_equal(content(f, 1), "late");
	assert_string_equal(content(f, 2), "2:");
	assert_answer(f, 3, "HTTP/1.1 404");
	assert_string_equal(content(f, 4), "3:");
	assert_int_equal(http_server_count(f->server), 1);
}

/* All is in the socket before any is answered, and the peer says that nothing follows. */
static void answers_whoever_says_all_at_once(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/later") GET("/echo/2") GET("/later") GET("/echo/4"));
	shutdown(f->client.fd, SHUT_WR);
	answer_waiting(f, "1:");
	assert_true(client_await(&f->client, 2));
	answer_waiting(f, "3:");
	client_hear(&f->client);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(content(f, i)[0], '1' + (int)i);
	TURN_UNTIL(&f->loop, http_server_count(f->server) == 0);
}

static void takes_any_pieces(void **state)
{
	struct fixture *f = *state;
	static const char all[] = PUT5("/echo/a") "hello" GET("/echo/b") CHUNKED("/echo/c") "2\r\nxy\r\n0\r\nT: 1\r\n\r\n"
		GET("/echo/d");

	for (size_t step = 1; step < 40; step += 6) {
		for (size_t at = 0; at < sizeof(all) - 1; at += step) {
			client_say(&f->client, all + at, at + step < sizeof(all) ? step : sizeof(all) - 1 - at);
			client_turn(&f->loop);
		}
		assert_true(client_await(&f->client, 4));
		assert_string_equal(content(f, 0), "a:hello");
		assert_string_equal(content(f, 1), "b:");
		assert_string_equal(content(f, 2), "c:xy");
		assert_string_equal(content(f, 3), "d:");
		buf_clear(&f->client.in);
	}
	assert_int_equal(http_server_count(f->server), 1);
}

static void keeps_it_after_empty_answers(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/empty") GET("/echo/a"));
	assert_true(client_await(&f->client, 2));
	assert_answer(f, 0, "HTTP/1.1 204");
	assert_string_equal(content(f, 1), "a:");
}

static void keeps_it_after_files(void **state)
{
	struct fixture *f = *state;
	char bytes[100000];

	snprintf(f->path, sizeof(f->path), "/tmp/libtransport-http-XXXXXX");
	int fd = mkstemp(f->path);

	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	say(f, GET("/file") "GET /file HTTP/1.1\r\n" HOST "Range: bytes=1-3\r\n\r\n"
	       "GET /file HTTP/1.1\r\n" HOST "If-None-Match: \"tag\"\r\n\r\n" GET("/echo/a"));
	assert_true(client_await(&f->client, 4));
	assert_int_equal(strlen(content(f, 0)), sizeof(bytes));
	assert_string_equal(content(f, 1), "xxx");
	assert_answer(f, 2, "HTTP/1.1 304");
	assert_string_equal(content(f, 3), "a:");
}

static void invites_on_a_kept_connection(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/echo/a"));
	assert_true(client_await(&f->client, 1));
	say(f, "PUT /echo/b HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	assert_true(client_await(&f->client, 2));
	assert_answer(f, 1, "HTTP/1.1 100 Continue\r\n\r\n");
	say(f, "hello");
	assert_true(client_await(&f->client, 3));
	assert_string_equal(content(f, 2), "b:hello");
}

/* A request that is held, with another one behind it in the same bytes. */
static void goes_on_after_a_hold(void **state)
{
	struct fixture *f = *state;

	say(f, CHUNKED("/held") "1\r\na\r\n1\r\nb\r\n0\r\n\r\n" GET("/echo/x"));
	TURN_UNTIL(&f->loop, f->waiting);
	for (unsigned i = 0; i < 20; i++)
		client_turn(&f->loop);
	assert_int_equal(f->completed, 0);
	http_request_hold(f->waiting, false);
	assert_int_equal(f->completed, 0); /* not from inside */
	assert_true(client_await(&f->client, 2));
	assert_string_equal(content(f, 1), "x:");
}

/* What is sent early is not read without end. */
static void leaves_early_requests_in_the_kernel(void **state)
{
	struct fixture *f = *state;
	static const char one[] = GET("/echo/a");
	unsigned count = 0, stuck = 0;
	size_t part = 0;

	say(f, GET("/later"));
	TURN_UNTIL(&f->loop, f->waiting);
	while (stuck < 50 && count < 1000000) {
		ssize_t sent = send(f->client.fd, one + part, sizeof(one) - 1 - part, MSG_NOSIGNAL | MSG_DONTWAIT);

		stuck = sent > 0 ? 0 : stuck + 1;
		part += sent > 0 ? (size_t)sent : 0;
		if (part == sizeof(one) - 1) {
			count++;
			part = 0;
		}
		if (count % 100 == 0 || sent <= 0)
			client_turn(&f->loop);
	}
	assert_true(count < 1000000);
	assert_in_range(only_connection(f)->in.len, 1, LIMIT_HTTP_EARLY_BYTES + HTTP_CHUNK);
	assert_int_equal(f->started, 1);
	f->server->requests_max = 101;
	answer_waiting(f, "late");
	client_hear(&f->client);
	assert_int_equal(f->started, 101);
	assert_string_equal(content(f, 100), "a:");
}

/* Who does not read one answer does not get the next. */
static void waits_for_slow_readers(void **state)
{
	struct fixture *f = *state;

	f->length = 32u << 20;
	say(f, GET("/much") GET("/echo/a"));
	TURN_UNTIL(&f->loop, f->completed == 1);
	for (unsigned i = 0; i < 50; i++)
		client_turn(&f->loop);
	assert_int_equal(f->completed, 1);
	assert_true(only_connection(f)->is_blocked);
	while (f->completed < 2) {
		client_read(&f->client);
		client_turn(&f->loop);
	}
	assert_true(client_await(&f->client, 2));
	assert_string_equal(content(f, 1), "a:");
}

/* ---- what ends it ---- */

static void closes_when_asked(void **state)
{
	struct fixture *f = *state;

	say(f, "GET /echo/a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" GET("/echo/b"));
	expect_end(f, 1, 1);
}

static void closes_after_http_1_0(void **state)
{
	struct fixture *f = *state;

	say(f, "GET /echo/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" GET("/echo/b"));
	expect_end(f, 1, 1);
}

static void closes_after_many(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < LIMIT_HTTP_REQUESTS; i++) {
		say(f, GET("/echo/a"));
		assert_true(client_await(&f->client, 1));
		assert_true(!strstr(client_answer(&f->client, 0), "close") == (i + 1 < LIMIT_HTTP_REQUESTS));
		if (i + 1 < LIMIT_HTTP_REQUESTS)
			buf_clear(&f->client.in);
	}
	expect_end(f, 1, LIMIT_HTTP_REQUESTS);
}

static void closes_the_idle(void **state)
{
	struct fixture *f = *state;

	f->server->timing.idle = 50;
	say(f, GET("/echo/a"));
	client_hear(&f->client);
	assert_string_equal(content(f, 0), "a:");
}

/* The time of a head runs from its first byte, not from the answer before it. */
static void closes_on_slow_heads(void **state)
{
	struct fixture *f = *state;
	uint64_t begun;

	say(f, GET("/echo/a"));
	assert_true(client_await(&f->client, 1));
	f->server->timing.head = 200;
	usleep(210000);
	begun = uv_hrtime();
	say(f, "GET /echo/b HT");
	client_hear(&f->client);
	assert_true(uv_hrtime() - begun > 200000000);
	assert_int_equal(f->started, 1);
}

/* Also if a peer sends nothing but what may be passed over. */
static void closes_on_empty_lines(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/echo/a") "\r\n");
	assert_true(client_await(&f->client, 1));
	f->server->timing.head = 50;
	client_hear(&f->client);
	assert_null(client_answer(&f->client, 1));
}

static void notices_who_leaves(void **state)
{
	struct fixture *f = *state;
	struct linger hard = {.l_onoff = 1};

	say(f, GET("/later"));
	TURN_UNTIL(&f->loop, f->waiting);
	setsockopt(f->client.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	client_close(&f->client);
	TURN_UNTIL(&f->loop, f->gone == 1 && http_server_count(f->server) == 0);
	f->client.fd = -1;
}

static void closes_with_the_server(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/echo/a") GET("/later") GET("/echo/b"));
	TURN_UNTIL(&f->loop, f->waiting);
	http_server_close(&f->server, note_true, &f->stopped);
	assert_int_equal(f->gone, 2);
	TURN_UNTIL(&f->loop, f->stopped);
	client_hear(&f->client);
	assert_string_equal(content(f, 0), "a:"); /* what was answered before arrives */
	assert_null(client_answer(&f->client, 1));
	assert_int_equal(f->started, 2);
}

/* ---- bodies ---- */

static void takes_chunks(void **state)
{
	struct fixture *f = *state;

	say(f, CHUNKED("/echo/a") "5\r\nhello\r\n5;x\r\nworld\r\n0\r\n\r\n");
	say(f, CHUNKED("/echo/b") "0\r\nT: 1\r\n\r\n" GET("/echo/c"));
	assert_true(client_await(&f->client, 3));
	assert_string_equal(content(f, 0), "a:helloworld");
	assert_string_equal(content(f, 1), "b:");
	assert_string_equal(content(f, 2), "c:");
}

static void refuses_chunks_that_grow(void **state)
{
	struct fixture *f = *state;

	say(f, CHUNKED("/echo/a") "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n" GET("/echo/b"));
	assert_true(client_await(&f->client, 1));
	assert_answer(f, 0, "HTTP/1.1 413");
	expect_end(f, 1, 1);
	assert_int_equal(f->completed, 0);
}

static void refuses_chunks_where_a_length_is_needed(void **state)
{
	struct fixture *f = *state;

	say(f, PUT5("/sized") "hello" CHUNKED("/sized") "1\r\na\r\n0\r\n\r\n" GET("/echo/b"));
	assert_true(client_await(&f->client, 2));
	assert_answer(f, 0, "HTTP/1.1 200");
	assert_answer(f, 1, "HTTP/1.1 411");
	expect_end(f, 2, 1);
}

/* What was written wrongly may end anywhere: nothing behind it is a request. */
static void believes_nothing_behind_a_mistake(void **state)
{
	static const struct {
		const char *said, *answer;
	} cases[] = {
		{"PUT /echo/a HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"PUT /echo/a HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 0\r\n\r\n", "400"},
		{"PUT /echo/a HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\n", "400"},
		{"PUT /echo/a HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n", "501"},
		{"PUT /echo/a HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"},
		{"PUT /echo/a HTTP/1.1\r\n" HOST "Content-Length: 0\r\n X: 1\r\n\r\n", "400"},
		{"GET /echo/a HTTP/1.1\n" HOST "\r\n", "400"},
		{"\r\n\r\n", "400"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		say(f, cases[i].said);
		say(f, GET("/echo/b"));
		assert_true(client_await(&f->client, 1));
		if (strncmp(client_answer(&f->client, 0) + 9, cases[i].answer, 3) != 0)
			fail_msg("%s is answered with %s", cases[i].said, client_answer(&f->client, 0));
		expect_end(f, 1, 0);
		client_close(&f->client);
		client_open(&f->client, &f->loop, f->listener);
	}
	say(f, CHUNKED("/echo/a") "1\r\nab\r\n0\r\n\r\n" GET("/echo/b"));
	assert_true(client_await(&f->client, 1));
	assert_answer(f, 0, "HTTP/1.1 400");
	expect_end(f, 1, 1);
	assert_int_equal(f->completed, 0);
}

/* A mistake in a body that nobody wants any more. */
static void throws_bad_chunks_away(void **state)
{
	struct fixture *f = *state;

	say(f, CHUNKED("/refused") "x" GET("/echo/b"));
	assert_true(client_await(&f->client, 1));
	assert_answer(f, 0, "HTTP/1.1 403");
	for (unsigned i = 0; i < 100; i++)
		say(f, GET("/echo/b"));
	expect_end(f, 1, 1);
}

/* The rest of a refused body is no request, whatever it looks like. */
static void refuses_bodies_unread(void **state)
{
	struct fixture *f = *state;

	say(f, "PUT /refused HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n" GET("/echo/b"));
	assert_true(client_await(&f->client, 1));
	assert_answer(f, 0, "HTTP/1.1 403");
	expect_end(f, 1, 1);
}

static void keeps_it_after_refusals_without_a_body(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/refused") GET("/nothing") "PUT /much HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n" GET("/echo/a"));
	assert_true(client_await(&f->client, 4));
	assert_answer(f, 0, "HTTP/1.1 403");
	assert_answer(f, 1, "HTTP/1.1 404");
	assert_answer(f, 2, "HTTP/1.1 405");
	assert_answer(f, 3, "HTTP/1.1 200");
}

/* ---- many ---- */

/* Who has been served before stays, when many come who say nothing. */
static void prefers_who_has_spoken(void **state)
{
	struct fixture *f = *state;
	struct client silent[10];

	f->server->connections_max = 4;
	say(f, GET("/echo/a"));
	assert_true(client_await(&f->client, 1));
	for (unsigned i = 0; i < ARRAY_SIZE(silent); i++) {
		client_open(&silent[i], &f->loop, f->listener);
		client_say(&silent[i], "GET /", 5);
		client_turn(&f->loop);
	}
	TURN_UNTIL(&f->loop, (client_read(&silent[5]), silent[5].ended));
	say(f, GET("/echo/b"));
	assert_true(client_await(&f->client, 2));
	assert_string_equal(content(f, 1), "b:");
	for (unsigned i = 0; i < ARRAY_SIZE(silent); i++)
		client_close(&silent[i]);
}

/* If all have been, the one that was served longest ago goes. */
static void drops_who_was_served_longest_ago(void **state)
{
	struct fixture *f = *state;
	struct client others[3];

	f->server->connections_max = 3;
	say(f, GET("/echo/a"));
	assert_true(client_await(&f->client, 1));
	for (unsigned i = 0; i < 2; i++) {
		client_open(&others[i], &f->loop, f->listener);
		client_say(&others[i], GET("/echo/b"), strlen(GET("/echo/b")));
		assert_true(client_await(&others[i], 1));
	}
	say(f, GET("/echo/c"));
	assert_true(client_await(&f->client, 2));
	client_open(&others[2], &f->loop, f->listener);
	client_hear(&others[0]);
	client_read(&others[1]);
	client_read(&f->client);
	assert_false(others[1].ended || f->client.ended);
	for (unsigned i = 0; i < 3; i++)
		client_close(&others[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(serves_one_after_the_other),
		TEST(keeps_no_memory_for_the_idle),
		TEST(answers_in_order),
		TEST(answers_whoever_says_all_at_once),
		TEST(takes_any_pieces),
		TEST(keeps_it_after_empty_answers),
		TEST(keeps_it_after_files),
		TEST(invites_on_a_kept_connection),
		TEST(goes_on_after_a_hold),
		TEST(leaves_early_requests_in_the_kernel),
		TEST(waits_for_slow_readers),
		TEST(closes_when_asked),
		TEST(closes_after_http_1_0),
		TEST(closes_after_many),
		TEST(closes_the_idle),
		TEST(closes_on_slow_heads),
		TEST(closes_on_empty_lines),
		TEST(notices_who_leaves),
		TEST(closes_with_the_server),
		TEST(takes_chunks),
		TEST(refuses_chunks_that_grow),
		TEST(refuses_chunks_where_a_length_is_needed),
		TEST(believes_nothing_behind_a_mistake),
		TEST(throws_bad_chunks_away),
		TEST(refuses_bodies_unread),
		TEST(keeps_it_after_refusals_without_a_body),
		TEST(prefers_who_has_spoken),
		TEST(drops_who_was_served_longest_ago),
	};

	return cmocka_run_group_tests_name("http: keep", tests, NULL, NULL);
}
