/* SPDX-License-Identifier: MIT */
/* What the process may do: file modes, descriptors, the user it runs as. */
#pragma once

#include "base/buf.h"

/* umask 077, no core dump with secrets in it, as many descriptors as the hard limit allows, SIGPIPE ignored. */
void privileges_harden(void);

/*
 * Makes the folder (and its parents) 0700, belonging to the user and group ("" = whom we are), then becomes them if
 * we are root, and goes into the folder. The folder of the pidfile ("" = none) is made too if it is missing.
 * 0, or an error with a sentence.
 */
int privileges_settle(const char *folder, const char *pidfile, const char *user, const char *group, struct buf *error);
