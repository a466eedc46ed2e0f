/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/counts.h"

#include <stddef.h>
#include <string.h>

/* In a file with counts of its own clang would take these for what it registers with libFuzzer: there would be none. */
#ifdef __clang__
#define UNCOUNTED __attribute__((no_sanitize("coverage")))
#else
#define UNCOUNTED
#endif

/* The counts of all edges, one behind the other; NULL where nothing is counted. */
extern unsigned char __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern unsigned char __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));

UNCOUNTED void forget_counts(void)
{
	unsigned char *start = __start___sancov_cntrs, *stop = __stop___sancov_cntrs;

	if (start)
		memset(start, 0, (size_t)(stop - start));
}
