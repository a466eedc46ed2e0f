/* SPDX-License-Identifier: MIT */
/*
 * The form of one file of the log:
 *   header, 64 bytes: magic, version, number, first id, key, CRC
 *   batches: u32 length, u32 CRC-32C of number, offset, length and entries; then the entries (spool_entry.h)
 * It ends at the first batch that is not whole and good; space that was reserved reads as zeros. The checksum
 * covers where the batch is, so that nothing that the disk shows in a wrong place is taken for one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/spool/spool_entry.h"

#define SEGMENT_VERSION 1
#define SEGMENT_HEADER_BYTES 64
#define SEGMENT_BATCH_HEADER_BYTES 8
#define SEGMENT_BATCH_BYTES (1u << 20) /* an open batch of this size is closed */
#define SPOOL_KEY_BYTES 16

struct segment_header {
	uint32_t version;
	uint64_t number;
	uint64_t first_id;  /* no id from this one on was given out before the segment was begun */
	const uint8_t *key; /* in the header's bytes */
};

void segment_header_make(uint8_t header[SEGMENT_HEADER_BYTES], uint64_t number, uint64_t first_id,
                         const uint8_t key[SPOOL_KEY_BYTES]);
bool segment_header_read(const uint8_t *bytes, size_t size, struct segment_header *header);

uint32_t segment_batch_crc(uint64_t number, uint64_t offset, const uint8_t *entries, uint32_t length);
/* Size of the batch that `bytes` begins with, which is at this offset of its file; 0: none that is whole and
 * good. */
size_t segment_batch_size(const uint8_t *bytes, size_t size, uint64_t number, uint64_t offset);

/* `position` is that of the entry, whose bytes are given. */
typedef void segment_each(void *context, uint64_t position, const struct spool_entry *entry,
                          const uint8_t *bytes, size_t size);
/* The entries of a batch that is good, which is at `position`. */
void segment_batch_each(const uint8_t *batch, size_t size, uint64_t position, segment_each *each,
                        void *context);
/* All batches behind the header, the first at position `base`. Returns the offset where the good ones end. */
size_t segment_scan(const uint8_t *bytes, size_t size, uint64_t number, uint64_t base, segment_each *each,
                    void *context);
