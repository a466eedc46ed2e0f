/* SPDX-License-Identifier: MIT */
/*
 * The log under the spool: files <folder>/<number>.log, the segments
 * (spool_segment.h), of which the newest, the head, is appended to. What is appended waits in memory until
 * spool_log_write puts it at the head's end in one write.
 *
 * A **position** is a place in the whole log, counted in bytes over all segments of this process's life; 0 is
 * none. Nothing here knows records: it counts what is live in each segment, as it is told.
 *
 * Segments go oldest first only: an entry that says "gone" is never removed before what it speaks of.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "transport/spool/spool_segment.h"

struct spool_segment {
	struct list link; /* log->segments, oldest first */
	uint64_t number;
	char *path;
	int fd;
	uint64_t base, end; /* positions: behind the header; behind the last batch */
	uint64_t bytes;     /* on disk, with what is reserved */
	uint64_t live, live_bytes;
	bool dirty;   /* written to since the last sync was begun */
	bool syncing; /* a sync is under way */
	bool synced;  /* has been synced since it was made: its header will be there */
	bool suspect; /* a sync failed: what is live in it is to be written again elsewhere */
};

struct spool_log {
	const struct log *log;
	char *folder;
	int folder_fd, lock_fd;
	bool folder_dirty;      /* files were made since the last sync was begun */
	uint64_t segment_bytes; /* a head of this size is followed by the next */
	struct list segments;
	struct spool_segment *head; /* NULL: writing failed; the next write begins another */
	uint64_t next_number;
	uint64_t next_id; /* no id from this one on was ever given out */
	uint64_t head_first_id;
	uint8_t key[SPOOL_KEY_BYTES]; /* random, made with the folder, carried from segment to segment */
	struct buf pending;           /* batches that wait; the last one is open */
	size_t batch;                 /* where the open one begins in `pending` */
	uint64_t position;            /* of pending's first byte */
	uint64_t synced;              /* all before it is on the disk itself */
	bool pending_needed;          /* says more than that records came and went */
	uint64_t pending_live, pending_live_bytes;
	uint64_t live, live_bytes; /* over all */
	uint64_t segments_count, disk_bytes;
	bool full, failing;  /* no space for more; the last write failed */
	char *problem;       /* NULL, or what is the matter, in a sentence */
	uint64_t refused_ms; /* clock_ms of the last try to get space */
	uint64_t failed_ms;           /* ... of the last write or sync that failed */
	uint64_t not_followed_ms;     /* ... of the last try to begin another segment that failed */
};

/* Locks the folder (made if missing), reads all segments in order and begins a new one. `each` is called for
 * each entry, before the log is ready for anything but spool_log_live. 0, or an error with a sentence. */
int spool_log_open(struct spool_log **log, const char *folder, uint64_t max_bytes, const struct log *parent,
                   segment_each *each, void *context, struct buf *error);
/* Without writing what is pending. */
void spool_log_close(struct spool_log **log);

/* Whether `bytes` more, and afterwards what it takes to call all that is live gone, can be written whatever
 * happens to the disk's space: reserves it. 0, TP_ERR_LIMIT (full), TP_ERR_IO. `cleaning` may use what is
 * kept back for afterwards. */
int spool_log_room(struct spool_log *log, size_t bytes, bool cleaning);
/* The buffer to append one entry to, whose position will be spool_log_position; then spool_log_appended. */
static inline uint64_t spool_log_position(const struct spool_log *log)
{
	return log->position + log->pending.len;
}
void spool_log_appended(struct spool_log *log);
void spool_log_append(struct spool_log *log, const struct spool_entry *entry); /* both; not for PUT */
/* The record at `place` is gone. */
void spool_log_append_done(struct spool_log *log, uint64_t id, uint64_t place);
/* What waits says more than that records came and went: it has to be written. True of all that spool_log_append
 * appends. */
static inline void spool_log_need(struct spool_log *log)
{
	log->pending_needed = true;
}
/* Forgets what waits, if it is only about records that came and are gone. */
void spool_log_drop(struct spool_log *log);
/* Where what was appended so far ends: written if it is <= log->position, on the disk itself if <=
 * log->synced. */
uint64_t spool_log_end(const struct spool_log *log);
/* What waits, in bytes; 0: nothing. */
size_t spool_log_waiting(const struct spool_log *log);
/* 0 or TP_ERR_IO: logged when it begins; what waits stays. */
int spool_log_write(struct spool_log *log);

/* Segments were removed: what was refused for want of space may be tried again. */
void spool_log_space_freed(struct spool_log *log);

/* An item of `size` bytes at `position` is live, or not any more. */
void spool_log_live(struct spool_log *log, uint64_t position, size_t size);
void spool_log_gone(struct spool_log *log, uint64_t position, size_t size);
/* `size` bytes from `position`, good until the arena's reset or the next append; NULL: they cannot be read,
 * errno says why. */
const uint8_t *spool_log_read(struct spool_log *log, uint64_t position, size_t size, struct arena *arena);

/* Walks over the entries of a segment from `*position` (its base at first), about `bytes` of it, and moves
 * *position on; `each` may append. 1: there is more; 0: the end; TP_ERR_IO. */
int spool_log_walk(struct spool_segment *segment, uint64_t *position, size_t bytes, segment_each *each,
                   void *context);

/* What a sync has to do, on any thread. */
struct spool_sync {
	int *fds;
	size_t count;
	int folder_fd;     /* -1: not necessary */
	uint64_t position; /* all before it will be safe */
	int error;         /* errno, or 0 */
};
void spool_log_sync_begin(struct spool_log *log, struct spool_sync *sync);
void spool_sync_run(struct spool_sync *sync);
/* Frees the fields of `sync`. If it failed the segments are suspect. */
void spool_log_sync_end(struct spool_log *log, struct spool_sync *sync);

/* The oldest segment, if it is not the head and nothing in it is live and no sync uses it: taken off the list
 * and closed, its path is the caller's, to unlink. Else NULL. */
char *spool_log_take_oldest(struct spool_log *log);
struct spool_segment *spool_log_oldest(const struct spool_log *log); /* NULL: only the head is there */
struct spool_segment *spool_log_newest(const struct spool_log *log); /* while reading: the one that is read */
