/* SPDX-License-Identifier: MIT */
#include "homeserver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject.h"

/* ---- the client-server API ---- */

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
	size_t body, whole = http_message(&pipe->in, &body);
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
	const char *query = memchr(space, '?', (size_t)(second - space));

	http_decode(path, sizeof(path), space + 1, query ? query : second);
	homeserver->on_call(&(struct call){{taken.data, (size_t)(space - taken.data)},
					   path,
					   {taken.data + body, whole - body}});
	return true;
}

/* ---- requests of its own ---- */

void homeserver_push(struct homeserver *homeserver, const char *method, const char *path, const struct buf *body)
{
	homeserver->status = 0;
	homeserver->broken = false;
	homeserver->pushed_ns = now_ns();
	if (!homeserver->push) {
		homeserver->push = pipes_connect(&homeserver->pipes, homeserver->service_port);
		homeserver->opened++;
	}
	struct buf *out = &homeserver->push->out;

	buf_printf(out,
		   "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAuthorization: Bearer %s\r\n"
		   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		   method, path, homeserver->token, body ? body->len : 0);
	if (body)
		buf_append(out, body->data, body->len);
	pipe_write(homeserver->push);
}

static void take_answer(struct homeserver *homeserver, bool there)
{
	struct pipe *push = homeserver->push;
	size_t body, whole = http_message(&push->in, &body);
	bool ends = !there;

	if (whole) {
		ends = ends || http_header(&push->in, body, "\r\nconnection: close");
		homeserver->status = (unsigned)strtoul(push->in.data + strlen("HTTP/1.1 "), NULL, 10);
		buf_consume(&push->in, whole);
	}
	if (!ends)
		return;
	pipe_close(push);
	homeserver->push = NULL;
	homeserver->broken = !homeserver->status;
}

static void serve(void *context, struct pipe *pipe, bool there)
{
	struct homeserver *homeserver = context;

	if (pipe == homeserver->push) {
		take_answer(homeserver, there);
		return;
	}
	while (answer_call(homeserver, pipe))
		continue;
}

/* ---- what is offered ---- */

void homeserver_listen(struct homeserver *homeserver)
{
	homeserver->pipes.serve = serve;
	homeserver->pipes.context = homeserver;
	pipes_listen(&homeserver->pipes);
}

void homeserver_close(struct homeserver *homeserver)
{
	pipes_close(&homeserver->pipes);
	homeserver->push = NULL;
}

bool homeserver_turn(struct homeserver *homeserver, int timeout_ms)
{
	pipes_turn(&homeserver->pipes, timeout_ms);
	return !homeserver->broken;
}
