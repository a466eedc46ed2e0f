/* SPDX-License-Identifier: MIT */
/* The other end of the control socket (transport/admin/control.h): a line there, an answer that ends with a NUL
 * back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* A connected socket, or -1 with errno: ENOENT or ECONNREFUSED (nobody is there), EACCES, ENAMETOOLONG ... */
int control_connect(const char *path);
/* Sends the line (its line feed is added) and reads the answer. False: the instance went away, or was silent
 * for `seconds`. */
bool control_ask(int fd, const struct buf *line, unsigned seconds, struct buf *answer);
/* The same where lines come without end (follow): each is handed out as it comes. True: an answer came after
 * all, which means that there are no lines; false: the instance went away. */
bool control_follow(int fd, const struct buf *line, void (*each)(const char *text, size_t length),
                    struct buf *answer);
