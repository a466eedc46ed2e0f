/* SPDX-License-Identifier: MIT */
/*
 * The head of a request, its target, and a body in chunks behind it, without a connection around them (which
 * fuzz_http.c has): where the head ends, and what the chunks hold, is the same however the bytes were cut. The first
 * byte says how.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/http/http_chunked.h"
#include "transport/http/http_head.h"
#include "transport/http/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void require_text(const char *text)
{
	require(!text || text_is_clean(text, strlen(text), TEXT_LINE));
}

/* As more and more of it comes. */
static size_t find_end(const char *bytes, size_t length, size_t piece)
{
	size_t seen = 0, end = 0;

	for (size_t there = 0; there < length && end == 0;) {
		there = length - there < piece ? length : there + piece;
		end = http_head_find_end(bytes, there, &seen);
		require(end == SIZE_MAX || end <= there);
	}
	return end;
}

static void check_target(struct arena *arena, const char *target)
{
	const char *path = http_target_decode(arena, target), *resolved = http_target_resolved(arena, target);

	require_text(path);
	require_text(resolved);
	require(!path || *path == '/');
	if (resolved)
		require(*resolved == '/' && !strstr(resolved, "//") && !strstr(resolved, "/../") && !strstr(resolved, "/./"));
	require_text(http_target_query(arena, target, "a"));
}

static bool check_head(struct arena *arena, const char *bytes, size_t length)
{
	struct http_head head;
	const char *sentence = NULL;
	unsigned status = http_head_parse(arena, bytes, length, &head, &sentence);

	require(head.target != NULL);
	require(status == 0 || (status >= 400 && status < 600 && sentence && *sentence));
	check_target(arena, head.target);
	if (status)
		return false;
	require(!head.is_chunked || !head.has_length);
	require(!head.is_1_0 || !head.keeps);
	for (size_t i = 0; i < head.count; i++) {
		const char *name = head.fields[i].name;

		require(*name && !strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ \r\n:"));
		require(!strpbrk(head.fields[i].value, "\r\n"));
		require(http_head_field(&head, arena, name) != NULL);
	}
	return head.is_chunked;
}

static enum http_chunked_state take(const char *bytes, size_t length, size_t piece, struct buf *content)
{
	struct http_chunked chunked = {0};

	for (size_t at = 0; at < length && chunked.state < HTTP_CHUNK_END;) {
		size_t count = length - at < piece ? length - at : piece, part, used;
		const char *from = NULL;

		used = http_chunked_take(&chunked, bytes + at, count, &from, &part);
		require(used <= count && (used > 0 || chunked.state >= HTTP_CHUNK_END));
		if (part) {
			require(from >= bytes + at && from + part <= bytes + at + used);
			buf_append(content, from, part);
		}
		at += used;
	}
	return chunked.state;
}

static void check_body(const char *bytes, size_t length, size_t piece)
{
	struct buf whole = {0}, cut = {0};

	require(take(bytes, length, length, &whole) == take(bytes, length, piece, &cut));
	require(whole.len == cut.len && memcmp(buf_text(&whole), buf_text(&cut), cut.len) == 0);
	buf_finish(&whole);
	buf_finish(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	char *bytes;
	size_t piece, end;

	if (size < 2)
		return 0;
	/* Of its own size, so that a byte too far is seen. */
	bytes = mem_dup(data + 1, --size);
	piece = 1 + data[0] % 64;
	end = find_end(bytes, size, size);
	require(find_end(bytes, size, piece) == end);
	if (end > 0 && end != SIZE_MAX && check_head(&arena, bytes, end))
		check_body(bytes + end, size - end, piece);
	arena_finish(&arena);
	mem_free(bytes);
	return 0;
}
