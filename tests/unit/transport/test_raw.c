/* SPDX-License-Identifier: MIT */
/* Stanzas that travel as they are (features.rawxml), in both directions, between those who have no XML here.
 */
#include "tests/unit/transport/fixture.h"

static const struct event_raw hello = {.kind = RAW_MESSAGE, .name = "bob", .bytes = "<m/>", .length = 4};

static struct user *raw_user(void)
{
	static const char on[] = "[features]\nrawxml=1\n";

	fixture_start(NULL, 0);
	transport_backend_config(fx->transport, on, sizeof(on) - 1);
	store_account("alice@x", "al", "pw");
	store_account("carol@x", "ca", "pw");
	store_contact("alice@x", "Bob");
	struct user *user = log_in("alice@x", "phone");

	forget();
	return user;
}

static void raw(const char *line)
{
	from_backend(&fx->backends[0],
	             (struct event){.type = EVENT_RAW_XML, .text = {.bytes = line, .length = strlen(line)}});
}

static void test_to_the_backend(void **state)
{
	struct event event = {.type = EVENT_MESSAGE, .raw = &hello, .message = {.name = "bob", .text = "hi"}};

	(void)state;
	struct user *user = raw_user();

	assert_int_equal(from_person("alice@x", "phone", event), 0);
	expect("b1 raw <m/>\n");
	assert_int_equal(user->messages_out, 1);
	/* It is checked as any message. */
	event.message.name = "";
	assert_int_equal(from_person("alice@x", "phone", event), TP_ERR_INVALID);
	event.message.name = "bob";
	fx->queued = LIMIT_BACKEND_OUT_HIGH + 1;
	assert_int_equal(from_person("alice@x", "phone", event), TP_ERR_LIMIT);
	event.type = EVENT_RAW_XML;
	assert_int_equal(from_person("alice@x", "phone", event), TP_ERR_LIMIT);
	fx->queued = 0;
	assert_int_equal(from_person("alice@x", "phone", event), 0);
	expect("b1 raw <m/>\n");
	event.raw = NULL;
	assert_int_equal(from_person("alice@x", "phone", event), TP_ERR_UNSUPPORTED);
	/* Contacts are added in words. */
	event = (struct event){.type = EVENT_CONTACT, .contact = {.name = "eve"}};
	assert_int_equal(from_person("alice@x", "phone", event), 0);
	assert_true(was_told("b1 contact eve"));
}

static void test_without_the_feature(void **state)
{
	struct event event = {.type = EVENT_MESSAGE, .raw = &hello, .message = {.name = "bob", .text = "hi"}};

	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	forget();
	assert_int_equal(from_person("alice@x", "phone", event), 0);
	expect("b1 message bob: hi\n");
	event.type = EVENT_RAW_XML;
	assert_int_equal(from_person("alice@x", "phone", event), TP_ERR_UNSUPPORTED);
	raw("alice@x message bob hi");
	expect("");
	assert_int_equal(fx->backends[0].ignored_frames, 1);
}

static void test_to_people(void **state)
{
	(void)state;
	struct user *user = raw_user();

	attach("alice@x", "desk");
	forget();
	raw("alice@x message bob hello");
	expect("alice@x message bob: hello as it is\n");
	assert_int_equal(user->messages_in, 1);
	/* Who wrote last is answered, also with what has no words. */
	struct event event = {.type = EVENT_RAW_XML, .raw = &hello};

	assert_int_equal(from_person("alice@x", "desk", event), 0);
	forget();
	raw("alice@x message bob hello");
	raw("alice@x state bob typing");
	expect("alice@x/desk message bob: hello as it is\nalice@x/desk raw bob as it is\n");
	raw("alice@x query bob version");
	raw("alice@x presence eve subscribed");
	expect("alice@x raw bob as it is\nalice@x raw eve as it is\n");
	/* What a contact's client says of itself is shown even if the contact as a whole is what it was. */
	raw("alice@x contact bob/a here");
	raw("alice@x contact bob/b here");
	expect("alice@x/phone contact Bob '' online as it is\nalice@x/phone contact Bob '' online as it "
	       "is\n");
}

static void test_rooms(void **state)
{
	const struct event_raw join = {.kind = RAW_PRESENCE, .name = "r@c", .bytes = "<join/>", .length = 7};
	const struct event_raw leave = {
	        .kind = RAW_PRESENCE, .name = "r@c", .bytes = "<leave/>", .length = 8};
	const struct event_raw say = {.kind = RAW_MESSAGE, .name = "r@c", .bytes = "<say/>", .length = 6};
	struct event event = {
	        .type = EVENT_ROOM_JOIN, .raw = &join, .room = {.name = "r@c", .nickname = "al"}};

	(void)state;
	raw_user();
	assert_int_equal(from_person("alice@x", "phone", event), 0);
	expect("b1 raw <join/>\nb1 join r@c al\n");
	raw("alice@x participant r@c/bob in");
	raw("alice@x participant r@c/al in");
	expect("alice@x/phone participant r@c bob online as it is\n"
	       "alice@x/phone participant r@c al online self as it is\n");
	/* Another client does not join again; it may not speak before it is in. */
	event.type = EVENT_RAW_XML;
	event.raw = &say;
	attach("alice@x", "desk");
	forget();
	assert_int_equal(from_person("alice@x", "desk", event), TP_ERR_NOT_FOUND);
	assert_int_equal(from_person("alice@x", "phone", event), 0);
	expect("b1 raw <say/>\n");
	raw("alice@x state r@c/bob typing");
	expect("alice@x/phone raw r@c as it is\n");
	/* Nicknames change by a stanza; the core need not be told that the backend can do it. */
	event.type = EVENT_ROOM_JOIN;
	event.raw = &join;
	event.room.nickname = "alice";
	assert_int_equal(from_person("alice@x", "phone", event), 0);
	expect("b1 raw <join/>\nb1 join r@c alice\n");
	/* After a loss it is joined by the stanza that it was joined by. */
	user_backend_lost(user_find(fx->transport, "alice@x"), "killed");
	forget();
	wait_for("b1 login");
	forget();
	/* Stanzas do not wait for a session, nor for a room. */
	event = (struct event){.type = EVENT_MESSAGE,
			       .raw = &say,
			       .message = {.kind = MESSAGE_ROOM, .name = "r@c", .text = "hi"}};
	assert_int_equal(from_person("alice@x", "phone", event), TP_ERR_NOT_CONNECTED);
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	assert_int_equal(from_person("alice@x", "phone", event), TP_ERR_NOT_CONNECTED);
	assert_true(was_told("b1 raw <join/>\nb1 join r@c al\n"));
	forget();
	event = (struct event){
	        .type = EVENT_ROOM_LEAVE, .raw = &leave, .room = {.name = "r@c", .nickname = ""}};
	assert_int_equal(from_person("alice@x", "phone", event), 0);
	expect("b1 raw <leave/>\nb1 leave r@c\n");
}

static void test_join_while_loading(void **state)
{
	const struct event_raw join = {.kind = RAW_PRESENCE, .name = "r@c", .bytes = "<join/>", .length = 7};
	struct event event = {
	        .type = EVENT_ROOM_JOIN, .raw = &join, .room = {.name = "r@c", .nickname = "ca"}};

	(void)state;
	raw_user();
	attach("carol@x", "phone");
	assert_int_equal(from_person("carol@x", "phone", event), 0);
	store_pump();
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = "carol@x"});
	assert_true(was_told("b1 raw <join/>\nb1 join r@c ca\n"));
}

static void test_what_is_refused(void **state)
{
	(void)state;
	raw_user();
	raw("nonsense");
	raw("carol@x message bob hello");
	raw("nobody@x message bob hello");
	expect("");
	assert_int_equal(fx->backends[0].ignored_frames, 3);
	assert_int_equal(fx->transport->counters.events_refused, 3);
	/* The other backend may not speak for her either. */
	from_backend(&fx->backends[1],
	             (struct event){.type = EVENT_RAW_XML,
	                            .text = {.bytes = "alice@x message bob x", .length = 21}});
	expect("");
	assert_int_equal(fx->backends[1].ignored_frames, 1);
	raw("alice@x message bob hello");
	expect("alice@x message bob: hello as it is\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_to_the_backend), TEST(test_without_the_feature), TEST(test_to_people),
	        TEST(test_rooms),          TEST(test_join_while_loading),  TEST(test_what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
