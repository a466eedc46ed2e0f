/* SPDX-License-Identifier: MIT */
#include "daemon/units.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define OUTPUT_BYTES (64u << 10) /* of a program that is asked; more is not read */
#define JOURNAL_LINES 10         /* of a start that failed */
#define LOOKS 20                 /* for what comes in a moment, a tenth of a second apart */

/* what systemd itself takes as the sign that it is the init system: sd_booted(3) */
static bool systemd_runs(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

static int wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void read_all(int fd, struct buf *output)
{
	ssize_t got;

	while (output->len < OUTPUT_BYTES) {
		got = read(fd, buf_reserve(output, 4096), 4096);
		if (got == 0 || (got < 0 && errno != EINTR))
			return;
		output->len += got > 0 ? (size_t)got : 0;
	}
}

/* What a program prints; its complaints are for nobody. False: it cannot be run, or ended with another status
 * than 0. */
static bool program_said(const char *const *argv, struct buf *output)
{
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int err = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)argv, environ);

	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (!err)
		read_all(ends[0], output);
	close(ends[0]);
	return !err && wait_for(child) == 0;
}

enum unit_state unit_state(const char *name)
{
	static const struct {
		const char *word;
		enum unit_state state;
	} words[] = {{"inactive\n", UNIT_INACTIVE},   {"failed\n", UNIT_FAILED}, {"active\n", UNIT_ACTIVE},
		     {"activating\n", UNIT_STARTING}, {"reloading\n", UNIT_ACTIVE}};
	char *unit = mem_printf("transportd@%s.service", name);
	const char *argv[] = {"systemctl", "show", "--value", "--property=ActiveState", unit, NULL};
	enum unit_state state = UNIT_UNKNOWN;
	struct buf output = {0};

	if (systemd_runs() && program_said(argv, &output))
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (!strcmp(buf_text(&output), words[i].word))
				state = words[i].state;
	buf_finish(&output);
	mem_free(unit);
	return state;
}

/* ------------------------------------------------------------------------------------- a start that failed */

static void pause_for_a_moment(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

/* Where the journal ends now; to be freed. An empty string: it is empty, or not ours to read. By its cursor and not
 * by the time, which may be set back meanwhile. */
static char *journal_end(void)
{
	static const char *const argv[] = {"journalctl",     "--quiet",       "--no-pager",
					   "--output=cat",   "--lines=1",     "--output-fields=_PID",
					   "--show-cursor", NULL};
	static const char mark[] = "-- cursor: ";
	struct buf output = {0};
	const char *at = program_said(argv, &output) ? strstr(buf_text(&output), mark) : NULL;
	char *cursor = at ? mem_strndup(at + strlen(mark), strcspn(at + strlen(mark), "\n")) : mem_strdup("");

	buf_finish(&output);
	return cursor;
}

/* The last lines of a text. */
static const char *last_lines(const char *text, size_t length, unsigned count)
{
	const char *at = text + length;

	while (at > text && (at[-1] != '\n' || at == text + length || --count))
		at--;
	return at;
}

/* The messages of a text in the journal's export format, but that of the entry with the cursor `end`. */
static void add_messages(const char *entries, const char *end, struct buf *messages)
{
	static const char cursor[] = "__CURSOR=", message[] = "MESSAGE=";
	bool wanted = true;

	for (const char *line = entries; *line;) {
		size_t length = strcspn(line, "\n");

		if (!strncmp(line, cursor, strlen(cursor)))
			wanted = strlen(end) != length - strlen(cursor) ||
				 memcmp(line + strlen(cursor), end, strlen(end)) != 0;
		else if (wanted && !strncmp(line, message, strlen(message)))
			buf_printf(messages, "%.*s\n", (int)(length - strlen(message)), line + strlen(message));
		line += length + (line[length] == '\n');
	}
}

/* Warnings and errors of the instance itself after that end, in place of what `messages` has. Not by --after-cursor:
 * with a match, systemd 252 leaves out the first entry that matches. */
static bool read_journal(const char *unit, const char *end, struct buf *messages)
{
	static const char *const sync[] = {"journalctl", "--sync", NULL}; /* as root: else it is left at what is there */
	char *match = mem_printf("_SYSTEMD_UNIT=%s", unit);
	char *begin = mem_printf("--cursor=%s", end);
	const char *argv[] = {"journalctl",
			      "--quiet",
			      "--no-pager",
			      "--output=export",
			      "--output-fields=MESSAGE",
			      "--priority=warning",
			      match,
			      *end ? begin : NULL,
			      NULL};
	struct buf entries = {0};

	(void)program_said(sync, &entries);
	buf_clear(&entries);
	buf_clear(messages);
	if (program_said(argv, &entries))
		add_messages(buf_text(&entries), end, messages);
	buf_finish(&entries);
	mem_free(match);
	mem_free(begin);
	return messages->len > 0;
}

/* The journal's daemon may not have read yet what a process wrote that is gone: until nothing more comes. */
static bool show_journal(const char *unit, const char *end)
{
	struct buf output = {0};
	bool told = read_journal(unit, end, &output);
	size_t before = 0;

	for (int i = 0; i < LOOKS && (!told || output.len > before); i++) {
		before = output.len;
		pause_for_a_moment();
		told = read_journal(unit, end, &output);
	}
	if (told)
		fputs("transportctl: this is what it said last:\n", stderr);
	for (const char *line = last_lines(buf_text(&output), output.len, JOURNAL_LINES); told && *line;) {
		size_t length = strcspn(line, "\n");
		struct buf shown = {0};

		text_show(&shown, line, length, length);
		fprintf(stderr, "  %s\n", buf_text(&shown));
		buf_finish(&shown);
		line += length + (line[length] == '\n');
	}
	buf_finish(&output);
	return told;
}

/* While what an attempt has left behind ends it is neither starting nor failed. */
static bool goes_on_trying(const char *name)
{
	enum unit_state state = unit_state(name);

	for (int i = 0; i < LOOKS && state == UNIT_UNKNOWN; i++) {
		pause_for_a_moment();
		state = unit_state(name);
	}
	return state == UNIT_STARTING;
}

static void explain_failed_start(const char *folder, const char *name, const char *end)
{
	char *unit = mem_printf("transportd@%s.service", name);
	bool told = show_journal(unit, end);

	fprintf(stderr, "transportctl: %s does not run. ", name);
	if (goes_on_trying(name))
		fprintf(stderr, "systemd goes on trying, until \"transportctl stop %s\". ", name);
	if (!told)
		fprintf(stderr, "The journal tells nothing that we may read. ");
	fprintf(stderr,
		"\"transportd --check %s/%s.cfg\" says what is wrong with the configuration; \"journalctl -u %s\" has "
		"all that it said, or logging.file if that is set\n",
		folder, name, unit);
	mem_free(unit);
}

/* ----------------------------------------------------------------------------------------- start and stop */

static void complain(const char *why, const char *folder, const char *name)
{
	fprintf(stderr,
		"transportctl: %s. Without systemd an instance is started with \"transportd %s/%s.cfg\" and stopped with "
		"SIGTERM\n",
		why, folder, name);
}

int unit_control(const char *folder, const char *verb, const char *name)
{
	char *unit = mem_printf("transportd@%s.service", name);
	char *const argv[] = {(char *)"systemctl", (char *)verb, unit, NULL};
	char *end = systemd_runs() && strcmp(verb, "stop") != 0 ? journal_end() : mem_strdup("");
	pid_t child;
	int err = posix_spawnp(&child, "systemctl", NULL, NULL, argv, environ);

	int status = 1;

	mem_free(unit);
	if (err == ENOENT)
		complain("there is no systemctl on this machine", folder, name);
	else if (err)
		fprintf(stderr, "transportctl: systemctl: %s\n", strerror(err));
	else if (wait_for(child) == 0)
		status = 0;
	else if (!systemd_runs())
		complain("systemd does not run on this machine", folder, name);
	else if (strcmp(verb, "stop") != 0)
		explain_failed_start(folder, name, end);
	mem_free(end);
	return status;
}
