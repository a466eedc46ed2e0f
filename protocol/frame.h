/* SPDX-License-Identifier: MIT */
/*
 * Framing of the backend protocol: a 4-byte big-endian length N, then N bytes of a WrapperMessage.
 * Feed bytes as they come, in any pieces; take whole frames out. No copy is made of a frame: it is lent
 * from the reader until the next frame_feed/frame_room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FRAME_HEADER 4               /* bytes */
#define FRAME_MAX_DEFAULT (8u << 20) /* bytes of one frame; photos travel inside vCards */

struct frame_reader {
	struct buf in;
	size_t start;   /* of the unread part of `in` */
	uint32_t limit; /* largest N accepted */
};

/* N, from the header that a frame begins with. */
static inline uint32_t frame_announced(const void *header)
{
	const uint8_t *at = header;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void frame_reader_init(struct frame_reader *reader, uint32_t limit);
void frame_reader_finish(struct frame_reader *reader);
/* Space for at least `want` more bytes to read(2) into, then frame_filled says how many came. */
char *frame_room(struct frame_reader *reader, size_t want, size_t *available);
void frame_filled(struct frame_reader *reader, size_t count);
void frame_feed(struct frame_reader *reader, const void *bytes, size_t count); /* both in one, with a copy */
/* 1: *frame is the next whole one. 0: more bytes are needed. TP_ERR_LIMIT: a length beyond the limit was
 * announced; the stream cannot be read on. */
int frame_next(struct frame_reader *reader, const uint8_t **frame, size_t *length);
/* A look at the frames behind that one: the next whole one of those that begin *at bytes after it, which is moved on.
 * *at is 0 for the first. False: there is none. */
bool frame_look(const struct frame_reader *reader, size_t *at, const uint8_t **frame, size_t *length);
/* Whether a frame has begun and not ended (for the deadline on slow peers). */
bool frame_partial(const struct frame_reader *reader);
