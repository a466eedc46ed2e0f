/* SPDX-License-Identifier: MIT */
#include "transport/http/http_target.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

const char *http_target_read(struct arena *arena, const char *head, size_t length)
{
	const char *end = memchr(head, '\n', length);
	const char *begin = end ? memchr(head, ' ', (size_t)(end - head)) : NULL;
	const char *after = begin ? memchr(begin + 1, ' ', (size_t)(end - begin - 1)) : NULL;

	return after && after > begin + 1 ? arena_strndup(arena, begin + 1, (size_t)(after - begin - 1)) : NULL;
}

const char *http_target_decode(struct arena *arena, const char *target)
{
	size_t length = strcspn(target, "?"), out = 0;
	char *path = arena_alloc(arena, length + 1);

	if (*target != '/')
		return NULL;
	for (size_t i = 0; i < length; i++) {
		if (target[i] != '%') {
			path[out++] = target[i];
			continue;
		}
		int byte = i + 2 < length ? text_hex_byte(target + i + 1) : -1;

		if (byte < 0)
			return NULL;
		path[out++] = (char)byte;
		i += 2;
	}
	path[out] = '\0';
	return text_is_clean(path, out, TEXT_LINE) ? path : NULL;
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
