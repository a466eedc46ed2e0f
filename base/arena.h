/* SPDX-License-Identifier: MIT */
/*
 * Many small allocations that die together: one arena per parsed frame or stanza. arena_reset keeps the
 * first block, so a warm arena costs no malloc. Zero-initialised is valid.
 */
#pragma once

#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes handed out since the last reset */
};

void *arena_alloc(struct arena *arena, size_t size); /* 16-byte aligned, not zeroed */
char *arena_strdup(struct arena *arena, const char *text); /* NULL stays NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *arena);
void arena_finish(struct arena *arena);
