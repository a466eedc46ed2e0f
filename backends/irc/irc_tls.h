/* SPDX-License-Identifier: MIT */
/* TLS of one client connection as a filter between two byte streams; it knows no sockets. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "protocol/event.h"

struct irc_tls_context;
struct irc_tls;

/* ca_file "" means the system's authorities. NULL: `error` says why. */
struct irc_tls_context *irc_tls_context_create(const char *ca_file, bool verify, struct buf *error);
void irc_tls_context_destroy(struct irc_tls_context **context);

/* A session with the server of that name (also SNI) or literal address. NULL if there cannot be one. */
struct irc_tls *irc_tls_create(struct irc_tls_context *context, const char *host);
void irc_tls_destroy(struct irc_tls **tls);

/* Takes bytes that came from the server (none at first, to begin), appends what they say to `plain` and what
 * must be sent because of them to `wire`. 0, TP_ERR_CLOSED after a proper end, or TP_ERR_IO: see
 * irc_tls_problem. */
int irc_tls_receive(struct irc_tls *tls, const void *bytes, size_t count, struct buf *plain,
                    struct buf *wire);
bool irc_tls_is_ready(const struct irc_tls *tls); /* the handshake is done */
int irc_tls_send(struct irc_tls *tls, const void *bytes, size_t count, struct buf *wire);
/* Why it failed, with a sentence for the user. */
enum connection_error irc_tls_problem(const struct irc_tls *tls, struct buf *text);
