/* SPDX-License-Identifier: MIT */
/* The Range header (RFC 9110 14.1.2), bytes only. */
#pragma once

#include <stdint.h>

enum http_range_result {
	HTTP_RANGE_NONE,  /* no range, several, or nonsense: the whole is sent */
	HTTP_RANGE_PART,  /* 206: *first to *last */
	HTTP_RANGE_WRONG, /* 416: nothing of it exists */
};

/* `text` may be NULL. `first` and `last` (inclusive) are set for HTTP_RANGE_PART only: first <= last < size.
 */
enum http_range_result http_range_parse(const char *text, uint64_t size, uint64_t *first, uint64_t *last);
