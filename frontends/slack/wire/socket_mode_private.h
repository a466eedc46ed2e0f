/* SPDX-License-Identifier: MIT */
/* What the files of socket_mode share; nobody else includes it (but tests). */
#pragma once

#include <libwebsockets.h>

#include "base/arena.h"
#include "base/list.h"
#include "frontends/slack/wire/socket_mode.h"

enum slack_socket_stage {
	SOCKET_OPENING,  /* its host is looked up, or it is being connected */
	SOCKET_GREETING, /* it is open */
	SOCKET_READY,    /* hello was said */
	SOCKET_LEAVING,  /* another is READY: waits for acknowledgements */
	SOCKET_CLOSING,  /* sends what is left and a close frame */
};

struct slack_socket {
	struct socket_mode *mode;
	struct list link; /* socket_mode.sockets */
	socket_number number;
	enum slack_socket_stage stage;
	struct lws *wsi;               /* NULL: not connected to */
	bool ended;                    /* the attempt to connect has ended */
	char *host, *authority, *path; /* authority: the host, with a port that is not its scheme's */
	unsigned port;
	bool tls;
	struct lookup *lookup;         /* under way */
	struct addrinfo *found, *next; /* addresses that were not tried */
	uint64_t due_ms;               /* of OPENING to its hello, LEAVING, CLOSING */
	uint64_t heard_ms, pinged_ms;
	bool ping; /* to be sent */
	bool close_sent;
	unsigned close_code;
	unsigned unanswered; /* envelopes */
	struct buf in;       /* a frame of which more is to come */
	struct buf out;      /* acknowledgements (struct out_frame) from out_at on */
	size_t out_at;
};

/* Milliseconds. */
struct socket_times {
	unsigned tick, ping, silence, hello, leave, close, retry, retry_last;
};

struct socket_mode {
	struct http_server *http;
	uv_loop_t *loop;
	struct lws_context *context;      /* borrowed; NULL before the first start */
	struct lws_vhost *plain, *secure; /* made when first needed */
	struct web_api *api;
	struct web_token *token;
	struct socket_ops ops;
	struct log log;
	struct socket_times times;
	struct list sockets;
	socket_number last_number;
	enum socket_state state;
	bool started, had_one; /* had_one: no gap since the last hello */
	bool held;
	struct asking *asking; /* for a URL; NULL: not */
	unsigned failures;     /* in a row */
	bool closing, ended;
	unsigned handles, lookups;
	uv_timer_t tick, retry;
	uv_check_t turn; /* when frames came in this turn */
	bool some;
	struct arena arena;
	void (*closed)(void *context);
	void *closed_context;
};

/* socket_frame.c: what libwebsockets calls. */
int slack_socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t length);
/* Queues a frame of text. */
void slack_socket_put(struct slack_socket *socket, const char *text, size_t length);

/* socket_mode.c */
/* For tests: that are open, whether they were greeted or not. */
unsigned socket_mode_sockets(const struct socket_mode *mode);
/* A whole frame. */
void socket_mode_take(struct slack_socket *socket, const char *bytes, size_t length);
void socket_mode_opened(struct slack_socket *socket);
/* The socket is gone, or never came to be; it is freed. */
void socket_mode_lost(struct slack_socket *socket, const char *why);
/* It is of no use any more: another is opened. */
void socket_mode_give_up(struct slack_socket *socket, unsigned code, const char *why);
/* With a close frame. */
void slack_socket_leave(struct slack_socket *socket, unsigned code);
