/* SPDX-License-Identifier: MIT */
#include "transport/http/http_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/acceptor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "transport/http/http_private.h"

#define BACKLOG 128
#define ACCEPTS_A_TURN 64

static void tick(uv_timer_t *timer);

void http_server_begin(struct http_server *server)
{
	if (server->begun)
		return;
	server->begun = true;
	uv_timer_init(server->loop, &server->tick);
	server->tick.data = server;
}

struct http_server *http_server_create(uv_loop_t *loop, const struct log *parent)
{
	struct http_server *server = MEM_NEW(struct http_server);

	server->loop = loop;
	server->log = (struct log){.parent = parent, .label = "http"};
	server->timing = (struct http_timing){
	        .head = LIMIT_HTTP_HEAD_SECONDS * 1000u,
	        .idle = LIMIT_HTTP_IDLE_SECONDS * 1000u,
	        .progress = LIMIT_HTTP_PROGRESS_SECONDS * 1000u,
	        .answer = LIMIT_HTTP_ANSWER_SECONDS * 1000u,
	        .discard = LIMIT_HTTP_DISCARD_SECONDS * 1000u,
	        .tick = 1000,
	};
	server->connections_max = LIMIT_HTTP_CONNECTIONS;
	server->requests_max = LIMIT_HTTP_REQUESTS;
	list_init(&server->listeners);
	list_init(&server->connections);
	return server;
}

size_t http_server_count(const struct http_server *server)
{
	return server->count;
}

const struct http_counters *http_server_counters(const struct http_server *server)
{
	return &server->counters;
}

/* ---- connections ---- */

void http_server_start_tick(struct http_server *server)
{
	if (!uv_is_active((uv_handle_t *)&server->tick))
		uv_timer_start(&server->tick, tick, server->timing.tick, server->timing.tick);
}

/*
 * When there are too many, one that is not being served has to go, whose last answer is the oldest. Before all others
 * those that have never said what they want: a homeserver's connection is not to end because somebody opens many.
 */
static bool make_room(struct http_server *server)
{
	struct http_connection *oldest = NULL;

	if (server->count < server->connections_max)
		return true;
	LIST_EACH(link, &server->connections)
	{
		struct http_connection *connection = CONTAINER_OF(link, struct http_connection, link);

		if (connection->request)
			continue;
		if (!oldest)
			oldest = connection;
		if (connection->requests == 0) {
			oldest = connection;
			break;
		}
	}
	if (oldest)
		http_connection_drop(oldest);
	return oldest;
}

static void pause_listeners(struct http_server *server, bool pause);

static void accept_some(uv_poll_t *poll, int status, int events)
{
	struct http_listener *listener = poll->data;
	struct http_server *server = listener->server;

	(void)status;
	(void)events;
	for (unsigned i = 0; i < ACCEPTS_A_TURN && !server->closing; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
			if (!server->warned_full)
				log_warning(&server->log, "takes no connection: %s", strerror(errno));
			server->warned_full = true;
			pause_listeners(server, true);
		}
		if (fd < 0)
			return;
		if (make_room(server))
			http_connection_open(listener, fd);
		else
			close(fd);
	}
}

static void watch_listener(struct http_listener *listener)
{
	if (listener->server->full || listener->held)
		uv_poll_stop(&listener->poll);
	else
		uv_poll_start(&listener->poll, UV_READABLE, accept_some);
}

static void pause_listeners(struct http_server *server, bool pause)
{
	server->full = pause;
	LIST_EACH(link, &server->listeners)
	{
		struct http_listener *listener = CONTAINER_OF(link, struct http_listener, link);

		if (listener->fd >= 0)
			watch_listener(listener);
	}
	if (pause)
		http_server_start_tick(server);
}

static void tick(uv_timer_t *timer)
{
	struct http_server *server = timer->data;
	uint64_t now_ms = clock_ms();

	LIST_EACH(link, &server->connections)
	http_connection_check_time(CONTAINER_OF(link, struct http_connection, link), now_ms);
	if (server->full)
		pause_listeners(server, false);
	else if (list_empty(&server->connections))
		uv_timer_stop(timer);
}

/* ---- listeners ---- */

struct http_listener *http_listener_create(struct http_server *server)
{
	struct http_listener *listener = MEM_NEW(struct http_listener);

	listener->server = server;
	listener->fd = -1;
	list_init(&listener->routes);
	list_append(&server->listeners, &listener->link);
	return listener;
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return 0;
	/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname has set it */
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
	                                           : ((struct sockaddr_in *)&address)->sin_port);
}

static struct http_listener *find_listener(struct http_server *server, const char *host, unsigned port)
{
	LIST_EACH(link, &server->listeners)
	{
		struct http_listener *listener = CONTAINER_OF(link, struct http_listener, link);

		if (port && listener->asked_port == port && listener->host && !strcmp(listener->host, host))
			return listener;
	}
	return NULL;
}

int http_server_listen(struct http_server *server, const char *host, unsigned port,
                       struct http_listener **found, struct buf *error)
{
	struct sockaddr_storage address = {0};
	bool v6 = port <= 65535 && uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)&address) == 0;

	*found = find_listener(server, host, port);
	if (*found)
		return 0;
	if (port > 65535 || (!v6 && uv_ip4_addr(host, (int)port, (struct sockaddr_in *)&address) != 0)) {
		buf_printf(
		        error,
		        "%s and %u are no address to listen on: a number like 127.0.0.1 or ::1, and a port",
		        host, port);
		return TP_ERR_INVALID;
	}
	http_server_begin(server);
	int fd = acceptor_listen((struct sockaddr *)&address,
	                         v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in), BACKLOG);

	if (fd < 0) {
		buf_printf(error, "cannot listen on %s, port %u: %s", host, port, strerror(errno));
		return TP_ERR_IO;
	}
	struct http_listener *listener = http_listener_create(server);

	listener->fd = fd;
	listener->host = mem_strdup(host);
	listener->asked_port = port;
	listener->port = port_of(fd);
	uv_poll_init(server->loop, &listener->poll, fd);
	listener->poll.data = listener;
	server->handles++;
	uv_poll_start(&listener->poll, UV_READABLE, accept_some);
	*found = listener;
	return 0;
}

void http_listener_hold(struct http_listener *listener, bool hold)
{
	listener->held = hold;
	if (listener->fd >= 0 && !listener->server->closing)
		watch_listener(listener);
}

unsigned http_listener_port(const struct http_listener *listener)
{
	return listener->port;
}

struct routed {
	struct http_route route;
	struct list link;
	char path[];
};

bool http_listener_has_route(const struct http_listener *listener, const char *path)
{
	LIST_EACH(link, (struct list *)&listener->routes)
	if (!strcmp(CONTAINER_OF(link, struct routed, link)->path, path))
		return true;
	return false;
}

bool http_listener_route(struct http_listener *listener, const struct http_route *route)
{
	size_t length = strlen(route->path) + 1;

	if (http_listener_has_route(listener, route->path))
		return false;
	struct routed *routed = mem_alloc(sizeof(*routed) + length);

	memcpy(routed->path, route->path, length);
	routed->route = *route;
	routed->route.path = routed->path;
	list_append(&listener->routes, &routed->link);
	return true;
}

const struct http_route *http_listener_find(const struct http_listener *listener, const char *path)
{
	const struct http_route *found = NULL;

	LIST_EACH(link, (struct list *)&listener->routes)
	{
		const struct http_route *route = &CONTAINER_OF(link, struct routed, link)->route;
		size_t length = strlen(route->path);
		bool fits = route->path[length - 1] == '/' ? !strncmp(path, route->path, length)
		                                           : !strcmp(path, route->path);

		if (fits && (!found || length > strlen(found->path)))
			found = route;
	}
	return found;
}

/* ---- the end ---- */

static void free_listener(struct http_listener *listener)
{
	LIST_EACH(link, &listener->routes)
	mem_free(CONTAINER_OF(link, struct routed, link));
	list_remove(&listener->link);
	mem_free(listener->host);
	mem_free(listener);
}

static void free_server(struct http_server *server)
{
	LIST_EACH(link, &server->listeners)
	free_listener(CONTAINER_OF(link, struct http_listener, link));
	if (server->stopped)
		server->stopped(server->stopped_context);
	mem_free(server);
}

static void tick_closed(uv_handle_t *handle)
{
	struct http_server *server = handle->data;

	if (server->context)
		http_borrow_end(server, free_server);
	else
		free_server(server);
}

void http_server_check_end(struct http_server *server)
{
	if (!server->closing || server->ending || server->handles > 0 || server->requests > 0 || server->borrowers > 0)
		return;
	server->ending = true;
	uv_close((uv_handle_t *)&server->tick, tick_closed);
}

uv_loop_t *http_server_loop(const struct http_server *server)
{
	return server->loop;
}

static void listener_closed(uv_handle_t *handle)
{
	struct http_listener *listener = handle->data;

	listener->server->handles--;
	http_server_check_end(listener->server);
}

void http_server_close(struct http_server **slot, void (*stopped)(void *context), void *context)
{
	struct http_server *server = *slot;

	*slot = NULL;
	if (!server || !server->begun) {
		if (stopped)
			stopped(context);
		if (server)
			free_server(server);
		return;
	}
	server->closing = true;
	server->stopped = stopped;
	server->stopped_context = context;
	LIST_EACH(link, &server->listeners)
	{
		struct http_listener *listener = CONTAINER_OF(link, struct http_listener, link);

		if (listener->fd < 0)
			continue;
		uv_close((uv_handle_t *)&listener->poll, listener_closed);
		close(listener->fd);
		listener->fd = -1;
	}
	LIST_EACH(link, &server->connections)
	http_connection_drop(CONTAINER_OF(link, struct http_connection, link));
	http_server_check_end(server);
}
