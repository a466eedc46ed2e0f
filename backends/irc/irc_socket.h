/* SPDX-License-Identifier: MIT */
/*
 * A connection to a server that speaks in lines: name resolution, each address in turn, TLS, lines in, bytes
 * out. Everything happens on the loop; nothing blocks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "backends/irc/irc_name.h"
#include "protocol/event.h"

struct irc_socket;
struct irc_tls_context;

/* None is called any more once irc_socket_close was called, also not from within another one. */
struct irc_socket_ops {
	void (*connected)(void *context); /* after the TLS handshake */
	/* One line without its end; NUL-terminated, valid UTF-8 (irc_text_decode), to be written to. */
	void (*line)(void *context, char *line);
	/* The connection is gone or never came; call irc_socket_close. */
	void (*closed)(void *context, enum connection_error error, const char *text);
};

struct irc_socket_options {
	const struct irc_server *server;
	struct irc_tls_context *tls; /* used if server->tls */
	bool allow_private;          /* addresses of this machine and of private networks */
};

/* `ops` must outlive it. Never NULL: what fails is reported by `closed`, from the loop. */
struct irc_socket *irc_socket_open(uv_loop_t *loop, const struct irc_socket_options *options,
                                   const struct irc_socket_ops *ops, void *context);
/* Writes what the system takes at once, then lets go. */
void irc_socket_close(struct irc_socket **socket);
void irc_socket_write(struct irc_socket *socket, const void *bytes, size_t count);
size_t irc_socket_queued(const struct irc_socket *socket);
/* Stops and starts reading: for a gateway that does not keep up. */
void irc_socket_pause(struct irc_socket *socket, bool pause);

/* Whether people of several-networks mode may not be led there: loopback, private, link-local, multicast. */
bool irc_address_is_private(const struct sockaddr *address);
