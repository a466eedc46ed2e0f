/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "transport/backend/backend_attach.h"
#include "transport/backend/backend_command.h"
#include "transport/backend/backend_listener.h"
#include "transport/backend/backend_sandbox.h"
#include "transport/backend/network_plugin_server.h"

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

/*
 * Not by a fork, which would copy the tables of all our memory, and let each page that is written afterwards be copied
 * as well: with very many people that takes longer than all else of starting a program, and nobody is served meanwhile.
 */
static int spawn(const struct backend_launch *launch, const char *working_dir, pid_t *pid)
{
	char variable[] = "LIBTRANSPORT_FD=3", attach[] = "LIBTRANSPORT_ATTACH_FD=4";
	char **environment = build_environment(variable, launch->listener < 0 ? NULL : attach);
	const struct child_fd fds[] = {{launch->output, STDOUT_FILENO},
	                               {launch->output, STDERR_FILENO},
	                               {launch->channel, BACKEND_CHANNEL_FD},
	                               {launch->listener, BACKEND_ATTACH_FD}};

#ifdef CLOSE_RANGE_CLOEXEC
	/* a library that forgot it must not hand the database to every backend */
	close_range(BACKEND_CHANNEL_FD, ~0u, CLOSE_RANGE_CLOEXEC);
#endif
	int err = start(pid, launch->argv, environment, working_dir, fds, ARRAY_SIZE(fds));
	mem_free(environment);
	return err;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_descriptors(struct backend_launch *launch)
{
	close_one(&launch->channel);
	close_one(&launch->listener);
	close_one(&launch->output);
}

int backend_launch(struct backend_launch *launch, pid_t *pid)
{
	const char *working_dir = launch->working_dir;

	launch->door = backend_listener_socket(launch->host, &launch->port, &launch->error);
	if (launch->door < 0)
		return -EIO;
	backend_command_set_port(launch->argv, launch->port);
	if (launch->sandbox) {
		launch->argv = backend_sandbox_wrap(launch->sandbox, launch->argv, launch->port);
		working_dir = backend_sandbox_folder(launch->sandbox);
	}
	if (launch->outlived)
		launch->attach = backend_attach_offer(launch->outlived, &launch->listener);
	launch->attach_errno = launch->outlived && !launch->attach ? errno : 0;
	int err = spawn(launch, working_dir, pid);

	close_descriptors(launch);
	return err;
}

void backend_launch_finish(struct backend_launch *launch)
{
	close_descriptors(launch);
	close_one(&launch->door);
	buf_finish(&launch->error);
	backend_command_free(launch->argv);
	launch->argv = NULL;
}
