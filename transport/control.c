/* SPDX-License-Identifier: MIT */
#include "transport/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/backend/backend_listener.h"
#include "transport/admin.h"
#include "transport/transport.h"

struct control {
	struct transport *transport;
	struct log log;
	uv_pipe_t listener;
	char *path;
	struct list clients;
	unsigned clients_count;
	bool stopping, listener_closed;
};

/* A client lives until its handle is closed and no answer is under way. */
struct client {
	struct control *control;
	struct list link;
	uv_pipe_t pipe;
	struct buf in;
	bool busy;   /* a command runs: nothing is read meanwhile */
	bool closed; /* the handle is gone */
};

struct answer {
	uv_write_t request;
	struct client *client;
	char *text;
};

static void control_free_if_done(struct control *control)
{
	if (!control->stopping || !control->listener_closed || !list_empty(&control->clients))
		return;
	mem_free(control->path);
	mem_free(control);
}

static void client_free_if_done(struct client *client)
{
	struct control *control = client->control;

	if (!client->closed || client->busy)
		return;
	list_remove(&client->link);
	control->clients_count--;
	buf_finish(&client->in);
	mem_free(client);
	control_free_if_done(control);
}

static void client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;

	client->closed = true;
	client_free_if_done(client);
}

static void client_close(struct client *client)
{
	if (!uv_is_closing((uv_handle_t *)&client->pipe))
		uv_close((uv_handle_t *)&client->pipe, client_closed);
}

static void client_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes);
static void client_next(struct client *client);

static void answer_written(uv_write_t *request, int status)
{
	struct answer *answer = CONTAINER_OF(request, struct answer, request);
	struct client *client = answer->client;

	mem_free(answer->text);
	mem_free(answer);
	client->busy = false;
	if (status < 0)
		client_close(client);
	if (uv_is_closing((uv_handle_t *)&client->pipe))
		client_free_if_done(client);
	else
		client_next(client);
}

static void answered(void *context, const char *text)
{
	struct client *client = context;

	if (uv_is_closing((uv_handle_t *)&client->pipe)) {
		client->busy = false;
		client_free_if_done(client);
		return;
	}
	struct answer *answer = MEM_NEW(struct answer);
	size_t length = strlen(text) + 1;

	answer->client = client;
	answer->text = mem_dup(text, length);
	uv_buf_t bytes = uv_buf_init(answer->text, (unsigned)length);

	/* The write's callback runs later in any case, so a long series of commands does not recurse. */
	if (uv_write(&answer->request, (uv_stream_t *)&client->pipe, &bytes, 1, answer_written) < 0) {
		mem_free(answer->text);
		mem_free(answer);
		client->busy = false;
		client_close(client);
	}
}

static void client_next(struct client *client)
{
	char *end = client->in.len ? memchr(client->in.data, '\n', client->in.len) : NULL;

	if (!end) {
		if (client->in.len > LIMIT_CONTROL_LINE_BYTES)
			client_close(client);
		return;
	}
	size_t length = (size_t)(end - client->in.data);
	char *line = mem_strndup(client->in.data, length);

	buf_consume(&client->in, length + 1);
	client->busy = true;
	admin_execute(client->control->transport, line, answered, client);
	mem_free_secret(line);
}

static void client_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *bytes)
{
	static char scratch[4096];

	(void)handle;
	(void)suggested;
	*bytes = uv_buf_init(scratch, sizeof(scratch));
}

static void client_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes)
{
	struct client *client = stream->data;

	if (count < 0 || client->in.len + (size_t)count > 2 * LIMIT_CONTROL_LINE_BYTES) {
		client_close(client);
		return;
	}
	buf_append(&client->in, bytes->base, (size_t)count);
	if (!client->busy)
		client_next(client);
}

static bool peer_is_allowed(const struct control *control, const uv_pipe_t *pipe)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)pipe, &fd) < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	/* backends may have our uid, and no say here */
	return (peer.uid == 0 || peer.uid == geteuid()) && !backend_peer_is_ours(peer.pid, control->transport->backends);
}

static void control_connection(uv_stream_t *listener, int status)
{
	struct control *control = listener->data;

	if (status < 0)
		return;
	struct client *client = MEM_NEW(struct client);

	client->control = control;
	client->pipe.data = client;
	uv_pipe_init(control->transport->loop, &client->pipe, 0);
	list_append(&control->clients, &client->link);
	control->clients_count++;
	if (uv_accept(listener, (uv_stream_t *)&client->pipe) < 0 || control->clients_count > LIMIT_CONTROL_CLIENTS) {
		client_close(client);
		return;
	}
	if (!peer_is_allowed(control, &client->pipe)) {
		log_warning(&control->log, "refused a connection of another uid or of a backend");
		client_close(client);
		return;
	}
	if (uv_read_start((uv_stream_t *)&client->pipe, client_alloc, client_read) < 0)
		client_close(client);
}

/* Whether another process answers on the socket that is there: then this instance runs already. */
static bool somebody_listens(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answered_by_peer;

	if (fd < 0)
		return false;
	memcpy(address.sun_path, path, strlen(path) + 1);
	answered_by_peer = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return answered_by_peer;
}

/* Whatever else somebody has named by mistake is not ours to remove. */
static void remove_socket(const char *path)
{
	struct stat info;

	if (lstat(path, &info) == 0 && S_ISSOCK(info.st_mode))
		unlink(path);
}

static void listener_closed(uv_handle_t *handle)
{
	struct control *control = handle->data;

	control->listener_closed = true;
	control_free_if_done(control);
}

int control_start(struct transport *transport, const char *path, struct control **out, struct buf *error)
{
	struct sockaddr_un address;

	if (strlen(path) >= sizeof(address.sun_path)) {
		buf_printf(error, "control socket %s: the path is longer than %zu bytes; set service.control_socket\n",
			   path, sizeof(address.sun_path) - 1);
		return TP_ERR_INVALID;
	}
	if (somebody_listens(path)) {
		buf_printf(error, "control socket %s: this instance is running already\n", path);
		return TP_ERR_EXISTS;
	}
	struct control *control = MEM_NEW(struct control);

	control->transport = transport;
	control->log = (struct log){.parent = &transport->log, .label = "control"};
	control->path = mem_strdup(path);
	control->listener.data = control;
	list_init(&control->clients);
	remove_socket(path);
	uv_pipe_init(transport->loop, &control->listener, 0);
	mode_t mask = umask(0177);
	int err = uv_pipe_bind(&control->listener, path);

	umask(mask);
	if (!err)
		err = uv_listen((uv_stream_t *)&control->listener, 16, control_connection);
	if (err) {
		buf_printf(error, "control socket %s: %s\n", path, uv_strerror(err));
		control_stop(&control);
		return TP_ERR_IO;
	}
	*out = control;
	return 0;
}

void control_stop(struct control **slot)
{
	struct control *control = *slot;

	*slot = NULL;
	if (!control)
		return;
	control->stopping = true;
	remove_socket(control->path);
	LIST_EACH(link, &control->clients)
		client_close(CONTAINER_OF(link, struct client, link));
	uv_close((uv_handle_t *)&control->listener, listener_closed);
}
