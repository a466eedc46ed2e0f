/* SPDX-License-Identifier: MIT */
/* transportctl: asks a running instance over its control socket, and starts and stops instances. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "daemon/control_client.h"
#include "daemon/instances.h"
#include "frontends/slack/wire/manifest.h"
#include "transport/admin/admin_table.h"

#define ANSWER_SECONDS 30
#define USAGE_WIDTH 32 /* of the commands in --help */

enum exit_status { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHED = 3 };

struct options {
	const char *file, *socket, *jid, *instance;
	const char *folder;
	const char *follow; /* a user; NULL */
	bool json, bodies;
};

static void print_help(FILE *out)
{
	struct buf usage = {0};

	fputs("Usage: transportctl [OPTION]... COMMAND [ARGUMENT]...\n"
	      "       transportctl [OPTION]... --follow USER\n"
	      "       transportctl list | status | start [NAME]... | stop [NAME]... | restart [NAME]...\n"
	      "       transportctl slack manifest [NAME]\n"
	      "Asks a running transportd, or starts and stops instances by systemd (without NAME: all); or prints the\n"
	      "manifest of the Slack app (NAME: what it is to be called), with an instance's slack.public_url.\n\n"
	      "  -i, --instance NAME   the instance of " INSTANCES_FOLDER
	      "/NAME.cfg; may be left out if there is one only\n"
	      "  -c, --config FILE     the instance's configuration file\n"
	      "  -j, --jid JID         the instance's JID, as given to transportd\n"
	      "  -s, --socket SOCKET   its control socket\n"
	      "  -d, --directory DIR   where the instances' files are, instead of " INSTANCES_FOLDER "\n"
	      "      --json            answers as JSON\n"
	      "  -f, --follow USER     show a user's events as they pass, until interrupted\n"
	      "      --bodies          with what people write\n"
	      "      --list-commands   print name, arguments and meaning of the commands, between tabs, and "
	      "end\n"
	      "  -v, --version         print the version, and end\n"
	      "  -h, --help            print this, and end\n\n"
	      "Commands of an instance (a password that is given as - is read from the terminal or standard "
	      "input):\n",
	      out);
	for (size_t i = 0; i < ADMIN_COUNT; i++) {
		buf_clear(&usage);
		buf_puts(&usage, admin_table[i].name);
		admin_put_usage(&usage, &admin_table[i]);
		fprintf(out, "  %-*s", USAGE_WIDTH, buf_text(&usage));
		if (usage.len > USAGE_WIDTH)
			fprintf(out, "\n  %*s", USAGE_WIDTH, "");
		fprintf(out, " %s\n", admin_table[i].description);
	}
	fputs("\nExit status: 0 done; 1 the instance or systemd answered with an error; 2 wrong usage; 3 not "
	      "reached, or\n"
	      "(status) not all instances run.\n",
	      out);
	buf_finish(&usage);
}

static void list_commands(void)
{
	struct buf usage = {0};

	for (size_t i = 0; i < ADMIN_COUNT; i++) {
		buf_clear(&usage);
		admin_put_usage(&usage, &admin_table[i]);
		printf("%s\t%s\t%s\n", admin_table[i].name, buf_text(&usage) + (usage.len ? 1 : 0),
		       admin_table[i].description);
	}
	buf_finish(&usage);
}

static int complain(const char *what)
{
	fprintf(stderr, "transportctl: %s. Try: transportctl --help\n", what);
	return EXIT_USAGE;
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
	        {"config", required_argument, NULL, 'c'},
	        {"socket", required_argument, NULL, 's'},
	        {"jid", required_argument, NULL, 'j'},
	        {"instance", required_argument, NULL, 'i'},
	        {"directory", required_argument, NULL, 'd'},
	        {"follow", required_argument, NULL, 'f'},
	        {"json", no_argument, NULL, 'J'},
	        {"bodies", no_argument, NULL, 'B'},
	        {"list-commands", no_argument, NULL, 'L'},
	        {"version", no_argument, NULL, 'v'},
	        {"help", no_argument, NULL, 'h'},
	        {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "+c:s:j:i:d:f:vh", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->file = optarg;
			break;
		case 's':
			options->socket = optarg;
			break;
		case 'j':
			options->jid = optarg;
			break;
		case 'i':
			options->instance = optarg;
			break;
		case 'd':
			options->folder = optarg;
			break;
		case 'f':
			options->follow = optarg;
			break;
		case 'J':
			options->json = true;
			break;
		case 'B':
			options->bodies = true;
			break;
		case 'L':
			list_commands();
			return EXIT_DONE;
		case 'v':
			puts("transportctl " LIBTRANSPORT_VERSION);
			return EXIT_DONE;
		case 'h':
			print_help(stdout);
			return EXIT_DONE;
		default:
			fputs("Try: transportctl --help\n", stderr);
			return EXIT_USAGE;
		}
	}
	int named = (options->file != NULL) + (options->socket != NULL) + (options->instance != NULL);

	if (named > 1)
		return complain("only one of -i, -c and -s says which instance is meant");
	if (options->follow && optind < argc)
		return complain("--follow USER stands for a command");
	if (!options->follow && optind >= argc)
		return complain("a command is missing");
	return -1;
}

/* Columns of the terminal that the answer goes to; 0: it goes elsewhere. */
static unsigned terminal_width(void)
{
	struct winsize size;

	return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* -------------------------------------------------------------------------------------- asking an instance
 */

static bool find_socket(const struct options *options, struct buf *path)
{
	struct buf error = {0};
	char *file = NULL;
	bool found = true;

	if (options->socket)
		buf_puts(path, options->socket);
	else if (options->file)
		file = mem_strdup(options->file);
	else if (options->instance)
		file = mem_printf("%s/%s.cfg", options->folder, options->instance);
	else
		file = instance_find_only(options->folder, &error);
	if (!options->socket)
		found = file && instance_find_socket(file, options->jid, path, NULL, &error);
	if (error.len)
		fprintf(stderr, "transportctl: %s\n", buf_text(&error));
	if (!found && file && access(file, R_OK) == 0)
		fputs("transportctl: an instance that runs is still reached by its control socket: -s SOCKET\n", stderr);
	buf_finish(&error);
	mem_free(file);
	return found;
}

/* One line, without its line feed; a terminal does not show it. */
static bool read_secret(const char *label, struct buf *out)
{
	struct termios before, hidden;
	bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
	char *line = NULL;
	size_t room = 0;

	if (terminal) {
		hidden = before;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
		fprintf(stderr, "%s: ", label);
	}
	ssize_t length = getline(&line, &room, stdin);

	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	if (length > 0)
		buf_append(out, line, strcspn(line, "\r\n"));
	if (line)
		explicit_bzero(line, room);
	free(line);
	return length > 0;
}

/* The argument's kind if the command is one we know. */
static bool is_secret(const char *command, int argument)
{
	const struct admin_entry *entry = admin_find(command);

	return entry && argument < ADMIN_ARGUMENTS && entry->arguments[argument].kind == ADMIN_SECRET;
}

/* Words between tabs, so that each may have spaces. */
static bool put_word(struct buf *line, const char *word)
{
	if (strpbrk(word, "\t\r\n")) {
		fprintf(stderr, "transportctl: an argument has a tab or a line feed\n");
		return false;
	}
	if (line->len)
		buf_putc(line, '\t');
	buf_puts(line, word);
	return true;
}

static bool put_words(struct buf *line, char **words, int count)
{
	/* As Spectrum 2 takes it: the whole command as one argument. */
	if (count == 1 && strchr(words[0], ' ')) {
		if (strpbrk(words[0], "\t\r\n"))
			return put_word(line, words[0]);
		for (char *c = line->data; line->len && *c; c++)
			if (*c == '\t')
				*c = ' ';
		buf_printf(line, "%s%s", line->len ? " " : "", words[0]);
		return true;
	}
	for (int i = 0; i < count; i++) {
		struct buf secret = {0};
		bool hidden = i > 0 && !strcmp(words[i], "-") && is_secret(words[0], i - 1);
		bool good = !hidden || read_secret(admin_find(words[0])->arguments[i - 1].label, &secret);

		if (!good)
			fputs("transportctl: no password was given\n", stderr);
		good = good && put_word(line, hidden ? buf_text(&secret) : words[i]);
		mem_free_secret(buf_take(&secret));
		if (!good)
			return false;
	}
	return true;
}

static bool make_line(const struct options *options, char **words, int count, struct buf *line)
{
	unsigned width = terminal_width();

	if (options->json)
		put_word(line, "--json");
	if (options->bodies)
		put_word(line, "--bodies");
	if (width) {
		char *option = mem_printf("--width=%u", width);

		put_word(line, option);
		mem_free(option);
	}
	if (options->follow)
		return put_word(line, "follow") && put_word(line, options->follow);
	return put_words(line, words, count);
}

/* People choose names: a terminal must not obey them. */
static void print_line_to(FILE *out, const char *text, size_t length)
{
	struct buf shown = {0};

	if (isatty(fileno(out)))
		text_show(&shown, text, length, length);
	else
		buf_append(&shown, text, length);
	buf_putc(&shown, '\n');
	fwrite(shown.data, 1, shown.len, out);
	fflush(out);
	buf_finish(&shown);
}

static void print_line(const char *text, size_t length)
{
	print_line_to(stdout, text, length);
}

static int print_answer(const char *answer)
{
	bool refused = text_starts(answer, "Error:") || text_starts(answer, "{\"error\":");
	const char *end;

	for (; (end = strchr(answer, '\n')); answer = end + 1)
		print_line_to(refused ? stderr : stdout, answer, (size_t)(end - answer));
	print_line_to(refused ? stderr : stdout, answer, strlen(answer));
	return refused ? EXIT_REFUSED : EXIT_DONE;
}

static const char *reason_of(int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return "the instance does not run";
	case EACCES:
	case EPERM:
		return "only root and the instance's user may ask it";
	default:
		return strerror(error);
	}
}

static int ask(const char *path, const struct buf *line, bool follows)
{
	struct buf answer = {0};
	int fd = control_connect(path);

	if (fd < 0) {
		fprintf(stderr, "transportctl: cannot reach %s: %s\n", path, reason_of(errno));
		return EXIT_UNREACHED;
	}
	int status = EXIT_UNREACHED;
	bool answered = follows ? control_follow(fd, line, print_line, &answer)
	                        : control_ask(fd, line, ANSWER_SECONDS, &answer);

	if (answered)
		status = print_answer(answer.data);
	else if (follows)
		fputs("transportctl: the instance has ended\n", stderr);
	else
		fprintf(stderr,
		        "transportctl: the instance closed the connection or did not answer in %d s\n",
		        ANSWER_SECONDS);
	buf_finish(&answer);
	close(fd);
	return status;
}

/* Asked of one instance: it can neither start itself, nor does it know of others. */
static int complain_of_one(const char *word)
{
	if (strcmp(word, "start") != 0 && strcmp(word, "stop") != 0 && strcmp(word, "list") != 0)
		return -1;
	fprintf(stderr,
		"transportctl: %s is about instances by their names in " INSTANCES_FOLDER
		", without -i, -c and -s: transportctl %s%s. One that runs by itself ends with SIGTERM\n",
		word, word, strcmp(word, "list") != 0 ? " NAME" : "");
	return EXIT_USAGE;
}

/* Options that are written behind the command, where these words can be nothing else. The count of the others. */
static int take_late_options(struct options *options, char **words, int count)
{
	int name = count > 1 && (!strcmp(words[0], "get") || !strcmp(words[0], "set"));
	const struct admin_entry *entry = count ? admin_find(words[name]) : NULL;

	for (int i = 0; entry && i < ADMIN_ARGUMENTS; i++)
		if (entry->arguments[i].name && entry->arguments[i].kind == ADMIN_REST)
			return count;
	for (; count > name + 1; count--) {
		if (!strcmp(words[count - 1], "--json"))
			options->json = true;
		else if (!strcmp(words[count - 1], "--bodies"))
			options->bodies = true;
		else
			break;
	}
	return count;
}

/* -1: this is no matter of the instances as a whole. */
static int manage(const struct options *options, char **words, int count)
{
	static const char *const verbs[] = {"start", "stop", "restart"};
	bool all = !options->file && !options->socket && !options->instance;

	if (!count)
		return -1;
	if (!all)
		return complain_of_one(words[0]);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(words[0], verbs[i]))
			return instances_control(options->folder, verbs[i], words + 1, count - 1);
	if (!strcmp(words[0], "list") && count == 1)
		return instances_list(options->folder, options->json, terminal_width());
	if (!strcmp(words[0], "status") && count == 1)
		return instances_status(options->folder, options->json, terminal_width());
	return -1;
}

/* What is to be pasted into Slack. No instance is asked: there may be none before the app is there. */
static int print_manifest(const struct options *options, const char *name)
{
	char *file = options->instance ? mem_printf("%s/%s.cfg", options->folder, options->instance)
				       : mem_strdup(options->file);
	struct buf error = {0}, text = {0};
	char *url = file ? instance_read_key(file, "slack.public_url", &error) : mem_strdup("");

	if (url) {
		char *redirect = *url ? mem_printf("%s/slack/callback", url) : NULL;

		slack_manifest_put(&text, &(struct slack_manifest){.name = name ? name : "bridge", .redirect_url = redirect});
		fputs(buf_text(&text), stdout);
		mem_free(redirect);
	} else {
		fprintf(stderr, "transportctl: %s\n", buf_text(&error));
	}
	int status = url ? EXIT_DONE : EXIT_USAGE;

	mem_free(url);
	mem_free(file);
	buf_finish(&error);
	buf_finish(&text);
	return status;
}

static bool is_manifest(char **words, int count)
{
	return count >= 2 && count <= 3 && !strcmp(words[0], "slack") && !strcmp(words[1], "manifest");
}

int main(int argc, char **argv)
{
	struct options options = {.folder = INSTANCES_FOLDER};
	struct buf path = {0}, line = {0};
	int status;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* commands have passwords in them */
	status = parse_options(argc, argv, &options);
	if (status >= 0)
		return status;
	char **words = argv + optind;
	int count = take_late_options(&options, words, argc - optind);

	status = manage(&options, words, count);
	if (status < 0 && is_manifest(words, count)) {
		status = print_manifest(&options, count > 2 ? words[2] : NULL);
	} else if (status < 0) {
		status = EXIT_USAGE;
		if (find_socket(&options, &path) && make_line(&options, words, count, &line))
			status = ask(buf_text(&path), &line, options.follow || (count && !strcmp(words[0], "follow")));
	}
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_DONE) {
		fprintf(stderr, "transportctl: the answer cannot be written: %s\n", strerror(errno));
		status = EXIT_REFUSED;
	}
	buf_finish(&path);
	mem_free_secret(buf_take(&line));
	return status;
}
