/* SPDX-License-Identifier: MIT */
/* Messages, contacts and cards in both directions, and what is refused. */
#include "tests/unit/transport/fixture.h"
#include "transport/routing/delivery.h"

static struct user *logged_in(void)
{
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	store_contact("alice@x", "Bob");
	return log_in("alice@x", "phone");
}

static int write_chat(const char *resource, const char *name, const char *text)
{
	return from_person(
		"alice@x", resource,
		(struct event){.type = EVENT_MESSAGE, .message = {.name = name, .text = text, .id = "i1"}});
}

static int write_room(const char *text, const char *id)
{
	return from_person(
		"alice@x", "phone",
		(struct event){.type = EVENT_MESSAGE,
			       .message = {.kind = MESSAGE_ROOM, .name = "#a", .text = text, .id = id}});
}

static void network(struct event_message message)
{
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_MESSAGE, .user = "alice@x", .message = message});
}

static void enter_room(void)
{
	join("alice@x", "phone", "#a", "al");
	participant("alice@x", "#a", "bob", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	forget();
}

static void test_chat(void **state)
{
	(void)state;
	struct user *user = logged_in();

	attach("alice@x", "desk");
	/* Nobody wrote: to all. */
	network((struct event_message){.name = "bob", .text = "hello"});
	expect("alice@x message bob: hello\n");
	/* The case that the network uses comes from the roster; answers go to who wrote last. */
	assert_int_equal(write_chat("desk", "bob", "hi"), 0);
	expect("b1 message Bob: hi id=i1\n");
	network((struct event_message){.name = "Bob", .text = "to the desk"});
	expect("alice@x/desk message Bob: to the desk\n");
	network((struct event_message){.name = "Bob", .text = "mine", .carbon = true});
	expect("alice@x message Bob: mine carbon\n");
	/* Until somebody's presence changes, or that client goes. */
	session_presence(find("alice@x", "phone"), STATUS_AWAY, NULL, 0);
	forget();
	network((struct event_message){.name = "Bob", .text = "x", .headline = true});
	expect("alice@x message Bob: x\n");
	assert_int_equal(write_chat("desk", "bob", "hi"), 0);
	session_detach(find("alice@x", "desk"));
	forget();
	network((struct event_message){.name = "Bob", .text = "x"});
	expect("alice@x message Bob: x\n");
	assert_int_equal(user->messages_out, 2);
	assert_int_equal(fx->transport->counters.messages_from_people, 2);
	assert_int_equal(fx->transport->counters.messages_to_people, 5);
}

static void test_receipts_and_states(void **state)
{
	const struct event typing = {
		.type = EVENT_CHAT_STATE, .user = "alice@x", .chat_state = {"bob", CHAT_STATE_COMPOSING}};
	const struct event receipt = {.type = EVENT_RECEIPT, .user = "alice@x", .receipt = {"bob", "i1"}};

	(void)state;
	logged_in();
	from_backend(&fx->backends[0], typing);
	from_backend(&fx->backends[0], receipt);
	expect(""); /* no conversation */
	assert_int_equal(write_chat("phone", "bob", "hi"), 0);
	forget();
	from_backend(&fx->backends[0], typing);
	from_backend(&fx->backends[0], receipt);
	expect("alice@x/phone state bob 1\nalice@x/phone receipt bob i1\n");
	assert_int_equal(from_person("alice@x", "phone", typing), 0);
	expect("b1 state Bob 1\n");
}

static void test_two_identities(void **state)
{
	(void)state;
	struct user *user = logged_in();

	session_adopt(fx->frontend, "alice2@x", user);
	assert_int_equal(write_chat("phone", "bob", "hi"), 0);
	expect("b1 message Bob: hi id=i1\nalice2@x message bob: hi id=i1 carbon\n");
	session_detach_all(fx->frontend, "alice@x");
	assert_null(user_find(fx->transport, "alice@x"));
}

static void test_room_messages(void **state)
{
	(void)state;
	logged_in();
	assert_int_equal(write_room("hi", "i1"), TP_ERR_NOT_FOUND);
	join("alice@x", "phone", "#a", "al");
	enter_room();
	assert_int_equal(write_room("hi", "i1"), 0);
	assert_int_equal(write_room("ho", "i2"), 0);
	assert_int_equal(write_room("hi", "i3"), 0);
	expect("b1 message (room) #a: hi id=i1\nb1 message (room) #a: ho id=i2\nb1 message (room) #a: hi "
	       "id=i3\n");
	/* Reflections have their ids back, in order; other people's words and repetitions have none. */
	network((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "bob", .text = "hi"});
	network((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "al", .text = "hi"});
	network((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "al", .text = "ho"});
	network((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "al", .text = "hi"});
	network((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "al", .text = "hi"});
	expect("alice@x/phone message (room) #a/bob: hi\n"
	       "alice@x/phone message (room) #a/al: hi id=i1\n"
	       "alice@x/phone message (room) #a/al: ho id=i2\n"
	       "alice@x/phone message (room) #a/al: hi id=i3\n"
	       "alice@x/phone message (room) #a/al: hi\n");
	network((struct event_message){
		.kind = MESSAGE_ROOM, .name = "#unknown", .nickname = "bob", .text = "hi"});
	expect("");
}

static void test_room_private(void **state)
{
	struct event event = {
		.type = EVENT_MESSAGE,
		.message = {.kind = MESSAGE_ROOM_PRIVATE, .name = "#a", .nickname = "bob", .text = "psst"}};

	(void)state;
	logged_in();
	enter_room();
	assert_int_equal(from_person("alice@x", "phone", event), 0);
	expect("b1 message (private) #a/bob: psst\n");
	event.message.nickname = "nobody";
	assert_int_equal(from_person("alice@x", "phone", event), TP_ERR_NOT_FOUND);
	network((struct event_message){
		.kind = MESSAGE_ROOM_PRIVATE, .name = "#a", .nickname = "bob", .text = "yes?"});
	/* As some backends write it. */
	network((struct event_message){.name = "#a/bob", .text = "really?"});
	expect("alice@x/phone message (private) #a/bob: yes?\nalice@x/phone message (private) #a/bob: "
	       "really?\n");
}

static void test_forged_users(void **state)
{
	struct event event = {
		.type = EVENT_MESSAGE, .user = "alice@x", .message = {.name = "bob", .text = "hi"}};

	(void)state;
	logged_in();
	from_backend(&fx->backends[1], event); /* bound to b1 */
	event.user = "nobody@x";
	from_backend(&fx->backends[0], event);
	event.user = NULL;
	from_backend(&fx->backends[0], event);
	from_backend(&fx->backends[1], (struct event){.type = EVENT_DISCONNECTED,
						      .user = "alice@x",
						      .disconnected = {.error = 2, .text = "ha"}});
	expect("");
	assert_int_equal(fx->backends[0].ignored_frames, 2);
	assert_int_equal(fx->backends[1].ignored_frames, 2);
	assert_int_equal(fx->transport->counters.events_refused, 4);
	/* What comes late for somebody who has just left is no forgery, from where that was. */
	session_detach_all(fx->frontend, "alice@x");
	forget();
	event.user = "alice@x";
	from_backend(&fx->backends[0], event);
	assert_int_equal(fx->backends[0].ignored_frames, 2);
	from_backend(&fx->backends[1], event);
	assert_int_equal(fx->backends[1].ignored_frames, 3);
	router_expire_departed(fx->transport, clock_ms() + 31000);
	from_backend(&fx->backends[0], event);
	assert_int_equal(fx->backends[0].ignored_frames, 3);
	expect("");
}

static void test_odd_events(void **state)
{
	(void)state;
	logged_in();
	from_backend(&fx->backends[0], (struct event){.type = EVENT_OTHER});
	from_backend(&fx->backends[0], (struct event){.type = EVENT_LOGIN, .user = "alice@x"});
	network((struct event_message){.name = "", .text = "hi"});
	expect("");
	assert_int_equal(fx->backends[0].ignored_frames, 1);
}

static void test_only_markup(void **state)
{
	(void)state;
	logged_in();
	network((struct event_message){.name = "bob", .text = "", .xhtml = "<p>one <b>two</b></p><p>three</p>"});
	expect("alice@x message bob: one two\nthree\n");
	assert_int_equal(from_person("alice@x", "phone",
				     (struct event){.type = EVENT_MESSAGE,
						    .message = {.name = "bob", .text = "", .xhtml = "<i>so</i>"}}),
			 0);
	expect("b1 message Bob: so\n");
	/* Where something is said, that stays. */
	network((struct event_message){.name = "bob", .text = "plain", .xhtml = "<b>bold</b>"});
	expect("alice@x/phone message bob: plain\n");
}

/* A few bytes of markup are lines with all their marks. */
static void test_markup_that_says_too_much(void **state)
{
	struct buf markup = {0};

	(void)state;
	logged_in();
	for (int i = 0; i < 8; i++)
		buf_puts(&markup, "<ul><li>");
	while (markup.len < LIMIT_MESSAGE_BYTES - 10)
		buf_puts(&markup, "x<br>");
	const struct event_message message = {.name = "bob", .text = "", .xhtml = buf_text(&markup)};

	assert_int_equal(from_person("alice@x", "phone", (struct event){.type = EVENT_MESSAGE, .message = message}),
			 TP_ERR_LIMIT);
	expect("");
	network(message);
	assert_true(was_told("alice@x message bob: * * * *"));
	assert_true(fx->log.len < LIMIT_MESSAGE_BYTES + 1000);
	buf_finish(&markup);
}

static void test_limits(void **state)
{
	char *text = mem_alloc(LIMIT_MESSAGE_BYTES + 11);

	(void)state;
	logged_in();
	memset(text, 'x', LIMIT_MESSAGE_BYTES + 10);
	assert_int_equal(write_chat("phone", "bob", text), TP_ERR_LIMIT);
	assert_int_equal(write_chat("phone", "", "hi"), TP_ERR_INVALID);
	text[LIMIT_NAME_BYTES + 1] = '\0';
	assert_int_equal(write_chat("phone", text, "hi"), TP_ERR_INVALID);
	fx->queued = LIMIT_BACKEND_OUT_HIGH + 1;
	/* It waits until the backend takes more. */
	assert_int_equal(write_chat("phone", "bob", "hi"), 0);
	assert_int_equal(from_person("alice@x", "phone",
				     (struct event){.type = EVENT_ROOM_JOIN,
						    .room = {.name = "#z", .nickname = "al"}}),
			 TP_ERR_LIMIT);
	fx->queued = 0;
	expect("");
	delivery_user_ready(user_find(fx->transport, "alice@x"));
	expect("b1 message Bob: hi id=i1\n");
	/* From the network long texts are cut, not lost. */
	memset(text, 'x', LIMIT_MESSAGE_BYTES + 10);
	network((struct event_message){.name = "bob", .text = text});
	assert_true(was_told("alice@x/phone message bob: xxx"));
	mem_free(text);
	/* Conversations: the oldest are forgotten. */
	for (int i = 0; i < LIMIT_CONVERSATIONS_PER_USER + 10; i++) {
		char name[16];

		snprintf(name, sizeof(name), "c%d", i);
		network((struct event_message){.name = name, .text = "hi"});
	}
	assert_int_equal(map_count(user_find(fx->transport, "alice@x")->conversations),
			 LIMIT_CONVERSATIONS_PER_USER);
}

static void contact(const char *name, const char *alias, enum status status)
{
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_CONTACT,
				    .user = "alice@x",
				    .contact = {.name = name, .alias = alias, .status = status}});
}

static int person_contact(enum event_type type, const char *name, const char *alias)
{
	return from_person("alice@x", "phone",
			   (struct event){.type = type, .contact = {.name = name, .alias = alias}});
}

static void test_contacts(void **state)
{
	(void)state;
	logged_in();
	contact("bob", NULL, STATUS_AWAY);
	expect("alice@x/phone contact Bob '' away\n");
	contact("bob", "", STATUS_AWAY);
	contact("al", "Myself", STATUS_ONLINE);
	expect("");
	contact("Eve", "Eve!", STATUS_ONLINE);
	expect("store contact Eve\nalice@x contact Eve 'Eve!' online\n");
	/* A new client is told of all. */
	session_presence(attach("alice@x", "desk"), STATUS_ONLINE, NULL, 0);
	expect("alice@x/desk session connected\n"
	       "alice@x/desk contact Bob '' away\n"
	       "alice@x/desk contact Eve 'Eve!' online\n");
	assert_int_equal(person_contact(EVENT_CONTACT, "tom", "Tom"), 0);
	expect("store contact tom\nalice@x contact tom 'Tom' offline\nb1 contact tom 'Tom' offline (no "
	       "block)\n");
	assert_int_equal(person_contact(EVENT_CONTACT, "tom", "Tom"), 0);
	expect("");
	/* Still "ask": the backend is told. "both": only with enable_remove_buddy. */
	assert_int_equal(person_contact(EVENT_CONTACT_REMOVED, "eve", NULL), 0);
	expect("b1 removed Eve\nalice@x removed Eve\nstore no-contact Eve\n");
	assert_int_equal(person_contact(EVENT_CONTACT_REMOVED, "tom", NULL), 0);
	expect("alice@x removed tom\nstore no-contact tom\n");
	assert_int_equal(person_contact(EVENT_CONTACT_REMOVED, "tom", NULL), TP_ERR_NOT_FOUND);
	from_backend(
		&fx->backends[0],
		(struct event){.type = EVENT_CONTACT_REMOVED, .user = "alice@x", .contact = {.name = "bob"}});
	expect("alice@x removed Bob\nstore no-contact Bob\n");
}

/* A backend that asked for the list has no other one: it must know who is off it. */
static void test_removed_where_the_list_is_ours(void **state)
{
	static const char on[] = "[features]\nsend_buddies_on_login=1\n";

	(void)state;
	struct user *user = logged_in();

	transport_backend_config(fx->transport, on, sizeof(on) - 1);
	assert_int_equal(person_contact(EVENT_CONTACT, "tom", "Tom"), 0);
	assert_int_equal(person_contact(EVENT_CONTACT, "eve", "Eve"), 0);
	forget();
	assert_int_equal(person_contact(EVENT_CONTACT_REMOVED, "tom", NULL), 0);
	expect("b1 removed tom\nalice@x removed tom\nstore no-contact tom\n");
	/* Without a session it is simply not in the next list. */
	user_backend_lost(user, "killed");
	forget();
	assert_int_equal(person_contact(EVENT_CONTACT_REMOVED, "eve", NULL), 0);
	expect("alice@x removed eve\nstore no-contact eve\n");
}

static void asks(const char *name)
{
	from_backend(
		&fx->backends[0],
		(struct event){.type = EVENT_AUTH_REQUEST, .user = "alice@x", .contact = {.name = name}});
}

static void test_authorization(void **state)
{
	(void)state;
	struct user *user = logged_in();

	asks("eve");
	expect("alice@x asks eve\n");
	session_presence(attach("alice@x", "desk"), STATUS_ONLINE, NULL, 0);
	expect("alice@x/desk session connected\nalice@x/desk contact Bob '' offline\nalice@x/desk asks "
	       "eve\n");
	assert_int_equal(person_contact(EVENT_CONTACT_REMOVED, "eve", NULL), 0);
	expect("b1 removed eve\n");
	assert_null(roster_find(user->roster, "eve"));
	asks("eve");
	forget();
	assert_int_equal(person_contact(EVENT_CONTACT, "eve", NULL), 0);
	expect("store contact eve\nalice@x contact eve '' offline\nb1 contact eve '' offline (no block)\n");
	/* One who is a contact already and asks: no is no to the question, not to the contact. */
	asks("bob");
	forget();
	assert_int_equal(person_contact(EVENT_CONTACT_REMOVED, "bob", NULL), 0);
	expect("b1 removed Bob\n");
	assert_non_null(roster_find(user->roster, "bob"));
}

static void test_contact_changed_offline(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	forget();
	assert_int_equal(person_contact(EVENT_CONTACT, "tom", NULL), 0);
	expect("store contact tom\nalice@x contact tom '' offline\n");
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	expect("store online 1\nalice@x session connected\nb1 contact tom '' offline (no block)\n");
}

static void test_cards(void **state)
{
	struct event ask = {.type = EVENT_VCARD_REQUEST, .vcard = {.name = "bob", .id = 77}};

	(void)state;
	struct user *user = logged_in();

	assert_int_equal(from_person("alice@x", "phone", ask), 0);
	expect("b1 card? Bob 1\n");
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_VCARD,
				    .user = "alice@x",
				    .vcard = {.name = "Bob", .id = 1, .full_name = "Bob B."}});
	expect("alice@x/phone card bob 77 'Bob B.'\n");
	from_backend(
		&fx->backends[0],
		(struct event){.type = EVENT_VCARD, .user = "alice@x", .vcard = {.name = "Bob", .id = 1}});
	expect("");
	/* Unanswered: an empty one. */
	assert_int_equal(from_person("alice@x", "phone", ask), 0);
	forget();
	card_request_expire(fx->transport, clock_ms() + CARD_TIMEOUT_MS - 1000);
	expect("");
	card_request_expire(fx->transport, clock_ms() + CARD_TIMEOUT_MS + 1000);
	expect("alice@x/phone card bob 77 ''\n");
	for (int i = 0; i < LIMIT_REQUESTS_PER_USER; i++)
		assert_int_equal(from_person("alice@x", "phone", ask), 0);
	assert_int_equal(from_person("alice@x", "phone", ask), TP_ERR_LIMIT);
	/* One who asked and went is not told; the own card goes out under no number. */
	attach("alice@x", "desk");
	session_detach(find("alice@x", "phone"));
	forget();
	card_request_close_all(user);
	expect("");
	assert_int_equal(
		from_person("alice@x", "desk",
			    (struct event){.type = EVENT_VCARD, .vcard = {.full_name = "Al", .id = 9}}),
		0);
	expect("b1 card  0 'Al'\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_chat),
		TEST(test_receipts_and_states),
		TEST(test_two_identities),
		TEST(test_room_messages),
		TEST(test_room_private),
		TEST(test_forged_users),
		TEST(test_odd_events),
		TEST(test_only_markup),
		TEST(test_markup_that_says_too_much),
		TEST(test_limits),
		TEST(test_contacts),
		TEST(test_removed_where_the_list_is_ours),
		TEST(test_authorization),
		TEST(test_contact_changed_offline),
		TEST(test_cards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
