/* SPDX-License-Identifier: MIT */
/*
 * bench-slack: the near end of the benchmark for the Slack frontend. It is Slack, starts the gateway, plays the people
 * of one workspace, and measures.
 *
 *     bench-slack [--cpu N] --log FILE [--floor] -- PROGRAM ARGUMENT...
 *
 * "PORT" in an argument is replaced by its own. It reads steps from its standard input, one a line, and answers each
 * with one line of JSON. People are U0000000 and so on; channels CS00000 ... are tied to the backend's rooms #sink00000
 * ..., CE to #echo, CR to #report, CQ to #source, CO to #out. --floor: the program is bench-floor-slack, which takes
 * sink only.
 *
 *     restart                       stops and starts the program
 *     login                         the account that speaks for everybody; one channel for reports
 *     tie KIND COUNT                ties so many channels of that letter
 *     sink EVENTS SIZE PEOPLE LINES PERIOD_US
 *                                   EVENTS messages, SIZE at once, from PEOPLE in turn in LINES channels in turn; the
 *                                   next ones PERIOD_US after these, or, if that is 0, when all are acknowledged;
 *                                   counted by the backend; the last ones are sent a second time
 *     echo EVENTS LINES             one message after another to the echo; each comes back as a post
 *     posts COUNT LINES             the backend says so many messages, in LINES rooms in turn
 *     known FIRST COUNT             so many people say something for the first time, 20 at once
 *     spoken COUNT                  one person says so many things
 *     sync COUNT BYTES FILE         appends to FILE and calls fdatasync, again and again
 *     memory                        waits until the program is idle, and looks
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "latency.h"
#include "subject.h"
#include "sync.h"
#include "tally.h"
#include "workspace.h"

#define PATIENCE_S 120
#define REPORTS 8 /* channels for them: Slack takes four posts at once in each */

static struct load {
	struct workspace workspace;
	struct subject subject;
	char **argv;
	const char *log;
	bool floor;
	uint64_t began;
	time_t epoch; /* of time stamps */
	unsigned long next_envelope, next_report;
	struct buf payload, frames;
	struct tally acknowledged, came_back; /* of the step that is going on */
	unsigned long first;                  /* its first envelope's number */
	unsigned long doubled, disordered;
	unsigned long tied;
	bool registered;
	unsigned long reports, counted, counted_disordered;
} load;

#define give_up(...) subject_give_up(&load.subject, __VA_ARGS__)

/* ---- what comes from the gateway ---- */

static void on_acknowledged(unsigned long number)
{
	if (number >= load.first)
		tally_answer(&load.acknowledged, number - load.first, 0);
}

static void on_post(struct slice form)
{
	char channel[32], text[400], *end;
	unsigned long line;
	char kind;

	form_value(form, "channel", channel, sizeof(channel));
	form_value(form, "text", text, sizeof(text));
	if (sscanf(channel, "C%c%5lu", &kind, &line) != 2)
		return;
	if (kind == 'R' && *text == '#') {
		load.counted = strtoul(text + 1, &end, 10);
		load.counted_disordered = strtoul(end, NULL, 10);
		load.reports++;
	} else if ((kind == 'E' || kind == 'O') && *text == '@') {
		tally_answer(&load.came_back, strtoul(text + 1, NULL, 10), line);
	}
}

static void on_call(const struct call *call)
{
	if (strcmp(call->method, "chat.postMessage") == 0)
		on_post(call->body);
	else if (strcmp(call->method, "response") != 0)
		return;
	else if (memmem(call->body.at, call->body.length, "tied to", 7))
		load.tied++;
	else if (memmem(call->body.at, call->body.length, "registered", 10))
		load.registered = true;
}

static void turn(int timeout_ms)
{
	workspace_turn(&load.workspace, timeout_ms);
	if (now_ns() - load.began > PATIENCE_S * UINT64_C(1000000000))
		give_up("not done in %d s: %lu of %lu acknowledged, %lu of %lu came back, %lu channels are tied", PATIENCE_S,
			load.acknowledged.answered, load.acknowledged.room, load.came_back.answered, load.came_back.room,
			load.tied);
	if (!subject_runs(&load.subject))
		give_up("the program has ended; see %s", load.log);
}

/* ---- what goes there ---- */

/* As Slack writes what somebody has typed. */
static void put_message(unsigned long number, unsigned long person, char kind, unsigned long line, const char *text)
{
	char ts[40];

	snprintf(ts, sizeof(ts), "%lld.%06lu", (long long)load.epoch + (long long)(number / 1000000), number % 1000000);
	buf_clear(&load.payload);
	buf_printf(&load.payload,
		   "{\"token\":\"XXYYZZ\",\"team_id\":\"" TEAM "\",\"context_team_id\":\"" TEAM "\","
		   "\"context_enterprise_id\":null,\"api_app_id\":\"A0APP\",\"event\":{\"type\":\"message\","
		   "\"user\":\"U%07lu\",\"ts\":\"%s\",\"client_msg_id\":\"0b7c5a1e-1f0d-4c55-9d60-%012lx\",\"text\":\"%s\","
		   "\"team\":\"" TEAM "\",\"blocks\":[{\"type\":\"rich_text\",\"block_id\":\"aHGz%lu\",\"elements\":["
		   "{\"type\":\"rich_text_section\",\"elements\":[{\"type\":\"text\",\"text\":\"%s\"}]}]}],"
		   "\"channel\":\"C%c%05lu\",\"event_ts\":\"%s\",\"channel_type\":\"channel\"},\"type\":\"event_callback\","
		   "\"event_id\":\"Ev%010lu\",\"event_time\":%lld,\"authorizations\":[{\"enterprise_id\":null,\"team_id\":\""
		   TEAM "\",\"user_id\":\"" BOT_USER "\",\"is_bot\":true,\"is_enterprise_install\":false}],"
		   "\"is_ext_shared_channel\":false,\"event_context\":\"4-eyJldCI6Im1lc3NhZ2UiLCJ0aWQiOiJUMExPQUQifQ\"}",
		   person, ts, number, text, number % 1000, text, kind, line, ts, number, (long long)load.epoch);
}

static void put_numbered(unsigned long number, unsigned attempt, unsigned long person, char kind, unsigned long line,
			 unsigned long count)
{
	char text[200];

	snprintf(text, sizeof(text), "@%010lu The quick brown fox jumps over the lazy dog, and then it rests for a while in "
				     "the shade of a tree.", count);
	put_message(number, person, kind, line, text);
	envelope_put(&load.frames, number, "events_api", attempt, &load.payload);
}

static void send_frames(void)
{
	workspace_send(&load.workspace, &load.frames);
	buf_clear(&load.frames);
}

static void command(char kind, unsigned long line, const char *text)
{
	buf_clear(&load.payload);
	buf_printf(&load.payload,
		   "{\"token\":\"XXYYZZ\",\"team_id\":\"" TEAM "\",\"team_domain\":\"load\",\"channel_id\":\"C%c%05lu\","
		   "\"channel_name\":\"load\",\"user_id\":\"" ADMIN "\",\"user_name\":\"admin\",\"command\":\"/bridge\","
		   "\"text\":\"%s\",\"api_app_id\":\"A0APP\",\"is_enterprise_install\":\"false\","
		   "\"response_url\":\"http://127.0.0.1:%u/api/response\",\"trigger_id\":\"111.222.xxx\"}",
		   kind, line, text, load.workspace.pipes.port);
	envelope_put(&load.frames, load.next_envelope++, "slash_commands", 0, &load.payload);
	send_frames();
}

/* ---- the steps ---- */

static void start(void)
{
	uint64_t began = now_ns();
	unsigned long sockets = load.workspace.sockets;

	load.epoch = time(NULL);
	subject_start(&load.subject, load.argv, load.log);
	while (load.workspace.sockets == sockets)
		turn(1000);
	printf("{\"connected_ms\": %.2f, \"pid\": %ld}\n", seconds(now_ns() - began) * 1e3, (long)load.subject.pid);
	subject_pin_children(&load.subject);
}

static void restart(void)
{
	subject_stop(&load.subject);
	workspace_close(&load.workspace);
	start();
}

static void begin(unsigned long envelopes, unsigned long posts)
{
	tally_begin(&load.acknowledged, envelopes);
	tally_begin(&load.came_back, posts);
	load.doubled = load.disordered = 0;
	load.first = load.next_envelope;
}

static void tie(char kind, unsigned long count)
{
	static const char *const names[] = {['E'] = "echo", ['O'] = "out", ['Q'] = "source", ['R'] = "report",
					    ['S'] = "sink"};
	const char *name = kind >= 'E' && kind <= 'S' ? names[(unsigned char)kind] : NULL;
	unsigned long tied = load.tied;
	char text[64];

	if (!name)
		give_up("there are no channels of the kind %c", kind);
	for (unsigned long i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "link #%s%05lu", name, i);
		command(kind, i, text);
		while (load.tied < tied + i + 1)
			turn(1000);
	}
}

static void ask_report(void)
{
	unsigned long reports = load.reports, number = load.next_envelope++;

	put_message(number, 0, 'R', load.next_report++ % REPORTS, "how many?");
	envelope_put(&load.frames, number, "events_api", 0, &load.payload);
	send_frames();
	while (load.reports == reports)
		turn(1000);
}

/* Its session may still be on its way to the network: then what it says is refused, and said again. */
static void greet(void)
{
	while (!load.reports) {
		uint64_t until = now_ns() + 200000000;
		unsigned long number = load.next_envelope++;

		put_message(number, 0, 'R', load.next_report++ % REPORTS, "anybody there?");
		envelope_put(&load.frames, number, "events_api", 0, &load.payload);
		send_frames();
		while (!load.reports && now_ns() < until)
			turn(10);
	}
}

static void log_in(void)
{
	load.registered = false;
	command('R', 0, "relay login load");
	while (!load.registered)
		turn(1000);
	tie('R', REPORTS);
	greet();
	puts("{}");
	subject_pin_children(&load.subject);
}

static void print_costs(uint64_t cpu, uint64_t taken, unsigned long lost)
{
	printf("{\"cpu_s\": %.4f, \"taken_s\": %.4f, \"wall_s\": %.4f, \"lost\": %lu, \"doubled\": %lu, "
	       "\"disordered\": %lu, ",
	       seconds(cpu), seconds(taken), seconds(now_ns() - load.began), lost, load.doubled, load.disordered);
	latency_print(&load.acknowledged.latency, "acknowledged", stdout);
}

static void wait_acknowledged(unsigned long count)
{
	while (load.acknowledged.answered < count)
		turn(1000);
}

static void wait_until(uint64_t until)
{
	uint64_t now;

	while ((now = now_ns()) < until)
		turn((int)((until - now) / 1000000));
}

struct burst {
	unsigned long first, count; /* of the numbers of the step's messages */
	unsigned attempt;
};

static void send_burst(struct burst burst, unsigned long people, unsigned long lines)
{
	for (unsigned long i = burst.first; i < burst.first + burst.count; i++)
		put_numbered(load.first + i, burst.attempt, i % people, 'S', i % lines, i);
	for (unsigned long i = burst.first; i < burst.first + burst.count; i++)
		tally_ask(&load.acknowledged, i);
	send_frames();
}

/* As if the last acknowledgements had been lost: nothing of it may come a second time. */
static unsigned long send_again(struct burst burst, unsigned long people, unsigned long lines)
{
	burst.attempt = 1;
	send_burst(burst, people, lines);
	wait_acknowledged(load.acknowledged.answered + burst.count);
	ask_report();
	return load.counted;
}

static void sink(unsigned long events, unsigned long size, unsigned long people, unsigned long lines,
		 uint64_t period_us)
{
	struct burst burst = {0};
	unsigned long lost = 0;
	uint64_t cpu, taken, next;

	if (!load.floor)
		ask_report();
	begin(events, 0);
	load.next_envelope += events;
	load.began = next = now_ns();
	cpu = subject_cpu_ns(&load.subject);
	while (burst.first + burst.count < events) {
		burst.first += burst.count;
		burst.count = events - burst.first < size ? events - burst.first : size;
		send_burst(burst, people, lines);
		next += period_us * 1000;
		if (period_us)
			wait_until(next);
		else
			wait_acknowledged(burst.first + burst.count);
	}
	wait_acknowledged(events);
	taken = now_ns() - load.began;
	cpu = subject_cpu_ns(&load.subject) - cpu;
	if (!load.floor) {
		ask_report();
		lost = load.counted < events ? events - load.counted : 0;
		load.doubled = load.counted > events ? load.counted - events : 0;
		load.disordered = lines == 1 && people == 1 ? load.counted_disordered : 0;
		load.doubled += load.acknowledged.doubled;
	}
	print_costs(cpu, taken, lost);
	if (!load.floor)
		printf(", \"again\": %lu", send_again(burst, people, lines));
	puts("}");
}

static void echo(unsigned long events, unsigned long lines)
{
	uint64_t cpu, taken;

	begin(events, events);
	load.next_envelope += events;
	cpu = subject_cpu_ns(&load.subject);
	for (unsigned long i = 0; i < events; i++) {
		put_numbered(load.first + i, 0, 0, 'E', i % lines, i);
		tally_ask(&load.acknowledged, i);
		tally_ask(&load.came_back, i);
		send_frames();
		while (load.came_back.answered <= i)
			turn(1000);
	}
	wait_acknowledged(events);
	taken = now_ns() - load.began;
	cpu = subject_cpu_ns(&load.subject) - cpu;
	load.doubled = load.came_back.doubled;
	load.disordered = load.came_back.disordered;
	print_costs(cpu, taken, 0);
	printf(", ");
	latency_print(&load.came_back.latency, "roundtrip", stdout);
	puts("}");
}

/* Times are those since the backend was told to speak. */
static void posts(unsigned long count, unsigned long lines)
{
	char text[64];
	uint64_t cpu, taken;
	unsigned long number = load.next_envelope;

	begin(1, count);
	load.next_envelope++;
	for (unsigned long i = 0; i < count; i++)
		tally_ask(&load.came_back, i);
	cpu = subject_cpu_ns(&load.subject);
	snprintf(text, sizeof(text), "%lu %lu", count, lines);
	put_message(number, 0, 'Q', 0, text);
	envelope_put(&load.frames, number, "events_api", 0, &load.payload);
	tally_ask(&load.acknowledged, 0);
	send_frames();
	while (load.came_back.answered < count)
		turn(1000);
	taken = now_ns() - load.began;
	cpu = subject_cpu_ns(&load.subject) - cpu;
	load.doubled = load.came_back.doubled;
	load.disordered = load.came_back.disordered;
	print_costs(cpu, taken, 0);
	puts("}");
}

/* One after another says something, or one all the time. */
static void speak(unsigned long first, unsigned long count, unsigned long people, unsigned long size)
{
	uint64_t cpu = subject_cpu_ns(&load.subject);

	begin(count, 0);
	load.next_envelope += count;
	for (unsigned long sent = 0; sent < count;) {
		for (unsigned long i = 0; i < size && sent < count; i++, sent++) {
			put_numbered(load.first + sent, 0, first + sent % people, 'S', 0, sent);
			tally_ask(&load.acknowledged, sent);
		}
		send_frames();
		wait_acknowledged(sent);
	}
	print_costs(subject_cpu_ns(&load.subject) - cpu, now_ns() - load.began, 0);
	puts("}");
}

static void memory(void)
{
	subject_wait_idle(&load.subject, turn);
	subject_print_memory(&load.subject);
}

static bool run(const char *line)
{
	unsigned long a, b, c, d, e;
	char word[200], kind;

	load.began = now_ns();
	if (strcmp(line, "restart\n") == 0) {
		restart();
	} else if (strcmp(line, "login\n") == 0) {
		log_in();
	} else if (strcmp(line, "memory\n") == 0) {
		memory();
	} else if (sscanf(line, "tie %c %lu", &kind, &a) == 2) {
		tie(kind, a);
		ask_report(); /* behind which the backend has all of them */
		puts("{}");
	} else if (sscanf(line, "sink %lu %lu %lu %lu %lu", &a, &b, &c, &d, &e) == 5 && b && c && d) {
		sink(a, b, c, d, e);
	} else if (sscanf(line, "echo %lu %lu", &a, &b) == 2 && b && b <= TALLY_LINES) {
		echo(a, b);
	} else if (sscanf(line, "posts %lu %lu", &a, &b) == 2 && b && b <= TALLY_LINES) {
		posts(a, b);
	} else if (sscanf(line, "known %lu %lu", &a, &b) == 2) {
		speak(a, b, b, 20);
	} else if (sscanf(line, "spoken %lu", &a) == 1) {
		speak(0, a, 1, 20);
	} else if (sscanf(line, "sync %lu %lu %199s", &a, &b, word) == 3) {
		if (!sync_measure(a, b, word))
			give_up("%s cannot be written", word);
	} else {
		return false;
	}
	return true;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench-slack [--cpu N] --log FILE [--floor] -- PROGRAM ARGUMENT...\n");
	return 2;
}

int main(int argc, char **argv)
{
	char line[256];
	int at = 1;

	load.subject.cpu = -1;
	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		if (strcmp(argv[at], "--cpu") == 0 && at + 1 < argc)
			load.subject.cpu = (int)strtol(argv[++at], NULL, 10);
		else if (strcmp(argv[at], "--log") == 0 && at + 1 < argc)
			load.log = argv[++at];
		else if (strcmp(argv[at], "--floor") == 0)
			load.floor = true;
		else
			return usage();
	}
	if (at + 1 >= argc || !load.log)
		return usage();
	load.argv = argv + at + 1;
	load.workspace.on_call = on_call;
	load.workspace.on_acknowledged = on_acknowledged;
	workspace_listen(&load.workspace);
	for (char **each = load.argv; *each; each++)
		*each = with_port(*each, "PORT", load.workspace.pipes.port);
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
