/* SPDX-License-Identifier: MIT */
/* An XMPP client's bytes: a socket, TLS when asked for. Everything turns the fake frontend's loop. */
#pragma once

#include <stdbool.h>
#include <openssl/ssl.h>

#include "base/buf.h"

struct client {
	int fd;
	SSL_CTX *context;
	SSL *ssl;
	struct buf got; /* since the last client_clear */
	bool closed;
	const char *wanted;
	bool handshake_failed;
};

void client_connect(struct client *client, int port);
void client_close(struct client *client);
void client_say(struct client *client, const char *text);
bool client_sees(struct client *client, const char *text); /* and forgets all up to it */
bool client_sees_end(struct client *client);
bool client_start_tls(struct client *client);
void client_header(struct client *client); /* says a stream header, waits for the features */
/* SASL PLAIN with an empty authorization; password may be NULL */
void client_auth(struct client *client, const char *node, const char *password);
