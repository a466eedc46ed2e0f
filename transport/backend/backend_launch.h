/* SPDX-License-Identifier: MIT */
/*
 * The start of a backend's program. What it may read has to be looked up in the file system, and who starts a program
 * stands still until the exec: together most of a millisecond, in which nobody would be served. So this may be done on
 * any thread.
 */
#pragma once

#include <sys/types.h>

struct backend_sandbox;

#define BACKEND_CHANNEL_FD 3 /* in the child; also told in the environment as LIBTRANSPORT_FD */
#define BACKEND_ATTACH_FD 4  /* LIBTRANSPORT_ATTACH_FD */

struct backend_launch {
	char **argv;                           /* of backend_command_build; its own: backend_launch_finish */
	const struct backend_sandbox *sandbox; /* NULL: off */
	unsigned port;                         /* of the spawn's listener, for the sandbox */
	const char *working_dir;               /* NULL, "": ours */
	/* the child's, its own as well: its end of the socketpair, the socket for a later core (-1: none), where it prints */
	int channel, listener, output;
};

/* *pid, or a negative error of uv. Closes the child's descriptors. Called once; touches nothing but *launch and what
 * stays as it is while the program runs: the sandbox, the environment. */
int backend_launch(struct backend_launch *launch, pid_t *pid);
/* Frees what it has, and closes what was not closed. */
void backend_launch_finish(struct backend_launch *launch);
