/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "plugin/plugin.h"
#include "tests/unit/plugin/gateway.h"

#define USER "u@x"

/* What callbacks were called with: a line each. */
static struct buf heard;

static void hear(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void hear(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(&heard, format, args);
	va_end(args);
	buf_putc(&heard, '\n');
}

static const char *or_none(const char *text)
{
	return text ? text : "-";
}

static void assert_heard(const char *expected)
{
	assert_string_equal(buf_text(&heard), expected);
	buf_clear(&heard);
}

static void on_login(struct plug *plug, const char *user, const struct event_login *login)
{
	hear("login %s %s %s %zu", user, login->legacy_name, login->password, login->settings_count);
	plug_connected(plug, user);
}

static void on_logout(struct plug *plug, const char *user)
{
	(void)plug;
	hear("logout %s", user);
}

static enum plug_verdict on_message(struct plug *plug, const char *user, const struct event_message *message)
{
	(void)plug;
	hear("message %s %s %s %s %s", user, message->name, message->text, or_none(message->xhtml), or_none(message->id));
	return PLUG_DONE;
}

static enum plug_verdict on_subject(struct plug *plug, const char *user, const char *room, const char *subject)
{
	(void)plug;
	hear("subject %s %s %s", user, room, subject);
	return PLUG_DONE;
}

static enum plug_verdict on_attention(struct plug *plug, const char *user, const char *contact, const char *text)
{
	(void)plug;
	hear("attention %s %s %s", user, contact, text);
	return PLUG_DONE;
}

static void on_chat_state(struct plug *plug, const char *user, const char *contact, enum chat_state state)
{
	(void)plug;
	hear("chat state %s %s %d", user, contact, (int)state);
}

static void on_status(struct plug *plug, const char *user, enum status status, const char *text)
{
	(void)plug;
	hear("status %s %d %s", user, (int)status, or_none(text));
}

static void on_contact(struct plug *plug, const char *user, const struct event_contact *contact)
{
	(void)plug;
	hear("contact %s %s %s %zu %d", user, contact->name, or_none(contact->alias), contact->groups_count,
	     contact->has_blocked);
}

static void on_contact_removed(struct plug *plug, const char *user, const char *contact)
{
	(void)plug;
	hear("contact removed %s %s", user, contact);
}

static void on_contacts(struct plug *plug, const char *user, const struct event_contact *contacts, size_t count)
{
	(void)plug;
	hear("contacts %s %s %zu", user, contacts[0].name, count);
}

static void on_room_join(struct plug *plug, const char *user, const struct event_room *room)
{
	(void)plug;
	hear("join %s %s %s %s", user, room->name, room->nickname, or_none(room->password));
}

static void on_room_leave(struct plug *plug, const char *user, const char *room)
{
	(void)plug;
	hear("leave %s %s", user, room);
}

static void on_vcard_request(struct plug *plug, const char *user, const char *contact, uint32_t id)
{
	hear("vcard request %s %s %u", user, contact, id);
	plug_vcard(plug, user, contact, id, "Full Name", NULL, "png", 3);
}

static void on_vcard(struct plug *plug, const char *user, const struct event_vcard *vcard)
{
	(void)plug;
	hear("vcard %s %s %zu", user, or_none(vcard->nickname), vcard->photo_size);
}

static void on_raw_xml(struct plug *plug, const char *stanza, size_t length)
{
	(void)plug;
	hear("raw %.*s", (int)length, stanza);
}

static void on_exit_(struct plug *plug)
{
	hear("exit");
	assert_int_equal(plug_send(plug, &(struct event){EVENT_CONNECTED, USER}), TP_ERR_CLOSED);
}

static const struct plug_ops all_ops = {
	.login = on_login, .logout = on_logout, .message = on_message, .subject = on_subject,
	.attention = on_attention, .chat_state = on_chat_state, .status = on_status, .contact = on_contact,
	.contact_removed = on_contact_removed, .contacts = on_contacts, .room_join = on_room_join,
	.room_leave = on_room_leave, .vcard_request = on_vcard_request, .vcard = on_vcard, .raw_xml = on_raw_xml,
	.exit = on_exit_,
};
static const struct plug_ops no_ops = {0};
static const struct plug_options plain_options = {.name = "test-backend"};

static struct plug *create_with(struct gateway *gateway, const struct plug_options *options,
				const struct plug_ops *ops, int argc, char **argv)
{
	char number[16];
	struct plug *plug;
	int taken = gateway->backend_fd;

	snprintf(number, sizeof(number), "%d", taken);
	setenv("LIBTRANSPORT_FD", number, 1);
	plug = plug_create(argc, argv, options, ops, gateway);
	assert_non_null(plug);
	gateway->backend_fd = -1;
	assert_int_equal(plug_fd(plug), taken);
	assert_null(getenv("LIBTRANSPORT_FD"));
	assert_true(fcntl(taken, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(taken, F_GETFL) & O_NONBLOCK);
	return plug;
}

static struct plug *create(struct gateway *gateway, const struct plug_ops *ops)
{
	char *argv[] = {(char *)"test"};

	gateway_open(gateway);
	return create_with(gateway, &plain_options, ops, 1, argv);
}

static void finish(struct gateway *gateway, struct plug *plug)
{
	plug_destroy(&plug);
	gateway_close(gateway);
	buf_finish(&heard);
}

static void expect_pong(struct gateway *gateway)
{
	const struct event *stats;
	char process_id[24];

	gateway_expect(gateway, EVENT_PONG);
	stats = gateway_expect(gateway, EVENT_STATS);
	snprintf(process_id, sizeof(process_id), "%ld", (long)getpid());
	assert_string_equal(stats->stats.process_id, process_id);
	assert_true(stats->stats.resident_kb > 100 && stats->stats.initial_kb > 100 && stats->stats.shared_kb > 0);
}

static void test_ping(void **state)
{
	struct gateway gateway;
	struct plug *plug = create(&gateway, &no_ops);
	const struct event *config;

	(void)state;
	assert_ptr_equal(plug_context(plug), &gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	assert_true(gateway_is_silent(&gateway));
	gateway_send_hex(&gateway, "00000002 0809");
	assert_int_equal(plug_dispatch(plug), 0);
	config = gateway_expect(&gateway, EVENT_BACKEND_CONFIG);
	assert_string_equal(config->text.bytes, "[registration]\nneedPassword=1\nneedRegistration=1\n"
						"[features]\nmuc=0\nrawxml=0\ndisable_jid_escaping=0\next=1\n");
	expect_pong(&gateway);
	gateway_send_hex(&gateway, "00000002 0809 00000002 0809");
	assert_int_equal(plug_dispatch(plug), 0);
	expect_pong(&gateway);
	expect_pong(&gateway);
	assert_true(gateway_is_silent(&gateway));
	finish(&gateway, plug);
}

static void test_features(void **state)
{
	static const struct plug_options options = {
		.name = "x", .rooms = true, .receipts = true, .raw_xml = true, .disable_jid_escaping = true,
		.send_contacts_on_login = true, .room_nickname_change = true, .password_unchecked = true,
		.no_password = true, .no_registration = true};
	struct gateway gateway;
	struct plug *plug;
	char *argv[] = {(char *)"test"};

	(void)state;
	gateway_open(&gateway);
	plug = create_with(&gateway, &options, &no_ops, 1, argv);
	gateway_send_hex(&gateway, "00000002 0809");
	assert_int_equal(plug_dispatch(plug), 0);
	assert_string_equal(gateway_expect(&gateway, EVENT_BACKEND_CONFIG)->text.bytes,
			    "[registration]\nneedPassword=0\nneedRegistration=0\n"
			    "[features]\nmuc=1\nrawxml=1\ndisable_jid_escaping=1\nreceipts=1\n"
			    "send_buddies_on_login=1\nroom_nick=1\npassword_unchecked=1\next=1\n");
	finish(&gateway, plug);
}

/* Bytes as Spectrum 2 writes them. */
static void test_callbacks_by_bytes(void **state)
{
	struct gateway gateway;
	struct plug *plug = create(&gateway, &all_ops);

	(void)state;
	gateway_send_hex(&gateway, "0000001c 0803 1218 0a03754078 12036c6567 1a027077 2a08 0a06 0a016b 120176");
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("login u@x leg pw 1\n");
	assert_string_equal(gateway_expect(&gateway, EVENT_CONNECTED)->user, "u@x");
	gateway_send_hex(&gateway, "00000010 0811 120c 0a03754078 1801 2203627262");
	gateway_send_hex(&gateway, "00000010 0808 120c 0a03754078 120162 1a026869");
	gateway_send_hex(&gateway, "0000000f 0822 120b 3c70726573656e63652f3e");
	/* of no use here: QUERY's answer, a type of the future, file transfer, rubbish, one that only backends send */
	gateway_send_hex(&gateway, "0000000c 081f 1208 0a06 737461747573");
	gateway_send_hex(&gateway, "00000003 08e807 00000002 0818 00000003 ffffff 00000002 080a");
	gateway_send_hex(&gateway, "00000002 081d");
	assert_int_equal(plug_dispatch(plug), TP_ERR_CLOSED);
	assert_heard("status u@x 1 brb\nmessage u@x b hi - -\nraw <presence/>\nexit\n");
	assert_int_equal(plug_dispatch(plug), TP_ERR_CLOSED);
	assert_int_equal(plug_run(plug), 0);
	assert_heard("");
	finish(&gateway, plug);
}

static void test_callbacks(void **state)
{
	struct gateway gateway;
	struct plug *plug = create(&gateway, &all_ops);
	static const struct event_contact contacts[] = {{.name = "bob"}, {.name = "eve"}};
	static const char *const groups[] = {"g"};
	const struct event events[] = {
		{EVENT_MESSAGE, USER, .message = {.name = "b", .text = "hi", .xhtml = "<i/>", .id = "m1", .receipt = true}},
		{EVENT_MESSAGE, USER, .message = {MESSAGE_ROOM_PRIVATE, "#a", "bob", .text = "hi"}},
		{EVENT_SUBJECT, USER, .message = {MESSAGE_ROOM, "#a", .text = "topic"}},
		{EVENT_ATTENTION, USER, .message = {.name = "b", .text = "hey"}},
		{EVENT_CHAT_STATE, USER, .chat_state = {"b", CHAT_STATE_PAUSED}},
		{EVENT_CONTACT, USER, .contact = {.name = "b", .alias = "B", .groups = groups, .groups_count = 1}},
		{EVENT_CONTACT, USER, .contact = {.name = "b", .has_blocked = true}},
		{EVENT_CONTACT_REMOVED, USER, .contact = {.name = "b"}},
		{EVENT_CONTACTS, USER, .contacts = {contacts, 2}},
		{EVENT_ROOM_JOIN, USER, .room = {"#a", "me", "key", NULL}},
		{EVENT_ROOM_LEAVE, USER, .room = {.name = "#a"}},
		{EVENT_VCARD_REQUEST, USER, .vcard = {.name = "b", .id = 5}},
		{EVENT_VCARD, USER, .vcard = {.name = "", .nickname = "Me"}},
		{EVENT_LOGOUT, USER, .login = {.legacy_name = "leg"}},
	};
	const struct event *card;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		gateway_send(&gateway, &events[i]);
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("message u@x b hi <i/> m1\n"
		     "message u@x #a/bob hi - -\n"
		     "subject u@x #a topic\n"
		     "attention u@x b hey\n"
		     "chat state u@x b 2\n"
		     "contact u@x b B 1 0\n"
		     "contact u@x b - 0 1\n"
		     "contact removed u@x b\n"
		     "contacts u@x bob 2\n"
		     "join u@x #a me key\n"
		     "leave u@x #a\n"
		     "vcard request u@x b 5\n"
		     "vcard u@x Me 0\n"
		     "logout u@x\n");
	card = gateway_expect(&gateway, EVENT_VCARD);
	assert_int_equal(card->vcard.id, 5);
	assert_string_equal(card->vcard.full_name, "Full Name");
	assert_int_equal(card->vcard.photo_size, 3);
	finish(&gateway, plug);
}

/* Without a callback, the same: nothing but an empty card. */
static void test_no_callbacks(void **state)
{
	struct gateway gateway;
	struct plug *plug = create(&gateway, &no_ops);
	const struct event *card;

	(void)state;
	gateway_send(&gateway, &(struct event){EVENT_LOGIN, USER, .login = {"l", "p", NULL, 0}});
	gateway_send(&gateway, &(struct event){EVENT_MESSAGE, USER, .message = {.name = "b", .text = "x"}});
	gateway_send(&gateway, &(struct event){EVENT_VCARD_REQUEST, USER, .vcard = {.name = "b", .id = 9}});
	assert_int_equal(plug_dispatch(plug), 0);
	card = gateway_expect(&gateway, EVENT_VCARD);
	assert_int_equal(card->vcard.id, 9);
	assert_null(card->vcard.full_name);
	assert_true(gateway_is_silent(&gateway));
	close(gateway.fd);
	gateway.fd = -1;
	assert_int_equal(plug_run(plug), 0);
	finish(&gateway, plug);
}

static void test_short_forms(void **state)
{
	struct gateway gateway;
	struct plug *plug = create(&gateway, &no_ops);
	const char *rooms[] = {"#a"}, *names[] = {"A"};
	const struct event *event;

	(void)state;
	plug_disconnected(plug, USER, CONNECTION_ERROR_AUTHENTICATION_FAILED, "no");
	plug_contact(plug, USER, &(struct event_contact){.name = "b", .status = STATUS_AWAY});
	plug_contact_removed(plug, USER, "b");
	plug_authorization_request(plug, USER, "c");
	plug_message(plug, USER, "b", "hi", NULL);
	plug_room_message(plug, USER, "#a", "eve", "hi", "<b>hi</b>");
	plug_room_private_message(plug, USER, "#a", "eve", "hi", NULL);
	plug_receipt(plug, USER, "b", "m1");
	plug_subject(plug, USER, "#a", "eve", "topic");
	plug_chat_state(plug, USER, "b", CHAT_STATE_COMPOSING);
	plug_participant(plug, USER, &(struct event_participant){.room = "#a", .nickname = "eve"});
	plug_room_nickname(plug, USER, "#a", "me_");
	plug_room_list(plug, NULL, rooms, names, 1);
	assert_int_equal(plug_send(plug, &(struct event){EVENT_LOGIN, USER}), TP_ERR_UNSUPPORTED);
	assert_true(plug_wants_write(plug));
	assert_true(gateway_is_silent(&gateway));
	plug_flush(plug);
	assert_false(plug_wants_write(plug));

	event = gateway_expect(&gateway, EVENT_DISCONNECTED);
	assert_int_equal(event->disconnected.error, 2);
	assert_string_equal(event->disconnected.text, "no");
	assert_int_equal(gateway_expect(&gateway, EVENT_CONTACT)->contact.status, STATUS_AWAY);
	gateway_expect(&gateway, EVENT_CONTACT_REMOVED);
	gateway_expect(&gateway, EVENT_AUTH_REQUEST);
	assert_int_equal(gateway_expect(&gateway, EVENT_MESSAGE)->message.kind, MESSAGE_CHAT);
	event = gateway_expect(&gateway, EVENT_MESSAGE);
	assert_int_equal(event->message.kind, MESSAGE_ROOM);
	assert_string_equal(event->message.xhtml, "<b>hi</b>");
	assert_int_equal(gateway_expect(&gateway, EVENT_MESSAGE)->message.kind, MESSAGE_ROOM_PRIVATE);
	assert_string_equal(gateway_expect(&gateway, EVENT_RECEIPT)->receipt.id, "m1");
	assert_string_equal(gateway_expect(&gateway, EVENT_SUBJECT)->message.nickname, "eve");
	assert_int_equal(gateway_expect(&gateway, EVENT_CHAT_STATE)->chat_state.state, CHAT_STATE_COMPOSING);
	gateway_expect(&gateway, EVENT_PARTICIPANT);
	assert_string_equal(gateway_expect(&gateway, EVENT_ROOM_NICKNAME)->room.nickname, "me_");
	event = gateway_expect(&gateway, EVENT_ROOM_LIST);
	assert_null(event->user);
	assert_int_equal(event->room_list.count, 1);
	finish(&gateway, plug);
}

/* A gateway that does not read: what does not fit waits, in order, and goes out in parts. */
static void test_partial_writes(void **state)
{
	struct gateway gateway;
	struct plug *plug = create(&gateway, &no_ops);
	char text[40001];
	size_t before;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 100; i++) {
		snprintf(text, 8, "%07d", i);
		text[7] = 'x';
		plug_message(plug, USER, "b", text, NULL);
	}
	plug_flush(plug);
	before = plug_queued(plug);
	assert_true(before > 1u << 20 && plug_wants_write(plug));
	assert_true(plug_full(plug));
	for (int i = 0; i < 100; i++) {
		assert_int_equal(strtol(gateway_expect(&gateway, EVENT_MESSAGE)->message.text, NULL, 10), i);
		assert_int_equal(plug_dispatch(plug), 0);
	}
	assert_int_equal(plug_queued(plug), 0);
	assert_false(plug_full(plug));
	finish(&gateway, plug);
}

/* A gateway that vanishes while much waits must not kill the process by SIGPIPE. */
static void test_closed_while_writing(void **state)
{
	struct gateway gateway;
	struct plug *plug = create(&gateway, &all_ops);

	(void)state;
	close(gateway.fd);
	gateway.fd = -1;
	plug_connected(plug, USER);
	plug_flush(plug);
	assert_false(plug_wants_write(plug));
	assert_int_equal(plug_send(plug, &(struct event){EVENT_CONNECTED, USER}), TP_ERR_CLOSED);
	assert_int_equal(plug_dispatch(plug), TP_ERR_CLOSED);
	assert_heard("exit\n");
	finish(&gateway, plug);
}

static void test_huge_frame(void **state)
{
	struct gateway gateway;
	struct plug *plug = create(&gateway, &all_ops);

	(void)state;
	gateway_send_hex(&gateway, "ffffffff 08");
	assert_int_equal(plug_run(plug), 1);
	assert_heard("exit\n");
	finish(&gateway, plug);
}

struct settings {
	const char *greeting;
	long count;
};
static const struct config_key setting_keys[] = {
	CONFIG_KEY(struct settings, greeting, CONFIG_STRING, "echo.greeting", "hello $jid", "Says it."),
	CONFIG_INT_KEY(struct settings, count, "echo.count", "1", 0, 9, "How often."),
};
static const struct config_table settings_table = CONFIG_TABLE("echo", setting_keys);

static char *write_config(const char *text)
{
	char *path = mem_strdup("/tmp/test-plugin-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void test_arguments(void **state)
{
	char *path = write_config("[service]\njid = irc.example.org\n[echo]\ncount = 5\n[other]\nkey = value\n");
	struct settings settings;
	const struct config_table *const tables[] = {&settings_table};
	void *const targets[] = {&settings};
	struct plug_options options = {.name = "x", .tables = tables, .targets = targets, .tables_count = 1};
	char *argv[] = {(char *)"echo", (char *)"--host", (char *)"ignored.invalid", (char *)"--port=1",
			(char *)"--service.backend_id=7", (char *)"-n", (char *)"--unknown", (char *)"word",
			(char *)"-j", (char *)"test.example.org", (char *)"--echo.count=3", path};
	struct gateway gateway;
	struct plug *plug;

	(void)state;
	gateway_open(&gateway);
	plug = create_with(&gateway, &options, &no_ops, ARRAY_SIZE(argv), argv);
	assert_string_equal(plug_jid(plug), "test.example.org");
	assert_int_equal(plug_backend_id(plug), 7);
	assert_string_equal(settings.greeting, "hello test.example.org");
	assert_int_equal(settings.count, 3);
	assert_string_equal(config_raw(plug_config(plug), "other.key"), "value");
	finish(&gateway, plug);

	/* without -j the file says it */
	gateway_open(&gateway);
	plug = create_with(&gateway, &options, &no_ops, 2, (char *[]){argv[0], path});
	assert_string_equal(plug_jid(plug), "irc.example.org");
	assert_int_equal(settings.count, 5);
	finish(&gateway, plug);
	unlink(path);
	mem_free(path);
}

static void test_mistakes(void **state)
{
	char *path = write_config("[echo]\ncount = 50\n");
	struct settings settings;
	const struct config_table *const tables[] = {&settings_table};
	void *const targets[] = {&settings};
	struct plug_options options = {.name = "x", .tables = tables, .targets = targets, .tables_count = 1};
	char *name = (char *)"echo", *host = (char *)"--host=127.0.0.1", *port = (char *)"--port=1";

	(void)state;
	unsetenv("LIBTRANSPORT_FD");
	assert_null(plug_create(1, (char *[]){name}, &plain_options, &no_ops, NULL));
	assert_null(plug_create(2, (char *[]){name, (char *)"--port"}, &plain_options, &no_ops, NULL));
	assert_null(plug_create(2, (char *[]){name, (char *)"--port=x"}, &plain_options, &no_ops, NULL));
	assert_null(plug_create(2, (char *[]){name, (char *)"--service.backend_id=-1"}, &plain_options, &no_ops, NULL));
	assert_null(plug_create(3, (char *[]){name, host, port}, &plain_options, &no_ops, NULL));
	assert_null(plug_create(4, (char *[]){name, host, port, path}, &options, &no_ops, NULL));
	assert_null(plug_create(4, (char *[]){name, host, port, (char *)"/nonexistent/x.cfg"}, &options, &no_ops, NULL));
	/* not a number, not a socket, not connected: all fall back to host and port */
	for (int i = 0; i < 3; i++) {
		setenv("LIBTRANSPORT_FD", i == 0 ? "x" : i == 1 ? "2" : "999", 1);
		assert_null(plug_create(1, (char *[]){name}, &plain_options, &no_ops, NULL));
		assert_null(getenv("LIBTRANSPORT_FD"));
	}
	unlink(path);
	mem_free(path);
}

static void test_tcp(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct gateway gateway;
	struct plug *plug;
	char port[16];

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	snprintf(port, sizeof(port), "%d", ntohs(address.sin_port));
	unsetenv("LIBTRANSPORT_FD");
	plug = plug_create(5, (char *[]){(char *)"echo", (char *)"--host", (char *)"localhost", (char *)"--port", port},
			   &plain_options, &all_ops, NULL);
	assert_non_null(plug);
	gateway_open(&gateway);
	close(gateway.fd);
	gateway.fd = accept(listener, NULL, NULL);
	assert_true(gateway.fd >= 0);
	assert_true(fcntl(plug_fd(plug), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(plug_fd(plug), F_GETFL) & O_NONBLOCK);
	gateway_send_hex(&gateway, "00000002 0809 00000002 081d");
	assert_int_equal(plug_run(plug), 0);
	gateway_expect(&gateway, EVENT_BACKEND_CONFIG);
	expect_pong(&gateway);
	assert_heard("exit\n");
	close(listener);
	finish(&gateway, plug);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ping),           cmocka_unit_test(test_features),
		cmocka_unit_test(test_callbacks_by_bytes), cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_no_callbacks),   cmocka_unit_test(test_short_forms),
		cmocka_unit_test(test_partial_writes), cmocka_unit_test(test_closed_while_writing),
		cmocka_unit_test(test_huge_frame),     cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_mistakes),       cmocka_unit_test(test_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
