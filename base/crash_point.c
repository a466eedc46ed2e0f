/* SPDX-License-Identifier: MIT */
#include "base/crash_point.h"

#ifdef CRASH_POINTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *name;
	size_t name_length;
	long count;
	const char *file;
} wanted;

static void read_wish(void)
{
	const char *text = getenv("LIBTRANSPORT_CRASH_AT"), *colon = text ? strchr(text, ':') : NULL;
	char *end = NULL;

	wanted.name = "";
	if (!colon)
		return;
	wanted.count = strtol(colon + 1, &end, 10);
	if (*end != ':')
		return;
	wanted.name = text;
	wanted.name_length = (size_t)(colon - text);
	wanted.file = end + 1;
}

void crash_point(const char *name)
{
	if (!wanted.name)
		read_wish();
	if (strlen(name) != wanted.name_length || strncmp(name, wanted.name, wanted.name_length) != 0)
		return;
	if (--wanted.count > 0)
		return;
	wanted.name = "";
	wanted.name_length = 0;
	if (unlink(wanted.file) == 0)
		raise(SIGKILL);
}
#endif
