/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

#define LOG_LINE_BYTES 4096 /* PIPE_BUF: up to here lines of several processes do not mix */
#define LOG_QUOTE_BYTES 200
#define LOG_DEPTH 8

enum log_level log_threshold = LOG_LEVEL_INFO;
unsigned log_own_levels;

static const struct {
	const char *name;
	int priority; /* of syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARNING] = {"warning", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

static bool log_to_journal;
static pthread_once_t log_detected = PTHREAD_ONCE_INIT;
static char *log_path; /* NULL: stderr is what we were given */
static int log_console = -1; /* that, while the program starts */
static bool log_console_is_journal;

/* The variable is inherited by children whose stderr is something else: it names the stream that it means. */
static void log_detect(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) != 2)
		return;
	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	log_to_journal = st.st_dev == device && st.st_ino == inode;
}

bool log_is_journal(void)
{
	pthread_once(&log_detected, log_detect);
	return log_to_journal;
}

bool log_is_file(void)
{
	return log_path;
}

bool log_passes_own(enum log_level level, const struct log *log)
{
	for (; log; log = log->parent)
		if (log->own_level)
			return (int)level < log->own_level;
	return level <= log_threshold;
}

void log_set_level(struct log *log, enum log_level level)
{
	log_own_levels += !log->own_level;
	log->own_level = (signed char)(level + 1);
}

void log_reset_level(struct log *log)
{
	log_own_levels -= log->own_level != 0;
	log->own_level = 0;
}

static int open_file(const char *path, struct buf *error)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
		buf_printf(error, "logging.file: cannot write %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return TP_ERR_IO;
	}
	close(fd);
	return 0;
}

void log_started(void)
{
	if (log_console >= 0)
		close(log_console);
	log_console = -1;
}

static bool is_same_file(int fd, int other)
{
	struct stat one, two;

	return fstat(fd, &one) == 0 && fstat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

int log_to_file(const char *path, struct buf *error)
{
	pthread_once(&log_detected, log_detect);
	log_started();
	log_console = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int err = open_file(path, error);

	/* The same: a program that has replaced another of its kind. */
	if (err || is_same_file(log_console, STDERR_FILENO))
		log_started();
	if (err)
		return err;
	log_console_is_journal = log_to_journal;
	log_to_journal = false;
	mem_replace(&log_path, path);
	return 0;
}

int log_reopen(struct buf *error)
{
	return log_path ? open_file(log_path, error) : 0;
}

struct line {
	char bytes[LOG_LINE_BYTES];
	size_t len;
};

/* Keeps a byte for the line feed; what does not fit is cut. */
__attribute__((format(printf, 2, 0))) static void line_vprintf(struct line *line, const char *format,
							       va_list args)
{
	size_t room = sizeof(line->bytes) - 1 - line->len;
	int length = vsnprintf(line->bytes + line->len, room, format, args);

	if (length < 0)
		return;
	line->len += (size_t)length < room ? (size_t)length : room - 1;
}

__attribute__((format(printf, 2, 3))) static void line_printf(struct line *line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line_vprintf(line, format, args);
	va_end(args);
}

static void line_start(struct line *line, enum log_level level)
{
	struct timespec now;
	struct tm parts;

	line->len = 0;
	if (log_to_journal) {
		line_printf(line, "<%d>", levels[level].priority);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	line->len += strftime(line->bytes, sizeof(line->bytes), "%Y-%m-%dT%H:%M:%S", &parts);
	line_printf(line, ".%03dZ %s: ", (int)(now.tv_nsec / 1000000), levels[level].name);
}

static void line_labels(struct line *line, const struct log *log)
{
	const struct log *chain[LOG_DEPTH];
	size_t depth = 0;

	for (; log && depth < LOG_DEPTH; log = log->parent)
		if (log->label)
			chain[depth++] = log;
	while (depth--)
		line_printf(line, "%s: ", chain[depth]->label);
}

/* One event stays one line, whatever an argument held. */
static void line_end(struct line *line, size_t from)
{
	size_t i;

	for (i = from; i < line->len; i++)
		if ((unsigned char)line->bytes[i] < 0x20 || line->bytes[i] == 0x7f)
			line->bytes[i] = ' ';
	line->bytes[line->len++] = '\n';
}

void log_write(enum log_level level, const struct log *log, const char *format, ...)
{
	int saved = errno;
	struct line line;
	va_list args;
	size_t from;

	pthread_once(&log_detected, log_detect);
	line_start(&line, level);
	from = line.len;
	line_labels(&line, log);
	errno = saved; /* for %m */
	va_start(args, format);
	line_vprintf(&line, format, args);
	va_end(args);
	line_end(&line, from);
	while (write(STDERR_FILENO, line.bytes, line.len) < 0 && errno == EINTR)
		continue;
	if (level == LOG_LEVEL_ERROR && log_console >= 0)
		dprintf(log_console, "%s%.*s", log_console_is_journal ? "<3>" : "", (int)(line.len - from),
			line.bytes + from);
	errno = saved;
}

const char *log_quote(const char *text)
{
	static struct buf ring[8];
	static unsigned turn;
	struct buf *quoted;

	if (!text)
		return "(none)";
	quoted = &ring[turn++ % ARRAY_SIZE(ring)];
	buf_clear(quoted);
	buf_putc(quoted, '"');
	/* Looking no further than what is shown keeps the cost of a huge text small. */
	text_quote(quoted, text, strnlen(text, LOG_QUOTE_BYTES + 4), LOG_QUOTE_BYTES);
	buf_putc(quoted, '"');
	return quoted->data;
}

const char *log_trace(uint64_t trace)
{
	static char ring[4][32];
	static unsigned turn;
	char *text = ring[turn++ % ARRAY_SIZE(ring)];

	if (!trace)
		return "";
	snprintf(text, sizeof(ring[0]), ", trace %" PRIu64, trace);
	return text;
}

const char *log_level_name(enum log_level level)
{
	return levels[level].name;
}

bool log_level_parse(const char *name, enum log_level *level)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		if (strcmp(name, levels[i].name) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}
