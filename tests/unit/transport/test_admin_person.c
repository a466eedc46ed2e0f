/* SPDX-License-Identifier: MIT */
/* Whom administrators name, where people of several frontends are in one instance. */
#include "tests/unit/transport/fixture.h"

#include "base/text.h"
#include "transport/admin/admin.h"
#include "transport/routing/watch.h"

#define MATRIX "@eve:hs"
#define MATRIX_KEY "other=3a=40eve=3ahs@gw.x"

static const char *const both[] = {"service.frontend=xmpp", "service.frontend=other",
				   "registration.notify_jid=admin@x"};
static struct frontend_ops ops[2];
static struct buf answered;
static int answers;
static struct watch *watch;

static void on_answer(void *context, const char *text)
{
	(void)context;
	answers++;
	buf_clear(&answered);
	buf_puts(&answered, text);
}

static void on_following(void *context, struct watch *started)
{
	(void)context;
	watch = started;
}

static const char *ask(const char *line)
{
	const struct admin_caller caller = {.done = on_answer, .line = on_answer, .following = on_following};

	answers = 0;
	admin_execute_for(fx->transport, line, &caller);
	store_pump();
	assert_int_equal(answers, 1);
	return buf_text(&answered);
}

#define assert_answer(line, text) assert_string_equal(ask(line), (text))

static bool is_jid(struct frontend *frontend, const char *address, struct buf *out)
{
	bool good = *address != '@' && strchr(address, '@');

	(void)frontend;
	buf_puts(out, good ? address : "");
	return good;
}

static bool is_user_id(struct frontend *frontend, const char *address, struct buf *out)
{
	bool good = *address == '@';

	(void)frontend;
	buf_puts(out, good ? address : "");
	return good;
}

static void tell(struct frontend *frontend, const char *address, const char *text)
{
	buf_printf(&fx->log, "%s tells %s '%s'\n", frontend->ops->name, address, text);
}

static void come(struct frontend *frontend, const char *address)
{
	session_presence(session_attach(frontend, address, "", NULL), STATUS_ONLINE, NULL, 0);
	store_pump();
}

static void on_added(void *context, int err, const struct store_account *account)
{
	(void)context, (void)err, (void)account;
}

/* alice@x is on XMPP, eve on the other one. */
static void begin(void)
{
	struct user *eve;

	fixture_start(both, ARRAY_SIZE(both));
	ops[0] = ops[1] = *fx->frontend->ops;
	ops[0].normalize = is_jid;
	ops[1].normalize = is_user_id;
	ops[1].name = "other";
	ops[0].notify = ops[1].notify = tell;
	fx->frontend->ops = &ops[0];
	fx->other->ops = &ops[1];
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	account_add(fx->other, MATRIX, "ev", "pw", "", on_added, NULL);
	store_pump();
	come(fx->other, MATRIX);
	eve = user_find(fx->transport, MATRIX_KEY);
	assert_non_null(eve);
	from_backend(eve->backend, (struct event){.type = EVENT_CONNECTED, .user = eve->key});
	forget();
}

static int finish(void **state)
{
	buf_finish(&answered);
	return fixture_teardown(state);
}

static void test_each_frontend_is_asked(void **state)
{
	(void)state;
	begin();
	assert_answer("has_online_user " MATRIX, "1");
	assert_answer("has_online_user alice@x", "1");
	assert_answer("has_online_user @nobody:hs", "0");
	assert_answer("message " MATRIX " hello", "Message sent.");
	assert_answer("message alice@x hello", "Message sent.");
	expect("other tells " MATRIX " 'hello'\nxmpp tells alice@x 'hello'\n");
	assert_answer("broadcast all of you", "Message sent to 2 users.");
	assert_true(was_told("other tells " MATRIX " 'all of you'\n"));
	assert_true(was_told("xmpp tells alice@x 'all of you'\n"));
	assert_answer("user_log_level " MATRIX " debug", "debug");
	assert_int_equal(user_log_level(fx->transport, MATRIX_KEY), LOG_LEVEL_DEBUG);
	assert_answer("follow " MATRIX, "following " MATRIX ", who is here");
	watch_stop(&watch);
	assert_answer("kick #lobby", "Error: #lobby is no address of a person here");
	assert_answer("message @nobody:hs hello", "Error: There is no such account");
	assert_answer("kick @nobody:hs", "Error: @nobody:hs has no session");
	assert_answer("kick " MATRIX, MATRIX " is logged out.");
	assert_null(user_find(fx->transport, MATRIX_KEY));
	assert_non_null(user_find(fx->transport, "alice@x"));
	come(fx->other, MATRIX);
	assert_answer("ban " MATRIX " Spam.", MATRIX " is banned and logged out.");
	assert_non_null(strstr(ask("bans"), MATRIX " "));
	assert_answer("unban " MATRIX, MATRIX " is no longer banned.");
}

/* As the tables print them. */
static void test_keys_are_good_as_well(void **state)
{
	(void)state;
	begin();
	assert_answer("has_online_user " MATRIX_KEY, "1");
	assert_answer("kick " MATRIX_KEY, MATRIX_KEY " is logged out.");
	assert_answer("message " MATRIX_KEY " hello", "Message sent.");
	assert_true(was_told("other tells " MATRIX " 'hello'\n"));
	assert_answer("ban " MATRIX_KEY, MATRIX_KEY " is banned.");
	assert_answer("kick " MATRIX, "Error: " MATRIX " has no session");
	assert_answer("unban " MATRIX, MATRIX " is no longer banned.");
	/* also where nobody has addresses of that form */
	ops[0].normalize = is_user_id;
	come(fx->other, MATRIX);
	assert_answer("kick " MATRIX_KEY, MATRIX_KEY " is logged out.");
}

static void test_accounts_belong_to_the_frontend_of_the_address(void **state)
{
	(void)state;
	begin();
	assert_answer("register @tom:hs to pw", "User registered");
	assert_true(was_told("xmpp tells admin@x 'registered: @tom:hs'\n"));
	assert_answer("register @tom:hs to pw", "Error: User is already registered");
	assert_false(store_has("@tom:hs"));
	assert_true(store_has("other=3a=40tom=3ahs@gw.x"));
	assert_answer("message @tom:hs hello", "Message sent.");
	assert_true(was_told("other tells @tom:hs 'hello'\n"));
	assert_answer("unregister @tom:hs", "User '@tom:hs' unregistered.");
	assert_false(store_has("other=3a=40tom=3ahs@gw.x"));
	assert_answer("unregister " MATRIX_KEY, "User '" MATRIX_KEY "' unregistered.");
	assert_answer("unregister @tom:hs", "Error: There is no such account");
	assert_answer("register tom@x to pw", "User registered");
	assert_true(store_has("tom@x"));
}

static void link_eve(void *context, int err, const struct store_account *account)
{
	(void)context;
	assert_int_equal(err, 0);
	store_add_identity(fx->transport->store, account->id, "other", "@alice:hs", NULL, NULL);
}

/* An address of the account that nobody has come from: the session is another address's. */
static void test_any_linked_address(void **state)
{
	(void)state;
	begin();
	store_get_account(fx->transport->store, "alice@x", link_eve, NULL);
	store_pump();
	store_pump();
	assert_answer("has_online_user @alice:hs", "1");
	assert_answer("user_log_level @alice:hs debug", "debug");
	assert_int_equal(user_log_level(fx->transport, "alice@x"), LOG_LEVEL_DEBUG);
	join("alice@x", "phone", "#r", "al");
	assert_non_null(strstr(ask("rooms @alice:hs"), "#r"));
	assert_null(strstr(ask("rooms " MATRIX), "#r"));
	assert_answer("kick @alice:hs", "@alice:hs is logged out.");
	assert_null(user_find(fx->transport, "alice@x"));
}

static void test_nothing_is_done_while_the_gateway_ends(void **state)
{
	static const char *const lines[] = {"ban nobody@x", ("ban " MATRIX), "register nobody@x to pw"};

	(void)state;
	begin();
	/* at whichever of the questions that it takes to find him */
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		for (int questions = 0; questions < 2; questions++) {
			const struct admin_caller caller = {.done = on_answer};

			answers = 0;
			admin_execute_for(fx->transport, lines[i], &caller);
			for (int j = 0; j < questions && !answers && i != 1; j++)
				store_pump_one();
			fx->transport->stopping = true;
			store_pump();
			fx->transport->stopping = false;
			assert_int_equal(answers, 1);
			assert_string_equal(buf_text(&answered), "Error: The gateway is being shut down");
		}
	}
	assert_null(strstr(ask("bans"), "nobody"));
	assert_false(store_has("nobody@x"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_frontend_is_asked),
		TEST(test_keys_are_good_as_well),
		TEST(test_accounts_belong_to_the_frontend_of_the_address),
		TEST(test_any_linked_address),
		TEST(test_nothing_is_done_while_the_gateway_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
