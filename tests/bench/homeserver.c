/* SPDX-License-Identifier: MIT */
#include "homeserver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "subject.h"

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

void homeserver_listen(struct homeserver *homeserver)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);

	for (size_t i = 0; i < HOMESERVER_CONNECTIONS; i++)
		homeserver->pipes[i].fd = -1;
	homeserver->push.fd = -1;
	homeserver->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (homeserver->listener < 0 || bind(homeserver->listener, (struct sockaddr *)&address, size) < 0 ||
	    listen(homeserver->listener, HOMESERVER_CONNECTIONS) < 0 ||
	    getsockname(homeserver->listener, (struct sockaddr *)&address, &size) < 0)
		fail("listen");
	homeserver->port = ntohs(address.sin_port);
}

static void pipe_close(struct pipe *pipe)
{
	if (pipe->fd >= 0)
		close(pipe->fd);
	pipe->fd = -1;
	pipe->sent = 0;
	buf_clear(&pipe->in);
	buf_clear(&pipe->out);
}

void homeserver_close(struct homeserver *homeserver)
{
	for (size_t i = 0; i < HOMESERVER_CONNECTIONS; i++)
		pipe_close(&homeserver->pipes[i]);
	pipe_close(&homeserver->push);
}

/* ---- one connection ---- */

/* False: it is gone. */
static bool pipe_write(struct pipe *pipe)
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

static bool has_header(const char *head, const char *end, const char *line)
{
	const char *found = strcasestr(head, line);

	return found && found < end;
}

/* Where the first message in there ends, and its body begins; 0: it is not whole yet. */
static size_t whole_message(const struct buf *in, size_t *body)
{
	static const char name[] = "\r\ncontent-length:";
	const char *end = in->len ? memmem(in->data, in->len, "\r\n\r\n", 4) : NULL;

	if (!end)
		return 0;
	const char *length = has_header(in->data, end, name) ? strcasestr(in->data, name) : NULL;

	*body = (size_t)(end + 4 - in->data);
	size_t whole = *body + (length ? strtoul(length + sizeof(name) - 1, NULL, 10) : 0);

	return whole <= in->len ? whole : 0;
}

/* ---- the client-server API ---- */

static void decode(char *out, size_t room, struct slice path)
{
	for (size_t i = 0; i < path.length && path.at[i] != '?' && room > 1; i++, room--) {
		char digits[3] = "";

		if (path.at[i] == '%' && i + 2 < path.length) {
			memcpy(digits, path.at + i + 1, 2);
			*out++ = (char)strtoul(digits, NULL, 16);
			i += 2;
		} else {
			*out++ = path.at[i];
		}
	}
	*out = '\0';
}

static void put_answer(struct buf *out, unsigned long number)
{
	char json[200];
	int length = snprintf(json, sizeof(json),
			      "{\"event_id\":\"$answer-%lu\",\"room_id\":\"!made-%lu:load.example\","
			      "\"user_id\":\"@somebody:load.example\",\"joined\":{},\"duration_ms\":1}",
			      number, number);

	buf_printf(out,
		   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", length, json);
}

static bool answer_call(struct homeserver *homeserver, struct pipe *pipe)
{
	static char path[4096];
	static struct buf taken;
	size_t body, whole = whole_message(&pipe->in, &body);
	const char *space, *second;

	if (!whole)
		return false;
	buf_clear(&taken);
	buf_append(&taken, pipe->in.data, whole);
	buf_consume(&pipe->in, whole);
	space = strchr(taken.data, ' ');
	second = space ? strchr(space + 1, ' ') : NULL;
	put_answer(&pipe->out, ++homeserver->calls);
	if (!second)
		return true;
	decode(path, sizeof(path), (struct slice){space + 1, (size_t)(second - space - 1)});
	homeserver->on_call(&(struct call){{taken.data, (size_t)(space - taken.data)},
					   path,
					   {taken.data + body, whole - body}});
	return true;
}

static void accept_some(struct homeserver *homeserver)
{
	for (size_t i = 0; i < HOMESERVER_CONNECTIONS; i++) {
		struct pipe *pipe = &homeserver->pipes[i];

		if (pipe->fd >= 0)
			continue;
		pipe->fd = accept4(homeserver->listener, NULL, NULL, SOCK_CLOEXEC);
		if (pipe->fd < 0)
			return;
		no_delay(pipe->fd);
	}
}

static void serve(struct homeserver *homeserver, struct pipe *pipe)
{
	bool there = pipe_read(pipe);

	while (answer_call(homeserver, pipe))
		continue;
	if (!there || !pipe_write(pipe))
		pipe_close(pipe);
}

/* ---- requests of its own ---- */

void homeserver_push(struct homeserver *homeserver, const char *method, const char *path, const struct buf *body)
{
	struct pipe *push = &homeserver->push;
	struct sockaddr_in address = loopback(homeserver->service_port);

	homeserver->status = 0;
	homeserver->pushed_ns = now_ns();
	if (push->fd < 0) {
		push->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (push->fd < 0 || connect(push->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			fail("connect to the application service");
		no_delay(push->fd);
		homeserver->opened++;
	}
	buf_printf(&push->out,
		   "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAuthorization: Bearer %s\r\n"
		   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		   method, path, homeserver->token, body ? body->len : 0);
	if (body)
		buf_append(&push->out, body->data, body->len);
	pipe_write(push);
}

static bool take_answer(struct homeserver *homeserver)
{
	struct pipe *push = &homeserver->push;
	bool there = pipe_read(push);
	size_t body, whole = whole_message(&push->in, &body);

	if (whole) {
		bool closes = has_header(push->in.data, push->in.data + body, "\r\nconnection: close");

		homeserver->status = (unsigned)strtoul(push->in.data + strlen("HTTP/1.1 "), NULL, 10);
		buf_consume(&push->in, whole);
		if (closes || !there)
			pipe_close(push);
	} else if (!there) {
		pipe_close(push);
		return homeserver->status != 0;
	}
	return true;
}

bool homeserver_turn(struct homeserver *homeserver, int timeout_ms)
{
	struct pollfd watch[HOMESERVER_CONNECTIONS + 2];
	struct pipe *pipes[HOMESERVER_CONNECTIONS + 2];
	nfds_t count = 2;

	watch[0] = (struct pollfd){.fd = homeserver->listener, .events = POLLIN};
	watch[1] = (struct pollfd){.fd = homeserver->push.fd, .events = POLLIN};
	if (homeserver->push.out.len)
		watch[1].events |= POLLOUT;
	for (size_t i = 0; i < HOMESERVER_CONNECTIONS; i++) {
		struct pipe *pipe = &homeserver->pipes[i];

		if (pipe->fd < 0)
			continue;
		pipes[count] = pipe;
		watch[count] = (struct pollfd){.fd = pipe->fd, .events = POLLIN};
		if (pipe->out.len)
			watch[count].events |= POLLOUT;
		count++;
	}
	if (poll(watch, count, timeout_ms) <= 0)
		return true;
	for (nfds_t i = 2; i < count; i++) {
		if (watch[i].revents & POLLOUT && !pipe_write(pipes[i]))
			pipe_close(pipes[i]);
		else if (watch[i].revents & ~POLLOUT)
			serve(homeserver, pipes[i]);
	}
	if (watch[0].revents)
		accept_some(homeserver);
	if (watch[1].revents & POLLOUT && !pipe_write(&homeserver->push))
		return false;
	return !(watch[1].revents & ~POLLOUT) || take_answer(homeserver);
}
