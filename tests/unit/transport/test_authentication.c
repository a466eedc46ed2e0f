/* SPDX-License-Identifier: MIT */
/* Logins with a password: the legacy network decides, and nothing is left of a login that failed. */
#include "tests/unit/transport/fixture.h"

static void connected(void)
{
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
}

static void disconnected(int error, const char *text)
{
	from_backend(&fx->backends[0], (struct event){.type = EVENT_DISCONNECTED,
						      .user = "alice@x",
						      .disconnected = {.error = error, .text = text}});
}

static void authenticate(const char *password)
{
	session_authenticate(fx->frontend, "alice@x", "alice", password);
}

static void nothing_is_left(void)
{
	assert_int_equal(map_count(fx->transport->users), 0);
	assert_int_equal(map_count(fx->transport->authentications), 0);
	assert_int_equal(fx->backends[0].users_count, 0);
}

static void test_success(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	authenticate("pw");
	expect("");
	store_pump();
	expect("store add alice@x alice\nb1 login alice pw\n");
	assert_string_equal(store_password("alice@x"), "");
	connected();
	expect("frontend authenticated alice@x 0\nstore online 1\n");
	store_pump();
	assert_string_equal(store_password("alice@x"), "pw");
	forget();
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	expect("alice@x/phone session connected\nb1 status online ''\n");
	/* A second client: the password is compared, the session goes on. */
	authenticate("wrong");
	store_pump();
	expect("frontend authenticated alice@x -7\n");
	authenticate("pw");
	store_pump();
	expect("frontend authenticated alice@x 0\n");
	session_expire(fx->transport, clock_ms() + 100000);
	assert_int_equal(map_count(fx->transport->authentications), 0);
	assert_non_null(user_find(fx->transport, "alice@x"));
}

static void test_a_network_that_takes_any_password(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	fx->transport->features.password_unchecked = true;
	authenticate("first");
	store_pump();
	connected();
	store_pump();
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	session_detach_all(fx->frontend, "alice@x");
	store_pump();
	session_expire(fx->transport, clock_ms() + 100000);
	nothing_is_left();
	forget();
	authenticate("another");
	store_pump();
	expect("frontend authenticated alice@x -7 Wrong password.\n");
	nothing_is_left();
	forget();
	authenticate("first");
	store_pump();
	expect("b1 login alice first\n");
	connected();
	expect("frontend authenticated alice@x 0\nstore online 1\n");
}

static void test_new_account_fails(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	authenticate("pw");
	store_pump();
	forget();
	disconnected(CONNECTION_ERROR_AUTHENTICATION_FAILED, "Wrong password.");
	expect("b1 logout alice\nfrontend authenticated alice@x -7 Wrong password.\n");
	store_pump();
	assert_false(store_has("alice@x"));
	nothing_is_left();
	/* No silent retries either. */
	authenticate("pw");
	store_pump();
	forget();
	disconnected(CONNECTION_ERROR_NETWORK, "No route.");
	expect("b1 logout alice\nfrontend authenticated alice@x -11 No route.\n");
	nothing_is_left();
}

static void test_known_account_fails(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "alice", "good");
	authenticate("bad");
	store_pump();
	expect("b1 login alice bad\n");
	disconnected(CONNECTION_ERROR_AUTHENTICATION_FAILED, "Wrong password.");
	store_pump();
	assert_true(store_has("alice@x"));
	assert_string_equal(store_password("alice@x"), "good");
	nothing_is_left();
}

/* A network that asks for no password vouches for nobody: the first one who takes a name keeps it. */
static void test_network_without_passwords(void **state)
{
	static const char config[] = "[registration]\nneedPassword=0\n";

	(void)state;
	fixture_start(NULL, 0);
	transport_backend_config(fx->transport, config, strlen(config));
	authenticate("mine");
	store_pump();
	connected();
	store_pump();
	assert_string_equal(store_password("alice@x"), "mine");
	session_authenticate_cancel(fx->frontend, "alice@x");
	store_pump();
	nothing_is_left();
	forget();
	authenticate("theirs");
	store_pump();
	expect("frontend authenticated alice@x -7 Wrong password.\n");
	nothing_is_left();
	authenticate("mine");
	store_pump();
	expect("b1 login alice mine\n");
	connected();
	expect("frontend authenticated alice@x 0\nstore online 1\n");
	session_authenticate_cancel(fx->frontend, "alice@x");
	/* Made by registration, without a password: whoever logs in first sets one. */
	store_account("bob@x", "bob", "");
	forget();
	session_authenticate(fx->frontend, "bob@x", "bob", "new");
	store_pump();
	expect("b1 login bob new\n");
}

static void test_backend_lost(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	authenticate("pw");
	store_pump();
	forget();
	struct user *user = user_find(fx->transport, "alice@x");

	list_remove(&user->backend_link);
	fx->backends[0].users_count--;
	user_backend_lost(user, "The backend has ended.");
	expect("frontend authenticated alice@x -11 The backend has ended.\n");
	nothing_is_left();
}

static void test_cancel(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	/* Before the account is looked up, before it is made, and during the login. */
	for (int answered = 0; answered < 3; answered++) {
		authenticate("pw");
		for (int i = 0; i < answered; i++)
			store_pump_one();
		session_authenticate_cancel(fx->frontend, "alice@x");
		store_pump();
		assert_false(was_told("authenticated"));
		assert_false(store_has("alice@x"));
		nothing_is_left();
		forget();
	}
	/* After success, without ever attaching. */
	authenticate("pw");
	store_pump();
	connected();
	forget();
	session_authenticate_cancel(fx->frontend, "alice@x");
	expect("b1 logout alice\nstore online 0\n");
	store_pump();
	assert_true(store_has("alice@x"));
	nothing_is_left();
}

static void test_never_attached(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	authenticate("pw");
	store_pump();
	connected();
	session_expire(fx->transport, clock_ms());
	assert_non_null(user_find(fx->transport, "alice@x"));
	session_expire(fx->transport, clock_ms() + LIMIT_C2S_AUTH_SECONDS * 1000 + 1);
	nothing_is_left();
}

static void test_second_attempt(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	authenticate("first");
	store_pump_one();
	authenticate("second");
	expect("frontend authenticated alice@x -13\n");
	store_pump();
	expect("store add alice@x alice\nb1 login alice second\n");
	/* The account is as new to the second attempt as to the first. */
	authenticate("third");
	expect("b1 logout alice\nfrontend authenticated alice@x -13\n");
	store_pump();
	expect("store remove alice@x\nstore add alice@x alice\nb1 login alice third\n");
	disconnected(CONNECTION_ERROR_AUTHENTICATION_FAILED, "No.");
	store_pump();
	assert_false(store_has("alice@x"));
	nothing_is_left();
}

static void test_switched_off(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "alice", "pw");
	store_setting("alice@x", "enable_transport", "0");
	authenticate("pw");
	store_pump();
	expect("frontend authenticated alice@x -4 This account is switched off in its settings.\n");
	nothing_is_left();
}

static void test_removed_meanwhile(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "alice", "pw");
	authenticate("pw");
	store_pump();
	forget();
	struct user *user = user_find(fx->transport, "alice@x");

	user_destroy(&user, "gone");
	expect("frontend authenticated alice@x -13\nb1 logout alice\n");
	nothing_is_left();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_success), TEST(test_a_network_that_takes_any_password),
		TEST(test_new_account_fails),
		TEST(test_known_account_fails),
		TEST(test_network_without_passwords),
		TEST(test_backend_lost),
		TEST(test_cancel),
		TEST(test_never_attached),
		TEST(test_second_attempt),
		TEST(test_switched_off),
		TEST(test_removed_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
