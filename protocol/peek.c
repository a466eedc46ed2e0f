/* SPDX-License-Identifier: MIT */
#include "protocol/peek.h"

#include "protocol/wire.h"

enum { TYPE_TAG = 1 << 3, PAYLOAD_TAG = 2 << 3 | 2, USER_TAG = 1 << 3 | 2 };

bool peek_user(const uint8_t *frame, size_t length, const char **user, size_t *user_length)
{
	const uint8_t *at = frame, *end = frame + length;
	uint64_t number;

	if (length < 2 || *at++ != TYPE_TAG || !wire_take_varint(&at, end, &number))
		return false;
	if (at == end || *at++ != PAYLOAD_TAG || !wire_take_varint(&at, end, &number))
		return false;
	if (at == end || *at++ != USER_TAG || !wire_take_varint(&at, end, &number) || number > (uint64_t)(end - at))
		return false;
	*user = (const char *)at;
	*user_length = (size_t)number;
	return true;
}
