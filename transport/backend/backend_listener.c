/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/backend/backend_connection.h"
#include "transport/backend/backend_private.h"
#include "transport/backend/backend_process.h"
#include "transport/transport.h"

#define BACKLOG 16
#define REST_MS 1000

struct backend_listener {
	struct backend *backend;
	uv_poll_t poll;
	int fd;
	unsigned port;
	uint64_t window_ms; /* clock_ms: start of the second that `taken` and `spent_ms` count */
	unsigned taken;
	uint64_t spent_ms;
	bool resting;
};

int backend_listener_socket(const char *host, unsigned *port, struct buf *error)
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
	socklen_t size = sizeof(*in);

	address.ss_family = AF_INET;
	if (inet_pton(AF_INET, host, &in->sin_addr) != 1) {
		address.ss_family = AF_INET6;
		size = sizeof(*in6);
		if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1) {
			buf_puts(error, "service.backend_host is not an address");
			return -1;
		}
	}
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
		buf_printf(error, "cannot listen for the backend on %s: %s", host, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*port = ntohs(address.ss_family == AF_INET ? in->sin_port : in6->sin6_port);
	return fd;
}

static void rest(struct backend_listener *listener)
{
	uv_poll_stop(&listener->poll);
	listener->resting = true;
	listener->window_ms = clock_ms();
}

/* Looking a stranger up costs a walk through /proc, so that not many a second are worth it. */
static bool within_rate(struct backend_listener *listener)
{
	uint64_t now = clock_ms();

	if (now - listener->window_ms >= REST_MS) {
		listener->window_ms = now;
		listener->taken = 0;
		listener->spent_ms = 0;
	}
	if (listener->taken++ < LIMIT_BACKEND_ACCEPTS && listener->spent_ms <= LIMIT_BACKEND_ACCEPT_MS)
		return true;
	log_warning(&listener->backend->log, "too many connections to port %u, resting for a second",
	            listener->port);
	rest(listener);
	return false;
}

static void take(struct backend_listener *listener, int fd)
{
	struct backend *backend = listener->backend;
	struct backend_peer peer;
	int yes = 1;

	if (!backend_peer_in_session(fd, backend_pid(backend), &peer)) {
		log_warning(&backend->log,
		            "refused a connection to port %u from a process that was not started for it (uid "
		            "%ld, pid %d)",
		            listener->port, peer.uid, (int)peer.pid);
		close(fd);
		return;
	}
	if (backend->candidates_count >= LIMIT_BACKEND_CANDIDATES) {
		log_warning(&backend->log, "refused one more connection of pid %d: none has sent a frame yet",
		            (int)peer.pid);
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	struct backend_connection *connection = backend_connection_open(backend, fd, "TCP");
	if (!connection)
		return;
	log_debug(&backend->log, "pid %d connected", (int)peer.pid);
	backend_connection_send(connection, &(struct event){.type = EVENT_PING});
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	struct backend_listener *listener = poll->data;

	(void)events;
	if (status < 0)
		return;
	while (within_rate(listener)) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			uint64_t before = clock_ms();
			take(listener, fd);
			listener->spent_ms += clock_ms() - before;
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN) {
			log_error(&listener->backend->log, "cannot accept a connection: %s", strerror(errno));
			rest(listener);
		}
		listener->taken--;
		return;
	}
}

int backend_listener_open(struct backend *backend, int fd, unsigned port, struct backend_listener **out,
                          struct buf *error)
{
	struct backend_listener *listener = MEM_NEW(struct backend_listener);
	listener->backend = backend;
	listener->fd = fd;
	listener->port = port;
	int err = uv_poll_init(backend->transport->loop, &listener->poll, fd);
	if (err < 0) {
		buf_printf(error, "cannot watch the backend's port: %s", uv_strerror(err));
		close(fd);
		mem_free(listener);
		return TP_ERR_IO;
	}
	listener->poll.data = listener;
	backend->parts++;
	uv_poll_start(&listener->poll, UV_READABLE, on_connection);
	*out = listener;
	return 0;
}

unsigned backend_listener_port(const struct backend_listener *listener)
{
	return listener->port;
}

void backend_listener_check(struct backend_listener *listener, uint64_t now_ms)
{
	if (!listener->resting || now_ms - listener->window_ms < REST_MS)
		return;
	listener->resting = false;
	uv_poll_start(&listener->poll, UV_READABLE, on_connection);
}

static void on_closed(uv_handle_t *handle)
{
	struct backend_listener *listener = handle->data;
	struct backend *backend = listener->backend;

	mem_free(listener);
	backend_part_closed(backend);
}

void backend_listener_close(struct backend_listener **listener)
{
	struct backend_listener *gone = *listener;

	*listener = NULL;
	if (!gone)
		return;
	uv_close((uv_handle_t *)&gone->poll, on_closed);
	close(gone->fd);
}
