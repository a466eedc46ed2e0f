/* SPDX-License-Identifier: MIT */
/*
 * What is under a spool, in memory and in the caller's own thread: the folder, the thread, the database and the clocks.
 * Nothing is asked of the system, and the same input does the same each time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* An empty folder and no database; the clocks begin anew. */
void spool_memory_reset(void);
void spool_memory_put(uint64_t number, const void *bytes, size_t size); /* a segment's file */
/* What the thread was given, until it has nothing left to do. */
void spool_memory_work(void);
void spool_memory_pass(uint64_t ms); /* time */
/* No file is open any more. */
void spool_memory_check_closed(void);
