/* SPDX-License-Identifier: MIT */
/* The instance: start, features, people brought back after a restart, the end. */
#include "tests/unit/transport/fixture.h"

static bool stopped;

static void on_stopped(void *context)
{
	(void)context;
	stopped = true;
}

static void stop_and_wait(void)
{
	stopped = false;
	transport_stop(fx->transport, on_stopped, NULL);
	assert_false(stopped); /* never from inside */
	while (!stopped)
		uv_run(fx->loop, UV_RUN_ONCE);
}

static void test_features(void **state)
{
	static const char *const config[] = {"features.receipts=1", "features.muc=1"};
	static const char first[] = "[features]\nmuc=0\nrawxml = maybe\n[registration]\nneedPassword=no\n";
	static const char second[] = "[features]\nmuc=1\nrawxml=1\nroom_nick=yes\n";
	const struct backend_features *features;

	(void)state;
	fixture_start(config, 2);
	features = &fx->transport->features;
	assert_true(features->receipts && features->rooms && features->need_password &&
		    features->need_registration);
	assert_false(features->known);
	transport_backend_config(fx->transport, first, strlen(first));
	assert_true(features->known && features->receipts);
	assert_false(features->rooms || features->need_password || features->raw_xml);
	transport_backend_config(fx->transport, second, strlen(second));
	assert_false(features->rooms); /* the first word stays */
	assert_true(features->raw_xml && features->room_nickname_change);
}

static void test_start_once(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	transport_backend_ready(fx->transport);
	transport_backend_ready(fx->transport);
	expect("frontend started\n");
	stop_and_wait();
	expect("frontend stopped\n");
}

static void test_brings_people_back(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	store_account("bob@x", "bo", "pw");
	store_account("tom@x", "to", "pw");
	store_account("eve@x", "ev", "pw");
	store_setting("bob@x", "stay_connected", "1");
	store_mark_online("alice@x");
	store_mark_online("bob@x");
	store_mark_online("tom@x");
	transport_backend_ready(fx->transport);
	store_pump();
	log_in("tom@x", "phone"); /* was quicker */
	wait_for("frontend probe bob@x");
	expect("frontend probe alice@x\n"
	       "bob@x session connecting\n"
	       "b1 login bo pw\n"
	       "frontend probe bob@x\n");
	assert_null(user_find(fx->transport, "alice@x"));
	assert_null(user_find(fx->transport, "eve@x"));
}

static void test_moved_while_idle(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	struct user *user = log_in("alice@x", "phone");
	struct backend *old = &fx->backends[0], *kept = &fx->backends[1];

	join("alice@x", "phone", "#r", "alice");
	participant("alice@x", "#r", "bob", 0, STATUS_ONLINE);
	participant("alice@x", "#r", "alice", 0, STATUS_ONLINE);
	from_backend(old, (struct event){.type = EVENT_CONTACT,
					 .user = "alice@x",
					 .contact = {.name = "eve", .status = STATUS_ONLINE}});
	forget();
	user_backend_leave(user);
	assert_null(user->backend);
	assert_int_equal(user->state, USER_WAITING);
	expect("b1 logout al\n"
	       "alice@x/phone contact eve '' offline\n");
	/* Nothing in between is about this session any more. */
	from_backend(old, (struct event){.type = EVENT_DISCONNECTED,
					 .user = "alice@x",
					 .disconnected = {.error = CONNECTION_ERROR_NAME_IN_USE, .text = "kicked"}});
	user->backend = kept;
	user_backend_assigned(user, kept);
	from_backend(old, (struct event){.type = EVENT_DISCONNECTED,
					 .user = "alice@x",
					 .disconnected = {.error = CONNECTION_ERROR_NAME_IN_USE, .text = "kicked"}});
	assert_int_equal(user->state, USER_CONNECTING);
	assert_int_equal(fx->transport->counters.events_refused, 0);
	forget();
	from_backend(kept, (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	assert_int_equal(user->state, USER_CONNECTED);
	expect("store online 1\n"
	       "alice@x session connected\n"
	       "b2 join #r alice\n");
}

static void test_words_when_nothing_works(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	fx->gives = NULL;
	struct user *user;

	attach("alice@x", "phone");
	session_presence(find("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	user = user_find(fx->transport, "alice@x");
	assert_non_null(user);
	assert_int_equal(user->state, USER_WAITING);
	forget();
	user_backend_unavailable(user);
	user_backend_unavailable(user);
	expect("frontend notify alice@x 'The program that serves this network does not work at the moment. You will be "
	       "logged in as soon as it does.'\n");
	user->backend = &fx->backends[0];
	user_backend_assigned(user, user->backend);
	forget();
	from_backend(user->backend, (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	assert_true(was_told("frontend notify alice@x 'The network can be reached again.'"));
}

static void test_stop(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	transport_backend_ready(fx->transport);
	log_in("alice@x", "phone");
	join("alice@x", "phone", "#a", "al");
	attach("late@x", "phone"); /* still loading */
	session_authenticate(fx->frontend, "new@x", "new", "pw");
	forget();
	stop_and_wait();
	/* Nobody is marked as gone: the next process brings them back. */
	expect("frontend stopped\nb1 logout al\n");
	assert_null(attach("alice@x", "phone"));
	assert_int_equal(map_count(fx->transport->users), 0);
	assert_int_equal(map_count(fx->transport->identities), 0);
}

static void test_hold(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	transport_backend_ready(fx->transport);
	forget();
	transport_hold(fx->frontend, false);
	expect("");
	transport_hold(fx->frontend, true);
	transport_hold(fx->frontend, true);
	expect("backends held\n");
	transport_hold(fx->frontend, false);
	expect("backends read\n");
}

static void test_stop_ends_whatever_hangs(void **state)
{
	uint64_t begin_ms;

	(void)state;
	fixture_start(NULL, 0);
	transport_backend_ready(fx->transport);
	fx->hang = true;
	begin_ms = clock_ms();
	stop_and_wait();
	assert_in_range(clock_ms() - begin_ms, 4000, 20000);
}

static void test_check(void **state)
{
	static const struct frontend_ops *const known[] = {&fake_frontend_ops, NULL};
	struct buf error = {0};

	(void)state;
	fx->transport = transport_create(fx->loop, fx->config, known);
	assert_int_equal(config_override(fx->config, "service.frontend", "telegraph", &error), 0);
	assert_int_equal(config_override(fx->config, "logging.level", "loud", &error), 0);
	assert_int_equal(config_load(fx->config, NULL, &error), 0);
	assert_int_equal(transport_check(fx->transport, &error), TP_ERR_INVALID);
	assert_non_null(strstr(buf_text(&error), "service.jid"));
	assert_non_null(strstr(buf_text(&error), "telegraph"));
	assert_non_null(strstr(buf_text(&error), "loud"));
	buf_finish(&error);
}

static void test_admins(void **state)
{
	static const char *const config[] = {"service.admin_jid=admin@x"};

	(void)state;
	fixture_start(config, 1);
	assert_true(transport_is_admin(fx->transport, "xmpp", "admin@x"));
	assert_true(transport_is_admin(fx->transport, "xmpp", "Admin@x"));
	assert_false(transport_is_admin(fx->transport, "xmpp", "admin@x/phone"));
	assert_false(transport_is_admin(fx->transport, "xmpp", "admin@x.evil"));
	assert_false(transport_is_admin(fx->transport, "xmpp", ""));
	assert_false(transport_is_admin(fx->transport, "matrix", "admin@x"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_features),
		TEST(test_start_once),
		TEST(test_brings_people_back),
		TEST(test_moved_while_idle),
		TEST(test_words_when_nothing_works),
		TEST(test_stop),
		TEST(test_hold),
		TEST(test_check),
		TEST(test_admins),
		TEST(test_stop_ends_whatever_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
