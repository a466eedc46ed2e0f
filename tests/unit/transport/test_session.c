/* SPDX-License-Identifier: MIT */
/* Sessions: login, logout, retries, what comes while the store has not answered. */
#include "tests/unit/transport/fixture.h"

static void disconnected(int error, const char *text)
{
	from_backend(&fx->backends[0], (struct event){.type = EVENT_DISCONNECTED,
						      .user = "alice@x",
						      .disconnected = {.error = error, .text = text}});
}

static void lose_backend(struct user *user)
{
	user->backend->users_count--;
	list_remove(&user->backend_link);
	user_backend_lost(user, "The backend has ended.");
}

static void test_login_and_logout(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	store_setting("alice@x", "enable_transport", "1");
	store_setting("alice@x", "bot_token", "secret");
	store_setting("alice@x", "irc.nick", "al2");
	session_presence(attach("alice@x", "phone"), STATUS_AWAY, "brb", 5);
	expect("");
	store_pump();
	expect("alice@x session connecting\n"
	       "b1 login al pw irc.nick=al2\n"
	       "b1 status away 'brb'\n");
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	expect("store online 1\nalice@x session connected\n");
	/* Only what differs is told. */
	session_presence(find("alice@x", "phone"), STATUS_AWAY, "brb", 5);
	expect("");
	session_presence(attach("alice@x", "desk"), STATUS_DO_NOT_DISTURB, NULL, 10);
	expect("alice@x/desk session connected\nb1 status dnd ''\n");
	session_detach(find("alice@x", "desk"));
	expect("b1 status away 'brb'\n");
	session_detach(find("alice@x", "phone"));
	expect("b1 logout al\nstore online 0\n");
	assert_null(user_find(fx->transport, "alice@x"));
	assert_int_equal(map_count(fx->transport->identities), 0);
	assert_int_equal(fx->backends[0].users_count, 0);
}

static void test_waits_for_a_backend(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	fx->gives = NULL;
	store_account("alice@x", "al", "pw");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	expect("alice@x session connecting\n");
	assert_int_equal(user_find(fx->transport, "alice@x")->state, USER_WAITING);
	session_detach_all(fx->frontend, "alice@x");
	expect("");
	assert_int_equal(map_count(fx->transport->users), 0);
}

static void test_detach_while_loading(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	session_detach(find("alice@x", "phone"));
	assert_int_equal(map_count(fx->transport->identities), 0);
	store_pump();
	expect("");
	/* Gone and come back: two answers, one session. */
	attach("alice@x", "phone");
	session_detach_all(fx->frontend, "alice@x");
	session_presence(attach("alice@x", "desk"), STATUS_ONLINE, NULL, 0);
	store_pump();
	expect("alice@x session connecting\nb1 login al pw\nb1 status online ''\n");
}

static void test_while_loading(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	attach("alice@x", "phone");
	join("alice@x", "phone", "#a", "al");
	join("alice@x", "phone", "#b", "al");
	assert_int_equal(from_person("alice@x", "phone",
				     (struct event){.type = EVENT_ROOM_LEAVE, .room = {.name = "#a"}}),
			 0);
	assert_int_equal(
		from_person("alice@x", "phone",
			    (struct event){.type = EVENT_MESSAGE, .message = {.name = "bob", .text = "hi"}}),
		TP_ERR_NOT_CONNECTED);
	store_pump();
	expect("alice@x session connecting\nb1 login al pw\n");
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	expect("store online 1\nalice@x session connected\nb1 join #b al\n");
}

static void test_unregistered(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	attach("eve@x", "phone");
	join("eve@x", "phone", "#a", "eve");
	store_pump();
	expect("eve@x session unregistered\neve@x/phone participant #a eve offline flags=8 self\n");
	assert_int_equal(map_count(fx->transport->identities), 0);
}

static void test_registers_automatically(void **state)
{
	static const char config[] = "[registration]\nneedRegistration=0\n";

	(void)state;
	fixture_start(NULL, 0);
	transport_backend_config(fx->transport, config, strlen(config));
	expect("frontend features\n");
	session_attach(fx->frontend, "eve@x", "phone", "evi");
	store_pump();
	expect("store add eve@x evi\neve@x session connecting\nb1 login evi \n");
	session_attach(fx->frontend, "bob@x", "phone", NULL);
	store_pump();
	expect("store add bob@x bob@x\nbob@x session connecting\nb1 login bob@x \n");
	/* Left before the account was there: the account stays, nobody is logged in. */
	attach("tom@x", "phone");
	store_pump_one();
	session_detach_all(fx->frontend, "tom@x");
	store_pump();
	expect("store add tom@x tom@x\n");
	assert_null(user_find(fx->transport, "tom@x"));
}

static void test_disabled(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	store_setting("alice@x", "enable_transport", "0");
	attach("alice@x", "phone");
	store_pump();
	expect("alice@x session disabled 'This account is switched off in its settings.'\n");
	assert_int_equal(map_count(fx->transport->users), 0);
}

static void test_vip_only(void **state)
{
	static const char *const config[] = {"service.vip_only=1", "service.vip_message=Only friends."};

	(void)state;
	fixture_start(config, 2);
	store_account("alice@x", "al", "pw");
	attach("alice@x", "phone");
	store_pump();
	expect("alice@x session disabled 'Only friends.'\n");
}

static void test_fatal_error(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	join("alice@x", "phone", "#a", "al");
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	forget();
	disconnected(CONNECTION_ERROR_AUTHENTICATION_FAILED, "Wrong password.");
	expect("b1 logout al\n"
	       "alice@x/phone leave #a 'Wrong password.'\n"
	       "store online 0\n"
	       "alice@x session failed 2 'Wrong password.'\n");
	/* Any presence tries again. */
	session_presence(find("alice@x", "phone"), STATUS_AWAY, NULL, 0);
	expect("alice@x session connecting\nb1 login al pw\nb1 status away ''\n");
}

static int answer(const char *name)
{
	return from_person("alice@x", "phone",
			   (struct event){.type = EVENT_MESSAGE, .message = {.name = name, .text = "42"}});
}

static void test_questions_during_the_login(void **state)
{
	struct event question = {.type = EVENT_MESSAGE,
				 .user = "alice@x",
				 .message = {.name = "Guide", .text = "Which code?"}};

	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	forget();
	/* What is written before waits for the end of the login. */
	assert_int_equal(answer("guide"), 0);
	expect("");
	from_backend(&fx->backends[0], question);
	expect("alice@x/phone message Guide: Which code?\n");
	/* Who has asked is answered, nobody else. */
	assert_int_equal(answer("guide"), 0);
	assert_int_equal(answer("bob"), 0);
	expect("b1 message guide: 42\n");
	fx->queued = LIMIT_BACKEND_OUT_HIGH + 1;
	assert_int_equal(answer("guide"), 0);
	expect("");
	fx->queued = 0;
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	assert_true(was_told("b1 message bob: 42\n"));
	/* In a session nothing is a question. */
	from_backend(&fx->backends[0], question);
	user_disconnected(user_find(fx->transport, "alice@x"), CONNECTION_ERROR_NETWORK, "");
	forget();
	wait_for("b1 login");
	forget();
	assert_int_equal(answer("guide"), 0);
	expect("");
}

/* Error 0 and 16: three times by itself. What else may be done is the person's. */
static void test_three_silent_retries(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	struct user *user = log_in("alice@x", "phone");

	for (int i = 0; i < USER_RETRIES; i++) {
		disconnected(i % 2 ? CONNECTION_ERROR_NETWORK : CONNECTION_ERROR_OTHER, "Lost.");
		assert_int_equal(user->state, USER_RETRYING);
		assert_false(was_told("failed"));
		/* Not after seconds here. */
		uv_timer_set_repeat(user->retry_timer, 1);
		uv_timer_again(user->retry_timer);
		forget();
		wait_for("b1 login al pw\n");
	}
	disconnected(CONNECTION_ERROR_OTHER, "Lost.");
	assert_int_equal(user->state, USER_FAILED);
	assert_true(was_told("alice@x session failed 16 'Lost.'"));
	/* The person acts, and counts from the beginning. */
	forget();
	session_presence(find("alice@x", "phone"), STATUS_AWAY, NULL, 0);
	assert_true(was_told("b1 login al pw\n"));
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	disconnected(CONNECTION_ERROR_NETWORK, "Lost.");
	assert_int_equal(user->state, USER_RETRYING);
	/* Anything else is final at once. */
	uv_timer_set_repeat(user->retry_timer, 1);
	uv_timer_again(user->retry_timer);
	forget();
	wait_for("b1 login");
	disconnected(CONNECTION_ERROR_AUTHENTICATION_FAILED, "Wrong.");
	assert_int_equal(user->state, USER_FAILED);
}

static void test_retries(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	store_contact("alice@x", "bob");
	struct user *user = log_in("alice@x", "phone");

	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONTACT,
						      .user = "alice@x",
						      .contact = {.name = "bob", .status = STATUS_ONLINE}});
	forget();
	disconnected(CONNECTION_ERROR_NETWORK, "Lost.");
	expect("b1 logout al\nalice@x/phone contact bob '' offline\nalice@x session reconnecting 'Lost.'\n");
	assert_int_equal(user->state, USER_RETRYING);
	assert_int_equal(
		from_person("alice@x", "phone",
			    (struct event){.type = EVENT_CHAT_STATE, .chat_state = {.name = "bob"}}),
		TP_ERR_NOT_CONNECTED);
	wait_for("b1 login");
	expect("b1 login al pw\nb1 status online ''\n");
	/* The second one in a row is silent. */
	disconnected(CONNECTION_ERROR_OTHER, "Lost.");
	expect("b1 logout al\n");
	user->retries = USER_RETRIES;
	user->state = USER_CONNECTING;
	user->login_sent = true;
	user->backend = &fx->backends[0];
	disconnected(CONNECTION_ERROR_OTHER, "Lost.");
	expect("b1 logout al\nstore online 0\nalice@x session failed 16 'Lost.'\n");
}

static void test_leaves_while_retrying(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	disconnected(CONNECTION_ERROR_NETWORK, "Lost.");
	forget();
	session_detach_all(fx->frontend, "alice@x");
	expect("store online 0\n");
	assert_int_equal(map_count(fx->transport->users), 0);
}

static void test_backend_lost(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	struct user *user = log_in("alice@x", "phone");

	join("alice@x", "phone", "#a", "al");
	participant("alice@x", "#a", "bob", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "eve", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	forget();
	lose_backend(user);
	expect("alice@x session reconnecting 16 'The backend has ended.'\n");
	wait_for("b1 login");
	forget();
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	expect("store online 1\nalice@x session connected\nb1 join #a al\n");
	/* eve has left meanwhile, tom has come. */
	participant("alice@x", "#a", "bob", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "tom", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	expect("alice@x/phone participant #a bob online\n"
	       "alice@x/phone participant #a tom online\n"
	       "alice@x/phone participant #a eve offline\n"
	       "alice@x/phone participant #a al online self\n");
	assert_int_equal(
		from_person("alice@x", "phone",
			    (struct event){.type = EVENT_MESSAGE,
					   .message = {.kind = MESSAGE_ROOM, .name = "#a", .text = "hi"}}),
		0);
}

/* A program that fails is no reason to give up: it is nothing that the person could mend. */
static void test_backend_lost_again_and_again(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	struct user *user = log_in("alice@x", "phone");

	forget();
	for (int i = 0; i < 2 * USER_RETRIES; i++) {
		lose_backend(user);
		assert_int_equal(user->state, USER_RETRYING);
		uv_timer_start(user->retry_timer, user->retry_timer->timer_cb, 0, 0);
		wait_for("b1 login");
		forget();
	}
}

static void test_stays_connected(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	store_setting("alice@x", "stay_connected", "1");
	struct user *user = log_in("alice@x", "phone");

	join("alice@x", "phone", "#a", "al");
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	forget();
	session_detach_all(fx->frontend, "alice@x");
	expect("");
	assert_int_equal(user->state, USER_CONNECTED);
	from_backend(&fx->backends[0], (struct event){.type = EVENT_MESSAGE,
						      .user = "alice@x",
						      .message = {.name = "bob", .text = "hi"}});
	expect("alice@x message bob: hi\n");
	/* The room was kept. */
	attach("alice@x", "desk");
	join("alice@x", "desk", "#a", "al");
	expect("alice@x/desk participant #a al online self\n");
}

static void test_logout_and_relogin(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	struct user *user = log_in("alice@x", "phone");

	user_logout(user);
	expect("b1 logout al\nstore online 0\nalice@x session logged-out\n");
	/* An automatic "away" does not log in again, a new client does. */
	session_presence(find("alice@x", "phone"), STATUS_AWAY, NULL, 0);
	expect("");
	session_presence(attach("alice@x", "desk"), STATUS_ONLINE, NULL, 0);
	expect("alice@x session connecting\nb1 login al pw\nb1 status online ''\n");
	user_relogin(user);
	expect("b1 logout al\nalice@x session connecting\nb1 login al pw\nb1 status online ''\n");
}

static void test_resource_limit(void **state)
{
	char name[16];

	(void)state;
	fixture_start(NULL, 0);
	for (int i = 0; i < LIMIT_RESOURCES_PER_IDENTITY; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		assert_non_null(attach("alice@x", name));
	}
	assert_null(attach("alice@x", "one-more"));
	assert_non_null(attach("alice@x", "r3"));
}

static void test_contacts_on_login(void **state)
{
	static const char config[] = "[features]\nsend_buddies_on_login=1\n";

	(void)state;
	fixture_start(NULL, 0);
	transport_backend_config(fx->transport, config, strlen(config));
	store_account("alice@x", "al", "pw");
	store_contact("alice@x", "bob");
	store_contact("alice@x", "Eve");
	forget();
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	expect("alice@x session connecting\nb1 login al pw\nb1 contacts bob Eve\nb1 status online ''\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_login_and_logout),
		TEST(test_waits_for_a_backend),
		TEST(test_detach_while_loading),
		TEST(test_while_loading),
		TEST(test_unregistered),
		TEST(test_registers_automatically),
		TEST(test_disabled),
		TEST(test_vip_only),
		TEST(test_fatal_error),
		TEST(test_questions_during_the_login),
		TEST(test_three_silent_retries),
		TEST(test_retries),
		TEST(test_leaves_while_retrying),
		TEST(test_backend_lost),
		TEST(test_backend_lost_again_and_again),
		TEST(test_stays_connected),
		TEST(test_logout_and_relogin),
		TEST(test_resource_limit),
		TEST(test_contacts_on_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
