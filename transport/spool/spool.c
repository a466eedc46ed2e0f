/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "transport/spool/spool_internal.h"

#define RETRY_MS 1000 /* after a failure */
#define SYNC_MS 1000  /* SPOOL_POWER: what nobody waits for */
#define ITEMS_MS 100
#define CLEAN_MS 10
#define EXPIRE_MS 60000

/* --- waiting for the disk --- */

static uint64_t end_of(const struct spool *spool)
{
	return spool->disk ? spool_log_end(spool->disk) : 0;
}

void spool_when_durable(struct spool *spool, void (*done)(void *context, int err), void *context)
{
	if (spool->waiters_count == spool->waiters_capacity) {
		spool->waiters_capacity = spool->waiters_capacity ? spool->waiters_capacity * 2 : 64;
		spool->waiters =
		        mem_realloc(spool->waiters, spool->waiters_capacity * sizeof(*spool->waiters));
	}
	spool->waiters[spool->waiters_count++] =
	        (struct spool_waiter){.position = end_of(spool), .done = done, .context = context};
}

/* Calls those back that wait for no more than `position`. The callbacks may add others. */
static void call_waiters(struct spool *spool, uint64_t position, int err)
{
	struct spool_waiter *ready;
	size_t i, count = 0;

	while (count < spool->waiters_count && spool->waiters[count].position <= position)
		count++;
	if (count == 0)
		return;
	ready = mem_dup(spool->waiters, count * sizeof(*ready));
	spool->waiters_count -= count;
	memmove(spool->waiters, spool->waiters + count, spool->waiters_count * sizeof(*ready));
	for (i = 0; i < count; i++)
		ready[i].done(ready[i].context, err);
	mem_free(ready);
}

static bool wants_sync(const struct spool *spool)
{
	const struct spool_log *disk = spool->disk;
	bool power = spool->config.durability == SPOOL_POWER;

	if (spool->sync_under_way || spool->closing || !disk->head)
		return false;
	/* A head whose file may be gone after a power cut is followed by no other. */
	if (!disk->head->synced || spool_index_wants_sync(spool))
		return true;
	if (!power || disk->position <= disk->synced)
		return false;
	return spool->waiters_count > 0 || clock_ms() - spool->synced_ms >= SYNC_MS;
}

static void start_sync(struct spool *spool)
{
	if (!wants_sync(spool))
		return;
	spool_log_sync_begin(spool->disk, &spool->sync);
	spool->sync_under_way = true;
	spool->synced_ms = clock_ms();
	spool_thread_sync(spool->thread, &spool->sync);
}

/* --- the timer: whatever has to go on although nothing is put --- */

static void on_timer(uv_timer_t *timer);

static uint64_t next_time(const struct spool *spool)
{
	const struct spool_log *disk = spool->disk;
	uint64_t ms = spool->dead > 0 ? EXPIRE_MS : UINT64_MAX;

	if (!disk)
		return ms;
	if (spool_clean_is_due(spool))
		return CLEAN_MS;
	if (disk->failing || disk->full)
		return RETRY_MS;
	if (spool->filling.count > 0 || spool->sealed || spool->tidy.paths_count > 0)
		return ITEMS_MS;
	if (spool->config.durability == SPOOL_POWER && disk->synced < disk->position)
		return SYNC_MS;
	return ms;
}

static void schedule(struct spool *spool)
{
	uint64_t ms = next_time(spool);
	uv_handle_t *timer = (uv_handle_t *)&spool->timer;

	if (ms == UINT64_MAX || uv_is_closing(timer) ||
	    (uv_is_active(timer) && uv_timer_get_due_in(&spool->timer) <= ms))
		return;
	uv_timer_start(&spool->timer, on_timer, ms, 0);
	uv_unref(timer);
}

static void on_timer(uv_timer_t *timer)
{
	struct spool *spool = CONTAINER_OF(timer, struct spool, timer);

	spool_expire(spool);
	spool_flush(spool);
}

/* --- flushing --- */

static int flush_disk(struct spool *spool)
{
	struct spool_log *disk = spool->disk;
	bool waits;
	int err;

	if (spool->waiters_count == 0)
		spool_log_drop(disk);
	waits = spool_log_waiting(disk) > 0;
	err = spool_log_write(disk);
	if (err) {
		spool_index_free_space(spool);
		return err;
	}
	spool->flushes += waits;
	spool_index_progress(spool);
	start_sync(spool);
	return 0;
}

bool spool_can_wait(const struct spool *spool)
{
	return !spool->disk || (spool->config.durability == SPOOL_PROCESS && !spool->disk->pending_needed &&
	                        spool->waiters_count == 0);
}

bool spool_is_pending(const struct spool *spool)
{
	return spool->disk && spool_log_waiting(spool->disk) > 0;
}

void spool_cannot_wait(struct spool *spool)
{
	if (spool->disk)
		spool_log_need(spool->disk);
}

int spool_flush(struct spool *spool)
{
	int err = 0;

	if (spool->config.before_flush)
		spool->config.before_flush(spool->config.context);
	if (spool->disk) {
		spool_clean(spool);
		err = flush_disk(spool);
		schedule(spool);
	} else if (spool->dead > 0) {
		schedule(spool);
	}
	if (spool->waiters_count == 0)
		return err;
	if (err)
		call_waiters(spool, UINT64_MAX, err);
	else if (spool->config.durability != SPOOL_POWER || !spool->disk)
		call_waiters(spool, spool->disk ? spool->disk->position : 0, 0);
	else
		call_waiters(spool, spool->disk->synced, 0);
	return err;
}

static void on_synced(void *context, struct spool_sync *sync)
{
	struct spool *spool = context;
	uint64_t position = sync->position;
	int err = sync->error ? TP_ERR_IO : 0;

	spool->sync_under_way = false;
	spool->syncs++;
	spool_log_sync_end(spool->disk, sync);
	if (err) {
		spool_evacuate_suspects(spool);
		schedule(spool);
	}
	if (spool->closing)
		return;
	if (spool->config.durability == SPOOL_POWER)
		call_waiters(spool, position, err);
	spool_index_progress(spool);
	start_sync(spool);
	schedule(spool);
}

static void on_tidied(void *context, struct spool_tidy *tidy)
{
	struct spool *spool = context;

	spool_index_tidied(spool, tidy);
	if (!spool->closing)
		schedule(spool);
}

/* --- open and close --- */

static void load(void *context, uint64_t position, const struct spool_entry *entry, const uint8_t *bytes,
                 size_t size)
{
	struct spool *spool = context;

	(void)bytes;
	switch (entry->type) {
	case ENTRY_PUT:
		spool_records_load(spool, position, entry, size);
		if (entry->flags & ENTRY_HAS_SEEN)
			spool_index_load(spool, position, entry);
		break;
	case ENTRY_DONE:
	case ENTRY_DEAD:
	case ENTRY_RETRY:
		spool_records_load(spool, position, entry, size);
		break;
	case ENTRY_NOTE:
	case ENTRY_NOTE_REMOVED:
		spool_notes_load(spool, position, entry, size);
		break;
	case ENTRY_SEEN:
	case ENTRY_LINK:
		spool_index_load(spool, position, entry);
		break;
	}
}

static int open_databases(struct spool *spool, struct buf *error)
{
	char *path = mem_printf("%s/messages.db", spool->folder);
	int err = spool_database_open(&spool->writer, path, spool->secret, spool->disk->segment_bytes,
	                              &spool->log, error);

	if (!err)
		err = spool_database_open(&spool->reader, path, spool->secret, 0, &spool->log, error);
	if (!err)
		spool_database_count(spool->writer, &spool->seen, &spool->links);
	mem_free(path);
	return err;
}

static int open_files(struct spool *spool, struct buf *error)
{
	const struct spool_config *config = &spool->config;
	const struct spool_database_limits limits = {
	        .seen_seconds = config->seen_seconds,
	        .seen_count = config->seen_count,
	        .map_seconds = config->map_seconds,
	        .map_count = config->map_count * 2, /* a row for each direction */
	};
	const struct spool_thread_callbacks callbacks = {
	        .synced = on_synced, .tidied = on_tidied, .context = spool};
	char *path = mem_printf("%s/messages.db", spool->folder);
	int err;

	spool->mark = spool_database_peek(path, spool->mark_secret);
	mem_free(path);
	err = spool_log_open(&spool->disk, spool->folder, config->max_bytes, &spool->log, load, spool, error);

	if (err)
		return err;
	spool_records_loaded(spool);
	memcpy(spool->secret, spool->disk->key, sizeof(spool->secret));
	err = open_databases(spool, error);
	if (err)
		return err;
	spool->thread = spool_thread_start(spool->loop, spool->writer, &limits, &callbacks, &spool->log);
	if (!spool->thread) {
		buf_puts(error, "the spool's thread cannot be started");
		return TP_ERR_IO;
	}
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	mem_free(CONTAINER_OF((uv_timer_t *)handle, struct spool, timer));
}

/* All but what the timer needs. */
static void finish(struct spool *spool)
{
	spool_index_finish(spool);
	spool_notes_finish(spool);
	spool_database_close(&spool->reader);
	spool_database_close(&spool->writer);
	spool_log_close(&spool->disk);
	spool_records_finish(spool);
	mem_free(spool->waiters);
	mem_free(spool->folder);
	uv_close((uv_handle_t *)&spool->timer, on_timer_closed);
}

int spool_open(struct spool **slot, uv_loop_t *loop, const struct spool_config *config, struct buf *error)
{
	struct spool *spool = MEM_NEW(struct spool);
	int err = 0;

	*slot = NULL;
	spool->loop = loop;
	spool->config = *config;
	spool->config.folder = spool->folder = mem_strdup(config->folder);
	spool->log.label = "spool";
	spool->notes = map_create();
	uv_timer_init(loop, &spool->timer);
	spool_records_init(spool);
	random_bytes(spool->secret, sizeof(spool->secret));
	if (config->durability != SPOOL_OFF)
		err = open_files(spool, error);
	if (err) {
		finish(spool);
		return err;
	}
	if (spool->disk) {
		spool_index_progress(spool);
		start_sync(spool);
		schedule(spool);
	}
	*slot = spool;
	return 0;
}

void spool_close(struct spool **slot)
{
	struct spool *spool = *slot;
	int err = 0;

	if (!spool)
		return;
	spool->closing = true;
	if (spool->disk) {
		spool_thread_stop(&spool->thread);
		err = spool_log_write(spool->disk);
		if (!err && spool->config.durability == SPOOL_POWER) {
			spool_log_sync_begin(spool->disk, &spool->sync);
			spool_sync_run(&spool->sync);
			err = spool->sync.error ? TP_ERR_IO : 0;
			spool_log_sync_end(spool->disk, &spool->sync);
		}
	}
	call_waiters(spool, UINT64_MAX, err);
	*slot = NULL;
	finish(spool);
}

enum spool_durability spool_durability(const struct spool *spool)
{
	return spool->config.durability;
}

/* --- for people --- */

const char *spool_health(const struct spool *spool)
{
	return spool->disk ? spool->disk->problem : NULL;
}

static int64_t oldest_of(const struct spool *spool)
{
	int64_t oldest = 0;
	struct spool_queue *queue;

	for (queue = spool_queue_first(spool); queue; queue = spool_queue_next(spool, queue)) {
		LIST_EACH(link, &queue->records)
		{
			const struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);

			if (record->state == SPOOL_DEAD)
				continue;
			if (oldest == 0 || record->accepted_ms < oldest)
				oldest = record->accepted_ms;
			break;
		}
	}
	return oldest;
}

static uint64_t count_items(const struct spool_items *items, bool links)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < items->count; i++)
		count += links == (items->items[i].id != NULL);
	return count;
}

void spool_statistics(const struct spool *spool, struct spool_statistics *statistics)
{
	const struct spool_log *disk = spool->disk;

	*statistics = (struct spool_statistics){
	        .records = spool->records,
	        .bytes = spool->bytes,
	        .waiting = spool->waiting,
	        .handed = spool->handed,
	        .dead = spool->dead,
	        .put = spool->put,
	        .done = spool->done,
	        .segments = disk ? disk->segments_count : 0,
	        .disk_bytes = disk ? disk->disk_bytes : 0,
	        .flushes = spool->flushes,
	        .syncs = spool->syncs,
	        .oldest_ms = oldest_of(spool),
	        /* a link is there twice, once for each direction */
	        .seen = spool->seen + count_items(&spool->filling, false) +
	                count_items(&spool->committing, false),
	        .mapped = (spool->links + count_items(&spool->filling, true) +
	                   count_items(&spool->committing, true)) /
	                  2,
	        .failing = disk && (disk->failing || disk->full),
	};
}

void spool_identity_key(struct buf *out, const char *frontend, const char *address)
{
	buf_clear(out);
	buf_puts(out, frontend);
	buf_putc(out, '\n');
	buf_puts(out, address);
}

const char *spool_queue_whose(const struct spool_queue *queue)
{
	const char *end = queue->direction == SPOOL_TO_PEOPLE ? strchr(queue->owner, '\n') : NULL;

	return end ? end + 1 : queue->owner;
}

bool spool_identity_parts(const char *owner, char **frontend, const char **address)
{
	const char *end = strchr(owner, '\n');

	if (!end)
		return false;
	*frontend = mem_strndup(owner, (size_t)(end - owner));
	*address = end + 1;
	return true;
}
