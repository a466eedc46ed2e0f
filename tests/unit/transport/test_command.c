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

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_settings),
		TEST(test_settings_of_who_is_offline),
		TEST(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
