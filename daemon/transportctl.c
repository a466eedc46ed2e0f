/* SPDX-License-Identifier: MIT */
/* transportctl: asks a running instance over its control socket. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "transport/service_config.h"

#define ANSWER_SECONDS 30

struct options {
	const char *file;
	const char *socket;
	const char *jid;
};

static void print_help(FILE *out)
{
	fputs("Usage: transportctl (-c FILE | -s SOCKET) COMMAND [ARGUMENT]...\n"
	      "Asks a running transportd. `transportctl -c FILE help` lists the commands.\n\n"
	      "  -c, --config FILE    the instance's configuration file\n"
	      "  -j, --jid JID        the instance's JID, as given to transportd\n"
	      "  -s, --socket SOCKET  its control socket\n"
	      "  -v, --version        print the version, and end\n"
	      "  -h, --help           print this, and end\n\n"
	      "Exit status: 0 done, 1 the instance answered with an error, 2 wrong usage, 3 not reached.\n",
	      out);
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'},
		{"jid", required_argument, NULL, 'j'},    {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "+c:s:j:vh", long_options, NULL)) != -1) {
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
		case 'v':
			puts("transportctl " LIBTRANSPORT_VERSION);
			return 0;
		case 'h':
			print_help(stdout);
			return 0;
		default:
			fputs("Try: transportctl --help\n", stderr);
			return 2;
		}
	}
	if (!options->file == !options->socket || optind >= argc) {
		print_help(stderr);
		return 2;
	}
	return -1;
}

/* The socket of the instance that the file describes; false with a message. */
static bool find_socket(const struct options *options, struct buf *path)
{
	struct service_config service = {0};
	struct config *config = config_create();
	struct buf error = {0};

	config_bind(config, &service_config_table, &service);
	if (options->jid)
		config_set_jid(config, options->jid);
	bool found = config_load(config, options->file, &error) == 0;

	if (!found)
		fprintf(stderr, "%s\n", buf_text(&error));
	else if (*service.control_socket)
		buf_puts(path, service.control_socket);
	else
		buf_printf(path, "%s/control", service.working_dir);
	buf_finish(&error);
	config_destroy(&config);
	return found;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static bool send_all(int fd, const struct buf *line)
{
	size_t sent = 0;

	while (sent < line->len) {
		ssize_t count = send(fd, line->data + sent, line->len - sent, MSG_NOSIGNAL);

		if (count < 0 && errno != EINTR)
			return false;
		if (count > 0)
			sent += (size_t)count;
	}
	return true;
}

/* Reads up to the NUL that ends an answer. */
static bool receive_answer(int fd, struct buf *answer)
{
	uint64_t end = clock_ms() + ANSWER_SECONDS * 1000;

	for (uint64_t now = clock_ms(); now < end; now = clock_ms()) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		if (poll(&ready, 1, (int)(end - now)) <= 0)
			continue;
		char *room = buf_reserve(answer, 4096);
		ssize_t count = recv(fd, room, 4096, 0);

		if (count <= 0)
			return false;
		answer->len += (size_t)count;
		if (answer->data[answer->len - 1] == '\0')
			return true;
	}
	return false;
}

static int ask(const char *path, const struct buf *line)
{
	struct buf answer = {0};
	int fd = connect_to(path);

	if (fd < 0) {
		fprintf(stderr, "transportctl: cannot reach %s: %s. Is the instance running, and are you its user?\n",
			path, strerror(errno));
		return 3;
	}
	int status = 3;

	if (send_all(fd, line) && receive_answer(fd, &answer)) {
		status = text_starts(answer.data, "Error:") ? 1 : 0;
		fprintf(status ? stderr : stdout, "%s\n", answer.data);
	} else {
		fprintf(stderr, "transportctl: the instance closed the connection or did not answer in %d s\n",
			ANSWER_SECONDS);
	}
	buf_finish(&answer);
	close(fd);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct buf path = {0}, line = {0};
	int status = parse_options(argc, argv, &options);

	if (status >= 0)
		return status;
	for (int i = optind; i < argc; i++)
		buf_printf(&line, "%s%s", i > optind ? " " : "", argv[i]);
	buf_putc(&line, '\n');
	if (options.socket)
		buf_puts(&path, options.socket);
	if (options.socket || find_socket(&options, &path))
		status = ask(buf_text(&path), &line);
	else
		status = 2;
	buf_finish(&path);
	buf_finish(&line);
	return status;
}
