/* SPDX-License-Identifier: MIT */
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
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/http/asking.h"

void outcome_finish(struct outcome *outcome)
{
	buf_finish(&outcome->body);
	buf_finish(&outcome->type);
	buf_finish(&outcome->problem);
	*outcome = (struct outcome){0};
}

static void note_done(void *context, const struct http_result *result)
{
	struct outcome *outcome = context;

	outcome->done++;
	outcome->result = *result;
	assert_int_equal(result->body[result->length], '\0');
	assert_true(!result->err == !result->problem);
	if (!outcome->pieces)
		buf_append(&outcome->body, result->body, result->length);
	buf_puts(&outcome->type, result->type);
	buf_puts(&outcome->problem, result->problem);
	if (outcome->cancel)
		http_call_cancel(outcome->cancel);
}

bool take_piece(void *context, const void *bytes, size_t count)
{
	struct outcome *outcome = context;

	outcome->pieces++;
	buf_append(&outcome->body, bytes, count);
	if (outcome->cancel)
		http_call_cancel(outcome->cancel);
	return !outcome->enough || outcome->body.len < outcome->enough;
}

/* ---- what the server answers ---- */

static void echo(struct http_request *request, void *context)
{
	static const char *const names[] = {"authorization", "content-type", "x-one", "x-two", "user-agent", "expect"};
	struct fixture *f = context;
	size_t length;
	const char *body = http_request_body(request, &length);

	f->requests++;
	buf_clear(&f->seen);
	buf_printf(&f->seen, "%d %s\n", http_request_method(request), http_request_path(request));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (http_request_header(request, names[i]))
			buf_printf(&f->seen, "%s: %s\n", names[i], http_request_header(request, names[i]));
	if (f->retry_after)
		http_answer_header(request, "Retry-After", f->retry_after);
	http_answer(request, 200, "text/plain; charset=utf-8", body, length);
}

static void answer_status(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->requests++;
	http_answer(request, (unsigned)strtoul(http_request_rest(request), NULL, 10), "text/plain", "as you like", 11);
}

static void answer_much(struct http_request *request, void *context)
{
	size_t length = strtoul(http_request_rest(request), NULL, 10);
	char *bytes = mem_alloc(length + 1);

	(void)context;
	memset(bytes, 'x', length);
	http_answer(request, 200, "application/octet-stream", bytes, length);
	mem_free(bytes);
}

static void never_answer(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->requests++;
	f->waiting = request;
}

static void redirect(struct http_request *request, void *context)
{
	struct fixture *f = context;
	char location[64];

	f->requests++;
	if (f->redirects_left > 0) {
		f->redirects_left--;
		snprintf(location, sizeof(location), "http://127.0.0.1:%u/redirect", f->port);
		http_answer_header(request, "Location", location);
	} else if (f->location) {
		http_answer_header(request, "Location", f->location);
	} else {
		http_answer(request, 200, "text/plain", "there", 5);
		return;
	}
	http_answer(request, 302, "text/plain", "elsewhere", 9);
}

static void answer_other(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->requests_of_other++;
	http_answer(request, 200, "text/plain", "other", 5);
}

/* ---- fixture ---- */

int asking_set_up(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);
	struct buf error = {0};
	unsigned all = HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE;
	struct http_route routes[] = {
		{"/echo/", all, 4u << 20, .complete = echo, .context = f},
		{"/status/", all, 100, .complete = answer_status, .context = f},
		{"/much/", HTTP_GET, .complete = answer_much, .context = f},
		{"/never", HTTP_GET, .complete = never_answer, .context = f},
		{"/redirect", HTTP_GET, .complete = redirect, .context = f},
	};

	uv_loop_init(&f->loop);
	f->server = http_server_create(&f->loop, NULL);
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &f->listener, &error), 0);
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &f->other, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		assert_true(http_listener_route(f->listener, &routes[i]));
	assert_true(http_listener_route(f->other,
					&(struct http_route){"/", HTTP_GET, .complete = answer_other, .context = f}));
	f->port = http_listener_port(f->listener);
	f->other_port = http_listener_port(f->other);
	f->client = http_client_create(&f->loop, NULL);
	*state = f;
	return 0;
}

int asking_tear_down(void **state)
{
	struct fixture *f = *state;

	http_client_close(&f->client, note_true, &f->closed);
	assert_null(f->client);
	TURN_UNTIL(&f->loop, f->closed);
	http_server_close(&f->server, note_true, &f->stopped);
	TURN_UNTIL(&f->loop, f->stopped);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	buf_finish(&f->seen);
	mem_free(f);
	return 0;
}

struct http_call *begin(struct fixture *f, struct http_ask ask, struct outcome *outcome)
{
	unsigned before = outcome->done;

	ask.done = note_done;
	ask.context = outcome;
	if (!ask.method)
		ask.method = HTTP_GET;
	if (!ask.answer_max)
		ask.answer_max = 1u << 20;
	if (!ask.timeout_s)
		ask.timeout_s = 30;
	struct http_call *call = http_client_ask(f->client, &ask);

	assert_non_null(call);
	assert_int_equal(outcome->done, before); /* never from inside */
	return call;
}

const char *url_of(struct fixture *f, const char *path)
{
	static char url[2][300];
	static unsigned turn;
	char *room = url[turn++ % 2];

	snprintf(room, sizeof(url[0]), "http://127.0.0.1:%u%s", f->port, path);
	return room;
}

void ask(struct fixture *f, struct http_ask what, struct outcome *outcome)
{
	outcome_finish(outcome);
	begin(f, what, outcome);
	TURN_UNTIL(&f->loop, outcome->done);
	assert_int_equal(outcome->done, 1);
}

int error_of(struct fixture *f, struct http_ask what)
{
	struct outcome outcome = {0};

	ask(f, what, &outcome);
	int err = outcome.result.err;

	assert_true(!err == !outcome.problem.len);
	outcome_finish(&outcome);
	return err;
}

/* ---- a server that says what it is told to ---- */

void peer_open(struct peer *peer, struct fixture *f, const char *answer)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	*peer = (struct peer){.f = f, .fd = -1, .answer = answer};
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(peer->listener, 8), 0);
	getsockname(peer->listener, (struct sockaddr *)&address, &size);
	peer->port = ntohs(address.sin_port);
}

void peer_hang_up(struct peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	buf_clear(&peer->in);
}

void peer_close(struct peer *peer)
{
	peer_hang_up(peer);
	close(peer->listener);
	buf_finish(&peer->in);
}

/* Takes connections and answers requests without a body. True, so that it can stand in a condition. */
static bool peer_turn(struct peer *peer)
{
	char bytes[4096];
	int fd = accept4(peer->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		peer_hang_up(peer);
		peer->fd = fd;
		peer->connections++;
	}
	ssize_t count = peer->fd >= 0 ? recv(peer->fd, bytes, sizeof(bytes), MSG_DONTWAIT) : -1;

	if (count == 0)
		peer_hang_up(peer);
	if (count > 0)
		buf_append(&peer->in, bytes, (size_t)count);
	if (!strstr(buf_text(&peer->in), "\r\n\r\n"))
		return true;
	buf_clear(&peer->in);
	peer->requests++;
	if (peer->answer)
		assert_int_equal(send(peer->fd, peer->answer, strlen(peer->answer), MSG_NOSIGNAL),
				 (ssize_t)strlen(peer->answer));
	if (peer->closes)
		peer_hang_up(peer);
	return true;
}

void ask_peer(struct peer *peer, struct http_ask what, struct outcome *outcome)
{
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", peer->port);
	what.url = url;
	outcome_finish(outcome);
	begin(peer->f, what, outcome);
	TURN_UNTIL(&peer->f->loop, peer_turn(peer) && outcome->done);
}
