/* SPDX-License-Identifier: MIT */
/* Numbered messages on their way: whether each comes back once, in order, and how long it takes. */
#pragma once

#include <stdbool.h>

#include "latency.h"

#define TALLY_LINES 1000

struct tally {
	uint64_t *asked; /* by number; 0: has come back, or was not asked */
	unsigned long room, answered, doubled, disordered;
	unsigned long last[TALLY_LINES]; /* number of the last that came back on each line, plus one */
	struct latency latency;
};

/* Begins anew, with numbers below `count`. */
void tally_begin(struct tally *tally, unsigned long count);
void tally_ask(struct tally *tally, unsigned long number);
/* It has come back; what came on the same line before should have a smaller number. */
void tally_answer(struct tally *tally, unsigned long number, unsigned long line);
