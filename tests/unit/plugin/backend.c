/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugin/backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct buf heard;
uint64_t last_number;

void hear(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(&heard, format, args);
	va_end(args);
	buf_putc(&heard, '\n');
}

void assert_heard(const char *expected)
{
	assert_string_equal(buf_text(&heard), expected);
	buf_clear(&heard);
}

static void on_login(struct plug *plug, const char *user, const struct event_login *login)
{
	hear("login %s %s", user, login->legacy_name);
	plug_connected(plug, user);
}

static void on_logout(struct plug *plug, const char *user)
{
	(void)plug;
	hear("logout %s", user);
}

/* The text says what to answer. */
static enum plug_verdict on_message(struct plug *plug, const char *user, const struct event_message *message)
{
	last_number = plug_handover(plug);
	hear("message %s %s %s", user, message->name, message->text);
	if (strcmp(message->text, "refuse") == 0)
		plug_message_refused(plug, last_number, HANDOVER_FORBIDDEN, "No.");
	if (strcmp(message->text, "name") == 0)
		plug_message_done(plug, last_number, "id-of-it");
	return strcmp(message->text, "done") == 0 ? PLUG_DONE : PLUG_PENDING;
}

static void on_read_marker(struct plug *plug, const char *user, const struct event_read_marker *marker)
{
	(void)plug;
	hear("read %s %s %s", user, marker->name, marker->message_id);
}

static void on_login_answer(struct plug *plug, const char *user, uint32_t step, const char *value)
{
	(void)plug;
	hear("answer %s %u %s", user, step, value ? value : "-");
}

static void on_values(struct plug *plug, const char *user, const struct event_value *values, size_t count)
{
	(void)plug;
	hear("values %s %zu %s=%.*s", user, count, values[0].key, (int)values[0].size, (const char *)values[0].bytes);
}

static void on_resync(struct plug *plug, const char *user)
{
	const struct event_participant all[] = {{.nickname = "bob"}, {.nickname = "me", .flags = PARTICIPANT_ME}};

	hear("resync %s", user);
	plug_contact(plug, user, &(struct event_contact){.name = "b"});
	plug_participants(plug, user, "#a", all, 2);
	plug_subject(plug, user, "#a", "bob", "topic");
}

static void on_held(struct plug *plug, bool held)
{
	(void)plug;
	hear("held %d", held);
}

static void on_exit_(struct plug *plug)
{
	(void)plug;
	hear("exit");
}

const struct plug_ops backend_ops = {
	.login = on_login, .logout = on_logout, .message = on_message, .read_marker = on_read_marker,
	.login_answer = on_login_answer, .values = on_values, .resync = on_resync, .held = on_held, .exit = on_exit_,
};
const struct plug_options backend_options = {.name = "test", .outlives_gateway = true};

struct plug *backend_create_with(struct gateway *gateway, const struct plug_options *with, const struct plug_ops *calls)
{
	char *argv[] = {(char *)"test"}, number[16];
	struct plug *plug;

	gateway_open(gateway);
	gateway_listen(gateway);
	snprintf(number, sizeof(number), "%d", gateway->backend_fd);
	setenv("LIBTRANSPORT_FD", number, 1);
	plug = plug_create(1, argv, with, calls, gateway);
	assert_non_null(plug);
	gateway->backend_fd = -1;
	assert_null(getenv("LIBTRANSPORT_ATTACH_FD"));
	return plug;
}

void backend_greet(struct gateway *gateway, struct plug *plug)
{
	assert_false(plug_extended(plug));
	gateway_send(gateway, &(struct event){EVENT_PING});
	gateway_send(gateway, &(struct event){EVENT_API_VERSION, .version = 2});
	assert_int_equal(plug_dispatch(plug), 0);
	gateway_expect(gateway, EVENT_BACKEND_CONFIG);
	gateway_expect(gateway, EVENT_PONG);
	gateway_expect(gateway, EVENT_STATS);
	gateway->dialect = CODEC_EXTENDED;
	assert_true(plug_extended(plug));
}

void backend_log_in(struct gateway *gateway, struct plug *plug, const char *user)
{
	gateway_send(gateway, &(struct event){EVENT_LOGIN, user, .login = {"leg", "pw", NULL, 0}});
	assert_int_equal(plug_dispatch(plug), 0);
	assert_string_equal(gateway_expect(gateway, EVENT_CONNECTED)->user, user);
	buf_clear(&heard);
}

const struct event order_to_hold = {EVENT_HOLD, .hold = {"core-token", "backend-token", 30}};

struct plug *backend_create(struct gateway *gateway)
{
	struct plug *plug = backend_create_with(gateway, &backend_options, &backend_ops);

	backend_greet(gateway, plug);
	gateway_send(gateway, &order_to_hold);
	backend_log_in(gateway, plug, USER);
	assert_int_equal(gateway->event.handover, 1);
	return plug;
}

void backend_finish(struct gateway *gateway, struct plug *plug)
{
	plug_destroy(&plug);
	gateway_close(gateway);
	buf_finish(&heard);
}

void gateway_send_message(struct gateway *gateway, uint64_t number, const char *text)
{
	gateway_send(gateway, &(struct event){EVENT_MESSAGE, USER, .handover = number,
					      .message = {.name = "b", .text = text, .id = "m1"}});
}

void gateway_send_taken(struct gateway *gateway, uint64_t up_to)
{
	gateway_send(gateway, &(struct event){EVENT_HANDOVER, .handed_over = {.up_to = up_to}});
}
