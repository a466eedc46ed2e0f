/* SPDX-License-Identifier: MIT */
#include "transport/backend/query_port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/acceptor.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/mem.h"
#include "config/limits.h"
#include "protocol/codec.h"
#include "protocol/frame.h"
#include "transport/admin/admin.h"
#include "transport/backend/backend_listener.h"
#include "transport/backend/backend_process.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/transport.h"

#define BACKLOG 16
#define TICK_MS 1000
#define SILENCE_MS 60000  /* a client that says nothing for so long is closed */
#define REAPED_A_TURN 100 /* orphans */

struct query_port {
	struct transport *transport;
	struct log log;
	struct acceptor *acceptor;
	uv_timer_t timer;
	unsigned handles; /* of these two, not yet gone */
	unsigned number;
	char *portfile; /* NULL: not written */
	struct list clients;
	unsigned clients_count;
	unsigned taken;  /* in this second */
	unsigned warned; /* in this minute */
	unsigned ticks;
	bool closing;
};

/* Lives until its handle is closed and no answer is under way. */
struct query_client {
	struct query_port *port;
	struct list link;
	uv_tcp_t tcp;
	struct frame_reader reader;
	struct arena arena;
	uint64_t heard_ms;
	bool busy; /* a command runs: nothing is taken meanwhile */
	bool closed;
};

struct query_write {
	uv_write_t request;
	struct query_client *client;
	struct buf bytes;
	bool answer; /* else a PING */
};

/* peer: NULL where it may ask, but not that. */
static void refuse(struct query_port *port, const char *what, const struct backend_peer *peer)
{
	char who[64] = "";

	/* the next one costs a walk through /proc again: not before the second is over */
	port->taken = LIMIT_BACKEND_ACCEPTS;
	acceptor_hold(port->acceptor, true);
	if (port->warned++ > LIMIT_QUERY_WARNINGS)
		return;
	if (peer)
		snprintf(who, sizeof(who), " (uid %ld, pid %d)", peer->uid, (int)peer->pid);
	log_warning(&port->log, "refused %s%s%s", what, who,
		    port->warned > LIMIT_QUERY_WARNINGS ? "; further ones are not told for a minute" : "");
}

/* life of a client */

static void free_port_if_done(struct query_port *port)
{
	if (!port->closing || port->handles > 0 || !list_empty(&port->clients))
		return;
	mem_free(port->portfile);
	mem_free(port);
}

static void free_client_if_done(struct query_client *client)
{
	struct query_port *port = client->port;

	if (!client->closed || client->busy)
		return;
	list_remove(&client->link);
	port->clients_count--;
	frame_reader_finish(&client->reader);
	arena_finish(&client->arena);
	mem_free(client);
	free_port_if_done(port);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct query_client *client = handle->data;

	client->closed = true;
	free_client_if_done(client);
}

static bool is_closing(const struct query_client *client)
{
	return uv_is_closing((const uv_handle_t *)&client->tcp);
}

static void close_client(struct query_client *client)
{
	if (!is_closing(client))
		uv_close((uv_handle_t *)&client->tcp, on_client_closed);
}

/* what it asks */

static void take_frames(struct query_client *client);

static void on_written(uv_write_t *request, int status)
{
	struct query_write *write = CONTAINER_OF(request, struct query_write, request);
	struct query_client *client = write->client;
	bool answer = write->answer;

	buf_finish(&write->bytes);
	mem_free(write);
	if (answer)
		client->busy = false;
	if (status < 0)
		close_client(client);
	if (client->closed)
		free_client_if_done(client);
	else if (answer && !is_closing(client))
		take_frames(client);
}

static void send_event(struct query_client *client, const struct event *event)
{
	struct query_write *write = MEM_NEW(struct query_write);

	write->client = client;
	write->answer = event->type == EVENT_QUERY;
	codec_encode(&write->bytes, CODEC_CORE, CODEC_PLAIN, event);
	uv_buf_t bytes = uv_buf_init(write->bytes.data, (unsigned)write->bytes.len);
	if (uv_write(&write->request, (uv_stream_t *)&client->tcp, &bytes, 1, on_written) == 0)
		return;
	client->busy = client->busy && !write->answer;
	buf_finish(&write->bytes);
	mem_free(write);
	close_client(client);
}

static void on_answer(void *context, const char *answer)
{
	struct query_client *client = context;
	struct event event = {.type = EVENT_QUERY, .text = {.bytes = answer, .length = strlen(answer)}};

	if (is_closing(client)) {
		client->busy = false;
		free_client_if_done(client);
		return;
	}
	if (event.text.length > LIMIT_FRAME_BYTES / 2) {
		event.text.bytes = "Error: the answer is too long";
		event.text.length = strlen(event.text.bytes);
	}
	send_event(client, &event);
}

static void execute(struct query_client *client, const struct event *event)
{
	char *line = mem_strndup(event->text.bytes, event->text.length);

	client->busy = true;
	admin_execute(client->port->transport, line, on_answer, client);
	mem_free_secret(line);
}

/* False: the client is gone. */
static bool take_frame(struct query_client *client, const uint8_t *frame, size_t length)
{
	struct event event = {0};
	int err = codec_decode(&client->arena, CODEC_BACKEND, CODEC_PLAIN, frame, length, &event);

	if (err == 0 && event.type == EVENT_QUERY) {
		execute(client, &event);
		return true;
	}
	if (err == 0 && (event.type == EVENT_PONG || event.type == EVENT_STATS))
		return true;
	refuse(client->port, err ? "a frame that makes no sense" : event_type_name(event.type), NULL);
	close_client(client);
	return false;
}

static void take_frames(struct query_client *client)
{
	const uint8_t *frame;
	size_t length;
	int err = 0;

	while (!client->busy && !is_closing(client) && (err = frame_next(&client->reader, &frame, &length)) == 1) {
		client->heard_ms = clock_ms();
		if (!take_frame(client, frame, length))
			return;
		arena_reset(&client->arena);
	}
	if (err < 0) {
		refuse(client->port, "a frame that is too long", NULL);
		close_client(client);
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *bytes)
{
	static char scratch[4096];

	(void)handle;
	(void)suggested;
	*bytes = uv_buf_init(scratch, sizeof(scratch));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes)
{
	struct query_client *client = stream->data;

	if (count < 0 || client->reader.in.len + (size_t)count > 2 * LIMIT_QUERY_BYTES) {
		close_client(client);
		return;
	}
	frame_feed(&client->reader, bytes->base, (size_t)count);
	take_frames(client);
}

/* who it is */

static bool is_allowed(struct query_port *port, const uv_tcp_t *tcp)
{
	struct backend_peer peer = {.uid = -1};
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)tcp, &fd) == 0 &&
	    backend_peer_may_administer(fd, port->transport->backends, &peer))
		return true;
	refuse(port, "a connection", &peer);
	return false;
}

static void on_connection(void *context, int fd)
{
	struct query_port *port = context;

	struct query_client *client = MEM_NEW(struct query_client);

	client->port = port;
	client->tcp.data = client;
	client->heard_ms = clock_ms();
	frame_reader_init(&client->reader, LIMIT_QUERY_BYTES);
	uv_tcp_init(port->transport->loop, &client->tcp);
	list_append(&port->clients, &client->link);
	port->clients_count++;
	/* finding out who it is costs a walk through /proc: the others wait until the second is over */
	acceptor_hold(port->acceptor, ++port->taken >= LIMIT_BACKEND_ACCEPTS);
	if (uv_tcp_open(&client->tcp, fd) < 0) {
		close(fd);
		close_client(client);
		return;
	}
	if (port->clients_count > LIMIT_QUERY_CLIENTS) {
		refuse(port, "one connection too many", NULL);
		close_client(client);
		return;
	}
	if (!is_allowed(port, &client->tcp) ||
	    uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read) < 0) {
		close_client(client);
		return;
	}
	send_event(client, &(struct event){.type = EVENT_PING});
}

/* Orphans of backends are given to us rather than to process 1, so that they stay our descendants. */
static void reap_orphans(const struct query_port *port)
{
	const struct network_plugin_server *server = port->transport->backends;
	struct backend *first = server ? network_plugin_server_first(server) : NULL;

	/* one whose number is not known yet may have ended already */
	for (struct backend *backend = first; backend; backend = network_plugin_server_next(server, backend))
		if (backend->process && backend_process_is_launching(backend->process))
			return;
	for (unsigned i = 0; i < REAPED_A_TURN; i++) {
		siginfo_t info = {0};
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return;
		for (struct backend *backend = first; backend; backend = network_plugin_server_next(server, backend))
			if (backend_pid(backend) == info.si_pid)
				return; /* the loop's own */
		waitpid(info.si_pid, NULL, WNOHANG);
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct query_port *port = timer->data;
	uint64_t now = clock_ms();

	port->taken = 0;
	if (++port->ticks % 60 == 0)
		port->warned = 0;
	reap_orphans(port);
	LIST_EACH(link, &port->clients)
	{
		struct query_client *client = CONTAINER_OF(link, struct query_client, link);
		/* busy or not: it may be one that does not read its answer */
		if (now - client->heard_ms <= SILENCE_MS || is_closing(client))
			continue;
		log_info(&port->log, "a connection without a whole frame in %d s is closed", SILENCE_MS / 1000);
		close_client(client);
	}
	acceptor_hold(port->acceptor, false);
}

/* life of the port */

static long port_number(const struct transport *transport)
{
	const char *text = transport->service.backend_port;
	char *end;

	if (!text || !*text)
		return 0;
	errno = 0;
	long number = strtol(text, &end, 10);
	return *end || errno || number < 0 || number > 65535 ? -1 : number;
}

bool query_port_check(const struct transport *transport, struct buf *error)
{
	if (port_number(transport) >= 0)
		return true;
	buf_printf(error, "service.backend_port: %s is not a port number\n",
	           log_quote(transport->service.backend_port));
	return false;
}

static void write_portfile(struct query_port *port)
{
	const char *path = port->transport->service.portfile;

	if (!path || !*path)
		return;
	FILE *file = fopen(path, "we");
	bool good = file && fprintf(file, "%u\n", port->number) > 0;
	if ((file && fclose(file) != 0) || !good) {
		log_warning(&port->log, "service.portfile: cannot write %s: %s", log_quote(path),
		            strerror(errno));
		return;
	}
	port->portfile = mem_strdup(path);
}

static int listen_on(struct query_port *port, const char *host)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(struct sockaddr_in);

	int err = uv_ip4_addr(host, (int)port->number, (struct sockaddr_in *)&address);
	if (err) {
		err = uv_ip6_addr(host, (int)port->number, (struct sockaddr_in6 *)&address);
		size = sizeof(struct sockaddr_in6);
	}
	if (err)
		return err;
	int fd = acceptor_listen((const struct sockaddr *)&address, size, BACKLOG);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	port->acceptor = acceptor_open(port->transport->loop, fd, &port->log, on_connection, port);
	return port->acceptor ? 0 : UV_EIO;
}

int query_port_open(struct transport *transport, struct query_port **out, struct buf *error)
{
	long number = port_number(transport);

	if (number <= 0)
		return number ? TP_ERR_INVALID : 0;
	struct query_port *port = MEM_NEW(struct query_port);
	port->transport = transport;
	port->log = (struct log){.parent = &transport->log, .label = "query port"};
	port->number = (unsigned)number;
	list_init(&port->clients);
	uv_timer_init(transport->loop, &port->timer);
	port->timer.data = port;
	port->handles = 1;
	const char *host = backend_host_choose(&transport->service);
	int err = listen_on(port, host);
	if (err) {
		buf_printf(error, "service.backend_port: cannot listen on %s port %ld: %s\n", host, number,
		           uv_strerror(err));
		query_port_close(&port);
		return TP_ERR_IO;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	uv_timer_start(&port->timer, on_tick, TICK_MS, TICK_MS);
	write_portfile(port);
	*out = port;
	return 0;
}

static void on_acceptor_closed(void *context)
{
	struct query_port *port = context;

	port->handles--;
	free_port_if_done(port);
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_acceptor_closed(handle->data);
}

void query_port_close(struct query_port **slot)
{
	struct query_port *port = *slot;

	*slot = NULL;
	if (!port)
		return;
	port->closing = true;
	if (port->portfile)
		unlink(port->portfile);
	LIST_EACH(link, &port->clients)
	close_client(CONTAINER_OF(link, struct query_client, link));
	if (port->acceptor)
		port->handles++;
	acceptor_close(&port->acceptor, on_acceptor_closed, port);
	uv_close((uv_handle_t *)&port->timer, on_timer_closed);
}
