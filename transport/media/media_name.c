/* SPDX-License-Identifier: MIT */
#include "transport/media/media_name.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "config/limits.h"
#include "transport/http/http_client.h" /* http_put_encoded */

#define END_BYTES 12 /* of a name that is cut: enough for ".tar.gz" */

static bool is_special(unsigned char c)
{
	return c < 0x20 || c == 0x7f || strchr("\"'`\\%?#&;:|<>*$!{}[]^~=", c);
}

/* U+200B to U+200F, U+202A to U+202E, U+2060 to U+206F, U+061C, U+FEFF, and the controls U+0080 to U+009F: invisible,
 * or they turn text about. */
static size_t invisible_length(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;

	if (b[0] == 0xc2 && b[1] >= 0x80 && b[1] <= 0x9f)
		return 2;
	if (b[0] == 0xd8 && b[1] == 0x9c)
		return 2;
	if (b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf)
		return 3;
	if (b[0] != 0xe2)
		return 0;
	if (b[1] == 0x80 && ((b[2] >= 0x8b && b[2] <= 0x8f) || (b[2] >= 0xa8 && b[2] <= 0xae)))
		return 3;
	return b[1] == 0x81 && b[2] >= 0xa0 && b[2] <= 0xaf ? 3 : 0;
}

static const char *last_part(const char *path)
{
	const char *part = path;

	for (; *path; path++)
		if ((*path == '/' || *path == '\\') && path[1])
			part = path + 1;
	return part;
}

static void put_plain(struct buf *out, const char *name)
{
	while (*name) {
		size_t skip = invisible_length(name);

		if (skip) {
			name += skip;
			continue;
		}
		if (*name != '/')
			buf_putc(out, is_special((unsigned char)*name) ? '_' : *name);
		name++;
	}
}

static void trim(struct buf *name)
{
	size_t front = strspn(buf_text(name), ". -");

	buf_consume(name, front);
	while (name->len && strchr(". ", name->data[name->len - 1]))
		name->data[--name->len] = '\0';
}

/* The middle goes: the beginning says what it is, the end of what kind. */
static void shorten(struct buf *name)
{
	struct buf end = {0};

	if (name->len <= LIMIT_MEDIA_NAME_BYTES)
		return;
	const char *dot = strrchr(name->data, '.');

	if (dot && strlen(dot) <= END_BYTES)
		buf_puts(&end, dot);
	name->len = text_cut(name->data, name->len, LIMIT_MEDIA_NAME_BYTES - end.len);
	name->data[name->len] = '\0';
	trim(name);
	buf_puts(name, end.data);
	buf_finish(&end);
}

void media_name_clean(struct buf *out, const char *name)
{
	struct buf line = {0}, plain = {0};

	if (name)
		text_clean(&line, name, strlen(name), TEXT_LINE);
	put_plain(&plain, last_part(buf_text(&line)));
	trim(&plain);
	shorten(&plain);
	buf_puts(out, plain.len ? plain.data : "file");
	buf_finish(&plain);
	buf_finish(&line);
}

void media_name_put_disposition(struct buf *out, const char *name, bool shown)
{
	bool ascii = true;

	buf_printf(out, "%s; filename=\"", shown ? "inline" : "attachment");
	for (const char *at = name; *at; at++) {
		bool plain = (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f && *at != '"' && *at != '\\';

		ascii = ascii && plain;
		/* one for each character of several bytes */
		if (plain || ((unsigned char)*at & 0xc0) != 0x80)
			buf_putc(out, plain ? *at : '_');
	}
	buf_putc(out, '"');
	if (ascii)
		return;
	buf_puts(out, "; filename*=UTF-8''");
	http_put_encoded(out, name);
}
