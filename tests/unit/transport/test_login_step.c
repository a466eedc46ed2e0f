/* SPDX-License-Identifier: MIT */
/* Logins that ask for more than a password, and what a backend keeps for the next one. */
#include "tests/unit/transport/fixture.h"
#include "transport/resume.h"

#define B1 (&fx->backends[0])
#define B2 (&fx->backends[1])

static void step(uint32_t number, enum login_step_kind kind, const char *text)
{
	from_backend(B1, (struct event){.type = EVENT_LOGIN_STEP,
	                                .user = "alice@x",
	                                .login_step = {.step = number, .kind = kind, .text = text}});
}

static void connected(void)
{
	from_backend(B1, (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	store_pump();
}

static void disconnected(int error, const char *text)
{
	from_backend(B1, (struct event){.type = EVENT_DISCONNECTED,
	                                .user = "alice@x",
	                                .disconnected = {.error = error, .text = text}});
	store_pump();
}

/* alice@x/phone, whose login has begun. */
static void begin(void)
{
	fixture_start(NULL, 0);
	B1->extended = B2->extended = true;
	store_account("alice@x", "al", "pw");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	expect("alice@x session connecting\nb1 values\nb1 login al pw\nb1 status online ''\n");
}

static struct user *alice(void)
{
	return user_find(fx->transport, "alice@x");
}

static void test_a_dialogue(void **state)
{
	static const char *const choices[] = {"by mail", "by phone"};

	(void)state;
	begin();
	chat("alice@x", "answer 1");
	expect("answer -2 'Nothing is asked at the moment.'\n");
	step(1, LOGIN_STEP_CODE, "Code?");
	expect("alice@x step 1 kind 3 'Code?'\n");
	chat("alice@x", "login");
	expect("b1 login answer 1 login\nanswer 0 'One moment, please.'\n"); /* all is an answer now */
	chat("alice@x", "answer 2");
	expect("answer -2 'That has been answered already.'\n");
	/* Wrong: the same again, in other words. */
	step(2, LOGIN_STEP_CODE, "Wrong code. Again?");
	forget();
	chat("alice@x", "  12 34\n");
	expect("b1 login answer 2 12 34\nanswer 0 'One moment, please.'\n");
	from_backend(B1, (struct event){.type = EVENT_LOGIN_STEP,
	                                .user = "alice@x",
	                                .login_step = {.step = 3,
	                                               .kind = LOGIN_STEP_CHOICE,
	                                               .text = "How?",
	                                               .choices = choices,
	                                               .choices_count = 2}});
	expect("alice@x step 3 kind 4 'How?' [by mail] [by phone]\n");
	chat("alice@x", "3");
	chat("alice@x", "by bird");
	chat("alice@x", " ");
	expect("answer -1 'That is none of the choices: a number from 1 to 2 is needed.'\n"
	       "answer -1 'That is none of the choices: a number from 1 to 2 is needed.'\n"
	       "answer -1 'The answer is empty.'\n");
	chat("alice@x", "2");
	expect("b1 login answer 3 by phone\nanswer 0 'One moment, please.'\n");
	/* A password is taken as it is. */
	step(4, LOGIN_STEP_SECRET, "Password?");
	forget();
	chat("alice@x", " a \\'b ");
	expect("b1 login answer 4  a \\'b \nanswer 0 'One moment, please.'\n");
	/* Nothing to answer: what is written is for us. */
	step(5, LOGIN_STEP_NOTICE, "Look at your phone.");
	expect("alice@x step 5 kind 0 'Look at your phone.'\n");
	chat("alice@x", "login");
	expect("answer 0 'Look at your phone.'\n");
	connected();
	assert_null(alice()->login_step);
	forget();
	chat("alice@x", "login");
	chat("alice@x", "cancel");
	expect("answer 0 'You are logged in.'\nanswer -2 'There is no login that waits for you.'\n");
	/* Who is connected is asked nothing any more. */
	step(6, LOGIN_STEP_CODE, "Code?");
	expect("");
}

static void test_too_long(void **state)
{
	(void)state;
	begin();
	step(1, LOGIN_STEP_TEXT, "Name?");
	forget();
	char *text = mem_alloc(LIMIT_LOGIN_ANSWER_BYTES + 2);

	memset(text, 'x', LIMIT_LOGIN_ANSWER_BYTES + 1);
	chat("alice@x", text);
	expect("answer -8 'That is too long for an answer.'\n");
	text[LIMIT_LOGIN_ANSWER_BYTES] = '\0';
	chat("alice@x", text);
	assert_true(was_told("b1 login answer 1 xxx"));
	mem_free(text);
}

static void test_giving_up(void **state)
{
	(void)state;
	begin();
	step(1, LOGIN_STEP_CODE, "Code?");
	forget();
	chat("alice@x", "Cancel");
	expect("b1 login answer 1 (gives up)\nanswer 0 'The login is given up.'\n");
	chat("alice@x", "cancel");
	expect("answer -2 'There is no login that waits for you.'\n");
	step(2, LOGIN_STEP_CODE, "Another?"); /* crossed it */
	expect("");
	disconnected(0, "As you like.");
	expect("b1 logout al\n"
	       "alice@x session failed 2 'You have given up the login. Write \"login\" to begin anew.'\n");
	assert_int_equal(alice()->state, USER_IDLE);
	/* Being away a while begins nothing. */
	session_presence(find("alice@x", "phone"), STATUS_AWAY, NULL, 0);
	expect("");
	chat("alice@x", "login");
	store_pump();
	expect("alice@x session connecting\nanswer 0 'You are being logged in.'\nb1 values\nb1 login al pw\n"
	       "b1 status away ''\n");
	/* In a hurry: what is answered to the old login must not end the new one. */
	step(1, LOGIN_STEP_QR, "Scan this.");
	forget();
	chat("alice@x", "cancel");
	chat("alice@x", "login");
	expect("b1 login answer 1 (gives up)\nanswer 0 'The login is given up.'\nanswer 0 'You are being "
	       "logged in.'\n");
	disconnected(0, "As you like.");
	expect("b1 logout al\n"
	       "alice@x session failed 2 'You have given up the login. Write \"login\" to begin anew.'\n"
	       "alice@x session connecting\nb1 values\nb1 login al pw\nb1 status away ''\n");
	/* Let in all the same. */
	step(1, LOGIN_STEP_QR, "Scan this.");
	chat("alice@x", "cancel");
	connected();
	assert_int_equal(alice()->state, USER_IDLE);
	assert_true(was_told("b1 logout al"));
	/* The backend says nothing to it. */
	chat("alice@x", "login");
	store_pump();
	step(1, LOGIN_STEP_QR, "Scan this.");
	chat("alice@x", "cancel");
	forget();
	login_step_expire(fx->transport, clock_ms() + 6000);
	assert_true(was_told("b1 logout al"));
	assert_int_equal(alice()->state, USER_IDLE);
}

static void test_timeout(void **state)
{
	(void)state;
	begin();
	from_backend(B1, (struct event){
	                         .type = EVENT_LOGIN_STEP,
	                         .user = "alice@x",
	                         .login_step = {
	                                 .step = 1, .kind = LOGIN_STEP_CODE, .text = "?", .timeout_s = 30}});
	forget();
	login_step_expire(fx->transport, clock_ms() + 29000);
	expect("");
	login_step_expire(fx->transport, clock_ms() + 31000);
	expect("b1 login answer 1 (gives up)\n");
	disconnected(0, "");
	expect("b1 logout al\n"
	       "alice@x session failed 2 'The login was not completed in time. Write \"login\" to begin "
	       "anew.'\n");
	assert_int_equal(alice()->state, USER_IDLE);
	/* A late answer is kept from everybody, an administrator's as well. */
	chat("alice@x", "123456");
	expect("answer -2 'What was asked is not asked any more. Write \"login\" to begin'\n");
	chat("alice@x", "login");
	store_pump();
	/* Where the backend names no time, or too much, it is the limit. */
	from_backend(
	        B1, (struct event){.type = EVENT_LOGIN_STEP,
	                           .user = "alice@x",
	                           .login_step = {.step = 1, .kind = LOGIN_STEP_LINK, .timeout_s = 1000000}});
	login_step_expire(fx->transport, clock_ms() + (LIMIT_LOGIN_STEP_SECONDS - 1) * 1000);
	assert_non_null(alice()->login_step);
	login_step_expire(fx->transport, clock_ms() + (LIMIT_LOGIN_STEP_SECONDS + 1) * 1000);
	assert_non_null(alice()->login_step->given_up);
	disconnected(0, "");
	assert_null(alice()->login_step);
}

static void test_disconnected_in_the_middle(void **state)
{
	(void)state;
	begin();
	step(1, LOGIN_STEP_CODE, "Code?");
	forget();
	disconnected(CONNECTION_ERROR_AUTHENTICATION_FAILED, "Too many wrong codes.");
	expect("b1 logout al\nalice@x session failed 2 'Too many wrong codes.'\n");
	assert_null(alice()->login_step);
	chat("alice@x", "1234");
	expect("answer -2 'What was asked is not asked any more. Write \"login\" to begin'\n");
}

static void test_backend_lost_in_the_middle(void **state)
{
	static const char *const admin[] = {"service.admin_jid=alice@x"};

	(void)state;
	fixture_start(admin, 1);
	B1->extended = B2->extended = true;
	store_account("alice@x", "al", "pw");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	step(1, LOGIN_STEP_SECRET, "Password?");
	forget();
	fx->gives = B2;
	list_remove(&alice()->backend_link);
	user_backend_lost(alice(), "The program has ended.");
	expect("alice@x session reconnecting 16 'The program has ended.'\n");
	chat("alice@x", "secret");
	expect("answer -2 'The login was interrupted and begins anew: please wait until'\n");
	wait_for("b2 login al pw");
	chat("alice@x", "secret");
	assert_true(was_told("The login was interrupted"));
	assert_false(was_told("Unknown variable or command"));
	chat("alice@x", "status");
	assert_true(was_told("Running (0 users"));
	from_backend(B2, (struct event){.type = EVENT_LOGIN_STEP,
					.user = "alice@x",
					.login_step = {.step = 1, .kind = LOGIN_STEP_SECRET, .text = "Again?"}});
	forget();
	chat("alice@x", "secret");
	expect("b2 login answer 1 secret\nanswer 0 'One moment, please.'\n");
	from_backend(B2, (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	forget();
	/* And from then on the administrator's words are commands again. */
	chat("alice@x", "backends_count");
	expect("answer 0 '2'\n");
}

static void test_the_client_goes_in_the_middle(void **state)
{
	(void)state;
	begin();
	step(1, LOGIN_STEP_CODE, "Code?");
	forget();
	session_detach(find("alice@x", "phone"));
	expect("b1 logout al\n");
	assert_null(alice());
	/* Who comes back begins anew. */
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	expect("alice@x session connecting\nb1 values\nb1 login al pw\nb1 status online ''\n");
	/* Who stays connected is asked when there is somebody to answer. */
	user_set_setting(alice(), "stay_connected", "1");
	step(1, LOGIN_STEP_CODE, "Code?");
	session_detach(find("alice@x", "phone"));
	assert_non_null(alice());
	forget();
	session_presence(attach("alice@x", "desk"), STATUS_ONLINE, NULL, 0);
	expect("alice@x/desk session connecting\nalice@x/desk step 1 kind 3 'Code?'\n");
	chat("alice@x", "1234");
	expect("b1 login answer 1 1234\nanswer 0 'One moment, please.'\n");
}

/* A new core finds a login that its predecessor has begun; what it asked for is not known any more. */
static void test_taken_over_in_the_middle(void **state)
{
	(void)state;
	begin();
	struct user *user = alice();

	list_remove(&user->backend_link);
	user_resume(user, B1, false);
	resume_finish(user);
	store_pump();
	assert_true(was_told("b1 logout al\nalice@x session connecting\nb1 values\nb1 login al pw\n"));
	chat("alice@x", "1234");
	assert_true(was_told("The login was interrupted"));
	forget();
	resume_finish(user); /* not taken over: goes on */
	expect("");
	/* One whose question comes now goes on as it is. */
	list_remove(&user->backend_link);
	user_resume(user, B1, false);
	step(3, LOGIN_STEP_CODE, "Code?");
	resume_finish(user);
	expect("alice@x step 3 kind 3 'Code?'\n");
}

static void test_two_clients(void **state)
{
	(void)state;
	begin();
	step(7, LOGIN_STEP_CODE, "Code?");
	forget();
	/* Who comes later is asked as well; one answers for both. */
	session_presence(attach("alice@x", "desk"), STATUS_ONLINE, NULL, 0);
	expect("alice@x/desk session connecting\nalice@x/desk step 7 kind 3 'Code?'\n");
	session_adopt(fx->frontend, "alice2@x", alice());
	chat("alice2@x", "1");
	chat("alice@x", "2");
	assert_true(was_told("b1 login answer 7 1\nanswer 0"));
	assert_false(was_told("b1 login answer 7 2"));
}

static void test_strangers(void **state)
{
	(void)state;
	begin();
	step(1, LOGIN_STEP_CODE, "Code?");
	forget();
	chat("mallory@x", "1234");
	chat("mallory@x", "answer 1234");
	chat("mallory@x", "cancel");
	assert_false(was_told("b1"));
	assert_true(was_told("I do not understand that."));
	assert_true(was_told("You are not logged in"));
	/* Nor does another backend ask anything. */
	forget();
	from_backend(B2,
	             (struct event){.type = EVENT_LOGIN_STEP, .user = "alice@x", .login_step = {.step = 2}});
	expect("");
	assert_int_equal(alice()->login_step->number, 1);
	assert_true(login_step_is_open(alice()));
}

/* ---------------------------------------------------------------------------------- with a password before
 * */

static void authenticate(const char *password)
{
	session_authenticate(fx->frontend, "alice@x", "alice", password);
	store_pump();
}

static void begin_server(void)
{
	fixture_start(NULL, 0);
	B1->extended = true;
}

static void test_password_login_is_let_in(void **state)
{
	(void)state;
	begin_server();
	authenticate("pw");
	expect("store add alice@x alice\nb1 values\nb1 login alice pw\n");
	step(1, LOGIN_STEP_CODE, "Code?");
	expect("frontend authenticated alice@x 0\n");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	expect("alice@x/phone session connecting\nalice@x/phone step 1 kind 3 'Code?'\nb1 status online "
	       "''\n");
	/* Another client knows the password or does not. */
	authenticate("guess");
	expect("frontend authenticated alice@x -7\n");
	authenticate("pw");
	expect("frontend authenticated alice@x 0\n");
	assert_string_equal(store_password("alice@x"), "");
	chat("alice@x", "1234");
	connected();
	assert_string_equal(store_password("alice@x"), "pw");
	forget();
	/* The next time it is the stored one. */
	session_detach_all(fx->frontend, "alice@x");
	session_expire(fx->transport, clock_ms() + 100000);
	store_pump();
	forget();
	assert_null(alice());
	authenticate("pw");
	step(1, LOGIN_STEP_CODE, "Code?");
	expect("b1 values\nb1 login alice pw\nfrontend authenticated alice@x 0\n");
}

static void test_password_login_that_comes_to_nothing(void **state)
{
	(void)state;
	begin_server();
	authenticate("pw");
	step(1, LOGIN_STEP_CODE, "Code?");
	attach("alice@x", "phone");
	forget();
	chat("alice@x", "cancel");
	disconnected(0, "");
	assert_true(was_told("session failed 2"));
	session_detach_all(fx->frontend, "alice@x");
	store_pump();
	assert_true(was_told("store remove alice@x"));
	assert_null(alice());
	assert_false(store_has("alice@x"));
	session_expire(fx->transport, clock_ms() + 100000);
	/* Nobody came for it at all. */
	authenticate("pw");
	step(1, LOGIN_STEP_CODE, "Code?");
	session_authenticate_cancel(fx->frontend, "alice@x");
	store_pump();
	assert_null(alice());
	assert_false(store_has("alice@x"));
	assert_int_equal(B1->users_count, 0);
}

static void test_password_login_of_somebody_else(void **state)
{
	(void)state;
	begin_server();
	store_account("alice@x", "alice", "stored");
	/* The account is not shown before the network agrees. */
	authenticate("guess");
	step(1, LOGIN_STEP_NOTICE, "Wait.");
	expect("b1 values\nb1 login alice guess\n");
	step(2, LOGIN_STEP_CODE, "Code?");
	assert_true(was_told("frontend authenticated alice@x -7 The network asks for more than a password"));
	assert_true(was_told("b1 logout alice"));
	assert_null(alice());
	assert_true(store_has("alice@x"));
	assert_string_equal(store_password("alice@x"), "stored");
	/* And if it needs nothing but time, it may. */
	forget();
	authenticate("new");
	step(1, LOGIN_STEP_NOTICE, "Wait.");
	connected();
	assert_true(was_told("frontend authenticated alice@x 0"));
	assert_string_equal(store_password("alice@x"), "new");
}

static void test_password_login_begun_again(void **state)
{
	(void)state;
	begin_server();
	authenticate("pw");
	step(1, LOGIN_STEP_CODE, "Code?");
	disconnected(CONNECTION_ERROR_AUTHENTICATION_FAILED, "Wrong.");
	/* The account is as new to the next attempt as to this one. */
	authenticate("other");
	step(1, LOGIN_STEP_CODE, "Code?");
	assert_true(was_told("b1 login alice other\nfrontend authenticated alice@x 0"));
	session_authenticate_cancel(fx->frontend, "alice@x");
	store_pump();
	assert_false(store_has("alice@x"));
}

/* -------------------------------------------------------------------------------------------------- values
 * */

static struct buf taken;

static void on_taken(struct transport *transport, unsigned backend, uint64_t number, int err)
{
	assert_ptr_equal(transport, fx->transport);
	buf_printf(&taken, "b%u %llu %d\n", backend, (unsigned long long)number, err);
}

static void keep(struct backend *backend, const char *key, const char *text, uint64_t number)
{
	struct event_value value = {key, (const uint8_t *)text, text ? strlen(text) : 0};

	from_backend(backend, (struct event){.type = EVENT_VALUES,
	                                     .user = "alice@x",
	                                     .handover = number,
	                                     .values = {.values = &value, .count = 1}});
}

static void test_values(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	fx->transport->values_taken = on_taken;
	B1->extended = true;
	store_account("alice@x", "al", "pw");
	store_value("alice@x", "token=t1");
	store_value("alice@x", "since=5");
	store_value("alice@x", "frontend:matrix token=secret");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump_one();
	expect("alice@x session connecting\n");
	/* It was not given the user yet, and has nothing to say. */
	keep(B1, "token", "early", 1);
	connected();
	expect("b1 values token=t1 since=5\nb1 login al pw\nb1 status online ''\n");
	assert_int_equal(alice()->state, USER_CONNECTING);
	keep(B1, "token", "t2", 7);
	keep(B1, "since", NULL, 0);
	expect("store values of alice@x: token=t2\nstore values of alice@x: since=\n");
	/* Acknowledged when it is on the disk, and only what has a number. */
	assert_string_equal(buf_text(&taken), "");
	store_pump();
	assert_string_equal(buf_text(&taken), "b1 7 0\n");
	store_fail_values(TP_ERR_LIMIT);
	keep(B1, "token", "t3", 8);
	store_pump();
	assert_string_equal(buf_text(&taken), "b1 7 0\nb1 8 -8\n");
	/* Names that are none are refused before. */
	forget();
	keep(B1, "", "x", 9);
	expect("");
	/* And those of frontends. */
	store_fail_values(0);
	buf_clear(&taken);
	keep(B1, "frontend:matrix token", "mine", 10);
	store_pump();
	expect("");
	assert_string_equal(buf_text(&taken), "b1 10 -4\n");
	buf_finish(&taken);
	/* Others know nothing of values. */
	store_fail_values(0);
	fx->gives = B2;
	store_account("bob@x", "bob", "pw");
	store_value("bob@x", "token=b");
	session_presence(attach("bob@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	expect("bob@x session connecting\nb2 login bob pw\nb2 status online ''\n");
}

static void test_values_that_cannot_be_read(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	B1->extended = true;
	store_account("alice@x", "al", "pw");
	store_fail_values(TP_ERR_STORE);
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	/* No LOGIN, so no LOGOUT either; and then it is tried again. */
	expect("alice@x session connecting\n"
	       "alice@x session reconnecting 16 'What is stored for you cannot be read at the moment.'\n");
	store_fail_values(0);
	wait_for("b1 values\nb1 login al pw");
}

static void test_values_come_late(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	B1->extended = B2->extended = true;
	store_account("alice@x", "al", "pw");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump_one();
	/* Gone before the store answers. */
	session_detach_all(fx->frontend, "alice@x");
	store_pump();
	expect("alice@x session connecting\n");
	/* Given to another: each answer is for its own assignment. */
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump_one();
	fx->gives = B2;
	user_relogin(alice());
	store_pump();
	expect("alice@x session connecting\nalice@x session connecting\nb2 values\nb2 login al pw\n"
	       "b2 status online ''\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_dialogue),
	        TEST(test_too_long),
	        TEST(test_giving_up),
	        TEST(test_timeout),
	        TEST(test_disconnected_in_the_middle),
	        TEST(test_backend_lost_in_the_middle),
	        TEST(test_the_client_goes_in_the_middle),
	        TEST(test_taken_over_in_the_middle),
	        TEST(test_two_clients),
	        TEST(test_strangers),
	        TEST(test_password_login_is_let_in),
	        TEST(test_password_login_that_comes_to_nothing),
	        TEST(test_password_login_of_somebody_else),
	        TEST(test_password_login_begun_again),
	        TEST(test_values),
	        TEST(test_values_that_cannot_be_read),
	        TEST(test_values_come_late),
	};

	return cmocka_run_group_tests_name("login steps", tests, NULL, NULL);
}
