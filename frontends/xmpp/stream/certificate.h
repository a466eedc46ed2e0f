/* SPDX-License-Identifier: MIT */
/* The certificate that clients see: configured, or made at first run. */
#pragma once

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/log.h"

struct certificate_source {
	const char *file;        /* PKCS#12, or PEM with key and chain; "" : one is made */
	const char *password;    /* of the file; "" none */
	const char *domain;      /* whom a made one names */
	const char *working_dir; /* where a made one is kept: cert.pem */
};

/* Puts certificate, chain and key into the context and logs the fingerprint. 0, or TP_ERR_IO / TP_ERR_INVALID with a
 * sentence in `error`. */
int certificate_load(SSL_CTX *context, const struct certificate_source *source, const struct log *log,
		     struct buf *error);
