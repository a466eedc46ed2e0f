/* SPDX-License-Identifier: MIT */
/*
 * The spool thread: waits for the disk so that the loop need not. It syncs the log (one sync at a time; what
 * comes meanwhile is covered by the next), brings seen ids and links into the database, and removes segments
 * whose time is over.
 *
 * One job of each kind at a time. A job is the caller's; it is lent from start to the callback, which comes
 * on the loop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "transport/spool/spool_database.h"
#include "transport/spool/spool_log.h"

struct spool_thread;

/* Commits the items, whose log entries are on the disk; makes the database safe; removes the paths in order,
 * of which nothing is needed any more but what is in the database already. */
struct spool_tidy {
	const struct spool_items *items;
	struct spool_mark mark; /* up to where in the log the database then has everything */
	char **paths;
	size_t paths_count;
	int folder_fd;
	bool wants_filter;           /* of all seen ids in the database */
	struct spool_filter *filter; /* answers: the filter, the caller's to destroy; NULL: not made */
	bool committed;              /* answers: all items are in the database */
	size_t removed;              /* of the paths */
	uint64_t seen, links;        /* in the database */
};

struct spool_thread_callbacks {
	void (*synced)(void *context, struct spool_sync *sync);
	void (*tidied)(void *context, struct spool_tidy *tidy);
	void *context;
};

/* NULL: it cannot be started. The database is the thread's until spool_thread_stop. */
struct spool_thread *spool_thread_start(uv_loop_t *loop, struct spool_database *database,
                                        const struct spool_database_limits *limits,
                                        const struct spool_thread_callbacks *callbacks,
                                        const struct log *log);
/* Ends the jobs under way and calls back for them; its memory goes with the loop's next turn. */
void spool_thread_stop(struct spool_thread **thread);
void spool_thread_sync(struct spool_thread *thread, struct spool_sync *sync);
void spool_thread_tidy(struct spool_thread *thread, struct spool_tidy *tidy);
