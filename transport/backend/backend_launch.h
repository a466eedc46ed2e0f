/* SPDX-License-Identifier: MIT */
/*
 * The start of a backend's program. What it may read has to be looked up in the file system, and who starts a program
 * stands still until the exec: together most of a millisecond, in which nobody would be served. So this may be done on
 * any thread that lives as long as the process does: a program may have asked to be told of its parent's death
 * (PR_SET_PDEATHSIG), and that is the thread's.
 */
#pragma once

#include <sys/types.h>

#include "base/buf.h"

struct backend_attach;
struct backend_sandbox;
struct transport;

#define BACKEND_CHANNEL_FD 3 /* in the child; also told in the environment as LIBTRANSPORT_FD */
#define BACKEND_ATTACH_FD 4  /* LIBTRANSPORT_ATTACH_FD */

struct backend_launch {
	char **argv;                           /* of backend_command_build, without the port; its own */
	const struct backend_sandbox *sandbox; /* NULL: off */
	const char *working_dir;               /* NULL, "": ours */
	const char *host;                      /* where the spawn's listener is (backend_listener.h) */
	const struct transport *outlived;      /* the backend is to outlive it (backend_attach.h); NULL: it is not */
	int channel, output; /* the child's, its own as well: its end of the socketpair, where it prints */
	/* what it makes */
	int door; /* the spawn's listener; -1: none, or taken */
	unsigned port;
	struct backend_attach *attach; /* the caller takes it; NULL: none */
	int attach_errno; /* why not */
	int listener; /* the child's for that; -1 */
	struct buf error; /* a sentence, if there is one for what went wrong */
};

/* *pid, or a negative error of uv. Closes the child's descriptors. Called once; touches nothing but *launch and what
 * stays as it is while the program runs: the sandbox, the environment. Descriptors
 * that it makes are -1 before. */
int backend_launch(struct backend_launch *launch, pid_t *pid);
/* Frees what it has, and closes what was not closed. */
void backend_launch_finish(struct backend_launch *launch);
