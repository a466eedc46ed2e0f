/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"

enum stream { STREAM_PLAIN, STREAM_JOURNAL, STREAM_OTHER_JOURNAL };

static void write_lines(void)
{
	static const struct log top = {.label = "user alice@example.org"};
	static const struct log unnamed = {.parent = &top};
	static const struct log below = {.parent = &unnamed, .label = "backend 3"};
	char wide[6000];

	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	log_info(&below, "silent for %d s", 20);
	log_debug(&below, "not shown");
	log_error(NULL, "two\nlines %s", log_quote("x\n<3>forged"));
	log_threshold = LOG_LEVEL_DEBUG;
	errno = ENOENT;
	log_debug(NULL, "%m");
	log_warning(NULL, "%s", wide);
}

/* A process of its own: where the log goes is found out once. Datagrams show where each write(2) ends. */
static size_t run(enum stream stream, char lines[8][5000])
{
	char value[64];
	int fds[2], status;
	size_t count = 0;
	ssize_t got;
	struct stat st;
	pid_t child;

	assert_int_equal(pipe2(fds, O_DIRECT), 0);
	child = fork();
	if (child == 0) {
		dup2(fds[1], STDERR_FILENO);
		fstat(STDERR_FILENO, &st);
		snprintf(value, sizeof(value), "%ju:%ju", (uintmax_t)st.st_dev,
			 (uintmax_t)st.st_ino + (stream == STREAM_OTHER_JOURNAL));
		unsetenv("JOURNAL_STREAM");
		if (stream != STREAM_PLAIN)
			setenv("JOURNAL_STREAM", value, 1);
		write_lines();
		_exit(log_is_journal() != (stream == STREAM_JOURNAL));
	}
	assert_true(child > 0);
	close(fds[1]);
	while (count < 8 && (got = read(fds[0], lines[count], 4999)) > 0)
		lines[count++][got] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	return count;
}

static void test_journal(void **state)
{
	static char lines[8][5000];

	(void)state;
	assert_int_equal(run(STREAM_JOURNAL, lines), 4);
	assert_string_equal(lines[0], "<6>user alice@example.org: backend 3: silent for 20 s\n");
	assert_string_equal(lines[1], "<3>two lines \"x\\x0a<3>forged\"\n");
	assert_string_equal(lines[2], "<7>No such file or directory\n");
	assert_int_equal(strncmp(lines[3], "<4>www", 6), 0);
	assert_true(strlen(lines[3]) <= 4096);
	assert_ptr_equal(strchr(lines[3], '\n'), lines[3] + strlen(lines[3]) - 1);
}

static void test_time(void **state)
{
	static char lines[8][5000];
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(run(i ? STREAM_OTHER_JOURNAL : STREAM_PLAIN, lines), 4);
		assert_int_equal(lines[0][10], 'T');
		assert_string_equal(lines[0] + 23,
				    "Z info: user alice@example.org: backend 3: silent for 20 s\n");
		assert_string_equal(lines[1] + 23, "Z error: two lines \"x\\x0a<3>forged\"\n");
	}
}

static void test_quote(void **state)
{
	char wide[1000];
	const char *first, *quoted;
	int i;

	(void)state;
	assert_string_equal(log_quote(NULL), "(none)");
	assert_string_equal(log_quote(""), "\"\"");
	first = log_quote("a\x1b[1m");
	for (i = 0; i < 7; i++)
		log_quote("other");
	assert_string_equal(first, "\"a\\x1b[1m\"");

	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	quoted = log_quote(wide);
	assert_int_equal(strlen(quoted), 200 + 3 + 2);
	assert_string_equal(quoted + 200, "w...\"");
	/* a character across the end is not cut in two */
	memcpy(wide + 198, "\xf0\x9f\x98\x80", 4);
	quoted = log_quote(wide);
	assert_string_equal(quoted + 198, "w...\"");
}

static void test_level(void **state)
{
	enum log_level level;

	(void)state;
	assert_true(log_level_parse("error", &level) && level == LOG_LEVEL_ERROR);
	assert_true(log_level_parse("warning", &level) && level == LOG_LEVEL_WARNING);
	assert_true(log_level_parse("info", &level) && level == LOG_LEVEL_INFO);
	assert_true(log_level_parse("debug", &level) && level == LOG_LEVEL_DEBUG);
	assert_false(log_level_parse("", &level));
	assert_false(log_level_parse("INFO", &level));
}

static unsigned asked;

static const char *ask(void)
{
	asked++;
	return "asked";
}

static void test_own_level(void **state)
{
	struct log top = {.label = "top"};
	struct log below = {.parent = &top};

	(void)state;
	log_threshold = LOG_LEVEL_ERROR;
	log_info(&below, "%s", ask());
	assert_int_equal(asked, 0);
	log_set_level(&top, LOG_LEVEL_DEBUG);
	assert_true(log_passes(LOG_LEVEL_DEBUG, &below));
	assert_true(log_passes(LOG_LEVEL_DEBUG, &top));
	assert_false(log_passes(LOG_LEVEL_WARNING, NULL));
	/* the nearest one counts, and it may say less than others */
	log_threshold = LOG_LEVEL_DEBUG;
	log_set_level(&below, LOG_LEVEL_WARNING);
	log_set_level(&below, LOG_LEVEL_ERROR);
	assert_false(log_passes(LOG_LEVEL_WARNING, &below));
	assert_true(log_passes(LOG_LEVEL_ERROR, &below));
	log_info(&below, "%s", ask());
	assert_int_equal(asked, 0);
	log_reset_level(&below);
	log_reset_level(&below);
	assert_true(log_passes(LOG_LEVEL_DEBUG, &below));
	log_reset_level(&top);
	assert_int_equal(log_own_levels, 0);
	assert_string_equal(log_level_name(LOG_LEVEL_WARNING), "warning");
}

static size_t read_file(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = read(fd, text, room - 1);

	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return (size_t)got;
}

static void write_to_files(const char *path, const char *old)
{
	struct buf error = {0};

	log_threshold = LOG_LEVEL_INFO;
	if (log_reopen(&error) || log_to_file("/nowhere/at/all.log", &error) != TP_ERR_IO || !error.len)
		_exit(1);
	if (log_to_file(path, &error))
		_exit(2);
	log_info(NULL, "first");
	log_error(NULL, "cannot %s", "listen");
	log_started();
	log_error(NULL, "later");
	if (rename(path, old) != 0)
		_exit(3);
	log_info(NULL, "second");
	if (log_reopen(&error))
		_exit(4);
	log_info(NULL, "third");
	buf_finish(&error);
	_exit(0);
}

static void test_file(void **state)
{
	char folder[] = "/tmp/libtransport-log-XXXXXX", path[64], old[64], console[64], text[500];
	struct stat info;
	int status;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	snprintf(old, sizeof(old), "%s/log.1", folder);
	snprintf(console, sizeof(console), "%s/console", folder);
	pid_t child = fork();

	if (child == 0) {
		int fd = open(console, O_WRONLY | O_CREAT, 0600);

		dup2(fd, STDERR_FILENO);
		setenv("JOURNAL_STREAM", "1:1", 1);
		write_to_files(path, old);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* While the program starts, whoever has started it sees errors. */
	read_file(console, text, sizeof(text));
	assert_string_equal(text, "cannot listen\n");
	unlink(console);
	read_file(old, text, sizeof(text));
	assert_non_null(strstr(text, "Z info: first\n"));
	assert_non_null(strstr(text, "Z error: cannot listen\n"));
	assert_non_null(strstr(text, "Z error: later\n"));
	assert_non_null(strstr(text, "Z info: second\n"));
	read_file(path, text, sizeof(text));
	assert_null(strstr(text, "second"));
	assert_non_null(strstr(text, "Z info: third\n"));
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0137, 0);
	unlink(old);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_own_level),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
