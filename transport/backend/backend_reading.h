/* SPDX-License-Identifier: MIT */
/*
 * What a backend may read beside the system's own programs: what its command line, the scripts in that and the
 * configuration name. Nothing of it opens a path that leads to what backends must not have, or a folder that
 * several things live in (homes, /tmp, /etc).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HIDDEN_MAX 8

struct hidden {
	char *items[HIDDEN_MAX]; /* real paths */
	size_t count;
};

struct reading {
	const struct hidden *hidden;
	char **items; /* real paths, each once */
	size_t count;
};

/* NULL, "" and what does not exist change nothing. */
void hidden_add(struct hidden *hidden, const char *path);
void hidden_finish(struct hidden *hidden);
/* Whether leave to read `path` would be leave to read something hidden. */
bool hidden_is_in(const struct hidden *hidden, const char *path);

void reading_finish(struct reading *reading);
/* A file, or a folder with all in it. */
void reading_add(struct reading *reading, const char *path);
/* A program or a script: with its folder, its libraries, and what a script names. */
void reading_add_program(struct reading *reading, const char *path);
/* Every absolute path in a text that exists, as a program. */
void reading_add_named(struct reading *reading, const char *text);
/* Folders of libraries and modules that environment variables name. */
void reading_add_environment(struct reading *reading);

/* Whether a command, the words up to `count`, is nothing without other programs or is told what to run: a shell, a
 * script, an interpreter with a file. */
bool reading_starts_programs(char *const *words, size_t count);
