/* SPDX-License-Identifier: MIT */
#include "transport/admin/control_line.h"

#include <string.h>

#include "base/mem.h"
#include "config/limits.h"

void control_lines_finish(struct control_lines *lines)
{
	buf_finish(&lines->in);
	lines->looked = 0;
}

bool control_line_add(struct control_lines *lines, const char *bytes, size_t count)
{
	if (lines->in.len + count > 2 * LIMIT_CONTROL_LINE_BYTES)
		return false;
	buf_append(&lines->in, bytes, count);
	return true;
}

/* The '\n' of the next line, behind lines->looked bytes; NULL. */
static const char *find_end(struct control_lines *lines)
{
	const struct buf *in = &lines->in;
	const char *end = NULL;

	if (in->len > lines->looked)
		end = memchr(in->data + lines->looked, '\n', in->len - lines->looked);
	lines->looked = end ? (size_t)(end - in->data) : in->len;
	return end;
}

enum control_line control_line_look(struct control_lines *lines)
{
	if (find_end(lines))
		return CONTROL_LINE_GOOD;
	return lines->in.len > LIMIT_CONTROL_LINE_BYTES ? CONTROL_LINE_TOO_LONG : CONTROL_LINE_NONE;
}

enum control_line control_line_take(struct control_lines *lines, char **line)
{
	enum control_line found = control_line_look(lines);
	size_t length = lines->looked;

	*line = NULL;
	if (found != CONTROL_LINE_GOOD)
		return found;
	if (memchr(lines->in.data, '\0', length))
		found = CONTROL_LINE_NO_TEXT;
	*line = mem_strndup(lines->in.data, length);
	buf_consume(&lines->in, length + 1);
	lines->looked = 0;
	return found;
}
