/* SPDX-License-Identifier: MIT */
/* What the log's two files share: spool_log_open.c reads, spool_log.c writes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "transport/spool/spool_log.h"

#define SEGMENT_MAX_BYTES (1u << 30) /* a longer file is not read to its end */
/* Ids of one segment at most. Of a head that was lost by a power cut the next start knows only what the one
 * before it says. */
#define SEGMENT_IDS (UINT64_C(1) << 20)

static inline struct spool_segment *log_segment_of(const struct list *link)
{
	return CONTAINER_OF(link, struct spool_segment, link);
}

/* The offset in its file. */
static inline off_t log_offset_of(const struct spool_segment *segment, uint64_t position)
{
	return (off_t)(SEGMENT_HEADER_BYTES + (position - segment->base));
}

/* Up to `size` bytes; -1 and errno. */
ssize_t log_read_all(int fd, uint8_t *bytes, size_t size, off_t offset);
char *log_segment_path(const struct spool_log *log, uint64_t number);
struct spool_segment *log_add_segment(struct spool_log *log, uint64_t number, int fd, uint64_t base);
void log_free_segment(struct spool_log *log, struct spool_segment *segment); /* closes it */
/* Gives back what was reserved and is not needed: nothing will be written to it any more. */
void log_trim(struct spool_log *log, struct spool_segment *segment);

/* Makes the folder and locks it. 0, TP_ERR_EXISTS or TP_ERR_IO, and a sentence. */
int log_lock_folder(struct spool_log *log, struct buf *error);
/* So that a few segments fit a small disk, and that there are not too many of them on a large one. */
void log_choose_segment_bytes(struct spool_log *log, uint64_t max_bytes);
int log_read_folder(struct spool_log *log, segment_each *each, void *context, struct buf *error);
