/* SPDX-License-Identifier: MIT */
/*
 * bench-matrix: the near end of the benchmark for the Matrix frontend. It is the homeserver, starts the bridge, plays
 * its people, and measures.
 *
 *     bench-matrix [--cpu N] --log FILE --token HS_TOKEN -- PROGRAM ARGUMENT...
 *
 * "PORT" in an argument is replaced by its own, "SERVICE" by the one where the bridge is to listen. It reads steps from
 * its standard input, one a line, and answers each with one line of JSON. People are @u00000:load.example and so on;
 * each has a chat with the backend's contacts `sink`, `echo`, `report` and `speaker`.
 *
 *     restart                      stops and starts the program
 *     login COUNT                  they register with the bot, and open their chats
 *     sink EVENTS SIZE PEOPLE      EVENTS messages in transactions of SIZE, one after another, from PEOPLE in turn;
 *                                  counted by the backend, and the last transaction is sent a second time
 *     echo EVENTS SIZE PEOPLE      the same to the echo; each comes back as a message of its ghost. In transactions of
 *                                  one each waits for the echo of the one before
 *     ghosts FIRST COUNT           the homeserver asks for so many ghosts
 *     portal PEOPLE GUESTS         so many people enter the portal of a room of the network that has so many guests
 *     crowd EVENTS SPEAKERS        EVENTS messages of so many of its guests in turn, each told to all of our people
 *                                  there
 *     talk EVENTS SIZE PEOPLE      as sink, said in that portal: the network tells the others, and none is shown again
 *     sync COUNT BYTES FILE        appends to FILE and calls fdatasync, again and again: time and CPU
 *     memory                       waits until the program is idle, and looks
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "homeserver.h"
#include "latency.h"
#include "subject.h"
#include "sync.h"
#include "tally.h"

#define SERVER "load.example"
#define BOT "@benchbot:" SERVER
#define TRANSACTIONS "/_matrix/app/v1/transactions/"
#define PATIENCE_S 120
#define UNANSWERED 1000 /* echoes that may be under way */
#define MAX_PEOPLE TALLY_LINES

enum chat { CONTROL, SINK, ECHO, REPORT, SPEAKER, CHATS, PORTAL = CHATS };

static const char *const chat_names[CHATS] = {"control", "sink", "echo", "report", "speaker"};

static struct load {
	struct homeserver homeserver;
	struct subject subject;
	char **argv;
	const char *log;
	uint64_t began;
	unsigned long next_event, next_transaction;
	struct buf body;
	char path[200]; /* of the last transaction */
	/* of the person who logs in */
	unsigned long joined, registered;
	bool ready; /* the bridge has read its rooms */
	char portal[64], crowd[32]; /* the last one's id, and what the network calls it */
	/* of the step that is going on */
	struct tally echoes;
	unsigned long doubled, disordered;
	unsigned long named; /* ghosts that were given their names */
	bool reported;
	unsigned long counted, counted_disordered;
	struct latency put;
} load;

#define give_up(...) subject_give_up(&load.subject, __VA_ARGS__)

/* ---- what comes from the bridge ---- */

static struct slice text_of(struct slice body)
{
	static const char name[] = "\"body\":\"";
	const char *at = body.length ? memmem(body.at, body.length, name, sizeof(name) - 1) : NULL;

	if (!at)
		return (struct slice){"", 0};
	at += sizeof(name) - 1;
	return (struct slice){at, (size_t)(body.at + body.length - at)};
}

static void on_report(struct slice text)
{
	char *end;

	load.counted = strtoul(text.at + 1, &end, 10);
	load.counted_disordered = strtoul(end, NULL, 10);
	load.reported = true;
}

static void on_said(const char *path, struct slice body)
{
	struct slice text = text_of(body);
	unsigned long person;
	char chat[16];
	size_t length = strlen(load.portal);

	if (length && text.length && !strncmp(path, load.portal, length) && path[length] == '/' && *text.at == '@') {
		tally_answer(&load.echoes, strtoul(text.at + 1, NULL, 10), 0);
		return;
	}
	if (sscanf(path, "!u%5lu-%15[a-z]", &person, chat) != 2 || !text.length)
		return;
	if (strcmp(chat, "echo") == 0 && *text.at == '@')
		tally_answer(&load.echoes, strtoul(text.at + 1, NULL, 10), person);
	else if (strcmp(chat, "report") == 0 && *text.at == '#')
		on_report(text);
	else if (strcmp(chat, "control") == 0 && memmem(text.at, text.length, "registered", 10))
		load.registered++;
}

static void on_call(const struct call *call)
{
	static const char client[] = "/_matrix/client/v3/";
	const char *rest = call->path + sizeof(client) - 1;

	if (strncmp(call->path, client, sizeof(client) - 1) != 0)
		return;
	if (strcmp(rest, "createRoom") == 0)
		snprintf(load.portal, sizeof(load.portal), "!made-%lu:" SERVER, load.homeserver.calls);
	else if (strncmp(rest, "join/", 5) == 0)
		load.joined++;
	else if (strncmp(rest, "profile/", 8) == 0)
		load.named++;
	else if (strcmp(rest, "account/whoami") == 0)
		load.ready = true;
	else if (strncmp(rest, "rooms/", 6) == 0 && strstr(rest, "/send/"))
		on_said(rest + 6, call->body);
}

static void turn(int timeout_ms)
{
	if (!homeserver_turn(&load.homeserver, timeout_ms))
		give_up("the bridge closed the connection of a request");
	if (now_ns() - load.began > PATIENCE_S * UINT64_C(1000000000))
		give_up("not done in %d s: %lu of %lu echoes, %lu doubled, %lu joins, %lu names", PATIENCE_S,
			load.echoes.answered, load.echoes.room, load.echoes.doubled, load.joined, load.named);
	if (!subject_runs(&load.subject))
		give_up("the program has ended; see %s", load.log);
}

/* ---- what goes there ---- */

static void begin_transaction(void)
{
	buf_clear(&load.body);
	buf_puts(&load.body, "{\"events\":[");
}

/* As Synapse writes them. */
static void put_event(unsigned long person, enum chat chat, const char *type, const char *state_key,
		      const char *content)
{
	struct buf *body = &load.body;
	char chat_id[64];

	if (chat != PORTAL)
		snprintf(chat_id, sizeof(chat_id), "!u%05lu-%s:" SERVER, person, chat_names[chat]);
	if (body->data[body->len - 1] != '[')
		buf_putc(body, ',');
	buf_printf(body, "{\"age\":21,\"content\":%s,\"event_id\":\"$%016llx-%026lu\",\"origin_server_ts\":1732665600000,"
			 "\"room_id\":\"%s\",\"sender\":\"@u%05lu:" SERVER "\",",
		   content, (unsigned long long)getpid(), ++load.next_event, chat == PORTAL ? load.portal : chat_id, person);
	if (state_key)
		buf_printf(body, "\"state_key\":\"%s\",", state_key);
	buf_printf(body, "\"type\":\"%s\",\"unsigned\":{\"age\":21},\"user_id\":\"@u%05lu:" SERVER "\"}", type, person);
}

static void put_text(unsigned long person, enum chat chat, const char *text)
{
	char content[400];

	snprintf(content, sizeof(content), "{\"body\":\"%s\",\"m.mentions\":{},\"msgtype\":\"m.text\"}", text);
	put_event(person, chat, "m.room.message", NULL, content);
}

static void put_numbered(unsigned long person, enum chat chat, unsigned long number)
{
	char text[200];

	snprintf(text, sizeof(text), "@%010lu The quick brown fox jumps over the lazy dog, and then it rests for a while "
				     "in the shade of a tree.", number);
	put_text(person, chat, text);
}

static void put_invitation(unsigned long person, enum chat chat, const char *who)
{
	put_event(person, chat, "m.room.member", who, "{\"membership\":\"invite\",\"is_direct\":true}");
}

static void push(void)
{
	homeserver_push(&load.homeserver, "PUT", load.path, &load.body);
	while (!load.homeserver.status)
		turn(1000);
	if (load.homeserver.status != 200)
		give_up("a transaction is answered with %u", load.homeserver.status);
	latency_add(&load.put, now_ns() - load.homeserver.pushed_ns);
}

static void end_transaction(void)
{
	buf_puts(&load.body, "]}");
	snprintf(load.path, sizeof(load.path), TRANSACTIONS "%ld-%lu", (long)getpid(), ++load.next_transaction);
	push();
}

/* ---- the steps ---- */

static void start(void)
{
	uint64_t began = now_ns();

	load.ready = false;
	subject_start(&load.subject, load.argv, load.log);
	while (!load.ready)
		turn(1000);
	printf("{\"connected_ms\": %.2f, \"pid\": %ld}\n", seconds(now_ns() - began) * 1e3, (long)load.subject.pid);
	subject_pin_children(&load.subject);
}

static void restart(void)
{
	subject_stop(&load.subject);
	homeserver_close(&load.homeserver);
	start();
}

static void begin(unsigned long echoes)
{
	tally_begin(&load.echoes, echoes);
	latency_finish(&load.put);
	load.doubled = load.disordered = 0;
}

static void ask(unsigned long person, unsigned long number)
{
	put_numbered(person, ECHO, number);
	tally_ask(&load.echoes, number);
}

static void log_in(unsigned long person)
{
	char text[64];
	unsigned long joined = load.joined, registered = load.registered;

	begin_transaction();
	put_invitation(person, CONTROL, BOT);
	end_transaction();
	while (load.joined < joined + 1)
		turn(1000);
	begin_transaction();
	snprintf(text, sizeof(text), "register u%05lu", person);
	put_text(person, CONTROL, text);
	end_transaction();
	while (load.registered < registered + 1)
		turn(1000);
	begin_transaction();
	put_invitation(person, SINK, "@_bench_sink:" SERVER);
	put_invitation(person, ECHO, "@_bench_echo:" SERVER);
	put_invitation(person, REPORT, "@_bench_report:" SERVER);
	put_invitation(person, SPEAKER, "@_bench_speaker:" SERVER);
	end_transaction();
	while (load.joined < joined + 5)
		turn(1000);
}

/* Its session may still be on its way to the network: then what it says is refused, and said again. */
static void greet(unsigned long person)
{
	unsigned long number = 0;

	begin(PATIENCE_S * 10);
	while (!load.echoes.answered) {
		uint64_t until = now_ns() + 200000000;

		begin_transaction();
		ask(person, number++);
		end_transaction();
		while (!load.echoes.answered && now_ns() < until)
			turn(10);
	}
}

static void log_all_in(unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		log_in(i);
		greet(i);
	}
	puts("{}");
	subject_pin_children(&load.subject);
}

static unsigned long ask_report(void)
{
	load.reported = false;
	begin_transaction();
	put_text(0, REPORT, "how many?");
	end_transaction();
	while (!load.reported)
		turn(1000);
	return load.counted;
}

static void print_costs(uint64_t cpu, uint64_t taken, unsigned long lost, unsigned long opened)
{
	printf("{\"cpu_s\": %.4f, \"taken_s\": %.4f, \"wall_s\": %.4f, \"lost\": %lu, \"doubled\": %lu, "
	       "\"disordered\": %lu, \"connections\": %lu, ",
	       seconds(cpu), seconds(taken), seconds(now_ns() - load.began), lost, load.doubled, load.disordered,
	       load.homeserver.opened - opened);
	latency_print(&load.put, "put", stdout);
}

/* `chat`: SINK or PORTAL. */
static void sink(enum chat chat, unsigned long events, unsigned long size, unsigned long people)
{
	unsigned long opened = load.homeserver.opened, sent = 0, counted;
	uint64_t cpu, taken;

	begin(chat == PORTAL ? events : 0); /* what is shown of it counts as doubled */
	ask_report();
	latency_finish(&load.put);
	load.began = now_ns();
	cpu = subject_cpu_ns(&load.subject);
	while (sent < events) {
		begin_transaction();
		for (unsigned long i = 0; i < size && sent < events; i++, sent++)
			put_numbered(sent % people, chat, sent);
		end_transaction();
	}
	taken = now_ns() - load.began;
	struct buf last = load.body;
	char path[sizeof(load.path)];

	load.body = (struct buf){0};
	memcpy(path, load.path, sizeof(path));
	counted = ask_report();
	cpu = subject_cpu_ns(&load.subject) - cpu;
	load.disordered = people == 1 ? load.counted_disordered : 0;
	buf_finish(&load.body);
	load.body = last;
	memcpy(load.path, path, sizeof(path));
	push(); /* as if the answer had been lost */
	load.doubled = ask_report() + load.echoes.doubled;
	if (counted > events)
		load.doubled += counted - events;
	print_costs(cpu, taken, counted < events ? events - counted : 0, opened);
	puts("}");
}

/* All that was awaited came back. */
static void print_echoes(uint64_t cpu, uint64_t taken, unsigned long opened)
{
	load.doubled = load.echoes.doubled;
	load.disordered = load.echoes.disordered;
	print_costs(cpu, taken, 0, opened);
	printf(", ");
	latency_print(&load.echoes.latency, "roundtrip", stdout);
	puts("}");
}

static void echo(unsigned long events, unsigned long size, unsigned long people)
{
	unsigned long opened = load.homeserver.opened, sent = 0;
	unsigned long unanswered = size == 1 ? 1 : UNANSWERED;
	uint64_t cpu, taken;

	begin(events);
	load.began = now_ns();
	cpu = subject_cpu_ns(&load.subject);
	while (sent < events) {
		begin_transaction();
		for (unsigned long i = 0; i < size && sent < events; i++, sent++)
			ask(sent % people, sent);
		end_transaction();
		while (sent - load.echoes.answered >= unanswered)
			turn(1000);
	}
	taken = now_ns() - load.began;
	while (load.echoes.answered < events)
		turn(1000);
	cpu = subject_cpu_ns(&load.subject) - cpu;
	print_echoes(cpu, taken, opened);
}

/* What they say before the network has them is refused, and said again. */
static void portal(unsigned long people, unsigned long guests)
{
	char path[200], state_key[64];

	snprintf(load.crowd, sizeof(load.crowd), "crowd%lu", guests);
	snprintf(path, sizeof(path), "/_matrix/app/v1/rooms/%%23_bench_%s%%3A" SERVER, load.crowd);
	*load.portal = '\0';
	homeserver_push(&load.homeserver, "GET", path, NULL);
	while (!load.homeserver.status)
		turn(1000);
	if (load.homeserver.status != 200 || !*load.portal)
		give_up("the portal is answered with %u", load.homeserver.status);
	for (unsigned long i = 0; i < people; i++) {
		begin_transaction();
		snprintf(state_key, sizeof(state_key), "@u%05lu:" SERVER, i);
		put_event(i, PORTAL, "m.room.member", state_key, "{\"membership\":\"join\"}");
		end_transaction();
	}
	begin(0);
	for (unsigned long i = 0; i < people; i++) {
		while (ask_report() == 0) { /* what this one says is heard */
			begin_transaction();
			put_numbered(i, PORTAL, 0);
			end_transaction();
		}
	}
	puts("{}");
}

static void crowd(unsigned long events, unsigned long speakers)
{
	unsigned long opened = load.homeserver.opened;
	uint64_t cpu, taken;
	char text[128];

	begin(events);
	for (unsigned long i = 0; i < events; i++)
		tally_ask(&load.echoes, i);
	snprintf(text, sizeof(text), "%s %lu %lu", load.crowd, events, speakers);
	load.began = now_ns();
	cpu = subject_cpu_ns(&load.subject);
	begin_transaction();
	put_text(0, SPEAKER, text);
	end_transaction();
	while (load.echoes.answered < events)
		turn(1000);
	taken = now_ns() - load.began;
	ask_report(); /* behind which nothing of it comes any more */
	cpu = subject_cpu_ns(&load.subject) - cpu;
	print_echoes(cpu, taken, opened);
}

static void ghosts(unsigned long first, unsigned long count)
{
	char path[200];

	load.named = 0;
	for (unsigned long i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/_matrix/app/v1/users/%%40_bench_friend%05lu%%3A" SERVER, first + i);
		homeserver_push(&load.homeserver, "GET", path, NULL);
		while (!load.homeserver.status || load.named < i + 1)
			turn(1000);
		if (load.homeserver.status != 200)
			give_up("a ghost is answered with %u", load.homeserver.status);
	}
	puts("{}");
}

static void memory(void)
{
	subject_wait_idle(&load.subject, turn);
	subject_print_memory(&load.subject);
}

static bool run(const char *line)
{
	unsigned long a, b, c;
	char word[200];

	load.began = now_ns();
	if (strcmp(line, "restart\n") == 0)
		restart();
	else if (strcmp(line, "memory\n") == 0)
		memory();
	else if (sscanf(line, "login %lu", &a) == 1 && a <= MAX_PEOPLE)
		log_all_in(a);
	else if (sscanf(line, "sink %lu %lu %lu", &a, &b, &c) == 3 && c && c <= MAX_PEOPLE)
		sink(SINK, a, b, c);
	else if (sscanf(line, "talk %lu %lu %lu", &a, &b, &c) == 3 && c && c <= MAX_PEOPLE && *load.portal)
		sink(PORTAL, a, b, c);
	else if (sscanf(line, "portal %lu %lu", &a, &b) == 2)
		portal(a, b);
	else if (sscanf(line, "crowd %lu %lu", &a, &b) == 2 && b && *load.portal)
		crowd(a, b);
	else if (sscanf(line, "echo %lu %lu %lu", &a, &b, &c) == 3 && c && c <= MAX_PEOPLE)
		echo(a, b, c);
	else if (sscanf(line, "ghosts %lu %lu", &a, &b) == 2)
		ghosts(a, b);
	else if (sscanf(line, "sync %lu %lu %199s", &a, &b, word) == 3) {
		if (!sync_measure(a, b, word))
			give_up("%s cannot be written", word);
	} else {
		return false;
	}
	return true;
}

/* One that is free now: what listens on it is started at once. */
static unsigned free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		give_up("no port is free");
	close(fd);
	return ntohs(address.sin_port);
}

static int usage(void)
{
	fprintf(stderr, "usage: bench-matrix [--cpu N] --log FILE --token HS_TOKEN -- PROGRAM ARGUMENT...\n");
	return 2;
}

int main(int argc, char **argv)
{
	char line[256];
	int at = 1;

	load.subject.cpu = -1;
	for (; at + 1 < argc && strcmp(argv[at], "--") != 0; at += 2) {
		if (strcmp(argv[at], "--cpu") == 0)
			load.subject.cpu = (int)strtol(argv[at + 1], NULL, 10);
		else if (strcmp(argv[at], "--log") == 0)
			load.log = argv[at + 1];
		else if (strcmp(argv[at], "--token") == 0)
			load.homeserver.token = argv[at + 1];
		else
			return usage();
	}
	if (at + 1 >= argc || !load.log || !load.homeserver.token)
		return usage();
	load.argv = argv + at + 1;
	load.homeserver.on_call = on_call;
	homeserver_listen(&load.homeserver);
	load.homeserver.service_port = free_port();
	for (char **each = load.argv; *each; each++) {
		*each = with_port(*each, "SERVICE", load.homeserver.service_port);
		*each = with_port(*each, "PORT", load.homeserver.pipes.port);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	load.began = now_ns();
	start();
	while (fgets(line, sizeof(line), stdin))
		if (!run(line))
			give_up("there is no such step");
	subject_stop(&load.subject);
	return 0;
}
