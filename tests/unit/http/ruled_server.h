/* SPDX-License-Identifier: MIT */
/* A server on loopback that answers as well as rules let it: late, never, with an error, or with a time to wait. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "transport/http/http_server.h"

enum { RULES_MAX = 8, HELD_MAX = 64, REQUESTS_MAX = 128 };

/* What is answered to a request whose description has `fits` in it, and how often; then it is answered well. */
struct rule {
	const char *fits;
	unsigned times;  /* 0: for ever */
	unsigned status; /* 0: no answer, until released */
	const char *body; /* JSON; NULL: empty */
	const char *retry_after;
	bool used_up;
};

struct ruled_server {
	/* of the test, before it listens */
	uv_loop_t *loop;
	const char *path;    /* of the one route */
	unsigned methods;    /* likewise */
	void *context;       /* for: */
	void (*describe)(void *context, struct http_request *request, struct buf *what); /* each; for the rules */
	void (*answer_well)(void *context, struct http_request *request);
	/* changed by the test as it likes; the first rule that fits counts */
	struct rule rules[RULES_MAX];
	/* to be read */
	struct http_server *server;
	struct http_listener *listener; /* the last */
	unsigned requests;
	uint64_t came_ms[REQUESTS_MAX]; /* of each request, by clock_ms() */
	struct http_request *held[HELD_MAX]; /* NULL: its client has gone, or the test has answered it */
	unsigned held_count;
	bool closed;
};

/* 0: any port. May be called again, for one more port or after ruled_close(). */
void ruled_listen(struct ruled_server *ruled, unsigned port);
/* Cuts all connections; what was held has no answer. Nothing where it does not listen. */
void ruled_close(struct ruled_server *ruled);
/* What was held is answered well. */
void ruled_release(struct ruled_server *ruled);
