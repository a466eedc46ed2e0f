/* SPDX-License-Identifier: MIT */
/*
 * The process of a backend: a session (and process group) of its own, nothing inherited but /dev/null, a pipe
 * for what it prints, which is logged line by line, and one end of a socketpair as descriptor 3.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "transport/backend/backend_launch.h"

struct backend;
struct backend_process;

/*
 * Takes over what `launch` has, but for its output, which is made here. With `wait` it runs when this returns; without
 * it is started by another thread: backend_launched is called later, and until then the process has no number, is not
 * told to end, and cannot be left. 0 or TP_ERR_IO with a sentence; the handles that failed close by themselves
 * (backend_part_closed tells).
 */
int backend_process_spawn(struct backend *backend, const struct backend_launch *launch, bool wait, struct buf *error);
/* The listener that was made for it, which is the caller's from now on. */
int backend_process_take_door(struct backend_process *process, unsigned *port);
/* Another thread is starting it. */
bool backend_process_is_launching(const struct backend_process *process);
/* One that the last core spawned, if `pid` is still the process that was born then. *output gets the end of a pipe
 * for what it prints: to be sent to it, and closed. 0, or TP_ERR_NOT_FOUND, TP_ERR_IO. */
int backend_process_adopt(struct backend *backend, pid_t pid, unsigned long long birth, int *output);
/* When it was started, in clock ticks since the boot; 0: there is no such process. */
unsigned long long backend_process_birth(pid_t pid);
/* 0 until it was started, and once it is reaped */
pid_t backend_process_pid(const struct backend_process *process);
/* SIGTERM to the process group after `term_ms`, SIGKILL after further `kill_ms`. Calling again replaces what
 * was planned, unless SIGTERM was sent already. */
void backend_process_end(struct backend_process *process, uint64_t term_ms, uint64_t kill_ms);
/* Looks after it no more; it goes on. */
void backend_process_leave(struct backend_process *process);
/* SIGKILL now. */
void backend_process_kill(struct backend_process *process);
