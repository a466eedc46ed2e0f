/* SPDX-License-Identifier: MIT */
/* The real program backends/echo, started as a gateway does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/plugin/gateway.h"

#define USER "alice@example.org"

static const char *program;

static pid_t start_echo(struct gateway *gateway)
{
	char number[16];
	pid_t pid;

	gateway_open(gateway);
	gateway_listen(gateway);
	snprintf(number, sizeof(number), "%d", gateway->backend_fd);
	setenv("LIBTRANSPORT_FD", number, 1);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(gateway->fd);
		execl(program, program, "--host", "127.0.0.1", "--port", "1", "--service.backend_id=1", "-j",
		      "echo.example.org", (char *)NULL);
		_exit(127);
	}
	close(gateway->backend_fd);
	close((int)strtol(getenv("LIBTRANSPORT_ATTACH_FD"), NULL, 10));
	gateway->backend_fd = -1;
	gateway_send_hex(gateway, "00000002 0809");
	gateway_expect(gateway, EVENT_BACKEND_CONFIG);
	gateway_expect(gateway, EVENT_PONG);
	gateway_expect(gateway, EVENT_STATS);
	return pid;
}

static void assert_exit(pid_t pid, int expected)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expected);
}

static void test_conversation(void **state)
{
	struct gateway gateway;
	pid_t pid = start_echo(&gateway);
	const struct event *event;

	(void)state;
	gateway_send(&gateway, &(struct event){EVENT_LOGIN, USER, .login = {"alice", "", NULL, 0}});
	assert_string_equal(gateway_expect(&gateway, EVENT_CONNECTED)->user, USER);
	event = gateway_expect(&gateway, EVENT_CONTACT);
	assert_string_equal(event->contact.name, "echo");
	assert_int_equal(event->contact.status, STATUS_ONLINE);
	gateway_send(&gateway, &(struct event){EVENT_CHAT_STATE, USER, .chat_state = {"echo", CHAT_STATE_COMPOSING}});
	gateway_send(&gateway, &(struct event){EVENT_MESSAGE, USER, .message = {.name = "echo", .text = "hé\nho"}});
	assert_int_equal(gateway_expect(&gateway, EVENT_CHAT_STATE)->chat_state.state, CHAT_STATE_COMPOSING);
	event = gateway_expect(&gateway, EVENT_MESSAGE);
	assert_string_equal(event->message.name, "echo");
	assert_string_equal(event->message.text, "hé\nho");
	gateway_send(&gateway, &(struct event){EVENT_EXIT});
	assert_true(gateway_is_closed(&gateway));
	assert_exit(pid, 0);
	gateway_close(&gateway);
}

static void test_room(void **state)
{
	struct gateway gateway;
	pid_t pid = start_echo(&gateway);
	const struct event *event;

	(void)state;
	gateway_send(&gateway, &(struct event){EVENT_LOGIN, USER, .login = {"alice", "", NULL, 0}});
	gateway_expect(&gateway, EVENT_CONNECTED);
	gateway_expect(&gateway, EVENT_CONTACT);
	gateway_send(&gateway, &(struct event){EVENT_ROOM_JOIN, USER, .room = {"lobby", "al", NULL, NULL}});
	assert_string_equal(gateway_expect(&gateway, EVENT_PARTICIPANT)->participant.nickname, "echo");
	event = gateway_expect(&gateway, EVENT_PARTICIPANT);
	assert_string_equal(event->participant.nickname, "al");
	assert_int_equal(event->participant.status, STATUS_ONLINE);
	gateway_send(&gateway, &(struct event){EVENT_MESSAGE, USER, .message = {MESSAGE_ROOM, "lobby", .text = "all"}});
	event = gateway_expect(&gateway, EVENT_MESSAGE);
	assert_int_equal(event->message.kind, MESSAGE_ROOM);
	assert_string_equal(event->message.nickname, "al");
	gateway_send(&gateway, &(struct event){EVENT_MESSAGE, USER,
					       .message = {MESSAGE_ROOM_PRIVATE, "lobby", "echo", .text = "you"}});
	event = gateway_expect(&gateway, EVENT_MESSAGE);
	assert_int_equal(event->message.kind, MESSAGE_ROOM_PRIVATE);
	assert_string_equal(event->message.nickname, "echo");
	gateway_send(&gateway, &(struct event){EVENT_ROOM_JOIN, USER, .room = {"cellar", "al", NULL, NULL}});
	assert_true(gateway_expect(&gateway, EVENT_PARTICIPANT)->participant.flags & PARTICIPANT_ROOM_NOT_FOUND);
	gateway_send(&gateway, &(struct event){EVENT_ROOM_LEAVE, USER, .room = {.name = "lobby"}});
	gateway_send(&gateway, &(struct event){EVENT_LOGOUT, USER});
	/* the gateway is gone without a word */
	close(gateway.fd);
	gateway.fd = -1;
	assert_exit(pid, 0);
	gateway_close(&gateway);
}

static void send_numbered(struct gateway *gateway, uint64_t number, const char *name, const char *id)
{
	gateway_send(gateway, &(struct event){EVENT_MESSAGE, USER, .handover = number,
					      .message = {.name = name, .text = "hi", .id = id}});
}

static void log_in_extended(struct gateway *gateway)
{
	gateway->dialect = CODEC_EXTENDED;
	gateway_send(gateway, &(struct event){EVENT_API_VERSION, .version = 2});
	gateway_send(gateway, &(struct event){EVENT_HOLD, .hold = {"one", "two", 30}});
	gateway_send(gateway, &(struct event){EVENT_LOGIN, USER, .login = {"alice", "", NULL, 0}});
	gateway_expect(gateway, EVENT_CONNECTED);
	gateway_expect(gateway, EVENT_CONTACT);
}

/* The second time is another process: the first one died before its answer was read. */
static void test_same_answer_twice(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct gateway gateway;
		pid_t pid = start_echo(&gateway);

		log_in_extended(&gateway);
		send_numbered(&gateway, 5, "echo", "m1");
		assert_string_equal(gateway_expect(&gateway, EVENT_MESSAGE)->message.id, "echo-m1");
		assert_int_equal(gateway_expect(&gateway, EVENT_HANDOVER)->handed_over.taken[0], 5);
		send_numbered(&gateway, 6, "nobody", "m2");
		assert_int_equal(gateway_expect(&gateway, EVENT_HANDOVER)->handed_over.results[0].error,
				 HANDOVER_NOT_FOUND);
		gateway_send(&gateway, &(struct event){EVENT_EXIT});
		assert_exit(pid, 0);
		gateway_close(&gateway);
	}
}

static void test_outlives_gateway(void **state)
{
	struct gateway gateway;
	pid_t pid = start_echo(&gateway);
	const char *user = USER;
	const struct event *event;

	(void)state;
	log_in_extended(&gateway);
	gateway_send(&gateway, &(struct event){EVENT_ROOM_JOIN, USER, .room = {"lobby", "al", NULL, NULL}});
	assert_int_equal(gateway_expect(&gateway, EVENT_PARTICIPANTS)->participants.count, 2);
	gateway_die(&gateway);
	gateway_connect(&gateway);
	gateway_send(&gateway, &(struct event){EVENT_ATTACH, .attach = {"one", 3}});
	event = gateway_expect(&gateway, EVENT_ATTACHED);
	assert_string_equal(event->attached.sessions[0].user, USER);
	assert_true(event->attached.sessions[0].connected);
	gateway_expect(&gateway, EVENT_BACKEND_CONFIG);
	gateway_send(&gateway, &(struct event){EVENT_RESUME, .resume = {&user, 1, false}});
	assert_true(gateway_expect(&gateway, EVENT_CONTACT)->snapshot);
	event = gateway_expect(&gateway, EVENT_PARTICIPANTS);
	assert_true(event->snapshot);
	assert_string_equal(event->participants.participants[1].nickname, "al");
	gateway_expect(&gateway, EVENT_RESUMED);
	send_numbered(&gateway, 9, "lobby", "m1");
	assert_string_equal(gateway_expect(&gateway, EVENT_MESSAGE)->message.nickname, "al");
	gateway_send(&gateway, &(struct event){EVENT_EXIT});
	assert_exit(pid, 0);
	gateway_close(&gateway);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_same_answer_twice),
		cmocka_unit_test(test_outlives_gateway),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
