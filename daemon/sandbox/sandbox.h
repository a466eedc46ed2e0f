/* SPDX-License-Identifier: MIT */
/*
 * transport-sandbox: takes from itself what a backend must not have, then becomes the backend. A program of
 * its own, so that the core, which has threads, does nothing but spawn it. What this kernel does not know is
 * left out with a line on stderr; what is asked for and cannot be had otherwise ends it with status 126.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct paths {
	const char **items;
	size_t count;
};

struct profile {
	struct paths read, write, ports; /* ports: of TCP connections; none: any */
	char *user;                      /* UID:GID; "": stay who we are */
	unsigned long memory_mb, cpu_s, files; /* 0: no limit of our own */
	bool may_exec, may_listen, may_use_unix, may_trace;
	bool signals_are_scoped; /* out of sandbox_restrict_files: the kernel keeps signals inside */
};

__attribute__((noreturn, format(printf, 1, 2))) void sandbox_fail(const char *format, ...);
/* A line of the log, at level notice. */
__attribute__((format(printf, 1, 2))) void sandbox_note(const char *format, ...);

/* Landlock. `program` is the open program, readable and executable in any case. */
void sandbox_restrict_files(struct profile *profile, int program);
/* seccomp. The one descriptor that may be executed, if no program may: it cannot exist again afterwards. */
void sandbox_restrict_calls(const struct profile *profile, int program);
