/* SPDX-License-Identifier: MIT */
/*
 * Takes connections from a listening socket on a libuv loop: a few in each turn, so that many who come at once do not
 * hold up those who are there; and when the process has no descriptors left it says so and refuses them, where libuv
 * would refuse them in silence. Loop thread only.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/buf.h"
#include "base/log.h"

#define ACCEPTOR_TURN 4 /* connections taken in one loop turn */

struct acceptor;

/* `fd` is the callee's: non-blocking, closed on execution. It may hold, rest or close the acceptor. */
typedef void acceptor_taken(void *context, int fd);

/* Binds and listens. The descriptor, non-blocking and closed on execution, or -1 with errno. A TCP port that was in use
 * a moment ago may be taken at once. */
int acceptor_listen(const struct sockaddr *address, socklen_t size, int backlog);

/* Takes `fd` over, which listens. NULL: the loop cannot watch it; it is closed then. `log` has to stay. */
struct acceptor *acceptor_open(uv_loop_t *loop, int fd, const struct log *log, acceptor_taken *taken, void *context);
/* Those who come meanwhile wait in the kernel. */
void acceptor_hold(struct acceptor *acceptor, bool hold);
/* The same for `ms` milliseconds. */
void acceptor_rest(struct acceptor *acceptor, unsigned ms);
/* The listening socket, for its address. */
int acceptor_fd(const struct acceptor *acceptor);
/* Closes the socket at once. `closed` may be NULL; called in a later turn, when the loop has let go of all. */
void acceptor_close(struct acceptor **acceptor, void (*closed)(void *context), void *context);
