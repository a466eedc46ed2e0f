/* SPDX-License-Identifier: MIT */
#include "tests/unit/http/client.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

void client_turn(uv_loop_t *loop)
{
	if (!uv_run(loop, UV_RUN_NOWAIT) || uv_backend_timeout(loop) != 0)
		usleep(1000);
}

void note_true(void *flag)
{
	*(bool *)flag = true;
}

void client_open(struct client *client, uv_loop_t *loop, const struct http_listener *listener)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons((uint16_t)http_listener_port(listener)),
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	*client = (struct client){.loop = loop};
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

void client_close(struct client *client)
{
	close(client->fd);
	buf_finish(&client->in);
}

bool client_say(struct client *client, const void *bytes, size_t count)
{
	const char *at = bytes;

	while (count > 0) {
		ssize_t sent = send(client->fd, at, count, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			at += sent;
			count -= (size_t)sent;
		} else if (sent < 0 && errno != EAGAIN) {
			return false;
		}
		client_turn(client->loop);
	}
	return true;
}

void client_read(struct client *client)
{
	ssize_t count;

	do {
		buf_reserve(&client->in, 65536);
		count = recv(client->fd, client->in.data + client->in.len, 65536, MSG_DONTWAIT);
		if (count > 0)
			client->in.len += (size_t)count;
	} while (count > 0);
	if (count == 0 || (errno != EAGAIN && errno != EINTR))
		client->ended = true;
}

const char *client_hear(struct client *client)
{
	TURN_UNTIL(client->loop, (client_read(client), client->ended));
	return buf_text(&client->in);
}

/* Where the answer that begins there ends; 0: it is not whole. */
static size_t answer_end(struct buf *in, size_t at)
{
	static const char name[] = "\r\nContent-Length: ";
	const char *begin = buf_text(in) + at;
	const char *end = strstr(begin, "\r\n\r\n"), *length = strstr(begin, name);

	if (!end)
		return 0;
	size_t whole = at + (size_t)(end + 4 - begin);

	if (length && length < end)
		whole += strtoul(length + sizeof(name) - 1, NULL, 10);
	return whole <= in->len ? whole : 0;
}

const char *client_answer(struct client *client, unsigned number)
{
	static struct buf found;
	size_t at = 0, end;

	for (;; at = end, number--) {
		end = answer_end(&client->in, at);
		if (!end || number == 0)
			break;
	}
	if (!end)
		return NULL;
	buf_finish(&found);
	buf_append(&found, client->in.data + at, end - at);
	return buf_text(&found);
}

bool client_await(struct client *client, unsigned answers)
{
	TURN_UNTIL(client->loop, (client_read(client), client_answer(client, answers - 1) || client->ended));
	return client_answer(client, answers - 1);
}

const char *client_ask(uv_loop_t *loop, const struct http_listener *listener, const char *request)
{
	static struct buf answer;
	struct client client;

	client_open(&client, loop, listener);
	client_say(&client, request, strlen(request));
	buf_finish(&answer);
	client_hear(&client);
	answer = client.in;
	client.in = (struct buf){0};
	client_close(&client);
	return buf_text(&answer);
}

const char *content_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");

	return end ? end + 4 : NULL;
}
