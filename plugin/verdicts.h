/* SPDX-License-Identifier: MIT */
/*
 * What became of the numbered frames that the gateway has sent: under way, answered, told. A number that
 * comes again is not acted on again; what is not answered when its user's session ends is given back, and is
 * new when it comes again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "protocol/event.h"

struct verdicts {
	struct map *by_number;
	struct list pending;
	struct list fresh; /* answered and not in a HANDOVER yet */
	struct list told;  /* in a HANDOVER that the gateway has not taken yet; in order of these frames */
	struct list old;   /* that it has taken: the last LIMIT_PLUGIN_ANSWERS of them */
	unsigned old_count;
};

void verdicts_init(struct verdicts *verdicts);
void verdicts_finish(struct verdicts *verdicts);
/* A frame with this number has come (user NULL: of nobody). True: it is new, and pending now. False: it
 * came before; its answer, if there is one, will be told again. */
bool verdicts_begin(struct verdicts *verdicts, uint64_t number, const char *user);
/* The answer to a pending number; others are ignored. error 0: taken. Strings are copied and may be NULL. */
void verdicts_settle(struct verdicts *verdicts, uint64_t number, int error, const char *reason,
		     const char *message_id);
/* The user's session is over: what is pending is not ours any more. */
void verdicts_give_back(struct verdicts *verdicts, const char *user);
/* Whether there is something to tell. */
bool verdicts_fresh(const struct verdicts *verdicts);
/* Fills a HANDOVER with a part of it: the arrays are the caller's, of `room` entries each. */
void verdicts_fill(const struct verdicts *verdicts, struct event_handover *handover, uint64_t *taken,
		   struct event_handover_result *results, size_t room);
/* What was filled in is told by the frame of this number. */
void verdicts_told(struct verdicts *verdicts, const struct event_handover *handover, uint64_t frame);
/* The gateway has taken our frames up to this one. */
void verdicts_taken(struct verdicts *verdicts, uint64_t up_to);
