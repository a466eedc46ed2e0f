/* SPDX-License-Identifier: MIT */
/*
 * The second way to a backend, for programs that only know --host and --port: a listener of that spawn alone,
 * on any free port. A connection is taken if its other end is held by a process of the spawn's session;
 * anything else is closed with a warning, and listening goes on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct backend;
struct backend_listener;

/* The socket, on any thread. -1, with a sentence. */
int backend_listener_socket(const char *host, unsigned *port, struct buf *error);
/* Takes the socket over, and connections of the backend's process, which is known by now; before they wait. 0, or
 * TP_ERR_IO with a sentence. */
int backend_listener_open(struct backend *backend, int fd, unsigned port, struct backend_listener **listener,
                          struct buf *error);
unsigned backend_listener_port(const struct backend_listener *listener);
/* After a second's rest it takes connections again (the rate is bounded). */
void backend_listener_check(struct backend_listener *listener, uint64_t now_ms);
void backend_listener_close(struct backend_listener **listener);

/* Who holds the other end of a connected local TCP socket, as far as /proc tells. */
struct backend_peer {
	long uid;  /* -1: unknown */
	pid_t pid; /* 0: unknown */
};

struct network_plugin_server;
/* Whether the other end of `fd` is a socket of our own uid or root that no descendant of ours holds (nor a process
 * in the session of a backend). */
bool backend_peer_may_administer(int fd, const struct network_plugin_server *server, struct backend_peer *peer);
/* Whether a process of session `session` holds the other end of `fd`. */
bool backend_peer_in_session(int fd, pid_t session, struct backend_peer *peer);

/* Whether a process is a backend of ours or what one has started: a descendant, or in the session of a backend, which
 * those have that an earlier core has started. `server` may be NULL. */
bool backend_peer_is_ours(pid_t pid, const struct network_plugin_server *server);
