/* SPDX-License-Identifier: MIT */
/* The program that is measured: a child of the load generator, with backends as its own children. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct subject {
	pid_t pid;
	int cpu; /* it alone runs on this one, and everybody else on others; -1: nobody is pinned */
};

uint64_t now_ns(void); /* monotonic */
double seconds(uint64_t ns);

/* Starts argv, with what it prints in the file `log`. Exits on an error. */
void subject_start(struct subject *subject, char **argv, const char *log);
/* Puts the processes that it has started where it is not. Does nothing unless there is pinning. */
void subject_pin_children(const struct subject *subject);
/* Processor time of the process with all its threads, without its children. */
uint64_t subject_cpu_ns(const struct subject *subject);
void subject_memory(const struct subject *subject, long *anonymous_kb, long *resident_kb);
/* Calls `turn` until it has had next to nothing to do for 0.3 s. */
void subject_wait_idle(const struct subject *subject, void (*turn)(int timeout_ms));
/* The answer to the step `memory`. */
void subject_print_memory(const struct subject *subject);
bool subject_runs(const struct subject *subject);
/* SIGTERM, and SIGKILL if that does not help. */
void subject_stop(struct subject *subject);
/* Stops it and exits; the reason is the answer to the step that is going on. */
void subject_give_up(struct subject *subject, const char *format, ...)
        __attribute__((format(printf, 2, 3), noreturn));

/* An argument for it with the number instead of the word, allocated; itself if the word is not in it. */
char *with_port(char *argument, const char *word, unsigned port);
