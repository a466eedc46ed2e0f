/* SPDX-License-Identifier: MIT */
/* A segment of the spool's log out of any bytes behind its header, with checksums that are right: otherwise nothing but
 * the first batch's header would ever be looked at. */
#pragma once

#include <string.h>

#include "base/mem.h"
#include "transport/spool/spool_bytes.h"
#include "transport/spool/spool_segment.h"

#define SEGMENT_NUMBER 1

/* SEGMENT_HEADER_BYTES + size bytes, to be freed. */
static inline uint8_t *segment_of(const uint8_t *data, size_t size)
{
	static const uint8_t key[SPOOL_KEY_BYTES] = "a key for tests";
	uint8_t *bytes = mem_alloc(SEGMENT_HEADER_BYTES + size);
	size_t at = SEGMENT_HEADER_BYTES;

	segment_header_make(bytes, SEGMENT_NUMBER, 1, key);
	if (size)
		memcpy(bytes + SEGMENT_HEADER_BYTES, data, size);
	size += SEGMENT_HEADER_BYTES;
	while (size - at > SEGMENT_BATCH_HEADER_BYTES) {
		uint32_t length = bytes_get_u32(bytes + at);

		if (length == 0 || length > size - at - SEGMENT_BATCH_HEADER_BYTES)
			break;
		bytes_put_u32(bytes + at + 4,
		              segment_batch_crc(SEGMENT_NUMBER, at, bytes + at + SEGMENT_BATCH_HEADER_BYTES, length));
		at += SEGMENT_BATCH_HEADER_BYTES + length;
	}
	return bytes;
}
