/* SPDX-License-Identifier: MIT */
/* Crossing: what is said in one frontend's place reaches the others that are tied to the same room, once. */
#include "tests/unit/transport/fixture.h"
#include "transport/rooms/portal.h"
#include "transport/routing/delivery.h"
#include "transport/spool/message_map.h"

static struct frontend_ops sharing, other_sharing;

static void log_in_at(struct frontend *frontend, const char *address, const char *resource)
{
	session_presence(session_attach(frontend, address, resource, NULL), STATUS_ONLINE, NULL, 0);
	store_pump();
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = address});
	store_pump();
}

static int from_person_at(struct frontend *frontend, const char *address, const char *resource, struct event event)
{
	struct resource *from = session_find(fx->transport, frontend, address, resource);

	assert_non_null(from);
	return router_from_frontend(from, &event);
}

static void enter_at(struct frontend *frontend, const char *address, const char *resource, const char *nickname)
{
	struct event event = {.type = EVENT_ROOM_JOIN, .room = {.name = "#a", .nickname = nickname}};

	assert_int_equal(from_person_at(frontend, address, resource, event), 0);
	participant(address, "#a", nickname, 0, STATUS_ONLINE);
}

static void start(bool first_shares)
{
	static const char *const overrides[] = {"service.frontend=xmpp", "service.frontend=other"};

	fixture_start(overrides, 2);
	assert_non_null(fx->other);
	sharing = *fx->frontend->ops;
	sharing.shares_rooms = first_shares;
	fx->frontend->ops = &sharing;
	other_sharing = *fx->other->ops;
	other_sharing.shares_rooms = true;
	fx->other->ops = &other_sharing;
	store_account("alice@x", "al", "pw");
	store_account("dave@x", "dv", "pw");
	log_in_at(fx->frontend, "alice@x", "m");
	log_in_at(fx->other, "dave@x", "s");
	enter_at(fx->frontend, "alice@x", "m", "al");
	enter_at(fx->other, "dave@x", "s", "dv");
	forget();
}

static void said(const char *user, struct event_message message)
{
	message.kind = MESSAGE_ROOM;
	message.name = "#a";
	from_backend(&fx->backends[0], (struct event){.type = EVENT_MESSAGE, .user = user, .message = message});
}

static void say_at(struct frontend *frontend, const char *address, const char *resource,
		   struct event_message message)
{
	message.kind = MESSAGE_ROOM;
	message.name = "#a";
	assert_int_equal(from_person_at(frontend, address, resource,
					(struct event){.type = EVENT_MESSAGE, .message = message}),
			 0);
}

static void test_each_once(void **state)
{
	(void)state;
	start(true);
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "hello", .id = "$1"});
	expect("b1 message (room) #a: hello id=$1\n"
	       "dave@x/s message (room) #a/al: hello id=$1\n");
	/* its echoes, on both connections */
	said("alice@x", (struct event_message){.nickname = "al", .text = "hello"});
	said("dave@x", (struct event_message){.nickname = "al", .text = "hello"});
	expect("");
	/* somebody of the network: once at each place */
	said("alice@x", (struct event_message){.nickname = "bob", .text = "hi"});
	said("dave@x", (struct event_message){.nickname = "bob", .text = "hi"});
	expect("alice@x/m message (room) #a/bob: hi\n"
	       "dave@x/s message (room) #a/bob: hi\n");
}

static void test_true_author(void **state)
{
	(void)state;
	start(true);
	say_at(fx->other, "dave@x", "s",
	       (struct event_message){.text = "hello", .id = "1.2", .author = {.name = "Egon", .id = "T1/U1"}});
	expect("b1 message (room) #a: <Egon> hello id=1.2\n"
	       "alice@x/m message (room) #a/Egon: hello id=1.2 author=Egon\n");
	said("alice@x", (struct event_message){.nickname = "dv", .text = "<Egon> hello"});
	expect("");
}

static void test_where_rooms_are_not_shared(void **state)
{
	(void)state;
	start(false);
	/* an XMPP client: the others see him as anybody of the network */
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "hello", .id = "x1"});
	expect("b1 message (room) #a: hello id=x1\n");
	said("dave@x", (struct event_message){.nickname = "al", .text = "hello"});
	expect("dave@x/s message (room) #a/al: hello\n");
	said("alice@x", (struct event_message){.nickname = "al", .text = "hello"});
	expect("alice@x/m message (room) #a/al: hello id=x1\n");
	/* towards XMPP nothing crosses: it comes by the network */
	say_at(fx->other, "dave@x", "s", (struct event_message){.text = "and you", .id = "1.2"});
	expect("b1 message (room) #a: and you id=1.2\n");
}

static void test_one_person_on_both(void **state)
{
	(void)state;
	start(false);
	log_in_at(fx->other, "alice@x", "s");
	enter_at(fx->other, "alice@x", "s", "al");
	forget();
	session_detach(session_find(fx->transport, fx->other, "dave@x", "s"));
	forget();
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "from XMPP", .id = "x1"});
	expect("b1 message (room) #a: from XMPP id=x1\n"
	       "alice@x/s message (room) #a/al: from XMPP id=x1 carbon\n");
	said("alice@x", (struct event_message){.nickname = "al", .text = "from XMPP"});
	expect("alice@x/m message (room) #a/al: from XMPP id=x1\n");
}

static void test_from_elsewhere(void **state)
{
	(void)state;
	start(true);
	said("alice@x", (struct event_message){.nickname = "al", .text = "from my phone", .carbon = true});
	expect("dave@x/s message (room) #a/al: from my phone\n"
	       "alice@x/m message (room) #a/al: from my phone carbon\n");
	said("dave@x", (struct event_message){.nickname = "al", .text = "from my phone"});
	expect("");
}

static void test_places_of_one_frontend(void **state)
{
	(void)state;
	start(true);
	say_at(fx->frontend, "alice@x", "m",
	       (struct event_message){.text = "hello", .id = "$1", .said_in = "!one"});
	expect("b1 message (room) #a: hello id=$1\n"
	       "alice@x/m message (room) #a/al: hello id=$1 said-in=!one\n"
	       "dave@x/s message (room) #a/al: hello id=$1\n");
	/* a backend has no say in that */
	said("alice@x", (struct event_message){.nickname = "bob", .text = "hi", .said_in = "!one"});
	expect("alice@x/m message (room) #a/bob: hi\n");
}

static void tie(const char *frontend, const char *id, const char *network_id)
{
	char *place = mem_printf("%s\n\n#a", frontend);

	message_map_put(fx->transport->spool, &(struct message_link){.place = place,
								     .id = id,
								     .other_place = "\n#a",
								     .other_id = network_id});
	mem_free(place);
}

static void test_references(void **state)
{
	(void)state;
	start(true);
	fx->backends[0].extended = true;
	/* said on the first, shown on the other as 1.7; the network calls it n1 */
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "hello", .id = "$1"});
	tie("other", "1.7", "$1");
	forget();
	say_at(fx->other, "dave@x", "s", (struct event_message){.text = "yes", .id = "1.8", .reply_to = "1.7"});
	expect("b1 message (room) #a: yes id=1.8 reply-to=$1 '' by \n"
	       "alice@x/m message (room) #a/dv: yes id=1.8 reply-to=$1 '' by \n");
	tie("xmpp", "$1", "n1");
	say_at(fx->other, "dave@x", "s", (struct event_message){.text = "yes!", .id = "1.9", .reply_to = "1.7"});
	expect("b1 message (room) #a: yes! id=1.9 reply-to=n1 '' by \n"
	       "alice@x/m message (room) #a/dv: yes! id=1.9 reply-to=$1 '' by \n");
	/* the network refers to it */
	said("dave@x", (struct event_message){.nickname = "bob", .text = "ok", .id = "n2", .reply_to = "n1"});
	expect("dave@x/s message (room) #a/bob: ok id=n2 reply-to=1.7 '' by \n");
	/* and its author corrects it */
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "hallo", .id = "$2", .replaces = "$1"});
	expect("b1 message (room) #a: hallo id=$2 replaces=n1\n"
	       "dave@x/s message (room) #a/al: hallo id=$2 replaces=1.7\n");
}

/* Homeservers pass on edits of what others have said, which clients do not show; XMPP's clients may say anything. */
static void test_only_authors_change(void **state)
{
	(void)state;
	start(true);
	store_account("erna@x", "er", "pw");
	log_in_at(fx->frontend, "erna@x", "m");
	enter_at(fx->frontend, "erna@x", "m", "er");
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "hello", .id = "$1"});
	tie("other", "1.7", "$1");
	forget();
	say_at(fx->frontend, "erna@x", "m",
	       (struct event_message){.text = "I owe erna money", .xhtml = "<b>I</b>", .id = "$2", .replaces = "$1"});
	expect("b1 message (room) #a: * I owe erna money id=$2\n"
	       "dave@x/s message (room) #a/er: * I owe erna money id=$2\n");
	/* somebody of the network */
	said("alice@x", (struct event_message){.nickname = "bob", .text = "hi", .id = "n5"});
	said("dave@x", (struct event_message){.nickname = "bob", .text = "hi", .id = "n5"});
	tie("xmpp", "$5", "n5");
	tie("other", "1.8", "n5");
	forget();
	say_at(fx->frontend, "erna@x", "m", (struct event_message){.text = "ho", .id = "$6", .replaces = "$5"});
	expect("b1 message (room) #a: * ho id=$6\n"
	       "dave@x/s message (room) #a/er: * ho id=$6\n");
	/* the author himself */
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "hallo", .id = "$4", .replaces = "$1"});
	expect("b1 message (room) #a: * hallo id=$4\n"
	       "dave@x/s message (room) #a/al: hallo id=$4 replaces=1.7\n");
	/* whom a relay speaks for is not whom else it speaks for */
	say_at(fx->other, "dave@x", "s",
	       (struct event_message){.text = "yes", .id = "1.9", .author = {.name = "Egon", .id = "T1/U1"}});
	tie("xmpp", "$9", "1.9");
	forget();
	say_at(fx->other, "dave@x", "s",
	       (struct event_message){
		       .text = "no", .id = "2.0", .replaces = "1.9", .author = {.name = "Elsa", .id = "T1/U2"}});
	assert_true(was_told("alice@x/m message (room) #a/Elsa: * no id=2.0 author=Elsa\n"));
	forget();
	say_at(fx->other, "dave@x", "s",
	       (struct event_message){
		       .text = "yes!", .id = "2.1", .replaces = "1.9", .author = {.name = "Egon", .id = "T1/U1"}});
	assert_true(was_told("alice@x/m message (room) #a/Egon: yes! id=2.1 replaces=$9 author=Egon\n"));
}

static void test_who_takes_back(void **state)
{
	(void)state;
	start(false);
	log_in_at(fx->other, "alice@x", "s");
	enter_at(fx->other, "alice@x", "s", "al");
	say_at(fx->other, "dave@x", "s", (struct event_message){.text = "hello", .id = "1.2"});
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "mine", .id = "x1"});
	tie("other", "1.3", "x1");
	forget();
	/* nothing but her client says that she may */
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "(gone)", .id = "x2", .retracts = "1.2"});
	assert_true(was_told("/s message (room) #a/al: (gone) id=x2"));
	assert_false(was_told("retracts="));
	forget();
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "(gone)", .id = "x3", .retracts = "x1"});
	assert_true(was_told("/s message (room) #a/al: (gone) id=x3 retracts=1.3"));
	forget();
	/* nor by saying something under the same name */
	say_at(fx->other, "dave@x", "s", (struct event_message){.text = "dear", .id = "1.7", .said_in = "C1"});
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "mine", .id = "1.7"});
	forget();
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "cheap", .id = "x4", .replaces = "1.7"});
	assert_true(was_told("/s message (room) #a/al: * cheap id=x4"));
	assert_false(was_told("replaces="));
	forget();
	/* where the place's own server has seen to that */
	say_at(fx->other, "dave@x", "s", (struct event_message){.text = "again", .id = "1.5", .said_in = "C1"});
	forget();
	say_at(fx->other, "alice@x", "s",
	       (struct event_message){.text = "(gone)", .id = "1.6", .retracts = "1.5", .said_in = "C1"});
	assert_true(was_told("retracts=1.5 said-in=C1"));
}

static void test_threads(void **state)
{
	(void)state;
	start(true);
	fx->backends[0].extended = true;
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "hello", .id = "$1"});
	tie("other", "1.7", "$1");
	tie("xmpp", "$1", "n1");
	forget();
	say_at(fx->other, "dave@x", "s", (struct event_message){.text = "yes", .id = "1.8", .thread = "1.7"});
	expect("b1 message (room) #a: yes id=1.8 thread=n1\n"
	       "alice@x/m message (room) #a/dv: yes id=1.8 thread=$1\n");
	said("dave@x", (struct event_message){.nickname = "bob", .text = "ok", .id = "n2", .thread = "n1"});
	expect("dave@x/s message (room) #a/bob: ok id=n2 thread=1.7\n");
}

static void test_nobody_listens_now(void **state)
{
	(void)state;
	start(true);
	from_backend(&fx->backends[0], (struct event){.type = EVENT_DISCONNECTED,
						      .user = "dave@x",
						      .disconnected = {.error = 0, .text = "lost"}});
	assert_null(portal_listener(fx->other, "#a"));
	forget();
	say_at(fx->frontend, "alice@x", "m", (struct event_message){.text = "hello", .id = "$1"});
	expect("b1 message (room) #a: hello id=$1\n"
	       "dave@x/s message (room) #a/al: hello id=$1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_true_author, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_where_rooms_are_not_shared, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_one_person_on_both, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_from_elsewhere, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_places_of_one_frontend, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_references, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_only_authors_change, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_who_takes_back, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_threads, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_nobody_listens_now, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
