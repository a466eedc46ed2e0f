/* SPDX-License-Identifier: MIT */
/* What is read without the generated code is what that code reads; and most of what comes is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "protocol/codec.h"
#include "protocol/peek.h"
#include "protocol/wire.h"
#include "tests/unit/protocol/compare_plain.h"
#include "tests/unit/protocol/sample_events.h"

#define ROUNDS 200

static const ProtobufCMessageDescriptor *const message = &pbnetwork__conversation_message__descriptor;

static void put_number(struct buf *out, uint64_t number)
{
	uint8_t bytes[10];

	buf_append(out, bytes, wire_put_varint(bytes, number));
}

static void put_text(struct buf *out, unsigned field, const char *text)
{
	put_number(out, field << 3 | 2);
	put_number(out, strlen(text));
	buf_puts(out, text);
}

static void put_flag(struct buf *out, unsigned field, uint64_t value)
{
	put_number(out, field << 3);
	put_number(out, value);
}

static enum plain_outcome compare(const ProtobufCMessageDescriptor *descriptor, struct buf *bytes)
{
	enum plain_outcome outcome = plain_compare(descriptor, (const uint8_t *)bytes->data, bytes->len);

	buf_finish(bytes);
	return outcome;
}

/* As most messages are. */
static void put_usual(struct buf *out)
{
	put_text(out, 1, "alice@example.org");
	put_text(out, 2, "carol");
	put_text(out, 3, "");
}

static void test_forms(void **state)
{
	struct buf bytes = {0};

	(void)state;
	put_usual(&bytes);
	put_text(&bytes, 8, "id");
	put_flag(&bytes, 9, 1);
	put_text(&bytes, 1009, "Dave");
	assert_int_equal(compare(message, &bytes), PLAIN_SAME);

	/* Twice, out of order, not known, a message within; a list, which is fine; another kind, a flag that is no flag. */
	put_usual(&bytes);
	put_text(&bytes, 3, "again");
	assert_int_equal(compare(message, &bytes), PLAIN_LEFT);
	put_text(&bytes, 2, "carol");
	put_text(&bytes, 1, "alice@example.org");
	put_text(&bytes, 3, "");
	assert_int_equal(compare(message, &bytes), PLAIN_LEFT);
	put_usual(&bytes);
	put_text(&bytes, 99, "of a later version");
	assert_int_equal(compare(message, &bytes), PLAIN_LEFT);
	put_usual(&bytes);
	put_text(&bytes, 11, "\n\x01x");
	assert_int_equal(compare(message, &bytes), PLAIN_LEFT);
	put_usual(&bytes);
	put_text(&bytes, 1006, "\xe2\x99\xa5");
	assert_int_equal(compare(message, &bytes), PLAIN_SAME);
	put_usual(&bytes);
	put_flag(&bytes, 8, 1);
	assert_int_equal(compare(message, &bytes), PLAIN_LEFT);
	put_usual(&bytes);
	put_text(&bytes, 9, "x");
	assert_int_equal(compare(message, &bytes), PLAIN_LEFT);
	put_usual(&bytes);
	put_flag(&bytes, 9, 2);
	assert_int_equal(compare(message, &bytes), PLAIN_LEFT);

	/* Without what is required: at the end, in front, and of nothing at all. */
	put_text(&bytes, 1, "alice@example.org");
	put_text(&bytes, 2, "carol");
	assert_int_equal(compare(message, &bytes), PLAIN_LEFT);
	put_text(&bytes, 3, "text");
	assert_int_equal(compare(message, &bytes), PLAIN_LEFT);
	assert_int_equal(compare(message, &bytes), PLAIN_LEFT);
	assert_int_equal(compare(&pbnetwork__handover__descriptor, &bytes), PLAIN_SAME);
}

/* A contact in `count` groups. */
static enum plain_outcome compare_groups(unsigned count, const char *last)
{
	struct buf bytes = {0};

	put_text(&bytes, 1, "alice@example.org");
	put_text(&bytes, 2, "carol");
	for (unsigned i = 1; i < count; i++)
		put_text(&bytes, 4, i % 2 ? "Friends" : "");
	if (count)
		put_text(&bytes, 4, last);
	put_flag(&bytes, 5, 1);
	put_text(&bytes, 6, "away");
	return compare(&pbnetwork__buddy__descriptor, &bytes);
}

static void test_lists(void **state)
{
	const ProtobufCMessageDescriptor *buddy = &pbnetwork__buddy__descriptor;
	struct buf bytes = {0};

	(void)state;
	for (unsigned count = 0; count <= PLAIN_LIST_ITEMS; count++)
		assert_int_equal(compare_groups(count, "Work"), PLAIN_SAME);
	assert_int_equal(compare_groups(3, ""), PLAIN_SAME);
	assert_int_equal(compare_groups(PLAIN_LIST_ITEMS + 1, "Work"), PLAIN_LEFT);

	/* At the end of a message; interrupted by another field; of another kind; cut. */
	put_text(&bytes, 1, "a");
	put_text(&bytes, 2, "c");
	put_text(&bytes, 4, "Friends");
	assert_int_equal(compare(buddy, &bytes), PLAIN_SAME);
	put_text(&bytes, 1, "a");
	put_text(&bytes, 2, "c");
	put_text(&bytes, 4, "Friends");
	put_flag(&bytes, 5, 1);
	put_text(&bytes, 4, "Work");
	assert_int_equal(compare(buddy, &bytes), PLAIN_LEFT);
	put_text(&bytes, 1, "a");
	put_text(&bytes, 2, "c");
	put_flag(&bytes, 4, 1);
	assert_int_equal(compare(buddy, &bytes), PLAIN_LEFT);
	put_text(&bytes, 1, "a");
	put_text(&bytes, 2, "c");
	put_text(&bytes, 4, "Friends");
	bytes.len--;
	assert_int_equal(compare(buddy, &bytes), PLAIN_LEFT);
	/* messages in a list */
	put_text(&bytes, 1, "a");
	put_text(&bytes, 1, "b");
	assert_int_equal(compare(&pbnetwork__buddies__descriptor, &bytes), PLAIN_LEFT);
}

static void test_numbers(void **state)
{
	static const uint64_t numbers[] = {0, 1, 5, 127, 128, INT32_MAX, UINT32_MAX, UINT64_C(1) << 32,
					   UINT64_C(1) << 62, UINT64_C(1) << 63, UINT64_MAX};
	struct buf bytes = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint64_t number = numbers[i];

		put_flag(&bytes, 1, number); /* of 64 bits */
		assert_int_equal(compare(&pbnetwork__handover__descriptor, &bytes),
				 number < UINT64_C(1) << 63 ? PLAIN_SAME : PLAIN_LEFT);
		put_text(&bytes, 1, "a");
		put_flag(&bytes, 2, number); /* a signed one of 32 */
		put_text(&bytes, 3, "b");
		assert_int_equal(compare(&pbnetwork__disconnected__descriptor, &bytes),
				 number <= INT32_MAX ? PLAIN_SAME : PLAIN_LEFT);
	}
}

/* A tag or a length may be written with too many bytes; with more than five it is none. */
static void test_long_forms(void **state)
{
	static const char tag5[] = "\x8a\x80\x80\x80\x00" "\x01" "a", tag6[] = "\x8a\x80\x80\x80\x80\x00" "\x01" "a";
	static const char length5[] = "\x0a" "\x81\x80\x80\x80\x00" "a", length6[] = "\x0a" "\x81\x80\x80\x80\x80\x00" "a";
	const ProtobufCMessageDescriptor *connected = &pbnetwork__connected__descriptor;

	(void)state;
	assert_int_equal(plain_compare(connected, (const uint8_t *)tag5, sizeof(tag5) - 1), PLAIN_SAME);
	assert_int_equal(plain_compare(connected, (const uint8_t *)length5, sizeof(length5) - 1), PLAIN_SAME);
	assert_int_equal(plain_compare(connected, (const uint8_t *)tag6, sizeof(tag6) - 1), PLAIN_LEFT);
	assert_int_equal(plain_compare(connected, (const uint8_t *)length6, sizeof(length6) - 1), PLAIN_LEFT);
	/* it ends before its end */
	for (size_t size = 1; size < 3; size++)
		assert_int_equal(plain_compare(connected, (const uint8_t *)"\x0a\x01" "a", size), PLAIN_LEFT);
}

static unsigned next_random(void)
{
	static uint64_t seed = 20261127;

	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33);
}

static void damage(struct buf *bytes)
{
	for (unsigned n = next_random() % 3; n && bytes->len; n--) {
		size_t at = next_random() % bytes->len;

		switch (next_random() % 3) {
		case 0:
			bytes->data[at] = (char)next_random();
			break;
		case 1:
			bytes->len = at;
			break;
		default:
			bytes->data[at] ^= (char)(1 << next_random() % 8);
		}
	}
}

/* As how many messages its payload was read. */
static size_t compare_frame(const struct buf *frame)
{
	Pbnetwork__WrapperMessage wrapper;
	size_t same = 0;

	assert_int_not_equal(plain_compare_wrapper((uint8_t *)frame->data, frame->len), PLAIN_DIFFERS);
	if (!plain_unwrap((uint8_t *)frame->data, frame->len, &wrapper))
		return 0;
	for (size_t i = 0; i < plain_descriptors_count; i++) {
		enum plain_outcome outcome =
			plain_compare(plain_descriptors[i], wrapper.payload.data, wrapper.payload.len);

		assert_int_not_equal(outcome, PLAIN_DIFFERS);
		same += outcome == PLAIN_SAME;
	}
	return same;
}

/* Frames of all events, whole and damaged, wrapper and payload, the payload as each of the messages. */
static void test_damaged_frames(void **state)
{
	size_t same = 0;

	(void)state;
	for (size_t i = 0; i < samples_count; i++)
		for (int n = 0; n < ROUNDS; n++) {
			struct buf frame = {0};

			assert_int_equal(codec_encode(&frame, samples[i].speaker, samples[i].dialect, &samples[i].event), 0);
			buf_consume(&frame, 4);
			if (n > 0)
				damage(&frame);
			else if (samples[i].event.handover <= INT64_MAX)
				assert_int_equal(plain_compare_wrapper((uint8_t *)frame.data, frame.len), PLAIN_SAME);
			same += compare_frame(&frame);
			buf_finish(&frame);
		}
	assert_true(same > samples_count * ROUNDS / 2);
}

static void test_wrapper_forms(void **state)
{
	struct buf bytes = {0};

	(void)state;
	put_flag(&bytes, 1, 8);
	put_text(&bytes, 2, "payload");
	put_flag(&bytes, 1000, 17);
	put_flag(&bytes, 1001, 1);
	for (size_t size = 0; size <= bytes.len; size++)
		assert_int_not_equal(plain_compare_wrapper((uint8_t *)bytes.data, size), PLAIN_DIFFERS);
	assert_int_equal(plain_compare_wrapper((uint8_t *)bytes.data, bytes.len), PLAIN_SAME);
	buf_putc(&bytes, '\0'); /* the tag of a field 0, which there is not */
	assert_int_equal(plain_compare_wrapper((uint8_t *)bytes.data, bytes.len), PLAIN_LEFT);
	bytes.len--;
	put_flag(&bytes, 1002, 1);
	assert_int_equal(plain_compare_wrapper((uint8_t *)bytes.data, bytes.len), PLAIN_LEFT);
	buf_clear(&bytes);
	put_flag(&bytes, 1, 8);
	put_flag(&bytes, 1001, 7);
	assert_int_equal(plain_compare_wrapper((uint8_t *)bytes.data, bytes.len), PLAIN_LEFT);
	buf_finish(&bytes);
}

static void test_peek(void **state)
{
	struct buf payload = {0}, frame = {0};
	const char *user = NULL;
	size_t length = 0;

	(void)state;
	put_usual(&payload);
	put_flag(&frame, 1, 8);
	put_text(&frame, 2, buf_text(&payload));
	assert_true(peek_user((uint8_t *)frame.data, frame.len, &user, &length));
	assert_int_equal(length, strlen("alice@example.org"));
	assert_memory_equal(user, "alice@example.org", length);
	for (size_t size = 0; size < frame.len; size++) {
		uint8_t *cut = mem_dup(frame.data, size ? size : 1);

		if (peek_user(cut, size, &user, &length))
			assert_true((const uint8_t *)user + length <= cut + size);
		mem_free(cut);
	}
	buf_clear(&frame);
	put_flag(&frame, 1, 1000);
	put_text(&frame, 2, "\x08\x01"); /* HANDOVER: of nobody */
	assert_false(peek_user((uint8_t *)frame.data, frame.len, &user, &length));
	buf_clear(&frame);
	put_text(&frame, 2, buf_text(&payload));
	assert_false(peek_user((uint8_t *)frame.data, frame.len, &user, &length));
	buf_finish(&frame);
	buf_finish(&payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),          cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_long_forms),     cmocka_unit_test(test_damaged_frames),
		cmocka_unit_test(test_wrapper_forms),  cmocka_unit_test(test_peek),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests_name("plain", tests, NULL, NULL);
}
