/* SPDX-License-Identifier: MIT */
/* One frame without its length, as both sides. What is accepted is written and read again: the same bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "protocol/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(struct buf *out, enum codec_side side, const struct event *event)
{
	if (codec_encode(out, side, event) != 0)
		abort();
}

static void check(enum codec_side side, const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct buf first = {0}, second = {0};
	struct event event;

	if (codec_decode(&arena, side, data, size, &event) == 0 && event.type != EVENT_OTHER) {
		encode(&first, side, &event);
		if (codec_decode(&arena, side, (uint8_t *)first.data + 4, first.len - 4, &event) != 0)
			abort();
		encode(&second, side, &event);
		if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
			abort();
	}
	buf_finish(&first);
	buf_finish(&second);
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(CODEC_CORE, data, size);
	check(CODEC_BACKEND, data, size);
	return 0;
}
