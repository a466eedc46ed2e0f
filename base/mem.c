/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void mem_run_out(void)
{
	static const char message[] = "out of memory\n";

	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		abort();
	abort();
}

static void *mem_checked(void *memory)
{
	if (!memory)
		mem_run_out();
	return memory;
}

void *mem_alloc(size_t size)
{
	return mem_checked(calloc(1, size ? size : 1));
}

void *mem_alloc_text(size_t size, size_t offset, const char *text)
{
	size_t length = strlen(text) + 1;
	char *memory = mem_alloc(size > offset + length ? size : offset + length);

	memcpy(memory + offset, text, length);
	return memory;
}

void *mem_realloc(void *old, size_t size)
{
	return mem_checked(realloc(old, size ? size : 1));
}

void *mem_dup(const void *from, size_t size)
{
	void *copy = mem_checked(malloc(size ? size : 1));

	if (size)
		memcpy(copy, from, size);
	return copy;
}

char *mem_strdup(const char *text)
{
	return text ? mem_dup(text, strlen(text) + 1) : NULL;
}

char *mem_strndup(const char *text, size_t length)
{
	char *copy;

	if (!text)
		return NULL;
	length = strnlen(text, length);
	copy = mem_checked(malloc(length + 1));
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *mem_printf(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	return mem_checked(length < 0 ? NULL : text);
}

void mem_replace(char **slot, const char *text)
{
	char *copy = mem_strdup(text);

	free(*slot);
	*slot = copy;
}

void mem_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

static size_t own_kb(int field)
{
	unsigned long pages[3] = {0};
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%lu %lu %lu", &pages[0], &pages[1], &pages[2]) != 3)
		pages[field] = 0;
	fclose(file);
	return pages[field] * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

size_t mem_resident_kb(void)
{
	return own_kb(1);
}

size_t mem_shared_kb(void)
{
	return own_kb(2);
}

void mem_free(void *memory)
{
	free(memory);
}

void mem_free_secret(char *text)
{
	if (!text)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}
