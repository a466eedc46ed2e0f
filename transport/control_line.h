/* SPDX-License-Identifier: MIT */
/* Lines of the control socket, out of what has come of them so far. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum control_line {
	CONTROL_LINE_NONE,     /* not yet there */
	CONTROL_LINE_GOOD,
	CONTROL_LINE_NO_TEXT,  /* it has a byte 0 in it */
	CONTROL_LINE_TOO_LONG, /* of LIMIT_CONTROL_LINE_BYTES, and no end to be seen */
};

/* False: nobody sends so much without waiting for answers (2 * LIMIT_CONTROL_LINE_BYTES); nothing was taken. */
bool control_line_add(struct buf *in, const char *bytes, size_t count);
/* What control_line_take would say, but GOOD for NO_TEXT. */
enum control_line control_line_look(const struct buf *in);
/* The next one, without its '\n', to be freed by mem_free_secret; NULL unless it is GOOD or NO_TEXT. */
enum control_line control_line_take(struct buf *in, char **line);
