/* SPDX-License-Identifier: MIT */
#include "transport/admin/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "base/acceptor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/admin/admin.h"
#include "transport/admin/control_line.h"
#include "transport/backend/backend_listener.h"
#include "transport/routing/watch.h"
#include "transport/transport.h"

#define TICK_MS 1000

struct control {
	struct transport *transport;
	struct log log;
	struct acceptor *acceptor;
	uv_timer_t timer;
	char *path;
	struct list clients;
	unsigned clients_count;
	unsigned taken, commands; /* connections and lines of the second that runs */
	bool stopping;
	unsigned handles; /* of acceptor and timer, not yet gone */
};

/* A client lives until its handle is closed and no answer is under way. */
struct client {
	struct control *control;
	struct list link;
	uv_pipe_t pipe;
	struct control_lines in;
	struct watch *watch; /* it follows a user, until it leaves; NULL */
	unsigned left_out;   /* of what it follows, since the last line that it was sent */
	bool busy;           /* a command runs, or it follows somebody: nothing else is done meanwhile */
	bool paused;         /* its next line waits for the next second */
	bool closed;         /* the handle is gone */
	pid_t pid;
	uint64_t heard_ms; /* clock_ms: of the last whole line, or of the last answer */
};

struct answer {
	uv_write_t request;
	struct client *client;
	char *text;
};

/* A peer that only ever listens. */
static bool is_slow(const struct client *client)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&client->pipe) > LIMIT_CONTROL_OUT_BYTES;
}

static void control_free_if_done(struct control *control)
{
	if (!control->stopping || control->handles || !list_empty(&control->clients))
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
	control_lines_finish(&client->in);
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
	if (client->watch)
		client->busy = false;
	watch_stop(&client->watch);
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
	client->heard_ms = clock_ms();
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

/* ----------------------------------------------------------------------------------------- following a user
 */

static void line_written(uv_write_t *request, int status)
{
	struct answer *line = CONTAINER_OF(request, struct answer, request);

	if (status < 0)
		client_close(line->client);
	mem_free(line->text);
	mem_free(line);
}

static void send_line(struct client *client, char *text)
{
	struct answer *line = MEM_NEW(struct answer);
	uv_buf_t bytes = uv_buf_init(text, (unsigned)strlen(text));

	line->client = client;
	line->text = text;
	/* The write's callback comes before that of the handle's close: the client is still there. */
	if (uv_write(&line->request, (uv_stream_t *)&client->pipe, &bytes, 1, line_written) < 0) {
		mem_free(line->text);
		mem_free(line);
	}
}

static void followed(void *context, const char *text)
{
	struct client *client = context;

	if (uv_is_closing((uv_handle_t *)&client->pipe))
		return;
	if (is_slow(client)) {
		client->left_out++;
		return;
	}
	if (client->left_out)
		log_warning(&client->control->log,
		            "%u events were left out: the one who follows a user is too slow",
		            client->left_out);
	client->left_out = 0;
	send_line(client, mem_printf("%s\n", text));
}

static void following(void *context, struct watch *watch)
{
	struct client *client = context;

	client->watch = watch;
	if (uv_is_closing((uv_handle_t *)&client->pipe))
		client_close(client);
}

static void client_next(struct client *client)
{
	const struct admin_caller caller = {
	        .done = answered, .line = followed, .following = following, .context = client};
	enum control_line found = control_line_look(&client->in);
	char *line;

	if (found == CONTROL_LINE_TOO_LONG)
		client_close(client);
	if (found != CONTROL_LINE_GOOD)
		return;
	client->paused = client->control->commands >= LIMIT_CONTROL_COMMANDS_PER_SECOND;
	if (client->paused)
		return;
	client->control->commands++;
	found = control_line_take(&client->in, &line);
	client->busy = true;
	if (found == CONTROL_LINE_NO_TEXT)
		answered(client, "Error: This is no UTF-8 text, or has control characters in it");
	else
		admin_execute_for(client->control->transport, line, &caller);
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

	if (count < 0 || !control_line_add(&client->in, bytes->base, (size_t)count)) {
		client_close(client);
		return;
	}
	if (!client->busy && !client->paused)
		client_next(client);
}

static bool peer_is_allowed(const struct control *control, const uv_pipe_t *pipe, pid_t *pid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)pipe, &fd) < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	*pid = peer.pid;
	/* backends may have our uid, and no say here */
	return (peer.uid == 0 || peer.uid == geteuid()) && !backend_peer_is_ours(peer.pid, control->transport->backends);
}

static void control_connection(void *context, int fd)
{
	struct control *control = context;
	struct client *client = MEM_NEW(struct client);

	client->control = control;
	client->pipe.data = client;
	client->heard_ms = clock_ms();
	uv_pipe_init(control->transport->loop, &client->pipe, 0);
	list_append(&control->clients, &client->link);
	control->clients_count++;
	if (uv_pipe_open(&client->pipe, fd) < 0) {
		close(fd);
		client_close(client);
		return;
	}
	if (++control->taken > LIMIT_CONTROL_ACCEPTS_PER_SECOND)
		acceptor_rest(control->acceptor, 1000 / LIMIT_CONTROL_ACCEPTS_PER_SECOND);
	if (control->clients_count > LIMIT_CONTROL_CLIENTS) {
		client_close(client);
		return;
	}
	if (!peer_is_allowed(control, &client->pipe, &client->pid)) {
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

static void acceptor_closed(void *context)
{
	struct control *control = context;

	control->handles--;
	control_free_if_done(control);
}

static void timer_closed(uv_handle_t *handle)
{
	acceptor_closed(handle->data);
}

/* Somebody who sends a byte now and then would take the place of those who have something to ask. */
static void close_silent(struct control *control)
{
	uint64_t now = clock_ms();

	LIST_EACH(link, &control->clients) {
		struct client *client = CONTAINER_OF(link, struct client, link);

		if (client->busy || client->paused || now - client->heard_ms <= LIMIT_CONTROL_SECONDS * UINT64_C(1000) ||
		    uv_is_closing((uv_handle_t *)&client->pipe))
			continue;
		log_info(&control->log, "pid %ld sent no whole line in %d s: its connection is closed",
			 (long)client->pid, LIMIT_CONTROL_SECONDS);
		client_close(client);
	}
}

static void go_on(struct control *control)
{
	LIST_EACH(link, &control->clients) {
		struct client *client = CONTAINER_OF(link, struct client, link);

		if (!client->paused || uv_is_closing((uv_handle_t *)&client->pipe))
			continue;
		client->paused = false;
		client->heard_ms = clock_ms();
		client_next(client);
	}
}

static void on_second(uv_timer_t *timer)
{
	struct control *control = timer->data;

	control->taken = control->commands = 0;
	go_on(control);
	close_silent(control);
}

static int listen_at(struct control *control)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, control->path, strlen(control->path) + 1);
	mode_t mask = umask(0177);
	int fd = acceptor_listen((const struct sockaddr *)&address, sizeof(address), 16);
	int problem = errno;

	umask(mask);
	if (fd < 0)
		return uv_translate_sys_error(problem);
	control->acceptor = acceptor_open(control->transport->loop, fd, &control->log, control_connection, control);
	if (!control->acceptor)
		return UV_EIO;
	control->handles++;
	return 0;
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
	uv_timer_init(transport->loop, &control->timer);
	control->timer.data = control;
	control->handles = 1;
	uv_timer_start(&control->timer, on_second, TICK_MS, TICK_MS);
	list_init(&control->clients);
	remove_socket(path);
	int err = listen_at(control);

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
	acceptor_close(&control->acceptor, acceptor_closed, control);
	uv_close((uv_handle_t *)&control->timer, timer_closed);
}
