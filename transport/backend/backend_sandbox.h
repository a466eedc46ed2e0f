/* SPDX-License-Identifier: MIT */
/*
 * What backends are kept from ([backend] sandbox..., docs/security.md). The core only writes the command line:
 * transport-sandbox applies it to itself and becomes the backend. A backend has a folder of its own, in the
 * working directory, and a copy of the configuration file that holds no secret of ours.
 */
#pragma once

#include "base/buf.h"

struct backend_sandbox;
struct transport;

/* Makes the folder and the copy. 0 or an error with a sentence. */
int backend_sandbox_create(const struct transport *transport, struct backend_sandbox **sandbox, struct buf *error);
void backend_sandbox_destroy(struct backend_sandbox **sandbox);
/* Takes a command of backend_command_build, and returns the one to run instead. `port`: of the spawn's listener. */
char **backend_sandbox_wrap(const struct backend_sandbox *sandbox, char **argv, unsigned port);
const char *backend_sandbox_folder(const struct backend_sandbox *sandbox); /* absolute */

/* The configuration text without our secrets, line by line: sections [database], [matrix] and [slack], and passwords of
 * [service]. */
void backend_sandbox_filter(struct buf *out, const char *text, size_t length);
