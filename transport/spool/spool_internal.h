/* SPDX-License-Identifier: MIT */
/* The spool's own structures: for the files of this folder. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/log.h"
#include "base/map.h"
#include "transport/spool/spool.h"
#include "transport/spool/spool_database.h"
#include "transport/spool/spool_items.h"
#include "transport/spool/spool_log.h"
#include "transport/spool/spool_thread.h"

struct spool_note {
	uint64_t place; /* position of its entry */
	uint32_t entry_size;
	uint32_t size;
	uint8_t value[];
};

struct spool_waiter {
	uint64_t position;
	void (*done)(void *context, int err);
	void *context;
};

struct spool {
	uv_loop_t *loop;
	uv_timer_t timer;
	struct spool_config config;
	char *folder;
	struct log log;
	struct spool_log *disk; /* NULL: SPOOL_OFF */
	bool closing;
	bool too_many_items; /* items were given up because the database cannot be written: logged once */

	/* spool_record.c */
	uint64_t next_id; /* SPOOL_OFF; else disk->next_id */
	struct list queues;      /* those with records */
	struct map *by_owner[2]; /* all */
	struct spool_record **buckets; /* by id; chained by hash_next */
	size_t buckets_count;
	struct spool_record *free;
	struct record_block *blocks;
	struct buf scratch; /* SPOOL_OFF: the latest entries; none has been moved from here to its record yet */
	uint64_t scratch_id; /* of the first of them */
	uint64_t records, bytes, waiting, handed, dead, put, done;
	bool disordered; /* while reading: some queue is not in the order of its ids */

	struct map *notes; /* kind -> map of name -> struct spool_note */

	/* spool_index.c */
	uint8_t secret[SPOOL_KEY_BYTES];
	struct spool_items filling;    /* younger than what is under way */
	struct spool_items committing; /* for the database; SPOOL_OFF: the older half */
	bool sealed;                   /* `committing` waits for a sync, or is under way */
	uint64_t committing_position,
	        committed_position; /* of the log: all items before it are in the database */
	struct spool_filter
	        *filter; /* has all seen ids of the database and of the items; NULL: not made yet */
	struct spool_database *writer, *reader;
	uint64_t seen, links; /* in the database */
	uint64_t tidied_ms;   /* clock_ms of the last try */
	struct spool_tidy tidy;
	struct spool_mark mark; /* while reading the log: what is before it is in the database ... */
	uint8_t mark_secret[SPOOL_KEY_BYTES]; /* ... if that is of this secret */
	bool store_failing;                   /* the last try to commit failed */
	bool tidy_under_way;

	struct spool_thread *thread;
	struct spool_sync sync;
	bool sync_under_way;
	uint64_t synced_ms;
	struct spool_waiter *waiters;
	size_t waiters_count, waiters_capacity;
	uint64_t flushes, syncs;

	/* spool_clean.c */
	uint64_t rewritten;                    /* position: all that was written again ends before it */
	uint64_t clean_number, clean_position; /* the segment that is being cleaned, and where */
	uint64_t clean_again_ms;               /* after a segment that could not be read */
	uint64_t expired_ms;
};

/* records */
void spool_records_init(struct spool *spool);
void spool_records_finish(struct spool *spool);
void spool_records_load(struct spool *spool, uint64_t position, const struct spool_entry *entry, size_t size);
void spool_records_loaded(struct spool *spool); /* puts the queues in order */
/* Ends a record; its queue may go with it. Nothing is written. */
void spool_record_forget(struct spool *spool, struct spool_record *record);

/* notes */
void spool_notes_finish(struct spool *spool);
void spool_notes_load(struct spool *spool, uint64_t position, const struct spool_entry *entry, size_t size);
struct spool_note *spool_note_find(const struct spool *spool, const char *kind, const char *name); /* NULL */

/* seen ids and links */
/* Of an entry that may be in the database already. */
void spool_index_load(struct spool *spool, uint64_t position, const struct spool_entry *entry);
struct spool_key spool_seen_key(const struct spool *spool, const char *owner, const char *id);
bool spool_index_has(struct spool *spool, struct spool_key key);
/* 0; TP_ERR_LIMIT: the database does not keep up. */
int spool_index_room(struct spool *spool);
/* What was appended to the log has to say it too. */
void spool_index_add(struct spool *spool, const struct spool_item *item);
/* A seen id, or both directions of a link. */
void spool_index_add_entry(struct spool *spool, const struct spool_entry *entry);
void spool_index_finish(struct spool *spool);
/* After a write or a sync: what of the database's and the segments' business can go on, goes on. */
void spool_index_progress(struct spool *spool);
/* While nothing can be written: only what was ready before, files that can go above all. */
void spool_index_free_space(struct spool *spool);
void spool_index_tidied(struct spool *spool, struct spool_tidy *tidy);
/* Whether a sync would let it go on. */
bool spool_index_wants_sync(const struct spool *spool);

/* cleaning */
void spool_clean(struct spool *spool);
bool spool_is_too_long(const struct spool *spool); /* more lies on the disk than what is live is worth */
bool spool_clean_is_due(const struct spool *spool);
void spool_evacuate_suspects(struct spool *spool);
void spool_expire(struct spool *spool);
