/* SPDX-License-Identifier: MIT */
/*
 * What stands behind the header of a segment of the spool's log, as a disk may have made it: what is read is the same
 * when it is written again. (fuzz_spool_log.c opens a spool with it, which takes a hundred times as long.)
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/fuzz/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

struct seen {
	size_t entries;
	uint64_t last; /* position */
	struct buf again;
};

static void see_entry(void *context, uint64_t position, const struct spool_entry *entry, const uint8_t *bytes,
                      size_t size)
{
	struct seen *seen = context;
	struct buf *again = &seen->again;
	struct spool_entry back;
	size_t begin;

	(void)bytes;
	require(!seen->entries || position > seen->last);
	seen->last = position;
	seen->entries++;
	buf_clear(again);
	if (entry->type == ENTRY_PUT) {
		begin = spool_entry_begin_put(again, entry);
		buf_append(again, entry->frame, entry->frame_size);
		require(spool_entry_end_put(again, begin) == entry->frame_size);
	} else {
		spool_entry_write(again, entry);
	}
	require(spool_entry_read((const uint8_t *)again->data, again->len, &back) == again->len);
	require(back.type == entry->type && back.id == entry->id && back.time == entry->time);
	/* a few bits mean nothing and are not kept */
	require(again->len == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = segment_of(data, size);
	struct segment_header header;
	struct seen seen = {0};
	size_t whole = SEGMENT_HEADER_BYTES + size, good;

	require(segment_header_read(bytes, whole, &header) && header.number == SEGMENT_NUMBER && header.first_id == 1);
	good = segment_scan(bytes, whole, SEGMENT_NUMBER, 1, see_entry, &seen);
	require(good >= SEGMENT_HEADER_BYTES && good <= whole);
	require(!seen.entries || good > SEGMENT_HEADER_BYTES);
	buf_finish(&seen.again);
	mem_free(bytes);
	return 0;
}
