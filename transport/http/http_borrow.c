/* SPDX-License-Identifier: MIT */
/* libwebsockets on this loop, for those who are clients of websockets. The server itself does without. */
#include <libwebsockets.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "transport/http/http_private.h"

#define CONNECTIONS 32
#define LWS_SECONDS 3600 /* lws keeps times of its own: those of its users are shorter and end first */

/* What lws has to say is mostly about its peers, and any peer can make it talk. */
static void take_log(int level, const char *line)
{
	(void)level;
	log_debug(NULL, "http: libwebsockets: %s", log_quote(line));
}

/* lws leaves its descriptors to children. What children are meant to have is handed to them in another way. */
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

static int begin(struct http_server *server, struct buf *error)
{
	void *loops[] = {server->loop};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.foreign_loops = loops,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.fd_limit_per_thread = CONNECTIONS,
		.max_http_header_data = LIMIT_HTTP_HEAD_BYTES,
		.max_http_header_pool = CONNECTIONS,
		.pt_serv_buf_size = HTTP_CHUNK,
		.timeout_secs = LWS_SECONDS,
		.timeout_secs_ah_idle = LWS_SECONDS,
	};

	http_server_begin(server);
	if (server->context)
		return 0;
	lws_set_log_level(log_threshold >= LOG_LEVEL_DEBUG ? LLL_ERR | LLL_WARN : 0, take_log);
	server->context = lws_create_context(&info);
	if (!server->context) {
		buf_puts(error, "websockets do not start: libwebsockets has no event loop for libuv (on Debian it is the "
				"package libwebsockets-evlib-uv)");
		return TP_ERR_IO;
	}
	close_on_exec();
	return 0;
}

int http_server_borrow(struct http_server *server, struct lws_context **context, struct buf *error)
{
	int err = begin(server, error);

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

/*
 * On a loop that is not its own lws takes two calls to go: the first closes its handles, which takes turns of
 * the loop (one for its pipe, then one for its timers), the second frees the rest. A timer is closed again
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
	server->context = NULL;
	server->ended(server);
}

void http_borrow_end(struct http_server *server, void (*ended)(struct http_server *server))
{
	server->ended = ended;
	server->tick.data = server;
	end_turn((uv_handle_t *)&server->tick);
}
