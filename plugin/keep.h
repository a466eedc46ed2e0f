/* SPDX-License-Identifier: MIT */
/* Frames that the gateway has not taken yet, with the numbers 1, 2, 3 ... Zero-initialised is valid and
 * empty. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "protocol/event.h"

struct keep {
	struct buf bytes;     /* whole frames, one behind the other */
	size_t start;         /* of the oldest one that is kept */
	uint64_t taken, last; /* numbers: kept are those behind `taken` up to `last` */
};

void keep_finish(struct keep *keep);
/* Encodes the event (EXTENDED, as a backend) as the next frame, whose number is then keep->last. *frame is
 * lent until the next call. 0, or an error of codec_encode: no number is used up then. */
int keep_put(struct keep *keep, const struct event *event, const char **frame, size_t *length);
/* All up to this number are taken; numbers that were never given mean all that were. */
void keep_forget(struct keep *keep, uint64_t up_to);
size_t keep_size(const struct keep *keep); /* bytes */
const char *keep_bytes(const struct keep *keep);
