/* SPDX-License-Identifier: MIT */
/* A backend program with many faces, for the tests: fake_backend MODE [what the core appends]. */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "protocol/codec.h"
#include "protocol/frame.h"

static const char *mode;
static enum codec_dialect dialect = CODEC_PLAIN; /* of what it reads and says */
static int channel = -1;

static bool is(const char *name)
{
	return strcmp(mode, name) == 0;
}

static void put(const void *bytes, size_t count)
{
	const char *at = bytes;

	while (count > 0) {
		ssize_t done = send(channel, at, count, MSG_NOSIGNAL);
		if (done <= 0)
			_exit(9);
		at += done;
		count -= (size_t)done;
	}
}

static void say(const struct event *event)
{
	struct buf out = {0};

	if (codec_encode(&out, CODEC_BACKEND, dialect, event) < 0)
		_exit(8);
	put(out.data, out.len);
	buf_finish(&out);
}

static void say_message(const char *user, const char *text)
{
	say(&(struct event){.type = EVENT_MESSAGE, .user = user, .message = {.name = "echo", .text = text}});
}

static void for_ever(void)
{
	for (;;)
		pause();
}

static const char *option(char **argv, const char *name)
{
	for (char **at = argv; *at && at[1]; at++)
		if (strcmp(*at, name) == 0)
			return at[1];
	return NULL;
}

static int connect_out(char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	const char *host = option(argv, "--host"), *port = option(argv, "--port");
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (!host || !port || inet_pton(AF_INET, host, &address.sin_addr) != 1)
		_exit(7);
	address.sin_port = htons((uint16_t)strtol(port, NULL, 10));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(6);
	return fd;
}

static void print_inheritance(char **argv)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;

	printf("descriptors");
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' && strtol(entry->d_name, NULL, 10) != dirfd(folder))
			printf(" %s", entry->d_name);
	closedir(folder);
	printf("\narguments");
	for (char **at = argv + 2; *at; at++)
		printf(" %s", *at);
	printf("\nsession %d channel %s\n", getsid(0) == getpid(), getenv("LIBTRANSPORT_FD"));
	fprintf(stderr, "<4>colour \033[31m and \xff bytes\r\n");
	for (int i = 0; i < 3000; i++)
		putchar('x');
	printf("\nno newline");
	fflush(stdout);
}

static void first_ping(void)
{
	static const char config[] = "[features]\nmuc=1\n", extended[] = "[features]\next=1\n";

	if (is("giant"))
		put("\xff\xff\xff\xff"
		    "rest",
		    8);
	if (is("extended"))
		say(&(struct event){.type = EVENT_BACKEND_CONFIG, .text = {extended, sizeof(extended) - 1}});
	else
		say(&(struct event){.type = EVENT_BACKEND_CONFIG, .text = {config, sizeof(config) - 1}});
	/* Too late: the first words count. */
	if (is("extended-late"))
		say(&(struct event){.type = EVENT_BACKEND_CONFIG, .text = {extended, sizeof(extended) - 1}});
	if (is("late-giant")) {
		say(&(struct event){.type = EVENT_PONG});
		put("\xff\xff\xff\xff"
		    "rest",
		    8);
	}
	if (is("partial"))
		put("\x00\x00\x10\x00\x08", 5);
	if (is("garbage"))
		for (int i = 0; i < 5000; i++)
			put("\x00\x00\x00\x03\xff\xff\xff", 7);
	if (is("query"))
		say(&(struct event){.type = EVENT_QUERY, .text = {"status", 6}});
	if (is("rooms")) {
		static const char *const rooms[] = {"#a", "#b"};
		say(&(struct event){.type = EVENT_ROOM_LIST,
		                    .room_list = {.rooms = rooms, .names = rooms, .count = 2}});
	}
	if (is("quits"))
		_exit(5);
}

static void on_login(const char *user)
{
	char number[16];

	if (is("dies-at-login"))
		raise(SIGKILL);
	if (is("last-words") || is("few-last-words")) {
		for (int i = 0; i < (is("last-words") ? 3000 : 100); i++)
			say_message(user, "still");
		_exit(3);
	}
	say(&(struct event){.type = EVENT_CONNECTED, .user = user});
	if (is("flood"))
		for (int i = 0; i < 40000; i++) {
			snprintf(number, sizeof(number), "%d", i);
			say_message(user, number);
		}
	if (is("forger"))
		for (int i = 0; i < 5000; i++)
			say_message("somebody.else@example.org", "boo");
	if (is("deaf"))
		for_ever();
}

static void say_read(const char *user)
{
	say(&(struct event){.type = EVENT_READ_MARKER,
	                    .user = user,
	                    .read_marker = {.name = "echo", .message_id = "m1"}});
}

static void on_event(const struct event *event)
{
	static bool greeted;

	switch (event->type) {
	case EVENT_PING:
		if (!greeted)
			first_ping();
		else if (is("silent") || is("silent-stubborn"))
			return;
		greeted = true;
		say(&(struct event){.type = EVENT_PONG});
		say(&(struct event){
		        .type = EVENT_STATS,
		        .stats = {
		                .resident_kb = 300, .initial_kb = 200, .shared_kb = 100, .process_id = "1"}});
		return;
	case EVENT_LOGIN:
		on_login(event->user);
		return;
	case EVENT_API_VERSION:
		if (event->version == 2)
			dialect = CODEC_EXTENDED;
		return;
	case EVENT_MESSAGE:
		if (is("presumes") || is("extended-late"))
			dialect = CODEC_EXTENDED; /* nobody has asked it to */
		if (dialect == CODEC_EXTENDED)
			say_read(event->user);
		say_message(event->user, event->message.replaces ? event->message.replaces : event->message.text);
		return;
	case EVENT_EXIT:
		if (!is("stubborn") && !is("eof-only"))
			_exit(0);
		return;
	default:
		return;
	}
}

static void serve(void)
{
	struct frame_reader reader;
	struct arena arena = {0};
	char chunk[4096];
	ssize_t count;

	frame_reader_init(&reader, FRAME_MAX_DEFAULT);
	while ((count = recv(channel, chunk, sizeof(chunk), 0)) > 0) {
		const uint8_t *frame;
		size_t length;
		frame_feed(&reader, chunk, (size_t)count);
		while (frame_next(&reader, &frame, &length) == 1) {
			struct event event;
			if (codec_decode(&arena, CODEC_CORE, dialect, frame, length, &event) == 0)
				on_event(&event);
			arena_reset(&arena);
		}
	}
	if (is("stubborn") || is("silent-stubborn"))
		for_ever();
	_exit(0);
}

/* A descendant that left the session: it must not be taken for ours. */
static void run_away(char **argv)
{
	if (fork() == 0) {
		char byte;
		setsid();
		channel = connect_out(argv);
		while (recv(channel, &byte, 1, 0) > 0)
			;
		_exit(0);
	}
	for_ever();
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	mode = argv[1];
	/* a test that fails leaves nothing behind */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	const char *inherited = getenv("LIBTRANSPORT_FD");

	if (is("exits"))
		return 7;
	if (is("mute"))
		for_ever();
	if (is("runaway"))
		run_away(argv);
	if (is("stubborn") || is("silent-stubborn"))
		signal(SIGTERM, SIG_IGN);
	if (is("orphan") && fork() == 0)
		for_ever();
	if (is("printer"))
		print_inheritance(argv);
	if (is("tcp-later")) {
		sigset_t set;
		int number;
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		printf("waiting\n");
		fflush(stdout);
		sigwait(&set, &number);
	}
	if (strncmp(mode, "tcp", 3) == 0)
		channel = connect_out(argv);
	else if (inherited)
		channel = (int)strtol(inherited, NULL, 10);
	if (is("prober")) {
		close(channel);
		close(connect_out(argv));
		channel = connect_out(argv);
	}
	serve();
	return 0;
}
