/* SPDX-License-Identifier: MIT */
/*
 * What a stranger sends to the HTTP server: once in one piece, once in pieces whose size the first byte says, to a
 * server that can send only some bytes at a time. Beyond not crashing: handlers see clean text and a body of the
 * length that was announced, one request at a time, each told to be gone once; both times they see the same
 * requests, wherever one ends; and the server is ready for the next connection.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/fuzz/memory_socket.h"
#include "transport/http/http_private.h"

#define BODY_MAX 64
#define ROOM 100 /* bytes of an answer that are taken at once; most have more */

static uv_loop_t loop;
static struct http_server *server;
static struct http_listener *listener;
static struct http_request *open_request, *waiting;
static struct buf seen;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void require_text(const char *text)
{
	require(!text || text_is_clean(text, strlen(text), TEXT_LINE));
}

static void started(struct http_request *request, void *context)
{
	(void)context;
	require(!open_request);
	open_request = request;
	require_text(http_request_path(request));
	require_text(http_request_rest(request));
	require_text(http_request_id(request));
	require_text(http_request_query(request, "a"));
	require_text(http_request_header(request, "range"));
	require_text(http_request_header(request, "x-own"));
	buf_printf(&seen, "%d %s\n", http_request_method(request), http_request_path(request));
	if (http_request_has_token(request, "secret"))
		http_answer(request, 403, NULL, "", 0);
}

static void complete(struct http_request *request, void *context)
{
	size_t length;
	const char *body = http_request_body(request, &length);

	require(request == open_request && length <= BODY_MAX);
	require(http_request_content_length(request) == HTTP_LENGTH_UNKNOWN ||
		http_request_content_length(request) == length);
	buf_append(&seen, body, length);
	if (context)
		waiting = request;
	else
		http_answer(request, 200, "text/plain", http_request_path(request), strlen(http_request_path(request)));
}

static void gone(struct http_request *request, void *context)
{
	(void)context;
	require(open_request == request);
	open_request = waiting = NULL;
	buf_puts(&seen, "\n.\n");
}

static void set_up(void)
{
	struct http_route routes[] = {
		{"/a/", HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE, BODY_MAX, started, NULL, complete, gone, NULL},
		{"/b", HTTP_PUT, BODY_MAX, started, NULL, complete, gone, NULL},
		{"/later/", HTTP_GET | HTTP_POST, BODY_MAX, started, NULL, complete, gone, &waiting},
	};

	log_threshold = LOG_LEVEL_ERROR;
	uv_loop_init(&loop);
	server = http_server_create(&loop, NULL);
	http_server_begin(server);
	listener = http_listener_create(server);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		require(http_listener_route(listener, &routes[i]));
}

/* Until there is nothing more to answer. */
static void turn(int fd)
{
	char scratch[4096];
	bool moved;

	do {
		moved = waiting;
		if (waiting)
			http_answer(waiting, 200, "text/plain", "late", 4);
		if (memory_socket_turn())
			moved = true;
		while (recv(fd, scratch, sizeof(scratch), 0) > 0)
			moved = true;
	} while (moved);
}

static void converse(const uint8_t *data, size_t size, size_t piece, size_t room)
{
	int fds[2];

	buf_clear(&seen);
	memory_socket_pair(fds);
	memory_socket_limit(fds[1], room);
	http_connection_open(listener, fds[0]);
	for (size_t at = 0; at < size; at += piece) {
		size_t count = size - at < piece ? size - at : piece;

		if (send(fds[1], data + at, count, MSG_NOSIGNAL) < 0)
			break;
		turn(fds[1]);
	}
	turn(fds[1]);
	close(fds[1]);
	while (memory_socket_turn())
		continue;
	require(http_server_count(server) == 0 && memory_socket_count() == 0);
	require(!open_request && server->requests == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!server)
		set_up();
	if (size < 1 || size > 16384)
		return 0;
	converse(data + 1, size - 1, size, 0);
	struct buf whole = seen;

	seen = (struct buf){0};
	converse(data + 1, size - 1, data[0] ? data[0] : 1000, ROOM);
	require(whole.len == seen.len && !memcmp(buf_text(&whole), buf_text(&seen), seen.len));
	buf_finish(&whole);
	return 0;
}
