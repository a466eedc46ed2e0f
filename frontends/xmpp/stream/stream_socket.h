/* SPDX-License-Identifier: MIT */
/*
 * A TCP connection of an XMPP stream: reading, TLS once it was started, and output that is collected and written
 * once a loop turn. A `struct stream_batch` is what several sockets share: when a turn's work is done it runs the
 * owner's hook and then flushes every socket that has something to write.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <openssl/ssl.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"

struct stream_batch {
	uv_prepare_t prepare;
	uv_check_t check;
	struct list dirty; /* struct stream_socket */
	void (*turn)(void *context); /* or NULL: before the sockets are flushed */
	void (*after)(void *context); /* or NULL: when they have been, and something was written */
	void *context;
	char *input; /* one read buffer for all: what is read is used up before the next read */
	unsigned number; /* of the turn */
	unsigned handles;
	void (*closed)(void *context);
};

/* The handles do not keep the loop alive. The batch must outlive its sockets, and stay until closed(context). */
void stream_batch_init(struct stream_batch *batch, uv_loop_t *loop, void (*turn)(void *context), void *context);
void stream_batch_close(struct stream_batch *batch, void (*closed)(void *context));

struct stream_socket;

struct stream_socket_ops {
	/* Bytes came (decrypted). The callee may overwrite them. */
	void (*data)(void *context, char *bytes, size_t count);
	/* The peer has closed (TP_ERR_CLOSED), or the connection is broken (TP_ERR_IO; `reason` for the log). Nothing
	 * is read any more; the owner closes the socket. */
	void (*ended)(void *context, int error, const char *reason);
	/* Optional: queued output fell below half of LIMIT_STREAM_OUT_BYTES after a send was refused. */
	void (*drained)(void *context);
	/* Optional: more than LIMIT_STREAM_OUT_HIGH are queued; fewer than half of it again. */
	void (*full)(void *context, bool full);
	/* Optional: the kernel has taken all output up to this stream_socket_position. */
	void (*written)(void *context, uint64_t position);
	/* The last call: the socket is freed when this returns. */
	void (*closed)(void *context);
};

struct stream_socket *stream_socket_create(struct stream_batch *batch, const struct stream_socket_ops *ops,
					   void *context);
uv_tcp_t *stream_socket_tcp(struct stream_socket *socket);
/* Once it is connected or accepted: keepalive and time-outs, so that a dead peer is noticed in about two minutes. */
void stream_socket_tune(struct stream_socket *socket);
int stream_socket_read_start(struct stream_socket *socket);
void stream_socket_read_stop(struct stream_socket *socket);
/* At most `chunk` bytes are read in one turn of the loop (16 KiB otherwise, and at most). Who sends more than
 * `burst` bytes beyond `rate` a second is not read for a while: nothing is lost, it has to wait. `rate` 0: no such
 * limit. */
void stream_socket_set_pace(struct stream_socket *socket, size_t chunk, size_t rate, size_t burst);
/* 0, or TP_ERR_LIMIT: LIMIT_STREAM_OUT_BYTES are queued, nothing was added; TP_ERR_CLOSED after close. */
int stream_socket_send(struct stream_socket *socket, const char *bytes, size_t count);
/* Bytes that stream_socket_send has taken since the beginning. */
uint64_t stream_socket_position(const struct stream_socket *socket);
size_t stream_socket_queued(const struct stream_socket *socket);
/* clock_ms since which the peer has taken none of a write; 0: none is waiting. */
uint64_t stream_socket_stalled_since(const struct stream_socket *socket);
/* What was sent so far goes out as it is; everything after that is encrypted. */
void stream_socket_start_tls(struct stream_socket *socket, SSL_CTX *context);
bool stream_socket_is_encrypted(const struct stream_socket *socket);
/* Writes what is queued, closes our side, and waits up to 2 s for the peer to close its own; what comes meanwhile is
 * not read. ops->closed comes later, never from inside. The owner sets the time limit for the writing:
 * stream_socket_abort. Until all is written reading goes on, for a peer that answers, unless stopped. */
void stream_socket_finish(struct stream_socket *socket);
void stream_socket_abort(struct stream_socket *socket);
