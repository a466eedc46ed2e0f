/* SPDX-License-Identifier: MIT */
/* A server of websockets (RFC 6455) that says exactly what it is told to, by hand. Turned by ws_turn. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "base/buf.h"

#define WS_CONNECTIONS 16

struct ws_connection {
	int fd;             /* -1: closed */
	SSL *ssl;           /* NULL: plain */
	bool open;          /* the handshake is done */
	bool client_closed; /* it has sent a close frame */
	unsigned close_code;
	unsigned pings;
	struct buf in, head, heard; /* heard: "text\n" of each text frame; fragments as "~text\n" */
	struct buf pongs;
};

struct ws_peer {
	int listener;
	unsigned port;
	bool mute; /* answers neither pings nor close frames */
	bool deaf; /* answers no handshake */
	bool redirects;
	SSL_CTX *tls; /* NULL: plain */
	struct ws_connection connections[WS_CONNECTIONS];
	unsigned count;
};

void ws_open(struct ws_peer *peer);
/* wss, with a certificate for this name, signed by itself and written to the file (PEM). */
void ws_use_tls(struct ws_peer *peer, const char *name, const char *file);
void ws_close(struct ws_peer *peer);
/* True, so that it can stand in a condition. */
bool ws_turn(struct ws_peer *peer);
/* opcode with the FIN bit: 0x81 text, 0x89 ping, 0x88 close, 0x01 and 0x80 a text in two. */
void ws_send(struct ws_connection *connection, unsigned char opcode, const void *bytes, size_t length);
void ws_say(struct ws_connection *connection, const char *text);
/* The client's kernel has all that was sent, so that there is room for more; or nobody waits for it any more. */
bool ws_is_taken(const struct ws_connection *connection);
void ws_hang_up(struct ws_connection *connection);
