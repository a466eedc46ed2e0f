/* SPDX-License-Identifier: MIT */
/* Memory that is either there or the process is not: running out aborts with a message. */
#pragma once

#include <stddef.h>

void *mem_alloc(size_t size); /* zeroed */
/* For those who ask the system itself: says so, and aborts. */
_Noreturn void mem_run_out(void);
void *mem_realloc(void *old, size_t size);
void *mem_dup(const void *from, size_t size);
char *mem_strdup(const char *text);                /* NULL stays NULL */
char *mem_strndup(const char *text, size_t length); /* always terminated */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Replaces *slot by a copy of text (NULL allowed) and frees what was there; text may be *slot itself. */
void mem_replace(char **slot, const char *text);

/* Frees *slot and makes it NULL. */
#define MEM_FREE(slot)                  \
	do {                            \
		mem_free(slot);         \
		(slot) = NULL;          \
	} while (0)
/* Gives the system back what was freed and lies in whole pages. Takes about a millisecond for each 10 MB in use. */
void mem_trim(void);
/* Of this process, in KiB: memory it has at all, and of that what is of files or shared. 0: not known. */
size_t mem_resident_kb(void);
size_t mem_shared_kb(void);
void mem_free(void *memory);

/* Overwrites before freeing: for passwords and keys. NULL is fine. */
void mem_free_secret(char *text);

/* One zeroed object of a type. */
#define MEM_NEW(type) ((type *)mem_alloc(sizeof(type)))
/* The same, of one that ends in `char member[]`: with a copy of the text there. */
#define MEM_NEW_TEXT(type, member, text) ((type *)mem_alloc_text(sizeof(type), offsetof(type, member), text))
void *mem_alloc_text(size_t size, size_t offset, const char *text);

/*
 * Says that these bytes will be looked at soon, so that memory is asked for several of them at once and not for each
 * when it is met. For what belongs to one of very many and has most likely not been looked at for long. NULL is fine.
 */
static inline void mem_prefetch(const void *memory, size_t size)
{
	for (size_t at = 0; memory && at < size; at += 64)
		__builtin_prefetch((const char *)memory + at);
	if (memory && size)
		__builtin_prefetch((const char *)memory + size - 1); /* it need not begin where a line does */
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
