/* SPDX-License-Identifier: MIT */
#include "transport/http/http_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#define BORROWED_SLOTS 32 /* connections of others in the context */
#define LWS_SECONDS 3600 /* lws keeps times of its own: ours are shorter and end first */

static const struct lws_protocols protocols[] = {
        {.name = "http", .callback = http_request_callback},
        {0},
};

/* What lws has to say is mostly about its peers, and any peer can make it talk. */
static void take_log(int level, const char *line)
{
	(void)level;
	log_debug(NULL, "http: libwebsockets: %s", log_quote(line));
}

static void tick(uv_timer_t *timer);

/* lws leaves its descriptors to children. What children are meant to have is handed to them in another way.
 */
static void close_on_exec(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		long fd = strtol(entry->d_name, NULL, 10);

		if (fd > STDERR_FILENO)
			fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	}
	if (folder)
		closedir(folder);
}

int http_server_begin(struct http_server *server, struct buf *error)
{
	void *loops[] = {server->loop};
	struct lws_context_creation_info info = {
	        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
	        .protocols = protocols,
	        .foreign_loops = loops,
	        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
	                   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
	        .fd_limit_per_thread = HTTP_SLOTS + BORROWED_SLOTS,
	        .max_http_header_data = LIMIT_HTTP_HEAD_BYTES,
	        .max_http_header_pool = HTTP_SLOTS,
	        .pt_serv_buf_size = HTTP_CHUNK,
	        .timeout_secs = LWS_SECONDS,
	        .timeout_secs_ah_idle = LWS_SECONDS,
	        .user = server,
	};

	if (server->context)
		return 0;
	lws_set_log_level(log_threshold >= LOG_LEVEL_DEBUG ? LLL_ERR | LLL_WARN : 0, take_log);
	server->context = lws_create_context(&info);
	if (!server->context) {
		buf_puts(error, "the HTTP server does not start: libwebsockets has no event loop for libuv "
		                "(on Debian it is "
		                "the package libwebsockets-evlib-uv)");
		return TP_ERR_IO;
	}
	info.options = LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS; /* it does no TLS */
	server->vhost = lws_create_vhost(server->context, &info);
	uv_timer_init(server->loop, &server->tick);
	server->tick.data = server;
	close_on_exec();
	if (server->vhost)
		return 0;
	buf_puts(error, "the HTTP server does not start: libwebsockets refuses its set-up");
	return TP_ERR_IO;
}

struct http_server *http_server_create(uv_loop_t *loop, const struct log *parent)
{
	struct http_server *server = MEM_NEW(struct http_server);

	server->loop = loop;
	server->log = (struct log){.parent = parent, .label = "http"};
	server->timing = (struct http_timing){
	        .head = LIMIT_HTTP_HEAD_SECONDS * 1000u,
	        .progress = LIMIT_HTTP_PROGRESS_SECONDS * 1000u,
	        .answer = LIMIT_HTTP_ANSWER_SECONDS * 1000u,
	        .discard = LIMIT_HTTP_DISCARD_SECONDS * 1000u,
	        .tick = 1000,
	};
	server->connections_max = LIMIT_HTTP_CONNECTIONS;
	list_init(&server->listeners);
	list_init(&server->requests);
	return server;
}

size_t http_server_count(const struct http_server *server)
{
	return server->count;
}

/* ---- connections ---- */

static unsigned free_slot(const struct http_server *server)
{
	for (unsigned i = 0; i < HTTP_SLOTS; i++)
		if (!server->slots[i])
			return i;
	return HTTP_SLOTS;
}

void http_server_forget(struct http_request *request)
{
	struct http_server *server = request->server;

	if (server->slots[request->slot] != request)
		return;
	server->slots[request->slot] = NULL;
	list_remove(&request->link);
	server->count--;
}

void http_server_hand_over(struct http_request *request, int fd)
{
	struct http_server *server = request->server;
	lws_adopt_desc_t adopted = {
	        .vh = server->vhost,
	        .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP,
	        .fd.sockfd = fd,
	        .opaque = (void *)((uintptr_t)request->generation << 16 |
	                           request->slot), /* NOLINT(performance-no-int-to-ptr) */
	};
	struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&adopted); /* closes fd if it fails */

	if (wsi) {
		request->wsi = wsi;
		return;
	}
	request->stage = HTTP_ENDED;
	http_server_forget(request);
	http_request_release(request);
}

void http_server_adopt(struct http_listener *listener, int fd)
{
	struct http_server *server = listener->server;
	unsigned slot = free_slot(server);

	if (slot == HTTP_SLOTS) {
		close(fd);
		return;
	}
	struct http_request *request = MEM_NEW(struct http_request);

	request->server = server;
	request->listener = listener;
	request->slot = slot;
	request->generation = ++server->generation;
	request->since_ms = clock_ms();
	request->file = request->poll_fd = -1;
	server->slots[slot] = request;
	list_append(&server->requests, &request->link);
	server->count++;
	if (!uv_is_active((uv_handle_t *)&server->tick))
		uv_timer_start(&server->tick, tick, server->timing.tick, server->timing.tick);

	http_ahead_begin(request, fd);
}

/* When there are too many, who has not yet said what it wants has to go, the oldest first. */
static bool make_room(struct http_server *server)
{
	if (server->count < server->connections_max)
		return true;
	LIST_EACH(link, &server->requests)
	{
		struct http_request *request = CONTAINER_OF(link, struct http_request, link);

		if (request->stage == HTTP_HEAD_EXPECTED) {
			http_request_drop(request);
			return true;
		}
	}
	return false;
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
			http_server_adopt(listener, fd);
		else
			close(fd);
	}
}

static void pause_listeners(struct http_server *server, bool pause)
{
	server->full = pause;
	LIST_EACH(link, &server->listeners)
	{
		struct http_listener *listener = CONTAINER_OF(link, struct http_listener, link);

		if (listener->fd < 0)
			continue;
		if (pause)
			uv_poll_stop(&listener->poll);
		else
			uv_poll_start(&listener->poll, UV_READABLE, accept_some);
	}
	if (pause && !uv_is_active((uv_handle_t *)&server->tick))
		uv_timer_start(&server->tick, tick, server->timing.tick, server->timing.tick);
}

static void tick(uv_timer_t *timer)
{
	struct http_server *server = timer->data;
	uint64_t now_ms = clock_ms();

	LIST_EACH(link, &server->requests)
	http_request_check_time(CONTAINER_OF(link, struct http_request, link), now_ms);
	if (server->full)
		pause_listeners(server, false);
	else if (list_empty(&server->requests))
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
	int err = http_server_begin(server, error);

	if (err)
		return err;
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

/*
 * On a loop that is not its own lws takes two calls to go: the first closes its handles, which takes turns of
 * the loop (one for its pipe, then one for its timers), the second frees the rest. The timer is closed again
 * and again to count the turns.
 */
static void end_turn(uv_handle_t *handle)
{
	struct http_server *server = handle->data;

	server->end_turns++;
	if (server->end_turns == 1)
		lws_context_destroy(server->context);
	if (server->end_turns < 5) {
		uv_timer_init(server->loop, &server->tick);
		uv_close((uv_handle_t *)&server->tick, end_turn);
		return;
	}
	lws_context_destroy(server->context);
	free_server(server);
}

void http_server_check_end(struct http_server *server)
{
	if (!server->closing || server->ending || server->handles > 0 || server->borrowers > 0 ||
	    !list_empty(&server->requests))
		return;
	server->ending = true;
	uv_close((uv_handle_t *)&server->tick, end_turn);
}

int http_server_borrow(struct http_server *server, struct lws_context **context, struct buf *error)
{
	int err = http_server_begin(server, error);

	*context = server->context;
	if (!err)
		server->borrowers++;
	return err;
}

void http_server_leave(struct http_server *server)
{
	server->borrowers--;
	http_server_check_end(server);
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
	if (!server || !server->context) {
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
	LIST_EACH(link, &server->requests)
	http_request_drop(CONTAINER_OF(link, struct http_request, link));
	http_server_check_end(server);
}
