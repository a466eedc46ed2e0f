/* SPDX-License-Identifier: MIT */
/* Portraits: pictures of people of a frontend that shares rooms, as those see them whose rooms are their own. */
#include "tests/unit/transport/fixture.h"
#include "transport/people/portrait.h"

#include <stdio.h>

static struct frontend_ops viewing, sharing;

/* What the sharing frontend was asked for, the newest last. */
static struct asked {
	char address[64];
	frontend_card_done *done;
	void *context;
} asked[LIMIT_PORTRAITS_ASKED + 4];
static unsigned asked_count;
static bool has_pictures;

static int (*plain_deliver)(struct frontend *frontend, struct identity *to, struct resource *only,
			    const struct event *event);

/* As the fixture's, and the picture. */
static int deliver(struct frontend *frontend, struct identity *to, struct resource *only, const struct event *event)
{
	int promised = plain_deliver(frontend, to, only, event);

	if (event->type == EVENT_PARTICIPANT && event->participant.icon_hash)
		buf_printf(&fx->log, "  picture %.8s\n", event->participant.icon_hash);
	if (event->type == EVENT_VCARD && event->vcard.photo_size)
		buf_printf(&fx->log, "  photo %.*s\n", (int)event->vcard.photo_size, (const char *)event->vcard.photo);
	return promised;
}

static bool card(struct frontend *frontend, const char *address, size_t max, frontend_card_done *done, void *context)
{
	(void)frontend;
	assert_int_equal(max, LIMIT_PORTRAIT_BYTES);
	if (!has_pictures)
		return false;
	assert_true(asked_count < ARRAY_SIZE(asked));
	snprintf(asked[asked_count].address, sizeof(asked->address), "%s", address);
	asked[asked_count].done = done;
	asked[asked_count++].context = context;
	return true;
}

static void give(unsigned which, const char *bytes)
{
	const struct event_vcard got = {.full_name = "Dave", .photo = (const uint8_t *)bytes, .photo_size = strlen(bytes)};

	assert_true(which < asked_count);
	asked[which].done(asked[which].context, &got);
}

static void log_in_at(struct frontend *frontend, const char *address, const char *resource)
{
	session_presence(session_attach(frontend, address, resource, NULL), STATUS_ONLINE, NULL, 0);
	store_pump();
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = address});
	store_pump();
}

static void enter_at(struct frontend *frontend, const char *address, const char *resource, const char *nickname)
{
	struct event event = {.type = EVENT_ROOM_JOIN, .room = {.name = "#a", .nickname = nickname}};

	assert_int_equal(router_from_frontend(session_find(fx->transport, frontend, address, resource), &event), 0);
	participant(address, "#a", nickname, 0, STATUS_ONLINE);
}

/* alice looks, from where rooms are her own; dave is of the frontend that shares them. Neither is in the room. */
static void start(bool pictures)
{
	static const char *const overrides[] = {"service.frontend=xmpp", "service.frontend=other"};

	fixture_start(overrides, 2);
	viewing = *fx->frontend->ops;
	plain_deliver = viewing.deliver;
	viewing.deliver = deliver;
	fx->frontend->ops = &viewing;
	sharing = *fx->other->ops;
	sharing.shares_rooms = true;
	sharing.card = card;
	sharing.deliver = deliver;
	fx->other->ops = &sharing;
	asked_count = 0;
	has_pictures = pictures;
	store_account("alice@x", "al", "pw");
	store_account("dave@x", "dv", "pw");
	log_in_at(fx->frontend, "alice@x", "m");
	log_in_at(fx->other, "dave@x", "s");
	forget();
}

#define FIRST "  picture 26f580ae\n"  /* SHA-1 of "smile" */
#define SECOND "  picture 07120c7b\n" /* of "frown" */

static void test_in_the_room_before(void **state)
{
	(void)state;
	start(true);
	enter_at(fx->other, "dave@x", "s", "dv");
	assert_int_equal(asked_count, 0); /* nobody looks */
	forget();
	assert_int_equal(from_person("alice@x", "m",
				     (struct event){.type = EVENT_ROOM_JOIN, .room = {.name = "#A", .nickname = "al"}}),
			 0);
	participant("alice@x", "#a", "dv", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "bob", 0, STATUS_ONLINE);
	assert_int_equal(asked_count, 0);
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	assert_int_equal(asked_count, 1);
	assert_string_equal(asked[0].address, "dave@x");
	forget();
	give(0, "smile");
	expect("alice@x/m participant #A dv online\n" FIRST);
	/* A second client, and somebody else: it is known. */
	attach("alice@x", "n");
	join("alice@x", "n", "#a", "al");
	assert_true(was_told("alice@x/n participant #A dv online\n" FIRST));
	assert_int_equal(asked_count, 1);
}

static void test_comes_later(void **state)
{
	(void)state;
	start(true);
	enter_at(fx->frontend, "alice@x", "m", "al");
	/* She sees him before his own connection says that he is in. */
	participant("alice@x", "#a", "dv", 0, STATUS_ONLINE);
	assert_int_equal(asked_count, 0);
	enter_at(fx->other, "dave@x", "s", "dv");
	assert_int_equal(asked_count, 1);
	forget();
	give(0, "smile");
	expect("alice@x/m participant #a dv online\n" FIRST);
	/* He goes, and comes again. */
	participant("alice@x", "#a", "dv", 0, STATUS_OFFLINE);
	participant("alice@x", "#a", "dv", 0, STATUS_ONLINE);
	expect("alice@x/m participant #a dv offline\nalice@x/m participant #a dv online\n"
	       "alice@x/m participant #a dv online\n" FIRST);
	/* What he is doing changes nothing of it. */
	participant("alice@x", "#a", "dv", 0, STATUS_AWAY);
	expect("alice@x/m participant #a dv away\n");
}

static void test_another_nickname(void **state)
{
	const struct event_participant renamed = {.room = "#a", .nickname = "dv", .new_nickname = "davy"};

	(void)state;
	start(true);
	enter_at(fx->frontend, "alice@x", "m", "al");
	enter_at(fx->other, "dave@x", "s", "dv");
	participant("alice@x", "#a", "dv", 0, STATUS_ONLINE);
	give(0, "smile");
	forget();
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_PARTICIPANT, .user = "alice@x", .participant = renamed});
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_PARTICIPANT, .user = "dave@x", .participant = renamed});
	expect("alice@x/m participant #a dv online now=davy\n"
	       "dave@x/s participant #a dv online now=davy self\n"
	       "alice@x/m participant #a davy online\n" FIRST);
}

static void test_another_picture(void **state)
{
	(void)state;
	start(true);
	portrait_changed(fx->other, "dave@x"); /* which nobody has seen */
	assert_int_equal(asked_count, 0);
	enter_at(fx->frontend, "alice@x", "m", "al");
	enter_at(fx->other, "dave@x", "s", "dv");
	participant("alice@x", "#a", "dv", 0, STATUS_ONLINE);
	/* While the first is on its way. */
	portrait_changed(fx->other, "dave@x");
	assert_int_equal(asked_count, 1);
	forget();
	give(0, "smile");
	expect("");
	assert_int_equal(asked_count, 2);
	give(1, "smile");
	portrait_changed(fx->other, "dave@x");
	give(2, "frown");
	expect("alice@x/m participant #a dv online\n" FIRST "alice@x/m participant #a dv online\n" SECOND);
	/* He takes it away. */
	has_pictures = false;
	portrait_changed(fx->other, "dave@x");
	expect("alice@x/m participant #a dv online\n  picture \n");
}

static void ask_card(const char *name, uint32_t id)
{
	assert_int_equal(
		from_person("alice@x", "m",
			    (struct event){.type = EVENT_VCARD_REQUEST, .vcard = {.name = name, .id = id}}),
		0);
}

static void test_card(void **state)
{
	(void)state;
	start(true);
	enter_at(fx->frontend, "alice@x", "m", "al");
	enter_at(fx->other, "dave@x", "s", "dv");
	participant("alice@x", "#a", "dv", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "bob", 0, STATUS_ONLINE);
	give(0, "smile");
	forget();
	ask_card("#a/dv", 7);
	ask_card("#a/dv", 8); /* the same answer is for both */
	assert_int_equal(asked_count, 2);
	expect("");
	give(1, "smile");
	expect("alice@x/m card #a/dv 7 'Dave'\n  photo smile\nalice@x/m card #a/dv 8 'Dave'\n  photo smile\n");
	/* Of others the network knows. */
	ask_card("#a/bob", 9);
	expect("b1 card? #a/bob 3\n");
	/* So it does if the picture cannot be had. */
	ask_card("#a/dv", 10);
	asked[2].done(asked[2].context, NULL);
	expect("b1 card? #a/dv 4\n");
	/* For some time nobody tries again. */
	ask_card("#a/dv", 11);
	expect("b1 card? #a/dv 5\n");
	assert_int_equal(asked_count, 3);
}

static void test_too_large(void **state)
{
	static char large[LIMIT_PORTRAIT_BYTES + 2];

	(void)state;
	start(true);
	enter_at(fx->frontend, "alice@x", "m", "al");
	enter_at(fx->other, "dave@x", "s", "dv");
	participant("alice@x", "#a", "dv", 0, STATUS_ONLINE);
	forget();
	memset(large, 'x', sizeof(large) - 1);
	give(0, large);
	expect("");
}

static void test_none(void **state)
{
	(void)state;
	start(false);
	enter_at(fx->frontend, "alice@x", "m", "al");
	enter_at(fx->other, "dave@x", "s", "dv");
	participant("alice@x", "#a", "dv", 0, STATUS_ONLINE);
	forget();
	ask_card("#a/dv", 7);
	expect("b1 card? #a/dv 1\n");
	/* Then there is one. */
	has_pictures = true;
	portrait_changed(fx->other, "dave@x");
	give(0, "smile");
	expect("alice@x/m participant #a dv online\n" FIRST);
}

static void test_of_the_network(void **state)
{
	(void)state;
	start(true);
	enter_at(fx->frontend, "alice@x", "m", "al");
	enter_at(fx->other, "dave@x", "s", "dv");
	forget();
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_PARTICIPANT,
				    .user = "alice@x",
				    .participant = {.room = "#a", .nickname = "dv", .icon_hash = "0123456789"}});
	expect("alice@x/m participant #a dv online\n  picture 01234567\n");
	ask_card("#a/dv", 7);
	expect("b1 card? #a/dv 1\n");
}

static void test_so_many_at_once(void **state)
{
	char address[16], nickname[16];

	(void)state;
	start(true);
	enter_at(fx->frontend, "alice@x", "m", "al");
	for (unsigned i = 0; i < LIMIT_PORTRAITS_ASKED + 2; i++) {
		snprintf(address, sizeof(address), "p%u@x", i);
		snprintf(nickname, sizeof(nickname), "p%u", i);
		store_account(address, nickname, "pw");
		log_in_at(fx->other, address, "s");
		enter_at(fx->other, address, "s", nickname);
		participant("alice@x", "#a", nickname, 0, STATUS_ONLINE);
	}
	assert_int_equal(asked_count, LIMIT_PORTRAITS_ASKED);
	forget();
	give(0, "smile");
	expect("alice@x/m participant #a p0 online\n" FIRST);
	assert_int_equal(asked_count, LIMIT_PORTRAITS_ASKED + 1);
	give(1, "smile");
	assert_int_equal(asked_count, LIMIT_PORTRAITS_ASKED + 2);
}

static void person(unsigned number, enum status status)
{
	char nickname[16];

	snprintf(nickname, sizeof(nickname), "p%u", number);
	participant("alice@x", "#a", nickname, 0, status);
}

/* Whoever was not looked at for longest is forgotten, and asked for again. */
static void test_so_many_people(void **state)
{
	char address[16], nickname[16];

	(void)state;
	start(true);
	enter_at(fx->frontend, "alice@x", "m", "al");
	for (unsigned i = 0; i < LIMIT_PORTRAITS + 1; i++) {
		snprintf(address, sizeof(address), "p%u@x", i);
		snprintf(nickname, sizeof(nickname), "p%u", i);
		store_account(address, nickname, "pw");
		log_in_at(fx->other, address, "s");
		enter_at(fx->other, address, "s", nickname);
		assert_int_equal(asked_count, 1);
		give(0, "smile");
		asked_count = 0;
	}
	forget();
	person(LIMIT_PORTRAITS, STATUS_ONLINE);
	assert_int_equal(asked_count, 0);
	person(0, STATUS_ONLINE);
	assert_int_equal(asked_count, 1);
	assert_string_equal(asked[0].address, "p0@x");
}

static void test_ends_meanwhile(void **state)
{
	(void)state;
	start(true);
	enter_at(fx->frontend, "alice@x", "m", "al");
	enter_at(fx->other, "dave@x", "s", "dv");
	participant("alice@x", "#a", "dv", 0, STATUS_ONLINE);
	ask_card("#a/dv", 7);
	session_detach(find("alice@x", "m"));
	session_detach(session_find(fx->transport, fx->other, "dave@x", "s"));
	forget();
	give(0, "smile");
	expect("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_the_room_before, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_comes_later, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_another_nickname, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_another_picture, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_card, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_too_large, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_none, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_of_the_network, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_so_many_at_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_so_many_people, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_ends_meanwhile, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
