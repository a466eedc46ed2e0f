/* SPDX-License-Identifier: MIT */
/* What the program logs while it is caught, all levels. One at a time. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Ends it. Whether one line of it had both texts. */
static inline bool log_caught(struct caught_log *caught, const char *text, const char *other)
{
	char line[8192];
	bool found = false;

	log_threshold = caught->threshold;
	dup2(caught->saved, STDERR_FILENO);
	close(caught->saved);
	rewind(caught->file);
	while (fgets(line, sizeof(line), caught->file))
		found = found || (strstr(line, text) && strstr(line, other));
	fclose(caught->file);
	return found;
}
