/* SPDX-License-Identifier: MIT */
/* What the files of the HTTP client share; nobody else includes it (but tests). */
#pragma once

#include <curl/curl.h>

#include "base/list.h"
#include "transport/http/http_client.h"

struct http_pool;

struct http_call {
	struct http_pool *pool;
	struct list link; /* http_pool.fresh or .calls, http_client.doomed */
	CURL *easy;
	struct curl_slist *headers;
	bool is_foreign, is_plain; /* plain: http, not https */
	bool started;   /* the multi handle has it */
	bool cancelled, finished;
	bool unrepeated, sent; /* sent: a request of it has begun */
	bool refused;   /* an address that it may not have was among those tried */
	bool too_long;  /* or `piece` had enough */
	int err;        /* found before it was started */
	const char *problem;
	char trouble[CURL_ERROR_SIZE];
	int body_fd; /* -1: none */
	uint64_t body_at, body_size;
	uint64_t answer_max, size;
	struct buf answer;
	bool (*piece)(void *context, const void *bytes, size_t count);
	void (*done)(void *context, const struct http_result *result);
	void *context;
};

/* Connections that are used again, names that were looked up, and the calls that share them. Strangers' URLs have a
 * pool of their own: they get no connection that was opened for us, and what is slow there delays nobody here. */
struct http_pool {
	struct http_client *client;
	CURLM *multi;
	uv_timer_t timer;
	uint64_t due_ms; /* uv_now when libcurl wants to be called; 0: never */
	struct list fresh; /* asked, not started yet */
	struct list calls;
};

struct http_client {
	uv_loop_t *loop;
	struct log log;
	struct http_pool own, foreign;
	struct list watches; /* struct watch.link (http_client.c) */
	struct list doomed;  /* cancelled where libcurl could not let go of them */
	unsigned inside;     /* libcurl or a callback of a call is under way */
	unsigned handles;    /* of the loop, not closed yet */
	bool closing, ended;
	bool (*allows)(void *context, const struct sockaddr *address);
	void *allows_context;
	void (*closed)(void *context);
	void *closed_context;
	void (*commit)(void *context); /* NULL: nothing has to be done before requests go out */
	void *commit_context;
};

/* For tests, whose servers are on this machine: who decides instead of http_guard_allows where a foreign call goes. */
void http_client_set_guard(struct http_client *client,
			   bool (*allows)(void *context, const struct sockaddr *address), void *context);

/* http_client.c: a socket of libcurl's that http_client_call.c has opened, or is about to close. */
void http_client_opens(struct http_pool *pool, curl_socket_t socket);
void http_client_closes(struct http_pool *pool, curl_socket_t socket);

/* http_client_call.c: one call of libcurl's easy interface. */

struct http_call *http_call_create(struct http_pool *pool, const struct http_ask *ask);
/* Fills the result in; texts are lent until the call is freed or `problem` changes. */
void http_call_result(struct http_call *call, CURLcode code, struct http_result *result, struct buf *problem);
void http_call_free(struct http_call *call);
