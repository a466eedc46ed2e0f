/* SPDX-License-Identifier: MIT */
/*
 * What a stranger sends to the HTTP server, over a real socket, in pieces whose size the first byte says.
 * Beyond not crashing: handlers see clean text and a body of the length that was announced, each begun
 * request is told to be gone once, and the server is ready for the next one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "transport/http/http_private.h"

static uv_loop_t loop;
static struct http_server *server;
static struct http_listener *listener;
static unsigned open_requests;

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
	open_requests++;
	require_text(http_request_path(request));
	require_text(http_request_rest(request));
	require_text(http_request_query(request, "a"));
	require_text(http_request_header(request, "range"));
	require_text(http_request_header(request, "x-own"));
	if (http_request_has_token(request, "secret"))
		http_answer(request, 403, NULL, "", 0);
}

static void complete(struct http_request *request, void *context)
{
	size_t length;

	(void)context;
	http_request_body(request, &length);
	require(length == http_request_content_length(request) && length <= 64);
	http_answer(request, 200, "text/plain", http_request_path(request),
	            strlen(http_request_path(request)));
}

static void gone(struct http_request *request, void *context)
{
	(void)request;
	(void)context;
	require(open_requests == 1);
	open_requests = 0;
}

static void set_up(void)
{
	struct buf error = {0};
	struct http_route routes[] = {
	        {"/a/", HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE, 64, started, NULL, complete, gone,
	         NULL},
	        {"/b", HTTP_PUT, 64, started, NULL, complete, gone, NULL},
	};

	log_threshold = LOG_LEVEL_ERROR;
	uv_loop_init(&loop);
	server = http_server_create(&loop, NULL);
	require(http_server_begin(server, &error) == 0);
	listener = http_listener_create(server);
	require(http_listener_route(listener, &routes[0]) && http_listener_route(listener, &routes[1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char scratch[4096];
	int fds[2];

	if (!server)
		set_up();
	if (size < 1 || size > 16384)
		return 0;
	size_t piece = data[0] ? (size_t)data[0] * 4 : size;

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	http_server_adopt(listener, fds[0]);
	for (size_t at = 1; at < size; at += piece) {
		size_t count = size - at < piece ? size - at : piece;

		if (send(fds[1], data + at, count, MSG_NOSIGNAL) < 0)
			break;
		uv_run(&loop, UV_RUN_NOWAIT);
		while (recv(fds[1], scratch, sizeof(scratch), 0) > 0)
			continue;
	}
	close(fds[1]);
	for (unsigned turns = 0; http_server_count(server) > 0; turns++) {
		require(turns < 1000);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	require(open_requests == 0);
	return 0;
}
