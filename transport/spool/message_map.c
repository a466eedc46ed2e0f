/* SPDX-License-Identifier: MIT */
#include "transport/spool/message_map.h"

#include <string.h>

#include "base/mem.h"
#include "config/limits.h"
#include "transport/spool/spool_internal.h"

static struct spool_key link_key(const struct spool *spool, const char *place, const char *id,
                                 const char *other_place)
{
	const char *const texts[] = {place, id, other_place};

	return spool_key_of(spool->secret, 'm', texts, ARRAY_SIZE(texts));
}

void message_map_put(struct spool *spool, const struct message_link *link)
{
	struct spool_entry entry = {
	        .type = ENTRY_LINK,
	        .flags = link->author ? ENTRY_HAS_AUTHOR : 0,
	        .here = link_key(spool, link->place, link->id, link->other_place),
	        .there = link_key(spool, link->other_place, link->other_id, link->place),
	        .time = link->time_ms,
	        .link_id = link->id,
	        .link_other_id = link->other_id,
	        .author = link->author,
	};

	/* the log's texts are no longer; nobody has names and ids like that */
	if (strlen(link->id) > UINT16_MAX || strlen(link->other_id) > UINT16_MAX ||
	    (link->author && strlen(link->author) > UINT16_MAX) || spool_index_room(spool) != 0)
		return;
	spool_index_add_entry(spool, &entry);
	if (spool->disk)
		spool_log_append(spool->disk, &entry);
}

const char *message_map_find(struct spool *spool, struct arena *arena, const char *place, const char *id,
                             const char *other_place, const char **author, int64_t *time_ms)
{
	struct spool_key key = link_key(spool, place, id, other_place);
	const struct spool_item *item = spool_items_find(&spool->filling, key);
	const char *found = NULL, *by = NULL;
	int64_t when = 0;

	if (!item)
		item = spool_items_find(&spool->committing, key);
	if (item) {
		found = arena_strdup(arena, item->id);
		by = arena_strdup(arena, item->author);
		when = item->time_ms;
	} else if (spool->reader &&
	           !spool_database_find_link(spool->reader, key, arena, &found, &by, &when)) {
		return NULL;
	}
	if (found && author)
		*author = by;
	if (found && time_ms)
		*time_ms = when;
	return found;
}
