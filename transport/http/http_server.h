/* SPDX-License-Identifier: MIT */
/*
 * The instance's HTTP server: HTTP/1.0 and 1.1 (RFC 9110, 9112) without TLS, on the loop thread. What is
 * reachable from other machines stands behind a reverse proxy that does TLS.
 *
 * Modules open listeners and hang routes on them; two that name the same address share it. A connection is kept
 * for the next request (9112 9.3) unless one of both sides wants it closed: the peer by "Connection: close" or
 * HTTP/1.0, the server after LIMIT_HTTP_REQUESTS, after a head that it does not understand, or if it answers before
 * the body has come. Requests that come early are answered in their order, one after the other.
 *
 *     http_server_listen(server, "127.0.0.1", 9100, &listener, error);
 *     http_listener_route(listener, &(struct http_route){"/hello", .methods = HTTP_GET, .complete =
 * say_hello});
 *
 *     static void say_hello(struct http_request *request, void *context)
 *     {
 *             http_answer(request, 200, "text/plain; charset=utf-8", "hello\n", 6);
 *     }
 *
 * The life of a request:
 *
 *     started ----> body ... body ----> complete ----> gone
 *        '------------'-- http_answer ------'------------^
 *
 * It is answered once, in any of these calls or later. Whoever answers before the body is complete refuses
 * it: the rest is thrown away. What began with `started` ends with `gone`, after the answer was sent (perhaps
 * before http_answer returns) or when the peer has left or was too slow; the request may not be used after
 * it.
 *
 * The server answers by itself what no route wants (404, 405, 411, 413, 431, 501 and their like) and drops peers
 * that are slow: limits are LIMIT_HTTP_... in config/limits.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/log.h"

#define HTTP_LENGTH_UNKNOWN UINT64_MAX

struct http_server;
struct http_listener;
struct http_request;

enum http_method {
	HTTP_GET = 1 << 0,
	HTTP_HEAD =
	        1 << 1, /* comes to routes that have HTTP_GET: answered likewise, sent without the content */
	HTTP_POST = 1 << 2,
	HTTP_PUT = 1 << 3,
	HTTP_DELETE = 1 << 4,
};

struct http_route {
	const char *path; /* "/metrics": this path alone. "/media/": everything below it. The longest that
	                     fits is taken */
	unsigned methods;  /* of enum http_method; with HTTP_POST and HTTP_PUT there must be a Content-Length or chunks */
	uint64_t body_max; /* bytes; a request that announces more is answered with 413 before any of it is
	                      read, chunks that grow beyond it as soon as they do */
	/* The head is there. The place to check a token before anything else is read. NULL: nothing to check.
	 */
	void (*started)(struct http_request *request, void *context);
	/* Pieces of the body, as they come. NULL: it is collected for http_request_body. */
	void (*body)(struct http_request *request, void *context, const void *bytes, size_t count);
	void (*complete)(struct http_request *request, void *context);
	void (*gone)(struct http_request *request, void *context); /* NULL: nobody needs to know */
	void *context;
	/* Words what the server answers by itself on this path (405, 411, 413; 503 when a handler took too long), with
	 * http_answer. The request may have begun or not: beyond that and its method and path nothing is asked of it.
	 * NULL: a sentence of plain text. */
	void (*refused)(struct http_request *request, void *context, unsigned status, const char *sentence);
	bool needs_length; /* with HTTP_POST and HTTP_PUT chunks alone are refused (411) */
};

/* Opens nothing. The loop must outlive it. */
struct http_server *http_server_create(uv_loop_t *loop, const struct log *parent);
/* A listener on a numeric address, or the one that is there already. Port 0: any free one. The listener lives
 * as long as the server. 0, or TP_ERR_INVALID (no address), TP_ERR_IO, with a sentence. */
int http_server_listen(struct http_server *server, const char *host, unsigned port,
                       struct http_listener **listener, struct buf *error);
unsigned http_listener_port(const struct http_listener *listener);
/* Those who come while it is held wait in the kernel, until it is not. */
void http_listener_hold(struct http_listener *listener, bool hold);
/* The route and its path are copied. False: the path is taken. */
bool http_listener_route(struct http_listener *listener, const struct http_route *route);
/* Whether the path, as a route has it, is taken. */
bool http_listener_has_route(const struct http_listener *listener, const char *path);
/* Takes no more connections, drops those that are there (`gone` is called before this returns), and calls
 * `stopped` from the loop when everything is closed and freed. *server becomes NULL; NULL is fine and stops
 * at once. */
void http_server_close(struct http_server **server, void (*stopped)(void *context), void *context);
/* Connections that are open now. */
size_t http_server_count(const struct http_server *server);
/* So far. */
struct http_counters {
	uint64_t connections;
	uint64_t requests; /* those that were no HTTP too */
};
const struct http_counters *http_server_counters(const struct http_server *server);

/*
 * libwebsockets' context of this loop, for other uses of it: a loop has one. It is made if it is not there, and
 * is there until http_server_leave, also if the server is closed before (which then ends after that). Who
 * borrows it makes a vhost of his own. 0, or TP_ERR_IO with a sentence.
 */
struct lws_context;
int http_server_borrow(struct http_server *server, struct lws_context **context, struct buf *error);
void http_server_leave(struct http_server *server);
uv_loop_t *http_server_loop(const struct http_server *server);

/* ---- what was asked; texts are valid as long as the request ---- */

enum http_method http_request_method(const struct http_request *request);
/* Without percent signs, without what follows '?', valid UTF-8 without control characters; "//", "/./" and
 * "/../" are resolved, also where they were written with percent signs. */
const char *http_request_path(const struct http_request *request);
/* What follows the path of the route: "a.png" of "/media/a.png" for "/media/". */
const char *http_request_rest(const struct http_request *request);
/* The same for names of things: decoded, and otherwise as it was sent, so that "a//b" and "a/../b" stay what they
 * are. Never for files. NULL: the route's path was not written like that, or this is no text. */
const char *http_request_id(struct http_request *request);
/* A value of what follows '?', decoded; NULL: not there, or not valid UTF-8 without control characters. */
const char *http_request_query(struct http_request *request, const char *name);
/* A header by its name in lower case; several of one name are joined with commas. NULL: not there, or no
 * text. */
const char *http_request_header(struct http_request *request, const char *name);
/* The token of "Authorization: Bearer TOKEN", or else of "?access_token=TOKEN"; NULL: none. */
const char *http_request_token(struct http_request *request);
/* Whether that is this very token (not empty); takes as long whichever byte differs. */
bool http_request_has_token(struct http_request *request, const char *token);
/* HTTP_LENGTH_UNKNOWN: it comes in chunks. */
uint64_t http_request_content_length(const struct http_request *request);
/* The collected body, terminated by a NUL beyond its length; from `complete` on, for routes without `body`.
 */
const char *http_request_body(struct http_request *request, size_t *length);
/* Back-pressure: while held nothing more of the body is read. The time does not count as the peer's. */
void http_request_hold(struct http_request *request, bool hold);
/* A pointer of the handler's own; NULL at first. */
void http_request_set_data(struct http_request *request, void *data);
void *http_request_data(const struct http_request *request);

/* ---- the answer ---- */

/* A header of the answer, before it. Control characters in the value become '_'. Date, Connection,
 * Content-Length and Content-Type come by themselves. */
void http_answer_header(struct http_request *request, const char *name, const char *value);
/* Copies. `type` NULL: without Content-Type. Does nothing if there was an answer already. */
void http_answer(struct http_request *request, unsigned status, const char *type, const void *content,
                 size_t length);
/* The same; takes what is in `content`, which is empty afterwards. */
void http_answer_buf(struct http_request *request, unsigned status, const char *type, struct buf *content);
/* The regular file behind `fd`, which is closed at the end in any case. Answers Range (one range; several are
 * answered with the whole, as RFC 9110 14.2 allows), If-Range and If-None-Match; `etag` with its quotes,
 * NULL: none. Read on libuv's threads as the peer takes it. */
void http_answer_file(struct http_request *request, int fd, const char *type, const char *etag);
