/* SPDX-License-Identifier: MIT */
/* What administrators ask, and what it does: answers and errors as of Spectrum 2, tables, JSON, the chat. */
#include "tests/unit/transport/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "transport/admin/admin.h"
#include "transport/admin/admin_table.h"
#include "transport/command/command.h"
#include "transport/drain.h"
#include "transport/people/link.h"
#include "transport/spool/spool.h"

static struct buf answered;
static int answers;

static void on_answer(void *context, const char *text)
{
	assert_ptr_equal(context, &answered);
	answers++;
	buf_clear(&answered);
	buf_puts(&answered, text);
}

static const char *ask(const char *line)
{
	answers = 0;
	admin_execute(fx->transport, line, on_answer, &answered);
	store_pump();
	assert_int_equal(answers, 1);
	return buf_text(&answered);
}

#define assert_answer(line, text) assert_string_equal(ask(line), (text))

static int finish(void **state)
{
	buf_finish(&answered);
	return fixture_teardown(state);
}

/* Two people: alice@x is connected and in a room, bob@x waits for a backend. */
static void begin(const char *const *config, size_t count)
{
	fixture_start(config, count);
	store_pump();
	store_account("alice@x", "al", "pw");
	store_account("bob@x", "bo", "pw");
	log_in("alice@x", "phone");
	join("alice@x", "phone", "#r", "al");
	participant("alice@x", "#r", "carl", 0, STATUS_ONLINE);
	participant("alice@x", "#r", "al", 0, STATUS_ONLINE);
	fx->gives = NULL;
	session_presence(attach("bob@x", "desk"), STATUS_ONLINE, NULL, 0);
	store_pump();
	forget();
}

static void test_spectrum_answers(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_answer("status", "Running (1 users connected using 2 backends)");
	assert_answer("  get   status \r\n", "Running (1 users connected using 2 backends)");
	assert_answer("online_users", "alice@x \"3rd-party network username:\" \"al\"");
	assert_answer("online_users_count", "1");
	assert_answer("has_online_user alice@x", "1");
	assert_answer("has_online_user bob@x", "0");
	assert_answer("has_online_user nobody", "0");
	assert_answer("messages_from_xmpp", "0");
	assert_answer("backends_count", "2");
	assert_answer("crashed_backends_count", "0");
	assert_answer("crashed_backends", "");
	fx->transport->crashed[0] = 3;
	fx->transport->crashed[1] = 1;
	fx->transport->crashed_count = 2;
	assert_answer("crashed_backends", "3\n1");
	assert_answer("register tom@x to secret", "User registered");
	assert_true(store_has("tom@x"));
	assert_answer("register tom@x to secret", "Error: User is already registered");
	assert_answer("unregister tom@x", "User 'tom@x' unregistered.");
	assert_false(store_has("tom@x"));
	assert_answer("unregister tom@x", "Error: There is no such account");
}

/* Of this process, as the kernel says it: KiB. */
static void own_memory(long *resident, long *shared)
{
	const long page = sysconf(_SC_PAGESIZE) / 1024;
	FILE *file = fopen("/proc/self/statm", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*u %ld %ld", resident, shared), 2);
	fclose(file);
	*resident *= page;
	*shared *= page;
}

/* A test allocates between two looks, so that its own share is known up to a mebibyte; backends' are far larger. */
static void assert_memory(const char *variable, long wanted)
{
	char *end;
	long value = strtol(ask(variable), &end, 10);

	if (*end || labs(value - wanted) > 1024)
		fail_msg("%s is %s, not about %ld", variable, buf_text(&answered), wanted);
}

static void test_memory_is_of_all_processes(void **state)
{
	long resident, shared;

	(void)state;
	begin(NULL, 0);
	fx->backends[0].stats.resident_kb = 9000000;
	fx->backends[0].stats.shared_kb = 400000;
	fx->backends[1].stats.resident_kb = 600000;
	fx->backends[1].stats.shared_kb = 50000;
	own_memory(&resident, &shared);
	assert_memory("res_memory", resident + 9600000);
	assert_memory("shr_memory", shared + 450000);
	assert_memory("used_memory", resident - shared + 9150000);
	/* alice is connected, bob is not; then both are */
	assert_memory("average_memory_per_user", resident - shared + 9150000);
	fx->gives = &fx->backends[0];
	store_account("tom@x", "to", "pw");
	log_in("tom@x", "phone");
	assert_answer("online_users_count", "2");
	assert_memory("average_memory_per_user", (resident - shared + 9150000) / 2);
	/* what a backend says is no number of ours */
	fx->backends[1].stats.resident_kb = -600000;
	fx->backends[1].stats.shared_kb = -1;
	assert_memory("res_memory", resident + 9000000);
	assert_memory("shr_memory", shared + 400000);
}

static void test_errors(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_answer("", "Error: Unknown variable or command");
	assert_answer("nonsense", "Error: Unknown variable or command");
	assert_answer("get", "Error: Unknown variable or command");
	assert_answer("set status x", "Error: This variable cannot be set.");
	assert_answer("set kick x", "Error: This variable cannot be set.");
	assert_answer("get kick", "Error: This variable cannot be get.");
	assert_answer("set log_level", "Error: Value is missing.");
	assert_answer("has_online_user", "Error: Argument is missing. Usage: has_online_user <username>");
	assert_answer("kick", "Error: Argument is missing. Usage: kick <user> [reason...]");
	assert_answer("unregister", "Error: No username given");
	assert_answer("register a@x b", "Error: Bad argument count");
	assert_answer("register a@x b c d", "Error: Too many arguments. "
		      "Usage: register <username> <legacy_username> <legacy_password>");
	assert_answer("status now", "Error: Too many arguments.");
	assert_answer("unban a@x b", "Error: Too many arguments. Usage: unban <user>");
	assert_answer("args", "Error: Argument is missing. Usage: args <command>");
	assert_answer("args nonsense", "Error: Unknown command passed as an argument.");
	assert_answer("args uptime", "Error: Unknown command passed as an argument.");
	assert_answer("--nonsense status", "Error: Unknown option --nonsense");
	assert_answer("\xff", "Error: This is no UTF-8 text, or has control characters in it");
	assert_answer("follow alice@x", "Error: follow works with transportctl only");
	assert_answer("--json nonsense", "{\"error\":\"Unknown variable or command\"}");
	expect("");
}

/* The tokenizers that read these split at quotation marks. */
static void test_machine_formats(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_non_null(strstr(ask("commands"),
	                       "\nregister - \"register an account\" Category: Users AccesMode: User "
	                       "Context: Global Label: \"Register\"\n"));
	assert_non_null(strstr(ask("commands"),
	                       "\nunregister - \"remove an account\" Category: Users AccesMode: User "
	                       "Context: User Label: \"Unregister\"\n"));
	assert_null(strstr(ask("commands"), "uptime"));
	assert_non_null(strstr(ask("variables"),
	                       "\nbackends_count - \"how many backends there are\" Value: \"2\" "
	                       "Read-only: true Category: Backends AccesMode: Admin Context: Global\n"));
	assert_non_null(strstr(ask("variables"), "Value: \"error\" Read-only: false Category: General"));
	assert_answer("args register",
	              "username - \"User\" Example: \"alice@example.org\" Type: \"string\"\n"
	              "legacy_username - \"User name on the network\" Example: \"alice\" Type: \"string\"\n"
	              "legacy_password - \"Password on the network\" Example: \"secret\" Type: \"password\"");
	assert_answer("args unregister", "");
	assert_answer("args status", "Error: Unknown command passed as an argument.");
	assert_non_null(strstr(ask("help"), "\n  drain [seconds] [text...] - no new logins"));
	for (size_t i = 0; i < ADMIN_COUNT; i++) {
		assert_non_null(admin_table[i].name);
		assert_ptr_equal(admin_find(admin_table[i].name), &admin_table[i]);
		assert_null(strchr(admin_table[i].description, '"'));
		assert_non_null(strstr(ask("help"), admin_table[i].name));
	}
}

static void test_tables(void **state)
{
	(void)state;
	begin(NULL, 0);
	fx->backends[0].state = BACKEND_READY;
	fx->backends[0].stats.resident_kb = 2048;
	assert_answer("users", "USER     NAME  STATE      BACKEND  ONLINE  IDLE  CLIENTS  ROOMS  CONTACTS  "
	                       "SENT  RECEIVED  ERROR\n"
	                       "alice@x  al    connected        1      0s    0s        1      1         0    "
	                       " 0         0  -\n"
	                       "bob@x    bo    waiting          -       -    0s        1      0         0    "
	                       " 0         0  -");
	assert_null(strstr(ask("users bob"), "alice"));
	assert_non_null(strstr(ask("users bob"), "bob"));
	assert_answer("rooms", "ROOM  USER     NICKNAME  STATE   CLIENTS  PARTICIPANTS\n"
	                       "#r    alice@x  al        joined        1             2");
	assert_answer("rooms bob@x", "ROOM  USER  NICKNAME  STATE  CLIENTS  PARTICIPANTS");
	assert_true(text_starts(ask("backends"),
	                        "ID   PID  STATE     FOR  USERS  MEMORY KIB  SHARED KIB  QUEUED BYTES  UP"
	                        "  SILENT  REFUSED\n"));
	assert_non_null(strstr(buf_text(&answered), "\n 1  4711  ready     all      1        2048"));
	assert_non_null(strstr(buf_text(&answered), "\n 2     -  starting  all      0           0"));
	assert_answer("--width=30 rooms", "ROOM  USER     STATE\n"
	                                  "#r    alice@x  joined\n"
	                                  "3 columns left out");
}

static int shown_ties(struct frontend *frontend, const char *who,
		      void (*each)(void *context, const struct frontend_tie *tie), void *context)
{
	(void)frontend;
	if (strcmp(who, "T1") != 0)
		return TP_ERR_NOT_FOUND;
	each(context, &(struct frontend_tie){.place = "C1", .name = "general", .room = "#lobby"});
	each(context, &(struct frontend_tie){.place = "C2", .name = "", .room = "#old@irc.example.org", .closed = true});
	return 0;
}

static int note_tie(struct frontend *frontend, const char *who, const char *place, const char *room)
{
	(void)frontend;
	if (strcmp(who, "T1") != 0)
		return TP_ERR_NOT_FOUND;
	if (*place != 'C')
		return TP_ERR_INVALID;
	if (room && !strcmp(place, "C1"))
		return TP_ERR_EXISTS;
	buf_printf(&fx->log, "tie %s to %s\n", place, room ? room : "nothing");
	return 0;
}

static bool has_page;

static void put_install_url(struct frontend *frontend, struct buf *out)
{
	(void)frontend;
	if (has_page)
		buf_puts(out, "https://bridge.example.org/slack/install");
}

static void no_workspace(struct frontend *frontend,
			 void (*each)(void *context, const struct frontend_workspace *workspace), void *context)
{
	(void)frontend, (void)each, (void)context;
}

/* Commands of Spectrum 2's Slack frontend: with one that has workspaces, and without. */
static void test_workspaces_of_spectrum(void **state)
{
	static struct frontend_ops ops;

	(void)state;
	begin(NULL, 0);
	assert_answer("list_rooms T1", "Error: list_rooms is about Slack, which this instance does not serve: rooms shows "
				       "who is in which");
	assert_answer("join_room T1 al #lobby - C1", "Error: join_room is about Slack, which this instance does not serve: "
						     "rooms shows who is in which");
	assert_answer("leave_room T1 C1", "Error: leave_room is about Slack, which this instance does not serve: rooms shows "
					  "who is in which");
	assert_answer("get_oauth2_url", "Error: There is no page that installs the app: it needs slack.client_id, "
					"slack.client_secret and slack.public_url");
	ops = fake_frontend_ops;
	ops.workspaces = no_workspace;
	ops.ties = shown_ties;
	ops.tie = note_tie;
	ops.install_url = put_install_url;
	fx->frontend->ops = &ops;
	fx->transport->frontends_started = true;
	assert_true(text_starts(ask("get_oauth2_url"), "Error: There is no page"));
	has_page = true;
	assert_answer("get_oauth2_url", "https://bridge.example.org/slack/install");
	assert_answer("get_oauth2_url T1/U1 al secret", "https://bridge.example.org/slack/install");
	assert_answer("get_oauth2_url T1/U1 al secret more", "Error: Too many arguments. "
		      "Usage: get_oauth2_url [username] [legacy_username] [legacy_password]");
	assert_answer("set_oauth2_code 123 abc", "Error: The browser itself brings the code here, from the page that "
						 "get_oauth2_url names");
	assert_answer("list_rooms", "Error: No username given");
	assert_answer("list_rooms T2", "Error: T2 is no workspace that is served, and nobody in one: workspaces has them");
	assert_answer("list_rooms T1", "CHANNEL  NAME     ROOM                  STATE\n"
				       "C1       general  #lobby                tied\n"
				       "C2       -        #old@irc.example.org  archived");
	assert_answer("join_room", "Error: No username given");
	assert_answer("join_room T1 al #lobby -", "Error: Argument is missing. "
		      "Usage: join_room <person> <nickname> <legacy_room> <legacy_server> <slack_channel>");
	assert_answer("join_room T2 al #lobby - C3", "Error: T2 is no workspace that is served, and nobody in one: "
						     "workspaces has them");
	assert_answer("join_room T1 al #lobby - C1", "Error: C1 is tied to a room already: leave_room unties it");
	assert_answer("join_room T1 al #lobby - #x", "Error: #x is no id of a channel (C0123ABC, in the channel's details), "
						     "or #lobby no room");
	forget();
	assert_answer("join_room T1 al #lobby - C3", "C3 is tied to #lobby as soon as the app is in it: list_rooms shows it.");
	assert_answer("join_room T1 al #lobby irc.example.org C4",
		      "C4 is tied to #lobby@irc.example.org as soon as the app is in it: list_rooms shows it.");
	assert_answer("leave_room T1 C4", "C4 is not tied any more.");
	expect("tie C3 to #lobby\ntie C4 to #lobby@irc.example.org\ntie C4 to nothing\n");
	assert_answer("leave_room T1 x", "Error: x is tied to nothing: list_rooms shows those that are");
	assert_answer("args leave_room", "slack_channel - \"Channel\" Example: \"C0123ABC\" Type: \"string\"");
}

/* The columns of a terminal that the widest line takes; one for each character. */
static size_t width_of(const char *text)
{
	size_t widest = 0, width = 0;

	for (; *text; text++) {
		width = *text == '\n' ? 0 : width + ((*text & 0xc0) != 0x80);
		widest = width > widest ? width : widest;
	}
	return widest;
}

static void show_workspace(struct frontend *frontend,
			   void (*each)(void *context, const struct frontend_workspace *workspace), void *context)
{
	(void)frontend;
	each(context, &(struct frontend_workspace){.id = "T0123ABCDEF",
						   .name = "A company whose name is longer than most names of companies are",
						   .state = "waiting for the answer of Slack",
						   .waiting = 1234567});
}

/* Everything has long names and large numbers, and is asked for on 80 columns. */
static void test_tables_fit_80_columns(void **state)
{
	static const char *const tables[] = {"users", "backends", "spool", "rooms", "bans", "workspaces", "queues"};
	static const char longest[] = "someone-with-a-long-name@chat.department.example.org";
	static struct frontend_ops ops;
	struct user *user;

	(void)state;
	fixture_start(NULL, 0);
	ops = fake_frontend_ops;
	ops.workspaces = show_workspace;
	fx->frontend->ops = &ops;
	fx->transport->frontends_started = true;
	store_account(longest, "someone-with-a-long-name", "pw");
	user = log_in(longest, "phone");
	join(longest, "phone", "#a-room-with-a-long-name%irc.example.org", "a-long-nickname");
	user->messages_in = user->messages_out = 123456789;
	user->connected_ms = user->active_ms = 1;
	fx->backends[0].state = BACKEND_READY;
	fx->backends[0].stats.resident_kb = fx->backends[0].stats.shared_kb = 16777216;
	fx->backends[0].ignored_frames = 1234567;
	assert_int_equal(from_person(longest, "phone",
				     (struct event){.type = EVENT_MESSAGE,
						    .message = {.kind = MESSAGE_ROOM,
								.name = "#a-room-with-a-long-name%irc.example.org",
								.text = "one"}}),
			 0);
	ask("ban someone-else-with-a-long-name@chat.department.example.org Has said the same thing far too often.");
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		char *line = mem_printf("--width=80 %s", tables[i]);
		const char *text = ask(line);

		if (!strchr(text, '\n') || width_of(text) > 80)
			fail_msg("%s: %zu columns\n%s", tables[i], width_of(text), text);
		mem_free(line);
	}
	/* who, in what state, and why, are always there */
	assert_non_null(strstr(ask("--width=80 users"), "USER"));
	assert_non_null(strstr(buf_text(&answered), "STATE"));
	assert_non_null(strstr(buf_text(&answered), "ERROR"));
	assert_non_null(strstr(buf_text(&answered), "columns left out: --json or a wider terminal shows them"));
}

static void test_json(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_non_null(strstr(ask("--json status"),
	                       "{\"command\":\"status\",\"value\":\"Running (1 users connected using "
	                       "2 backends)\",\"users\":1,\"backends\":2,\"uptime\":"));
	assert_non_null(strstr(buf_text(&answered), ",\"draining\":false}"));
	assert_answer("--json get backends_count", "{\"command\":\"backends_count\",\"value\":2}");
	assert_answer("--json log_level", "{\"command\":\"log_level\",\"value\":\"error\"}");
	assert_answer("--json has_online_user alice@x", "{\"command\":\"has_online_user\",\"value\":1}");
	assert_answer("--json online_users",
	              "{\"command\":\"online_users\",\"rows\":[{\"user\":\"alice@x\",\"name\":\"al\"}]}");
	assert_answer("--json --width=20 rooms", "{\"command\":\"rooms\",\"rows\":[{\"room\":\"#r\",\"user\":"
	                                         "\"alice@x\",\"nickname\":\"al\",\"state\":"
	                                         "\"joined\",\"clients\":1,\"participants\":2}]}");
	assert_answer("--json bans", "{\"command\":\"bans\",\"rows\":[]}");
	assert_answer("--json crashed_backends", "{\"command\":\"crashed_backends\",\"value\":\"\"}");
	assert_answer("--json kick alice@x", "{\"command\":\"kick\",\"answer\":\"alice@x is logged out.\"}");
	assert_answer("--json kick alice@x", "{\"error\":\"alice@x has no session\"}");
	assert_non_null(
	        strstr(ask("--json args kick"), "{\"command\":\"args\",\"rows\":[{\"name\":\"user\""));
	assert_non_null(strstr(ask("--json commands"), "{\"name\":\"kick\",\"category\":\"Users\""));
	assert_non_null(strstr(ask("--json variables"), "{\"name\":\"backends_count\",\"value\":\"2\""));
}

static void show_queues(struct frontend *frontend, void (*each)(void *context, const struct frontend_queue *queue),
			void *context)
{
	(void)frontend;
	each(context, &(struct frontend_queue){
			      .name = "calls", .items = 3, .bytes = 20, .oldest_ms = (int64_t)clock_ms() - 5000});
	each(context, &(struct frontend_queue){.name = "stream", .items = -1, .bytes = 7, .oldest_ms = -1});
}

static void test_queues(void **state)
{
	static struct frontend_ops ops;

	(void)state;
	begin(NULL, 0);
	ops = fake_frontend_ops;
	ops.queues = show_queues;
	fx->frontend->ops = &ops;
	fx->transport->frontends_started = true;
	fx->frontend->holds = true;
	fx->queued = 42;
	fx->backends[0].congested = true;
	fx->unanswered = true;
	assert_int_equal(from_person("alice@x", "phone", (struct event){.type = EVENT_MESSAGE,
									.message = {.name = "carl", .text = "hi"}}),
			 0);
	const struct spool_queue *queue = spool_queue_find(fx->transport->spool, SPOOL_TO_NETWORK, "alice@x");
	unsigned long long bytes = queue->bytes;
	struct buf wanted = {0};

	buf_printf(&wanted,
		   "{\"command\":\"queues\",\"rows\":["
		   "{\"queue\":\"spool: to the network\",\"items\":1,\"bytes\":%llu,\"oldest\":0,\"held\":\"no\"},"
		   "{\"queue\":\"spool: to people\",\"items\":0,\"bytes\":0,\"oldest\":null,\"held\":\"no\"},"
		   "{\"queue\":\"spool: dead letters\",\"items\":0,\"bytes\":0,\"oldest\":null,\"held\":\"no\"},"
		   "{\"queue\":\"database\",\"items\":null,\"bytes\":0,\"oldest\":null,\"held\":\"no\"},"
		   "{\"queue\":\"xmpp: calls\",\"items\":3,\"bytes\":20,\"oldest\":5,\"held\":\"yes\"},"
		   "{\"queue\":\"xmpp: stream\",\"items\":null,\"bytes\":7,\"oldest\":null,\"held\":\"yes\"},"
		   "{\"queue\":\"logins without a backend\",\"items\":0,\"bytes\":null,\"oldest\":null,\"held\":\"no\"},"
		   "{\"queue\":\"b1\",\"items\":null,\"bytes\":42,\"oldest\":null,\"held\":\"yes\"},"
		   "{\"queue\":\"b2\",\"items\":null,\"bytes\":42,\"oldest\":null,\"held\":\"no\"}]}",
		   bytes);
	assert_answer("--json queues", buf_text(&wanted));
	buf_finish(&wanted);
	spool_dead(fx->transport->spool, CONTAINER_OF(queue->records.next, struct spool_record, link), "no");
	assert_non_null(strstr(ask("queues"), "\nspool: to the network         0      0       -  no\n"));
	assert_non_null(strstr(buf_text(&answered), "\nspool: dead letters           1 "));
}

static void test_spool_status_as_fields(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_answer("--json spool_status",
		      "{\"command\":\"spool_status\",\"waiting\":0,\"handed\":0,\"dead\":0,\"bytes\":0,\"files\":0,"
		      "\"disk_bytes\":0,\"seen_ids\":0,\"mapped_ids\":0,\"accepted\":0,\"done\":0,\"oldest\":null,"
		      "\"durability\":\"off\",\"fault\":null,\"to_network\":\"socket\",\"to_people\":{\"xmpp\":\"socket\"}}");
	fx->unanswered = true;
	fx->transport->features.extension = true;
	assert_int_equal(from_person("alice@x", "phone", (struct event){.type = EVENT_MESSAGE,
									.message = {.name = "carl", .text = "hi"}}),
			 0);
	assert_non_null(strstr(ask("--json spool_status"), "{\"command\":\"spool_status\",\"waiting\":0,\"handed\":1,"));
	assert_non_null(strstr(buf_text(&answered), "\"accepted\":1,\"done\":0,\"oldest\":0,"));
	assert_non_null(strstr(buf_text(&answered), "\"to_network\":\"confirmed\""));
}

/* Between tabs words may have spaces, or be empty. */
static void test_words(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_answer("register\ttom@x\tto m\tse cret", "User registered");
	assert_string_equal(store_password("tom@x"), "se cret");
	assert_answer("register\tx@x\t\tpw", "Error: Bad argument count");
	assert_answer("--json\tbackends_count", "{\"command\":\"backends_count\",\"value\":2}");
	forget();
	assert_answer("message\talice@x\t two  words\tand more ", "Message sent.");
	expect("frontend notify alice@x ' two  words and more '\n");
	assert_answer("message alice@x   two  words and more", "Message sent.");
	expect("frontend notify alice@x 'two  words and more'\n");
}

static void test_kick(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_answer("kick alice@x Too many  rooms.", "alice@x is logged out.");
	expect("frontend notify alice@x 'You were logged out by an administrator: Too many  rooms.'\n"
	       "b1 logout al\n"
	       "alice@x/phone leave #r 'You were logged out by an administrator: Too many  rooms.'\n"
	       "store online 0\n"
	       "alice@x session logged-out 'You were logged out by an administrator: Too many  rooms.'\n");
	assert_null(find("alice@x", "phone"));
	/* and may come again */
	fx->gives = &fx->backends[0];
	log_in("alice@x", "phone");
	assert_answer("kick alice@x", "alice@x is logged out.");
	assert_true(was_told("alice@x session logged-out 'You were logged out by an administrator.'\n"));
	assert_answer("kick bob@x", "bob@x is logged out.");
	assert_answer("kick nobody@x", "Error: nobody@x has no session");
}

static int outcome;
static char sentence[200];

static void on_done(void *context, int err, const char *text)
{
	(void)context;
	outcome = err;
	snprintf(sentence, sizeof(sentence), "%s", text);
}

static int enroll(const char *address)
{
	account_register(fx->transport, fx->frontend, address, "name", "pw", NULL, false, on_done, NULL);
	store_pump();
	return outcome;
}

static void test_ban(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_answer("ban alice@x Spam, again", "alice@x is banned and logged out.");
	assert_true(was_told("frontend notify alice@x 'You are banned from this gateway: Spam, again'\n"));
	assert_true(was_told("store ban alice@x 'Spam, again'\n"));
	assert_true(was_told("b1 logout al\n"));
	forget();
	/* comes back, registers, tries another password: always the same answer */
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	expect("frontend notify alice@x 'You are banned from this gateway: Spam, again'\n"
	       "alice@x session disabled 'You are banned from this gateway: Spam, again'\n");
	assert_null(user_find(fx->transport, "alice@x"));
	assert_int_equal(enroll("alice@x"), TP_ERR_NOT_ALLOWED);
	assert_string_equal(sentence, "You are banned from this gateway: Spam, again");
	session_authenticate(fx->frontend, "alice@x", "al", "pw");
	store_pump();
	expect("frontend authenticated alice@x -4 You are banned from this gateway: Spam, again\n");
	/* without an account, too */
	assert_answer("unregister alice@x", "User 'alice@x' unregistered.");
	assert_int_equal(enroll("alice@x"), TP_ERR_NOT_ALLOWED);
	assert_answer("register alice@x al pw", "Error: You are banned from this gateway: Spam, again");
	forget();
	session_authenticate(fx->frontend, "alice@x", "al", "pw");
	store_pump();
	expect("frontend authenticated alice@x -4 You are banned from this gateway: Spam, again\n");
	assert_false(store_has("alice@x"));
	assert_non_null(strstr(ask("bans"), "Spam, again"));
	/* and all is as before when it is over */
	assert_answer("unban alice@x", "alice@x is no longer banned.");
	assert_answer("unban alice@x", "Error: alice@x is not banned");
	assert_int_equal(enroll("alice@x"), 0);
	fx->gives = &fx->backends[0];
	log_in("alice@x", "phone");
	store_fails = true;
	assert_answer(
	        "ban nobody@x",
	        "Error: nobody@x is banned, but the ban could not be stored: it ends with this process");
}

static void link_tom(void *context, int err, const struct store_account *account)
{
	(void)context;
	assert_int_equal(err, 0);
	store_add_identity(fx->transport->store, account->id, "xmpp", "tom@x", NULL, NULL);
}

static void come_linked(void)
{
	session_presence(attach("tom@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	assert_non_null(user_find(fx->transport, "owner@x"));
	forget();
}

/* An address that was linked to an account of another one: it is the account that is meant. */
static void test_linked_addresses(void **state)
{
	(void)state;
	begin(NULL, 0);
	store_account("owner@x", "to", "pw");
	store_get_account(fx->transport->store, "owner@x", link_tom, NULL);
	store_pump();
	store_pump();
	fx->gives = &fx->backends[0];
	come_linked();
	assert_answer("user_log_level tom@x debug", "debug");
	assert_int_equal(user_log_level(fx->transport, "owner@x"), LOG_LEVEL_DEBUG);
	assert_answer("ban tom@x Spam", "tom@x is banned and logged out.");
	assert_true(was_told("b1 logout to\n"));
	assert_null(user_find(fx->transport, "owner@x"));
	/* Nor does it help to leave the account. */
	link_end(fx->transport, fx->frontend, "tom@x", "", on_done, NULL);
	store_pump();
	assert_int_equal(outcome, TP_ERR_NOT_ALLOWED);
	assert_string_equal(sentence, "You are banned from this gateway: Spam");
	link_begin(fx->transport, fx->frontend, "tom@x", on_done, NULL);
	store_pump();
	assert_int_equal(outcome, TP_ERR_NOT_ALLOWED);
	assert_answer("unban tom@x", "tom@x is no longer banned.");
	come_linked();
}

static struct frontend_ops telling;

/* A frontend that shows in words what becomes of a session has it once. */
static void test_ban_is_told_once(void **state)
{
	static const char *const shown = "alice@x session disabled 'You are banned from this gateway: Spam'\n";

	(void)state;
	begin(NULL, 0);
	telling = *fx->frontend->ops;
	telling.tells_of_sessions = true;
	fx->frontend->ops = &telling;
	assert_answer("ban alice@x Spam", "alice@x is banned and logged out.");
	assert_true(was_told(shown));
	assert_false(was_told("frontend notify"));
	forget();
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	expect(shown);
}

static void test_ban_without_registration(void **state)
{
	static const char *const config[] = {"registration.auto_register=1"};

	(void)state;
	store_ban("tom@x", "");
	fixture_start(config, 1);
	session_presence(attach("tom@x", "phone"), STATUS_ONLINE, NULL, 0);
	join("tom@x", "phone", "#r", "tom");
	store_pump();
	expect("frontend notify tom@x 'You are banned from this gateway.'\n"
	       "tom@x session disabled 'You are banned from this gateway.'\n"
	       "tom@x/phone participant #r tom offline flags=8 self\n");
	assert_false(store_has("tom@x"));
	assert_answer("bans", "USER   SINCE                 REASON\n"
	                      "tom@x  2001-09-09T01:46:40Z  -");
}

static void test_messages(void **state)
{
	(void)state;
	begin(NULL, 0);
	store_account("tom@x", "to", "pw");
	assert_answer("broadcast Don't  panic", "Message sent to 2 users.");
	expect("frontend notify alice@x 'Don't  panic'\nfrontend notify bob@x 'Don't  panic'\n");
	/* who is away has an address all the same */
	assert_answer("message tom@x hello", "Message sent.");
	expect("frontend notify tom@x 'hello'\n");
	assert_answer("message nobody@x hello", "Error: There is no such account");
	assert_answer("message tom@x", "Error: Argument is missing. Usage: message <user> <text...>");
	expect("");
}

static void test_drain(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_answer("undrain", "Error: There is no maintenance now");
	assert_answer("drain soon", "Error: The first argument is a number of seconds, up to 86400");
	assert_answer("drain 86401", "Error: The first argument is a number of seconds, up to 86400");
	assert_answer("draining", "0");
	expect("");
	assert_answer("drain 0 Back at noon.", "Maintenance has begun: nobody new is logged in.");
	assert_answer("draining", "1");
	/* alice stays, bob's attempt ends */
	expect("frontend notify alice@x 'Back at noon.'\n"
	       "frontend notify bob@x 'Back at noon.'\n"
	       "bob@x session logged-out 'Back at noon.'\n"
	       "backends empty\n");
	fx->gives = &fx->backends[0];
	store_account("tom@x", "to", "pw");
	session_presence(attach("tom@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	expect("tom@x session disabled 'Back at noon.'\nfrontend notify tom@x 'Back at noon.'\n");
	session_authenticate(fx->frontend, "new@x", "new", "pw");
	store_pump();
	expect("store add new@x new\nfrontend authenticated new@x -4 Back at noon.\nstore remove new@x\n");
	/* a session that is lost is not begun again */
	from_backend(&fx->backends[0], (struct event){.type = EVENT_DISCONNECTED,
	                                              .user = "alice@x",
	                                              .disconnected = {CONNECTION_ERROR_NETWORK, "lost"}});
	expect("b1 logout al\n"
	       "alice@x/phone leave #r 'Back at noon.'\n"
	       "alice@x session logged-out 'Back at noon.'\n");
	assert_int_equal(user_find(fx->transport, "alice@x")->state, USER_IDLE);
	assert_answer("undrain", "Maintenance is over.");
	expect("backends fill\n"
	       "alice@x session connecting\nb1 login al pw\nb1 status online ''\n"
	       "bob@x session connecting\nb1 login bo pw\nb1 status online ''\n"
	       "tom@x session connecting\nb1 login to pw\nb1 status online ''\n");
	assert_answer("draining", "0");
}

static void test_drain_with_a_limit(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_answer("drain 1", "Maintenance has begun: nobody new is logged in.");
	assert_false(was_told("alice@x session logged-out"));
	wait_for("alice@x session logged-out 'This gateway is under maintenance");
	/* for the successor of this process they are there */
	assert_false(was_told("store online 0"));
	assert_int_equal(user_find(fx->transport, "alice@x")->state, USER_IDLE);
	assert_non_null(find("alice@x", "phone"));
}

static void test_log_levels(void **state)
{
	struct user *alice;

	(void)state;
	begin(NULL, 0);
	alice = user_find(fx->transport, "alice@x");
	assert_answer("log_level", "error");
	assert_answer("set log_level warning", "warning");
	assert_int_equal(log_threshold, LOG_LEVEL_WARNING);
	assert_answer("set log_level loud", "Error: A level is error, warning, info or debug");
	assert_answer("set log_level error", "error");
	assert_answer("user_log_level alice@x", "default");
	assert_answer("user_log_level alice@x loud",
	              "Error: A level is error, warning, info, debug or default");
	assert_false(log_passes(LOG_LEVEL_INFO, &alice->log));
	assert_answer("user_log_level alice@x warning", "warning");
	assert_true(log_passes(LOG_LEVEL_WARNING, &alice->log));
	assert_false(log_passes(LOG_LEVEL_WARNING, &user_find(fx->transport, "bob@x")->log));
	/* it outlives the session, and is there before it */
	ask("kick alice@x");
	ask("kick bob@x");
	assert_int_equal(log_own_levels, 0);
	assert_answer("user_log_level bob@x warning", "warning");
	fx->gives = &fx->backends[0];
	assert_true(log_passes(LOG_LEVEL_WARNING, &log_in("bob@x", "desk")->log));
	assert_true(log_passes(LOG_LEVEL_WARNING, &log_in("alice@x", "phone")->log));
	assert_answer("user_log_level alice@x default", "default");
	assert_int_equal(log_own_levels, 1);
}

static void test_reload(void **state)
{
	(void)state;
	begin(NULL, 0);
	assert_answer("reload", "Config reloaded");
	expect("frontend reload\nbackends reconfigured 100\nfrontend features\n");
	fx->reload_fails = true;
	assert_answer("reload", "Error: Error during config reload\na file is broken");
	expect("frontend reload\n");
}

static const char *write_line(const char *address, const char *line)
{
	command_run_line(fx->transport, fx->frontend, address, "phone", line, true, on_done, NULL);
	store_pump();
	return sentence;
}

static void test_chat(void **state)
{
	static const char *const config[] = {"service.admin_jid=alice@x"};

	(void)state;
	begin(config, 1);
	assert_true(text_starts(write_line("bob@x", "kick alice@x"), "I do not understand that."));
	assert_int_equal(outcome, TP_ERR_NOT_FOUND);
	assert_true(text_starts(write_line("bob@x", "backends_count"), "I do not understand that."));
	assert_true(text_starts(write_line("bob@x", "status"), "bo: waiting"));
	assert_null(strstr(write_line("bob@x", "help"), "kick"));
	assert_string_equal(write_line("alice@x", "backends_count"), "2");
	assert_string_equal(write_line("alice@x", "status"), "Running (1 users connected using 2 backends)");
	assert_string_equal(write_line("alice@x", "get uptime"), "0");
	forget();
	assert_string_equal(write_line("alice@x", "message bob@x It's \"quoted"), "Message sent.");
	expect("frontend notify bob@x 'It's \"quoted'\n");
	assert_string_equal(write_line("alice@x", "register tom@x to pw"), "User registered");
	assert_string_equal(write_line("alice@x", "unregister tom@x"), "User 'tom@x' unregistered.");
	assert_string_equal(write_line("alice@x", "kick nobody@x"), "Error: nobody@x has no session");
	assert_int_equal(outcome, TP_ERR_INVALID);
	assert_string_equal(write_line("alice@x", "follow bob@x"), "Error: follow works with transportctl only");
	write_line("alice@x", "settings");
	assert_true(text_starts(sentence, "Your settings:"));
	assert_string_equal(write_line("alice@x", "admin-register tom@x 'to m' pw"), "User registered");
	assert_true(text_starts(write_line("alice@x", "unregister"), "You are unregistered."));
	assert_false(store_has("alice@x"));
}

/* The forms of the same commands. */
static void test_forms(void **state)
{
	static const char *const config[] = {"service.admin_jid=alice@x"};
	const struct command *command = command_find("ban");
	struct map *values = map_create();
	size_t count = 0, admin = 0;

	(void)state;
	begin(config, 1);
	assert_non_null(command);
	assert_false(command_allowed(fx->transport, command, fx->frontend, "bob@x"));
	assert_true(command_allowed(fx->transport, command, fx->frontend, "alice@x"));
	assert_int_equal(command->fields_count, 2);
	assert_int_equal(command->fields[0].type, FIELD_ADDRESS);
	assert_true(command->fields[0].required && !command->fields[1].required);
	map_put(values, "user", (char *)"bob@x");
	map_put(values, "reason", (char *)"two\twords\nand more");
	command_run(fx->transport, fx->frontend, "bob@x", "", command, values, on_done, NULL);
	assert_int_equal(outcome, TP_ERR_NOT_ALLOWED);
	command_run(fx->transport, fx->frontend, "alice@x", "", command, values, on_done, NULL);
	store_pump();
	assert_string_equal(sentence, "bob@x is banned and logged out.");
	assert_true(was_told("store ban bob@x 'two words and more'"));
	map_destroy(&values, NULL);
	command_run(fx->transport, fx->frontend, "alice@x", "", command_find("undrain"), NULL, on_done, NULL);
	assert_string_equal(sentence, "Error: There is no maintenance now");
	command_run(fx->transport, fx->frontend, "alice@x", "", command_find("admin-status"), NULL, on_done,
	            NULL);
	assert_true(text_starts(sentence, "Running (1 users"));
	assert_int_equal(command_find("admin-register")->fields[2].type, FIELD_SECRET);
	assert_null(command_find("follow"));
	assert_null(command_find("uptime"));
	while ((command = command_at(count))) {
		assert_ptr_equal(command_find(command->name), command);
		admin += command->role == ROLE_ADMIN;
		count++;
	}
	assert_true(admin > 15);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_spectrum_answers),
	        TEST(test_memory_is_of_all_processes),
	        TEST(test_errors),
	        TEST(test_machine_formats),
	        TEST(test_tables),
	        TEST(test_tables_fit_80_columns),
	        TEST(test_workspaces_of_spectrum),
	        TEST(test_json),
	        TEST(test_queues),
	        TEST(test_spool_status_as_fields),
	        TEST(test_words),
	        TEST(test_kick),
	        TEST(test_ban),
	        TEST(test_ban_is_told_once),
	        TEST(test_linked_addresses),
	        TEST(test_ban_without_registration),
	        TEST(test_messages),
	        TEST(test_drain),
	        TEST(test_drain_with_a_limit),
	        TEST(test_log_levels),
	        TEST(test_reload),
	        TEST(test_chat),
	        TEST(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
