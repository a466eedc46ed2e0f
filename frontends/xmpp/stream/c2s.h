/* SPDX-License-Identifier: MIT */
/*
 * Server mode: the instance is the XMPP server of its people (RFC 6120, 6121). STARTTLS with the configured PKCS#12
 * or PEM certificate, else one made at first run; SASL PLAIN and SCRAM are a matter of the password: the legacy
 * network has to see it, so only PLAIN is offered, and not without TLS unless the client is on loopback. SASL is
 * answered when the backend has logged in.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"

struct c2s_server;
struct xmpp_frontend;

struct c2s_server *c2s_create(struct xmpp_frontend *frontend);
/* Listens on service.server and service.port. 0, or TP_ERR_IO with a sentence. */
int c2s_start(struct c2s_server *server, struct buf *error);
/* Reads the certificate once more, for clients that have not begun TLS yet. Before c2s_start it does nothing. 0; or an
 * error with a sentence, and the former one stays in use. */
int c2s_reload(struct c2s_server *server, struct buf *error);
/* The port that is listened on; 0: none. */
int c2s_port(const struct c2s_server *server);
/* Of all streams: bytes that the kernel has not taken yet, and since when (clock_ms) it takes none of one of them
 * (0: of none). */
size_t c2s_queued(const struct c2s_server *server, uint64_t *since_ms);
void c2s_stop(struct c2s_server *server, void (*stopped)(void *), void *context);
void c2s_destroy(struct c2s_server **server);
/* Queues a stanza to a full JID's stream, or with a bare JID to all streams of it that have sent presence.
 * Returns to how many. */
int c2s_send(struct c2s_server *server, const char *to, const char *stanza, size_t length);
/* Outcome of session_authenticate (frontend_ops.authenticated). */
void c2s_authenticated(struct c2s_server *server, const char *address, int error, const char *text);
/* Ends the streams of a bare JID with a stream error ("conflict", "not-authorized") and a text. */
void c2s_close_streams(struct c2s_server *server, const char *address, const char *condition,
		       const char *text);
