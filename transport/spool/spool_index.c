/* SPDX-License-Identifier: MIT */
/*
 * Seen ids and links on their way into the database: `filling` takes what comes; when the log is on the disk
 * itself up to there it is `committing`, lent to the thread. Segments of the log go when all that they say is
 * in the database.
 */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/spool/spool_internal.h"

#define GATHER_POWER_MS 100
#define GATHER_PROCESS_MS 1000 /* its syncs are for this only */
#define GATHER_ITEMS 1000

struct spool_key spool_seen_key(const struct spool *spool, const char *owner, const char *id)
{
	const char *const texts[] = {owner, id};

	return spool_key_of(spool->secret, 's', texts, ARRAY_SIZE(texts));
}

bool spool_index_has(struct spool *spool, struct spool_key key)
{
	if (spool_items_find(&spool->filling, key) || spool_items_find(&spool->committing, key))
		return true;
	if (!spool->reader || (spool->filter && !spool_filter_may_have(spool->filter, key)))
		return false;
	return spool_database_has_seen(spool->reader, key);
}

/* Without files there is no database: the younger half and the older half of what is remembered. */
static void turn_over(struct spool *spool)
{
	spool_items_finish(&spool->committing);
	spool->committing = spool->filling;
	spool->filling = (struct spool_items){0};
}

static bool items_are_full(const struct spool *spool)
{
	return spool->filling.count >= LIMIT_SPOOL_ITEMS || spool->filling.bytes >= LIMIT_SPOOL_ITEM_BYTES;
}

int spool_index_room(struct spool *spool)
{
	if (!items_are_full(spool))
		return 0;
	if (!spool->disk) {
		turn_over(spool);
		return 0;
	}
	if (spool->tidy_under_way || !spool->store_failing || spool->disk->failing)
		return TP_ERR_LIMIT;
	/* The database has been refusing for long: messages go on, and may come twice. */
	if (!spool->too_many_items)
		log_error(&spool->log,
		          "%zu seen ids and links could not be written to messages.db and are forgotten: "
		          "messages may come twice",
		          spool->filling.count);
	spool->too_many_items = true;
	spool_items_finish(&spool->filling);
	return 0;
}

void spool_index_add(struct spool *spool, const struct spool_item *item)
{
	if (!spool->disk && items_are_full(spool))
		turn_over(spool);
	spool_items_put(&spool->filling, item);
	if (spool->filter && !item->id)
		spool_filter_add(spool->filter, item->key);
}

bool spool_seen(struct spool *spool, const char *owner, const char *id)
{
	struct spool_item item = {.key = spool_seen_key(spool, owner, id), .stamp_ms = clock_wall_ms()};
	struct spool_entry entry = {.type = ENTRY_SEEN, .seen = item.key, .time = item.stamp_ms};

	if (spool_index_has(spool, item.key))
		return true;
	if (spool_index_room(spool) != 0)
		return false;
	spool_index_add(spool, &item);
	if (spool->disk)
		spool_log_append(spool->disk, &entry);
	return false;
}

void spool_index_add_entry(struct spool *spool, const struct spool_entry *entry)
{
	struct spool_item item = {.key = entry->seen, .stamp_ms = entry->time};

	if (entry->type != ENTRY_LINK) {
		spool_items_put(&spool->filling, &item);
		return;
	}
	item.stamp_ms = clock_wall_ms();
	item.time_ms = entry->time;
	item.author = (char *)entry->author;
	item.key = entry->here;
	item.id = (char *)entry->link_other_id;
	spool_items_put(&spool->filling, &item);
	item.key = entry->there;
	item.id = (char *)entry->link_id;
	spool_items_put(&spool->filling, &item);
}

static bool is_before_mark(const struct spool *spool, uint64_t position)
{
	const struct spool_segment *segment = spool_log_newest(spool->disk);

	if (memcmp(spool->mark_secret, spool->disk->key, SPOOL_KEY_BYTES) != 0)
		return false;
	return segment->number < spool->mark.segment ||
	       (segment->number == spool->mark.segment && position - segment->base < spool->mark.offset);
}

void spool_index_load(struct spool *spool, uint64_t position, const struct spool_entry *entry)
{
	if (!is_before_mark(spool, position))
		spool_index_add_entry(spool, entry);
}

void spool_index_finish(struct spool *spool)
{
	size_t i;

	spool_items_finish(&spool->filling);
	spool_items_finish(&spool->committing);
	spool_filter_destroy(&spool->filter);
	for (i = 0; i < spool->tidy.paths_count; i++)
		mem_free(spool->tidy.paths[i]);
	MEM_FREE(spool->tidy.paths);
	spool->tidy.paths_count = 0;
}

static void seal(struct spool *spool)
{
	uint64_t gather = spool->config.durability == SPOOL_POWER ? GATHER_POWER_MS : GATHER_PROCESS_MS;

	if (spool->sealed || spool_log_waiting(spool->disk) || !spool->disk->head)
		return;
	if (spool->filling.count == 0) {
		spool->committed_position = spool->disk->position;
		return;
	}
	if (spool->filling.count < GATHER_ITEMS && clock_ms() - spool->tidied_ms < gather)
		return;
	spool->committing = spool->filling;
	spool->filling = (struct spool_items){0};
	spool->committing_position = spool->disk->position;
	spool->tidy.mark.segment = spool->disk->head->number;
	spool->tidy.mark.offset = spool->disk->position - spool->disk->head->base;
	spool->sealed = true;
}

static bool can_remove_oldest(const struct spool *spool)
{
	const struct spool_segment *oldest = spool_log_oldest(spool->disk);

	return oldest && oldest->live == 0 && oldest->end <= spool->committed_position;
}

bool spool_index_wants_sync(const struct spool *spool)
{
	uint64_t synced = spool->disk->synced;

	if (spool->tidy_under_way)
		return false;
	return (spool->sealed && spool->committing_position > synced) ||
	       (can_remove_oldest(spool) && spool->rewritten > synced);
}

static void take_segments(struct spool *spool)
{
	struct spool_tidy *tidy = &spool->tidy;
	char *path;

	while (can_remove_oldest(spool) && spool->rewritten <= spool->disk->synced &&
	       (path = spool_log_take_oldest(spool->disk)) != NULL) {
		tidy->paths = mem_realloc(tidy->paths, (tidy->paths_count + 1) * sizeof(char *));
		tidy->paths[tidy->paths_count++] = path;
	}
}

static void tidy_up(struct spool *spool)
{
	if (spool->sealed && spool->committing_position > spool->disk->synced)
		return;
	take_segments(spool);
	spool->tidy.wants_filter = !spool->filter || spool_filter_is_full(spool->filter);
	if (!spool->sealed && spool->tidy.paths_count == 0 && !spool->tidy.wants_filter)
		return;
	/* after a failure: not at once again */
	if (clock_ms() - spool->tidied_ms < GATHER_POWER_MS)
		return;
	spool->tidied_ms = clock_ms();
	spool->tidy.items = &spool->committing;
	spool->tidy.folder_fd = spool->disk->folder_fd;
	spool->tidy.removed = 0;
	spool->tidy_under_way = true;
	spool_thread_tidy(spool->thread, &spool->tidy);
}

void spool_index_progress(struct spool *spool)
{
	if (!spool->disk || spool->closing || spool->tidy_under_way)
		return;
	seal(spool);
	tidy_up(spool);
}

void spool_index_free_space(struct spool *spool)
{
	if (spool->disk && !spool->closing && !spool->tidy_under_way)
		tidy_up(spool);
}

static void add_to_filter(struct spool_filter *filter, const struct spool_items *items)
{
	size_t i;

	for (i = 0; i < items->count; i++)
		if (!items->items[i].id)
			spool_filter_add(filter, items->items[i].key);
}

static void take_filter(struct spool *spool, struct spool_tidy *tidy)
{
	if (!tidy->filter)
		return;
	spool_filter_destroy(&spool->filter);
	spool->filter = tidy->filter;
	tidy->filter = NULL;
	add_to_filter(spool->filter, &spool->filling);
	add_to_filter(spool->filter, &spool->committing);
}

static size_t log_bytes(const struct spool_items *items)
{
	/* at most: a link with a key for each direction, and the id twice */
	return items->count * 64 + items->bytes * 2;
}

static void log_again(struct spool *spool, const struct spool_item *item)
{
	struct spool_entry seen = {.type = ENTRY_SEEN, .seen = item->key, .time = item->stamp_ms};
	struct spool_entry link = {
	        .type = ENTRY_LINK,
	        .flags = item->author ? ENTRY_HAS_AUTHOR : 0,
	        .here = item->key,
	        .there = item->key,
	        .time = item->time_ms,
	        .link_id = item->id,
	        .link_other_id = item->id,
	        .author = item->author,
	};

	spool_log_append(spool->disk, item->id ? &link : &seen);
}

/* The database cannot be written, perhaps for want of space, and the log cannot get shorter as long as it has
 * what is to go there: what waits is written again at the log's end. */
static void log_items_again(struct spool *spool)
{
	struct spool_items *all[] = {&spool->committing, &spool->filling};
	struct spool_items merged = {0};
	size_t i, j;

	if (spool_log_room(spool->disk, log_bytes(all[0]) + log_bytes(all[1]), true) != 0)
		return;
	spool->committed_position = spool_log_end(spool->disk);
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		for (j = 0; j < all[i]->count; j++) {
			log_again(spool, &all[i]->items[j]);
			spool_items_put(&merged, &all[i]->items[j]);
		}
		spool_items_finish(all[i]);
	}
	spool->filling = merged;
	spool->sealed = false;
	spool->rewritten = spool_log_end(spool->disk);
}

void spool_index_tidied(struct spool *spool, struct spool_tidy *tidy)
{
	size_t i;

	spool->tidy_under_way = false;
	spool->store_failing = !tidy->committed;
	take_filter(spool, tidy);
	spool->seen = tidy->seen;
	spool->links = tidy->links;
	if (tidy->committed && spool->sealed) {
		spool_items_finish(&spool->committing);
		spool->committed_position = spool->committing_position;
		spool->sealed = false;
		spool->too_many_items = false;
	}
	if (!tidy->committed && spool->sealed && spool_is_too_long(spool) && !spool->closing)
		log_items_again(spool);
	for (i = 0; i < tidy->removed; i++)
		mem_free(tidy->paths[i]);
	tidy->paths_count -= tidy->removed;
	if (tidy->removed == 0)
		return;
	memmove(tidy->paths, tidy->paths + tidy->removed, tidy->paths_count * sizeof(char *));
	spool_log_space_freed(spool->disk);
}
