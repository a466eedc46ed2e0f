/* SPDX-License-Identifier: MIT */
/*
 * Logging to stderr, one line an event. The context lives in the object, not in the format: every object
 * with a life of its own has a `struct log` whose parent is its owner's, and a line written through it
 * begins with the chain of labels: "user alice@example.org: backend 3: silent for 20 s".
 * Under systemd (JOURNAL_STREAM set) a line begins with the journal's <N> priority, else with the time.
 * Arguments are not evaluated below the current level. Text from strangers must go through log_quote.
 * Secrets and message bodies are never logged.
 */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log {
	const struct log *parent; /* NULL: top */
	const char *label;        /* not owned; NULL: adds nothing */
};

extern enum log_level log_threshold; /* LOG_LEVEL_INFO at start */

void log_write(enum log_level level, const struct log *log, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define LOG_AT(level, ...)                                 \
	do {                                               \
		if ((level) <= log_threshold)              \
			log_write((level), __VA_ARGS__);   \
	} while (0)

/* `log` may be NULL for the top. */
#define log_error(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) LOG_AT(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* A safe, quoted, shortened (200 bytes) form of foreign text, in one of eight rotating static buffers:
 * good for one log call. NULL gives "(none)". Main thread only. */
const char *log_quote(const char *text);

/* "error", "warning", "info", "debug"; false for anything else. */
bool log_level_parse(const char *name, enum log_level *level);
