/* SPDX-License-Identifier: MIT */
/* What a floor stands between: a port of this machine, and a backend that it starts. */
#pragma once

/* Says what errno means, and exits. */
void fail(const char *what) __attribute__((noreturn));
/* Starts the benchmark's backend with --frames or --raw. The socket to it. */
int start_backend(const char *program, const char *how);
/* A connection that sends at once. */
int connect_port(const char *port);
