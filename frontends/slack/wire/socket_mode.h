/* SPDX-License-Identifier: MIT */
/*
 * Socket Mode: the websocket through which Slack hands us events of every workspace that has the app (wss, by
 * libwebsockets on the loop thread). One is open, or two while one takes over from another: a new URL is
 * asked for (apps.connections.open), a new socket must have said hello before the old one is closed, which is
 * read and acknowledged meanwhile. A socket that is silent (no frame, no pong) for
 * LIMIT_SLACK_SILENCE_SECONDS is dead.
 *
 *     AWAY -> OPENING (URL) -> GREETING (socket is open) -> READY (hello) -> LEAVING (another is READY) ->
 * gone
 *
 * Whoever takes an envelope acknowledges it when it is on record, within 3 seconds, on the socket that
 * brought it. An envelope that is not acknowledged comes again; also when the socket is gone by then.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/log.h"
#include "frontends/slack/wire/slack_event.h"
#include "frontends/slack/wire/web_api.h"

struct http_server;
struct socket_mode;

enum socket_state {
	SOCKET_AWAY,      /* none is open; tried again with back-off */
	SOCKET_CONNECTED, /* hello was said */
	SOCKET_DISABLED,  /* link_disabled, or the app's token is refused: not tried again until
	                     socket_mode_start */
};

/* Which socket brought an envelope; good as long as the socket mode, also when the socket is gone. */
typedef uint64_t socket_number;

/* They may call anything here. */
struct socket_ops {
	/* An envelope, or what has no id: frame and its JSON are lent. Never HELLO or DISCONNECT. */
	void (*envelope)(void *context, socket_number socket, const struct slack_frame *frame);
	/* At each hello, and when the last socket is lost. `gap`: with CONNECTED, there was a time without
	 * any socket (also before the first): events of that time may be lost, read history. `text`: why; "".
	 */
	void (*state)(void *context, enum socket_state state, bool gap, const char *text);
	/* At each hello, and when Slack has no place for another: how many sockets it counts, and how many of them we
	 * hold (ghosts.h). */
	void (*counted)(void *context, unsigned connections, unsigned ours);
	/* All frames that were there at this turn have been handed out: a good moment to commit. NULL:
	 * unwanted. */
	void (*batch)(void *context);
	void *context;
};

/* Opens nothing. `http` lends its libwebsockets and may be closed before. The API is needed until socket_mode_close has
 * returned. */
struct socket_mode *socket_mode_create(struct http_server *http, struct web_api *api,
                                       struct web_token *app_token, const struct socket_ops *ops,
                                       const struct log *parent);
void socket_mode_start(struct socket_mode *mode);
/* payload: JSON object, or NULL; only of an envelope that wants one. One that makes the frame longer than
 * LIMIT_SLACK_ACK_BYTES is left out (TP_ERR_LIMIT: the acknowledgement went without). TP_ERR_NOT_CONNECTED:
 * that socket is gone; TP_ERR_INVALID: an id of that length cannot be acknowledged. */
int socket_mode_acknowledge(struct socket_mode *mode, socket_number socket, const char *envelope_id,
                            const char *payload);
/* Another socket takes over, so that Slack counts. Nothing, if none is open or another is on its way. */
void socket_mode_count(struct socket_mode *mode);
/* Back-pressure: nothing is read while held. */
void socket_mode_hold(struct socket_mode *mode, bool hold);
/* Close frames first, so that Slack does not keep a ghost; within a second. `closed` when no handle is left.
 * *mode becomes NULL; NULL is fine and is closed at once. */
void socket_mode_close(struct socket_mode **mode, void (*closed)(void *context), void *context);
