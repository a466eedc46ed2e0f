/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "protocol/frame.h"

static void put_frame(struct buf *out, const char *text)
{
	buf_put_be32(out, (uint32_t)strlen(text));
	buf_puts(out, text);
}

static void assert_frame(struct frame_reader *reader, const char *text)
{
	const uint8_t *frame;
	size_t length;

	assert_int_equal(frame_next(reader, &frame, &length), 1);
	assert_int_equal(length, strlen(text));
	assert_memory_equal(frame, text, length);
}

static void assert_no_frame(struct frame_reader *reader)
{
	const uint8_t *frame;
	size_t length;

	assert_int_equal(frame_next(reader, &frame, &length), 0);
}

static void test_one_byte_at_a_time(void **state)
{
	struct frame_reader reader;
	struct buf wire = {0};

	(void)state;
	frame_reader_init(&reader, 100);
	put_frame(&wire, "hello");
	put_frame(&wire, "");
	put_frame(&wire, "world");
	for (size_t i = 0; i < wire.len; i++) {
		frame_feed(&reader, wire.data + i, 1);
		if (i == 8) {
			assert_frame(&reader, "hello");
			assert_false(frame_partial(&reader));
		} else if (i == 12) {
			assert_frame(&reader, "");
		} else if (i == wire.len - 1) {
			assert_frame(&reader, "world");
		} else {
			assert_no_frame(&reader);
			assert_true(frame_partial(&reader));
		}
	}
	assert_no_frame(&reader);
	assert_false(frame_partial(&reader));
	buf_finish(&wire);
	frame_reader_finish(&reader);
}

static void test_merged(void **state)
{
	struct frame_reader reader;
	struct buf wire = {0};

	(void)state;
	frame_reader_init(&reader, 100);
	put_frame(&wire, "one");
	put_frame(&wire, "two");
	put_frame(&wire, "three");
	frame_feed(&reader, wire.data, wire.len - 2);
	assert_frame(&reader, "one");
	assert_frame(&reader, "two");
	assert_no_frame(&reader);
	assert_true(frame_partial(&reader));
	frame_feed(&reader, wire.data + wire.len - 2, 2);
	assert_frame(&reader, "three");
	assert_no_frame(&reader);
	buf_finish(&wire);
	frame_reader_finish(&reader);
}

static void test_room(void **state)
{
	struct frame_reader reader;
	struct buf wire = {0};
	size_t available;
	char *room;

	(void)state;
	frame_reader_init(&reader, 100);
	put_frame(&wire, "abc");
	for (int i = 0; i < 50; i++) {
		room = frame_room(&reader, 3, &available);
		assert_true(available >= 3);
		memcpy(room, wire.data, 3);
		frame_filled(&reader, 3);
		assert_no_frame(&reader);
		room = frame_room(&reader, 4, &available);
		assert_true(available >= 4);
		memcpy(room, wire.data + 3, 4);
		frame_filled(&reader, 4);
		assert_frame(&reader, "abc");
	}
	/* All of what is lent may be filled. */
	room = frame_room(&reader, 10, &available);
	memset(room, 0, available);
	frame_filled(&reader, available);
	for (size_t i = 0; i < available / 4; i++)
		assert_frame(&reader, "");
	buf_finish(&wire);
	frame_reader_finish(&reader);
}

static void test_limit(void **state)
{
	struct frame_reader reader;
	const uint8_t *frame;
	size_t length;

	(void)state;
	frame_reader_init(&reader, FRAME_MAX_DEFAULT);
	frame_feed(&reader, "\xff\xff\xff\xff", 4);
	assert_int_equal(frame_next(&reader, &frame, &length), TP_ERR_LIMIT);
	assert_int_equal(frame_next(&reader, &frame, &length), TP_ERR_LIMIT);
	assert_true(reader.in.cap < 1000);
	frame_reader_finish(&reader);

	frame_reader_init(&reader, 5);
	frame_feed(&reader, "\0\0\0\5hello\0\0\0\6", 13);
	assert_frame(&reader, "hello");
	assert_int_equal(frame_next(&reader, &frame, &length), TP_ERR_LIMIT);
	frame_reader_finish(&reader);
}

static void test_memory_given_back(void **state)
{
	struct frame_reader reader;
	struct buf wire = {0};
	const uint8_t *frame;
	size_t length;

	(void)state;
	frame_reader_init(&reader, FRAME_MAX_DEFAULT);
	buf_put_be32(&wire, 5u << 20);
	memset(buf_reserve(&wire, 5u << 20), 'x', 5u << 20);
	wire.len += 5u << 20;
	for (size_t at = 0; at < wire.len; at += 10000)
		frame_feed(&reader, wire.data + at, wire.len - at < 10000 ? wire.len - at : 10000);
	assert_int_equal(frame_next(&reader, &frame, &length), 1);
	assert_int_equal(length, 5u << 20);
	frame_feed(&reader, "\0\0\0", 3);
	assert_true(reader.in.cap <= 64u << 10);
	frame_feed(&reader, "\1z", 2);
	assert_frame(&reader, "z");
	buf_finish(&wire);
	frame_reader_finish(&reader);
}

/* Frames that wait (the core stopped reading events) must not be moved again for every byte that comes. */
static void test_waiting_frames_stay(void **state)
{
	struct frame_reader reader;
	struct buf wire = {0};

	(void)state;
	frame_reader_init(&reader, 100);
	put_frame(&wire, "abc");
	for (int i = 0; i < 1000; i++)
		frame_feed(&reader, wire.data, wire.len);
	assert_frame(&reader, "abc");
	frame_feed(&reader, wire.data, wire.len);
	assert_int_equal(reader.start, wire.len);
	for (int i = 0; i < 1000; i++)
		assert_frame(&reader, "abc");
	assert_no_frame(&reader);
	buf_finish(&wire);
	frame_reader_finish(&reader);
}

/* Sees what will come, takes nothing, and ends where something is not whole or cannot be. */
static void test_look(void **state)
{
	static const char *const texts[] = {"abc", "", "defg"};
	struct frame_reader reader;
	struct buf wire = {0};
	const uint8_t *frame;
	size_t at = 0, length;

	(void)state;
	frame_reader_init(&reader, 100);
	assert_false(frame_look(&reader, &at, &frame, &length));
	put_frame(&wire, "first");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		put_frame(&wire, texts[i]);
	frame_feed(&reader, wire.data, wire.len);
	frame_feed(&reader, "\0\0\0\5four", 8);
	assert_frame(&reader, "first");
	for (int n = 0; n < 2; n++, at = 0) {
		for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
			assert_true(frame_look(&reader, &at, &frame, &length));
			assert_int_equal(length, strlen(texts[i]));
			assert_memory_equal(frame, texts[i], length);
		}
		assert_false(frame_look(&reader, &at, &frame, &length));
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_frame(&reader, texts[i]);
	assert_no_frame(&reader);
	frame_feed(&reader, "r\0\0\0\x65", 5);
	assert_true(frame_look(&reader, &at, &frame, &length));
	assert_false(frame_look(&reader, &at, &frame, &length));
	at = 1000;
	assert_false(frame_look(&reader, &at, &frame, &length));
	buf_finish(&wire);
	frame_reader_finish(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_byte_at_a_time), cmocka_unit_test(test_merged),
		cmocka_unit_test(test_room),               cmocka_unit_test(test_limit),
		cmocka_unit_test(test_memory_given_back),  cmocka_unit_test(test_waiting_frames_stay),
		cmocka_unit_test(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
