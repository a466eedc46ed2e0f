/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/memory_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/buf.h"

#define FIRST 0xf0000 /* descriptors of the kernel begin at 0 */
#define MOST 16
#define NONE -1

struct memory_socket {
	bool used, listens;
	bool at_end;       /* nothing more comes */
	bool shut;         /* it sends no more */
	int peer;          /* an index; NONE: closed, or there was none */
	int waits_for;     /* the listener that is to accept it; NONE */
	size_t limit;
	struct buf in;
	uv_poll_t *poll;
	int watched;
	uv_poll_cb happened;
};

static struct memory_socket sockets[MOST];

/* Of polls whose sockets may be gone. */
static struct {
	uv_handle_t *handle;
	uv_close_cb done;
} closing[MOST];
static size_t closing_count;

static void require(bool good)
{
	if (!good)
		abort();
}

static struct memory_socket *of(int fd)
{
	if (fd < FIRST || fd >= FIRST + MOST)
		return NULL;
	require(sockets[fd - FIRST].used);
	return &sockets[fd - FIRST];
}

static int make(void)
{
	int index = 0;

	while (index < MOST && sockets[index].used)
		index++;
	require(index < MOST);
	/* Its memory serves the next as well. */
	struct buf in = sockets[index].in;

	buf_clear(&in);
	sockets[index] = (struct memory_socket){.used = true, .peer = NONE, .waits_for = NONE, .in = in};
	return index;
}

static struct memory_socket *peer_of(const struct memory_socket *socket)
{
	return socket->peer == NONE ? NULL : &sockets[socket->peer];
}

/* ---- for targets ---- */

void memory_socket_pair(int fds[2])
{
	int one = make(), other = make();

	sockets[one].peer = other;
	sockets[other].peer = one;
	fds[0] = FIRST + one;
	fds[1] = FIRST + other;
}

int memory_socket_listen(void)
{
	int index = make();

	sockets[index].listens = true;
	return FIRST + index;
}

int memory_socket_connect(int listener)
{
	int fds[2];

	require(of(listener)->listens);
	memory_socket_pair(fds);
	of(fds[1])->waits_for = listener - FIRST;
	return fds[0];
}

void memory_socket_limit(int fd, size_t bytes)
{
	of(fd)->limit = bytes;
}

size_t memory_socket_count(void)
{
	size_t count = 0;

	for (int index = 0; index < MOST; index++)
		count += sockets[index].used;
	return count;
}

static size_t room_of(const struct memory_socket *socket)
{
	if (!socket->limit)
		return SIZE_MAX;
	return socket->in.len < socket->limit ? socket->limit - socket->in.len : 0;
}

static int events_of(const struct memory_socket *socket)
{
	const struct memory_socket *peer = peer_of(socket);
	bool readable = socket->in.len > 0 || socket->at_end;

	return socket->watched & ((readable ? UV_READABLE : 0) | (!peer || room_of(peer) > 0 ? UV_WRITABLE : 0));
}

bool memory_socket_turn(void)
{
	bool told = closing_count > 0;

	for (int index = 0; index < MOST; index++) {
		struct memory_socket *socket = &sockets[index];
		int events = socket->used && socket->poll ? events_of(socket) : 0;

		if (events) {
			told = true;
			socket->happened(socket->poll, 0, events);
		}
	}
	while (closing_count > 0) {
		closing_count--;
		closing[closing_count].done(closing[closing_count].handle);
	}
	return told;
}

/* ---- instead of the kernel's ---- */

#define WRAPPED(type, name, ...)                                                                                       \
	type __real_##name(__VA_ARGS__);                                                                               \
	type __wrap_##name(__VA_ARGS__);                                                                               \
	type __wrap_##name(__VA_ARGS__)

static int fail(int problem)
{
	errno = problem;
	return -1;
}

WRAPPED(ssize_t, recv, int fd, void *bytes, size_t size, int flags)
{
	struct memory_socket *socket = of(fd);

	if (!socket)
		return __real_recv(fd, bytes, size, flags);
	if (socket->in.len == 0)
		return socket->at_end ? 0 : fail(EAGAIN);
	size_t count = size < socket->in.len ? size : socket->in.len;

	memcpy(bytes, socket->in.data, count);
	buf_consume(&socket->in, count);
	return (ssize_t)count;
}

WRAPPED(ssize_t, send, int fd, const void *bytes, size_t size, int flags)
{
	struct memory_socket *socket = of(fd);

	if (!socket)
		return __real_send(fd, bytes, size, flags);
	struct memory_socket *peer = peer_of(socket);

	if (!peer || socket->shut || peer->at_end)
		return fail(EPIPE);
	size_t room = room_of(peer), count = size < room ? size : room;

	if (count == 0 && size > 0)
		return fail(EAGAIN);
	buf_append(&peer->in, bytes, count);
	return (ssize_t)count;
}

static void shut_writing(struct memory_socket *socket)
{
	struct memory_socket *peer = peer_of(socket);

	socket->shut = true;
	if (peer)
		peer->at_end = true;
}

WRAPPED(int, shutdown, int fd, int how)
{
	struct memory_socket *socket = of(fd);

	if (!socket)
		return __real_shutdown(fd, how);
	if (how != SHUT_RD)
		shut_writing(socket);
	if (how != SHUT_WR)
		socket->at_end = true;
	return 0;
}

WRAPPED(int, close, int fd)
{
	struct memory_socket *socket = of(fd);

	if (!socket)
		return __real_close(fd);
	shut_writing(socket);
	if (peer_of(socket))
		peer_of(socket)->peer = NONE;
	socket->used = false;
	for (int index = 0; socket->listens && index < MOST; index++)
		if (sockets[index].used && sockets[index].waits_for == fd - FIRST)
			__wrap_close(FIRST + index);
	return 0;
}

WRAPPED(int, accept4, int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	if (!of(fd))
		return __real_accept4(fd, address, size, flags);
	for (int index = 0; index < MOST; index++) {
		if (sockets[index].used && sockets[index].waits_for == fd - FIRST) {
			sockets[index].waits_for = NONE;
			return FIRST + index;
		}
	}
	return fail(EAGAIN);
}

WRAPPED(int, getsockopt, int fd, int level, int name, void *value, socklen_t *size)
{
	struct memory_socket *socket = of(fd);

	if (!socket)
		return __real_getsockopt(fd, level, name, value, size);
	require(level == SOL_SOCKET && *size == sizeof(int));
	int number = name == SO_TYPE ? SOCK_STREAM : name == SO_DOMAIN ? AF_UNIX : name == SO_ACCEPTCONN ? socket->listens : 0;

	memcpy(value, &number, sizeof(number));
	return 0;
}

WRAPPED(int, setsockopt, int fd, int level, int name, const void *value, socklen_t size)
{
	return of(fd) ? 0 : __real_setsockopt(fd, level, name, value, size);
}

WRAPPED(int, getpeername, int fd, struct sockaddr *address, socklen_t *size)
{
	const struct memory_socket *socket = of(fd);

	if (!socket)
		return __real_getpeername(fd, address, size);
	*size = 0;
	return peer_of(socket) ? 0 : fail(ENOTCONN);
}

/* They never block, and no program of ours is started that could inherit them. */
static int set_flags(int (*real)(int fd, int command, ...), int fd, int command, intptr_t argument)
{
	return of(fd) ? 0 : real(fd, command, argument);
}

#define WRAPPED_FCNTL(name)                                                                                            \
	WRAPPED(int, name, int fd, int command, ...)                                                                   \
	{                                                                                                              \
		va_list arguments;                                                                                     \
		va_start(arguments, command);                                                                          \
		intptr_t argument = va_arg(arguments, intptr_t);                                                       \
		va_end(arguments);                                                                                     \
		return set_flags(__real_##name, fd, command, argument);                                                \
	}
WRAPPED_FCNTL(fcntl)
WRAPPED_FCNTL(fcntl64)

/* ---- instead of libuv's ---- */

static struct memory_socket *watched_by(const uv_poll_t *poll)
{
	for (int index = 0; index < MOST; index++)
		if (sockets[index].used && sockets[index].poll == poll)
			return &sockets[index];
	return NULL;
}

WRAPPED(int, uv_poll_init, uv_loop_t *loop, uv_poll_t *poll, int fd)
{
	struct memory_socket *socket = of(fd);

	if (!socket)
		return __real_uv_poll_init(loop, poll, fd);
	socket->poll = poll;
	poll->loop = loop;
	poll->type = UV_POLL;
	return 0;
}

WRAPPED(int, uv_poll_start, uv_poll_t *poll, int events, uv_poll_cb happened)
{
	struct memory_socket *socket = watched_by(poll);

	if (!socket)
		return __real_uv_poll_start(poll, events, happened);
	socket->watched = events;
	socket->happened = happened;
	return 0;
}

WRAPPED(int, uv_poll_stop, uv_poll_t *poll)
{
	struct memory_socket *socket = watched_by(poll);

	if (!socket)
		return __real_uv_poll_stop(poll);
	socket->watched = 0;
	return 0;
}

WRAPPED(void, uv_close, uv_handle_t *handle, uv_close_cb done)
{
	struct memory_socket *socket = handle->type == UV_POLL ? watched_by((uv_poll_t *)handle) : NULL;

	if (!socket) {
		__real_uv_close(handle, done);
		return;
	}
	socket->poll = NULL;
	require(closing_count < MOST);
	closing[closing_count].handle = handle;
	closing[closing_count++].done = done;
}
