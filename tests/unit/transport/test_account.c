/* SPDX-License-Identifier: MIT */
/* Registering and removing accounts. */
#include "tests/unit/transport/fixture.h"

static int outcome;
static char sentence[128];

static void done(void *context, int err, const char *text)
{
	(void)context;
	outcome = err;
	snprintf(sentence, sizeof(sentence), "%s", text ? text : "");
}

static int enroll_as(const char *address, const char *name, const char *password, bool by_admin)
{
	outcome = 1;
	account_register(fx->transport, fx->frontend, address, name, password, NULL, by_admin, done, NULL);
	store_pump();
	return outcome;
}

static int enroll(const char *address, const char *name, const char *password)
{
	return enroll_as(address, name, password, false);
}

static int leave(const char *address)
{
	outcome = 1;
	account_unregister(fx->transport, fx->frontend, address, done, NULL);
	store_pump();
	return outcome;
}

static void test_register_and_unregister(void **state)
{
	static const char *const config[] = {"registration.notify_jid=boss@x"};

	(void)state;
	fixture_start(config, 1);
	assert_int_equal(enroll("alice@x", "al", "pw"), 0);
	expect("store add alice@x al\nfrontend notify boss@x 'registered: alice@x'\n");
	store_contact("alice@x", "bob");
	log_in("alice@x", "phone");
	/* New login data: logged in again. */
	assert_int_equal(enroll("alice@x", "al2", "pw2"), 0);
	expect("store change alice@x\n"
	       "b1 logout al2\n"
	       "alice@x session connecting\n"
	       "b1 login al2 pw2\n"
	       "b1 status online ''\n");
	assert_int_equal(leave("alice@x"), 0);
	expect("alice@x removed bob\n"
	       "b1 logout al2\n"
	       "store online 0\n"
	       "alice@x session logged-out 'Your account was removed.'\n"
	       "store remove alice@x\n"
	       "frontend registered alice@x 0\n"
	       "frontend notify boss@x 'unregistered: alice@x'\n");
	assert_int_equal(leave("alice@x"), TP_ERR_NOT_REGISTERED);
	assert_int_equal(map_count(fx->transport->users), 0);
	assert_int_equal(map_count(fx->transport->identities), 0);
}

static void test_unregister_who_is_away(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	store_contact("alice@x", "bob");
	assert_int_equal(leave("alice@x"), 0);
	expect("alice@x removed bob\nstore remove alice@x\nfrontend registered alice@x 0\n");
	assert_int_equal(map_count(fx->transport->identities), 0);
}

static void test_rules(void **state)
{
	static const char *const config[] = {"registration.allowed_usernames=[a-z]+[0-9]?",
					     "registration.username_mask=$username%example.org",
					     "service.allowed_servers=good.x",
					     "registration.enable_public_registration=0"};
	char long_name[LIMIT_NAME_BYTES + 2];

	(void)state;
	fixture_start(config, 4);
	assert_int_equal(enroll("a@bad.x", "alice", "pw"), TP_ERR_NOT_ALLOWED);
	assert_int_equal(enroll_as("a@bad.x", "alice", "pw", true), 0);
	expect("store add a@bad.x alice%example.org\nfrontend registered a@bad.x 1\n");
	assert_int_equal(enroll("a@good.x", "", "pw"), TP_ERR_INVALID);
	assert_int_equal(enroll("a@good.x", NULL, "pw"), TP_ERR_INVALID);
	assert_int_equal(enroll("a@good.x", "alice", ""), TP_ERR_INVALID);
	assert_int_equal(enroll("a@good.x", "alice12", "pw"), TP_ERR_NOT_ALLOWED);
	assert_int_equal(enroll("a@good.x", "ALICE", "pw"), TP_ERR_NOT_ALLOWED);
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(enroll("a@good.x", long_name, "pw"), TP_ERR_INVALID);
	expect("");
	assert_int_equal(enroll("a@good.x", "bob1", "pw"), 0);
	expect("store add a@good.x bob1%example.org\n");
}

static void test_own_address(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	assert_int_equal(enroll("a@x", "a@x", "pw"), TP_ERR_INVALID);
}

static void test_names_without_passwords(void **state)
{
	static const char config[] = "[registration]\nneedPassword=0\n";

	(void)state;
	fixture_start(NULL, 0);
	transport_backend_config(fx->transport, config, strlen(config));
	forget();
	assert_false(account_needs_password(fx->transport));
	assert_int_equal(enroll("a@x", "nick", ""), 0);
	assert_int_equal(enroll("b@x", "nick", ""), TP_ERR_EXISTS);
	assert_int_equal(enroll("a@x", "nick", ""), 0); /* the own name is no obstacle */
}

static void test_bad_expression(void **state)
{
	struct buf error = {0};

	(void)state;
	fixture_start(NULL, 0);
	fx->transport->service.allowed_usernames = "([a-z";
	assert_int_equal(account_check(fx->transport, &error), TP_ERR_INVALID);
	assert_non_null(strstr(buf_text(&error), "registration.allowed_usernames: "));
	buf_finish(&error);
}

static void test_keys(void **state)
{
	const struct frontend_ops other = {.name = "matrix"};

	(void)state;
	fixture_start(NULL, 0);
	struct frontend frontend = {.ops = &other, .transport = fx->transport};
	char *key = account_key(fx->frontend, "alice@x");

	assert_string_equal(key, "alice@x");
	mem_free(key);
	key = account_key(&frontend, "@Al:x=1");
	assert_string_equal(key, "matrix=3a=40=41l=3ax=3d1@gw.x");
	/* And back, if it is the one of an address of a frontend that is served. */
	list_append(&fx->transport->frontends, &frontend.link);
	char *address = account_key_address(fx->transport, key);

	assert_string_equal(address, "@Al:x=1");
	mem_free(address);
	mem_free(key);
	static const char *const others[] = {"alice@x",
					     "matrix=3a2=3a=40bob=3ax@gw.x", /* a second account */
					     "matrix=3a=40bob=3ax@other.x",
					     "matrix=3a=4zbob@gw.x",
					     "matrix=3a=40bob=3@gw.x",
					     "matrix=3a=40bob=00@gw.x",
					     "matrix=3a=40BOB@gw.x",
					     "matrix=3a@gw.x",
					     "slack=3at1=2fu1@gw.x",
					     "matrix=3a",
					     ""};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		address = account_key_address(fx->transport, others[i]);
		assert_string_equal(address, others[i]);
		mem_free(address);
	}
	list_remove(&frontend.link);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_register_and_unregister),
		TEST(test_unregister_who_is_away),
		TEST(test_rules),
		TEST(test_own_address),
		TEST(test_names_without_passwords),
		TEST(test_bad_expression),
		TEST(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
