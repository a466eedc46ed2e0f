/* SPDX-License-Identifier: MIT */
/* A file with a given text for the tests of one program. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The path is the same each time, so that a reload finds the new text; call file_remove at the end. */
static const char *file_with(const char *text)
{
	static char path[64];
	FILE *out;

	snprintf(path, sizeof(path), "/tmp/test_config_%ld.cfg", (long)getpid());
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	return path;
}

static int file_remove(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_config_%ld.cfg", (long)getpid());
	unlink(path);
	return 0;
}
