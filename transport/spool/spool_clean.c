/* SPDX-License-Identifier: MIT */
/* Keeps the log short: what is still live in the oldest segment is written again at the head, so that the
 * segment can go. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "transport/spool/spool_internal.h"

#define STEP_BYTES (256u << 10) /* read in one turn */
#define UNREADABLE_PAUSE_MS 60000
#define FEW_SEGMENTS 4
#define EXPIRE_PAUSE_MS 60000

static struct spool_record *live_record_at(const struct spool *spool, uint64_t position,
                                           const struct spool_entry *entry)
{
	struct spool_record *record = entry->type == ENTRY_PUT ? spool_find(spool, entry->id) : NULL;

	return record && record->place == position ? record : NULL;
}

static struct spool_note *live_note_at(const struct spool *spool, uint64_t position,
                                       const struct spool_entry *entry)
{
	struct spool_note *note =
	        entry->type == ENTRY_NOTE ? spool_note_find(spool, entry->kind_of_note, entry->name) : NULL;

	return note && note->place == position ? note : NULL;
}

/* Moves a live item to the end of the log. */
static void move(struct spool *spool, uint64_t *place, const uint8_t *bytes, size_t size)
{
	struct spool_log *disk = spool->disk;
	uint64_t position = spool_log_position(disk);

	buf_append(&disk->pending, bytes, size);
	spool_log_need(disk);
	spool_log_gone(disk, *place, size);
	spool_log_live(disk, position, size);
	*place = position;
	spool_log_appended(disk);
}

static void move_record(struct spool *spool, struct spool_record *record, const uint8_t *bytes, size_t size)
{
	struct spool_entry dead = {
	        .type = ENTRY_DEAD, .id = record->id, .time = record->dead_ms, .reason = record->reason};

	move(spool, &record->place, bytes, size);
	if (record->state == SPOOL_DEAD)
		spool_log_append(spool->disk, &dead);
}

static void rewrite(void *context, uint64_t position, const struct spool_entry *entry, const uint8_t *bytes,
                    size_t size)
{
	struct spool *spool = context;
	struct spool_record *record = live_record_at(spool, position, entry);
	struct spool_note *note = live_note_at(spool, position, entry);

	if (record)
		move_record(spool, record, bytes, size);
	else if (note)
		move(spool, &note->place, bytes, size);
	else
		return;
	spool->rewritten = spool_log_end(spool->disk);
}

/* A few segments may lie there; beyond it no more than twice what is live. As each start begins one, which may have
 * next to nothing in it, they are counted, too: each is a descriptor, and read at the next start. */
bool spool_is_too_long(const struct spool *spool)
{
	const struct spool_log *disk = spool->disk;
	uint64_t limit = 2 * (disk->live_bytes + disk->segment_bytes);

	if (limit < 4 * disk->segment_bytes)
		limit = 4 * disk->segment_bytes;
	if (disk->full)
		limit = disk->live_bytes + disk->live_bytes / 4 + 2 * disk->segment_bytes;
	return disk->disk_bytes > limit || disk->segments_count > 2 * (limit / disk->segment_bytes) + FEW_SEGMENTS;
}

bool spool_clean_is_due(const struct spool *spool)
{
	const struct spool_segment *oldest = spool->disk ? spool_log_oldest(spool->disk) : NULL;

	return oldest && oldest->live > 0 && !spool->disk->failing && spool_is_too_long(spool) &&
	       clock_ms() >= spool->clean_again_ms;
}

void spool_clean(struct spool *spool)
{
	struct spool_segment *oldest;
	int err;

	if (!spool_clean_is_due(spool))
		return;
	oldest = spool_log_oldest(spool->disk);
	if (spool_log_room(spool->disk, oldest->live_bytes, true) != 0)
		return;
	if (spool->clean_number != oldest->number) {
		spool->clean_number = oldest->number;
		spool->clean_position = oldest->base;
	}
	err = spool_log_walk(oldest, &spool->clean_position, STEP_BYTES, rewrite, spool);
	if (err > 0 || (err == 0 && oldest->live == 0))
		return;
	log_error(&spool->log, "%s cannot be read: %" PRIu64 " messages and notes in it may be lost",
	          oldest->path, oldest->live);
	spool->clean_again_ms = clock_ms() + UNREADABLE_PAUSE_MS;
	spool->clean_number = 0;
}

void spool_evacuate_suspects(struct spool *spool)
{
	LIST_EACH(link, &spool->disk->segments)
	{
		struct spool_segment *segment = CONTAINER_OF(link, struct spool_segment, link);
		uint64_t position = segment->base;

		if (!segment->suspect || segment == spool->disk->head)
			continue;
		while (spool_log_walk(segment, &position, STEP_BYTES, rewrite, spool) > 0)
			;
		segment->suspect = false;
	}
}

/* Dead letters whose time is over. */
void spool_expire(struct spool *spool)
{
	int64_t before = clock_wall_ms() - (int64_t)spool->config.keep_dead_seconds * 1000;
	struct spool_queue *queue = NULL;

	if (spool->dead == 0 || clock_ms() - spool->expired_ms < EXPIRE_PAUSE_MS)
		return;
	spool->expired_ms = clock_ms();
	while (spool_queue_walk(spool, &queue)) {
		unsigned dead = queue->dead;

		LIST_EACH(link, &queue->records)
		{
			struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);

			if (dead == 0)
				break;
			if (record->state != SPOOL_DEAD)
				continue;
			dead--;
			if (record->dead_ms >= before)
				continue;
			log_info(&spool->log, "dead letter %" PRIu64 " of %s dropped: its time is over",
			         record->id, log_quote(spool_queue_whose(queue)));
			spool_done(spool, &record);
		}
	}
}
