/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_filter.h"

#include <stdint.h>

#include "base/mem.h"

#define LINE_BITS 512
#define LINE_WORDS (LINE_BITS / 64)
#define KEY_BITS 12
#define PROBES 6

struct spool_filter {
	uint64_t *words;
	size_t lines; /* a power of two */
	size_t count, keys;
};

struct spool_filter *spool_filter_create(size_t keys)
{
	struct spool_filter *filter = MEM_NEW(struct spool_filter);

	filter->keys = keys;
	filter->lines = 1;
	while (filter->lines * LINE_BITS < keys * KEY_BITS)
		filter->lines *= 2;
	filter->words = mem_alloc(filter->lines * LINE_WORDS * sizeof(uint64_t));
	return filter;
}

void spool_filter_destroy(struct spool_filter **filter)
{
	if (!*filter)
		return;
	mem_free((*filter)->words);
	MEM_FREE(*filter);
}

/* A key is random already: one half chooses the line, nine bits of the other half each bit. */
static uint64_t *line_of(const struct spool_filter *filter, struct spool_key key)
{
	return filter->words + (key.high & (filter->lines - 1)) * LINE_WORDS;
}

void spool_filter_add(struct spool_filter *filter, struct spool_key key)
{
	uint64_t *line = line_of(filter, key), bits = key.low;
	int i;

	for (i = 0; i < PROBES; i++, bits >>= 9)
		line[bits % LINE_BITS / 64] |= UINT64_C(1) << bits % 64;
	filter->count++;
}

bool spool_filter_may_have(const struct spool_filter *filter, struct spool_key key)
{
	const uint64_t *line = line_of(filter, key);
	uint64_t bits = key.low;
	int i;

	for (i = 0; i < PROBES; i++, bits >>= 9)
		if (!(line[bits % LINE_BITS / 64] & UINT64_C(1) << bits % 64))
			return false;
	return true;
}

bool spool_filter_is_full(const struct spool_filter *filter)
{
	return filter->count > filter->keys;
}
