/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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
	uv_signal_t ended; /* SIGCHLD: perhaps it was this one */
	uv_poll_t ending;  /* of one that is not our child: its pidfd */
	int pidfd;         /* -1: our child */
	uv_timer_t timer;
	uv_poll_t output;
	uv_work_t work; /* `launching`: another thread has `launch`, `launched` and `pid` */
	struct backend_launch launch;
	int launched; /* how that went: 0 or an error of uv */
	bool launching;
	bool killed;      /* while it was launched */
	unsigned handles; /* not yet closed, and work not yet done */
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

static void handle_done(struct backend_process *process)
{
	struct backend *backend = process->backend;

	if (--process->handles > 0)
		return;
	backend_launch_finish(&process->launch);
	buf_finish(&process->line);
	mem_free(process);
	backend_part_closed(backend);
}

static void on_handle_closed(uv_handle_t *handle)
{
	handle_done(handle->data);
}

static void close_handles(struct backend_process *process)
{
	uv_close((uv_handle_t *)&process->timer, on_handle_closed);
	end_output(process);
	if (process->pidfd >= 0) {
		uv_close((uv_handle_t *)&process->ending, on_handle_closed);
		close(process->pidfd);
	} else {
		uv_close((uv_handle_t *)&process->ended, on_handle_closed);
	}
	uv_close((uv_handle_t *)&process->output, on_handle_closed);
	/* not sooner: closing the handle takes this number off the loop, and it could be another's by then */
	close(process->output_fd);
}

static void signal_group(const struct backend_process *process, int number)
{
	if (process->pid > 0 && !process->launching)
		kill(-process->pid, number);
}

static void take_leave(struct backend_process *process, int64_t status, int signal_number)
{
	struct backend *backend = process->backend;

	process->pid = 0;
	if (!process->output_ended)
		read_output(process);
	backend_exited(backend, status, signal_number);
	close_handles(process);
}

static void on_child_ended(uv_signal_t *handle, int number)
{
	struct backend_process *process = handle->data;
	siginfo_t info = {0};

	(void)number;
	if (process->launching || process->pid <= 0)
		return;
	if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		return;
	/* What a wrapper script leaves behind has lost its way to us. The number is its own until it is reaped. */
	signal_group(process, SIGKILL);
	waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG);
	if (info.si_code == CLD_EXITED)
		take_leave(process, info.si_status, 0);
	else
		take_leave(process, 0, info.si_status);
}

static void on_ending(uv_poll_t *poll, int status, int events)
{
	struct backend_process *process = poll->data;

	(void)status;
	(void)events;
	uv_poll_stop(poll);
	signal_group(process, SIGKILL);
	/* if we became the new core by exec, it is our child after all */
	waitpid(process->pid, NULL, WNOHANG);
	take_leave(process, -1, 0);
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
	if (process->launching || process->pid <= 0 || process->next > STEP_TERM)
		return;
	process->next = STEP_TERM;
	process->kill_ms = kill_ms;
	if (term_ms == 0)
		on_timer(&process->timer);
	else
		uv_timer_start(&process->timer, on_timer, term_ms, 0);
}

void backend_process_leave(struct backend_process *process)
{
	process->pid = 0;
	close_handles(process);
}

void backend_process_kill(struct backend_process *process)
{
	process->killed = process->launching;
	if (process->launching || process->pid <= 0)
		return;
	signal_group(process, SIGKILL);
	process->next = STEP_ABANDON;
	uv_timer_start(&process->timer, on_timer, process->backend->server->timing.abandon, 0);
}

/* its beginning */

/* Everything of a process but how its end is seen. NULL: a sentence is in `error`; *writer is the child's end of
 * its output. */
static struct backend_process *create(struct backend *backend, int *writer, struct buf *error)
{
	uv_loop_t *loop = backend->transport->loop;
	int output[2];

	if (pipe2(output, O_CLOEXEC) < 0) {
		buf_printf(error, "cannot make a pipe: %s", strerror(errno));
		return NULL;
	}
	fcntl(output[0], F_SETFL, O_NONBLOCK);

	struct backend_process *process = MEM_NEW(struct backend_process);
	process->backend = backend;
	process->log = (struct log){.parent = &backend->log};
	process->output_fd = output[0];
	process->pidfd = -1;
	process->launch = (struct backend_launch){.channel = -1, .listener = -1, .output = -1, .door = -1};
	int err = uv_poll_init(loop, &process->output, output[0]);
	if (err < 0) {
		close(output[0]);
		close(output[1]);
		mem_free(process);
		buf_printf(error, "cannot watch a pipe: %s", uv_strerror(err));
		return NULL;
	}
	uv_timer_init(loop, &process->timer);
	process->output.data = process->timer.data = process->ended.data = process->ending.data = process;
	process->handles = 3;
	backend->parts++;
	*writer = output[1];
	return process;
}

/* It runs, or it does not: the loop knows it from here on. */
static int launched(struct backend_process *process, struct buf *error)
{
	process->backend->attach = process->launch.attach;
	if (process->launch.attach_errno)
		log_warning(&process->backend->log, "will not outlive this process: no socket in backends: %s",
		            strerror(process->launch.attach_errno));
	if (process->launched == 0) {
		uv_poll_start(&process->output, UV_READABLE, on_output);
		return 0;
	}
	process->pid = 0;
	if (process->launch.error.len)
		buf_puts(error, buf_text(&process->launch.error));
	else
		buf_printf(error, "cannot start %s: %s", log_quote(process->launch.argv[0]),
		           uv_strerror(process->launched));
	return TP_ERR_IO;
}

int backend_process_take_door(struct backend_process *process, unsigned *port)
{
	int door = process->launch.door;

	process->launch.door = -1;
	*port = process->launch.port;
	return door;
}

static void work(uv_work_t *work)
{
	struct backend_process *process = CONTAINER_OF(work, struct backend_process, work);

	process->launched = backend_launch(&process->launch, &process->pid);
}

static void work_done(uv_work_t *work, int status)
{
	struct backend_process *process = CONTAINER_OF(work, struct backend_process, work);
	struct backend *backend = process->backend;
	struct buf error = {0};

	if (status < 0)
		process->launched = status;
	process->launching = false;
	uv_signal_start(&process->ended, on_child_ended, SIGCHLD);
	if (launched(process, &error) < 0) {
		backend_launched(backend, buf_text(&error));
		close_handles(process);
	} else {
		backend_launched(backend, NULL);
		if (process->killed)
			backend_process_kill(process);
		/* what was said about its end when nobody listened */
		on_child_ended(&process->ended, SIGCHLD);
	}
	buf_finish(&error);
	handle_done(process);
}

int backend_process_spawn(struct backend *backend, const struct backend_launch *launch, bool wait, struct buf *error)
{
	struct backend_launch own = *launch;

	own.output = own.door = own.listener = -1;
	struct backend_process *process = create(backend, &own.output, error);

	if (!process) {
		backend_launch_finish(&own);
		return TP_ERR_IO;
	}
	process->launch = own;
	uv_signal_init(backend->transport->loop, &process->ended);
	backend->process = process;
	if (!wait && uv_queue_work(backend->transport->loop, &process->work, work, work_done) == 0) {
		process->launching = true;
		process->handles++;
		return 0;
	}
	/* before there is anything to see; and were SIGCHLD ignored, nobody could say how it ended */
	uv_signal_start(&process->ended, on_child_ended, SIGCHLD);
	process->launched = backend_launch(&process->launch, &process->pid);
	if (launched(process, error) == 0)
		return 0;
	backend->process = NULL;
	close_handles(process);
	return TP_ERR_IO;
}

bool backend_process_is_launching(const struct backend_process *process)
{
	return process->launching;
}

/* one of the last core */

unsigned long long backend_process_birth(pid_t pid)
{
	char path[64], text[1024];
	unsigned long long birth = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	/* proc(5): the 22nd field; the second one, the name in brackets, may hold anything. */
	const char *at = strrchr(text, ')');

	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		birth = strtoull(at, NULL, 10);
	return birth;
}

int backend_process_adopt(struct backend *backend, pid_t pid, unsigned long long birth, int *output)
{
	struct buf error = {0};
	int pidfd = pid > 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	/* in this order: the descriptor holds on to whoever has the number now */
	if (pidfd < 0 || birth == 0 || backend_process_birth(pid) != birth) {
		if (pidfd >= 0)
			close(pidfd);
		return TP_ERR_NOT_FOUND;
	}
	struct backend_process *process = create(backend, output, &error);

	if (!process) {
		log_error(&backend->log, "%s", buf_text(&error));
		buf_finish(&error);
		close(pidfd);
		return TP_ERR_IO;
	}
	process->pidfd = pidfd;
	uv_poll_init(backend->transport->loop, &process->ending, pidfd);
	process->pid = pid;
	uv_poll_start(&process->ending, UV_READABLE, on_ending);
	uv_poll_start(&process->output, UV_READABLE, on_output);
	backend->process = process;
	return 0;
}

pid_t backend_process_pid(const struct backend_process *process)
{
	return process->launching ? 0 : process->pid;
}
