/* SPDX-License-Identifier: MIT */
/*
 * What comes first on a connection is looked at before lws gets it: lws keeps no path as it was sent. It decodes, and
 * makes a space of '+', an end of '&' and one '/' of two. The bytes stay in the socket.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "transport/http/http_private.h"
#include "transport/http/http_target.h"

struct http_ahead {
	struct http_server *server;
	struct http_request *request;
	uv_poll_t poll;
	int fd;
	size_t seen; /* bytes that were there the last time */
};

static void closed(uv_handle_t *handle)
{
	struct http_ahead *ahead = handle->data;
	struct http_server *server = ahead->server;

	mem_free(ahead);
	server->handles--;
	http_server_check_end(server);
}

static int stop(struct http_request *request)
{
	struct http_ahead *ahead = request->ahead;
	int fd = ahead->fd;

	request->ahead = NULL;
	uv_close((uv_handle_t *)&ahead->poll, closed);
	return fd;
}

void http_ahead_drop(struct http_request *request)
{
	close(stop(request));
	http_request_release(request);
}

/* Until there are more bytes than these the socket is not readable. False: it does not know how to do that. */
static bool want_more_than(int fd, size_t count)
{
	int more = (int)count + 1;

	return setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &more, sizeof(more)) == 0;
}

/* Whether lws can have it: the line is there, or never will be. */
static bool look(struct http_request *request, int fd, size_t *seen)
{
	char head[LIMIT_HTTP_HEAD_BYTES];
	ssize_t count = recv(fd, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);

	if (count < 0)
		return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
	if (memchr(head, '\n', (size_t)count)) {
		request->target = http_target_read(&request->arena, head, (size_t)count);
		return true;
	}
	if (count == 0 || (size_t)count == *seen || count == sizeof(head))
		return true; /* it has been closed, or is too long: lws deals with both */
	*seen = (size_t)count;
	return !want_more_than(fd, *seen);
}

static void readable(uv_poll_t *poll, int status, int events)
{
	struct http_ahead *ahead = poll->data;
	struct http_request *request = ahead->request;

	(void)events;
	if (status == 0 && !look(request, ahead->fd, &ahead->seen))
		return;
	int fd = stop(request);

	want_more_than(fd, 0);
	http_server_hand_over(request, fd);
}

void http_ahead_begin(struct http_request *request, int fd)
{
	struct http_server *server = request->server;
	size_t seen = 0;

	if (look(request, fd, &seen)) {
		http_server_hand_over(request, fd);
		return;
	}
	struct http_ahead *ahead = MEM_NEW(struct http_ahead);

	if (uv_poll_init(server->loop, &ahead->poll, fd) < 0) {
		mem_free(ahead);
		http_server_hand_over(request, fd);
		return;
	}
	ahead->server = server;
	ahead->request = request;
	ahead->fd = fd;
	ahead->seen = seen;
	ahead->poll.data = ahead;
	request->ahead = ahead;
	server->handles++;
	uv_poll_start(&ahead->poll, UV_READABLE, readable);
}
