/* SPDX-License-Identifier: MIT */
/* Times of single events, kept one by one. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct latency {
	uint64_t *ns;
	size_t count, room;
};

void latency_add(struct latency *latency, uint64_t ns);
/* `part` of them took no longer than this; 0 if there are none. Sorts them. */
uint64_t latency_quantile(struct latency *latency, double part);
/* "name": {"count": N, "p50_us": ..., "p99_us": ..., "max_us": ..., "histogram": [[upper bound in µs, count], ...]} */
void latency_print(struct latency *latency, const char *name, FILE *file);
void latency_finish(struct latency *latency);
