/* SPDX-License-Identifier: MIT */
/* One websocket as libwebsockets sees it: frames in and out. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/wire/socket_mode_private.h"

/* A frame in slack_socket.out: its length, room for libwebsockets' header, its text. */
#define HEAD (sizeof(size_t) + LWS_PRE)
#define KEPT_BYTES (64u << 10)

void slack_socket_put(struct slack_socket *socket, const char *text, size_t length)
{
	bool first = socket->out_at == socket->out.len; /* else it is asked already */
	char *room = buf_reserve(&socket->out, HEAD + length);

	memcpy(room, &length, sizeof(length));
	memcpy(room + HEAD, text, length);
	socket->out.len += HEAD + length;
	if (socket->wsi && first)
		lws_callback_on_writable(socket->wsi);
}

/* libwebsockets writes each frame by itself: while corked, they leave in as few packets as they fit in. */
static void cork(struct slack_socket *socket, int on)
{
	setsockopt(lws_get_socket_fd(socket->wsi), IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

static size_t length_at(const struct buf *out, size_t at)
{
	size_t length;

	memcpy(&length, out->data + at, sizeof(length));
	return length;
}

static bool has_several(const struct slack_socket *socket)
{
	return socket->out_at < socket->out.len &&
	       socket->out_at + HEAD + length_at(&socket->out, socket->out_at) < socket->out.len;
}

/* Each in one frame that is not fragmented: Slack drops others. False: the connection has failed. */
static bool send_frames(struct slack_socket *socket)
{
	while (socket->out_at < socket->out.len && !lws_partial_buffered(socket->wsi)) {
		char *at = socket->out.data + socket->out_at;
		size_t length = length_at(&socket->out, socket->out_at);

		if (lws_write(socket->wsi, (unsigned char *)at + HEAD, length, LWS_WRITE_TEXT) < (int)length)
			return false;
		socket->out_at += HEAD + length;
	}
	return true;
}

static bool send_some(struct slack_socket *socket)
{
	bool several = has_several(socket);

	if (several)
		cork(socket, 1);
	bool good = send_frames(socket);

	if (several)
		cork(socket, 0);
	if (!good)
		return false;
	if (socket->out_at == socket->out.len) {
		buf_clear(&socket->out);
		buf_shrink(&socket->out, KEPT_BYTES);
		socket->out_at = 0;
	}
	return true;
}

static bool send_ping(struct slack_socket *socket)
{
	unsigned char room[LWS_PRE + 4] = {0};

	socket->ping = false;
	return lws_write(socket->wsi, room + LWS_PRE, 4, LWS_WRITE_PING) >= 4;
}

/* To return -1 from here would drop the connection without a close frame, and from where frames are received
 * crashes libwebsockets 4.1.6; with a reason set, this sends it and waits for the peer's. */
static void send_close(struct slack_socket *socket)
{
	socket->close_sent = true;
	lws_close_reason(socket->wsi, (enum lws_close_status)socket->close_code, NULL, 0);
	lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

/* -1: it is to be closed. */
static int write_some(struct slack_socket *socket)
{
	if (socket->close_sent)
		return 0;
	if (socket->ping && !lws_partial_buffered(socket->wsi) && !send_ping(socket))
		return -1;
	if (!send_some(socket))
		return -1;
	if (socket->out.len > 0 || socket->ping) {
		lws_callback_on_writable(socket->wsi);
		return 0;
	}
	if (socket->stage == SOCKET_CLOSING)
		send_close(socket);
	return 0;
}

static void take_some(struct slack_socket *socket, const void *bytes, size_t length)
{
	struct lws *wsi = socket->wsi;
	bool whole = lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi);

	socket->heard_ms = uv_now(socket->mode->loop);
	if (lws_frame_is_binary(wsi) || socket->stage == SOCKET_CLOSING)
		return;
	if (socket->in.len + length > LIMIT_SLACK_FRAME_BYTES) {
		buf_finish(&socket->in);
		socket_mode_give_up(socket, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
		                    "it sends a frame that is too long");
		return;
	}
	if (whole && !socket->in.len) {
		socket_mode_take(socket, bytes, length);
		return;
	}
	buf_append(&socket->in, bytes, length);
	if (!whole)
		return;
	struct buf frame = socket->in;

	socket->in = (struct buf){0};
	socket_mode_take(socket, buf_text(&frame), frame.len);
	buf_clear(&frame);
	buf_shrink(&frame, KEPT_BYTES);
	buf_finish(&socket->in);
	socket->in = frame;
}

static void refused(struct slack_socket *socket, const char *why, size_t length)
{
	struct buf text = {0};

	/* It is terminated within its length. */
	text_show(&text, why ? why : "no connection", why ? strnlen(why, length) : strlen("no connection"),
	          200);
	socket_mode_lost(socket, buf_text(&text));
	buf_finish(&text);
}

int slack_socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t length)
{
	struct slack_socket *socket = user;

	if (!socket) /* the vhost's own; or of a connection that was cut */
		return reason == LWS_CALLBACK_CLIENT_RECEIVE || reason == LWS_CALLBACK_CLIENT_WRITEABLE ||
		                       reason == LWS_CALLBACK_CLIENT_ESTABLISHED
		               ? -1
		               : 0;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		socket->wsi = wsi;
		socket_mode_opened(socket);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		take_some(socket, in, length);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
		socket->heard_ms = uv_now(socket->mode->loop);
		return 0;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return write_some(socket);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		refused(socket, in, length);
		return 0;
	case LWS_CALLBACK_CLIENT_CLOSED:
		socket_mode_lost(socket, "the connection was closed");
		return 0;
	default:
		return 0;
	}
}
