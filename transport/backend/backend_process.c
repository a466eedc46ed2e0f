/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/backend/backend_private.h"
#include "transport/transport.h"

#define OUTPUT_CHUNK 4096
#define OUTPUT_TURN (256u << 10) /* bytes of one loop turn */

enum process_step { STEP_NONE, STEP_TERM, STEP_KILL, STEP_ABANDON };

struct backend_process {
	struct backend *backend;
	struct log log;
	uv_process_t process;
	uv_timer_t timer;
	uv_poll_t output;
	unsigned handles; /* not yet closed */
	pid_t pid;        /* 0: reaped, or never started */
	int output_fd;
	bool output_ended;
	enum process_step next;
	uint64_t kill_ms;
	struct buf line;
	bool line_cut;
	uint64_t window_ms; /* clock_ms: start of the second that `lines` counts */
	unsigned lines, lines_dropped;
};

/* what it prints */

/* A journal priority "<N>" before the text, as systemd's services write it. */
static enum log_level line_level(const char **text, size_t *length)
{
	if (*length < 3 || (*text)[0] != '<' || (*text)[1] < '0' || (*text)[1] > '7' || (*text)[2] != '>')
		return LOG_LEVEL_INFO;
	int priority = (*text)[1] - '0';
	*text += 3;
	*length -= 3;
	if (priority <= 3)
		return LOG_LEVEL_ERROR;
	if (priority == 4)
		return LOG_LEVEL_WARNING;
	return priority == 7 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

static void tell_dropped(struct backend_process *process)
{
	if (process->lines_dropped)
		log_warning(&process->log, "%u lines of output were left out", process->lines_dropped);
	process->lines_dropped = 0;
}

static void log_line(struct backend_process *process)
{
	const char *text = buf_text(&process->line);
	size_t length = process->line.len;
	uint64_t now = clock_ms();

	if (now - process->window_ms >= 1000) {
		process->window_ms = now;
		process->lines = 0;
		tell_dropped(process);
	}
	if (length > 0 && text[length - 1] == '\r')
		length--;
	enum log_level level = line_level(&text, &length);
	if (length > 0 && log_passes(level, &process->log) && process->lines++ >= LIMIT_BACKEND_LOG_LINES) {
		process->lines_dropped++;
	} else if (length > 0) {
		struct buf quoted = {0};
		text_quote(&quoted, text, length, LIMIT_BACKEND_LOG_LINE_BYTES);
		LOG_AT(level, &process->log, "%s%s", buf_text(&quoted), process->line_cut ? "..." : "");
		buf_finish(&quoted);
	}
	buf_clear(&process->line);
	process->line_cut = false;
}

static void take_output(struct backend_process *process, const char *bytes, size_t count)
{
	while (count > 0) {
		const char *end = memchr(bytes, '\n', count);
		size_t length = end ? (size_t)(end - bytes) : count;
		size_t room = LIMIT_BACKEND_LOG_LINE_BYTES - process->line.len;
		buf_append(&process->line, bytes, length < room ? length : room);
		if (length > room)
			process->line_cut = true;
		if (!end)
			return;
		log_line(process);
		bytes = end + 1;
		count -= length + 1;
	}
}

static void end_output(struct backend_process *process)
{
	if (process->output_ended)
		return;
	process->output_ended = true;
	if (process->line.len > 0)
		log_line(process);
	tell_dropped(process);
	uv_poll_stop(&process->output);
}

static void read_output(struct backend_process *process)
{
	char chunk[OUTPUT_CHUNK];

	for (size_t budget = OUTPUT_TURN; budget > 0; budget -= sizeof(chunk)) {
		ssize_t count = read(process->output_fd, chunk, sizeof(chunk));
		if (count > 0) {
			take_output(process, chunk, (size_t)count);
			continue;
		}
		if (count < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		end_output(process);
		return;
	}
}

static void on_output(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	read_output(poll->data);
}

/* its end */

static void on_handle_closed(uv_handle_t *handle)
{
	struct backend_process *process = handle->data;
	struct backend *backend = process->backend;

	if (--process->handles > 0)
		return;
	buf_finish(&process->line);
	mem_free(process);
	backend_part_closed(backend);
}

static void close_handles(struct backend_process *process)
{
	end_output(process);
	uv_close((uv_handle_t *)&process->process, on_handle_closed);
	uv_close((uv_handle_t *)&process->timer, on_handle_closed);
	uv_close((uv_handle_t *)&process->output, on_handle_closed);
	/* not sooner: closing the handle takes this number off the loop, and it could be another's by then */
	close(process->output_fd);
}

static void signal_group(const struct backend_process *process, int number)
{
	if (process->pid > 0)
		kill(-process->pid, number);
}

static void on_exit_of(uv_process_t *handle, int64_t status, int signal_number)
{
	struct backend_process *process = handle->data;
	struct backend *backend = process->backend;

	/* what a wrapper script leaves behind has lost its way to us */
	signal_group(process, SIGKILL);
	process->pid = 0;
	if (!process->output_ended)
		read_output(process);
	backend_exited(backend, status, signal_number);
	close_handles(process);
}

static void on_timer(uv_timer_t *timer)
{
	struct backend_process *process = timer->data;
	struct backend *backend = process->backend;

	switch (process->next) {
	case STEP_TERM:
		process->next = STEP_KILL;
		uv_timer_start(timer, on_timer, process->kill_ms, 0);
		backend_terminating(backend);
		signal_group(process, SIGTERM);
		return;
	case STEP_KILL:
		log_warning(&process->log, "does not end, killing it");
		process->next = STEP_ABANDON;
		uv_timer_start(timer, on_timer, backend->server->timing.abandon, 0);
		signal_group(process, SIGKILL);
		return;
	case STEP_ABANDON:
		log_error(&process->log, "pid %d does not even end when killed", (int)process->pid);
		if (!backend->server->stopping)
			return;
		process->pid = 0;
		backend_exited(backend, 0, SIGKILL);
		close_handles(process);
		return;
	case STEP_NONE:
		return;
	}
}

void backend_process_end(struct backend_process *process, uint64_t term_ms, uint64_t kill_ms)
{
	if (process->pid <= 0 || process->next > STEP_TERM)
		return;
	process->next = STEP_TERM;
	process->kill_ms = kill_ms;
	if (term_ms == 0)
		on_timer(&process->timer);
	else
		uv_timer_start(&process->timer, on_timer, term_ms, 0);
}

void backend_process_kill(struct backend_process *process)
{
	if (process->pid <= 0)
		return;
	signal_group(process, SIGKILL);
	process->next = STEP_ABANDON;
	uv_timer_start(&process->timer, on_timer, process->backend->server->timing.abandon, 0);
}

/* its beginning */

static bool is_private(const char *variable)
{
	/* they speak of our own process, or of where our key is */
	static const char *const names[] = {
	        "NOTIFY_SOCKET=",  "WATCHDOG_PID=",   "WATCHDOG_USEC=", "LISTEN_FDS=",
	        "LISTEN_PID=",     "LISTEN_FDNAMES=", "FDSTORE=",       "CREDENTIALS_DIRECTORY=",
	        "LIBTRANSPORT_FD="};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* The array is the caller's, its strings are not; the first one is `channel`. */
static char **build_environment(char *channel)
{
	size_t count = 0;

	while (environ && environ[count])
		count++;
	char **result = mem_alloc((count + 2) * sizeof(*result));
	size_t used = 0;
	result[used++] = channel;
	for (size_t i = 0; i < count; i++)
		if (!is_private(environ[i]))
			result[used++] = environ[i];
	return result;
}

static int spawn(struct backend_process *process, char **argv, const char *working_dir, int channel,
                 int output)
{
	char variable[] = "LIBTRANSPORT_FD=3";
	char **environment = build_environment(variable);
	uv_stdio_container_t stdio[BACKEND_CHANNEL_FD + 1] = {
	        {.flags = UV_IGNORE},
	        {.flags = UV_INHERIT_FD, .data.fd = output},
	        {.flags = UV_INHERIT_FD, .data.fd = output},
	        {.flags = UV_INHERIT_FD, .data.fd = channel},
	};
	uv_process_options_t options = {
	        .exit_cb = on_exit_of,
	        .file = argv[0],
	        .args = argv,
	        .env = environment,
	        .cwd = working_dir && working_dir[0] ? working_dir : NULL,
	        .flags = UV_PROCESS_DETACHED,
	        .stdio = stdio,
	        .stdio_count = ARRAY_SIZE(stdio),
	};

#ifdef CLOSE_RANGE_CLOEXEC
	/* a library that forgot it must not hand the database to every backend */
	close_range(BACKEND_CHANNEL_FD, ~0u, CLOSE_RANGE_CLOEXEC);
#endif
	int err = uv_spawn(process->backend->transport->loop, &process->process, &options);
	mem_free(environment);
	return err;
}

int backend_process_spawn(struct backend *backend, char **argv, const char *working_dir, int channel,
                          struct buf *error)
{
	uv_loop_t *loop = backend->transport->loop;
	int output[2];

	if (pipe2(output, O_CLOEXEC) < 0) {
		buf_printf(error, "cannot make a pipe: %s", strerror(errno));
		return TP_ERR_IO;
	}
	fcntl(output[0], F_SETFL, O_NONBLOCK);

	struct backend_process *process = MEM_NEW(struct backend_process);
	process->backend = backend;
	process->log = (struct log){.parent = &backend->log};
	process->output_fd = output[0];
	int err = uv_poll_init(loop, &process->output, output[0]);
	if (err < 0) {
		close(output[0]);
		close(output[1]);
		mem_free(process);
		buf_printf(error, "cannot watch a pipe: %s", uv_strerror(err));
		return TP_ERR_IO;
	}
	uv_timer_init(loop, &process->timer);
	process->output.data = process->timer.data = process->process.data = process;
	process->handles = 3;
	backend->parts++;
	err = spawn(process, argv, working_dir, channel, output[1]);
	close(output[1]);
	if (err < 0) {
		buf_printf(error, "cannot start %s: %s", log_quote(argv[0]), uv_strerror(err));
		close_handles(process);
		return TP_ERR_IO;
	}
	process->pid = process->process.pid;
	uv_poll_start(&process->output, UV_READABLE, on_output);
	backend->process = process;
	return 0;
}

pid_t backend_process_pid(const struct backend_process *process)
{
	return process->pid;
}
