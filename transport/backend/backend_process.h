/* SPDX-License-Identifier: MIT */
/*
 * The process of a backend: a session (and process group) of its own, nothing inherited but /dev/null, a pipe
 * for what it prints, which is logged line by line, and one end of a socketpair as descriptor 3.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct backend;
struct backend_process;

#define BACKEND_CHANNEL_FD 3 /* in the child; also told in the environment as LIBTRANSPORT_FD */
#define BACKEND_ATTACH_FD 4  /* LIBTRANSPORT_ATTACH_FD */

/* argv[0] is a path. `channel` is the child's end of the socketpair, `listener` its socket for a later core (-1: none);
 * both stay the caller's to close. 0 or TP_ERR_IO with a sentence; the handles that failed close by themselves
 * (backend_part_closed tells). */
int backend_process_spawn(struct backend *backend, char **argv, const char *working_dir, int channel, int listener,
                          struct buf *error);
/* One that the last core spawned, if `pid` is still the process that was born then. *output gets the end of a pipe
 * for what it prints: to be sent to it, and closed. 0, or TP_ERR_NOT_FOUND, TP_ERR_IO. */
int backend_process_adopt(struct backend *backend, pid_t pid, unsigned long long birth, int *output);
/* When it was started, in clock ticks since the boot; 0: there is no such process. */
unsigned long long backend_process_birth(pid_t pid);
pid_t backend_process_pid(const struct backend_process *process); /* 0 once it is reaped */
/* SIGTERM to the process group after `term_ms`, SIGKILL after further `kill_ms`. Calling again replaces what
 * was planned, unless SIGTERM was sent already. */
void backend_process_end(struct backend_process *process, uint64_t term_ms, uint64_t kill_ms);
/* Looks after it no more; it goes on. */
void backend_process_leave(struct backend_process *process);
/* SIGKILL now. */
void backend_process_kill(struct backend_process *process);
