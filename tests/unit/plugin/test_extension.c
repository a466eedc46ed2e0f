/* SPDX-License-Identifier: MIT */
/* Numbered frames and their answers, and what else the extension has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "tests/unit/plugin/backend.h"

static void test_verdicts(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	const struct event *event;
	uint64_t pending;

	(void)state;
	gateway_send_message(&gateway, 10, "done");
	gateway_send_message(&gateway, 11, "later");
	gateway_send_message(&gateway, 12, "refuse");
	gateway_send_message(&gateway, 20, "name");
	gateway_send(&gateway, &(struct event){EVENT_ATTENTION, USER, .handover = 21, .message = {.name = "b", .text = ""}});
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("message u@x b done\nmessage u@x b later\nmessage u@x b refuse\nmessage u@x b name\n");
	event = gateway_expect(&gateway, EVENT_HANDOVER); /* one for all of them */
	assert_int_equal(event->handover, 2);
	assert_int_equal(event->handed_over.taken_count, 2);
	assert_int_equal(event->handed_over.taken[0], 10);
	assert_int_equal(event->handed_over.taken[1], 21); /* no callback: it is ignored, and that is an answer */
	assert_int_equal(event->handed_over.results_count, 2);
	assert_int_equal(event->handed_over.results[0].number, 12);
	assert_int_equal(event->handed_over.results[0].error, HANDOVER_FORBIDDEN);
	assert_string_equal(event->handed_over.results[0].reason, "No.");
	assert_int_equal(event->handed_over.results[1].number, 20);
	assert_string_equal(event->handed_over.results[1].message_id, "id-of-it");
	assert_true(gateway_is_silent(&gateway));
	pending = 11;
	plug_message_done(plug, pending, NULL);
	plug_message_done(plug, pending, "again"); /* too late, and no number of a message: nothing happens */
	plug_message_done(plug, 0, NULL);
	plug_message_refused(plug, 99, HANDOVER_FAILED, "x");
	plug_flush(plug);
	event = gateway_expect(&gateway, EVENT_HANDOVER);
	assert_int_equal(event->handed_over.taken_count, 1);
	assert_int_equal(event->handed_over.taken[0], 11);
	assert_int_equal(event->handed_over.results_count, 0);
	backend_finish(&gateway, plug);
}

/* A program without the slots cannot do it, which its author is told. */
static void test_moderation(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	const struct event *event;

	(void)state;
	gateway_send(&gateway, &(struct event){EVENT_MODERATION, USER, .handover = 5,
					       .message = {.name = "#a", .nickname = "eve", .text = "",
							   .moderation = {MODERATION_KICK, ROLE_UNSAID}}});
	assert_int_equal(plug_dispatch(plug), 0);
	event = gateway_expect(&gateway, EVENT_HANDOVER);
	assert_int_equal(event->handed_over.results_count, 1);
	assert_int_equal(event->handed_over.results[0].number, 5);
	assert_int_equal(event->handed_over.results[0].error, HANDOVER_UNSUPPORTED);
	gateway_send(&gateway, &(struct event){EVENT_ROOM_CHANGE, USER, .handover = 6,
					       .message = {.name = "#a", .text = "", .change = {.title = "Our room"}}});
	assert_int_equal(plug_dispatch(plug), 0);
	event = gateway_expect(&gateway, EVENT_HANDOVER);
	assert_int_equal(event->handed_over.results[0].number, 6);
	assert_int_equal(event->handed_over.results[0].error, HANDOVER_UNSUPPORTED);
	backend_finish(&gateway, plug);
}

static void on_bans(struct plug *plug, const char *user, const char *room)
{
	struct event_ban all[LIMIT_BANS_PER_FRAME + 1];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i] = (struct event_ban){.mask = "*!*@h"};
	plug_bans(plug, user, room, all, ARRAY_SIZE(all));
	plug_bans(plug, user, room, NULL, 0);
}

static void test_bans(void **state)
{
	struct gateway gateway;
	struct plug_ops with_bans = backend_ops;
	struct plug *plug = backend_create(&gateway);
	const struct event question = {EVENT_BANS, USER, .bans = {.room = "#a"}}, *event;

	(void)state;
	gateway_send(&gateway, &question);
	assert_int_equal(plug_dispatch(plug), 0);
	event = gateway_expect(&gateway, EVENT_BANS);
	assert_string_equal(event->bans.room, "#a");
	assert_int_equal(event->bans.error, HANDOVER_UNSUPPORTED);
	assert_int_equal(event->bans.count, 0);
	backend_finish(&gateway, plug);

	with_bans.bans = on_bans;
	plug = backend_create_with(&gateway, &backend_options, &with_bans);
	backend_greet(&gateway, plug);
	backend_log_in(&gateway, plug, USER);
	gateway_send(&gateway, &question);
	assert_int_equal(plug_dispatch(plug), 0);
	event = gateway_expect(&gateway, EVENT_BANS);
	assert_int_equal(event->bans.count, LIMIT_BANS_PER_FRAME);
	assert_true(event->bans.more);
	event = gateway_expect(&gateway, EVENT_BANS);
	assert_int_equal(event->bans.count, 1);
	assert_false(event->bans.more);
	event = gateway_expect(&gateway, EVENT_BANS);
	assert_int_equal(event->bans.count, 0);
	assert_false(event->bans.more);
	backend_finish(&gateway, plug);
}

static void test_repeated_numbers(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	const struct event *event;

	(void)state;
	gateway_send_message(&gateway, 5, "name");
	gateway_send_message(&gateway, 6, "later");
	gateway_send_message(&gateway, 5, "name");
	gateway_send_message(&gateway, 6, "later");
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("message u@x b name\nmessage u@x b later\n");
	event = gateway_expect(&gateway, EVENT_HANDOVER);
	assert_int_equal(event->handed_over.results_count, 1);
	gateway_send_message(&gateway, 5, "name"); /* while the answer is on its way, and after it was taken */
	assert_int_equal(plug_dispatch(plug), 0);
	assert_string_equal(gateway_expect(&gateway, EVENT_HANDOVER)->handed_over.results[0].message_id, "id-of-it");
	gateway_send_taken(&gateway, gateway.event.handover);
	gateway_send_message(&gateway, 5, "name");
	assert_int_equal(plug_dispatch(plug), 0);
	assert_string_equal(gateway_expect(&gateway, EVENT_HANDOVER)->handed_over.results[0].message_id, "id-of-it");
	assert_heard("");
	assert_true(gateway_is_silent(&gateway));
	/* a smaller number that is new is no repetition */
	gateway_send_message(&gateway, 3, "done");
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("message u@x b done\n");
	backend_finish(&gateway, plug);
}

/* Answers are remembered after the gateway has taken them, but not for ever. */
static void test_old_answers(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);

	(void)state;
	for (uint64_t number = 1; number <= LIMIT_PLUGIN_ANSWERS + 1; number++) {
		gateway_send_message(&gateway, number, "done");
		assert_int_equal(plug_dispatch(plug), 0);
		gateway_expect(&gateway, EVENT_HANDOVER);
		gateway_send_taken(&gateway, gateway.event.handover);
	}
	assert_int_equal(plug_dispatch(plug), 0);
	assert_int_equal(plug_queued(plug), 0);
	buf_clear(&heard);
	gateway_send_message(&gateway, 2, "done");
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("");
	gateway_send_message(&gateway, 1, "done");
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("message u@x b done\n");
	backend_finish(&gateway, plug);
}

/* What is not answered when a session ends is given back: it is new when it comes again. */
static void test_given_back(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	const struct event *event;

	(void)state;
	backend_log_in(&gateway, plug, OTHER);
	gateway_send_message(&gateway, 7, "later");
	gateway_send_message(&gateway, 8, "name");
	assert_int_equal(plug_dispatch(plug), 0);
	plug_disconnected(plug, USER, CONNECTION_ERROR_NETWORK, "gone");
	plug_message_done(plug, 7, NULL);
	plug_flush(plug);
	event = gateway_expect(&gateway, EVENT_HANDOVER);
	assert_int_equal(event->handed_over.taken_count, 0);
	assert_int_equal(event->handed_over.results[0].number, 8);
	gateway_expect(&gateway, EVENT_DISCONNECTED);
	assert_true(gateway_is_silent(&gateway));
	gateway_send_message(&gateway, 9, "crosses"); /* before the gateway knows */
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("message u@x b later\nmessage u@x b name\n");
	assert_true(gateway_is_silent(&gateway));
	backend_log_in(&gateway, plug, USER);
	gateway_send_message(&gateway, 7, "later");
	gateway_send_message(&gateway, 9, "done");
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("message u@x b later\nmessage u@x b done\n");
	assert_int_equal(gateway_expect(&gateway, EVENT_HANDOVER)->handed_over.taken[0], 9);
	/* the same by the gateway's wish */
	gateway_send(&gateway, &(struct event){EVENT_LOGOUT, USER, .login = {.legacy_name = "leg"}});
	backend_log_in(&gateway, plug, USER);
	gateway_send_message(&gateway, 7, "done");
	assert_int_equal(plug_dispatch(plug), 0);
	assert_int_equal(gateway_expect(&gateway, EVENT_HANDOVER)->handed_over.taken[0], 7);
	backend_finish(&gateway, plug);
}

static void test_unusable_frames_are_answered(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	const struct event *event;
	char *text = mem_alloc(LIMIT_MESSAGE_BYTES + 2);

	(void)state;
	memset(text, 'x', LIMIT_MESSAGE_BYTES + 1);
	gateway_send_message(&gateway, 4, text);
	gateway_send_hex(&gateway, "00000006 08cc08 c03e05"); /* type 1100, number 5 */
	gateway_send_hex(&gateway, "00000005 0808 c03e06");   /* a message without a word */
	/* A reaction that says nothing to those who have none. */
	gateway_send(&gateway, &(struct event){EVENT_MESSAGE, USER, .handover = 7,
					       .message = {.name = "b", .text = "", .reacts_to = "m0"}});
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("");
	event = gateway_expect(&gateway, EVENT_HANDOVER);
	assert_int_equal(event->handed_over.results_count, 4);
	assert_int_equal(event->handed_over.results[0].error, HANDOVER_TOO_LONG);
	for (int i = 1; i < 4; i++) {
		assert_int_equal(event->handed_over.results[i].number, 4 + i);
		assert_int_equal(event->handed_over.results[i].error, HANDOVER_UNSUPPORTED);
	}
	mem_free(text);
	backend_finish(&gateway, plug);
}

static enum plug_verdict on_correction(struct plug *plug, const char *user, const struct event_message *message)
{
	(void)plug;
	hear("%s: %s %s", user, message->text, message->replaces ? message->replaces : "-");
	return PLUG_DONE;
}

/* A program that knows no corrections gets a text that says it. */
static void test_references(void **state)
{
	static const struct plug_ops simple = {.message = on_correction};
	const struct event event = {EVENT_MESSAGE, USER, .message = {.name = "b", .text = "hi", .replaces = "m0"}};
	struct plug_options knows = backend_options;
	struct gateway gateway;
	struct plug *plug;

	(void)state;
	for (int i = 0; i < 2; i++) {
		knows.references = i == 1;
		plug = backend_create_with(&gateway, &knows, &simple);
		backend_greet(&gateway, plug);
		gateway_send(&gateway, &event);
		assert_int_equal(plug_dispatch(plug), 0);
		assert_heard(i ? "u@x: hi m0\n" : "u@x: * hi -\n");
		backend_finish(&gateway, plug);
	}
}

static void test_other_events(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create(&gateway);
	const struct event_value value = {"token", (const uint8_t *)"abc", 3};
	const struct event *event;

	(void)state;
	gateway_send(&gateway, &(struct event){EVENT_READ_MARKER, USER, .read_marker = {"b", NULL, "m1"}});
	gateway_send(&gateway, &(struct event){EVENT_LOGIN_ANSWER, USER, .login_answer = {3, "1234"}});
	gateway_send(&gateway, &(struct event){EVENT_LOGIN_ANSWER, USER, .login_answer = {4, NULL}});
	gateway_send(&gateway, &(struct event){EVENT_VALUES, USER, .values = {&value, 1}});
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("read u@x b m1\nanswer u@x 3 1234\nanswer u@x 4 -\nvalues u@x 1 token=abc\n");

	plug_login_step(plug, USER, &(struct event_login_step){.step = 1, .kind = LOGIN_STEP_CODE, .text = "code?"});
	plug_value_set(plug, USER, "k", "v", 1);
	plug_value_set(plug, USER, "k", NULL, 0);
	plug_value_set(plug, USER, "k", "", LIMIT_VALUE_BYTES + 1); /* not sent */
	plug_room_info(plug, USER, &(struct event_room_info){.room = "#a", .title = "A"});
	plug_read_marker(plug, USER, &(struct event_read_marker){"b", NULL, "m2"});
	plug_participants(plug, USER, "#a", (struct event_participant[]){{.nickname = "bob"}}, 1);
	plug_flush(plug);
	assert_string_equal(gateway_expect(&gateway, EVENT_LOGIN_STEP)->login_step.text, "code?");
	assert_int_equal(gateway.event.handover, 2);
	event = gateway_expect(&gateway, EVENT_VALUES);
	assert_string_equal(event->values.values[0].key, "k");
	assert_int_equal(event->values.values[0].size, 1);
	assert_null(gateway_expect(&gateway, EVENT_VALUES)->values.values[0].bytes);
	assert_string_equal(gateway_expect(&gateway, EVENT_ROOM_INFO)->room_info.title, "A");
	assert_string_equal(gateway_expect(&gateway, EVENT_READ_MARKER)->read_marker.message_id, "m2");
	assert_int_equal(gateway_expect(&gateway, EVENT_PARTICIPANTS)->participants.count, 1);
	assert_int_equal(gateway.event.handover, 7);
	backend_finish(&gateway, plug);
}

/* Under a gateway that does not know it (API_VERSION 1, or none) nothing of it is sent. */
static void test_without_extension(void **state)
{
	struct gateway gateway;
	struct plug *plug = backend_create_with(&gateway, &backend_options, &backend_ops);
	const struct event_participant two[] = {{.nickname = "bob"}, {.nickname = "me"}};

	(void)state;
	gateway_send(&gateway, &(struct event){EVENT_API_VERSION, .version = 2}); /* before it was announced */
	gateway_send(&gateway, &(struct event){EVENT_PING});
	gateway_send(&gateway, &(struct event){EVENT_API_VERSION, .version = 1});
	assert_int_equal(plug_dispatch(plug), 0);
	gateway_expect(&gateway, EVENT_BACKEND_CONFIG);
	gateway_expect(&gateway, EVENT_PONG);
	gateway_expect(&gateway, EVENT_STATS);
	assert_false(plug_extended(plug));
	backend_log_in(&gateway, plug, USER);
	gateway.dialect = CODEC_EXTENDED; /* to see what should not be there */
	gateway_send(&gateway, &order_to_hold);
	gateway_send_message(&gateway, 5, "name");
	plug_login_step(plug, USER, &(struct event_login_step){.step = 1, .text = "code?"});
	plug_value_set(plug, USER, "k", "v", 1);
	plug_room_info(plug, USER, &(struct event_room_info){.room = "#a"});
	plug_read_marker(plug, USER, &(struct event_read_marker){"b", NULL, "m2"});
	plug_participants(plug, USER, "#a", two, 2);
	assert_int_equal(plug_dispatch(plug), 0);
	assert_heard("message u@x b name\n");
	assert_int_equal(last_number, 0);
	for (int i = 0; i < 2; i++) {
		const struct event *event = gateway_expect(&gateway, EVENT_PARTICIPANT);

		assert_string_equal(event->participant.room, "#a");
		assert_string_equal(event->participant.nickname, two[i].nickname);
		assert_int_equal(event->handover, 0);
	}
	assert_true(gateway_is_silent(&gateway));
	gateway_die(&gateway);
	assert_int_equal(plug_dispatch(plug), TP_ERR_CLOSED);
	assert_heard("exit\n");
	backend_finish(&gateway, plug);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_moderation),
		cmocka_unit_test(test_bans),
		cmocka_unit_test(test_repeated_numbers),
		cmocka_unit_test(test_old_answers),
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_unusable_frames_are_answered),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_other_events),
		cmocka_unit_test(test_without_extension),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
