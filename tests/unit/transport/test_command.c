/* SPDX-License-Identifier: MIT */
/* What people write to the gateway about themselves: settings, rooms. */
#include "tests/unit/transport/fixture.h"

#include <stdio.h>

#include "base/text.h"
#include "config/limits.h"
#include "transport/command/command_question.h"
#include "transport/people/ban.h"
#include "transport/rooms/room_key.h"

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
	for (const char *const *line = (const char *const[]){"settings stay_connected", "settings foo on", "settings a", NULL};
	     *line; line++) {
		chat("alice@x", *line);
		assert_string_equal(buf_text(&fx->answer),
				    "Say: settings NAME on, or: settings NAME off. Names are enable_transport, "
				    "send_headlines, stay_connected, display_name, delivery.");
		forget();
	}
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

/* After a restart nobody is here of an account that may not log in. */
static void test_login_of_who_is_not_here(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	chat("alice@x", "login");
	store_pump();
	assert_true(was_told("frontend probe alice@x"));
	assert_true(was_told("answer 0 'You are being logged in.'"));
	forget();
	chat("mallory@x", "login");
	store_pump();
	assert_true(was_told("You have no account here yet."));
	assert_false(was_told("probe"));
}

/* Not first that it begins: with an account, with a session that is there, and without an account. */
static void test_login_of_who_is_banned(void **state)
{
	static const char *const refusal = "answer -4 'You are banned from this gateway: Spam'\n";

	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	ban_put(fx->transport, "alice@x", "Spam", NULL, NULL);
	ban_put(fx->transport, "mallory@x", "Spam", NULL, NULL);
	store_pump();
	forget();
	chat("alice@x", "login");
	store_pump();
	expect(refusal);
	chat("mallory@x", "login");
	store_pump();
	expect(refusal);
	chat("mallory@x", "register");
	expect(refusal);
	chat("mallory@x", "register mal pw");
	expect(refusal);
	ban_remove(fx->transport, "alice@x", NULL, NULL);
	log_in("alice@x", "phone");
	ban_put(fx->transport, "alice@x", "Spam", NULL, NULL);
	user_logout(user_find(fx->transport, "alice@x"));
	store_pump();
	forget();
	chat("alice@x", "login");
	expect(refusal);
}

static void test_login_of_who_is_no_vip(void **state)
{
	static const char *const config[] = {"service.vip_only=1", "service.vip_message=Only friends."};

	(void)state;
	fixture_start(config, 2);
	store_account("alice@x", "al", "pw");
	chat("alice@x", "login");
	store_pump();
	expect("answer -4 'Only friends.'\n");
}

static void test_join(void **state)
{
	char name[LIMIT_NAME_BYTES + 16];

	(void)state;
	fixture_start(NULL, 0);
	chat("alice@x", "join #a");
	assert_string_equal(buf_text(&fx->answer),
			    "You are not logged in. Come online; if you have no account yet, register first.");
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

/* A frontend whose places are shared: the core keeps what a room asks for. */
static struct frontend_ops sharing;

static void offer(struct frontend *frontend, const char *address, const char *resource, const char *room,
		  const char *password)
{
	(void)frontend;
	(void)resource;
	buf_printf(&fx->log, "offer %s %s %s\n", address, room, password ? password : "-");
}

static void enter(const char *room)
{
	struct user *user = user_find(fx->transport, "alice@x");
	char *nickname = room_key_nickname(user, room);

	join("alice@x", "phone", room, nickname);
	mem_free(nickname);
}

static void test_join_with_a_password(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	struct user *user = log_in("alice@x", "phone");

	/* Without a place for it the core joins, and says it. */
	chat("alice@x", "join #key nick sesame");
	assert_string_equal(room_find(user, "#key")->password, "sesame");
	chat("alice@x", "join #other password=sesame");
	assert_string_equal(room_find(user, "#other")->password, "sesame");
	assert_string_equal(room_find(user, "#other")->nickname, "al");
	sharing = *fx->frontend->ops;
	sharing.shares_rooms = true;
	sharing.offer_room = offer;
	fx->frontend->ops = &sharing;
	forget();
	chat("alice@x", "join #Den nick \"open sesame\"");
	assert_true(was_told("offer alice@x #Den open sesame"));
	assert_true(was_told("I have invited you to #Den."));
	sharing.tells_of_offers = true;
	chat("alice@x", "join #Den nick \"open sesame\"");
	assert_true(was_told("I look for the place that #Den has here."));
	/* Not in words. */
	struct map_iter it = {0};

	while (map_next(user->settings, &it))
		assert_null(strstr(it.value, "sesame"));
	enter("#den");
	assert_string_equal(room_find(user, "#den")->password, "open sesame");
	assert_string_equal(room_find(user, "#den")->nickname, "nick");
	/* As after a restart: it is asked for again, and known. */
	struct room *room = room_find(user, "#den");

	room_destroy(&room);
	chat("alice@x", "join #den");
	enter("#den");
	assert_string_equal(room_find(user, "#den")->password, "open sesame");
	/* Who leaves has given it up. */
	assert_int_equal(from_person("alice@x", "phone",
				     (struct event){.type = EVENT_ROOM_LEAVE, .room = {.name = "#den", .nickname = ""}}),
			 0);
	enter("#den");
	assert_null(room_find(user, "#den")->password);
	assert_string_equal(room_find(user, "#den")->nickname, "al");
	assert_false(user_setting_is_for_backend("room password #den"));
	assert_false(user_setting_is_for_backend("room nickname #den"));
	chat("alice@x", "join #den nick \"two\nlines\"");
	assert_true(was_told("answer -1 'That cannot be a nickname, or a password.'"));
}

static void test_sealed_for_one_room(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	store_account("carol@x", "carol", "pw");
	struct user *alice = log_in("alice@x", "phone"), *carol = log_in("carol@x", "phone");
	char *sealed = room_key_seal(alice, "#Den", "sesame"), *opened = room_key_unseal(alice, "#den", sealed);

	assert_string_equal(opened, "sesame");
	assert_null(strstr(sealed, "sesame"));
	assert_null(room_key_unseal(alice, "#other", sealed));
	assert_null(room_key_unseal(carol, "#den", sealed));
	assert_null(room_key_unseal(alice, "#den", "zz"));
	assert_null(room_key_unseal(alice, "#den", ""));
	mem_free(sealed);
	mem_free(opened);
}

/* Nobody fills the database with rooms that he never enters. */
static void test_many_room_keys(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	struct user *user = log_in("alice@x", "phone");
	char name[32];

	room_key_put(user, "#Den", "nick", "sesame");
	enter("#den");
	for (int i = 0; i < LIMIT_ROOM_KEYS; i++) {
		snprintf(name, sizeof(name), "#r%d", i);
		room_key_put(user, name, "nick", "sesame");
		assert_non_null(map_get(user->settings, "room nickname #den"));
		assert_in_range(map_count(user->settings), 4, LIMIT_ROOM_KEYS);
	}
	char *nickname = room_key_nickname(user, name), *password = room_key_password(user, "#den");

	assert_string_equal(nickname, "nick");
	assert_string_equal(password, "sesame");
	mem_free(nickname);
	mem_free(password);
}

static void test_lines_with_secrets(void **state)
{
	static const char *const have[] = {
		"register alice secret",  "REGISTER alice secret", "registr alice secret", "regsiter alice secret",
		"rgister alice secret",   "login alice secret",    "logn alice secret",    "admin-register a b c",
		"answer 123456",          "anwser 123456",         "join #a nick secret",  "join #a password=secret",
		"jion #a nick secret",    "register alice 'open",  "registre alice \"my secret",
	};
	static const char *const have_not[] = {
		"register",      "register alice", "login",  "login alice", "join #a",  "join #a nick",     "help me please now",
		"settings a on", "status",         "answer", "",            "   ",      "contacts are good", "unregister",
		"hello there my friend",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(have); i++)
		if (!command_line_has_secret(have[i]))
			fail_msg("there is a secret in: %s", have[i]);
	for (size_t i = 0; i < ARRAY_SIZE(have_not); i++)
		if (command_line_has_secret(have_not[i]))
			fail_msg("there is no secret in: %s", have_not[i]);
	assert_true(command_is_nearly("pupet", 5, "puppet"));
	assert_false(command_is_nearly("puddle", 6, "puppet"));
	assert_false(command_is_nearly("", 0, "join"));
}

static void on_missing(void *context, int err, const char *text)
{
	(void)context;
	buf_printf(&fx->log, "missing %d '%s'\n", err, text);
}

static struct command_asked asked(const char *address)
{
	return command_asked(fx->transport, fx->frontend, address);
}

static void test_questions(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	assert_false(asked("alice@x").open);
	chat("alice@x", "register");
	expect("answer 0 'User name on the network? (\"cancel\" gives it up.)'\n");
	assert_true(asked("alice@x").open && !asked("alice@x").secret);
	assert_string_equal(asked("alice@x").command->name, "register");
	/* Whatever it looks like. */
	chat("alice@x", "  help ");
	expect("answer 0 'Password on the network? (\"cancel\" gives it up.)'\n");
	assert_true(asked("alice@x").secret);
	/* Others are not asked. */
	assert_false(asked("bob@x").open);
	chat("alice@x", "two words");
	store_pump();
	expect("store add alice@x help\nanswer 0 'You are registered.'\n");
	assert_string_equal(store_password("alice@x"), "two words");
	assert_false(asked("alice@x").open);
}

/* Who wants to log in and has no account wants to register. */
static void test_login_without_an_account(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	chat("alice@x", "login");
	store_pump();
	expect("answer 0 'You have no account here yet. User name on the network? (\"ca'\n");
	chat("alice@x", "al");
	expect("answer 0 'Password on the network? (\"cancel\" gives it up.)'\n");
	assert_true(asked("alice@x").secret);
	chat("alice@x", "pw");
	store_pump();
	expect("store add alice@x al\nanswer 0 'You are registered.'\n");
	assert_false(asked("alice@x").open);
	/* Where nobody can be asked the words say what to write. */
	command_run_line(fx->transport, fx->frontend, "bob@x", "phone", "login", false, on_missing, NULL);
	store_pump();
	expect("missing -5 'You have no account here yet. Say: register <username> <password>'\n");
	assert_false(asked("bob@x").open);
}

static void test_login_where_nobody_may_register(void **state)
{
	static const char *const overrides[] = {"registration.enable_public_registration=0"};

	(void)state;
	fixture_start(overrides, ARRAY_SIZE(overrides));
	chat("alice@x", "login");
	store_pump();
	expect("answer -4 'You have no account here, and registration is not open to yo'\n");
}

static void test_questions_end(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	chat("alice@x", "register al");
	expect("answer 0 'Password on the network? (\"cancel\" gives it up.)'\n");
	chat("alice@x", " Cancel");
	expect("answer 0 'It is given up.'\n");
	chat("alice@x", "secret");
	assert_true(was_told("answer -2 'I do not understand that."));
	chat("alice@x", "register al");
	command_questions_expire(fx->transport, clock_ms() + LIMIT_QUESTION_SECONDS * 1000 + 1);
	assert_false(asked("alice@x").open);
	forget();
	/* Nothing is asked again and again. */
	chat("alice@x", "register");
	chat("alice@x", "");
	assert_true(was_told("answer 0 'User name on the network?"));
	/* In rooms with others it is said what is missing. */
	chat("alice@x", "cancel");
	forget();
	command_run_line(fx->transport, fx->frontend, "alice@x", "phone", "register", false, on_missing, NULL);
	expect("missing -1 'username is missing: User name on the network.'\n");
	assert_false(asked("alice@x").open);
}

static void test_too_many_questions(void **state)
{
	char address[32];

	(void)state;
	fixture_start(NULL, 0);
	for (int i = 0; i < LIMIT_QUESTIONS; i++) {
		snprintf(address, sizeof(address), "p%d@x", i);
		chat(address, "register");
		buf_clear(&fx->log);
	}
	chat("alice@x", "register");
	expect("answer -1 'username is missing: User name on the network.'\n");
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
	assert_true(was_told("answer -6 'You are not logged in"));
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

/* A list that no server would take in one message: its first lines, and how many there are besides. */
static void test_long_answers(void **state)
{
	const char *admin[] = {"service.admin_jid=root@x"};
	char name[400];

	(void)state;
	fixture_start(admin, 1);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "contact-%04d-%0300d", i, 0);
		from_backend(&fx->backends[0],
			     (struct event){.type = EVENT_CONTACT, .user = "alice@x", .contact = {.name = name}});
	}
	chat("alice@x", "contacts");
	const char *answer = buf_text(&fx->answer), *end = strstr(answer, "\n(");
	size_t shown = 0;

	assert_true(fx->answer.len <= LIMIT_COMMAND_ANSWER_BYTES + 100);
	assert_true(fx->answer.len > LIMIT_COMMAND_ANSWER_BYTES - 1000);
	assert_non_null(end);
	for (const char *at = answer; (at = strstr(at, "contact-")); at++)
		shown++;
	snprintf(name, sizeof(name), "(%zu more lines are left out here.)", 1000 - shown);
	assert_string_equal(end + 1, name);
	/* The last line that is shown is whole. */
	assert_true(text_starts(end - strlen(": there"), ": there"));
	/* Administrators' answers likewise; one for a program is whole or none. */
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "user-%d@%0100d", i, 0);
		store_account(name, "someone", "pw");
		log_in(name, "phone");
	}
	chat("root@x", "users");
	assert_true(fx->answer.len <= LIMIT_COMMAND_ANSWER_BYTES + 100);
	assert_non_null(strstr(buf_text(&fx->answer), " more lines are left out here. transportctl shows them all.)"));
	chat("root@x", "--json users");
	assert_string_equal(buf_text(&fx->answer),
			    "{\"error\":\"The answer is too long for a chat: ask with transportctl\"}");
	/* A list of nobody is an answer, too. */
	chat("root@x", "crashed_backends");
	assert_string_equal(buf_text(&fx->answer), "(none)");
	chat("root@x", "users user-17@");
	assert_null(strstr(buf_text(&fx->answer), "left out"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_settings),
		TEST(test_settings_of_who_is_offline),
		TEST(test_join),
		TEST(test_join_with_a_password),
		TEST(test_sealed_for_one_room),
		TEST(test_many_room_keys),
		TEST(test_lines_with_secrets),
		TEST(test_questions),
		TEST(test_questions_end),
		TEST(test_login_without_an_account),
		TEST(test_login_where_nobody_may_register),
		TEST(test_too_many_questions),
		TEST(test_login_of_who_is_not_here),
		TEST(test_login_of_who_is_banned),
		TEST(test_login_of_who_is_no_vip),
		TEST(test_contact_requests),
		TEST(test_contacts_come_and_go),
		TEST(test_long_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
