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

static inline size_t wire_put_varint(uint8_t *out, uint64_t value)
{
	size_t length = 0;

	for (; value >= 0x80; value >>= 7)
		out[length++] = (uint8_t)(value | 0x80);
	out[length++] = (uint8_t)value;
	return length;
}
