/* SPDX-License-Identifier: MIT */
/*
 * Reading messages as encoders write them: each field once (lists of texts in one run), in the order of their numbers,
 * none that is unknown, no message within. That is nearly all that comes, and needs one pass and one copy where the
 * generated code makes two and one for each field. Whatever else bytes may be is left to that code: nothing is refused
 * here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/pbnetwork.pb-c.h"

#define PLAIN_LIST_ITEMS 8 /* in all lists of a message; longer ones are left to the generated code */

/*
 * Fills `message`, which has descriptor->sizeof_message bytes, from `size` bytes and one byte more that may be
 * overwritten. Fields of bytes point into them and end with a NUL, which takes the place of what was read already.
 * Lists point into `items`, of which there are PLAIN_LIST_ITEMS; no item needs freeing.
 * False: it is not of that form, or no such message at all; `message` and the bytes may have any content then.
 */
bool plain_unpack(const ProtobufCMessageDescriptor *descriptor, uint8_t *bytes, size_t size, ProtobufCMessage *message,
		  ProtobufCBinaryData *items);
/* A frame's wrapper, of the same form; the payload is in the frame, as it is. */
bool plain_unwrap(const uint8_t *frame, size_t size, Pbnetwork__WrapperMessage *wrapper);
