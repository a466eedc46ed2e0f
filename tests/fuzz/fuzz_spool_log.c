/* SPDX-License-Identifier: MIT */
/*
 * What stands behind the header of a segment of the spool's log, as a disk may have made it. The checksums
 * are put right first, or nothing but the first batch's header would ever be looked at. Beyond not crashing:
 * what is read is the same when it is written again, and a spool opens with it, has the records that it says
 * it has, and opens again with the same.
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
#include "tests/unit/folder.h"
#include "transport/spool/spool.h"
#include "transport/spool/spool_bytes.h"
#include "transport/spool/spool_segment.h"

#define NUMBER 1

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void put_checksums_right(uint8_t *bytes, size_t size)
{
	size_t at = SEGMENT_HEADER_BYTES;

	while (size - at > SEGMENT_BATCH_HEADER_BYTES) {
		uint32_t length = bytes_get_u32(bytes + at);
		if (length == 0 || length > size - at - SEGMENT_BATCH_HEADER_BYTES)
			return;
		bytes_put_u32(bytes + at + 4,
		              segment_batch_crc(NUMBER, at, bytes + at + SEGMENT_BATCH_HEADER_BYTES, length));
		at += SEGMENT_BATCH_HEADER_BYTES + length;
	}
}

static void see_entry(void *context, uint64_t position, const struct spool_entry *entry, const uint8_t *bytes,
                      size_t size)
{
	struct buf again = {0};
	struct spool_entry back;
	size_t begin;

	(void)position;
	if (entry->type == ENTRY_PUT) {
		begin = spool_entry_begin_put(&again, entry);
		buf_append(&again, entry->frame, entry->frame_size);
		require(spool_entry_end_put(&again, begin) == entry->frame_size);
	} else {
		spool_entry_write(&again, entry);
	}
	require(spool_entry_read((const uint8_t *)again.data, again.len, &back) == again.len);
	require(back.type == entry->type && back.id == entry->id && back.time == entry->time);
	/* a few bits mean nothing and are not kept */
	require(again.len == size);
	(void)bytes;
	buf_finish(&again);
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
	char *path = mem_printf("%s/%016x.log", folder, NUMBER);
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
	static const uint8_t key[SPOOL_KEY_BYTES] = "a key for tests";
	uint8_t *bytes = mem_alloc(SEGMENT_HEADER_BYTES + size);
	size_t entries = 0, good;

	log_threshold = LOG_LEVEL_ERROR;
	segment_header_make(bytes, NUMBER, 1, key);
	if (size)
		memcpy(bytes + SEGMENT_HEADER_BYTES, data, size);
	size += SEGMENT_HEADER_BYTES;
	put_checksums_right(bytes, size);
	good = segment_scan(bytes, size, NUMBER, 1, see_entry, &entries);
	require(good >= SEGMENT_HEADER_BYTES && good <= size);
	/* a file is made for each: only if there is something in it */
	if (entries > 0)
		open_spool(bytes, size);
	mem_free(bytes);
	return 0;
}
