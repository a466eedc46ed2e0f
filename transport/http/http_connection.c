/* SPDX-License-Identifier: MIT */
/*
 * A connection: one request after the other, each answered before the next is looked at. What comes early waits, up to
 * a limit, and then in the kernel.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "transport/http/http_private.h"

#define DRAIN_BYTES (256u << 10) /* unread it would make the kernel take the answer back */

static void happened(uv_poll_t *poll, int status, int events);

/* ---- what it is watched for ---- */

static bool takes_more(const struct http_connection *connection)
{
	const struct http_request *request = connection->request;

	if (connection->at_end || connection->resumes)
		return false;
	if (connection->lingers || !request || http_request_wants_more(request))
		return true;
	return request->is_whole && connection->in.len < LIMIT_HTTP_EARLY_BYTES;
}

void http_connection_watch(struct http_connection *connection)
{
	if (connection->inside || connection->closed)
		return;
	bool write = connection->is_blocked || connection->resumes;
	int events = (takes_more(connection) ? UV_READABLE : 0) | (write ? UV_WRITABLE : 0);

	if (events == connection->watched)
		return;
	connection->watched = events;
	if (events)
		uv_poll_start(&connection->poll, events, happened);
	else
		uv_poll_stop(&connection->poll);
}

/* ---- the end ---- */

static void free_connection(uv_handle_t *handle)
{
	struct http_connection *connection = handle->data;
	struct http_server *server = connection->server;

	buf_finish(&connection->in);
	mem_free(connection);
	server->handles--;
	http_server_check_end(server);
}

static void drain(int fd)
{
	char scratch[4096];

	for (size_t taken = 0; taken < DRAIN_BYTES;) {
		ssize_t count = recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT);

		if (count <= 0)
			return;
		taken += (size_t)count;
	}
}

void http_connection_drop(struct http_connection *connection)
{
	if (connection->closed)
		return;
	connection->closed = true;
	if (connection->request)
		http_request_end(connection->request);
	uv_close((uv_handle_t *)&connection->poll, free_connection);
	if (connection->requests > 0)
		drain(connection->fd);
	close(connection->fd);
	list_remove(&connection->link);
	connection->server->count--;
}

/* The peer learns that there will be no more, and whether it still sends decides how. */
static void finish(struct http_connection *connection, bool is_whole)
{
	shutdown(connection->fd, SHUT_WR);
	if (connection->at_end || (is_whole && connection->in.len == 0)) {
		http_connection_drop(connection);
		return;
	}
	connection->lingers = true;
}

void http_connection_answered(struct http_connection *connection, bool keeps)
{
	struct http_request *request = connection->request;
	bool is_whole = request->is_whole;

	http_request_end(request);
	connection->since_ms = clock_ms();
	if (!keeps) {
		finish(connection, is_whole);
	} else {
		struct list *last = &connection->server->connections;

		list_remove(&connection->link);
		list_append(last, &connection->link);
		connection->resumes = !connection->inside && (connection->in.len > 0 || connection->at_end);
	}
	http_connection_watch(connection);
}

/* ---- what comes ---- */

static size_t take_head(struct http_connection *connection, const char *bytes, size_t count)
{
	size_t length = http_head_find_end(bytes, count, &connection->seen);
	unsigned status = 0;
	const char *sentence = NULL;

	if (length == 2 && !connection->skipped) { /* RFC 9112 2.2: one may be there */
		connection->skipped = true;
		connection->seen = 0;
		return 2;
	}
	bool is_long = length == 0 ? count >= LIMIT_HTTP_HEAD_BYTES : length != SIZE_MAX && length > LIMIT_HTTP_HEAD_BYTES;

	if (length == 0 && !is_long)
		return 0;
	struct http_request *request = http_request_create(connection);

	connection->seen = 0;
	connection->skipped = false;
	connection->requests++;
	connection->server->counters.requests++;
	connection->request = request;
	request->inside++;
	if (length == SIZE_MAX) {
		status = 400;
		sentence = "This is no HTTP.\n";
	} else if (is_long) {
		status = 431;
		sentence = "The headers are too long.\n";
	} else {
		status = http_head_parse(&request->arena, bytes, length, &request->head, &sentence);
	}
	http_request_take_head(request, status, sentence);
	request->inside--;
	http_request_release(request);
	return length && length != SIZE_MAX ? length : count;
}

/* How much was taken; the rest has to wait. */
static size_t take(struct http_connection *connection, const char *bytes, size_t count)
{
	size_t used = 0;

	connection->inside = true;
	while (!connection->closed && !connection->lingers && used < count) {
		struct http_request *request = connection->request;
		size_t step;

		if (!request)
			step = take_head(connection, bytes + used, count - used);
		else if (http_request_wants_more(request))
			step = http_request_take_body(request, bytes + used, count - used);
		else
			break;
		if (step == 0)
			break;
		used += step;
	}
	connection->inside = false;
	return connection->lingers || connection->closed ? count : used;
}

/* Once there is nothing more to come. */
static void note_end(struct http_connection *connection)
{
	struct http_request *request = connection->request;

	if (connection->closed || !connection->at_end)
		return;
	if (!request || !request->is_whole) /* no head, half of one, or half of a body */
		http_connection_drop(connection);
}

static void resume(struct http_connection *connection)
{
	connection->resumes = false;
	size_t used = take(connection, buf_text(&connection->in), connection->in.len);

	buf_consume(&connection->in, used);
	buf_shrink(&connection->in, 0);
	note_end(connection);
}

static void take_bytes(struct http_connection *connection, const char *bytes, size_t count)
{
	bool had_none = connection->in.len == 0;

	if (!connection->request && had_none && connection->requests > 0)
		connection->since_ms = clock_ms();
	if (connection->request && !http_request_wants_more(connection->request)) {
		buf_append(&connection->in, bytes, count);
		return;
	}
	if (!had_none) {
		buf_append(&connection->in, bytes, count);
		resume(connection);
		return;
	}
	size_t used = take(connection, bytes, count);

	if (used < count)
		buf_append(&connection->in, bytes + used, count - used);
}

static void read_some(struct http_connection *connection)
{
	struct http_server *server = connection->server;
	ssize_t count = recv(connection->fd, server->scratch, sizeof(server->scratch), MSG_DONTWAIT);

	if (count > 0 && !connection->lingers) {
		take_bytes(connection, server->scratch, (size_t)count);
	} else if (count == 0) {
		connection->at_end = true;
		if (connection->lingers)
			http_connection_drop(connection);
		else
			note_end(connection);
	} else if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		http_connection_drop(connection);
	}
}

static void happened(uv_poll_t *poll, int status, int events)
{
	struct http_connection *connection = poll->data;

	if (status < 0) {
		http_connection_drop(connection);
		return;
	}
	if (events & UV_WRITABLE && connection->is_blocked)
		http_answer_send(connection->request);
	else if (events & UV_WRITABLE && connection->resumes)
		resume(connection);
	if (events & UV_READABLE && !connection->closed && takes_more(connection))
		read_some(connection);
	http_connection_watch(connection);
}

/* ---- begin and time ---- */

void http_connection_open(struct http_listener *listener, int fd)
{
	struct http_server *server = listener->server;
	struct http_connection *connection = MEM_NEW(struct http_connection);
	int on = 1;

	if (uv_poll_init(server->loop, &connection->poll, fd) < 0) {
		close(fd);
		mem_free(connection);
		return;
	}
	/* An answer in two pieces is not to wait for the acknowledgement of the first. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connection->poll.data = connection;
	connection->server = server;
	connection->listener = listener;
	connection->fd = fd;
	connection->since_ms = clock_ms();
	list_append(&server->connections, &connection->link);
	server->count++;
	server->counters.connections++;
	server->handles++;
	http_server_start_tick(server);
	read_some(connection); /* who connects mostly has something to say */
	http_connection_watch(connection);
}

void http_connection_check_time(struct http_connection *connection, uint64_t now_ms)
{
	const struct http_timing *timing = &connection->server->timing;
	uint64_t limit = timing->idle;

	if (connection->request) {
		http_request_check_time(connection->request, now_ms);
		return;
	}
	if (connection->lingers)
		limit = timing->discard;
	else if (connection->requests == 0 || connection->in.len > 0 || connection->skipped)
		limit = timing->head;
	if (now_ms - connection->since_ms > limit)
		http_connection_drop(connection);
}
