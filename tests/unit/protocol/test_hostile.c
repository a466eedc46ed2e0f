/* SPDX-License-Identifier: MIT */
/* Broken frames: any error is right, a crash, a leak or unbounded memory is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "tests/unit/protocol/sample_events.h"

#define MUTATIONS 20000

/* As both speakers, from memory of exactly that size, so that a read beyond it is seen. What is accepted must be
 * fit to be sent on. */
static void decode_both(struct arena *arena, const uint8_t *frame, size_t length)
{
	uint8_t *exact = mem_dup(frame, length ? length : 1);
	struct event event;
	struct buf out = {0};

	for (int n = 0; n < 4; n++) {
		enum codec_side side = (enum codec_side)(n & 1);
		enum codec_dialect dialect = (enum codec_dialect)(n >> 1);

		if (codec_decode(arena, side, dialect, exact, length, &event) == 0 && event.type != EVENT_OTHER)
			assert_int_equal(codec_encode(&out, side, dialect, &event), 0);
		assert_true(arena->used < (256u << 10) + 64 * length);
		arena_reset(arena);
		buf_clear(&out);
	}
	buf_finish(&out);
	mem_free(exact);
}

static void encode_sample(struct buf *out, size_t i)
{
	buf_clear(out);
	assert_int_equal(codec_encode(out, samples[i].speaker, samples[i].dialect, &samples[i].event), 0);
}

static void test_prefixes(void **state)
{
	struct arena arena = {0};
	struct buf wire = {0};

	(void)state;
	for (size_t i = 0; i < samples_count; i++) {
		encode_sample(&wire, i);
		for (size_t length = 0; length <= wire.len - 4; length++)
			decode_both(&arena, (uint8_t *)wire.data + 4, length);
	}
	buf_finish(&wire);
	arena_finish(&arena);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void test_mutations(void **state)
{
	struct arena arena = {0};
	struct buf wire = {0};
	uint32_t seed = 2463534242u;

	(void)state;
	for (int round = 0; round < MUTATIONS; round++) {
		uint32_t changes;

		encode_sample(&wire, next_random(&seed) % samples_count);
		changes = 1 + next_random(&seed) % 4;
		while (changes--) {
			size_t at = 4 + next_random(&seed) % (wire.len - 4);

			if (next_random(&seed) % 2)
				wire.data[at] = (char)(wire.data[at] ^ 1 << next_random(&seed) % 8);
			else
				wire.data[at] = (char)next_random(&seed);
		}
		decode_both(&arena, (uint8_t *)wire.data + 4, wire.len - 4);
	}
	buf_finish(&wire);
	arena_finish(&arena);
}

static void put_size(struct buf *out, size_t size)
{
	for (; size >= 0x80; size >>= 7)
		buf_putc(out, (char)(size | 0x80));
	buf_putc(out, (char)size);
}

/* Entries of a few bytes each, the smallest that parse: refused before their structs take a multiple of the frame. */
static void check_memory(const char *type, enum codec_side speaker, const char *head, const char *entry,
			 enum event_type expected)
{
	struct arena arena = {0};
	struct buf payload = {0}, frame = {0};
	struct event event;

	hex_append(&payload, head);
	for (int i = 0; i < 100000; i++)
		hex_append(&payload, entry);
	hex_append(&frame, type);
	hex_append(&frame, "12");
	put_size(&frame, payload.len);
	buf_append(&frame, payload.data, payload.len);
	assert_int_equal(codec_decode(&arena, speaker, CODEC_EXTENDED, (uint8_t *)frame.data, frame.len, &event),
			 TP_ERR_INVALID);
	assert_int_equal(event.type, expected);
	assert_true(arena.used < 25 * frame.len + (64u << 10));
	buf_finish(&frame);
	buf_finish(&payload);
	arena_finish(&arena);
}

static void test_memory_is_bounded(void **state)
{
	(void)state;
	check_memory("0823", CODEC_CORE, "", "0a04 0a00 1200", EVENT_CONTACTS);
	check_memory("08e807", CODEC_BACKEND, "", "1a02 0801", EVENT_HANDOVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
