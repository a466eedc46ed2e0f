/* SPDX-License-Identifier: MIT */
/* What the two halves of the codec share. Private to protocol/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codec.h"
#include "protocol/event.h"

/* Whether the protocol knows this event from this side. */
bool wire_may_send(enum codec_side speaker, enum codec_dialect dialect, enum event_type type);

/* Numbers of protobuf: seven bits a byte, at most ten bytes. */
static inline size_t wire_varint_size(uint64_t value)
{
	size_t size = 1;

	for (; value >= 0x80; value >>= 7)
		size++;
	return size;
}

/* The number at *at, which is moved behind it; false: `end` comes before its own end, or it has ten bytes. */
static inline bool wire_take_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	uint64_t sum = 0;

	for (unsigned shift = 0; shift < 63 && *at < end; shift += 7) {
		uint8_t byte = *(*at)++;

		sum |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*value = sum;
			return true;
		}
	}
	return false;
}

static inline size_t wire_put_varint(uint8_t *out, uint64_t value)
{
	size_t length = 0;

	for (; value >= 0x80; value >>= 7)
		out[length++] = (uint8_t)(value | 0x80);
	out[length++] = (uint8_t)value;
	return length;
}
