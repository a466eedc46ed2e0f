/* SPDX-License-Identifier: MIT */
#include "latency.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BUCKETS_PER_DOUBLING 8

void latency_add(struct latency *latency, uint64_t ns)
{
	if (latency->count == latency->room) {
		latency->room = latency->room ? latency->room * 2 : 1024;
		latency->ns = mem_realloc(latency->ns, latency->room * sizeof(*latency->ns));
	}
	latency->ns[latency->count++] = ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

uint64_t latency_quantile(struct latency *latency, double part)
{
	if (!latency->count)
		return 0;
	qsort(latency->ns, latency->count, sizeof(*latency->ns), compare);
	return latency->ns[(size_t)(part * (double)(latency->count - 1) + 0.5)];
}

static double bucket_end_us(int bucket)
{
	return exp2((double)(bucket + 1) / BUCKETS_PER_DOUBLING);
}

void latency_print(struct latency *latency, const char *name, FILE *file)
{
	size_t at = 0;
	const char *comma = "";

	fprintf(file, "\"%s\": {\"count\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"histogram\": [",
		name, latency->count, (double)latency_quantile(latency, 0.5) / 1e3,
		(double)latency_quantile(latency, 0.99) / 1e3, (double)latency_quantile(latency, 1) / 1e3);
	for (int bucket = 0; at < latency->count; bucket++) {
		size_t first = at;

		while (at < latency->count && (double)latency->ns[at] / 1e3 <= bucket_end_us(bucket))
			at++;
		if (at == first)
			continue;
		fprintf(file, "%s[%.2f, %zu]", comma, bucket_end_us(bucket), at - first);
		comma = ", ";
	}
	fputs("]}", file);
}

void latency_finish(struct latency *latency)
{
	mem_free(latency->ns);
	*latency = (struct latency){0};
}
