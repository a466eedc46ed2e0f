/* SPDX-License-Identifier: MIT */
/*
 * What reaches the application service's port. The first byte says how: with the lowest bit set the rest is the body
 * of a transaction, else it is a request as it is. Beyond not crashing: texts are clean, bodies are what they were
 * promised to be, and answers are given once: at once, later, or when the request is gone.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "frontends/matrix/wire/appservice.h"
#include "tests/fuzz/memory_socket.h"
#include "transport/http/http_private.h"

static uv_loop_t loop;
static struct http_server *server;
static struct http_listener *listener;
static struct appservice *appservice;
static struct appservice_request *waiting;
static bool waits;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void take(struct appservice_request *request, const char *id)
{
	require(*id && text_is_clean(id, strlen(id), TEXT_LINE));
	require(!waiting);
	if (waits)
		waiting = request;
	else if (strlen(id) % 2)
		appservice_accept(request);
	else
		appservice_refuse(request, 404, "M_NOT_FOUND", id);
}

static void take_transaction(void *context, struct appservice_request *request, const char *id,
			     const struct cJSON *body)
{
	struct buf text = {0};

	(void)context;
	require(json_is_object(body) && json_array(body, "events"));
	json_put(&text, body);
	struct cJSON *again = json_read(buf_text(&text), text.len);

	require(json_array(again, "events"));
	json_free(&again);
	buf_finish(&text);
	take(request, id);
}

static void take_nonsense(void *context, struct appservice_request *request, const char *body, size_t length)
{
	struct cJSON *json = json_read(body, length);

	(void)context;
	require(!json_array(json, "events"));
	json_free(&json);
	appservice_accept(request);
}

static void take_name(void *context, struct appservice_request *request, const char *id)
{
	(void)context;
	take(request, id);
}

static void take_directory(void *context, struct appservice_request *request, enum appservice_directory what,
			   const char *protocol)
{
	const char *field = appservice_field(request, "x");

	(void)what;
	require(!field || text_is_clean(field, strlen(field), TEXT_LINES));
	take_name(context, request, protocol ? protocol : "none");
}

static void take_ping(void *context, const char *transaction)
{
	(void)context;
	require(text_is_clean(transaction, strlen(transaction), TEXT_LINES));
}

static void set_up(void)
{
	static const struct appservice_ops ops = {take_transaction, take_nonsense, take_name, take_name,
						  take_directory, take_ping, NULL};

	log_threshold = LOG_LEVEL_ERROR;
	uv_loop_init(&loop);
	server = http_server_create(&loop, NULL);
	http_server_begin(server);
	listener = http_listener_create(server);
	require(appservice_create(listener, "secret", &ops, NULL, &appservice));
}

static void say(int fd, const void *bytes, size_t count)
{
	char scratch[4096];
	bool moved;

	(void)!send(fd, bytes, count, MSG_NOSIGNAL);
	do {
		moved = memory_socket_turn();
		while (recv(fd, scratch, sizeof(scratch), 0) > 0)
			moved = true;
	} while (moved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char head[200];
	int fds[2];

	if (!server)
		set_up();
	if (size < 1 || size > 16384)
		return 0;
	waits = data[0] & 2;
	memory_socket_pair(fds);
	http_connection_open(listener, fds[0]);
	if (data[0] & 1) {
		int length = snprintf(head, sizeof(head),
				      "PUT /_matrix/app/v1/transactions/1 HTTP/1.1\r\nHost: x\r\n"
				      "Authorization: Bearer secret\r\nContent-Length: %zu\r\n\r\n",
				      size - 1);

		say(fds[1], head, (size_t)length);
	}
	say(fds[1], data + 1, size - 1);
	if (waiting && !(data[0] & 4)) {
		appservice_accept(waiting);
		waiting = NULL;
	}
	close(fds[1]);
	while (memory_socket_turn())
		continue;
	/* One that waits for an answer is not told that the peer has left. */
	LIST_EACH(link, &server->connections)
	http_connection_drop(CONTAINER_OF(link, struct http_connection, link));
	memory_socket_turn();
	require(http_server_count(server) == 0 && memory_socket_count() == 0);
	if (waiting)
		appservice_refuse(waiting, 503, "M_UNKNOWN", "late");
	waiting = NULL;
	return 0;
}
