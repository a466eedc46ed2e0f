/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_socket.h"

#include <stdio.h>
#include <string.h>

#include "backends/irc/irc_line.h"
#include "backends/irc/irc_text.h"
#include "backends/irc/irc_tls.h"
#include "base/error.h"
#include "base/mem.h"

#define READ_BYTES 16384

/* Freed when the owner has let go and the loop holds nothing of it any more. */
struct irc_socket {
	const struct irc_socket_ops *ops;
	void *context;
	uv_loop_t *loop;
	struct irc_server server;
	bool allow_private;

	uv_getaddrinfo_t resolve;
	struct addrinfo *addresses, *next_address;
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	bool resolving, tcp_open, writing, connected, paused, told, released;

	struct irc_tls_context *tls_context;
	struct irc_tls *tls;
	struct buf in;  /* the unfinished line */
	bool skipping;  /* until the end of a line that is too long */
	struct buf out; /* waits for the write under way */
	struct buf out_flight;
	int last_error;
};

static void connect_next(struct irc_socket *socket);

/* One loop thread: every socket reads into the same memory. */
static char read_memory[READ_BYTES];

static void free_if_done(struct irc_socket *socket)
{
	if (!socket->released || socket->resolving || socket->tcp_open)
		return;
	if (socket->addresses)
		uv_freeaddrinfo(socket->addresses);
	irc_tls_destroy(&socket->tls);
	buf_finish(&socket->in);
	buf_finish(&socket->out);
	buf_finish(&socket->out_flight);
	mem_free(socket);
}

static void on_tcp_closed(uv_handle_t *handle)
{
	struct irc_socket *socket = handle->data;

	socket->tcp_open = false;
	if (socket->released)
		free_if_done(socket);
	else if (!socket->told)
		connect_next(socket);
}

static void close_tcp(struct irc_socket *socket)
{
	if (socket->tcp_open && !uv_is_closing((uv_handle_t *)&socket->tcp))
		uv_close((uv_handle_t *)&socket->tcp, on_tcp_closed);
}

static void fail(struct irc_socket *socket, enum connection_error error, const char *text)
{
	if (socket->told || socket->released)
		return;
	socket->told = true;
	close_tcp(socket);
	socket->ops->closed(socket->context, error, text);
}

static void fail_with(struct irc_socket *socket, const char *what, int error)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: %s.", what, uv_strerror(error));
	fail(socket, CONNECTION_ERROR_NETWORK, text);
}

static void fail_tls(struct irc_socket *socket)
{
	struct buf text = {0};
	enum connection_error error = irc_tls_problem(socket->tls, &text);

	fail(socket, error, buf_text(&text));
	buf_finish(&text);
}

static void write_more(struct irc_socket *socket);

static void on_written(uv_write_t *write, int status)
{
	struct irc_socket *socket = write->data;

	socket->writing = false;
	if (status == UV_ECANCELED || socket->released)
		return;
	if (status < 0) {
		fail_with(socket, "The connection broke", status);
		return;
	}
	buf_clear(&socket->out_flight);
	buf_shrink(&socket->out_flight, 4096);
	write_more(socket);
}

/* What the system takes at once goes at once; the rest waits in one request. */
static void write_more(struct irc_socket *socket)
{
	uv_buf_t part;
	int count;

	if (socket->writing || socket->told || socket->out.len == 0)
		return;
	part = uv_buf_init(socket->out.data, (unsigned)socket->out.len);
	count = uv_try_write((uv_stream_t *)&socket->tcp, &part, 1);
	if (count > 0)
		buf_consume(&socket->out, (size_t)count);
	if (socket->out.len == 0)
		return;
	struct buf swap = socket->out;
	socket->out = socket->out_flight;
	socket->out_flight = swap;
	part = uv_buf_init(socket->out_flight.data, (unsigned)socket->out_flight.len);
	socket->write.data = socket;
	socket->writing = uv_write(&socket->write, (uv_stream_t *)&socket->tcp, &part, 1, on_written) == 0;
}

static void take_line(struct irc_socket *socket, const char *line, size_t length)
{
	struct buf text = {0};

	while (length && line[length - 1] == '\r')
		length--;
	if (length == 0)
		return;
	irc_text_decode(&text, line, length);
	socket->ops->line(socket->context, text.data);
	buf_finish(&text);
}

static void take_bytes(struct irc_socket *socket, const char *bytes, size_t count)
{
	while (count && !socket->told && !socket->released) {
		const char *end = memchr(bytes, '\n', count);
		size_t length = end ? (size_t)(end - bytes) : count;

		if (!socket->skipping && socket->in.len + length > IRC_INPUT_BYTES) {
			socket->skipping = true;
			buf_clear(&socket->in);
		}
		if (!end) {
			if (!socket->skipping)
				buf_append(&socket->in, bytes, count);
			return;
		}
		if (socket->skipping) {
			socket->skipping = false;
		} else if (socket->in.len == 0) {
			take_line(socket, bytes, length);
		} else {
			buf_append(&socket->in, bytes, length);
			take_line(socket, socket->in.data, socket->in.len);
			buf_clear(&socket->in);
			buf_shrink(&socket->in, 2048);
		}
		bytes += length + 1;
		count -= length + 1;
	}
}

static void take_tls(struct irc_socket *socket, const char *bytes, size_t count)
{
	bool was_ready = irc_tls_is_ready(socket->tls);
	struct buf plain = {0};
	int result = irc_tls_receive(socket->tls, bytes, count, &plain, &socket->out);

	write_more(socket);
	if (!was_ready && irc_tls_is_ready(socket->tls))
		socket->ops->connected(socket->context);
	take_bytes(socket, buf_text(&plain), plain.len);
	buf_finish(&plain);
	if (result == TP_ERR_CLOSED)
		fail(socket, CONNECTION_ERROR_NETWORK, "The server closed the connection.");
	else if (result < 0 && !socket->released)
		fail_tls(socket);
}

static void on_read_memory(uv_handle_t *handle, size_t wanted, uv_buf_t *memory)
{
	(void)handle;
	(void)wanted;
	*memory = uv_buf_init(read_memory, sizeof(read_memory));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *memory)
{
	struct irc_socket *socket = stream->data;

	if (count == 0 || socket->released)
		return;
	if (count == UV_EOF) {
		fail(socket, CONNECTION_ERROR_NETWORK, "The server closed the connection.");
		return;
	}
	if (count < 0) {
		fail_with(socket, "The connection broke", (int)count);
		return;
	}
	if (socket->tls)
		take_tls(socket, memory->base, (size_t)count);
	else
		take_bytes(socket, memory->base, (size_t)count);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct irc_socket *socket = connect->data;

	if (socket->released || status == UV_ECANCELED)
		return;
	if (status < 0) {
		socket->last_error = status;
		close_tcp(socket); /* and on to the next address */
		return;
	}
	socket->connected = true;
	uv_tcp_nodelay(&socket->tcp, 1);
	if (!socket->paused)
		uv_read_start((uv_stream_t *)&socket->tcp, on_read_memory, on_read);
	if (!socket->server.tls) {
		socket->ops->connected(socket->context);
		return;
	}
	socket->tls = irc_tls_create(socket->tls_context, socket->server.host);
	if (!socket->tls) {
		fail(socket, CONNECTION_ERROR_NO_SSL_SUPPORT, "TLS cannot be used with this server name.");
		return;
	}
	take_tls(socket, NULL, 0);
}

static void connect_next(struct irc_socket *socket)
{
	for (; socket->next_address; socket->next_address = socket->next_address->ai_next) {
		const struct sockaddr *address = socket->next_address->ai_addr;

		if (!socket->allow_private && irc_address_is_private(address)) {
			socket->last_error = UV_EACCES;
			continue;
		}
		socket->next_address = socket->next_address->ai_next;
		uv_tcp_init(socket->loop, &socket->tcp);
		socket->tcp.data = socket->connect.data = socket;
		socket->tcp_open = true;
		socket->last_error = uv_tcp_connect(&socket->connect, &socket->tcp, address, on_connected);
		if (socket->last_error < 0)
			close_tcp(socket);
		return;
	}
	if (socket->last_error == UV_EACCES)
		fail(socket, CONNECTION_ERROR_NETWORK, "This gateway does not connect to private addresses.");
	else
		fail_with(socket, "Could not connect", socket->last_error);
}

static void on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *addresses)
{
	struct irc_socket *socket = resolve->data;

	socket->resolving = false;
	socket->addresses = socket->next_address = addresses;
	if (socket->released) {
		free_if_done(socket);
		return;
	}
	if (status < 0)
		fail_with(socket, "The server's name was not found", status);
	else
		connect_next(socket);
}

struct irc_socket *irc_socket_open(uv_loop_t *loop, const struct irc_socket_options *options,
                                   const struct irc_socket_ops *ops, void *context)
{
	struct irc_socket *socket = MEM_NEW(struct irc_socket);
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	char port[8];
	int error;

	socket->ops = ops;
	socket->context = context;
	socket->loop = loop;
	socket->server = *options->server;
	socket->tls_context = options->tls;
	socket->allow_private = options->allow_private;
	socket->last_error = UV_EADDRNOTAVAIL;
	socket->resolve.data = socket;
	snprintf(port, sizeof(port), "%u", (unsigned)socket->server.port);
	error = uv_getaddrinfo(loop, &socket->resolve, on_resolved, socket->server.host, port, &hints);
	if (error == 0) {
		socket->resolving = true;
		return socket;
	}
	/* No name at all: reported by way of a handle that closes, as everything is reported from the loop.
	 */
	socket->last_error = error;
	uv_tcp_init(loop, &socket->tcp);
	socket->tcp.data = socket;
	socket->tcp_open = true;
	close_tcp(socket);
	return socket;
}

void irc_socket_close(struct irc_socket **slot)
{
	struct irc_socket *socket = *slot;

	if (!socket)
		return;
	*slot = NULL;
	if (socket->connected)
		write_more(socket);
	socket->released = true;
	if (socket->resolving)
		uv_cancel((uv_req_t *)&socket->resolve);
	close_tcp(socket);
	free_if_done(socket);
}

void irc_socket_write(struct irc_socket *socket, const void *bytes, size_t count)
{
	if (!socket->connected || socket->told)
		return;
	if (!socket->tls)
		buf_append(&socket->out, bytes, count);
	else if (irc_tls_send(socket->tls, bytes, count, &socket->out) < 0)
		return; /* the reading side reports it */
	write_more(socket);
}

size_t irc_socket_queued(const struct irc_socket *socket)
{
	return socket->out.len + socket->out_flight.len;
}

void irc_socket_pause(struct irc_socket *socket, bool pause)
{
	if (socket->paused == pause)
		return;
	socket->paused = pause;
	if (!socket->connected || socket->told)
		return;
	if (pause)
		uv_read_stop((uv_stream_t *)&socket->tcp);
	else
		uv_read_start((uv_stream_t *)&socket->tcp, on_read_memory, on_read);
}
