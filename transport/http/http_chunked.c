/* SPDX-License-Identifier: MIT */
#include "transport/http/http_chunked.h"

#include "config/limits.h"

#define DIGITS_MAX 15 /* of 16: so that sums of sizes stay within 64 bits */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static enum http_chunked_state expect(char c, char wanted, enum http_chunked_state next)
{
	return c == wanted ? next : HTTP_CHUNK_BAD;
}

static enum http_chunked_state after_size(struct http_chunked *chunked, char c)
{
	int digit = digit_of(c);

	if (digit >= 0 && chunked->digits < DIGITS_MAX) {
		chunked->digits++;
		chunked->left = chunked->left << 4 | (uint64_t)digit;
		return HTTP_CHUNK_SIZE;
	}
	if (chunked->digits > 0 && c == '\r')
		return HTTP_CHUNK_SIZE_END;
	return chunked->digits > 0 && c == ';' ? HTTP_CHUNK_EXTENSION : HTTP_CHUNK_BAD;
}

static enum http_chunked_state in_line(char c, enum http_chunked_state same, enum http_chunked_state at_end)
{
	if (c == '\r')
		return at_end;
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f ? HTTP_CHUNK_BAD : same;
}

/* A byte that is none of the content. */
static void step(struct http_chunked *chunked, char c)
{
	size_t line_max = LIMIT_HTTP_CHUNK_LINE_BYTES;

	switch (chunked->state) {
	case HTTP_CHUNK_SIZE:
		chunked->state = after_size(chunked, c);
		break;
	case HTTP_CHUNK_EXTENSION:
		chunked->state = in_line(c, HTTP_CHUNK_EXTENSION, HTTP_CHUNK_SIZE_END);
		break;
	case HTTP_CHUNK_SIZE_END:
		chunked->state = expect(c, '\n', chunked->left > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER);
		chunked->line = 0;
		return;
	case HTTP_CHUNK_DATA_CR:
		chunked->state = expect(c, '\r', HTTP_CHUNK_DATA_LF);
		return;
	case HTTP_CHUNK_DATA_LF:
		chunked->state = expect(c, '\n', HTTP_CHUNK_SIZE);
		chunked->digits = 0;
		return;
	case HTTP_CHUNK_TRAILER:
		chunked->state = in_line(c, HTTP_CHUNK_TRAILER_LINE, HTTP_CHUNK_LAST_LF);
		line_max = LIMIT_HTTP_HEAD_BYTES;
		break;
	case HTTP_CHUNK_TRAILER_LINE:
		chunked->state = in_line(c, HTTP_CHUNK_TRAILER_LINE, HTTP_CHUNK_TRAILER_LF);
		line_max = LIMIT_HTTP_HEAD_BYTES;
		break;
	case HTTP_CHUNK_TRAILER_LF:
		chunked->state = expect(c, '\n', HTTP_CHUNK_TRAILER);
		return;
	case HTTP_CHUNK_LAST_LF:
		chunked->state = expect(c, '\n', HTTP_CHUNK_END);
		return;
	case HTTP_CHUNK_DATA:
	case HTTP_CHUNK_END:
	case HTTP_CHUNK_BAD:
		return;
	}
	if (++chunked->line > line_max)
		chunked->state = HTTP_CHUNK_BAD;
}

size_t http_chunked_take(struct http_chunked *chunked, const char *bytes, size_t count, const char **piece,
			 size_t *piece_length)
{
	size_t used = 0;

	*piece = bytes;
	*piece_length = 0;
	while (used < count && chunked->state < HTTP_CHUNK_END) {
		if (chunked->state != HTTP_CHUNK_DATA) {
			step(chunked, bytes[used++]);
			continue;
		}
		*piece = bytes + used;
		*piece_length = chunked->left < count - used ? (size_t)chunked->left : count - used;
		chunked->left -= *piece_length;
		if (chunked->left == 0)
			chunked->state = HTTP_CHUNK_DATA_CR;
		return used + *piece_length;
	}
	return used;
}
