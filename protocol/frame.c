/* SPDX-License-Identifier: MIT */
#include "protocol/frame.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"

#define FRAME_KEEP (64u << 10) /* capacity kept between frames: a large one's memory is given back */

void frame_reader_init(struct frame_reader *reader, uint32_t limit)
{
	*reader = (struct frame_reader){.limit = limit};
}

void frame_reader_finish(struct frame_reader *reader)
{
	buf_finish(&reader->in);
	reader->start = 0;
}

static size_t frame_unread(const struct frame_reader *reader)
{
	return reader->in.len - reader->start;
}

/* Drops what was read. A tail that is about as long as what precedes it stays where it is: moving it for every
 * few bytes that arrive would be quadratic. */
static void frame_compact(struct frame_reader *reader)
{
	size_t unread = frame_unread(reader);

	if (!reader->start || reader->start < unread)
		return;
	buf_consume(&reader->in, reader->start);
	reader->start = 0;
	if (reader->in.cap > FRAME_KEEP && unread < FRAME_KEEP / 4) {
		struct buf small = {0};

		buf_append(&small, reader->in.data, unread);
		buf_finish(&reader->in);
		reader->in = small;
	}
}

char *frame_room(struct frame_reader *reader, size_t want, size_t *available)
{
	char *room;

	frame_compact(reader);
	room = buf_reserve(&reader->in, want);
	*available = reader->in.cap - reader->in.len - 1;
	return room;
}

void frame_filled(struct frame_reader *reader, size_t count)
{
	assert(count < reader->in.cap - reader->in.len);
	reader->in.len += count;
	reader->in.data[reader->in.len] = '\0';
}

void frame_feed(struct frame_reader *reader, const void *bytes, size_t count)
{
	frame_compact(reader);
	buf_append(&reader->in, bytes, count);
}

static uint32_t frame_length(const struct frame_reader *reader)
{
	return frame_announced(reader->in.data + reader->start);
}

int frame_next(struct frame_reader *reader, const uint8_t **frame, size_t *length)
{
	size_t unread = frame_unread(reader);
	uint32_t announced;

	if (unread < FRAME_HEADER)
		return 0;
	announced = frame_length(reader);
	if (announced > reader->limit)
		return TP_ERR_LIMIT;
	if (unread - FRAME_HEADER < announced)
		return 0;
	*frame = (const uint8_t *)reader->in.data + reader->start + FRAME_HEADER;
	*length = announced;
	reader->start += FRAME_HEADER + (size_t)announced;
	return 1;
}

bool frame_look(const struct frame_reader *reader, size_t *at, const uint8_t **frame, size_t *length)
{
	size_t unread = frame_unread(reader);
	uint32_t announced;

	if (*at > unread || unread - *at < FRAME_HEADER)
		return false;
	announced = frame_announced(reader->in.data + reader->start + *at);
	if (announced > reader->limit || unread - *at - FRAME_HEADER < announced)
		return false;
	*frame = (const uint8_t *)reader->in.data + reader->start + *at + FRAME_HEADER;
	*length = announced;
	*at += FRAME_HEADER + (size_t)announced;
	return true;
}

bool frame_partial(const struct frame_reader *reader)
{
	size_t unread = frame_unread(reader);

	if (unread < FRAME_HEADER)
		return unread > 0;
	return unread - FRAME_HEADER < frame_length(reader);
}
