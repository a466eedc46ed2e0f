/* SPDX-License-Identifier: MIT */
/*
 * bench-load: the near end of the benchmark. It is the XMPP server of a component, starts that component (transportd
 * or bench-floor), plays its people, and measures.
 *
 *     bench-load [--cpu N] --log FILE -- PROGRAM ARGUMENT...
 *
 * "PORT" in an argument is replaced by its own. It reads steps from its standard input, one a line, and answers
 * each with one line of JSON. People are PREFIX00000@load.example and so on.
 *
 *     restart                            stops and starts the program
 *     login PREFIX FIRST COUNT           they come online, all at once
 *     logout PREFIX FIRST COUNT
 *     send COUNT USERS PREFIX            COUNT messages to the backend's sink, from USERS people in turn
 *     receive COUNT USERS PREFIX         COUNT messages from the backend, to USERS people in turn
 *     roundtrip COUNT PREFIX             messages of the first to the echo, one after the other
 *     leave COUNT PREFIX                 COUNT people leave at once; the one after them goes on talking to the echo
 *     contacts COUNT PREFIX              the first one's contacts are shown (bench-floor)
 *     flood CONTACTS TALK TIMES          somebody with CONTACTS contacts comes online, again and again; TALK 1: before
 *                                        it and meanwhile e00000 talks to the echo, one message after the other
 *     subscribed COUNT                   waits until COUNT contacts have asked for a subscription
 *     memory                             waits until the program is idle, and looks
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "latency.h"
#include "server.h"
#include "subject.h"

#define DOMAIN_NAME "load.example"
#define GATEWAY "bench.localhost"
#define PATIENCE_S 120        /* for what has to come */
#define WINDOW 4000           /* messages between two reports of the sink */
#define WINDOWS 4             /* that may be under way */
#define AHEAD_BYTES (1u << 20) /* written for the socket, and not taken by it yet */
#define MESSAGE_BYTES 427     /* of one stanza of `send` and `roundtrip` */
#define MAX_PEOPLE 200000
#define SAMPLE_NS 20000000u   /* between two looks at the memory while people come and go */

static struct load {
	struct server server;
	struct subject subject;
	char **argv;
	const char *log;
	/* of the step that is going on */
	char prefix[32];
	unsigned char *online; /* of each person of the prefix */
	unsigned long online_count, errors, messages, reports, reported, contacts, subscriptions;
	uint64_t began, first_online, *asked;
	unsigned long asked_count, answered;
	struct latency latency, quiet_latency;
	bool flooding;
	uint64_t sampled;
	struct buf curve;
} load;

#define give_up(...) subject_give_up(&load.subject, __VA_ARGS__)

/* what comes from the program under test */

static void answer_iq(const struct stanza *stanza)
{
	struct slice id = stanza_attribute(stanza, "id"), to = stanza_attribute(stanza, "to"),
		     type = stanza_attribute(stanza, "type");

	if (!slice_is(type, "get") && !slice_is(type, "set"))
		return;
	buf_printf(&load.server.out,
		   "<iq type='error' id='%.*s' from='%.*s' to='" GATEWAY "'><error type='cancel'>"
		   "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
		   (int)id.length, id.at, (int)to.length, to.at);
}

static void agree(const struct stanza *stanza)
{
	struct slice from = stanza_attribute(stanza, "from"), to = stanza_attribute(stanza, "to");

	load.subscriptions++;
	buf_printf(&load.server.out, "<presence type='subscribed' from='%.*s' to='%.*s'/>", (int)to.length, to.at,
		   (int)from.length, from.at);
}

static void sample_memory(void)
{
	uint64_t now = now_ns();
	long anonymous, resident;

	if (now - load.sampled < SAMPLE_NS)
		return;
	load.sampled = now;
	subject_memory(&load.subject, &anonymous, &resident);
	buf_printf(&load.curve, "%s[%lu, %ld]", load.curve.len ? ", " : "", load.online_count, anonymous);
}

static void on_gateway_presence(const struct stanza *stanza, bool available)
{
	struct slice to = stanza_attribute(stanza, "to");
	unsigned long number;

	if (!slice_starts(to, load.prefix))
		return;
	number = strtoul(to.at + strlen(load.prefix), NULL, 10);
	if (number >= MAX_PEOPLE || load.online[number] == available)
		return;
	load.online[number] = available;
	load.online_count += available ? 1ul : -1ul;
	if (available && !load.first_online)
		load.first_online = now_ns();
	sample_memory();
}

static void on_presence(const struct stanza *stanza)
{
	struct slice from = stanza_attribute(stanza, "from"), type = stanza_attribute(stanza, "type");

	if (slice_is(from, GATEWAY)) {
		if (!type.at || slice_is(type, "unavailable"))
			on_gateway_presence(stanza, !type.at);
	} else if (slice_starts(from, "friend")) {
		if (!type.at)
			load.contacts++;
		else if (slice_is(type, "subscribe"))
			agree(stanza);
	}
}

static void on_echo(struct slice body)
{
	unsigned long number = strtoul(body.at + 1, NULL, 10);

	if (number >= load.asked_count)
		return;
	latency_add(load.flooding ? &load.latency : &load.quiet_latency, load.server.read_ns - load.asked[number]);
	load.answered++;
}

static void on_stanza(const struct stanza *stanza)
{
	struct slice type = stanza_attribute(stanza, "type"), body;

	if (slice_is(type, "error")) {
		load.errors++;
	} else if (stanza_is(stanza, "message")) {
		load.messages++;
		body = stanza_body(stanza);
		if (slice_starts(body, "@")) {
			on_echo(body);
		} else if (slice_starts(body, "#")) {
			load.reports++;
			load.reported += strtoul(body.at + 1, NULL, 10);
		}
	} else if (stanza_is(stanza, "presence")) {
		on_presence(stanza);
	} else if (stanza_is(stanza, "iq")) {
		answer_iq(stanza);
	}
}

/* One turn. Gives up when the step takes too long or the program is gone. */
static void turn(int timeout_ms)
{
	server_turn(&load.server, timeout_ms);
	if (load.server.gone)
		give_up("the program closed the connection");
	if (now_ns() - load.began > PATIENCE_S * UINT64_C(1000000000))
		give_up("not done in %d s: %lu of %lu messages counted, %lu online, %lu contacts, %lu errors",
			PATIENCE_S, load.reported, load.messages, load.online_count, load.contacts, load.errors);
}

/* what goes there */

static void put_message(unsigned long number, const char *prefix, const char *contact, const char *body)
{
	static unsigned long next_id;
	static const char filler[] =
		"The quick brown fox jumps over the lazy dog, and then it rests for a while in the shade of a tree, "
		"until it is time to go on to wherever foxes go.";
	char id[32];
	struct buf *out = &load.server.out;
	size_t before = out->len;

	snprintf(id, sizeof(id), "5d2ffc1e-%010lu", ++next_id);
	buf_printf(out, "<message from='%s%05lu@" DOMAIN_NAME "/phone.1' to='%s@" GATEWAY "' type='chat' id='%s' "
			"xml:lang='en'><active xmlns='http://jabber.org/protocol/chatstates'/>"
			"<request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='%s'/><body>%s",
		   prefix, number, contact, id, id, body);
	if (strcmp(contact, "source") != 0 && strcmp(contact, "contacts") != 0) {
		size_t written = out->len - before + strlen("</body></message>");

		if (written < MESSAGE_BYTES)
			buf_append(out, filler, MESSAGE_BYTES - written < sizeof(filler) - 1 ? MESSAGE_BYTES - written
											       : sizeof(filler) - 1);
	}
	buf_puts(out, "</body></message>");
}

static void put_echo(const char *prefix, unsigned long number)
{
	char body[32];

	snprintf(body, sizeof(body), "@%010lu ", load.asked_count);
	put_message(number, prefix, "echo", body);
	load.asked[load.asked_count++] = now_ns();
}

static void put_presence(const char *prefix, unsigned long number, bool available)
{
	if (available)
		buf_printf(&load.server.out,
			   "<presence from='%s%05lu@" DOMAIN_NAME "/phone.1' to='" GATEWAY "' xml:lang='en'>"
			   "<priority>5</priority><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' "
			   "node='https://client.example' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>",
			   prefix, number);
	else
		buf_printf(&load.server.out,
			   "<presence from='%s%05lu@" DOMAIN_NAME "/phone.1' to='" GATEWAY "' type='unavailable'/>",
			   prefix, number);
}

/* the steps */

static void expect_echoes(unsigned long count)
{
	load.asked = mem_realloc(load.asked, (count + 1) * sizeof(*load.asked));
	load.asked_count = load.answered = 0;
	latency_finish(&load.latency);
	latency_finish(&load.quiet_latency);
	load.flooding = false;
}

/* Whom on_gateway_presence counts. */
static void choose_prefix(const char *prefix)
{
	if (strcmp(load.prefix, prefix) == 0)
		return;
	snprintf(load.prefix, sizeof(load.prefix), "%s", prefix);
	memset(load.online, 0, MAX_PEOPLE);
	load.online_count = 0;
}

static void start(void)
{
	uint64_t began = now_ns();

	subject_start(&load.subject, load.argv, load.log);
	load.began = began;
	if (!server_accept(&load.server, 30000))
		give_up("the program did not connect; see %s", load.log);
	printf("{\"connected_ms\": %.2f, \"pid\": %ld}\n", seconds(now_ns() - began) * 1e3, (long)load.subject.pid);
	subject_pin_children(&load.subject);
}

static void restart(void)
{
	subject_stop(&load.subject);
	server_close(&load.server);
	memset(load.online, 0, MAX_PEOPLE);
	load.online_count = 0;
	start();
}

static void print_curve(void)
{
	printf("\"curve\": [%s]", buf_text(&load.curve));
	buf_clear(&load.curve);
}

static void come_or_go(const char *prefix, unsigned long first, unsigned long count, bool come)
{
	unsigned long wanted;
	uint64_t cpu = subject_cpu_ns(&load.subject);

	choose_prefix(prefix);
	wanted = come ? load.online_count + count : load.online_count - count;
	load.first_online = 0;
	load.sampled = 0;
	sample_memory();
	for (unsigned long i = 0; i < count; i++)
		put_presence(prefix, first + i, come);
	load.began = now_ns(); /* nothing has been written to the socket yet */
	while (load.online_count != wanted)
		turn(1000);
	uint64_t end = now_ns();

	load.sampled = 0;
	sample_memory();
	printf("{\"first_ms\": %.2f, \"all_ms\": %.1f, \"cpu_s\": %.4f, \"errors\": %lu, ",
	       load.first_online ? seconds(load.first_online - load.began) * 1e3 : 0,
	       seconds(end - load.began) * 1e3, seconds(subject_cpu_ns(&load.subject) - cpu), load.errors);
	print_curve();
	puts("}");
	subject_pin_children(&load.subject);
}

static void send_messages(unsigned long count, unsigned long users, const char *prefix)
{
	unsigned long sent = 0, reports = 0;
	uint64_t cpu = subject_cpu_ns(&load.subject);

	load.reports = load.reported = load.errors = 0;
	while (load.reports < (count + WINDOW - 1) / WINDOW) {
		bool may_send = sent < count && reports < load.reports + WINDOWS;

		while (may_send && server_queued(&load.server) < AHEAD_BYTES) {
			put_message(sent % users, prefix, "sink", "");
			sent++;
			if (sent % WINDOW == 0 || sent == count) {
				put_message(0, prefix, "report", "");
				reports++;
			}
			may_send = sent < count && reports < load.reports + WINDOWS;
		}
		turn(may_send ? 0 : 1000);
		if (load.errors)
			give_up("a message was refused");
	}
	if (load.reported != count)
		give_up("%lu of %lu messages arrived", load.reported, count);
	printf("{\"cpu_s\": %.4f, \"wall_s\": %.4f}\n", seconds(subject_cpu_ns(&load.subject) - cpu),
	       seconds(now_ns() - load.began));
}

static void receive_messages(unsigned long count, unsigned long users, const char *prefix)
{
	char body[80];
	uint64_t cpu = subject_cpu_ns(&load.subject);

	load.messages = load.errors = 0;
	snprintf(body, sizeof(body), "%lu %lu %s", count, users, prefix);
	put_message(0, prefix, "source", body);
	while (load.messages < count)
		turn(1000);
	printf("{\"cpu_s\": %.4f, \"wall_s\": %.4f}\n", seconds(subject_cpu_ns(&load.subject) - cpu),
	       seconds(now_ns() - load.began));
}

static void echo_once(const char *prefix, unsigned long number)
{
	put_echo(prefix, number);
	while (load.answered < load.asked_count)
		turn(1000);
}

static void roundtrip(unsigned long count, const char *prefix)
{
	expect_echoes(count + 100);
	for (unsigned i = 0; i < 100; i++)
		echo_once(prefix, 0);
	latency_finish(&load.quiet_latency);
	for (unsigned long i = 0; i < count; i++)
		echo_once(prefix, 0);
	putchar('{');
	latency_print(&load.quiet_latency, "roundtrip", stdout);
	puts("}");
}

static void leave(unsigned long count, const char *prefix)
{
	unsigned long wanted = load.online_count - count;
	uint64_t cpu, cpu_end, began, end;

	choose_prefix(prefix);
	expect_echoes(1000000);
	for (unsigned i = 0; i < 200; i++)
		echo_once(prefix, count);
	load.flooding = true;
	cpu = subject_cpu_ns(&load.subject);
	began = now_ns();
	for (unsigned long i = 0; i < count; i++)
		put_presence(prefix, i, false);
	while (load.online_count > wanted)
		echo_once(prefix, count);
	end = now_ns();
	cpu_end = subject_cpu_ns(&load.subject);
	/* what they leave behind for later holds somebody up, too */
	while (now_ns() - end < 300000000)
		echo_once(prefix, count);
	printf("{\"all_ms\": %.1f, \"cpu_s\": %.4f, ", seconds(end - began) * 1e3, seconds(cpu_end - cpu));
	latency_print(&load.quiet_latency, "before", stdout);
	printf(", ");
	latency_print(&load.latency, "meanwhile", stdout);
	puts("}");
}

static void contacts(unsigned long count, const char *prefix)
{
	char body[32];
	uint64_t cpu = subject_cpu_ns(&load.subject);

	load.contacts = 0;
	snprintf(body, sizeof(body), "%lu", count);
	put_message(0, prefix, "contacts", body);
	while (load.contacts < count)
		turn(1000);
	printf("{\"cpu_s\": %.4f, \"wall_s\": %.4f}\n", seconds(subject_cpu_ns(&load.subject) - cpu),
	       seconds(now_ns() - load.began));
}

/* One echo after the other, or none, until `end` or until all contacts were shown. */
static void see_contacts(bool talk, uint64_t end, unsigned long contacts_wanted)
{
	while (now_ns() < end && !(contacts_wanted && load.contacts >= contacts_wanted)) {
		if (talk)
			echo_once("e", 0);
		else
			turn(10);
	}
}

static void flood(unsigned long count, bool talk, unsigned long times)
{
	uint64_t cpu_spent = 0, wall_spent = 0, cpu, began;
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "c%luu", count);
	expect_echoes(2000000);
	for (unsigned long i = 0; i < times; i++) {
		choose_prefix(prefix);
		load.began = now_ns();
		see_contacts(talk, now_ns() + 300000000, 0);
		load.contacts = 0;
		load.flooding = true;
		cpu = subject_cpu_ns(&load.subject);
		began = now_ns();
		put_presence(prefix, 0, true);
		see_contacts(talk, began + UINT64_C(30000000000), count);
		cpu_spent += subject_cpu_ns(&load.subject) - cpu;
		wall_spent += now_ns() - began;
		if (load.contacts < count)
			give_up("%lu of %lu contacts were shown", load.contacts, count);
		load.flooding = false;
		put_presence(prefix, 0, false);
		while (load.online_count)
			turn(10);
		subject_wait_idle(&load.subject, turn);
	}
	printf("{\"cpu_s\": %.4f, \"wall_s\": %.4f, ", seconds(cpu_spent) / (double)times,
	       seconds(wall_spent) / (double)times);
	latency_print(&load.quiet_latency, "before", stdout);
	printf(", ");
	latency_print(&load.latency, "meanwhile", stdout);
	puts("}");
}

static void wait_subscribed(unsigned long count)
{
	while (load.subscriptions < count)
		turn(100);
	load.subscriptions = 0;
	puts("{}");
}

static void memory(void)
{
	subject_wait_idle(&load.subject, turn);
	subject_print_memory(&load.subject);
}

static bool is_step(const char *line, const char *name)
{
	size_t length = strlen(name);

	return strncmp(line, name, length) == 0 && (line[length] == ' ' || line[length] == '\n');
}

static bool run(const char *line)
{
	unsigned long a, b;
	char word[32];

	load.began = now_ns();
	if (is_step(line, "restart"))
		restart();
	else if (is_step(line, "memory"))
		memory();
	else if (sscanf(line, "login %31s %lu %lu", word, &a, &b) == 3)
		come_or_go(word, a, b, true);
	else if (sscanf(line, "logout %31s %lu %lu", word, &a, &b) == 3)
		come_or_go(word, a, b, false);
	else if (sscanf(line, "send %lu %lu %31s", &a, &b, word) == 3)
		send_messages(a, b, word);
	else if (sscanf(line, "receive %lu %lu %31s", &a, &b, word) == 3)
		receive_messages(a, b, word);
	else if (sscanf(line, "roundtrip %lu %31s", &a, word) == 2)
		roundtrip(a, word);
	else if (sscanf(line, "leave %lu %31s", &a, word) == 2)
		leave(a, word);
	else if (sscanf(line, "contacts %lu %31s", &a, word) == 2)
		contacts(a, word);
	else if (sscanf(line, "subscribed %lu", &a) == 1)
		wait_subscribed(a);
	else if (sscanf(line, "flood %lu %lu %31s", &a, &b, word) == 3)
		flood(a, b != 0, strtoul(word, NULL, 10));
	else
		return false;
	return true;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench-load [--cpu N] --log FILE -- PROGRAM ARGUMENT...\n");
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
		else
			return usage();
	}
	if (at + 1 >= argc || !load.log)
		return usage();
	load.argv = argv + at + 1;
	load.online = mem_alloc(MAX_PEOPLE);
	load.server.on_stanza = on_stanza;
	server_listen(&load.server);
	for (char **each = load.argv; *each; each++)
		*each = with_port(*each, "PORT", load.server.port);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	start();
	while (fgets(line, sizeof(line), stdin))
		if (!run(line))
			give_up("there is no such step");
	subject_stop(&load.subject);
	return 0;
}
