/* SPDX-License-Identifier: MIT */
#include "transport/http/http_target.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* What is there up to `length`, without percent signs; NULL: it is no text. */
static char *decode(struct arena *arena, const char *bytes, size_t length, bool plus_is_blank)
{
	char *text = arena_alloc(arena, length + 1);
	size_t out = 0;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '%') {
			text[out++] = plus_is_blank && bytes[i] == '+' ? ' ' : bytes[i];
			continue;
		}
		int byte = i + 2 < length ? text_hex_byte(bytes + i + 1) : -1;

		if (byte < 0)
			return NULL;
		text[out++] = (char)byte;
		i += 2;
	}
	text[out] = '\0';
	return text_is_clean(text, out, TEXT_LINE) ? text : NULL;
}

const char *http_target_decode(struct arena *arena, const char *target)
{
	return *target == '/' ? decode(arena, target, strcspn(target, "?"), false) : NULL;
}

const char *http_target_resolved(struct arena *arena, const char *target)
{
	const char *decoded = http_target_decode(arena, target);

	if (!decoded)
		return NULL;
	char *path = arena_alloc(arena, strlen(decoded) + 2);
	size_t out = 0;

	path[out++] = '/';
	for (const char *at = decoded; *at;) {
		at += strspn(at, "/");
		size_t length = strcspn(at, "/");
		bool is_last = !at[length];

		if (length == 2 && at[0] == '.' && at[1] == '.') {
			while (out > 1 && path[--out - 1] != '/')
				continue;
		} else if (length > 0 && !(length == 1 && at[0] == '.')) {
			memcpy(path + out, at, length);
			out += length;
			if (!is_last)
				path[out++] = '/';
		}
		at += length;
	}
	path[out] = '\0';
	return path;
}

const char *http_target_query(struct arena *arena, const char *target, const char *name)
{
	size_t name_length = strlen(name);

	for (const char *at = strchr(target, '?'); at; at = strchr(at, '&')) {
		at++;
		if (!strncmp(at, name, name_length) && at[name_length] == '=') {
			at += name_length + 1;
			return decode(arena, at, strcspn(at, "&"), true);
		}
	}
	return NULL;
}
