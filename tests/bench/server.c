/* SPDX-License-Identifier: MIT */
#include "server.h"

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

#define READ_BYTES (256u << 10)

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

void server_listen(struct server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	server->fd = -1;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->listener < 0 || bind(server->listener, (struct sockaddr *)&address, size) < 0 ||
	    listen(server->listener, 4) < 0 ||
	    getsockname(server->listener, (struct sockaddr *)&address, &size) < 0)
		fail("listen");
	server->port = ntohs(address.sin_port);
}

static bool readable(int fd, int timeout_ms)
{
	struct pollfd watch = {.fd = fd, .events = POLLIN};

	return poll(&watch, 1, timeout_ms) > 0;
}

static bool wait_for(struct server *server, const char *text, int timeout_ms)
{
	while (!server->in.data || !strstr(server->in.data, text)) {
		char *at = buf_reserve(&server->in, READ_BYTES);
		ssize_t count = readable(server->fd, timeout_ms) ? read(server->fd, at, READ_BYTES - 1) : 0;

		if (count <= 0)
			return false;
		server->in.len += (size_t)count;
		server->in.data[server->in.len] = '\0';
	}
	return true;
}

static bool say(struct server *server, const char *text)
{
	return write(server->fd, text, strlen(text)) == (ssize_t)strlen(text);
}

bool server_accept(struct server *server, int timeout_ms)
{
	int on = 1;

	if (!readable(server->listener, timeout_ms))
		return false;
	server->fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
	if (server->fd < 0)
		return false;
	setsockopt(server->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	buf_clear(&server->in);
	buf_clear(&server->out);
	server->sent = server->taken = 0;
	server->gone = false;
	if (!wait_for(server, "<stream:stream", timeout_ms) ||
	    !say(server, "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
			 "xmlns='jabber:component:accept' from='bench.localhost' id='bench'>") ||
	    !wait_for(server, "</handshake>", timeout_ms) || !say(server, "<handshake/>"))
		return false;
	buf_clear(&server->in);
	return true;
}

/* Where the stanza at `at` ends; NULL: not yet there. */
static const char *stanza_end(const char *at, const char *end, struct stanza *stanza)
{
	const char *head = memchr(at, '>', (size_t)(end - at));
	size_t name = strcspn(at + 1, " />");

	if (!head)
		return NULL;
	stanza->head = (struct slice){at, (size_t)(head + 1 - at)};
	if (head[-1] == '/')
		return head + 1;
	/* </name> */
	while ((head = memchr(head, '<', (size_t)(end - head))) && (size_t)(end - head) >= name + 3) {
		if (head[1] == '/' && memcmp(head + 2, at + 1, name) == 0 && head[2 + name] == '>')
			return head + name + 3;
		head++;
	}
	return NULL;
}

static void hand_out(struct server *server)
{
	const char *end = server->in.data + server->in.len, *at = server->in.data + server->taken, *next;
	struct stanza stanza;

	for (;;) {
		at = memchr(at, '<', (size_t)(end - at));
		if (!at || at + 1 >= end)
			break;
		if (at[1] == '/') { /* the end of the stream */
			server->gone = true;
			break;
		}
		next = stanza_end(at, end, &stanza);
		if (!next)
			break;
		stanza.all = (struct slice){at, (size_t)(next - at)};
		server->on_stanza(&stanza);
		at = next;
	}
	server->taken = at ? (size_t)(at - server->in.data) : server->in.len;
	if (server->taken == server->in.len)
		buf_clear(&server->in);
	else if (server->taken)
		buf_consume(&server->in, server->taken);
	server->taken = 0;
}

static void write_output(struct server *server)
{
	ssize_t count = send(server->fd, server->out.data + server->sent, server_queued(server),
			     MSG_DONTWAIT | MSG_NOSIGNAL);

	if (count < 0 && errno != EAGAIN && errno != EINTR)
		server->gone = true;
	if (count > 0)
		server->sent += (size_t)count;
	if (server->sent == server->out.len) {
		buf_clear(&server->out);
		server->sent = 0;
	} else if (server->sent > (4u << 20)) {
		buf_consume(&server->out, server->sent);
		server->sent = 0;
	}
}

void server_turn(struct server *server, int timeout_ms)
{
	struct pollfd watch = {.fd = server->fd, .events = POLLIN};
	ssize_t count;

	if (server_queued(server))
		write_output(server);
	if (server_queued(server))
		watch.events |= POLLOUT;
	if (server->gone || poll(&watch, 1, timeout_ms) <= 0 || !(watch.revents & ~POLLOUT))
		return;
	count = recv(server->fd, buf_reserve(&server->in, READ_BYTES), READ_BYTES - 1, MSG_DONTWAIT);
	if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
		server->gone = true;
	if (count <= 0)
		return;
	server->read_ns = now_ns();
	server->in.len += (size_t)count;
	server->in.data[server->in.len] = '\0';
	hand_out(server);
}

size_t server_queued(const struct server *server)
{
	return server->out.len - server->sent;
}

void server_close(struct server *server)
{
	if (server->fd >= 0)
		close(server->fd);
	server->fd = -1;
}

struct slice stanza_attribute(const struct stanza *stanza, const char *name)
{
	const char *end = stanza->head.at + stanza->head.length, *at = stanza->head.at, *quote, *last;
	size_t length = strlen(name);

	/* one attribute after the other: name='value' */
	while ((at = memchr(at, ' ', (size_t)(end - at)))) {
		const char *equals;

		at++;
		equals = memchr(at, '=', (size_t)(end - at));

		quote = equals ? equals + 1 : end;
		last = quote < end ? memchr(quote + 1, *quote, (size_t)(end - quote - 1)) : NULL;
		if (!last)
			break;
		if ((size_t)(equals - at) == length && memcmp(at, name, length) == 0)
			return (struct slice){quote + 1, (size_t)(last - quote - 1)};
		at = last;
	}
	return (struct slice){0};
}

struct slice stanza_body(const struct stanza *stanza)
{
	const char *at = memmem(stanza->all.at, stanza->all.length, "<body>", 6);
	const char *end = at ? memmem(at, (size_t)(stanza->all.at + stanza->all.length - at), "</body>", 7) : NULL;

	return end ? (struct slice){at + 6, (size_t)(end - at - 6)} : (struct slice){0};
}

bool stanza_is(const struct stanza *stanza, const char *name)
{
	size_t length = strlen(name);

	return stanza->head.length > length + 1 && memcmp(stanza->head.at + 1, name, length) == 0 &&
	       strchr(" />", stanza->head.at[1 + length]);
}
