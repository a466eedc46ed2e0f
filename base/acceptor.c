/* SPDX-License-Identifier: MIT */
#include "base/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define REST_MS 1000
#define REFUSED_REST_MS 20 /* turning people away as fast as they come would cost those who are in */
#define SAME_MS (60 * 1000) /* between two complaints of the same kind */

struct acceptor {
	uv_poll_t poll;
	uv_timer_t timer; /* runs while it rests */
	const struct log *log;
	acceptor_taken *taken;
	void *context;
	int fd;
	int reserve; /* a descriptor to take somebody with, only to turn him away; -1: none */
	bool held, resting;
	bool refusing, told; /* and whether the log knows */
	uint64_t told_ms;    /* clock_ms; 0: never */
	unsigned open_handles;
	void (*closed)(void *context);
	void *closed_context;
};

static void on_event(uv_poll_t *poll, int status, int events);

static void watch(struct acceptor *acceptor)
{
	if (acceptor->held || acceptor->resting)
		uv_poll_stop(&acceptor->poll);
	else
		uv_poll_start(&acceptor->poll, UV_READABLE, on_event);
}

static int open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_rested(uv_timer_t *timer)
{
	struct acceptor *acceptor = timer->data;

	acceptor->resting = false;
	watch(acceptor);
}

void acceptor_rest(struct acceptor *acceptor, unsigned ms)
{
	acceptor->resting = true;
	uv_timer_start(&acceptor->timer, on_rested, ms, 0);
	watch(acceptor);
}

static void tell(struct acceptor *acceptor, int problem)
{
	uint64_t now = clock_ms();

	if (acceptor->refusing || (acceptor->told_ms && now - acceptor->told_ms < SAME_MS))
		return;
	acceptor->told_ms = now ? now : 1;
	acceptor->told = true;
	log_error(acceptor->log,
	          "connections are refused: %s; raise the limit of open files (LimitNOFILE, ulimit -n) if that happens "
	          "in ordinary use",
	          strerror(problem));
}

/* Left waiting they would have the loop spin, and would not know that they wait in vain. */
static void refuse(struct acceptor *acceptor, int problem)
{
	tell(acceptor, problem);
	acceptor->refusing = true;
	if (acceptor->reserve >= 0)
		close(acceptor->reserve);
	for (unsigned i = 0; i < ACCEPTOR_TURN; i++) {
		int fd = accept4(acceptor->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			break;
		close(fd);
	}
	acceptor->reserve = open_reserve();
	acceptor_rest(acceptor, acceptor->reserve < 0 ? REST_MS : REFUSED_REST_MS);
}

static void took(struct acceptor *acceptor, int fd)
{
	if (acceptor->reserve < 0)
		acceptor->reserve = open_reserve();
	if (acceptor->told)
		log_info(acceptor->log, "connections are taken again");
	acceptor->refusing = acceptor->told = false;
	acceptor->taken(acceptor->context, fd);
}

static bool is_shortage(int problem)
{
	return problem == EMFILE || problem == ENFILE || problem == ENOBUFS || problem == ENOMEM;
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct acceptor *acceptor = poll->data;

	(void)events;
	for (unsigned i = 0; i < ACCEPTOR_TURN && status == 0; i++) {
		if (acceptor->held || acceptor->resting || acceptor->fd < 0)
			return;
		int fd = accept4(acceptor->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			took(acceptor, fd);
		} else if (is_shortage(errno)) {
			refuse(acceptor, errno);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

int acceptor_listen(const struct sockaddr *address, socklen_t size, int backlog)
{
	int yes = 1, no = 0;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (address->sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(fd, address, size) == 0 && listen(fd, backlog) == 0)
		return fd;
	int problem = errno;
	close(fd);
	errno = problem;
	return -1;
}

struct acceptor *acceptor_open(uv_loop_t *loop, int fd, const struct log *log, acceptor_taken *taken, void *context)
{
	struct acceptor *acceptor = MEM_NEW(struct acceptor);

	if (uv_poll_init(loop, &acceptor->poll, fd) < 0) {
		close(fd);
		mem_free(acceptor);
		return NULL;
	}
	uv_timer_init(loop, &acceptor->timer);
	acceptor->open_handles = 2;
	acceptor->poll.data = acceptor->timer.data = acceptor;
	acceptor->log = log;
	acceptor->taken = taken;
	acceptor->context = context;
	acceptor->fd = fd;
	acceptor->reserve = open_reserve();
	watch(acceptor);
	return acceptor;
}

void acceptor_hold(struct acceptor *acceptor, bool hold)
{
	if (acceptor->held == hold)
		return;
	acceptor->held = hold;
	watch(acceptor);
}

int acceptor_fd(const struct acceptor *acceptor)
{
	return acceptor->fd;
}

static void on_closed(uv_handle_t *handle)
{
	struct acceptor *acceptor = handle->data;

	if (--acceptor->open_handles)
		return;
	if (acceptor->closed)
		acceptor->closed(acceptor->closed_context);
	mem_free(acceptor);
}

void acceptor_close(struct acceptor **slot, void (*closed)(void *context), void *context)
{
	struct acceptor *acceptor = *slot;

	*slot = NULL;
	if (!acceptor)
		return;
	acceptor->closed = closed;
	acceptor->closed_context = context;
	uv_close((uv_handle_t *)&acceptor->poll, on_closed);
	uv_close((uv_handle_t *)&acceptor->timer, on_closed);
	close(acceptor->fd);
	acceptor->fd = -1;
	if (acceptor->reserve >= 0)
		close(acceptor->reserve);
}
