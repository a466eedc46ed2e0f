/* SPDX-License-Identifier: MIT */
#include "transport/control_line.h"

#include <string.h>

#include "base/mem.h"
#include "config/limits.h"

bool control_line_add(struct buf *in, const char *bytes, size_t count)
{
	if (in->len + count > 2 * LIMIT_CONTROL_LINE_BYTES)
		return false;
	buf_append(in, bytes, count);
	return true;
}

enum control_line control_line_look(const struct buf *in)
{
	if (in->len && memchr(in->data, '\n', in->len))
		return CONTROL_LINE_GOOD;
	return in->len > LIMIT_CONTROL_LINE_BYTES ? CONTROL_LINE_TOO_LONG : CONTROL_LINE_NONE;
}

enum control_line control_line_take(struct buf *in, char **line)
{
	enum control_line found = control_line_look(in);

	*line = NULL;
	if (found != CONTROL_LINE_GOOD)
		return found;
	size_t length = (size_t)((const char *)memchr(in->data, '\n', in->len) - in->data);

	if (memchr(in->data, '\0', length))
		found = CONTROL_LINE_NO_TEXT;
	*line = mem_strndup(in->data, length);
	buf_consume(in, length + 1);
	return found;
}
