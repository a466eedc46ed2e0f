/* SPDX-License-Identifier: MIT */
/*
 * When a call may be made: the rate limits of Slack's Web API, of one method in one workspace (a gate, closed
 * by a 429) and of posting in one channel (a pace). Times are uv_now's milliseconds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"

/* Open where there is none. While there is one, calls wait in it; when its time is over the first is let
 * through, and two more for each that is answered. When none waits and none is under way it is gone. */
struct web_gate {
	struct list link;    /* web_gates.all */
	struct list waiting; /* the caller's links, the longest there first */
	uint64_t until_ms;   /* 0: its time is over */
	unsigned trying;     /* calls let through and not answered */
	char name[];
};

struct web_gates {
	struct map *by_name; /* NULL at first */
	struct list all;
};

void web_gates_init(struct web_gates *gates);
/* NULL: it is open. */
struct web_gate *web_gate_find(const struct web_gates *gates, const char *name);
/* Until then; also one that is closed already. */
struct web_gate *web_gate_close(struct web_gates *gates, const char *name, uint64_t until_ms);
/* Frees it if nobody needs it any more. */
void web_gate_release(struct web_gates *gates, struct web_gate *gate);
/* The soonest end of a time; 0: none. */
uint64_t web_gates_due_ms(const struct web_gates *gates);
void web_gates_finish(struct web_gates *gates);

/* Leaky buckets by name. */
struct web_paces {
	struct map *by_name; /* NULL at first */
	size_t sweep_at;
};

/* When the next may go: now_ms if that is now, which then is taken. `period_ms` each, `burst` at once. */
uint64_t web_pace_take(struct web_paces *paces, const char *name, uint64_t now_ms, unsigned period_ms,
                       unsigned burst);
/* Nothing more before. */
void web_pace_delay(struct web_paces *paces, const char *name, uint64_t until_ms, unsigned period_ms,
                    unsigned burst);
void web_paces_finish(struct web_paces *paces);
