/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define ARENA_BLOCK_BYTES 4096
#define ARENA_ALIGN 16

/* The list's head is the block that is being filled; the last one is the oldest. */
struct arena_block {
	struct arena_block *next;
	size_t size; /* of bytes */
	size_t used;
	alignas(ARENA_ALIGN) char bytes[];
};

static struct arena_block *arena_block_create(size_t size)
{
	/* Not mem_alloc: zeroing what is about to be overwritten would cost more than the allocation. */
	struct arena_block *block = mem_realloc(NULL, sizeof(*block) + size);

	block->next = NULL;
	block->size = size;
	block->used = 0;
	return block;
}

static struct arena_block *arena_grow(struct arena *arena, size_t size)
{
	size_t usual = ARENA_BLOCK_BYTES - sizeof(struct arena_block);
	struct arena_block *block = arena_block_create(size > usual ? size : usual);

	/* A block made for one large piece is full at once: the one in use stays in front. */
	if (arena->blocks && size > usual) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
		return block;
	}
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *piece;

	assert(size < SIZE_MAX / 4);
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (!size)
		size = ARENA_ALIGN;
	if (!block || block->size - block->used < size)
		block = arena_grow(arena, size);
	piece = block->bytes + block->used;
	block->used += size;
	arena->used += size;
	return piece;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy;

	if (!text)
		return NULL;
	length = strnlen(text, length);
	copy = arena_alloc(arena, length + 1);
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	char small[256], *text;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	assert(length >= 0);
	if ((size_t)length < sizeof(small))
		return arena_strndup(arena, small, (size_t)length);

	text = arena_alloc(arena, (size_t)length + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}

void arena_reset(struct arena *arena)
{
	struct arena_block *block = arena->blocks, *next, *kept = NULL;

	for (; block; block = next) {
		next = block->next;
		/* A block that one huge frame needed is not held for ever. */
		if (!kept && sizeof(*block) + block->size <= ARENA_BLOCK_BYTES)
			kept = block;
		else
			mem_free(block);
	}
	if (kept) {
		kept->next = NULL;
		kept->used = 0;
	}
	arena->blocks = kept;
	arena->used = 0;
}

void arena_finish(struct arena *arena)
{
	struct arena_block *block = arena->blocks, *next;

	for (; block; block = next) {
		next = block->next;
		mem_free(block);
	}
	*arena = (struct arena){0};
}
