/* SPDX-License-Identifier: MIT */
/* What is read without the generated code is what that code reads: a frame's wrapper, and (the first byte says which) a
 * message. And the look at a frame before its turn stays within it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "protocol/peek.h"
#include "tests/unit/protocol/compare_plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *user;
	size_t length;

	if (size == 0)
		return 0;
	if (plain_compare_wrapper(data + 1, size - 1) == PLAIN_DIFFERS ||
	    plain_compare(plain_descriptors[data[0] % plain_descriptors_count], data + 1, size - 1) == PLAIN_DIFFERS)
		abort();
	if (peek_user(data + 1, size - 1, &user, &length) &&
	    ((const uint8_t *)user < data + 1 || (const uint8_t *)user + length > data + size))
		abort();
	return 0;
}
