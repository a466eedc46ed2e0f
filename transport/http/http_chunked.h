/* SPDX-License-Identifier: MIT */
/* A body in chunks (RFC 9112 7.1), read strictly. Extensions of chunks and trailers are passed over. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_chunked_state {
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_EXTENSION,
	HTTP_CHUNK_SIZE_END, /* LF is expected */
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_DATA_CR,
	HTTP_CHUNK_DATA_LF,
	HTTP_CHUNK_TRAILER, /* the begin of a line */
	HTTP_CHUNK_TRAILER_LINE,
	HTTP_CHUNK_TRAILER_LF,
	HTTP_CHUNK_LAST_LF,
	HTTP_CHUNK_END, /* of the body */
	HTTP_CHUNK_BAD, /* where it ends will never be known */
};

/* Zero-initialised it expects the first chunk. */
struct http_chunked {
	enum http_chunked_state state;
	uint64_t left;   /* of the chunk */
	unsigned digits; /* of its size */
	size_t line;     /* bytes of its first line; of all trailers */
};

/*
 * Takes bytes up to the end of one piece of content, of the body or of what is there, and returns how many. The piece,
 * which may be empty, points into them.
 */
size_t http_chunked_take(struct http_chunked *chunked, const char *bytes, size_t count, const char **piece,
			 size_t *piece_length);
