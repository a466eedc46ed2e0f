/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "protocol/codec.h"
#include "transport/spool/spool_internal.h"

#define FIRST_BUCKETS 256
#define BLOCK_RECORDS 64
#define SCRATCH_BYTES (64u << 10)
#define ID_SECOND_BITS 22

struct record_block {
	struct record_block *next;
	struct spool_record records[BLOCK_RECORDS];
};

static struct spool_record *record_of(const struct list *link)
{
	return CONTAINER_OF(link, struct spool_record, link);
}

/* --- by id --- */

static struct spool_record **bucket_of(const struct spool *spool, uint64_t id)
{
	/* Ids are counted up: their low bits spread by themselves. */
	return &spool->buckets[id & (spool->buckets_count - 1)];
}

static void grow_buckets(struct spool *spool)
{
	struct spool_record **old = spool->buckets, *record, *next, **bucket;
	size_t i, count = spool->buckets_count;

	spool->buckets_count = count ? count * 2 : FIRST_BUCKETS;
	spool->buckets = mem_alloc(spool->buckets_count * sizeof(struct spool_record *));
	for (i = 0; i < count; i++)
		for (record = old[i]; record; record = next) {
			next = record->hash_next;
			bucket = bucket_of(spool, record->id);
			record->hash_next = *bucket;
			*bucket = record;
		}
	mem_free(old);
}

struct spool_record *spool_find(const struct spool *spool, uint64_t id)
{
	struct spool_record *record = *bucket_of(spool, id);

	while (record && record->id != id)
		record = record->hash_next;
	return record;
}

static struct spool_record *record_alloc(struct spool *spool)
{
	struct spool_record *record;
	struct record_block *block;
	size_t i;

	if (!spool->free) {
		block = MEM_NEW(struct record_block);
		block->next = spool->blocks;
		spool->blocks = block;
		for (i = 0; i < BLOCK_RECORDS; i++) {
			block->records[i].hash_next = spool->free;
			spool->free = &block->records[i];
		}
	}
	record = spool->free;
	spool->free = record->hash_next;
	return record;
}

/* --- queues --- */

/* Everybody who has ever been shown anything has one, and nearly all are empty: nobody is to look through those. */
static void link_if_used(struct spool *spool, struct spool_queue *queue)
{
	bool used = queue->count || queue->walks;

	if (!used)
		list_remove(&queue->link);
	else if (list_empty(&queue->link))
		list_append(&spool->queues, &queue->link);
}

static void release_if_unused(struct spool *spool, struct spool_queue *queue)
{
	if (queue->references || queue->count)
		return;
	map_remove(spool->by_owner[queue->direction], queue->owner);
	mem_free(queue);
}

static struct spool_queue *queue_get(struct spool *spool, enum spool_direction direction, const char *owner)
{
	struct spool_queue *queue = map_get(spool->by_owner[direction], owner);

	if (queue)
		return queue;
	queue = MEM_NEW_TEXT(struct spool_queue, owner, owner);
	queue->direction = direction;
	list_init(&queue->records);
	list_init(&queue->link);
	map_put(spool->by_owner[direction], owner, queue);
	return queue;
}

struct spool_queue *spool_queue_open(struct spool *spool, enum spool_direction direction, const char *owner)
{
	struct spool_queue *queue = queue_get(spool, direction, owner);

	queue->references++;
	return queue;
}

void spool_queue_release(struct spool *spool, struct spool_queue **slot)
{
	struct spool_queue *queue = *slot;

	if (!queue)
		return;
	assert(queue->references > 0);
	queue->references--;
	release_if_unused(spool, queue);
	*slot = NULL;
}

struct spool_queue *spool_queue_find(const struct spool *spool, enum spool_direction direction,
                                     const char *owner)
{
	return map_get(spool->by_owner[direction], owner);
}

/* The first with records from here on. */
static struct spool_queue *queue_from(const struct spool *spool, const struct list *link)
{
	for (; link != &spool->queues; link = link->next)
		if (CONTAINER_OF(link, struct spool_queue, link)->count)
			return CONTAINER_OF(link, struct spool_queue, link);
	return NULL;
}

struct spool_queue *spool_queue_first(const struct spool *spool)
{
	return queue_from(spool, spool->queues.next);
}

struct spool_queue *spool_queue_next(const struct spool *spool, const struct spool_queue *queue)
{
	return queue_from(spool, queue->link.next);
}

bool spool_queue_walk(struct spool *spool, struct spool_queue **at)
{
	struct spool_queue *queue = *at;
	struct spool_queue *next = queue ? spool_queue_next(spool, queue) : spool_queue_first(spool);

	if (next) {
		next->references++;
		next->walks++;
	}
	if (queue) {
		queue->walks--;
		link_if_used(spool, queue);
		spool_queue_release(spool, &queue);
	}
	*at = next;
	return next != NULL;
}

/* --- states --- */

static void count_state(struct spool *spool, struct spool_record *record, int one)
{
	struct spool_queue *queue = record->queue;

	switch (record->state) {
	case SPOOL_WAITING:
		queue->waiting += (unsigned)one;
		spool->waiting += (uint64_t)(int64_t)one;
		break;
	case SPOOL_HANDED:
		spool->handed += (uint64_t)(int64_t)one;
		break;
	case SPOOL_DEAD:
		queue->dead += (unsigned)one;
		queue->dead_bytes += (uint64_t)((int64_t)one * record->size);
		spool->dead += (uint64_t)(int64_t)one;
		break;
	}
}

static void set_state(struct spool *spool, struct spool_record *record, enum spool_state state)
{
	count_state(spool, record, -1);
	record->state = state;
	count_state(spool, record, 1);
}

static struct spool_record *record_add(struct spool *spool, struct spool_queue *queue, uint64_t id,
                                       uint32_t size)
{
	struct spool_record *record = record_alloc(spool), **bucket;

	*record =
	        (struct spool_record){.id = id, .direction = queue->direction, .queue = queue, .size = size};
	if (spool->records >= spool->buckets_count)
		grow_buckets(spool);
	bucket = bucket_of(spool, id);
	record->hash_next = *bucket;
	*bucket = record;
	list_append(&queue->records, &record->link);
	queue->count++;
	link_if_used(spool, queue);
	queue->bytes += size;
	spool->records++;
	spool->bytes += size;
	count_state(spool, record, 1);
	return record;
}

void spool_record_forget(struct spool *spool, struct spool_record *record)
{
	struct spool_queue *queue = record->queue;
	struct spool_record **at = bucket_of(spool, record->id);

	while (*at != record)
		at = &(*at)->hash_next;
	*at = record->hash_next;
	count_state(spool, record, -1);
	list_remove(&record->link);
	queue->count--;
	link_if_used(spool, queue);
	queue->bytes -= record->size;
	spool->records--;
	spool->bytes -= record->size;
	if (spool->disk)
		spool_log_gone(spool->disk, record->place, record->entry_size);
	mem_free(record->bytes);
	mem_free(record->reason);
	record->hash_next = spool->free;
	spool->free = record;
	release_if_unused(spool, queue);
}

/* --- accepting --- */

static uint32_t conversation_hash(const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a: a collision only keeps an order that nobody asked for */

	for (; name && *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash;
}

static int check_limits(const struct spool *spool, const struct spool_queue *queue)
{
	const struct spool_config *config = &spool->config;

	if (spool->bytes >= config->max_bytes ||
	    queue->bytes - queue->dead_bytes >= config->max_owner_bytes ||
	    queue->count - queue->dead >= config->max_owner_records)
		return TP_ERR_LIMIT;
	return 0;
}

/* Appends the entry to `out`. On failure nothing is appended. */
static int encode(struct buf *out, const struct spool_queue *queue, const struct spool_message *message,
                  struct spool_entry *entry)
{
	struct event event = *message->event;
	bool to_people = queue->direction == SPOOL_TO_PEOPLE;
	size_t begin;
	int err;

	event.handover = 0; /* the number that it came with; it gets the record's own */
	if (strlen(queue->owner) > UINT16_MAX || (message->origin && strlen(message->origin) > UINT16_MAX))
		return TP_ERR_LIMIT;
	if (to_people)
		entry->flags |= ENTRY_TO_PEOPLE;
	if (event_is_message(event.type) && event.message.name) {
		entry->kind = (uint8_t)event.message.kind;
		entry->name_length = (uint16_t)strnlen(event.message.name, UINT16_MAX);
	}
	entry->owner = queue->owner;
	entry->origin = message->origin;
	begin = spool_entry_begin_put(out, entry);
	err = codec_encode(out, to_people ? CODEC_BACKEND : CODEC_CORE, CODEC_EXTENDED, &event);
	if (err) {
		out->len = begin;
		return err;
	}
	entry->frame_size = spool_entry_end_put(out, begin);
	return 0;
}

/* Without files an entry is written into the scratch, and nearly all are done before that is full. What is not gets a
 * piece of memory of its own then. */
static void keep_scratch(struct spool *spool)
{
	struct buf *scratch = &spool->scratch;

	for (; spool->records && spool->scratch_id < spool->next_id; spool->scratch_id++) {
		struct spool_record *record = spool_find(spool, spool->scratch_id);

		if (record)
			record->bytes = mem_dup(scratch->data + record->place, record->entry_size);
	}
	spool->scratch_id = spool->next_id;
	buf_clear(scratch);
	buf_shrink(scratch, SCRATCH_BYTES);
}

int spool_put(struct spool *spool, struct spool_queue *queue, const struct spool_message *message,
              struct spool_record **slot)
{
	struct spool_log *disk = spool->disk;
	struct buf *out = disk ? &disk->pending : &spool->scratch;
	struct spool_entry entry = {.type = ENTRY_PUT, .time = clock_wall_ms()};
	struct spool_record *record;
	size_t begin;
	int err = check_limits(spool, queue);

	if (err)
		return err;
	if (message->seen) {
		entry.flags |= ENTRY_HAS_SEEN;
		entry.seen = spool_seen_key(spool, queue->owner, message->seen);
		if (spool_index_has(spool, entry.seen))
			return TP_ERR_EXISTS;
		err = spool_index_room(spool);
		if (err)
			return err;
	}
	entry.conversation = conversation_hash(message->conversation);
	entry.id = disk ? disk->next_id : spool->next_id;
	if (!disk && (!spool->records || out->len >= SCRATCH_BYTES))
		keep_scratch(spool);
	begin = out->len;
	err = encode(out, queue, message, &entry);
	if (err)
		return err;
	if (disk) {
		size_t size = out->len - begin;
		out->len = begin;
		err = spool_log_room(disk, size, false);
		if (err)
			return err;
		out->len = begin + size;
	}

	record = record_add(spool, queue, entry.id, entry.frame_size);
	record->accepted_ms = entry.time;
	record->since_ms = (int64_t)uv_now(spool->loop);
	record->conversation = entry.conversation;
	record->entry_size = (uint32_t)(out->len - begin);
	if (disk) {
		disk->next_id++;
		record->place = disk->position + begin;
		spool_log_live(disk, record->place, record->entry_size);
		if (message->seen)
			spool_log_need(disk);
		spool_log_appended(disk);
	} else {
		spool->next_id++;
		record->place = begin;
	}
	if (message->seen)
		spool_index_add(spool, &(struct spool_item){.key = entry.seen, .stamp_ms = entry.time});
	spool->put++;
	if (slot)
		*slot = record;
	return 0;
}

void spool_handed(struct spool *spool, struct spool_record *record)
{
	record->handings++;
	set_state(spool, record, SPOOL_HANDED);
}

void spool_wait(struct spool *spool, struct spool_record *record)
{
	set_state(spool, record, SPOOL_WAITING);
}

void spool_done(struct spool *spool, struct spool_record **slot)
{
	struct spool_record *record = *slot;

	if (spool->disk)
		spool_log_append_done(spool->disk, record->id, record->place);
	spool_record_forget(spool, record);
	spool->done++;
	*slot = NULL;
}

static void set_dead(struct spool *spool, struct spool_record *record, int64_t when_ms, const char *reason)
{
	set_state(spool, record, SPOOL_DEAD);
	record->dead_ms = when_ms;
	mem_replace(&record->reason, reason);
}

/* The queue's oldest dead letter makes place. */
static void drop_oldest_dead(struct spool *spool, struct spool_queue *queue)
{
	LIST_EACH(link, &queue->records)
	{
		struct spool_record *record = record_of(link);

		if (record->state != SPOOL_DEAD)
			continue;
		log_warning(&spool->log, "dead letter %" PRIu64 " of %s dropped: there are more than %u",
		            record->id, log_quote(spool_queue_whose(queue)), LIMIT_SPOOL_DEAD);
		spool_done(spool, &record);
		return;
	}
}

void spool_dead(struct spool *spool, struct spool_record *record, const char *reason)
{
	char *text = mem_strndup(reason, text_cut(reason, strlen(reason), LIMIT_STATUS_BYTES));
	struct spool_entry entry = {
	        .type = ENTRY_DEAD, .id = record->id, .time = clock_wall_ms(), .reason = text};

	if (record->queue->dead >= LIMIT_SPOOL_DEAD)
		drop_oldest_dead(spool, record->queue);
	set_dead(spool, record, entry.time, text);
	if (spool->disk)
		spool_log_append(spool->disk, &entry);
	mem_free(text);
}

static void set_alive(struct spool *spool, struct spool_record *record)
{
	set_state(spool, record, SPOOL_WAITING);
	MEM_FREE(record->reason);
}

void spool_retry(struct spool *spool, struct spool_record *record)
{
	if (record->state != SPOOL_DEAD)
		return;
	if (spool->disk)
		spool_log_append(spool->disk, &(struct spool_entry){.type = ENTRY_RETRY, .id = record->id});
	set_alive(spool, record);
}

/* --- reading back --- */

/* What a frame by the core cannot say. */
static void restore_message(const struct spool_entry *entry, struct arena *arena, struct event *event)
{
	struct event_message *message = &event->message;
	const char *name = message->name;

	message->kind = entry->kind;
	if (message->kind != MESSAGE_ROOM_PRIVATE || !name || strlen(name) <= entry->name_length ||
	    name[entry->name_length] != '/')
		return;
	message->nickname = name + entry->name_length + 1;
	message->name = arena_strndup(arena, name, entry->name_length);
}

static const uint8_t *entry_bytes(struct spool *spool, const struct spool_record *record, struct arena *arena)
{
	if (spool->disk)
		return spool_log_read(spool->disk, record->place, record->entry_size, arena);
	return record->bytes ? record->bytes : (const uint8_t *)spool->scratch.data + record->place;
}

int spool_read(struct spool *spool, const struct spool_record *record, struct arena *arena,
               struct event *event, const char **origin, const char **reason)
{
	bool to_people = record->direction == SPOOL_TO_PEOPLE;
	const uint8_t *bytes = entry_bytes(spool, record, arena);
	struct spool_entry entry;
	int err;

	if (!bytes) {
		log_error(&spool->log, "message %" PRIu64 " of %s cannot be read back: %s", record->id,
		          log_quote(spool_queue_whose(record->queue)), strerror(errno));
		return TP_ERR_IO;
	}
	if (spool_entry_read(bytes, record->entry_size, &entry) != record->entry_size ||
	    entry.type != ENTRY_PUT || entry.id != record->id || entry.frame_size < 4)
		err = TP_ERR_INVALID;
	else
		err = codec_decode(arena, to_people ? CODEC_BACKEND : CODEC_CORE, CODEC_EXTENDED,
		                   entry.frame + 4, entry.frame_size - 4, event);
	if (err) {
		log_error(&spool->log, "message %" PRIu64 " of %s cannot be read back: %s", record->id,
		          log_quote(spool_queue_whose(record->queue)), tp_error_text(err));
		return TP_ERR_IO;
	}
	if (!to_people && event_is_message(event->type))
		restore_message(&entry, arena, event);
	event->handover = record->id;
	if (origin)
		*origin = arena_strdup(arena, entry.origin);
	if (reason)
		*reason = record->reason;
	return 0;
}

/* --- the start --- */

void spool_records_init(struct spool *spool)
{
	list_init(&spool->queues);
	spool->by_owner[SPOOL_TO_NETWORK] = map_create();
	spool->by_owner[SPOOL_TO_PEOPLE] = map_create();
	grow_buckets(spool);
	/* Backends outlive us and remember numbers: without files the clock has to keep them growing. */
	spool->next_id = spool->scratch_id = (uint64_t)(clock_wall_ms() / 1000) << ID_SECOND_BITS;
}

static void load_put(struct spool *spool, uint64_t position, const struct spool_entry *entry, size_t size)
{
	enum spool_direction direction = entry->flags & ENTRY_TO_PEOPLE ? SPOOL_TO_PEOPLE : SPOOL_TO_NETWORK;
	struct spool_record *record = spool_find(spool, entry->id);
	struct spool_queue *queue;
	int64_t time = entry->time > 0 ? entry->time : 0; /* the file's: from before 1970 is no time of ours */
	int64_t age = clock_wall_ms() - time;

	/* Written again while the segment that had it was cleaned. */
	if (record)
		spool_record_forget(spool, record);
	queue = queue_get(spool, direction, entry->owner);
	if (!list_empty(&queue->records) && record_of(queue->records.prev)->id > entry->id)
		spool->disordered = true;
	record = record_add(spool, queue, entry->id, entry->frame_size);
	record->accepted_ms = time;
	record->since_ms = (int64_t)clock_ms() - (age > 0 ? age : 0);
	record->conversation = entry->conversation;
	record->place = position;
	record->entry_size = (uint32_t)size;
	spool_log_live(spool->disk, position, size);
	if (spool->disk->next_id <= entry->id)
		spool->disk->next_id = entry->id + 1;
}

void spool_records_load(struct spool *spool, uint64_t position, const struct spool_entry *entry, size_t size)
{
	struct spool_record *record;

	if (entry->type == ENTRY_PUT) {
		load_put(spool, position, entry, size);
		return;
	}
	record = spool_find(spool, entry->id);
	if (!record)
		return;
	if (entry->type == ENTRY_DONE)
		spool_record_forget(spool, record);
	else if (entry->type == ENTRY_DEAD)
		set_dead(spool, record, entry->time, entry->reason);
	else
		set_alive(spool, record);
}

static int by_id(const void *a, const void *b)
{
	const struct spool_record *first = *(struct spool_record *const *)a,
	                          *second = *(struct spool_record *const *)b;

	return first->id < second->id ? -1 : first->id > second->id;
}

static void sort_queue(struct spool_queue *queue)
{
	struct spool_record **records = mem_alloc(queue->count * sizeof(*records));
	size_t i = 0;

	LIST_EACH(link, &queue->records)
	records[i++] = record_of(link);
	qsort(records, queue->count, sizeof(struct spool_record *), by_id);
	list_init(&queue->records);
	for (i = 0; i < queue->count; i++)
		list_append(&queue->records, &records[i]->link);
	mem_free(records);
}

void spool_records_loaded(struct spool *spool)
{
	struct spool_queue *queue;

	for (queue = spool_queue_first(spool); spool->disordered && queue;
	     queue = spool_queue_next(spool, queue))
		sort_queue(queue);
}

static void free_queue(void *value)
{
	struct spool_queue *queue = value;

	LIST_EACH(link, &queue->records)
	{
		mem_free(record_of(link)->bytes);
		mem_free(record_of(link)->reason);
	}
	mem_free(queue);
}

void spool_records_finish(struct spool *spool)
{
	struct record_block *block;

	map_destroy(&spool->by_owner[SPOOL_TO_NETWORK], free_queue);
	map_destroy(&spool->by_owner[SPOOL_TO_PEOPLE], free_queue);
	while ((block = spool->blocks) != NULL) {
		spool->blocks = block->next;
		mem_free(block);
	}
	MEM_FREE(spool->buckets);
	buf_finish(&spool->scratch);
}
