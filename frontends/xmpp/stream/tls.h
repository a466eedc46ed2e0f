/* SPDX-License-Identifier: MIT */
/* The server side of TLS over bytes in memory: no socket, no loop. TLS 1.2 and 1.3, no renegotiation. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <openssl/ssl.h>

#include "base/buf.h"

SSL_CTX *tls_context_create(void);
/* NULL is fine. */
void tls_context_destroy(SSL_CTX **context);

struct tls;
struct tls *tls_create(SSL_CTX *context);
void tls_destroy(struct tls **tls);
/* Takes bytes from the peer and appends what they decrypt to. What has to be sent in return (handshake) is in
 * tls_output. 0; TP_ERR_CLOSED: the peer said goodbye; TP_ERR_INVALID with a reason in *reason for the log. */
int tls_receive(struct tls *tls, const char *bytes, size_t count, struct buf *plain, const char **reason);
bool tls_is_established(const struct tls *tls);
/* Encrypts; only once the handshake is over. 0 or TP_ERR_IO. */
int tls_send(struct tls *tls, const char *bytes, size_t count);
/* Appends what has to go to the peer. */
void tls_output(struct tls *tls, struct buf *wire);
/* Queues close_notify. */
void tls_shutdown(struct tls *tls);
