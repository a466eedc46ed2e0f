/* SPDX-License-Identifier: MIT */
/*
 * What stands behind the header of a segment of the spool's log, as a disk may have made it: a spool opens with it,
 * has the records that it says it has, and opens again with the same. (fuzz_spool_segment.c looks at the reading
 * alone.)
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "tests/fuzz/segment.h"
#include "tests/unit/folder.h"
#include "transport/spool/spool.h"

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

/* What there is: a number that is the same if the contents are. */
static uint64_t look_at(struct spool *spool)
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
	return sum;
}

static uint64_t open_and_look(uv_loop_t *loop, const char *folder)
{
	const struct spool_config config = {.folder = folder,
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
	uint64_t sum;

	require(spool_open(&spool, loop, &config, &error) == 0);
	sum = look_at(spool);
	require(spool_flush(spool) == 0);
	spool_close(&spool);
	uv_run(loop, UV_RUN_DEFAULT);
	buf_finish(&error);
	return sum;
}

static void open_spool(const uint8_t *bytes, size_t size)
{
	bool fast = access("/dev/shm", W_OK) == 0;
	char *folder = mem_printf("%s/fuzz-spool-%d", fast ? "/dev/shm" : "/tmp", getpid());
	char *path = mem_printf("%s/%016x.log", folder, SEGMENT_NUMBER);
	uv_loop_t loop;
	uint64_t sum;
	int fd;

	uv_loop_init(&loop);
	require(mkdir(folder, 0700) == 0);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
	sum = open_and_look(&loop, folder);
	require(open_and_look(&loop, folder) == sum);
	require(uv_loop_close(&loop) == 0);
	folder_remove(folder);
	mem_free(path);
	mem_free(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = segment_of(data, size);
	size_t entries = 0;

	log_threshold = LOG_LEVEL_ERROR;
	size += SEGMENT_HEADER_BYTES;
	segment_scan(bytes, size, SEGMENT_NUMBER, 1, count_entry, &entries);
	/* a file is made for each: only if there is something in it */
	if (entries > 0)
		open_spool(bytes, size);
	mem_free(bytes);
	return 0;
}
