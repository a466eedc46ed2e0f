/* SPDX-License-Identifier: MIT */
/* Gateways that die, and others that come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "tests/unit/plugin/backend.h"

static void attach(struct gateway *gateway, struct plug *plug, const char *token, uint64_t taken)
{
	gateway_connect(gateway);
	gateway_send(gateway, &(struct event){EVENT_ATTACH, .attach = {token, taken}});
	for (int i = 0; i < 2; i++)
		assert_int_equal(plug_dispatch(plug), 0);
}

static void resume(struct gateway *gateway, struct plug *plug, const char *user)
{
	gateway_send(gateway, &(struct event){EVENT_RESUME, .resume = {&user, user != NULL, false}});
	assert_int_equal(plug_dispatch(plug), 0);
}

static void expect_attached(struct gateway *gateway, size_t sessions)
{
	assert_int_equal(gateway_expect(gateway, EVENT_ATTACHED)->attached.count, sessions);
	assert_string_equal(gateway->event.attached.backend_token, "backend-token");
	assert_int_equal(gateway->event.handover, 0);
}

static void expect_snapshot(struct gateway *gateway)
{
	static const enum event_type types[] = {EVENT_CONTACT, EVENT_PARTICIPANTS, EVENT_SUBJECT};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		gateway_expect(gateway, types[i]);
		assert_true(gateway->event.snapshot);
		assert_int_equal(gateway->event.handover, 0);
	}
}

static void test_hold_and_attach(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	int first = plug_fd(plug);

	(void)state;
	assert_int_equal(plug_timeout(plug), -1);
	backend_log_in(&gateway, plug, OTHER); /* number 2 */
	gateway_send_message(&gateway, 40, "name");
	gateway_send_message(&gateway, 41, "later");
	assert_int_equal(plug_dispatch(plug), 0);
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("message u@x b name\nmessage u@x b later\nheld 1\n");
	assert_int_not_equal(plug_fd(plug), first);
	assert_true(plug_timeout(plug) > 29000 && plug_timeout(plug) <= 30000);
	assert_false(plug_wants_write(plug));

	plug_message(plug, USER, "b", "while you were away", NULL);
	plug_message_done(plug, 41, NULL);
	plug_flush(plug);
	attach(&gateway, plug, "core-token", 2);
	expect_attached(&gateway, 2);
	assert_string_equal(gateway.event.attached.sessions[0].user, USER);
	assert_string_equal(gateway.event.attached.sessions[0].legacy_name, "leg");
	assert_true(gateway.event.attached.sessions[0].connected);
	assert_false(gateway.event.attached.more);
	gateway_expect(&gateway, EVENT_BACKEND_CONFIG);
	assert_true(gateway_is_silent(&gateway));
	resume(&gateway, plug, USER);
	assert_heard("resync u@x\nlogout v@x\nheld 0\n");
	expect_snapshot(&gateway);
	assert_int_equal(gateway_expect(&gateway, EVENT_HANDOVER)->handover, 3); /* 1 and 2 were taken */
	assert_int_equal(gateway.event.handed_over.results[0].number, 40);
	assert_string_equal(gateway_expect(&gateway, EVENT_MESSAGE)->message.text, "while you were away");
	assert_true(clock_wall_ms() - gateway.event.message.stamp_ms < 60000); /* when it was said */
	assert_int_equal(gateway.event.handover, 4);
	assert_int_equal(gateway_expect(&gateway, EVENT_HANDOVER)->handed_over.taken[0], 41);
	gateway_expect(&gateway, EVENT_RESUMED);
	assert_int_equal(plug_timeout(plug), -1);

	plug_message(plug, USER, "b", "now", NULL);
	plug_flush(plug);
	assert_int_equal(gateway_expect(&gateway, EVENT_MESSAGE)->message.stamp_ms, 0);

	/* The new gateway asks again for what it has no answer to; then all is as before. */
	gateway_send_message(&gateway, 40, "name");
	gateway_send_message(&gateway, 42, "done");
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("message u@x b done\n");
	gateway_expect(&gateway, EVENT_HANDOVER);
	gateway_send(&gateway, &(struct event){EVENT_EXIT});
	assert_int_equal(plug_dispatch(plug), TP_ERR_CLOSED);
	assert_heard("exit\n");
	backend_finish(&gateway, plug);
}

static bool closed_by_backend(struct gateway *gateway, struct plug *plug)
{
	for (int i = 0; i < 2; i++)
		assert_int_equal(plug_dispatch(plug), 0);
	return gateway_is_closed(gateway);
}

static void test_strangers(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	char big[LIMIT_ATTACH_BYTES + 1];

	(void)state;
	memset(big, 'x', sizeof(big));
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	for (int i = 0; i < 6; i++) {
		gateway_connect(&gateway);
		assert_int_equal(plug_dispatch(plug), 0);
		if (i == 0)
			gateway_send(&gateway, &(struct event){EVENT_ATTACH, .attach = {"core-toke", 0}});
		else if (i == 1)
			gateway_send(&gateway, &(struct event){EVENT_ATTACH, .attach = {"", 0}});
		else if (i == 2)
			gateway_send(&gateway, &(struct event){EVENT_PING});
		else if (i == 3)
			gateway_send_hex(&gateway, "00001001 08"); /* 4097 bytes announced */
		else if (i == 4)
			gateway_send_hex(&gateway, "00000002 ffff");
		else
			shutdown(gateway.fd, SHUT_WR);
		assert_true(closed_by_backend(&gateway, plug));
		gateway_die(&gateway);
	}
	assert_heard("held 1\n");
	attach(&gateway, plug, "core-token", 0);
	expect_attached(&gateway, 1);
	backend_finish(&gateway, plug);
}

/* One that says nothing is in nobody's way for long. */
static void test_silent_stranger(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	int listener;

	(void)state;
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	listener = plug_fd(plug);
	gateway_connect(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	assert_int_not_equal(plug_fd(plug), listener);
	assert_true(plug_timeout(plug) <= LIMIT_ATTACH_SECONDS * 1000);
	while (plug_fd(plug) != listener) {
		poll(NULL, 0, plug_timeout(plug));
		assert_int_equal(plug_dispatch(plug), 0);
	}
	assert_true(gateway_is_closed(&gateway));
	backend_finish(&gateway, plug);
}

/* A gateway that dies in the middle of taking over is followed by another one. */
static void test_attached_and_lost(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);

	(void)state;
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	attach(&gateway, plug, "core-token", 0);
	expect_attached(&gateway, 1);
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	assert_true(plug_timeout(plug) > 29000);
	assert_heard("held 1\n");
	attach(&gateway, plug, "core-token", 0);
	expect_attached(&gateway, 1);
	gateway_expect(&gateway, EVENT_BACKEND_CONFIG);
	resume(&gateway, plug, USER);
	assert_heard("resync u@x\nheld 0\n");
	expect_snapshot(&gateway);
	assert_int_equal(gateway_expect(&gateway, EVENT_CONNECTED)->handover, 1);
	gateway_expect(&gateway, EVENT_RESUMED);
	backend_finish(&gateway, plug);
}

/* A session that ended while nobody was there is still handed over: what came before its end is not lost. */
static void test_ended_while_held(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);

	(void)state;
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	plug_message(plug, USER, "b", "last words", NULL);
	plug_disconnected(plug, USER, CONNECTION_ERROR_NETWORK, "gone");
	attach(&gateway, plug, "core-token", 1);
	expect_attached(&gateway, 1);
	assert_false(gateway.event.attached.sessions[0].connected);
	gateway_expect(&gateway, EVENT_BACKEND_CONFIG);
	resume(&gateway, plug, USER);
	assert_heard("held 1\nheld 0\n");
	assert_string_equal(gateway_expect(&gateway, EVENT_MESSAGE)->message.text, "last words");
	gateway_expect(&gateway, EVENT_DISCONNECTED);
	gateway_expect(&gateway, EVENT_RESUMED);
	gateway_send_taken(&gateway, 3);
	assert_int_equal(plug_dispatch(plug), 0);
	/* Taken: nothing is left to hold. */
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), TP_ERR_CLOSED);
	assert_heard("exit\n");
	backend_finish(&gateway, plug);
}

static void test_nobody_comes(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);

	(void)state;
	gateway_send(&gateway, &(struct event){EVENT_HOLD, .hold = {"core-token", "backend-token", 0}});
	assert_int_equal(plug_dispatch(plug), 0);
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("held 1\n");
	assert_int_equal(plug_timeout(plug), 0);
	assert_int_equal(plug_run(plug), 0);
	assert_heard("exit\n");
	backend_finish(&gateway, plug);
}

/* Not asked for, or by a program that cannot: the end is the end. */
static void test_not_held(void **state)
{
	static const struct plug_options mortal = {.name = "test"};
	struct gateway gateway;
	struct plug *plug = backend_create_with(&gateway, &backend_options, &backend_ops);

	(void)state;
	backend_greet(&gateway, plug);
	backend_log_in(&gateway, plug, USER);
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), TP_ERR_CLOSED);
	backend_finish(&gateway, plug);

	plug = backend_create_with(&gateway, &mortal, &backend_ops);
	backend_greet(&gateway, plug);
	gateway_send(&gateway, &order_to_hold);
	backend_log_in(&gateway, plug, USER);
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), TP_ERR_CLOSED);
	backend_finish(&gateway, plug);

	plug = backend_create_with(&gateway, &backend_options, &backend_ops); /* nobody is logged in */
	backend_greet(&gateway, plug);
	gateway_send(&gateway, &order_to_hold);
	assert_int_equal(plug_dispatch(plug), 0);
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), TP_ERR_CLOSED);
	backend_finish(&gateway, plug);
}

/* What is there instead of a listening socket is not used. */
static void test_bad_attach_socket(void **state)
{
	struct gateway gateway;
	char *argv[] = {(char *)"test"}, number[16];
	struct plug *plug;

	(void)state;
	gateway_open(&gateway);
	snprintf(number, sizeof(number), "%d", gateway.backend_fd);
	setenv("LIBTRANSPORT_FD", number, 1);
	setenv("LIBTRANSPORT_ATTACH_FD", number, 1);
	plug = plug_create(1, argv, &backend_options, &backend_ops, &gateway);
	gateway.backend_fd = -1;
	assert_null(getenv("LIBTRANSPORT_ATTACH_FD"));
	backend_greet(&gateway, plug);
	gateway_send(&gateway, &order_to_hold);
	backend_log_in(&gateway, plug, USER);
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), TP_ERR_CLOSED);
	backend_finish(&gateway, plug);
}

static void test_many_sessions(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	const char *users[2500];
	char text[2500][8];
	size_t told = 0;

	(void)state;
	for (size_t i = 0; i < 2499; i++) {
		snprintf(text[i], sizeof(text[i]), "%zu", i);
		users[i] = text[i];
		gateway_send(&gateway, &(struct event){EVENT_LOGIN, users[i], .login = {"l", "", NULL, 0}});
		assert_int_equal(plug_dispatch(plug), 0);
		gateway_expect(&gateway, EVENT_CONNECTED);
	}
	users[2499] = USER;
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	attach(&gateway, plug, "core-token", 2500);
	do
		told += gateway_expect(&gateway, EVENT_ATTACHED)->attached.count;
	while (gateway.event.attached.more);
	assert_int_equal(told, 2500);
	gateway_expect(&gateway, EVENT_BACKEND_CONFIG);
	buf_clear(&heard);
	gateway_send(&gateway, &(struct event){EVENT_RESUME, .resume = {users, 1000, true}});
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("");
	gateway_send(&gateway, &(struct event){EVENT_RESUME, .resume = {users + 1000, 1500, false}});
	while (gateway.event.type != EVENT_RESUMED) {
		assert_int_equal(plug_dispatch(plug), 0);
		while (gateway_next(&gateway) && gateway.event.type != EVENT_RESUMED)
			assert_true(gateway.event.snapshot);
	}
	assert_null(strstr(buf_text(&heard), "logout"));
	backend_finish(&gateway, plug);
}

/* More than 8 MiB for a gateway that is not there: the program is told to stop, and ended if it does not. */
static void test_full(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	char *text = mem_alloc(LIMIT_MESSAGE_BYTES + 1);
	size_t sent = 0;

	(void)state;
	memset(text, 'x', LIMIT_MESSAGE_BYTES);
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	while (!plug_full(plug)) {
		plug_message(plug, USER, "b", text, NULL);
		sent++;
	}
	assert_true(plug_queued(plug) > LIMIT_PLUGIN_KEPT_HIGH);
	assert_true(plug_queued(plug) < LIMIT_PLUGIN_KEPT_HIGH + LIMIT_MESSAGE_BYTES + 100);
	gateway_connect(&gateway);
	gateway_send(&gateway, &(struct event){EVENT_ATTACH, .attach = {"core-token", 1}});
	for (int i = 0; i < 2; i++)
		assert_int_equal(plug_dispatch(plug), 0);
	expect_attached(&gateway, 1);
	gateway_expect(&gateway, EVENT_BACKEND_CONFIG);
	resume(&gateway, plug, USER);
	expect_snapshot(&gateway);
	for (size_t i = 0; i < sent; i++) {
		assert_int_equal(plug_dispatch(plug), 0);
		assert_int_equal(gateway_expect(&gateway, EVENT_MESSAGE)->handover, 2 + i);
	}
	assert_int_equal(plug_dispatch(plug), 0);
	assert_true(plug_full(plug)); /* until the gateway says that it has them */
	gateway_send_taken(&gateway, gateway.event.handover);
	assert_int_equal(plug_dispatch(plug), 0);
	assert_false(plug_full(plug));
	assert_int_equal(plug_queued(plug), 0);

	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), 0);
	buf_clear(&heard);
	while (plug_timeout(plug) != 0)
		plug_message(plug, USER, "b", text, NULL);
	assert_true(plug_queued(plug) > LIMIT_PLUGIN_KEPT_BYTES);
	assert_int_equal(plug_send(plug, &(struct event){EVENT_CONNECTED, USER}), TP_ERR_LIMIT);
	assert_int_equal(plug_run(plug), 1);
	assert_heard("exit\n");
	mem_free(text);
	backend_finish(&gateway, plug);
}

/* ---- a gateway killed again and again ---- */

#define ROUNDS 20000
#define MESSAGES 4000

/* What both ends know, and what a test knows of both. */
static struct story {
	uint32_t seed;
	/* the network, behind the backend */
	unsigned acted[MESSAGES + 1]; /* how often each number was acted on */
	uint64_t queue[MESSAGES + 1]; /* numbers that the network has not confirmed yet */
	size_t queued;
	unsigned said;                /* messages from the network */
	/* the gateway: what survives it */
	uint64_t next;                /* number to give */
	bool answered[MESSAGES + 1];
	uint64_t taken;               /* of the backend's frames */
	unsigned heard;               /* messages from the network that arrived, in order */
	bool up;
	unsigned deaths;
} story;

static uint32_t chance(uint32_t of)
{
	story.seed ^= story.seed << 13;
	story.seed ^= story.seed >> 17;
	story.seed ^= story.seed << 5;
	return story.seed % of;
}

static enum plug_verdict on_story_message(struct plug *plug, const char *user, const struct event_message *message)
{
	uint64_t number = plug_handover(plug);

	(void)user;
	assert_int_equal(strtoull(message->text, NULL, 10), number);
	story.acted[number]++;
	if (chance(2))
		return PLUG_DONE;
	story.queue[story.queued++] = number;
	return PLUG_PENDING;
}

static void on_story_resync(struct plug *plug, const char *user)
{
	plug_contact(plug, user, &(struct event_contact){.name = "b"});
}

static void story_takes(const struct event *event)
{
	if (!event->handover || event->handover <= story.taken) /* a repetition */
		return;
	assert_int_equal(event->handover, story.taken + 1);
	story.taken = event->handover;
	if (event->type == EVENT_MESSAGE)
		assert_int_equal(strtoul(event->message.text, NULL, 10), ++story.heard);
	if (event->type != EVENT_HANDOVER)
		return;
	for (size_t i = 0; i < event->handed_over.taken_count; i++)
		story.answered[event->handed_over.taken[i]] = true;
}

static void story_send(struct gateway *gateway, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	gateway_send_message(gateway, number, text);
}

/* The gateway reads some of what there is, and may die before it says that it has it. */
static void story_reads(struct gateway *gateway)
{
	const struct event *event;
	uint32_t most = 1 + chance(20);

	while (most-- && (event = gateway_next(gateway)))
		story_takes(event);
	if (chance(2))
		gateway_send_taken(gateway, story.taken);
}

static void story_returns(struct gateway *gateway, struct plug *plug)
{
	attach(gateway, plug, "core-token", story.taken);
	if (chance(4) == 0) {
		gateway_die(gateway);
		assert_int_equal(plug_dispatch(plug), 0);
		return;
	}
	resume(gateway, plug, USER);
	for (uint64_t number = 1; number < story.next; number++)
		if (!story.answered[number])
			story_send(gateway, number);
	story.up = true;
}

static void story_goes_on(struct gateway *gateway, struct plug *plug)
{
	char text[16];

	switch (chance(8)) {
	case 0:
	case 1:
		if (story.up && story.next <= MESSAGES)
			story_send(gateway, story.next++);
		break;
	case 2:
		snprintf(text, sizeof(text), "%u", ++story.said);
		plug_message(plug, USER, "b", text, NULL);
		break;
	case 3:
		if (story.queued)
			plug_message_done(plug, story.queue[--story.queued], NULL);
		break;
	case 4:
		plug_flush(plug);
		break;
	case 5:
		if (story.up)
			story_reads(gateway);
		break;
	case 6:
		if (story.up && chance(20) == 0) {
			gateway_die(gateway);
			story.up = false;
			story.deaths++;
		} else if (!story.up && chance(2)) {
			story_returns(gateway, plug);
		}
		break;
	default:
		assert_int_equal(plug_dispatch(plug), 0);
	}
}

static bool story_is_over(void)
{
	for (uint64_t number = 1; number < story.next; number++)
		if (!story.answered[number])
			return false;
	return story.heard == story.said;
}

static void test_killed_again_and_again(void **state)
{
	static const struct plug_ops calls = {.message = on_story_message, .resync = on_story_resync};
	struct gateway gateway;
	struct plug *plug = backend_create_with(&gateway, &backend_options, &calls);

	(void)state;
	story = (struct story){.seed = 2463534242u, .next = 1, .up = true};
	backend_greet(&gateway, plug);
	gateway_send(&gateway, &order_to_hold);
	gateway_send(&gateway, &(struct event){EVENT_LOGIN, USER, .login = {"leg", "pw", NULL, 0}});
	assert_int_equal(plug_dispatch(plug), 0);
	for (int round = 0; round < ROUNDS; round++)
		story_goes_on(&gateway, plug);
	assert_true(story.deaths > 50);
	/* And then peace. */
	while (!story.up)
		story_returns(&gateway, plug);
	while (story.queued)
		plug_message_done(plug, story.queue[--story.queued], NULL);
	for (int turn = 0; turn < 1000 && !story_is_over(); turn++) {
		const struct event *event;

		assert_int_equal(plug_dispatch(plug), 0);
		while ((event = gateway_next(&gateway)))
			story_takes(event);
	}
	assert_true(story_is_over());
	for (uint64_t number = 1; number < story.next; number++)
		assert_int_equal(story.acted[number], 1);
	print_message("# %u deaths, %u messages to people, %u to the network\n", story.deaths, story.said,
		      (unsigned)story.next - 1);
	backend_finish(&gateway, plug);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hold_and_attach),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_silent_stranger),
		cmocka_unit_test(test_attached_and_lost),
		cmocka_unit_test(test_ended_while_held),
		cmocka_unit_test(test_nobody_comes),
		cmocka_unit_test(test_not_held),
		cmocka_unit_test(test_bad_attach_socket),
		cmocka_unit_test(test_many_sessions),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_killed_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
