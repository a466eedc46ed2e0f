/* SPDX-License-Identifier: MIT */
/* What the files of transport/http share; nobody else includes it (but its tests). */
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "config/limits.h"
#include "transport/http/http_chunked.h"
#include "transport/http/http_head.h"
#include "transport/http/http_server.h"

#define HTTP_CHUNK (32u << 10) /* read at a time */

/* Milliseconds. */
struct http_timing {
	uint64_t head;     /* from the connection, or the head's first byte, to its end */
	uint64_t idle;     /* from an answer to the next head's first byte */
	uint64_t progress; /* for each LIMIT_HTTP_PROGRESS_BYTES, either way */
	uint64_t answer;   /* from the end of the body to the answer */
	uint64_t discard;  /* from the last answer until the peer closes too */
	uint64_t tick;
};

struct http_server {
	uv_loop_t *loop;
	struct log log;
	struct http_timing timing;
	size_t connections_max;
	unsigned requests_max; /* on a connection */
	struct list listeners;
	struct list connections; /* who was answered last, or has come last, is last */
	size_t count;            /* of connections */
	size_t requests;         /* not freed yet */
	struct http_counters counters;
	uv_timer_t tick;         /* runs while there are connections */
	unsigned handles;        /* of listeners and connections, not yet closed */
	bool begun;              /* there is a tick */
	bool full;               /* no descriptors are left: listeners pause until the next tick */
	bool warned_full;
	bool closing, ending;
	void (*stopped)(void *context);
	void *stopped_context;
	struct lws_context *context; /* http_borrow.c; NULL until it is borrowed */
	unsigned borrowers;
	unsigned end_turns;
	void (*ended)(struct http_server *server);
	char scratch[HTTP_CHUNK]; /* what was read, while it is handled */
};

struct http_listener {
	struct http_server *server;
	struct list link;
	struct list routes;
	uv_poll_t poll;
	int fd;
	bool held;
	char *host;
	unsigned asked_port, port;
};

struct http_connection {
	struct http_server *server;
	struct http_listener *listener;
	struct list link;
	uv_poll_t poll;
	int fd;
	int watched;                  /* events of the poll */
	struct http_request *request; /* that is served; NULL: a head is awaited */
	struct buf in;                /* has come, and waits */
	size_t seen;                  /* of the next head: http_head_find_end */
	unsigned requests;            /* heads so far */
	uint64_t since_ms;            /* without a request: of the answer, the head's first byte, or the lingering */
	bool skipped;                 /* an empty line in front of the next head */
	bool at_end;                  /* the peer sends no more */
	bool is_blocked;              /* an answer waits for room in the socket */
	bool resumes;                 /* `in` is to be looked at again, in a turn of its own */
	bool lingers;                 /* nothing more is answered: what comes is thrown away until the peer closes */
	bool closed;
	bool inside;                  /* its bytes are being handled: whoever did that sees to what is left */
};

enum http_stage {
	HTTP_HEAD_TAKEN,
	HTTP_BODY_EXPECTED,
	HTTP_WORKING, /* the handler's turn */
	HTTP_SENDING, /* what is left of the body is thrown away */
	HTTP_ENDED,
};

struct http_request {
	struct http_server *server;
	struct http_connection *connection; /* NULL: it has ended */
	const struct http_route *route;     /* NULL: none, or not yet known */
	enum http_stage stage;
	unsigned inside;   /* it is in use further up the stack */
	uint64_t since_ms; /* the stage, or the last progress */
	uint64_t moved;    /* bytes since then */
	bool held;
	struct arena arena;
	struct http_head head;
	const char *path;
	struct http_chunked chunked;
	uint64_t received;
	bool is_whole; /* all of the body has come */
	struct buf collected;
	void *data;

	/* the answer */
	bool keeps; /* the connection, behind it */
	unsigned status;
	struct buf headers, out;
	size_t sent;
	uint64_t file_at, file_left;
	int file; /* -1: none */
	uv_fs_t read;
	bool reading;
};

/* http_server.c */

/* For tests: an address that nothing listens on. */
struct http_listener *http_listener_create(struct http_server *server);
void http_server_begin(struct http_server *server);
/* Frees the server if it is to close and nothing is left. */
void http_server_check_end(struct http_server *server);
void http_server_start_tick(struct http_server *server);
/* NULL: none. */
const struct http_route *http_listener_find(const struct http_listener *listener, const char *path);
/* http_borrow.c */
/* Ends the context, over turns of the loop; `ended` is called from it. */
void http_borrow_end(struct http_server *server, void (*ended)(struct http_server *server));
/* http_connection.c */
/* Takes a connected socket over. */
void http_connection_open(struct http_listener *listener, int fd);
/* At once; `gone` of its request is called before this returns. */
void http_connection_drop(struct http_connection *connection);
/* The request has been answered, and is no more on this connection. */
void http_connection_answered(struct http_connection *connection, bool keeps);
/* Something has changed for which it has to be watched, or not. */
void http_connection_watch(struct http_connection *connection);
void http_connection_check_time(struct http_connection *connection, uint64_t now_ms);
/* http_request.c */
struct http_request *http_request_create(struct http_connection *connection);
/* A head, and the body if it comes with none. `status`: why it is none; 0. */
void http_request_take_head(struct http_request *request, unsigned status, const char *sentence);
/* Whether it has a use for what comes. */
bool http_request_wants_more(const struct http_request *request);
/* What is the body's; how much was taken. */
size_t http_request_take_body(struct http_request *request, const char *bytes, size_t count);
/* Ends it: `gone`. The connection is left to the caller. */
void http_request_end(struct http_request *request);
void http_request_check_time(struct http_request *request, uint64_t now_ms);
void http_request_advance(struct http_request *request, enum http_stage stage);
void http_request_note_progress(struct http_request *request, uint64_t bytes);
/* Frees it if nothing uses it any more. */
void http_request_release(struct http_request *request);
/* http_answer.c */
void http_answer_continue(struct http_request *request);
/* The socket has room. */
void http_answer_send(struct http_request *request);
