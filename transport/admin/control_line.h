/* SPDX-License-Identifier: MIT */
/* Lines of the control socket, out of what has come of them so far. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Zero-initialised nothing has come. */
struct control_lines {
	struct buf in;
	size_t looked; /* bytes at its beginning in which there is no '\n': they are not looked at again */
};

enum control_line {
	CONTROL_LINE_NONE,     /* not yet there */
	CONTROL_LINE_GOOD,
	CONTROL_LINE_NO_TEXT,  /* it has a byte 0 in it */
	CONTROL_LINE_TOO_LONG, /* of LIMIT_CONTROL_LINE_BYTES, and no end to be seen */
};

void control_lines_finish(struct control_lines *lines);
/* False: nobody sends so much without waiting for answers (2 * LIMIT_CONTROL_LINE_BYTES); nothing was taken. */
bool control_line_add(struct control_lines *lines, const char *bytes, size_t count);
/* What control_line_take would say, but GOOD for NO_TEXT. */
enum control_line control_line_look(struct control_lines *lines);
/* The next one, without its '\n', to be freed by mem_free_secret; NULL unless it is GOOD or NO_TEXT. */
enum control_line control_line_take(struct control_lines *lines, char **line);
