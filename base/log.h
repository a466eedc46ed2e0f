/* SPDX-License-Identifier: MIT */
/*
 * Logging to stderr, one line an event. The context lives in the object, not in the format: every object
 * with a life of its own has a `struct log` whose parent is its owner's, and a line written through it
 * begins with the chain of labels: "user alice@example.org: backend 3: silent for 20 s".
 * Under systemd (JOURNAL_STREAM set) a line begins with the journal's <N> priority, else with the time.
 * Arguments are not evaluated for a line that is not wanted. Text from strangers must go through log_quote.
 * Secrets and message bodies are never logged.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct buf;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log {
	const struct log *parent; /* NULL: top */
	const char *label;        /* not owned; NULL: adds nothing */
	signed char own_level;    /* 0: its parent's; else a level and 1. By log_set_level only */
};

extern enum log_level log_threshold; /* of what has no level of its own; LOG_LEVEL_INFO at start */
extern unsigned log_own_levels;      /* how many have one: without any the question is a comparison */

bool log_passes_own(enum log_level level, const struct log *log);
/* Whether such a line would be written. */
static inline bool log_passes(enum log_level level, const struct log *log)
{
	return log_own_levels ? log_passes_own(level, log) : level <= log_threshold;
}

/* A level for one object and what is below it, finer or coarser than the others'. To be reset before the
 * object is freed. Main thread only. */
void log_set_level(struct log *log, enum log_level level);
void log_reset_level(struct log *log);

/* From now on to this file (made 0640, appended to) instead of stderr, which becomes the file too, so that
 * what libraries print is not lost. Errors go to the former stderr as well, until log_started: whoever starts the
 * program sees why it cannot. 0, or TP_ERR_IO with a sentence, and all stays as it was. Main thread only. */
int log_to_file(const char *path, struct buf *error);
void log_started(void);
/* The file was renamed: a new one is begun under its name. Nothing happens without log_to_file. */
int log_reopen(struct buf *error);

/* Whether lines go to the journal, which takes the priority from their begin. */
bool log_is_journal(void);
/* Whether they go to a file. */
bool log_is_file(void);

void log_write(enum log_level level, const struct log *log, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define LOG_AT(level, source, ...)                                 \
	do {                                                       \
		if (log_passes((level), (source)))                 \
			log_write((level), (source), __VA_ARGS__); \
	} while (0)

/* `log` may be NULL for the top. */
#define log_error(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) LOG_AT(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* A safe, quoted, shortened (200 bytes) form of foreign text, in one of eight rotating static buffers:
 * good for one log call. NULL gives "(none)". Main thread only. */
const char *log_quote(const char *text);

/* ", trace 4711", the end of a line about a message that has this number (protocol/event.h); "" for 0. In one of four
 * rotating static buffers: good for one log call. Main thread only. */
const char *log_trace(uint64_t trace);

/* "error", "warning", "info", "debug"; false for anything else. */
bool log_level_parse(const char *name, enum log_level *level);
const char *log_level_name(enum log_level level);
