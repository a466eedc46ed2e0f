/* SPDX-License-Identifier: MIT */
/* Portals: what several people of one frontend hear in the same room is shown once. */
#include "tests/unit/transport/fixture.h"
#include "transport/rooms/portal.h"
#include "transport/routing/delivery.h"

#include <stdio.h>

static struct frontend_ops sharing;
static unsigned compared; /* texts, so far */

bool __real_text_equal_nocase(const char *a, const char *b);
bool __wrap_text_equal_nocase(const char *a, const char *b);

bool __wrap_text_equal_nocase(const char *a, const char *b)
{
	compared++;
	return __real_text_equal_nocase(a, b);
}

static void said(const char *user, const char *nickname, const char *text, const char *id)
{
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_MESSAGE,
				    .user = user,
				    .message = {.kind = MESSAGE_ROOM,
						.name = "#a",
						.nickname = nickname,
						.text = text,
						.id = id}});
}

static void enter(const char *address, const char *nickname)
{
	join(address, "m", "#a", nickname);
	participant(address, "#a", "bob", 0, STATUS_ONLINE);
	participant(address, "#a", nickname, 0, STATUS_ONLINE);
}

static void start(void)
{
	fixture_start(NULL, 0);
	sharing = fake_frontend_ops;
	sharing.shares_rooms = true;
	fx->frontend->ops = &sharing;
	store_account("alice@x", "al", "pw");
	store_account("carol@x", "ca", "pw");
	log_in("alice@x", "m");
	log_in("carol@x", "m");
}

/* alice listens, carol is there as well */
static void start_both(void)
{
	start();
	enter("alice@x", "al");
	enter("carol@x", "ca");
	forget();
}

static void test_once(void **state)
{
	(void)state;
	start_both();
	said("alice@x", "bob", "hi", NULL);
	expect("alice@x/m message (room) #a/bob: hi\n");
	said("carol@x", "bob", "hi", NULL);
	expect("");
	/* the copy is quicker */
	said("carol@x", "bob", "and now", NULL);
	expect("");
	said("alice@x", "bob", "and now", NULL);
	expect("alice@x/m message (room) #a/bob: and now\n");
	/* another person, or other words, are no copy */
	said("alice@x", "eve", "hi", NULL);
	said("alice@x", "bob", "hi!", NULL);
	expect("alice@x/m message (room) #a/eve: hi\nalice@x/m message (room) #a/bob: hi!\n");
}

static void renamed(const char *from, const char *to)
{
	static const char *const users[] = {"carol@x", "alice@x"};

	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		from_backend(&fx->backends[0],
			     (struct event){.type = EVENT_PARTICIPANT,
					    .user = users[i],
					    .participant = {.room = "#a", .nickname = from, .new_nickname = to}});
}

/* Whose words are ours is asked for each copy: it is known as long as nobody of ours is called otherwise. */
static void test_others_become_ours(void **state)
{
	(void)state;
	start_both();
	said("alice@x", "Cab", "hi", NULL);
	expect("alice@x/m message (room) #a/Cab: hi\n");
	renamed("ca", "cab");
	forget();
	said("alice@x", "Cab", "it is me", NULL);
	expect("");
	said("alice@x", "ca", "and me?", NULL);
	expect("alice@x/m message (room) #a/ca: and me?\n");
	renamed("cab", "ca");
	forget();
	said("alice@x", "ca", "me again", NULL);
	said("alice@x", "Cab", "not me", NULL);
	expect("alice@x/m message (room) #a/Cab: not me\n");
	/* she goes, and what is called as she was is a guest */
	participant("carol@x", "#a", "ca", 0, STATUS_OFFLINE);
	forget();
	said("alice@x", "ca", "who am I", NULL);
	expect("alice@x/m message (room) #a/ca: who am I\n");
	enter("carol@x", "ca");
	forget();
	said("alice@x", "ca", "me at last", NULL);
	expect("");
}

/* What one guest says comes once for each of our people, and is not to be held against all of them each time. */
static void test_many_listen(void **state)
{
	enum { PEOPLE = 40 };
	char address[32], nickname[32];

	(void)state;
	start_both();
	for (int i = 0; i < PEOPLE; i++) {
		snprintf(address, sizeof(address), "u%d@x", i);
		snprintf(nickname, sizeof(nickname), "n%d", i);
		store_account(address, nickname, "pw");
		log_in(address, "m");
		enter(address, nickname);
	}
	forget();
	compared = 0;
	for (int i = 0; i < PEOPLE; i++) {
		snprintf(address, sizeof(address), "u%d@x", i);
		said(address, "bob", "hi", NULL);
		said(address, "eve", "ho", NULL);
		said(address, "n7", "me", NULL);
		said(address, "n8", "me too", NULL);
	}
	assert_in_range(compared, 4 * PEOPLE, 10 * PEOPLE);
}

static void test_said_twice(void **state)
{
	(void)state;
	start_both();
	said("alice@x", "bob", "yes", NULL);
	said("carol@x", "bob", "yes", NULL);
	said("carol@x", "bob", "yes", NULL);
	said("alice@x", "bob", "yes", NULL);
	said("alice@x", "bob", "yes", NULL);
	said("carol@x", "bob", "yes", NULL);
	expect("alice@x/m message (room) #a/bob: yes\n"
	       "alice@x/m message (room) #a/bob: yes\n"
	       "alice@x/m message (room) #a/bob: yes\n");
}

static void test_network_ids(void **state)
{
	(void)state;
	start_both();
	fx->backends[0].extended = true;
	said("alice@x", "bob", "yes", "n1");
	said("carol@x", "bob", "yes", "n1");
	/* it missed one, and says so by the id */
	said("carol@x", "bob", "yes", "n3");
	said("alice@x", "bob", "yes", "n2");
	said("alice@x", "bob", "yes", "n3");
	expect("alice@x/m message (room) #a/bob: yes id=n1\n"
	       "alice@x/m message (room) #a/bob: yes id=n2\n"
	       "alice@x/m message (room) #a/bob: yes id=n3\n");
}

static void test_own_words(void **state)
{
	struct event event = {.type = EVENT_MESSAGE,
			      .user = "carol@x",
			      .message = {.kind = MESSAGE_ROOM,
					  .name = "#a",
					  .nickname = "ca",
					  .text = "from my phone",
					  .carbon = true}};

	(void)state;
	start_both();
	/* their echoes, on their own and on others' connections */
	said("carol@x", "ca", "I say", NULL);
	said("alice@x", "ca", "I say", NULL);
	said("alice@x", "AL", "so do I", NULL);
	expect("");
	from_backend(&fx->backends[0], event);
	expect("carol@x/m message (room) #a/ca: from my phone carbon\n");
}

static void test_listener_goes(void **state)
{
	(void)state;
	start_both();
	said("alice@x", "bob", "one", NULL);
	said("carol@x", "bob", "one", NULL);
	said("carol@x", "bob", "two", NULL);
	said("carol@x", "bob", "three", NULL);
	expect("alice@x/m message (room) #a/bob: one\n");
	assert_string_equal(portal_listener(fx->frontend, "#A")->user->key, "alice@x");
	assert_true(portal_is_listener(find("alice@x", "m")->identity, "#A"));
	assert_false(portal_is_listener(find("carol@x", "m")->identity, "#A"));
	assert_false(portal_is_listener(find("carol@x", "m")->identity, "#other"));
	session_detach(find("alice@x", "m"));
	expect("carol@x/m message (room) #a/bob: two\n"
	       "carol@x/m message (room) #a/bob: three\n"
	       "b1 leave #a\n"
	       "b1 logout al\n"
	       "store online 0\n");
	assert_string_equal(portal_listener(fx->frontend, "#a")->user->key, "carol@x");
	assert_true(portal_is_listener(find("carol@x", "m")->identity, "#a"));
	said("carol@x", "bob", "four", NULL);
	expect("carol@x/m message (room) #a/bob: four\n");
}

static void test_newcomer(void **state)
{
	(void)state;
	start();
	enter("alice@x", "al");
	said("alice@x", "bob", "hi", NULL);
	forget();
	/* it was shown just before the join, and arrives behind it on the new connection */
	enter("carol@x", "ca");
	forget();
	said("carol@x", "bob", "hi", NULL);
	/* and then it is said again: once to each */
	said("carol@x", "bob", "hi", NULL);
	said("alice@x", "bob", "hi", NULL);
	expect("alice@x/m message (room) #a/bob: hi\n");
	assert_true(portal_has_nickname(fx->frontend, "#a", "CA"));
	assert_false(portal_has_nickname(fx->frontend, "#a", "bob"));
}

/* He is not taken for whoever was there before him. */
static void test_successor(void **state)
{
	(void)state;
	start_both();
	store_account("dave@x", "da", "pw");
	log_in("dave@x", "m");
	said("carol@x", "bob", "hi", NULL);
	said("carol@x", "bob", "hi", NULL);
	said("alice@x", "bob", "hi", NULL);
	session_detach(find("carol@x", "m"));
	enter("dave@x", "da");
	said("alice@x", "bob", "hi", NULL);
	forget();
	said("dave@x", "bob", "anew", NULL);
	expect("");
	said("alice@x", "bob", "anew", NULL);
	expect("alice@x/m message (room) #a/bob: anew\n");
	said("alice@x", "bob", "hi", NULL);
	expect("alice@x/m message (room) #a/bob: hi\n");
	/* He brings both, and holds nothing that would be news when the listener goes. */
	said("dave@x", "bob", "hi", NULL);
	said("dave@x", "bob", "hi", NULL);
	session_detach(find("alice@x", "m"));
	expect("b1 leave #a\nb1 logout al\nstore online 0\n");
}

static void away(const char *user, bool is_away)
{
	from_backend(&fx->backends[0],
		     (struct event){
			     .type = EVENT_ROOM_INFO, .user = user, .room_info = {.room = "#a", .is_away = is_away}});
}

/* Its connection to the network is lost, and comes back by itself. */
static void test_listener_is_away(void **state)
{
	(void)state;
	start_both();
	fx->backends[0].extended = true;
	said("alice@x", "bob", "one", NULL);
	said("carol@x", "bob", "one", NULL);
	said("carol@x", "bob", "two", NULL);
	forget();
	away("alice@x", true);
	expect("carol@x/m message (room) #a/bob: two\n");
	assert_string_equal(portal_listener(fx->frontend, "#a")->user->key, "carol@x");
	said("carol@x", "bob", "two", NULL);
	expect("carol@x/m message (room) #a/bob: two\n");
	away("alice@x", false);
	assert_string_equal(portal_listener(fx->frontend, "#a")->user->key, "carol@x");
	/* what was said before is not counted against her */
	said("alice@x", "bob", "two", NULL);
	said("carol@x", "bob", "two", NULL);
	expect("carol@x/m message (room) #a/bob: two\n");
	away("carol@x", true);
	said("alice@x", "bob", "two", NULL);
	expect("alice@x/m message (room) #a/bob: two\n");
	/* nobody is there any more, and then she is again: the same words are new ones */
	away("alice@x", true);
	assert_null(portal_listener(fx->frontend, "#a"));
	away("alice@x", false);
	said("alice@x", "bob", "two", NULL);
	expect("alice@x/m message (room) #a/bob: two\n");
}

static void expect_note(const char *account)
{
	char *note = spool_note_text(fx->transport->spool, "portal", "xmpp\n#a");

	assert_string_equal(note ? note : "nobody", account);
	mem_free(note);
}

static void lose(const char *user)
{
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_DISCONNECTED, .user = user, .disconnected = {.text = "lost"}});
}

/* The process after this one waits for whoever has the room, also if nobody was connected when this one died. */
static void test_who_is_waited_for(void **state)
{
	(void)state;
	start_both();
	expect_note("alice@x");
	lose("alice@x");
	expect_note("carol@x");
	lose("carol@x");
	assert_null(portal_listener(fx->frontend, "#a"));
	expect_note("carol@x");
	session_detach(find("carol@x", "m"));
	expect_note("alice@x");
	session_detach(find("alice@x", "m"));
	expect_note("nobody");
}

/* One's words keep their order, also where the listener has missed some. */
static void test_what_the_listener_has_missed(void **state)
{
	(void)state;
	start_both();
	said("carol@x", "bob", "one", NULL);
	said("carol@x", "eve", "hello", NULL);
	said("carol@x", "bob", "two", NULL);
	said("carol@x", "bob", "three", NULL);
	said("alice@x", "bob", "three", NULL);
	expect("carol@x/m message (room) #a/bob: one\n"
	       "carol@x/m message (room) #a/bob: two\n"
	       "alice@x/m message (room) #a/bob: three\n");
	said("alice@x", "eve", "hello", NULL);
	expect("alice@x/m message (room) #a/eve: hello\n");
}

/* What a backend that outlived the last process sends again was shown there, whatever the listener brings next. */
static void test_resent_by_the_backend(void **state)
{
	(void)state;
	start_both();
	find("carol@x", "m")->identity->user->resuming = true;
	said("carol@x", "bob", "shown by the last process", NULL);
	find("carol@x", "m")->identity->user->resuming = false;
	said("carol@x", "bob", "one", NULL);
	said("alice@x", "bob", "one", NULL);
	expect("alice@x/m message (room) #a/bob: one\n");
	said("carol@x", "bob", "a netsplit", NULL);
	wait_for("carol@x/m message (room) #a/bob: a netsplit\n");
	forget();
	/* said again it is news, and comes once */
	said("alice@x", "bob", "shown by the last process", NULL);
	said("carol@x", "bob", "shown by the last process", NULL);
	session_detach(find("alice@x", "m"));
	expect("alice@x/m message (room) #a/bob: shown by the last process\n"
	       "b1 leave #a\n"
	       "b1 logout al\n"
	       "store online 0\n");
}

/* A copy that nobody else has brought was one of what had been shown before. */
static void test_doubts_end(void **state)
{
	(void)state;
	start();
	enter("alice@x", "al");
	said("alice@x", "bob", "hi", NULL);
	enter("carol@x", "ca");
	forget();
	said("carol@x", "bob", "hi", NULL);
	said("carol@x", "bob", "a netsplit", NULL);
	wait_for("carol@x/m message (room) #a/bob: a netsplit\n");
	session_detach(find("alice@x", "m"));
	forget();
	said("carol@x", "bob", "hi", NULL);
	expect("carol@x/m message (room) #a/bob: hi\n");
}

/* A netsplit: the listener does not hear bob any more. */
static void test_other_side_of_a_split(void **state)
{
	(void)state;
	start_both();
	said("carol@x", "bob", "can you hear me", NULL);
	expect("");
	wait_for("carol@x/m message (room) #a/bob: can you hear me\n");
	/* a copy that is later still */
	said("alice@x", "bob", "can you hear me", NULL);
	expect("carol@x/m message (room) #a/bob: can you hear me\n");
}

static void test_private_messages_are_everybodys_own(void **state)
{
	struct event event = {.type = EVENT_MESSAGE,
			      .user = "carol@x",
			      .message = {.kind = MESSAGE_CHAT, .name = "#a/bob", .text = "psst"}};

	(void)state;
	start_both();
	from_backend(&fx->backends[0], event);
	expect("carol@x/m message (private) #a/bob: psst\n");
}

/* A place keeps its order: what cannot be shown now holds up what comes behind it there. */
static void test_order_in_a_place(void **state)
{
	(void)state;
	start_both();
	fx->promise = TP_ERR_NOT_CONNECTED;
	said("alice@x", "bob", "one", "n1");
	forget();
	fx->promise = 1;
	said("alice@x", "bob", "two", "n2");
	expect("");
	fx->promise = TP_ERR_NOT_CONNECTED;
	delivery_frontend_ready(fx->frontend);
	expect("alice@x/m message (room) #a/bob: one id=n1\n");
	fx->promise = 1;
	delivery_frontend_ready(fx->frontend);
	expect("alice@x/m message (room) #a/bob: one id=n1\n"
	       "alice@x/m message (room) #a/bob: two id=n2\n");
	said("alice@x", "bob", "three", "n3");
	expect("alice@x/m message (room) #a/bob: three id=n3\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_once),
		TEST(test_said_twice),
		TEST(test_network_ids),
		TEST(test_own_words),
		TEST(test_listener_goes),
		TEST(test_newcomer),
		TEST(test_successor),
		TEST(test_listener_is_away),
		TEST(test_who_is_waited_for),
		TEST(test_what_the_listener_has_missed),
		TEST(test_resent_by_the_backend),
		TEST(test_others_become_ours),
		TEST(test_many_listen),
		TEST(test_doubts_end),
		TEST(test_other_side_of_a_split),
		TEST(test_order_in_a_place),
		TEST(test_private_messages_are_everybodys_own),
	};

	return cmocka_run_group_tests_name("portal", tests, NULL, NULL);
}
