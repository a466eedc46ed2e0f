/* SPDX-License-Identifier: MIT */
/* People who are always there. */
#include "tests/unit/transport/fixture.h"

#include "transport/people/resident.h"

static void test_one_client(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	assert_null(resident_ready(fx->frontend, "alice@x"));
	const struct resource *resource = resident_attach(fx->frontend, "alice@x");

	assert_non_null(resource);
	assert_ptr_equal(resident_attach(fx->frontend, "alice@x"), resource);
	/* The store has not answered yet. */
	assert_null(resident_ready(fx->frontend, "alice@x"));
	resident_show_waiting(fx->frontend, "alice@x");
	resident_show_waiting(fx->frontend, "nobody@x");
	store_pump();
	expect("alice@x session connecting\nb1 login al pw\nb1 status online ''\n");
	assert_ptr_equal(resident_ready(fx->frontend, "alice@x"), find("alice@x", ""));
}

static void test_banned(void **state)
{
	(void)state;
	store_ban("tom@x", "spam");
	fixture_start(NULL, 0);
	store_pump();
	store_account("tom@x", "tom", "pw");
	resident_attach(fx->frontend, "tom@x");
	store_pump();
	assert_null(resident_ready(fx->frontend, "tom@x"));
}

static void says(enum session_state session, const char *text, bool *curious, const char *expected)
{
	const char *said = resident_session_text(&(struct event_session){.state = session, .text = text}, curious);

	if (expected)
		assert_string_equal(said, expected);
	else
		assert_null(said);
}

static void test_words(void **state)
{
	bool curious = false;

	(void)state;
	says(SESSION_CONNECTED, NULL, &curious, NULL);
	/* A trouble is told once, and its end. */
	says(SESSION_RECONNECTING, "", &curious, "The connection to the network was lost. I try again.");
	says(SESSION_RECONNECTING, "again", &curious, NULL);
	says(SESSION_CONNECTING, NULL, &curious, NULL);
	says(SESSION_CONNECTED, NULL, &curious, "You are connected to the network.");
	says(SESSION_CONNECTED, NULL, &curious, NULL);
	says(SESSION_RECONNECTING, "It is away.", &curious, "It is away.");
	says(SESSION_FAILED, "No such password.", &curious, "No such password.");
	says(SESSION_FAILED, NULL, &curious, "The login to the network has failed.");
	assert_true(curious);
	says(SESSION_DISABLED, NULL, &curious, "Your account here is switched off. Say: login");
	says(SESSION_UNREGISTERED, "x", &curious, NULL);
	says(SESSION_LOGGED_OUT, "x", &curious, NULL);
	assert_true(curious);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_one_client), TEST(test_banned), TEST(test_words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
