/* SPDX-License-Identifier: MIT */
/* What the program logs while it is caught, all levels. One at a time. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

struct caught_log {
	FILE *file;
	int saved;
	enum log_level threshold;
};

static inline struct caught_log log_catch(void)
{
	struct caught_log caught = {tmpfile(), dup(STDERR_FILENO), log_threshold};

	if (!caught.file || caught.saved < 0)
		abort();
	dup2(fileno(caught.file), STDERR_FILENO);
	log_threshold = LOG_LEVEL_DEBUG;
	return caught;
}

/* To be freed with free(). */
static inline char *log_caught(struct caught_log *caught)
{
	long size;
	char *text;

	log_threshold = caught->threshold;
	dup2(caught->saved, STDERR_FILENO);
	close(caught->saved);
	fseek(caught->file, 0, SEEK_END);
	size = ftell(caught->file);
	text = calloc(1, (size_t)size + 1);
	rewind(caught->file);
	if (!text || fread(text, 1, (size_t)size, caught->file) != (size_t)size)
		abort();
	fclose(caught->file);
	return text;
}
