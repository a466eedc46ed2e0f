/* SPDX-License-Identifier: MIT */
/* What the files of transport/http share; nobody else includes it (but its tests). */
#pragma once

#include <libwebsockets.h>

#include "base/arena.h"
#include "base/list.h"
#include "config/limits.h"
#include "transport/http/http_server.h"

#define HTTP_SLOTS (LIMIT_HTTP_CONNECTIONS + 64) /* more than the limit: what closes has not closed yet */
#define HTTP_CHUNK (32u << 10)

/* Milliseconds. */
struct http_timing {
	uint64_t head;     /* from the connection to the end of the head */
	uint64_t progress; /* for each LIMIT_HTTP_PROGRESS_BYTES, either way */
	uint64_t answer;   /* from the end of the body to the answer */
	uint64_t discard;  /* of a body that was refused */
	uint64_t tick;
};

struct http_server {
	uv_loop_t *loop;
	struct log log;
	struct lws_context *context; /* NULL until the first listener */
	struct lws_vhost *vhost;
	struct http_timing timing;
	size_t connections_max;
	struct list listeners;
	struct list requests; /* oldest first */
	size_t count;
	/* What lws knows of a request is its slot and how often that was used: it may speak of one that is
	 * gone. */
	struct http_request *slots[HTTP_SLOTS];
	uint32_t generation;
	uv_timer_t tick;  /* runs while there are connections */
	unsigned handles; /* of listeners, not yet closed */
	unsigned borrowers; /* of the context */
	bool full;        /* no descriptors are left: listeners pause until the next tick */
	bool warned_full;
	bool closing, ending;
	unsigned end_turns;
	void (*stopped)(void *context);
	void *stopped_context;
};

struct http_listener {
	struct http_server *server;
	struct list link;
	struct list routes;
	uv_poll_t poll;
	int fd;
	char *host;
	unsigned asked_port, port;
};

struct http_ahead;

enum http_stage {
	HTTP_HEAD_EXPECTED,
	HTTP_BODY_EXPECTED,
	HTTP_WORKING,    /* the handler's turn */
	HTTP_SENDING,    /* what is left of the body is thrown away */
	HTTP_DISCARDING, /* answered; the rest of a refused body is taken, so that the peer sees the answer */
	HTTP_ENDED,
};

struct http_request {
	struct http_server *server;
	struct http_listener *listener;
	const struct http_route *route; /* NULL: none, or not yet known */
	struct list link;
	struct lws *wsi; /* NULL before lws knows it, and once it has forgotten it */
	struct http_ahead *ahead; /* before (http_ahead.c); else NULL */
	const char *target; /* as it was sent; NULL: not known */
	unsigned slot;
	uint32_t generation;
	enum http_stage stage;
	unsigned inside;   /* calls of lws that are under way: it is closed by their result */
	uint64_t since_ms; /* the stage, or the last progress */
	uint64_t moved;    /* bytes since then */
	bool held;
	struct arena arena;
	enum http_method method;
	const char *path;
	uint64_t content_length, received;
	struct buf collected;
	void *data;

	/* the answer */
	unsigned status;
	struct buf headers, out;
	size_t sent;
	uint64_t file_at, file_left;
	int file; /* -1: none */
	uv_fs_t read;
	bool reading;
	uv_poll_t poll; /* on a descriptor of its own, while the socket is full: lws watches the other one */
	int poll_fd;    /* -1: not in use */
	bool polling;
};

/* http_server.c */

/* Takes a connected socket over. */
void http_server_adopt(struct http_listener *listener, int fd);
/* For tests: an address that nothing listens on. */
struct http_listener *http_listener_create(struct http_server *server);
int http_server_begin(struct http_server *server, struct buf *error);
void http_server_forget(struct http_request *request);
/* Frees the server if it is to close and nothing is left. */
void http_server_check_end(struct http_server *server);
const struct http_route *http_listener_find(const struct http_listener *listener,
                                            const char *path); /* NULL: none */
/* To lws; the descriptor too. */
void http_server_hand_over(struct http_request *request, int fd);
/* http_ahead.c */
/* Waits for the request line, and hands over. */
void http_ahead_begin(struct http_request *request, int fd);
/* One that waits: closes the connection and frees the request. */
void http_ahead_drop(struct http_request *request);
/* http_request.c */
int http_request_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t length);
/* Ends it: `gone`, and the connection is closed. */
void http_request_drop(struct http_request *request);
void http_request_check_time(struct http_request *request, uint64_t now_ms);
void http_request_advance(struct http_request *request, enum http_stage stage);
void http_request_note_progress(struct http_request *request, uint64_t bytes);
/* Frees it if nothing uses it any more. */
void http_request_release(struct http_request *request);
/* The answer is with the kernel. */
void http_request_sent(struct http_request *request);
/* http_answer.c */
void http_answer_continue(struct http_request *request);
void http_answer_finish(struct http_request *request);
