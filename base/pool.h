/* SPDX-License-Identifier: MIT */
/*
 * Memory for very many small pieces that stay, apart from what comes and goes between them: in the heap each would keep
 * a page in which hardly anything else is left. Pieces of one size share pages, which the system gets back when nothing
 * is left in them. For one thread.
 *
 * With AddressSanitizer each piece is one of the heap, which watches over it.
 */
#pragma once

#include <stddef.h>

#define POOL_PIECE_MAX 512 /* bytes; larger ones are of the heap */

struct pool;

struct pool *pool_create(void);
/* All its pieces have been freed. NULL is fine. */
void pool_destroy(struct pool **pool);

/* Zeroed, aligned to 16 bytes. Without a pool (NULL), here and below: of the heap. */
void *pool_alloc(struct pool *pool, size_t size);
/* `size`: as it was asked for. NULL is fine. */
void pool_free(struct pool *pool, void *piece, size_t size);
/* A copy of a text (NULL stays NULL), and its end. */
char *pool_strdup(struct pool *pool, const char *text);
void pool_free_text(struct pool *pool, char *text);

size_t pool_pages(const struct pool *pool); /* that it has of the system now */
