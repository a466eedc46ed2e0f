/* SPDX-License-Identifier: MIT */
/*
 * What the core wants confirmed (frontend_ops.deliver): numbers of messages whose stanzas end at a position of the
 * stream's output. They are confirmed when the kernel has taken the stream that far. Zero-initialised is valid and
 * empty.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct confirmations {
	struct buf entries;
	size_t start; /* bytes of it that are done */
};

/* The output up to `position` belongs to this number. True: it is one confirmation more; false: it was the last number
 * already, whose end has moved. */
bool confirmations_add(struct confirmations *confirmations, uint64_t position, uint64_t number);
/* The next number that ends at or before `position`; 0: none. */
uint64_t confirmations_take(struct confirmations *confirmations, uint64_t position);
void confirmations_finish(struct confirmations *confirmations);
