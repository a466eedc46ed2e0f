/* SPDX-License-Identifier: MIT */
/*
 * service.backend_port, for programs that ask a running Spectrum by its port (spectrum2_manager and others): a
 * listener on the loopback address where a QUERY frame, sent at once or after a PONG, is answered by a QUERY
 * frame with what admin_execute says. It never makes a backend, and it takes only who could use the control
 * socket as well: sockets of our own uid or root, and no process that descends from a backend. All else there
 * is refused and logged.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

struct query_port;
struct transport;

/* 0 or an error with a sentence. *port stays NULL where service.backend_port is 0 or empty. */
int query_port_open(struct transport *transport, struct query_port **port, struct buf *error);
/* Whether service.backend_port is a port number; otherwise a line in `error`. */
bool query_port_check(const struct transport *transport, struct buf *error);
/* Closes it and removes the portfile. */
void query_port_close(struct query_port **port);
