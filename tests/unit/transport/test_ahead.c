/* SPDX-License-Identifier: MIT */
/* Looking ahead finds whoever it is told of in any state, and changes nothing but what is looked at first. */
#include <stdio.h>

#include "tests/unit/transport/fixture.h"
#include "transport/routing/ahead.h"

#define NAMES 40 /* several times what is looked at at once */

static void look(const char *const *names, size_t count)
{
	struct ahead users = {0}, addresses = {0};

	for (size_t i = 0; i < count; i++) {
		ahead_user(&users, fx->transport, names[i], strlen(names[i]));
		ahead_address(&addresses, fx->frontend, names[i], strlen(names[i]));
		assert_true(users.count < MAP_SEVERAL && addresses.count < MAP_SEVERAL);
	}
	ahead_users_end(&users, fx->transport);
	ahead_addresses_end(&addresses, fx->frontend);
	assert_int_equal(users.count, 0);
	assert_int_equal(addresses.count, 0);
}

static void test_any_state(void **state)
{
	static char long_name[3000];
	const char *const names[] = {"alice@x", "alice@x", "bob@x", "nobody@x", "", long_name, "loading@x"};

	(void)state;
	memset(long_name, 'x', sizeof(long_name) - 1);
	fixture_start(NULL, 0);
	look(names, ARRAY_SIZE(names));
	store_account("alice@x", "al", "pw");
	store_account("bob@x", "bo", "pw");
	store_account("loading@x", "lo", "pw");
	/* Nothing said yet; then a conversation that somebody began, and one that nobody did; then without a client. */
	log_in("alice@x", "phone");
	look(names, ARRAY_SIZE(names));
	log_in("bob@x", "phone");
	attach("loading@x", "phone");
	from_backend(&fx->backends[0], (struct event){.type = EVENT_MESSAGE,
						      .user = "bob@x",
						      .message = {.name = "carol", .text = "hello"}});
	from_person("alice@x", "phone",
		    (struct event){.type = EVENT_MESSAGE, .message = {.name = "carol", .text = "hi", .id = "1"}});
	forget();
	look(names, ARRAY_SIZE(names));
	expect("");
	session_detach(find("alice@x", "phone"));
	look(names, ARRAY_SIZE(names));
	store_pump();
	forget();
	look(names, ARRAY_SIZE(names));
	expect("");
}

static void test_many(void **state)
{
	char texts[NAMES][16];
	const char *names[NAMES];

	(void)state;
	fixture_start(NULL, 0);
	assert_false(ahead_pays(fx->transport));
	for (int i = 0; i < NAMES; i++) {
		snprintf(texts[i], sizeof(texts[i]), "u%d@x", i);
		names[i] = texts[i];
	}
	for (int i = 0; i < 5; i++) {
		store_account(names[i * 8], names[i * 8], "pw");
		log_in(names[i * 8], "phone");
	}
	forget();
	look(names, NAMES);
	expect("");
	/* Just as many as are looked at at once: nobody is left for the end. */
	look(names, MAP_SEVERAL);
	assert_ptr_equal(ahead_find(fx->transport, names[8]), user_find(fx->transport, names[8]));
}

/* Who was foreseen is found in that order and once; whoever is passed over, has gone, or was not here, is not. */
static void test_find(void **state)
{
	const char *const names[] = {"a@x", "b@x", "nobody@x", "c@x", "a@x", "d@x"};

	(void)state;
	fixture_start(NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i][0] != 'n' && i != 4) {
			store_account(names[i], names[i], "pw");
			log_in(names[i], "phone");
		}
	assert_null(ahead_find(fx->transport, "a@x"));
	look(names, ARRAY_SIZE(names));
	assert_null(ahead_find(fx->transport, "nobody@x"));
	assert_ptr_equal(ahead_find(fx->transport, "a@x"), user_find(fx->transport, "a@x"));
	assert_ptr_equal(ahead_find(fx->transport, "c@x"), user_find(fx->transport, "c@x"));
	assert_null(ahead_find(fx->transport, "b@x"));
	assert_non_null(ahead_find(fx->transport, "a@x"));
	assert_null(ahead_find(fx->transport, "a@x"));

	struct user *user = user_find(fx->transport, "d@x");

	user_destroy(&user, NULL);
	assert_null(ahead_find(fx->transport, "d@x"));
	/* Those who come next are others. */
	look(names + 1, 1);
	assert_non_null(ahead_find(fx->transport, "b@x"));
	assert_null(ahead_find(fx->transport, "d@x"));
}

/* It is for many only. */
static void test_pays(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	for (int i = 0; i < 256; i++) {
		char name[16];

		assert_false(ahead_pays(fx->transport));
		snprintf(name, sizeof(name), "u%d", i);
		map_put(fx->transport->users, name, fx);
	}
	assert_true(ahead_pays(fx->transport));
	for (int i = 0; i < 256; i++) {
		char name[16];

		snprintf(name, sizeof(name), "u%d", i);
		map_remove(fx->transport->users, name);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_any_state), TEST(test_many), TEST(test_find), TEST(test_pays)};

	return cmocka_run_group_tests_name("ahead", tests, NULL, NULL);
}
