/* SPDX-License-Identifier: MIT */
/* One frame without its length, as both sides and in both dialects. What is accepted is written and read
 * again: the same bytes. Messages are also turned into what a peer without the extension can show. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "protocol/codec.h"
#include "protocol/degrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(struct buf *out, enum codec_side side, enum codec_dialect dialect, const struct event *event)
{
	if (codec_encode(out, side, dialect, event) != 0)
		abort();
}

static void check_degraded(struct arena *arena, enum codec_side side, struct event *event)
{
	struct buf out = {0};

	if (degrade_message(arena, &event->message) == 0)
		encode(&out, side, CODEC_PLAIN, event);
	buf_finish(&out);
}

static void check(enum codec_side side, enum codec_dialect dialect, const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct buf first = {0}, second = {0};
	struct event event;

	if (codec_decode(&arena, side, dialect, data, size, &event) == 0 && event.type != EVENT_OTHER) {
		encode(&first, side, dialect, &event);
		if (codec_decode(&arena, side, dialect, (uint8_t *)first.data + 4, first.len - 4, &event) != 0)
			abort();
		encode(&second, side, dialect, &event);
		if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
			abort();
		if (event.type == EVENT_MESSAGE)
			check_degraded(&arena, side, &event);
	}
	buf_finish(&first);
	buf_finish(&second);
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int n = 0; n < 4; n++)
		check((enum codec_side)(n & 1), (enum codec_dialect)(n >> 1), data, size);
	return 0;
}
