/* SPDX-License-Identifier: MIT */
/* The HTTP client with servers to ask: our own, and one that says exactly what it is told to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/buf.h"
#include "tests/unit/http/client.h"
#include "transport/http/http_client_private.h"

struct fixture {
	uv_loop_t loop;
	struct http_server *server;
	struct http_listener *listener, *other;
	struct http_client *client;
	bool stopped, closed;
	unsigned port, other_port;
	/* what the server saw */
	unsigned requests, requests_of_other;
	struct buf seen;
	const char *retry_after; /* what it says */
	unsigned redirects_left;
	const char *location;
	struct http_request *waiting;
	/* the guard in place of the real one */
	unsigned guarded, real_yes;
	unsigned allowed_port; /* 0: none */
	unsigned allowed_times;
};

struct outcome {
	unsigned done;
	struct http_result result;
	struct buf body, type, problem;
	unsigned pieces;
	size_t enough; /* `piece` stops there; 0: never */
	struct http_call **cancel;
};

struct peer {
	struct fixture *f;
	int listener, fd;
	unsigned port, connections, requests;
	const char *answer; /* to each request; NULL: none */
	bool closes;        /* after it */
	struct buf in;
};

int asking_set_up(void **state);
int asking_tear_down(void **state);

void outcome_finish(struct outcome *outcome);
bool take_piece(void *context, const void *bytes, size_t count);
/* http_client_ask with what is left out filled in; the end goes to `outcome`. */
struct http_call *begin(struct fixture *f, struct http_ask ask, struct outcome *outcome);
/* Asks and waits. */
void ask(struct fixture *f, struct http_ask what, struct outcome *outcome);
int error_of(struct fixture *f, struct http_ask what);
const char *url_of(struct fixture *f, const char *path);

void peer_open(struct peer *peer, struct fixture *f, const char *answer);
void peer_hang_up(struct peer *peer);
void peer_close(struct peer *peer);
void ask_peer(struct peer *peer, struct http_ask what, struct outcome *outcome);
