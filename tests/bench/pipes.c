/* SPDX-License-Identifier: MIT */
#include "pipes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES (64u << 10)

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in loopback(unsigned port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void no_delay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void pipes_listen(struct pipes *pipes)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);

	for (size_t i = 0; i < PIPES; i++)
		pipes->all[i].fd = -1;
	pipes->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (pipes->listener < 0 || bind(pipes->listener, (struct sockaddr *)&address, size) < 0 ||
	    listen(pipes->listener, PIPES) < 0 || getsockname(pipes->listener, (struct sockaddr *)&address, &size) < 0)
		fail("listen");
	pipes->port = ntohs(address.sin_port);
}

static struct pipe *free_pipe(struct pipes *pipes)
{
	for (size_t i = 0; i < PIPES; i++)
		if (pipes->all[i].fd < 0)
			return &pipes->all[i];
	return NULL;
}

struct pipe *pipes_connect(struct pipes *pipes, unsigned port)
{
	struct pipe *pipe = free_pipe(pipes);
	struct sockaddr_in address = loopback(port);

	if (pipe)
		pipe->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (!pipe || pipe->fd < 0 || connect(pipe->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("connect");
	no_delay(pipe->fd);
	return pipe;
}

void pipe_close(struct pipe *pipe)
{
	if (pipe->fd >= 0)
		close(pipe->fd);
	pipe->fd = -1;
	pipe->sent = 0;
	buf_clear(&pipe->in);
	buf_clear(&pipe->out);
}

void pipes_close(struct pipes *pipes)
{
	for (size_t i = 0; i < PIPES; i++)
		pipe_close(&pipes->all[i]);
}

bool pipe_write(struct pipe *pipe)
{
	while (pipe->sent < pipe->out.len) {
		ssize_t count = send(pipe->fd, pipe->out.data + pipe->sent, pipe->out.len - pipe->sent,
				     MSG_DONTWAIT | MSG_NOSIGNAL);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return errno == EAGAIN;
		pipe->sent += (size_t)count;
	}
	buf_clear(&pipe->out);
	pipe->sent = 0;
	return true;
}

static bool pipe_read(struct pipe *pipe)
{
	ssize_t count = recv(pipe->fd, buf_reserve(&pipe->in, READ_BYTES), READ_BYTES - 1, MSG_DONTWAIT);

	if (count < 0)
		return errno == EAGAIN || errno == EINTR;
	pipe->in.len += (size_t)count;
	pipe->in.data[pipe->in.len] = '\0';
	return count > 0;
}

static void accept_some(struct pipes *pipes)
{
	struct pipe *pipe;

	while ((pipe = free_pipe(pipes))) {
		pipe->fd = accept4(pipes->listener, NULL, NULL, SOCK_CLOEXEC);
		if (pipe->fd < 0)
			return;
		no_delay(pipe->fd);
	}
}

static void attend(struct pipes *pipes, struct pipe *pipe, short events)
{
	bool there = true;

	if (events & ~POLLOUT) {
		there = pipe_read(pipe);
		pipes->serve(pipes->context, pipe, there);
	}
	if (there && pipe->fd >= 0 && !pipe_write(pipe)) {
		there = false;
		pipes->serve(pipes->context, pipe, there);
	}
	if (!there)
		pipe_close(pipe);
}

void pipes_turn(struct pipes *pipes, int timeout_ms)
{
	struct pollfd watch[PIPES + 1];
	struct pipe *watched[PIPES + 1];
	nfds_t count = 1;

	watch[0] = (struct pollfd){.fd = pipes->listener, .events = POLLIN};
	for (size_t i = 0; i < PIPES; i++) {
		struct pipe *pipe = &pipes->all[i];

		if (pipe->fd < 0)
			continue;
		watched[count] = pipe;
		watch[count] = (struct pollfd){.fd = pipe->fd, .events = POLLIN};
		if (pipe->out.len)
			watch[count].events |= POLLOUT;
		count++;
	}
	if (poll(watch, count, timeout_ms) <= 0)
		return;
	for (nfds_t i = 1; i < count; i++)
		if (watch[i].revents && watched[i]->fd == watch[i].fd)
			attend(pipes, watched[i], watch[i].revents);
	if (watch[0].revents)
		accept_some(pipes);
}

const char *http_header(const struct buf *in, size_t head, const char *line)
{
	const char *found = strcasestr(in->data, line);

	return found && found < in->data + head ? found : NULL;
}

size_t http_message(const struct buf *in, size_t *body)
{
	static const char name[] = "\r\ncontent-length:";
	const char *end = in->len ? memmem(in->data, in->len, "\r\n\r\n", 4) : NULL;

	if (!end)
		return 0;
	*body = (size_t)(end + 4 - in->data);
	const char *length = http_header(in, *body, name);
	size_t whole = *body + (length ? strtoul(length + sizeof(name) - 1, NULL, 10) : 0);

	return whole <= in->len ? whole : 0;
}

void http_decode(char *out, size_t room, const char *from, const char *end)
{
	for (; from < end && room > 1; from++, room--) {
		char digits[3] = "";

		if (*from == '%' && end - from > 2) {
			memcpy(digits, from + 1, 2);
			*out++ = (char)strtoul(digits, NULL, 16);
			from += 2;
		} else {
			*out++ = *from == '+' ? ' ' : *from;
		}
	}
	*out = '\0';
}
