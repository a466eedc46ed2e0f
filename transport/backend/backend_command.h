/* SPDX-License-Identifier: MIT */
/* The command line of a backend. Splitting is declared in network_plugin_server.h. */
#pragma once

#include "base/buf.h"

struct transport;

/*
 * Where the program of service.backend is: an absolute path is taken as it is; one with a slash is relative
 * to service.working_dir; a bare name is looked for beside the running program and in ../libexec/libtransport
 * and
 * ../lib/libtransport from there. PATH is never searched. NULL, with a sentence in `error`, if there is no
 * executable file.
 */
char *backend_command_find(const char *program, const char *working_dir, struct buf *error);

/* A program of that name beside the running one or in the folders above; NULL: none. */
char *backend_command_find_beside(const char *name);

/* WORDS --host HOST --port PORT --service.backend_id=ID -j JID FILE. NULL-terminated, free with
 * backend_command_free; NULL with a sentence in `error`. `number` replaces BACKEND_ID. */
char **backend_command_build(const struct transport *transport, unsigned number, int id, const char *host,
                             unsigned port, struct buf *error);
/* Another port, in what backend_command_build has returned. */
void backend_command_set_port(char **words, unsigned port);
