/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include <string.h>

#include "base/mem.h"
#include "subject.h"

void tally_begin(struct tally *tally, unsigned long count)
{
	tally->asked = mem_realloc(tally->asked, (count + 1) * sizeof(*tally->asked));
	memset(tally->asked, 0, (count + 1) * sizeof(*tally->asked));
	memset(tally->last, 0, sizeof(tally->last));
	tally->room = count;
	tally->answered = tally->doubled = tally->disordered = 0;
	latency_finish(&tally->latency);
}

void tally_ask(struct tally *tally, unsigned long number)
{
	tally->asked[number] = now_ns();
}

void tally_answer(struct tally *tally, unsigned long number, unsigned long line)
{
	if (number >= tally->room || line >= TALLY_LINES)
		return;
	if (!tally->asked[number]) {
		tally->doubled++;
		return;
	}
	latency_add(&tally->latency, now_ns() - tally->asked[number]);
	tally->asked[number] = 0;
	tally->answered++;
	if (number < tally->last[line])
		tally->disordered++;
	tally->last[line] = number + 1;
}
