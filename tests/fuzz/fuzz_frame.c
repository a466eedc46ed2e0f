/* SPDX-License-Identifier: MIT */
/* The first byte says in what pieces the rest arrives. Whatever the pieces, the frames are the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "protocol/frame.h"

#define LIMIT 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct frame_reader *reader, const uint8_t *data, size_t size, uint64_t *sum)
{
	const uint8_t *frame;
	size_t length;

	frame_feed(reader, data, size);
	while (frame_next(reader, &frame, &length) == 1) {
		if (length > LIMIT)
			abort();
		*sum = *sum * 31 + length + 1;
		for (size_t i = 0; i < length; i++)
			*sum = *sum * 31 + frame[i];
	}
	(void)frame_partial(reader);
}

static uint64_t read_in_pieces(const uint8_t *data, size_t size, size_t piece)
{
	struct frame_reader reader;
	uint64_t sum = 0;

	frame_reader_init(&reader, LIMIT);
	for (size_t at = 0; at < size; at += piece)
		feed(&reader, data + at, size - at < piece ? size - at : piece, &sum);
	frame_reader_finish(&reader);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (read_in_pieces(data + 1, size - 1, data[0] % 64 + 1u) != read_in_pieces(data + 1, size - 1, size))
		abort();
	return 0;
}
