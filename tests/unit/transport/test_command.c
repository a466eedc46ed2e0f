/* SPDX-License-Identifier: MIT */
/* What people write to the gateway about themselves: settings, rooms. */
#include "tests/unit/transport/fixture.h"

static void test_settings(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	chat("alice@x", "settings");
	store_pump();
	assert_true(was_told("enable_transport: on"));
	forget();
	chat("alice@x", "settings stay_connected maybe");
	expect("answer -1 'stay_connected must be on or off.'\n");
	/* The network is left at once, and entered again. */
	chat("alice@x", "settings enable_transport off");
	store_pump();
	assert_true(was_told("b1 logout"));
	assert_true(was_told("answer 0 'Settings saved.'"));
	forget();
	chat("alice@x", "settings enable_transport on");
	store_pump();
	assert_true(was_told("b1 login"));
	assert_true(was_told("answer 0 'Settings saved.'"));
}

static void test_settings_of_who_is_offline(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	chat("alice@x", "settings stay_connected on");
	store_pump();
	assert_true(was_told("answer 0 'Settings saved.'"));
	assert_null(user_find(fx->transport, "alice@x"));
	forget();
	chat("carol@x", "settings stay_connected on");
	store_pump();
	assert_true(was_told("not registered"));
}

static void test_join(void **state)
{
	char name[LIMIT_NAME_BYTES + 16];

	(void)state;
	fixture_start(NULL, 0);
	chat("alice@x", "join #a");
	assert_true(was_told("come online first"));
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	memset(name, 'a', sizeof(name));
	memcpy(name, "join ", 5);
	name[sizeof(name) - 1] = '\0';
	forget();
	chat("alice@x", name);
	expect("answer -1 'That name is too long.'\n");
	/* The fake frontend offers no rooms: the core joins, as who the person is on the network if nothing else is said. */
	chat("alice@x", "join #a");
	assert_true(was_told("b1 join #a al"));
	assert_true(was_told("answer 0 'Joining #a.'"));
	forget();
	chat("alice@x", "join #b other");
	assert_true(was_told("b1 join #b other"));
}

static void ask_as(const char *name)
{
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_AUTH_REQUEST, .user = "alice@x", .contact = {.name = name}});
}

static void test_contact_requests(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	chat("alice@x", "accept eve");
	assert_true(was_told("answer -6 'You are not here"));
	store_account("alice@x", "al", "pw");
	struct user *user = log_in("alice@x", "phone");

	chat("alice@x", "accept eve");
	expect("answer -2 'eve has not asked for anything.'\n");
	ask_as("Eve X");
	forget();
	/* What is to be said is in the list, as it has to be written. */
	chat("alice@x", "contacts");
	assert_non_null(strstr(buf_text(&fx->answer), "accept \"Eve X\", or: refuse \"Eve X\""));
	forget();
	chat("alice@x", "accept \"Eve X\"");
	assert_true(was_told("b1 contact Eve X"));
	assert_true(was_told("answer 0 'Eve X may see when you are there"));
	assert_true(roster_find(user->roster, "Eve X")->subscribed);
	forget();
	chat("alice@x", "accept \"Eve X\"");
	expect("answer -2 'Eve X has not asked for anything.'\n");
	ask_as("mallory");
	forget();
	chat("alice@x", "refuse mallory");
	assert_true(was_told("b1 removed mallory"));
	assert_true(was_told("answer 0 'mallory is refused.'"));
	assert_null(roster_find(user->roster, "mallory"));
}

static void test_contacts_come_and_go(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	struct user *user = log_in("alice@x", "phone");

	chat("alice@x", "add bob Bobby");
	assert_true(was_told("store contact bob"));
	assert_true(was_told("b1 contact bob 'Bobby'"));
	assert_true(was_told("answer 0 'bob is among your contacts.'"));
	/* Another name for him; none: he keeps it. */
	chat("alice@x", "add bob Robert");
	chat("alice@x", "add bob");
	assert_string_equal(roster_find(user->roster, "bob")->alias, "Robert");
	forget();
	chat("alice@x", "remove bob");
	assert_true(was_told("store no-contact bob"));
	assert_true(was_told("answer 0 'bob is not among your contacts any more.'"));
	forget();
	chat("alice@x", "remove bob");
	expect("answer -2 'bob: there is no such contact.'\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_settings),
		TEST(test_settings_of_who_is_offline),
		TEST(test_join),
		TEST(test_contact_requests),
		TEST(test_contacts_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
