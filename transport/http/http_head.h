/* SPDX-License-Identifier: MIT */
/*
 * The head of a request (RFC 9112 2 to 6; RFC 9110 5, 7.2, 7.6.1, 8.6, 10.1.1), read strictly: what two programs could
 * read in two ways is refused, so that no proxy in front and this server disagree about where a request ends. That is
 * bare LF and CR, control characters, lines that are continued, blanks before a colon, more than one Content-Length or
 * Transfer-Encoding, or both.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "transport/http/http_server.h"

struct http_field {
	const char *name; /* in lower case */
	const char *value; /* without blanks around it; bytes from 0x80 on are as they came */
};

struct http_head {
	enum http_method method; /* 0: another one */
	const char *target; /* "/path?query", as it was sent; without "http://host" if it came so */
	bool is_1_0;
	bool keeps;         /* the connection, if it is for the peer; never with HTTP/1.0 */
	bool has_length, is_chunked; /* neither: there is no body */
	uint64_t content_length;
	bool expects_continue;
	const struct http_field *fields;
	size_t count;
};

/*
 * How long the head is at whose begin `bytes` point, with the empty line at its end. 0: more is needed; *seen, 0 at
 * first, says where to go on, if `bytes` still begin there. SIZE_MAX: this will not become a head.
 */
size_t http_head_find_end(const char *bytes, size_t length, size_t *seen);
/*
 * Reads what http_head_find_end has found. 0, or the status to answer, with a sentence; method, target ("" if unknown)
 * and is_1_0 are set as far as they were understood. Texts are in the arena.
 */
unsigned http_head_parse(struct arena *arena, const char *bytes, size_t length, struct http_head *head,
			 const char **sentence);
/* By its name in lower case; several of one name are joined with ", ". NULL: not there. */
const char *http_head_field(const struct http_head *head, struct arena *arena, const char *name);
