/* SPDX-License-Identifier: MIT */
/* The first byte is a type (from 64 on those of the extension), the rest its payload: what chance seldom gets to
 * through the wrapper. As both sides, in both dialects; text that comes out is clean, and can be written. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "protocol/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_varint(struct buf *out, size_t number)
{
	for (; number > 0x7f; number >>= 7)
		buf_putc(out, (char)(number | 0x80));
	buf_putc(out, (char)number);
}

static void wrap(struct buf *out, unsigned type, const uint8_t *payload, size_t size)
{
	buf_putc(out, 0x08);
	put_varint(out, type);
	buf_putc(out, 0x12);
	put_varint(out, size);
	buf_append(out, payload, size);
}

static void check_text(const char *text)
{
	if (text && (!text_is_utf8(text, strlen(text)) || !text_is_clean(text, strlen(text), TEXT_LINES)))
		abort();
}

static void check(struct arena *arena, enum codec_side side, enum codec_dialect dialect, const struct buf *frame)
{
	struct event event;
	struct buf again = {0};
	int err = codec_decode(arena, side, dialect, (const uint8_t *)frame->data, frame->len, &event);

	if (err == 0) {
		check_text(event.user);
		if (event.type == EVENT_MESSAGE) {
			check_text(event.message.name);
			check_text(event.message.text);
			check_text(event.message.nickname);
		}
		if (event.type != EVENT_OTHER && codec_encode(&again, side, dialect, &event) != 0)
			abort();
	}
	buf_finish(&again);
	arena_reset(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct buf frame = {0};

	if (size == 0)
		return 0;
	wrap(&frame, data[0] < 64 ? data[0] : 1000u + data[0] - 64, data + 1, size - 1);
	for (int n = 0; n < 4; n++)
		check(&arena, (enum codec_side)(n & 1), (enum codec_dialect)(n >> 1), &frame);
	buf_finish(&frame);
	arena_finish(&arena);
	return 0;
}
