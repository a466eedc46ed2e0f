/* SPDX-License-Identifier: MIT */
/* plain_unpack.h against the generated code. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "protocol/plain_unpack.h"

enum plain_outcome {
	PLAIN_LEFT,    /* it was left to the generated code */
	PLAIN_SAME,    /* both say the same, and each text ends with a NUL */
	PLAIN_DIFFERS, /* a fault */
};

extern const ProtobufCMessageDescriptor *const plain_descriptors[];
extern const size_t plain_descriptors_count;

enum plain_outcome plain_compare(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t size);
enum plain_outcome plain_compare_wrapper(const uint8_t *frame, size_t size);
