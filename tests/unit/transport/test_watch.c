/* SPDX-License-Identifier: MIT */
/* Following one user: what is shown at the four points, and what never is. */
#include "tests/unit/transport/fixture.h"

#include "transport/admin/admin.h"
#include "transport/routing/watch.h"

static struct buf seen;
static struct watch *watch;
static int answers;

/* Without the time, and without the number of the trace. */
static void on_line(void *context, const char *line)
{
	const char *trace = strstr(line, ", trace ");

	(void)context;
	if (line[0] == '2')
		line += strlen("2026-01-01T00:00:00.000Z ");
	if (!trace) {
		buf_printf(&seen, "%s\n", line);
		return;
	}
	buf_append(&seen, line, (size_t)(trace - line));
	trace += strlen(", trace ");
	buf_printf(&seen, "%s\n", trace + strspn(trace, "0123456789"));
}

static void on_following(void *context, struct watch *started)
{
	(void)context;
	watch = started;
}

static void on_done(void *context, const char *text)
{
	(void)context;
	answers++;
	buf_printf(&seen, "answer: %s\n", text);
}

static void follow(const char *line)
{
	const struct admin_caller caller = {.done = on_done, .line = on_line, .following = on_following};

	admin_execute_for(fx->transport, line, &caller);
	store_pump(); /* whose account that is */
}

static void assert_seen(const char *text)
{
	assert_string_equal(buf_text(&seen), text);
	buf_clear(&seen);
}

static int finish(void **state)
{
	watch_stop(&watch);
	watch_stop(&watch);
	answers = 0;
	buf_finish(&seen);
	return fixture_teardown(state);
}

static void begin(void)
{
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "canary-login");
	store_account("bob@x", "bo", "pw");
	store_pump();
}

static void say(const char *address, const char *text)
{
	from_person(address, "phone",
	            (struct event){.type = EVENT_MESSAGE,
	                           .message = {.kind = MESSAGE_CHAT, .name = "carl", .text = text}});
}

static void hear(const char *user, const char *text)
{
	from_backend(
	        &fx->backends[0],
	        (struct event){.type = EVENT_MESSAGE,
	                       .user = user,
	                       .message = {.kind = MESSAGE_CHAT, .name = "carl", .text = text, .id = "7"}});
}

static void test_from_the_login_on(void **state)
{
	(void)state;
	begin();
	follow("follow alice@x");
	assert_seen("following alice@x, who is not here now\n");
	log_in("alice@x", "phone");
	assert_seen("to person alice@x: session, state \"connecting\"\n"
	            "to network b1: login, name \"al\", settings 0\n"
	            "to network b1: status, status \"online\"\n"
	            "from network b1: connected\n"
	            "to person alice@x: session, state \"connected\"\n");
	log_in("bob@x", "phone");
	say("bob@x", "nobody watches");
	assert_seen("");
	/* what the router refuses */
	say("alice@x", "canary-said");
	from_person("alice@x", "phone", (struct event){.type = EVENT_ROOM_LEAVE, .room = {.name = "#r"}});
	hear("alice@x", "canary-heard");
	assert_seen("from person alice@x/phone: message, to \"contact\", name \"carl\", text of 11 bytes\n"
	            "to network b1: message, to \"contact\", name \"carl\", text of 11 bytes\n"
	            "from person alice@x/phone: room leave, room \"#r\"\n"
	            "from person alice@x/phone: room leave, room \"#r\", refused \"not found\"\n"
	            "from network b1: message, to \"contact\", name \"carl\", text of 12 bytes, id \"7\"\n"
	            "to person alice@x/phone: message, to \"contact\", name \"carl\", text of 12 bytes, id "
	            "\"7\"\n");
	assert_int_equal(answers, 0);
	watch_stop(&watch);
	say("alice@x", "more");
	assert_seen("");
}

static void test_bodies(void **state)
{
	(void)state;
	begin();
	log_in("alice@x", "phone");
	follow("--bodies follow alice@x");
	assert_seen("following alice@x, who is here\n");
	say("alice@x", "a \"line\"\nand\x7f more");
	assert_seen("from person alice@x/phone: message, to \"contact\", name \"carl\", text \"a "
	            "\\\"line\\\"\\x0aand\\x7f "
	            "more\"\n"
	            "to network b1: message, to \"contact\", name \"carl\", text \"a "
	            "\\\"line\\\"\\x0aand\\x7f more\"\n");
	/* passwords stay hidden all the same */
	from_person("alice@x", "phone",
	            (struct event){.type = EVENT_ROOM_JOIN,
	                           .room = {.name = "#r", .nickname = "al", .password = "canary-room"}});
	assert_null(strstr(buf_text(&seen), "canary"));
	assert_non_null(strstr(buf_text(&seen),
	                       "to network b1: room join, room \"#r\", nickname \"al\", password\n"));
	user_relogin(user_find(fx->transport, "alice@x"));
	assert_non_null(strstr(buf_text(&seen), "to network b1: login, name \"al\", settings 0\n"));
	assert_null(strstr(buf_text(&seen), "canary"));
}

static void test_json(void **state)
{
	(void)state;
	begin();
	log_in("alice@x", "phone");
	follow("--json follow alice@x");
	assert_seen("{\"following\":\"alice@x\",\"live\":true}\n");
	hear("alice@x", "said");
	const char *line = buf_text(&seen);

	assert_true(!strncmp(line, "{\"time\":\"20", 11));
	assert_non_null(strstr(line, "Z\",\"trace\":"));
	assert_non_null(strstr(
	        line,
	        ",\"at\":\"from network\",\"end\":\"b1\",\"event\":\"message\",\"to\":\"contact\",\"name\":"
	        "\"carl\",\"text_bytes\":4,\"id\":\"7\"}\n"));
	buf_clear(&seen);
	watch_stop(&watch);
	follow("--json --bodies follow alice@x");
	hear("alice@x", "sa\"id");
	assert_non_null(strstr(buf_text(&seen), ",\"text\":\"sa\\\"id\",\"id\":\"7\"}\n"));
}

/* Every kind of event has a line, and two watches are each told. */
static void test_everything(void **state)
{
	struct watch *second;
	const struct event_contact contact = {
	        .name = "carl", .alias = "C", .status_text = "canary", .has_blocked = true};

	(void)state;
	begin();
	second = watch_start(fx->transport, "alice@x", WATCH_JSON, on_line, NULL);
	watch = watch_start(fx->transport, "alice@x", 0, on_line, NULL);
	for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
		struct event event = {.type = (enum event_type)type};

		if (type == EVENT_CONTACT)
			event.contact = contact;
		if (type == EVENT_VCARD)
			event.vcard =
			        (struct event_vcard){.name = "carl", .full_name = "canary", .photo_size = 3};
		if (type == EVENT_LOGIN_STEP)
			event.login_step = (struct event_login_step){.text = "canary", .data = "canary"};
		if (type == EVENT_LOGIN_ANSWER)
			event.login_answer = (struct event_login_answer){.step = 1, .value = "canary"};
		if (type == EVENT_UNDELIVERED)
			event.undelivered.message = (struct event_message){.name = "carl", .text = "canary"};
		if (type == EVENT_PARTICIPANT)
			event.participant = (struct event_participant){
			        .room = "#r", .status_text = "canary", .self = true};
		watch_note(fx->transport, "alice@x", WATCH_TO_PERSON, "alice@x", NULL, &event, 0);
		watch_note(fx->transport, "alice@xx", WATCH_TO_PERSON, "alice@x", NULL, &event, 0);
		watch_note(fx->transport, NULL, WATCH_TO_PERSON, "alice@x", NULL, &event, 0);
	}
	size_t lines = 0;

	for (const char *c = buf_text(&seen); *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 2 * EVENT_TYPE_COUNT);
	assert_null(strstr(buf_text(&seen), "canary"));
	assert_non_null(strstr(buf_text(&seen),
	                       "alice@x: vcard, name \"carl\", id 0, full_name of 6 bytes, photo_bytes 3\n"));
	watch_stop(&second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_from_the_login_on),
	        TEST(test_bodies),
	        TEST(test_json),
	        TEST(test_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
