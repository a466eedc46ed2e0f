/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "plugin/plugin_private.h"

#define INHERITED_FD "LIBTRANSPORT_FD"
#define ATTACH_FD "LIBTRANSPORT_ATTACH_FD"
#define CONNECT_MS 10000

static bool is_connected_socket(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);
	int type = 0;
	socklen_t type_size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM &&
	       getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

static bool is_listening_socket(int fd)
{
	int domain = 0, listens = 0;
	socklen_t size = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

/* A socket that the gateway left open for us, or -1. The variable goes: it means nothing to our children. A
 * wrapper script may have closed the socket and kept the variable. */
static int take_inherited(const char *variable, bool (*is_good)(int fd), const char *what, const struct log *log)
{
	const char *text = getenv(variable);
	char *end;
	long fd;

	if (!text)
		return -1;
	errno = 0;
	fd = strtol(text, &end, 10);
	if (end == text || *end || errno || fd <= STDERR_FILENO || fd > 1 << 20 || !is_good((int)fd)) {
		log_warning(log, "%s=%s is not a %s socket", variable, log_quote(text), what);
		fd = -1;
	}
	unsetenv(variable);
	if (fd < 0)
		return -1;
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	fcntl((int)fd, F_SETFL, fcntl((int)fd, F_GETFL) | O_NONBLOCK);
	return (int)fd;
}

/* 0 or an errno. */
static int wait_connected(int fd)
{
	struct pollfd watch = {.fd = fd, .events = POLLOUT};
	int ready, problem = 0;
	socklen_t size = sizeof(problem);

	do
		ready = poll(&watch, 1, CONNECT_MS);
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return errno;
	if (!ready)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 ? problem : errno;
}

static int connect_address(const struct addrinfo *address, int *problem)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol), on = 1;

	if (fd < 0) {
		*problem = errno;
		return -1;
	}
	*problem = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
	if (*problem == EINPROGRESS)
		*problem = wait_connected(fd);
	if (*problem) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int connect_tcp(const char *host, const char *port, struct buf *error)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *addresses;
	int fd = -1, problem = 0, unknown = getaddrinfo(host, port, &wanted, &addresses);

	if (unknown) {
		buf_printf(error, "cannot connect to host %s, port %s: %s", host, port, gai_strerror(unknown));
		return -1;
	}
	for (const struct addrinfo *each = addresses; each && fd < 0; each = each->ai_next)
		fd = connect_address(each, &problem);
	freeaddrinfo(addresses);
	if (fd < 0)
		buf_printf(error, "cannot connect to host %s, port %s: %s", host, port, strerror(problem));
	return fd;
}

int connect_gateway(const struct plug_arguments *arguments, const struct log *log, struct buf *error)
{
	int fd = take_inherited(INHERITED_FD, is_connected_socket, "connected", log);

	/* Without it host and port are still good; but then the gateway looks up whose socket it is, in what a process that
	 * cannot be dumped hides from it. */
	if (fd >= 0) {
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		return fd;
	}
	if (!arguments->port) {
		buf_puts(error, "no --port was given: this program is started by the gateway (service.backend)");
		return -1;
	}
	return connect_tcp(arguments->host ? arguments->host : "127.0.0.1", arguments->port, error);
}

int connect_attach_socket(const struct log *log)
{
	return take_inherited(ATTACH_FD, is_listening_socket, "listening Unix", log);
}
