/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
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
	uv_poll_t ending; /* of pidfd */
	int pidfd;        /* -1: never started */
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
	uv_close((uv_handle_t *)&process->timer, on_handle_closed);
	end_output(process);
	if (process->pidfd >= 0) {
		uv_close((uv_handle_t *)&process->ending, on_handle_closed);
		close(process->pidfd);
	}
	uv_close((uv_handle_t *)&process->output, on_handle_closed);
	/* not sooner: closing the handle takes this number off the loop, and it could be another's by then */
	close(process->output_fd);
}

static void signal_group(const struct backend_process *process, int number)
{
	if (process->pid > 0)
		kill(-process->pid, number);
}

/* What became of it, if it was our child; of one that we adopted nobody says. */
static void reap(const struct backend_process *process, int64_t *status, int *signal_number)
{
	siginfo_t info = {0};

	*status = -1;
	*signal_number = 0;
	if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
		return;
	*status = info.si_code == CLD_EXITED ? info.si_status : 0;
	*signal_number = info.si_code == CLD_EXITED ? 0 : info.si_status;
}

static void on_ending(uv_poll_t *poll, int poll_status, int events)
{
	struct backend_process *process = poll->data;
	struct backend *backend = process->backend;
	int64_t status;
	int signal_number;

	(void)poll_status;
	(void)events;
	uv_poll_stop(poll);
	/* What a wrapper script leaves behind has lost its way to us. Its number is its own until it is reaped. */
	signal_group(process, SIGKILL);
	reap(process, &status, &signal_number);
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

void backend_process_leave(struct backend_process *process)
{
	process->pid = 0;
	close_handles(process);
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
	        "LIBTRANSPORT_FD=", "LIBTRANSPORT_ATTACH_FD="};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* The array is the caller's, its strings are not; the first ones are `channel` and `listener` (NULL: none). */
static char **build_environment(char *channel, char *listener)
{
	size_t count = 0;

	while (environ && environ[count])
		count++;
	char **result = mem_alloc((count + 3) * sizeof(*result));
	size_t used = 0;
	result[used++] = channel;
	if (listener)
		result[used++] = listener;
	for (size_t i = 0; i < count; i++)
		if (!is_private(environ[i]))
			result[used++] = environ[i];
	return result;
}

/* One that is the child's from now on, or is closed by its exec, and no standard stream of ours. */
static int move_up(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, BACKEND_ATTACH_FD + 1);
}

struct child_fd {
	int fd, number; /* -1: none; what it is there */
};

static int start(pid_t *pid, char **argv, char **environment, const char *working_dir, const struct child_fd *fds,
		 size_t count)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int err = 0, moved[BACKEND_ATTACH_FD + 1];

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	for (size_t i = 0; i < count; i++) {
		/* out of the way of the numbers that are to be taken */
		moved[i] = fds[i].fd < 0 ? -1 : move_up(fds[i].fd);
		if (moved[i] < 0 && fds[i].fd >= 0)
			err = errno;
		if (moved[i] >= 0)
			posix_spawn_file_actions_adddup2(&actions, moved[i], fds[i].number);
	}
	if (working_dir && working_dir[0])
		posix_spawn_file_actions_addchdir_np(&actions, working_dir);
	if (!err)
		err = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environment);
	for (size_t i = 0; i < count; i++)
		if (moved[i] >= 0)
			close(moved[i]);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -err;
}

/* Who started us may have had SIGCHLD ignored: the kernel would forget how our children ended. */
static void keep_ends(void)
{
	struct sigaction action;

	if (sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
		signal(SIGCHLD, SIG_DFL);
}

/*
 * Not by a fork, which would copy the tables of all our memory, and let each page that is written afterwards be copied
 * as well: with very many people that takes longer than all else of starting a program, and nobody is served meanwhile.
 */
static int spawn(struct backend_process *process, char **argv, const char *working_dir, int channel,
                 int listener, int output)
{
	char variable[] = "LIBTRANSPORT_FD=3", attach[] = "LIBTRANSPORT_ATTACH_FD=4";
	char **environment = build_environment(variable, listener < 0 ? NULL : attach);
	const struct child_fd fds[] = {{output, STDOUT_FILENO},
	                               {output, STDERR_FILENO},
	                               {channel, BACKEND_CHANNEL_FD},
	                               {listener, BACKEND_ATTACH_FD}};

	keep_ends();
#ifdef CLOSE_RANGE_CLOEXEC
	/* a library that forgot it must not hand the database to every backend */
	close_range(BACKEND_CHANNEL_FD, ~0u, CLOSE_RANGE_CLOEXEC);
#endif
	int err = start(&process->pid, argv, environment, working_dir, fds, ARRAY_SIZE(fds));
	mem_free(environment);
	return err;
}

/* Sees its end. 0, or as uv_strerror has it. */
static int watch_end(struct backend_process *process, int pidfd)
{
	int err = pidfd < 0 ? -errno : uv_poll_init(process->backend->transport->loop, &process->ending, pidfd);

	if (err < 0)
		return err;
	process->pidfd = pidfd;
	process->handles++;
	uv_poll_start(&process->ending, UV_READABLE, on_ending);
	return 0;
}

static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0); /* closed on exec */
}

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
	int err = uv_poll_init(loop, &process->output, output[0]);
	if (err < 0) {
		close(output[0]);
		close(output[1]);
		mem_free(process);
		buf_printf(error, "cannot watch a pipe: %s", uv_strerror(err));
		return NULL;
	}
	uv_timer_init(loop, &process->timer);
	process->output.data = process->timer.data = process->ending.data = process;
	process->handles = 2;
	backend->parts++;
	*writer = output[1];
	return process;
}

int backend_process_spawn(struct backend *backend, char **argv, const char *working_dir, int channel, int listener,
                          struct buf *error)
{
	int output;
	struct backend_process *process = create(backend, &output, error);

	if (!process)
		return TP_ERR_IO;
	int err = spawn(process, argv, working_dir, channel, listener, output);
	close(output);
	if (err == 0) {
		int pidfd = open_pidfd(process->pid);

		err = watch_end(process, pidfd);
		if (err < 0) {
			kill(process->pid, SIGKILL);
			waitpid(process->pid, NULL, 0);
			if (pidfd >= 0)
				close(pidfd);
		}
	}
	if (err < 0) {
		buf_printf(error, "cannot start %s: %s", log_quote(argv[0]), uv_strerror(err));
		process->pid = 0;
		close_handles(process);
		return TP_ERR_IO;
	}
	uv_poll_start(&process->output, UV_READABLE, on_output);
	backend->process = process;
	return 0;
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
	int pidfd = pid > 1 ? open_pidfd(pid) : -1;

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
	process->pid = pid;
	if (watch_end(process, pidfd) < 0) {
		process->pid = 0;
		close(pidfd);
		close_handles(process);
		return TP_ERR_IO;
	}
	uv_poll_start(&process->output, UV_READABLE, on_output);
	backend->process = process;
	return 0;
}

pid_t backend_process_pid(const struct backend_process *process)
{
	return process->pid;
}
