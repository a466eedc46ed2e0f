/* SPDX-License-Identifier: MIT */
/*
 * The instance's outgoing HTTP, by libcurl's multi interface on the loop thread. Connections are kept and used again;
 * names are resolved off the loop. Certificates and host names are always verified; plain http is for loopback
 * addresses and for what a stranger's link says (`foreign`).
 *
 * libcurl is initialised with the first client. Everything is bounded: LIMIT_HTTP_CLIENT_... in config/limits.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/log.h"
#include "transport/http/http_server.h" /* enum http_method */

struct http_client;
struct http_call;

/* How a call ended. Texts and body are lent to `done`. */
struct http_result {
	/* 0: there was an answer, whatever its status. TP_ERR_TIMEOUT; TP_ERR_IO (no connection, cut off, no valid
	 * certificate); TP_ERR_LIMIT (the answer is longer than answer_max, or `piece` had enough); TP_ERR_NOT_ALLOWED
	 * (the URL, or where it leads, is not for foreign fetches; or plain http to another machine); TP_ERR_INVALID
	 * (not a URL that can be asked). */
	int err;
	const char *problem;   /* one sentence; NULL unless err */
	unsigned status;
	const char *type;      /* Content-Type; NULL: none */
	const char *body;      /* NUL-terminated beyond its length; "" where `piece` took it */
	size_t length;
	int64_t retry_after_ms; /* of Retry-After (seconds or a date); -1: not said */
	int64_t date_ms;        /* of Date: Unix milliseconds as the peer counts them, whole seconds; 0: not said */
	uint64_t size;          /* bytes of the body, also of one that went to `piece` */
	bool sent;              /* of asks that are `unrepeated`: the peer may have got the request */
};

struct http_ask {
	enum http_method method;
	const char *url;
	const char *bearer;              /* NULL, or the token of an Authorization header; never logged */
	const char *const *headers;      /* NULL, or "Name: value", NULL behind the last */
	const char *content_type;        /* of the body; NULL: there is no body */
	const void *body;                /* copied */
	size_t body_length;
	int body_fd;                     /* with body_from_fd: a regular file, read from its start, closed in any case */
	bool body_from_fd;
	uint64_t body_size;              /* of it */
	/* libcurl makes a request again when a connection that was kept turns out to be dead, although the peer may have
	 * acted on it. True: not if the request has begun. */
	bool unrepeated;
	uint64_t answer_max;             /* bytes */
	unsigned timeout_s;              /* for all of it; 0, and at most: LIMIT_HTTP_CLIENT_SECONDS */
	/*
	 * A URL that a stranger gave: http or https on the ports 80, 443 and from 1024 up; no name or spelling that leads
	 * to this machine, a private network, link-local, multicast or otherwise special addresses (IPv4, IPv6, and IPv4
	 * in IPv6; http_guard.h), decided on the very address that is connected to; up to 5 redirects, each checked
	 * the same way. Others are not redirected: the 3xx is the answer.
	 */
	bool foreign;
	/* Pieces of a 2xx body as they come; false: enough, the call ends with TP_ERR_LIMIT. NULL: it is collected. It
	 * may cancel any call, its own too. */
	bool (*piece)(void *context, const void *bytes, size_t count);
	/* Once, never from inside http_client_ask, unless http_call_cancel comes first. */
	void (*done)(void *context, const struct http_result *result);
	void *context;
};

struct http_client *http_client_create(uv_loop_t *loop, const struct log *parent);
/* Called in each turn in which new requests go out, before the first of them does: what they tell is on record then. */
void http_client_commit_with(struct http_client *client, void (*commit)(void *context), void *context);
/* Never NULL. All that the ask points to is copied. */
struct http_call *http_client_ask(struct http_client *client, const struct http_ask *ask);
/* `done` and `piece` are not called any more. *call becomes NULL; NULL is fine. */
void http_call_cancel(struct http_call **call);
/* Back-pressure: while held no more than a buffer of libcurl's is read of the answer, and `piece` is called for none of
 * it. Its time goes on. From `piece` too; not after `done`. */
void http_call_hold(struct http_call *call, bool hold);
uv_loop_t *http_client_loop(const struct http_client *client);
/* Calls that are not done are cancelled. `closed` is called from the loop when no handle is left. *client becomes NULL;
 * NULL is fine and is closed at once. */
void http_client_close(struct http_client **client, void (*closed)(void *context), void *context);

/* Appends `text` percent-encoded, all but unreserved characters (RFC 3986 2.3): a path segment or a query value. */
void http_put_encoded(struct buf *out, const char *text);
