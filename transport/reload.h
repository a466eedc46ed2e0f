/* SPDX-License-Identifier: MIT */
/* Taking over a changed configuration file while people are connected: SIGHUP, and the command reload. */
#pragma once

#include "base/buf.h"

struct transport;

/*
 * Reads the file again, puts live keys (config/config.h) into force, and begins the log file anew if there is
 * one. Each key that has changed is logged by name. 0, and `said` has what has not been possible: keys that wait
 * for a restart, a log file that cannot be begun; a sentence a line, no line feed behind the last. Or an error with
 * sentences in `said`, and no key has changed.
 */
int transport_reload(struct transport *transport, struct buf *said);
