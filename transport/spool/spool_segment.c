/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_segment.h"

#include <string.h>

#include "config/limits.h"
#include "transport/spool/spool_bytes.h"
#include "transport/spool/spool_crc.h"

#define MAGIC "LTSPOOL\n"
#define HEADER_CRC_AT 60
/* A batch may be longer by the entry that closed it: a frame and its texts. */
#define BATCH_MAX_BYTES (SEGMENT_BATCH_BYTES + LIMIT_FRAME_BYTES + (256u << 10))

uint32_t segment_batch_crc(uint64_t number, uint64_t offset, const uint8_t *entries, uint32_t length)
{
	uint8_t head[20];

	bytes_put_u64(head, number);
	bytes_put_u64(head + 8, offset);
	bytes_put_u32(head + 16, length);
	return spool_crc(spool_crc(0, head, sizeof(head)), entries, length);
}

void segment_header_make(uint8_t header[SEGMENT_HEADER_BYTES], uint64_t number, uint64_t first_id,
                         const uint8_t key[SPOOL_KEY_BYTES])
{
	memset(header, 0, SEGMENT_HEADER_BYTES);
	memcpy(header, MAGIC, 8);
	bytes_put_u32(header + 8, SEGMENT_VERSION);
	bytes_put_u64(header + 16, number);
	bytes_put_u64(header + 24, first_id);
	memcpy(header + 32, key, SPOOL_KEY_BYTES);
	bytes_put_u32(header + HEADER_CRC_AT, spool_crc(0, header, HEADER_CRC_AT));
}

bool segment_header_read(const uint8_t *bytes, size_t size, struct segment_header *header)
{
	if (size < SEGMENT_HEADER_BYTES || memcmp(bytes, MAGIC, 8) != 0 ||
	    bytes_get_u32(bytes + HEADER_CRC_AT) != spool_crc(0, bytes, HEADER_CRC_AT))
		return false;
	header->version = bytes_get_u32(bytes + 8);
	header->number = bytes_get_u64(bytes + 16);
	header->first_id = bytes_get_u64(bytes + 24);
	header->key = bytes + 32;
	return header->first_id > 0 && header->first_id <= ENTRY_ID_MAX;
}

/* All entries of a batch are whole. */
static bool batch_is_valid(const uint8_t *entries, size_t length)
{
	struct spool_entry entry;
	size_t at = 0, size;

	while (at < length) {
		size = spool_entry_read(entries + at, length - at, &entry);
		if (!size)
			return false;
		at += size;
	}
	return true;
}

size_t segment_batch_size(const uint8_t *bytes, size_t size, uint64_t number, uint64_t offset)
{
	uint32_t length;

	if (size < SEGMENT_BATCH_HEADER_BYTES)
		return 0;
	length = bytes_get_u32(bytes);
	if (length == 0 || length > BATCH_MAX_BYTES || length > size - SEGMENT_BATCH_HEADER_BYTES ||
	    bytes_get_u32(bytes + 4) !=
	            segment_batch_crc(number, offset, bytes + SEGMENT_BATCH_HEADER_BYTES, length))
		return 0;
	return SEGMENT_BATCH_HEADER_BYTES + length;
}

void segment_batch_each(const uint8_t *batch, size_t size, uint64_t position, segment_each *each,
                        void *context)
{
	struct spool_entry entry;
	size_t length, at;

	for (at = SEGMENT_BATCH_HEADER_BYTES; at < size; at += length) {
		length = spool_entry_read(batch + at, size - at, &entry);
		if (!length)
			return;
		each(context, position + at, &entry, batch + at, length);
	}
}

size_t segment_scan(const uint8_t *bytes, size_t size, uint64_t number, uint64_t base, segment_each *each,
                    void *context)
{
	size_t at = SEGMENT_HEADER_BYTES, length;

	while ((length = segment_batch_size(bytes + at, size - at, number, at)) != 0 &&
	       batch_is_valid(bytes + at + SEGMENT_BATCH_HEADER_BYTES, length - SEGMENT_BATCH_HEADER_BYTES)) {
		segment_batch_each(bytes + at, length, base + at - SEGMENT_HEADER_BYTES, each, context);
		at += length;
	}
	return at;
}
