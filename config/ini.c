/* SPDX-License-Identifier: MIT */
/*
 * Why not libinih: its distributed builds read lines of at most 200 bytes and split longer ones into two,
 * cut values at " ;", join indented lines to the one before, split at ":" as well, and tell no line numbers.
 * All of that is fixed when the library is compiled; a password or a backend's option must not depend on it.
 */
#include "config/ini.h"

#include <string.h>

#include "base/text.h"

void ini_init(struct ini *ini, const char *text, size_t length)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";

	/* No text is a text without bytes: arithmetic on NULL is undefined even by zero. */
	*ini = (struct ini){.at = text, .end = text ? text + length : NULL};
	if (text && length >= 3 && memcmp(text, byte_order_mark, 3) == 0)
		ini->at += 3;
}

void ini_finish(struct ini *ini)
{
	buf_finish(&ini->section);
	buf_finish(&ini->name);
	buf_finish(&ini->value);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void trim(const char **from, const char **to)
{
	while (*from < *to && is_space(**from))
		(*from)++;
	while (*from < *to && is_space((*to)[-1]))
		(*to)--;
}

static enum ini_found bad(struct ini *ini, const char *problem)
{
	ini->problem = problem;
	return INI_BAD;
}

/* INI_END here means: read, and no pair. */
static enum ini_found read_section(struct ini *ini, const char *from, const char *to)
{
	ini->lost = true;
	if (to[-1] != ']')
		return bad(ini, "a section is written [name]");
	from++;
	to--;
	trim(&from, &to);
	if (from == to)
		return bad(ini, "the section has no name");
	ini->lost = false;
	buf_clear(&ini->section);
	buf_append(&ini->section, from, (size_t)(to - from));
	return INI_END;
}

static enum ini_found read_pair(struct ini *ini, const char *from, const char *to)
{
	const char *equals = memchr(from, '=', (size_t)(to - from));
	const char *name_end = equals, *value;

	if (!equals)
		return bad(ini, "neither [section] nor key = value");
	value = equals + 1;
	trim(&from, &name_end);
	trim(&value, &to);
	if (from == name_end)
		return bad(ini, "there is no key before the =");
	buf_clear(&ini->name);
	if (ini->section.len) {
		buf_append(&ini->name, ini->section.data, ini->section.len);
		buf_putc(&ini->name, '.');
	}
	buf_append(&ini->name, from, (size_t)(name_end - from));
	buf_clear(&ini->value);
	buf_append(&ini->value, value, (size_t)(to - value));
	return INI_PAIR;
}

static enum ini_found read_line(struct ini *ini, const char *from, const char *to)
{
	trim(&from, &to);
	if (from == to || *from == '#' || *from == ';')
		return INI_END;
	if (!text_is_clean(from, (size_t)(to - from), TEXT_LINES)) {
		ini->lost |= *from == '[';
		return bad(ini, "the line is not UTF-8 text, or has control characters");
	}
	if (*from == '[')
		return read_section(ini, from, to);
	if (ini->lost)
		return INI_END;
	return read_pair(ini, from, to);
}

enum ini_found ini_next(struct ini *ini)
{
	enum ini_found found;

	while (ini->at < ini->end) {
		const char *from = ini->at;
		const char *to = memchr(from, '\n', (size_t)(ini->end - from));

		if (!to)
			to = ini->end;
		ini->at = to < ini->end ? to + 1 : to;
		ini->line++;
		found = read_line(ini, from, to);
		if (found != INI_END)
			return found;
	}
	return INI_END;
}
