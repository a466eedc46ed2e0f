/* SPDX-License-Identifier: MIT */
/* The store in a folder of its own, with an HTTP server on loopback. */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "base/buf.h"
#include "tests/unit/http/client.h"
#include "transport/media/media_private.h"

struct fixture {
	uv_loop_t loop;
	struct http_server *server;
	struct media_config config;
	struct media *media;
	char folder[64];
	bool stopped, closed;
	struct http_listener *peer; /* somebody else's server */
	const char *peer_body;
	size_t peer_length;
	unsigned peer_status, peer_requests, allowed_port;
	struct http_request *waiting; /* at the peer, without an answer */
	struct media_writer *writer; /* of the source */
	struct buf reference;
	unsigned fetches;
};

struct outcome {
	unsigned done;
	int err;
	struct media_file file; /* with texts of `name` and of the store */
	struct buf name, problem;
};

int media_set_up(void **state);
int media_tear_down(void **state);
void media_start(struct fixture *f);
void media_stop(struct fixture *f);
/* Somebody else's server, with f->peer_... for everything below /f/; the guard lets its port through. */
void peer_open(struct fixture *f, struct http_server *server);
char *peer_url(struct fixture *f, const char *name);

void outcome_take(void *context, int err, const struct media_file *file, const char *problem); /* a media_done */
void outcome_finish(struct outcome *outcome);
/* Stores it and waits. The result's error. */
int store(struct fixture *f, const char *owner, const char *name, const void *bytes, size_t count,
	  struct outcome *outcome);
/* Stores `count` bytes, which begin with the number. */
int store_number(struct fixture *f, const char *owner, unsigned number, size_t count, struct outcome *outcome);
/* Its time becomes so long ago. */
void age(struct fixture *f, const struct outcome *outcome, long seconds);
bool is_there(struct fixture *f, const struct outcome *outcome);
/* Files in the folder whose names begin so; of any name, but the key, for "". */
unsigned count_files(struct fixture *f, const char *begin);
/* What is answered to a GET of the URL, with more header lines, each with its CR LF. */
const char *get(struct fixture *f, const char *url, const char *headers);
bool has_header(const char *answer, const char *line);
