/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "tests/unit/http/client.h"

#define HOST "Host: localhost\r\nConnection: close\r\n"

struct fixture {
	uv_loop_t loop;
	struct http_server *server;
	struct http_listener *listener;
	bool stopped;
	/* what handlers saw */
	unsigned started, completed, gone;
	struct buf body;
	struct http_request *waiting; /* not answered yet */
	char *path;                   /* of a file to send */
};

static int set_up(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);
	struct buf error = {0};

	uv_loop_init(&f->loop);
	f->server = http_server_create(&f->loop, NULL);
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &f->listener, &error), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	http_server_close(&f->server, note_true, &f->stopped);
	assert_null(f->server);
	TURN_UNTIL(&f->loop, f->stopped);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	buf_finish(&f->body);
	mem_free(f->path);
	mem_free(f);
	return 0;
}

static void note_started(struct http_request *request, void *context)
{
	struct fixture *f = context;

	(void)request;
	f->started++;
}

static void note_gone(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->gone++;
	if (f->waiting == request)
		f->waiting = NULL;
}

static void answer_path(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->completed++;
	http_answer(request, 200, "text/plain", http_request_rest(request),
	            strlen(http_request_rest(request)));
}

static void answer_body(struct http_request *request, void *context)
{
	struct fixture *f = context;
	size_t length;
	const char *body = http_request_body(request, &length);

	f->completed++;
	http_answer(request, 200, "text/plain", body, length);
}

static void wait_with_answer(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->completed++;
	f->waiting = request;
}

static void route(struct fixture *f, struct http_route route)
{
	route.gone = note_gone;
	route.context = f;
	if (!route.started)
		route.started = note_started;
	assert_true(http_listener_route(f->listener, &route));
}

static void assert_begins(const char *answer, const char *begin)
{
	if (strncmp(answer, begin, strlen(begin)) != 0)
		fail_msg("expected %s, got %s", begin, answer);
}

/* The one-liner of most tests: request line and headers in, status line out. */
static void expect(struct fixture *f, const char *request, const char *begin)
{
	assert_begins(client_ask(&f->loop, f->listener, request), begin);
}

static void answers(void **state)
{
	struct fixture *f = *state;

	route(f, (struct http_route){"/media/", HTTP_GET, .complete = answer_path});
	const char *answer = client_ask(&f->loop, f->listener, "GET /media/a/b.png HTTP/1.1\r\n" HOST "\r\n");

	assert_begins(answer, "HTTP/1.1 200 OK\r\n");
	assert_non_null(strstr(answer, "\r\nContent-Length: 7\r\n"));
	assert_non_null(strstr(answer, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(answer, "\r\nDate: "));
	assert_string_equal(content_of(answer), "a/b.png");
	assert_int_equal(f->started, 1);
	assert_int_equal(f->gone, 1);
}

static void decodes_the_path(void **state)
{
	struct fixture *f = *state;

	route(f, (struct http_route){"/users/", HTTP_GET, .complete = answer_path});
	const char *answer = client_ask(&f->loop, f->listener,
	                                "GET /users/%40_irc_x%3Alocalhost HTTP/1.1\r\n" HOST "\r\n");

	assert_string_equal(content_of(answer), "@_irc_x:localhost");
	expect(f, "GET /users/a%00b HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 400");
	expect(f, "GET /users/%00b HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 400");
	expect(f, "GET /users/%09 HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 400");
	expect(f, "GET /users/%0a HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 400");
	expect(f, "GET /users/%zz HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 400");
	expect(f, "GET /users/%ff HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 400");
	expect(f, "GET /users/../../etc/passwd HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404");
	expect(f, "GET /users/%2e%2e/x HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404");
}

/* Who comes meanwhile is not refused; others are served. */
static void holds_a_listener(void **state)
{
	struct fixture *f = *state;
	struct http_listener *other;
	struct buf error = {0};
	struct client client;

	route(f, (struct http_route){"/a", HTTP_GET, .complete = answer_path});
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &other, &error), 0);
	assert_true(http_listener_route(other, &(struct http_route){"/b", HTTP_GET, .complete = answer_path, .context = f}));
	http_listener_hold(f->listener, true);
	client_open(&client, &f->loop, f->listener);
	assert_true(client_say(&client, "GET /a HTTP/1.1\r\n" HOST "\r\n", strlen("GET /a HTTP/1.1\r\n" HOST "\r\n")));
	assert_begins(client_ask(&f->loop, other, "GET /b HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200");
	client_read(&client);
	assert_int_equal(client.in.len, 0);
	assert_false(client.ended);
	assert_int_equal(f->started, 0);
	http_listener_hold(f->listener, false);
	assert_begins(client_hear(&client), "HTTP/1.1 200");
	client_close(&client);
}

static void takes_the_longest_route(void **state)
{
	struct fixture *f = *state;

	route(f, (struct http_route){"/", HTTP_GET, .complete = answer_path});
	route(f, (struct http_route){"/a/", HTTP_GET, .complete = answer_path});
	route(f, (struct http_route){"/a/b", HTTP_GET, .complete = answer_path});
	assert_false(http_listener_route(f->listener,
	                                 &(struct http_route){"/a/b", HTTP_GET, .complete = answer_path}));
	assert_string_equal(
	        content_of(client_ask(&f->loop, f->listener, "GET /a/bc HTTP/1.1\r\n" HOST "\r\n")), "bc");
	assert_string_equal(
	        content_of(client_ask(&f->loop, f->listener, "GET /a/b HTTP/1.1\r\n" HOST "\r\n")), "");
	assert_string_equal(content_of(client_ask(&f->loop, f->listener, "GET /c HTTP/1.1\r\n" HOST "\r\n")),
	                    "c");
}

static void answers_head_without_content(void **state)
{
	struct fixture *f = *state;

	route(f, (struct http_route){"/media/", HTTP_GET, .complete = answer_path});
	const char *answer = client_ask(&f->loop, f->listener, "HEAD /media/abc HTTP/1.1\r\n" HOST "\r\n");

	assert_non_null(strstr(answer, "\r\nContent-Length: 3\r\n"));
	assert_string_equal(content_of(answer), "");
}

static void refuses_what_no_route_takes(void **state)
{
	struct fixture *f = *state;

	route(f, (struct http_route){"/a", HTTP_GET | HTTP_PUT, 10, .complete = answer_body});
	expect(f, "GET /b HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404");
	expect(f, "GET /a/ HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404");
	const char *answer = client_ask(&f->loop, f->listener, "DELETE /a HTTP/1.1\r\n" HOST "\r\n");

	assert_begins(answer, "HTTP/1.1 405");
	assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD, PUT\r\n"));
	expect(f, "OPTIONS /a HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 405");
	expect(f, "PUT /a HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 411");
	expect(f, "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\nhello world", "HTTP/1.1 413");
	expect(f, "PUT /a HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", "HTTP/1.1 400");
	expect(f, "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 5x\r\n\r\nhello", "HTTP/1.1 400");
	expect(f, "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
	       "HTTP/1.1 400");
	expect(f, "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 400");
	expect(f, "PUT /a HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 501");
	expect(f,
	       "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	       "HTTP/1.1 400");
	expect(f, "GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 400");
	expect(f, "GET /a HTTP/2.0\r\n" HOST "\r\n", "HTTP/1.1 505");
	assert_int_equal(f->started, 0);
	expect(f, "GET /a HTTP/1.0\r\n\r\n", "HTTP/1.1 200");
	expect(f, "GET http://localhost/a HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200");
	assert_int_equal(f->completed, 2);
	assert_int_equal(f->started, 2);
	assert_int_equal(f->gone, 2);
}

static void takes_a_body(void **state)
{
	struct fixture *f = *state;

	route(f, (struct http_route){"/a", HTTP_GET | HTTP_POST | HTTP_PUT, 10, .complete = answer_body});
	const char *answer = client_ask(&f->loop, f->listener,
	                                "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");

	assert_string_equal(content_of(answer), "hello");
	answer = client_ask(&f->loop, f->listener, "POST /a HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
	assert_begins(answer, "HTTP/1.1 200");
	answer = client_ask(&f->loop, f->listener, "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
	assert_begins(answer, "HTTP/1.1 200");
	answer = client_ask(&f->loop, f->listener, "GET /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nxyz");
	assert_string_equal(content_of(answer), "xyz");
	assert_int_equal(f->completed, 4);
	assert_int_equal(f->gone, 4);
}

static void takes_a_body_in_pieces(void **state)
{
	struct fixture *f = *state;
	static const char request[] = "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello";
	struct client client;

	route(f, (struct http_route){"/a", HTTP_PUT, 10, .complete = answer_body});
	client_open(&client, &f->loop, f->listener);
	for (size_t i = 0; request[i]; i++) {
		assert_true(client_say(&client, &request[i], 1));
		client_turn(&f->loop);
	}
	assert_string_equal(content_of(client_hear(&client)), "hello");
	client_close(&client);
}

static void invites_who_asks_first(void **state)
{
	struct fixture *f = *state;
	static const char head[] =
	        "PUT /a HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
	struct client client;

	route(f, (struct http_route){"/a", HTTP_PUT, 10, .complete = answer_body});
	client_open(&client, &f->loop, f->listener);
	client_say(&client, head, strlen(head));
	TURN_UNTIL(&f->loop, (client_read(&client), client.in.len > 0));
	assert_string_equal(buf_text(&client.in), "HTTP/1.1 100 Continue\r\n\r\n");
	client_say(&client, "hello", 5);
	client_hear(&client);
	assert_string_equal(content_of(content_of(buf_text(&client.in))), "hello");
	client_close(&client);
}

static void answers_later(void **state)
{
	struct fixture *f = *state;
	static const char request[] = "PUT /later HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}";
	struct client client, other;

	route(f, (struct http_route){"/later", HTTP_PUT | HTTP_GET, 10, .complete = wait_with_answer});
	route(f, (struct http_route){"/now", HTTP_GET, .complete = answer_path});
	client_open(&client, &f->loop, f->listener);
	client_say(&client, request, strlen(request));
	TURN_UNTIL(&f->loop, f->waiting);
	/* others are served meanwhile */
	client_open(&other, &f->loop, f->listener);
	client_say(&other, "GET /now HTTP/1.1\r\n" HOST "\r\n", strlen("GET /now HTTP/1.1\r\n" HOST "\r\n"));
	assert_begins(client_hear(&other), "HTTP/1.1 200");
	client_close(&other);
	client_read(&client);
	assert_int_equal(client.in.len, 0);
	http_answer_header(f->waiting, "X-Late", "yes\r\nInjected: 1");
	http_answer(f->waiting, 200, "application/json", "{}", 2);
	const char *answer = client_hear(&client);

	assert_string_equal(content_of(answer), "{}");
	assert_non_null(strstr(answer, "\r\nX-Late: yes__Injected: 1\r\n"));
	assert_null(f->waiting);
	client_close(&client);
}

/* The peer wants it closed behind the first: what follows is not read, and does not disturb the answer. */
static void ignores_what_follows(void **state)
{
	struct fixture *f = *state;
	static const char requests[] =
	        "GET /later HTTP/1.1\r\n" HOST "\r\nGET /later HTTP/1.1\r\n" HOST "\r\n";
	struct client client;

	route(f, (struct http_route){"/later", HTTP_GET, .complete = wait_with_answer});
	client_open(&client, &f->loop, f->listener);
	client_say(&client, requests, strlen(requests));
	TURN_UNTIL(&f->loop, f->waiting);
	client_say(&client, requests, strlen(requests));
	for (unsigned i = 0; i < 20; i++)
		client_turn(&f->loop);
	http_answer(f->waiting, 200, "text/plain", "once", 4);
	assert_string_equal(content_of(client_hear(&client)), "once");
	assert_int_equal(f->completed, 1);
	client_close(&client);
}

static void wake(uv_timer_t *timer)
{
	(void)timer;
}

/* The loop sleeps while an answer is awaited, whatever the peer sends or however it leaves. */
static void does_not_spin(void **state)
{
	struct fixture *f = *state;
	struct client client;
	char junk[10000] = {0};
	uv_rusage_t before, after;
	uv_timer_t end;

	route(f, (struct http_route){"/later", HTTP_GET, .complete = wait_with_answer});
	for (unsigned way = 0; way < 2; way++) {
		client_open(&client, &f->loop, f->listener);
		client_say(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n",
		           strlen("GET /later HTTP/1.1\r\n" HOST "\r\n"));
		TURN_UNTIL(&f->loop, f->waiting);
		if (way == 0)
			client_say(&client, junk, sizeof(junk));
		else
			shutdown(client.fd, SHUT_WR);
		for (unsigned i = 0; i < 50; i++)
			client_turn(&f->loop);
		uint64_t until = uv_hrtime() + 300000000u;

		uv_timer_init(&f->loop, &end);
		uv_getrusage(&before);
		while (uv_hrtime() < until) {
			uv_timer_start(&end, wake, 100, 0);
			uv_run(&f->loop, UV_RUN_ONCE);
		}
		uv_getrusage(&after);
		uv_close((uv_handle_t *)&end, NULL);
		client_turn(&f->loop);
		long used_us = (long)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
		               (long)(after.ru_utime.tv_usec - before.ru_utime.tv_usec) +
		               (long)(after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
		               (long)(after.ru_stime.tv_usec - before.ru_stime.tv_usec);

		assert_true(used_us < 150000);
		http_answer(f->waiting, 200, "text/plain", "x", 1);
		client_hear(&client);
		client_close(&client);
	}
}

/* ---- tokens and streamed bodies, as an application service of Matrix needs them ---- */

static void check_token(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->started++;
	if (!http_request_has_token(request, "the-token"))
		http_answer(request, 403, "application/json", "{\"errcode\":\"M_FORBIDDEN\"}", 25);
}

static void count_body(struct http_request *request, void *context, const void *bytes, size_t count)
{
	struct fixture *f = context;

	(void)request;
	buf_append(&f->body, bytes, count);
}

static void checks_the_token_first(void **state)
{
	struct fixture *f = *state;

	route(f, (struct http_route){"/t/", HTTP_PUT, 100, check_token, count_body, answer_path});
	expect(f, "PUT /t/1 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", "HTTP/1.1 403");
	expect(f,
	       "PUT /t/1 HTTP/1.1\r\n" HOST "Authorization: Bearer the-toke\r\nContent-Length: 2\r\n\r\n{}",
	       "HTTP/1.1 403");
	expect(f, "PUT /t/1 HTTP/1.1\r\n" HOST "Authorization: the-token\r\nContent-Length: 2\r\n\r\n{}",
	       "HTTP/1.1 403");
	assert_int_equal(f->body.len, 0);
	expect(f,
	       "PUT /t/1 HTTP/1.1\r\n" HOST "Authorization: Bearer the-token\r\nContent-Length: 2\r\n\r\n{}",
	       "HTTP/1.1 200");
	expect(f, "PUT /t/1?x=1&access_token=the-token HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}",
	       "HTTP/1.1 200");
	expect(f, "PUT /t/1?access_token=the-tokenx HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}",
	       "HTTP/1.1 403");
	assert_string_equal(buf_text(&f->body), "{}{}");
}

static char *pattern(size_t length)
{
	char *bytes = mem_alloc(length);

	for (size_t i = 0; i < length; i++)
		bytes[i] = (char)(i * 31 + i / 1000);
	return bytes;
}

/* The peer sends all before it looks: it must see the refusal nevertheless. */
static void a_refused_body_leaves_the_answer(void **state)
{
	struct fixture *f = *state;
	size_t length = 8u << 20;
	char *bytes = pattern(length);
	struct client client;
	char head[128];

	route(f, (struct http_route){"/t/", HTTP_PUT, 32u << 20, check_token, count_body, answer_path});
	snprintf(head, sizeof(head), "PUT /t/1 HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", length);
	client_open(&client, &f->loop, f->listener);
	client_say(&client, head, strlen(head));
	assert_true(client_say(&client, bytes, length));
	assert_begins(client_hear(&client), "HTTP/1.1 403");
	assert_int_equal(f->body.len, 0);
	client_close(&client);
	mem_free(bytes);
}

static void streams_32_mib(void **state)
{
	struct fixture *f = *state;
	size_t length = 32u << 20;
	char *bytes = pattern(length);
	struct client client;
	char head[256];

	route(f, (struct http_route){"/t/", HTTP_PUT, 32u << 20, check_token, count_body, answer_path});
	snprintf(head, sizeof(head),
	         "PUT /t/7 HTTP/1.1\r\n" HOST
	         "Authorization: Bearer the-token\r\nContent-Length: %zu\r\n\r\n",
	         length);
	client_open(&client, &f->loop, f->listener);
	client_say(&client, head, strlen(head));
	assert_true(client_say(&client, bytes, length));
	assert_string_equal(content_of(client_hear(&client)), "7");
	assert_int_equal(f->body.len, length);
	assert_memory_equal(f->body.data, bytes, length);
	client_close(&client);
	mem_free(bytes);
}

static void hold_at_once(struct http_request *request, void *context, const void *bytes, size_t count)
{
	struct fixture *f = context;

	if (f->body.len == 0)
		http_request_hold(request, true);
	f->waiting = request;
	buf_append(&f->body, bytes, count);
}

static void holds_a_body(void **state)
{
	struct fixture *f = *state;
	size_t length = 16u << 20;
	char *bytes = pattern(length);
	struct client client;
	char head[128];

	route(f, (struct http_route){"/a", HTTP_PUT, length, .body = hold_at_once, .complete = answer_path});
	snprintf(head, sizeof(head), "PUT /a HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", length);
	client_open(&client, &f->loop, f->listener);
	client_say(&client, head, strlen(head));
	size_t sent = 0;
	unsigned stuck = 0;

	while (stuck < 50) { /* turns in which nothing more went into the socket */
		ssize_t count = send(client.fd, bytes + sent, length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		stuck = count > 0 ? 0 : stuck + 1;
		sent += count > 0 ? (size_t)count : 0;
		client_turn(&f->loop);
	}
	assert_true(sent < length);
	assert_true(f->body.len > 0 && f->body.len <= 65536);
	http_request_hold(f->waiting, false);
	assert_true(client_say(&client, bytes + sent, length - sent));
	assert_begins(client_hear(&client), "HTTP/1.1 200");
	assert_int_equal(f->body.len, length);
	assert_memory_equal(f->body.data, bytes, length);
	client_close(&client);
	mem_free(bytes);
}

static void reads_headers_and_queries(struct http_request *request, void *context)
{
	struct buf text = {0};

	(void)context;
	static const char *const headers[] = {"user-agent", "x-own", "accept", "missing", "authorization"};
	static const char *const queries[] = {"a", "b", "missing", "bad"};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		const char *value = http_request_header(request, headers[i]);

		buf_printf(&text, "%s=%s;", headers[i], value ? value : "(none)");
	}
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		const char *value = http_request_query(request, queries[i]);

		buf_printf(&text, "%s=%s;", queries[i], value ? value : "(none)");
	}
	http_answer_buf(request, 200, "text/plain", &text);
}

static void gives_headers_and_queries(void **state)
{
	struct fixture *f = *state;

	route(f, (struct http_route){"/h", HTTP_GET, .complete = reads_headers_and_queries});
	const char *answer = client_ask(&f->loop, f->listener,
	                                "GET /h?a=1%262&bad=%ff&b=x+y HTTP/1.1\r\n" HOST
	                                "User-Agent: me\r\nX-Own: mine\r\nAccept: a\r\nAccept: b\r\n\r\n");

	assert_string_equal(content_of(answer),
	                    "user-agent=me;x-own=mine;accept=a, b;missing=(none);"
	                    "authorization=(none);a=1&2;b=x y;missing=(none);bad=(none);");
}

/* ---- files ---- */

static void answer_file(struct http_request *request, void *context)
{
	struct fixture *f = context;

	http_answer_file(request, open(f->path, O_RDONLY | O_CLOEXEC), "image/png", "\"hash\"");
}

static char *make_file(struct fixture *f, size_t length)
{
	char *bytes = pattern(length);

	f->path = mem_strdup("/tmp/libtransport-http-XXXXXX");
	int fd = mkstemp(f->path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
	return bytes;
}

static void expect_part(struct fixture *f, const char *headers, const char *begin, const char *header,
                        size_t length)
{
	char *request = mem_printf("GET /f HTTP/1.1\r\n" HOST "%s\r\n", headers);
	struct client client;

	client_open(&client, &f->loop, f->listener);
	client_say(&client, request, strlen(request));
	const char *answer = client_hear(&client);

	assert_begins(answer, begin);
	if (!strstr(answer, header))
		fail_msg("no %s in %s", header, answer);
	assert_int_equal(client.in.len - (size_t)(content_of(answer) - answer), length);
	client_close(&client);
	mem_free(request);
}

static void sends_files_and_ranges(void **state)
{
	struct fixture *f = *state;
	size_t length = (3u << 20) + 17;
	char *bytes = make_file(f, length);
	struct client client;

	route(f, (struct http_route){"/f", HTTP_GET, .complete = answer_file});
	client_open(&client, &f->loop, f->listener);
	client_say(&client, "GET /f HTTP/1.1\r\n" HOST "\r\n", strlen("GET /f HTTP/1.1\r\n" HOST "\r\n"));
	const char *answer = client_hear(&client);
	const char *content = content_of(answer);

	assert_non_null(strstr(answer, "\r\nETag: \"hash\"\r\n"));
	assert_non_null(strstr(answer, "\r\nAccept-Ranges: bytes\r\n"));
	assert_int_equal(client.in.len - (size_t)(content - answer), length);
	assert_memory_equal(content, bytes, length);
	client_close(&client);
	expect_part(f, "Range: bytes=10-19\r\n", "HTTP/1.1 206", "Content-Range: bytes 10-19/3145745\r\n",
	            10);
	expect_part(f, "Range: bytes=-1\r\n", "HTTP/1.1 206",
	            "Content-Range: bytes 3145744-3145744/3145745\r\n", 1);
	expect_part(f, "Range: bytes=3145745-\r\n", "HTTP/1.1 416", "Content-Range: bytes */3145745\r\n", 23);
	expect_part(f, "Range: bytes=1-2,4-5\r\n", "HTTP/1.1 200", "Content-Length: 3145745", length);
	expect_part(f, "Range: bytes=1-2\r\nIf-Range: \"hash\"\r\n", "HTTP/1.1 206", "Content-Length: 2\r\n",
	            2);
	expect_part(f, "Range: bytes=1-2\r\nIf-Range: \"old\"\r\n", "HTTP/1.1 200", "Content-Length: 3145745",
	            length);
	expect_part(f, "If-None-Match: \"hash\"\r\n", "HTTP/1.1 304", "ETag: \"hash\"", 0);
	expect_part(f, "If-None-Match: \"a\", W/\"hash\"\r\n", "HTTP/1.1 304", "ETag: \"hash\"", 0);
	expect_part(f, "If-None-Match: \"hash2\"\r\n", "HTTP/1.1 200", "ETag: \"hash\"", length);
	unlink(f->path);
	mem_free(bytes);
}

/* A file as long as was promised, or none: the peer sees that something is missing. */
static void a_truncated_file_ends_early(void **state)
{
	struct fixture *f = *state;
	size_t length = 32u << 20;
	struct client client;

	mem_free(make_file(f, length));
	route(f, (struct http_route){"/f", HTTP_GET, .complete = answer_file});
	client_open(&client, &f->loop, f->listener);
	client_say(&client, "GET /f HTTP/1.1\r\n" HOST "\r\n", strlen("GET /f HTTP/1.1\r\n" HOST "\r\n"));
	TURN_UNTIL(&f->loop, http_server_count(f->server) == 1);
	assert_int_equal(truncate(f->path, 0), 0);
	client_hear(&client);
	assert_true(client.in.len < length);
	assert_int_equal(f->gone, 1);
	client_close(&client);
	unlink(f->path);
}

static void a_missing_file_is_an_error(void **state)
{
	struct fixture *f = *state;

	f->path = mem_strdup("/nonexistent");
	route(f, (struct http_route){"/f", HTTP_GET, .complete = answer_file});
	expect(f, "GET /f HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 500");
}

/* ---- addresses ---- */

static void shares_listeners(void **state)
{
	struct fixture *f = *state;
	struct http_listener *first, *again;
	struct buf error = {0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	close(fd);
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", ntohs(address.sin_port), &first, &error),
	                 0);
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", ntohs(address.sin_port), &again, &error),
	                 0);
	assert_ptr_equal(first, again);
	assert_ptr_not_equal(first, f->listener);
}

static void says_why_it_cannot_listen(void **state)
{
	struct fixture *f = *state;
	struct http_listener *listener;
	struct http_server *other = http_server_create(&f->loop, NULL);
	struct buf error = {0};
	bool other_stopped = false;

	assert_int_equal(http_server_listen(f->server, "example.org", 1, &listener, &error), TP_ERR_INVALID);
	assert_non_null(strstr(buf_text(&error), "example.org"));
	buf_clear(&error);
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 65536, &listener, &error),
	                 TP_ERR_INVALID);
	buf_clear(&error);
	assert_int_equal(
	        http_server_listen(other, "127.0.0.1", http_listener_port(f->listener), &listener, &error),
	        TP_ERR_IO);
	assert_non_null(strstr(buf_text(&error), "Address already in use"));
	buf_finish(&error);
	http_server_close(&other, NULL, &other_stopped);
}

static void listens_on_ipv6(void **state)
{
	struct fixture *f = *state;
	struct http_listener *listener;
	struct buf error = {0};
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct client client = {.loop = &f->loop};
	static const char request[] = "GET /x HTTP/1.1\r\n" HOST "\r\n";

	if (http_server_listen(f->server, "::1", 0, &listener, &error) == TP_ERR_IO) {
		buf_finish(&error);
		skip();
	}
	address.sin6_port = htons((uint16_t)http_listener_port(listener));
	client.fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	client_say(&client, request, strlen(request));
	assert_begins(client_hear(&client), "HTTP/1.1 404");
	client_close(&client);
}

enum { FDS = 1024 };

static bool inherited[FDS]; /* by this program */

/* Children must not inherit what the server has open. */
static void leaves_nothing_to_children(void **state)
{
	struct fixture *f = *state;

	struct client client;

	route(f, (struct http_route){"/later", HTTP_GET, .complete = wait_with_answer});
	client_open(&client, &f->loop, f->listener);
	client_say(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n", strlen("GET /later HTTP/1.1\r\n" HOST "\r\n"));
	TURN_UNTIL(&f->loop, f->waiting);
	for (int fd = 3; fd < FDS; fd++) {
		int flags = fcntl(fd, F_GETFD);

		assert_true(inherited[fd] || flags < 0 || (flags & FD_CLOEXEC));
	}
	client_close(&client);
}

/* Everything at once is dropped, in whatever stage it is. */
static void closes_with_requests_under_way(void **state)
{
	struct fixture *f = *state;
	struct client clients[3];

	route(f, (struct http_route){"/later", HTTP_GET | HTTP_PUT, 100, .complete = wait_with_answer});
	for (unsigned i = 0; i < 3; i++)
		client_open(&clients[i], &f->loop, f->listener);
	client_say(&clients[0], "GET /la", 7);
	client_say(&clients[1], "PUT /later HTTP/1.1\r\n" HOST "Content-Length: 50\r\n\r\nabc",
	           strlen("PUT /later HTTP/1.1\r\n" HOST "Content-Length: 50\r\n\r\nabc"));
	client_say(&clients[2], "GET /later HTTP/1.1\r\n" HOST "\r\n",
	           strlen("GET /later HTTP/1.1\r\n" HOST "\r\n"));
	TURN_UNTIL(&f->loop, f->waiting && f->started == 2);
	assert_int_equal(http_server_count(f->server), 3);
	http_server_close(&f->server, note_true, &f->stopped);
	assert_int_equal(f->gone, 2);
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(client_hear(&clients[i]), "");
		client_close(&clients[i]);
	}
	TURN_UNTIL(&f->loop, f->stopped);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(answers),
	        TEST(decodes_the_path),
	        TEST(holds_a_listener),
	        TEST(takes_the_longest_route),
	        TEST(answers_head_without_content),
	        TEST(refuses_what_no_route_takes),
	        TEST(takes_a_body),
	        TEST(takes_a_body_in_pieces),
	        TEST(invites_who_asks_first),
	        TEST(answers_later),
	        TEST(ignores_what_follows),
	        TEST(does_not_spin),
	        TEST(checks_the_token_first),
	        TEST(a_refused_body_leaves_the_answer),
	        TEST(streams_32_mib),
	        TEST(holds_a_body),
	        TEST(gives_headers_and_queries),
	        TEST(sends_files_and_ranges),
	        TEST(a_truncated_file_ends_early),
	        TEST(a_missing_file_is_an_error),
	        TEST(shares_listeners),
	        TEST(says_why_it_cannot_listen),
	        TEST(listens_on_ipv6),
	        TEST(leaves_nothing_to_children),
	        TEST(closes_with_requests_under_way),
	};

	for (int fd = 3; fd < FDS; fd++)
		inherited[fd] = fcntl(fd, F_GETFD) >= 0;
	return cmocka_run_group_tests_name("http: server", tests, NULL, NULL);
}
