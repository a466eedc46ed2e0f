/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/tls.h"

#include <limits.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "base/error.h"
#include "base/mem.h"

#define RECORD_BYTES (16u << 10)

struct tls {
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
};

SSL_CTX *tls_context_create(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!context)
		abort(); /* out of memory: base/mem.h */
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
					     SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	return context;
}

void tls_context_destroy(SSL_CTX **context)
{
	SSL_CTX_free(*context);
	*context = NULL;
}

struct tls *tls_create(SSL_CTX *context)
{
	struct tls *tls = MEM_NEW(struct tls);

	tls->ssl = SSL_new(context);
	tls->in = BIO_new(BIO_s_mem());
	tls->out = BIO_new(BIO_s_mem());
	if (!tls->ssl || !tls->in || !tls->out)
		abort();
	SSL_set_bio(tls->ssl, tls->in, tls->out);
	SSL_set_accept_state(tls->ssl);
	return tls;
}

void tls_destroy(struct tls **tls)
{
	if (!*tls)
		return;
	SSL_free((*tls)->ssl);
	MEM_FREE(*tls);
}

static int failure(const char **reason)
{
	unsigned long error = ERR_get_error();
	const char *text = error ? ERR_reason_error_string(error) : NULL;

	*reason = text ? text : "protocol error";
	ERR_clear_error();
	return TP_ERR_INVALID;
}

int tls_receive(struct tls *tls, const char *bytes, size_t count, struct buf *plain, const char **reason)
{
	if (count > INT_MAX || (count && BIO_write(tls->in, bytes, (int)count) != (int)count))
		return failure(reason);
	for (;;) {
		char *room = buf_reserve(plain, RECORD_BYTES);
		int got;

		ERR_clear_error();
		got = SSL_read(tls->ssl, room, RECORD_BYTES);
		if (got > 0) {
			plain->len += (size_t)got;
			continue;
		}
		switch (SSL_get_error(tls->ssl, got)) {
		case SSL_ERROR_WANT_READ:
		case SSL_ERROR_WANT_WRITE:
			return 0;
		case SSL_ERROR_ZERO_RETURN:
			return TP_ERR_CLOSED;
		default:
			return failure(reason);
		}
	}
}

bool tls_is_established(const struct tls *tls)
{
	return SSL_is_init_finished(tls->ssl);
}

int tls_send(struct tls *tls, const char *bytes, size_t count)
{
	while (count) {
		int chunk = count < INT_MAX / 2 ? (int)count : INT_MAX / 2;
		int put;

		ERR_clear_error();
		put = SSL_write(tls->ssl, bytes, chunk);
		if (put <= 0)
			return TP_ERR_IO;
		bytes += put;
		count -= (size_t)put;
	}
	return 0;
}

void tls_output(struct tls *tls, struct buf *wire)
{
	for (;;) {
		size_t waiting = BIO_ctrl_pending(tls->out);
		int got;

		if (waiting == 0)
			return;
		if (waiting > INT_MAX / 2)
			waiting = INT_MAX / 2;
		got = BIO_read(tls->out, buf_reserve(wire, waiting), (int)waiting);
		if (got <= 0)
			return;
		wire->len += (size_t)got;
	}
}

void tls_shutdown(struct tls *tls)
{
	ERR_clear_error();
	SSL_shutdown(tls->ssl);
	ERR_clear_error();
}
