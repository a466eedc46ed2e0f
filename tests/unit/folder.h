/* SPDX-License-Identifier: MIT */
/* Folders of tests: made under TMPDIR or /tmp, and removed with all that is in them. */
#pragma once

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* `name` and six characters; paths of sockets in it are short enough. False: errno says why not. */
static inline bool folder_make(char *path, size_t size, const char *name)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, size, "%s/%s-XXXXXX", tmp && strlen(tmp) < 32 ? tmp : "/tmp", name);
	return mkdtemp(path) != NULL;
}

static inline int folder_remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline void folder_remove(const char *path)
{
	nftw(path, folder_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
