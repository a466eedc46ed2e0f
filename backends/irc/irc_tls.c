/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/mem.h"

struct irc_tls_context {
	SSL_CTX *ssl;
};

struct irc_tls {
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	bool ready;
	unsigned long problem;
};

static bool load_authorities(SSL_CTX *ssl, const char *ca_file)
{
	if (*ca_file)
		return SSL_CTX_load_verify_file(ssl, ca_file) == 1;
	return SSL_CTX_set_default_verify_paths(ssl) == 1;
}

struct irc_tls_context *irc_tls_context_create(const char *ca_file, bool verify, struct buf *error)
{
	struct irc_tls_context *context;
	SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());

	if (!ssl) {
		buf_puts(error, "OpenSSL cannot be used");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                              SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (verify && !load_authorities(ssl, ca_file)) {
		buf_printf(error, "certificate authorities cannot be read from %s",
		           *ca_file ? ca_file : "the system");
		SSL_CTX_free(ssl);
		return NULL;
	}
	context = MEM_NEW(struct irc_tls_context);
	context->ssl = ssl;
	return context;
}

void irc_tls_context_destroy(struct irc_tls_context **context)
{
	if (!*context)
		return;
	SSL_CTX_free((*context)->ssl);
	MEM_FREE(*context);
}

static bool set_host(SSL *ssl, const char *host)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct irc_tls *irc_tls_create(struct irc_tls_context *context, const char *host)
{
	struct irc_tls *tls;
	SSL *ssl = SSL_new(context->ssl);

	if (!ssl)
		return NULL;
	if (!set_host(ssl, host)) {
		SSL_free(ssl);
		return NULL;
	}
	tls = MEM_NEW(struct irc_tls);
	tls->ssl = ssl;
	tls->in = BIO_new(BIO_s_mem());
	tls->out = BIO_new(BIO_s_mem());
	SSL_set_bio(ssl, tls->in, tls->out);
	SSL_set_connect_state(ssl);
	return tls;
}

void irc_tls_destroy(struct irc_tls **tls)
{
	if (!*tls)
		return;
	SSL_free((*tls)->ssl);
	MEM_FREE(*tls);
}

static void drain(struct irc_tls *tls, struct buf *wire)
{
	size_t waiting;

	while ((waiting = BIO_ctrl_pending(tls->out)) > 0) {
		int count = BIO_read(tls->out, buf_reserve(wire, waiting), (int)waiting);

		if (count <= 0)
			return;
		wire->len += (size_t)count;
		wire->data[wire->len] = '\0';
	}
}

static int check(struct irc_tls *tls, int result)
{
	int why = SSL_get_error(tls->ssl, result);

	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return 0;
	if (why == SSL_ERROR_ZERO_RETURN)
		return TP_ERR_CLOSED;
	tls->problem = ERR_peek_last_error();
	return TP_ERR_IO;
}

int irc_tls_receive(struct irc_tls *tls, const void *bytes, size_t count, struct buf *plain, struct buf *wire)
{
	int result;

	ERR_clear_error();
	if (count && BIO_write(tls->in, bytes, (int)count) != (int)count)
		return TP_ERR_IO;
	if (!tls->ready) {
		result = SSL_do_handshake(tls->ssl);
		drain(tls, wire);
		if (result != 1)
			return check(tls, result);
		tls->ready = true;
	}
	for (;;) {
		result = SSL_read(tls->ssl, buf_reserve(plain, 4096), 4096);
		if (result <= 0)
			break;
		plain->len += (size_t)result;
		plain->data[plain->len] = '\0';
	}
	drain(tls, wire);
	return check(tls, result);
}

bool irc_tls_is_ready(const struct irc_tls *tls)
{
	return tls->ready;
}

int irc_tls_send(struct irc_tls *tls, const void *bytes, size_t count, struct buf *wire)
{
	const char *from = bytes;

	ERR_clear_error();
	while (count) {
		int result = SSL_write(tls->ssl, from, (int)count);

		drain(tls, wire);
		if (result <= 0)
			return TP_ERR_IO;
		from += result;
		count -= (size_t)result;
	}
	return 0;
}

static enum connection_error certificate_problem(long result)
{
	switch (result) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return CONNECTION_ERROR_CERT_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return CONNECTION_ERROR_CERT_NOT_ACTIVATED;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return CONNECTION_ERROR_CERT_SELF_SIGNED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_CERT_UNTRUSTED:
		return CONNECTION_ERROR_CERT_UNTRUSTED;
	default:
		return CONNECTION_ERROR_CERT_OTHER;
	}
}

enum connection_error irc_tls_problem(const struct irc_tls *tls, struct buf *text)
{
	long result = SSL_get_verify_result(tls->ssl);
	const char *reason = tls->problem ? ERR_reason_error_string(tls->problem) : NULL;

	if (SSL_get_verify_mode(tls->ssl) != SSL_VERIFY_NONE && result != X509_V_OK) {
		buf_printf(text, "The server's certificate is not accepted: %s.",
		           X509_verify_cert_error_string(result));
		return certificate_problem(result);
	}
	buf_printf(text, "TLS failed: %s.", reason ? reason : "the server ended it");
	return tls->ready ? CONNECTION_ERROR_NETWORK : CONNECTION_ERROR_ENCRYPTION;
}
