/* SPDX-License-Identifier: MIT */
/*
 * messages.db in the spool's folder: seen ids and the message map, for longer than the log keeps them. SQLite
 * in WAL mode: one connection writes (spool thread), another reads (loop thread); each is used by its thread
 * only.
 *
 * A commit survives the death of the process. It survives a power cut once spool_database_checkpoint has
 * followed: only then may the log lose the entries.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "transport/spool/spool_filter.h"
#include "transport/spool/spool_items.h"

struct spool_database;

/* A place in the log that means the same after a restart: what is before it is in the database. */
struct spool_mark {
	uint64_t segment, offset;
};

struct spool_database_limits {
	uint64_t seen_seconds, seen_count;
	uint64_t map_seconds, map_count;
};

/* Opens or makes it. `secret` is that of the keys: a database of another one is emptied. One that is damaged
 * is set aside, logged. `wal_bytes`: what may wait beside it before it is merged; 0: the connection is for
 * reading. 0, or TP_ERR_STORE and a sentence. */
int spool_database_open(struct spool_database **database, const char *path,
                        const uint8_t secret[SPOOL_KEY_BYTES], uint64_t wal_bytes, const struct log *log,
                        struct buf *error);
void spool_database_close(struct spool_database **database);

/* A transaction: begun, filled, and finished, which is a rollback if `err` says that something failed. Many
 * items in one change each page of the file once. All: 0 or TP_ERR_STORE; after a failure nothing has
 * happened. */
int spool_database_begin(struct spool_database *database);
/* Items from `first`, at most `most` of them; what is there is replaced. */
int spool_database_add(struct spool_database *database, const struct spool_items *items, size_t first,
                       size_t most);
/* Removes what is too old or too many, some at a time. How many rows; 0: there is no more; TP_ERR_STORE. */
int spool_database_expire(struct spool_database *database, const struct spool_database_limits *limits,
                          int64_t now_ms);
int spool_database_finish(struct spool_database *database, int err,
                          const struct spool_mark *mark); /* NULL: as it was */
/* The mark of a database of this secret; zeros if there is none. Before anybody has it open. */
struct spool_mark spool_database_peek(const char *path, uint8_t secret[SPOOL_KEY_BYTES]);
/* Makes what was committed safe from a power cut. 0 or errno. Needs no space. */
int spool_database_sync(struct spool_database *database);
void spool_database_count(struct spool_database *database, uint64_t *seen, uint64_t *links);
const char *spool_database_problem(struct spool_database *database); /* SQLite's text of the last failure */

/* Adds some of the seen keys, from *after on (INT64_MIN at first), which is moved. 1: there are more; 0: that
 * was all; TP_ERR_STORE. */
int spool_database_fill(struct spool_database *database, struct spool_filter *filter, int64_t *after);

bool spool_database_has_seen(struct spool_database *database, struct spool_key key);
/* Into the arena. False: not there. */
bool spool_database_find_link(struct spool_database *database, struct spool_key key, struct arena *arena,
                              const char **id, const char **author, int64_t *time_ms);
