/* SPDX-License-Identifier: MIT */
/* Range headers. Eight bytes are the size of the file, the rest is the header. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "transport/http/http_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t length, first = 1, last = 0;
	char text[1024];

	if (size < sizeof(length) || size - sizeof(length) >= sizeof(text))
		return 0;
	memcpy(&length, data, sizeof(length));
	memcpy(text, data + sizeof(length), size - sizeof(length));
	text[size - sizeof(length)] = '\0';
	if (http_range_parse(text, length, &first, &last) == HTTP_RANGE_PART) {
		if (first > last || last >= length)
			abort();
	} else if (first != 1 || last != 0) {
		abort();
	}
	return 0;
}
