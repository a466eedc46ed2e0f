/* SPDX-License-Identifier: MIT */
/*
 * What stands behind the header of a segment of the spool's log, as a disk may have made it: a spool opens with it,
 * has the records that it says it has, and opens again with the same. (fuzz_spool_segment.c looks at the reading
 * alone.)
 */
#include <stdlib.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "tests/fuzz/segment.h"
#include "tests/fuzz/spool_in_memory.h"
#include "transport/spool/spool.h"

#define PAUSE_MS 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void count_entry(void *context, uint64_t position, const struct spool_entry *entry, const uint8_t *bytes,
                        size_t size)
{
	(void)position;
	(void)entry;
	(void)bytes;
	(void)size;
	++*(size_t *)context;
}

static void count_note(void *context, const char *name, const void *value, size_t size)
{
	(void)name;
	(void)value;
	*(uint64_t *)context += size + 1;
}

/* What there is: the same if the contents are. */
struct contents {
	uint64_t sum, seen, mapped;
};

static struct contents look_at(struct spool *spool)
{
	struct spool_queue *queue, *next;
	struct arena arena = {0};
	struct spool_statistics statistics;
	uint64_t records = 0, sum = 0, last;

	for (queue = spool_queue_first(spool); queue; queue = next) {
		last = 0;
		LIST_EACH(link, &queue->records)
		{
			struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);
			struct event event;
			const char *origin, *reason;

			require(record->id > last && spool_find(spool, record->id) == record);
			last = record->id;
			if (spool_read(spool, record, &arena, &event, &origin, &reason) == 0)
				require(event.handover == record->id);
			require(record->state != SPOOL_HANDED);
			sum = sum * 31 + record->id + record->size + (uint64_t)record->state;
			records++;
		}
		next = spool_queue_next(spool, queue);
	}
	spool_note_each(spool, "kind", "", count_note, &sum);
	spool_statistics(spool, &statistics);
	require(statistics.records == records && statistics.waiting + statistics.dead == records);
	arena_finish(&arena);
	return (struct contents){.sum = sum, .seen = statistics.seen, .mapped = statistics.mapped};
}

static struct contents open_and_look(uv_loop_t *loop)
{
	const struct spool_config config = {.folder = "folder",
	                                    .durability = SPOOL_PROCESS,
	                                    .max_bytes = 1u << 30,
	                                    .max_owner_bytes = 1u << 30,
	                                    .max_owner_records = 1000,
	                                    .seen_seconds = 1000,
	                                    .seen_count = 1000,
	                                    .map_seconds = 1000,
	                                    .map_count = 1000,
	                                    .keep_dead_seconds = UINT32_MAX};
	struct spool *spool;
	struct buf error = {0};
	struct contents contents;

	require(spool_open(&spool, loop, &config, &error) == 0);
	contents = look_at(spool);
	spool_memory_work();
	/* Until what is in the database and not in use any more is removed. */
	spool_memory_pass(PAUSE_MS);
	require(spool_flush(spool) == 0);
	spool_memory_work();
	spool_close(&spool);
	spool_memory_check_closed();
	uv_run(loop, UV_RUN_NOWAIT);
	require(!uv_loop_alive(loop));
	buf_finish(&error);
	return contents;
}

static void open_spool(const uint8_t *bytes, size_t size)
{
	/* It has nothing left of an input, and takes longer to make than all else. */
	static uv_loop_t loop;
	static bool made;
	struct contents first, second;

	if (!made)
		made = uv_loop_init(&loop) == 0;
	spool_memory_reset();
	spool_memory_put(SEGMENT_NUMBER, bytes, size);
	first = open_and_look(&loop);
	second = open_and_look(&loop);
	require(first.sum == second.sum && first.seen == second.seen && first.mapped == second.mapped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = segment_of(data, size);
	size_t entries = 0;

	log_threshold = LOG_LEVEL_ERROR;
	size += SEGMENT_HEADER_BYTES;
	segment_scan(bytes, size, SEGMENT_NUMBER, 1, count_entry, &entries);
	if (entries > 0)
		open_spool(bytes, size);
	mem_free(bytes);
	return 0;
}
