/* SPDX-License-Identifier: MIT */
/* Who gets which backend, when one is started and when it goes. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/backend/harness.h"

static unsigned count_state(const struct harness *h, enum backend_state wanted)
{
	unsigned count = 0;
	struct backend *backend = network_plugin_server_first(h->server);

	for (; backend; backend = network_plugin_server_next(h->server, backend))
		count += backend->state == wanted;
	return count;
}

static unsigned count_connected(const struct harness *h)
{
	unsigned count = 0;

	for (unsigned i = 0; i < PEOPLE; i++)
		count += h->people[i].connected > 0;
	return count;
}

static void check_good(const char *mode)
{
	struct harness h;

	harness_open(&h, "%s %s", harness_program, mode);
	harness_begin(&h);
	struct person *person = harness_assign(&h, 0);
	assert_int_equal(network_plugin_server_waiting(h.server), 1);
	UNTIL(&h, person->connected == 1);
	assert_int_equal(h.ready, 1);
	assert_int_equal(network_plugin_server_waiting(h.server), 0);
	assert_int_equal(network_plugin_server_count(h.server), 1);
	assert_string_equal(buf_text(&h.config), "[features]\nmuc=1\n");

	struct backend *backend = harness_backend(&h);
	UNTIL(&h, backend->stats.resident_kb == 300);
	assert_int_equal(backend->id, 1);
	assert_null(backend->stats.process_id);
	assert_null(backend->listener);
	assert_int_equal(backend->candidates_count, 0);
	backend_send(backend, &(struct event){.type = EVENT_MESSAGE,
	                                      .user = person->key,
	                                      .message = {.name = "echo", .text = "hello"}});
	assert_true(backend_queued(backend) > 0);
	UNTIL(&h, person->messages == 1);
	assert_int_equal(backend_queued(backend), 0);
	assert_int_equal(h.transport.counters.backends_started, 1);
	assert_int_equal(h.transport.counters.backends_crashed, 0);
	harness_close(&h);
}

static void talk(const char *mode, bool extended, const char *text)
{
	struct harness h;

	harness_open(&h, "%s %s", harness_program, mode);
	harness_begin(&h);
	struct person *person = harness_assign(&h, 0);
	UNTIL(&h, person->connected == 1);
	struct backend *backend = harness_backend(&h);
	assert_int_equal(backend->extended, extended);
	backend_send(backend, &(struct event){.type = EVENT_MESSAGE,
	                                      .user = person->key,
	                                      .message = {.name = "echo", .text = "hello", .replaces = "m0"}});
	UNTIL(&h, person->messages == 1);
	assert_int_equal(person->read, extended ? 1 : 0);
	assert_string_equal(person->text, text);
	/* Its read marker was a frame that makes no sense. */
	assert_int_equal(backend->ignored_frames, strcmp(mode, "good") == 0 || extended ? 0 : 1);
	harness_close(&h);
}

/* Who announces the extension in its first words is answered, and is told and may say more than others. */
static void test_extension(void **state)
{
	(void)state;
	talk("extended", true, "m0");
	talk("good", false, "hello");
	talk("presumes", false, "hello");
	talk("extended-late", false, "hello");
}

static void test_inherited_socket(void **state)
{
	(void)state;
	check_good("good");
}

static void test_tcp(void **state)
{
	(void)state;
	check_good("tcp");
}

static void test_prober(void **state)
{
	(void)state;
	/* closes what it inherited, connects and closes, connects again */
	check_good("prober");
}

static void test_shell_wrapper(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "/bin/sh -c '\"%s\" tcp \"$@\"; exit $?' sh", harness_program);
	harness_begin(&h);
	struct person *person = harness_assign(&h, 0);
	UNTIL(&h, person->connected == 1);
	harness_close(&h);
}

static void test_fills_one_then_the_next(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.users_per_backend = 3;
	harness_begin(&h);
	for (unsigned i = 0; i < 7; i++)
		harness_assign(&h, i);
	/* one was there already for the first three */
	assert_int_equal(network_plugin_server_count(h.server), 3);
	UNTIL(&h, count_connected(&h) == 7);
	assert_int_equal(h.transport.counters.backends_started, 3);
	for (unsigned i = 1; i < 7; i++)
		assert_true(h.people[i].order > h.people[i - 1].order);

	/* newest connected first: those come first in the list */
	struct backend *first = network_plugin_server_first(h.server);
	struct backend *second = network_plugin_server_next(h.server, first);
	assert_true(first->ready_ms >= second->ready_ms);
	assert_int_not_equal(first->id, second->id);

	/* a place that becomes free is used again */
	harness_release(&h, 0);
	assert_null(h.people[0].user.backend);
	struct person *late = harness_assign(&h, 10);
	UNTIL(&h, late->connected == 1);
	assert_int_equal(h.transport.counters.backends_started, 3);
	/* asking twice changes nothing */
	harness_assign(&h, 10);
	assert_int_equal(network_plugin_server_waiting(h.server), 0);
	assert_int_equal(late->assigned, 1);
	harness_close(&h);
}

static void test_old_backends_not_reused(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.users_per_backend = 2;
	h.transport.service.reuse_old_backends = false;
	harness_begin(&h);
	harness_assign(&h, 0);
	harness_assign(&h, 1);
	UNTIL(&h, count_connected(&h) == 2);
	struct backend *old = h.people[0].user.backend;
	assert_int_equal(old->state, BACKEND_DRAINING);
	harness_release(&h, 0);
	assert_int_equal(old->state, BACKEND_DRAINING);
	harness_assign(&h, 2);
	UNTIL(&h, h.people[2].connected == 1);
	assert_ptr_not_equal(h.people[2].user.backend, old);
	/* the last one leaves: it goes at once, and its slot is free again */
	harness_release(&h, 1);
	assert_int_equal(old->state, BACKEND_STOPPING);
	UNTIL(&h, network_plugin_server_count(h.server) == 1);
	assert_int_equal(h.transport.counters.backends_crashed, 0);
	harness_assign(&h, 3);
	harness_assign(&h, 4);
	UNTIL(&h, h.people[4].connected == 1);
	assert_int_equal(h.people[4].user.backend->id, 1);
	harness_close(&h);
}

static void test_one_user_each(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.users_per_backend = 1;
	harness_begin(&h);
	for (unsigned i = 0; i < 12; i++)
		harness_assign(&h, i);
	/* as many as are needed, and not more at a time than the limit */
	assert_int_equal(network_plugin_server_count(h.server), 8);
	UNTIL(&h, count_connected(&h) == 12);
	assert_int_equal(h.transport.counters.backends_started, 12);
	harness_release(&h, 5);
	assert_int_equal(count_state(&h, BACKEND_STOPPING), 1);
	UNTIL(&h, network_plugin_server_count(h.server) == 11);
	assert_int_equal(h.transport.counters.backends_crashed, 0);
	harness_close(&h);
}

static void test_login_delay(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.login_delay = 3;
	harness_begin(&h);
	assert_int_equal(h.server->timing.login_delay, 3000);
	h.server->timing.login_delay = 60;
	UNTIL(&h, h.ready == 1);
	uint64_t start = clock_ms();
	for (unsigned i = 0; i < 4; i++)
		harness_assign(&h, i);
	assert_int_equal(h.people[0].assigned, 1);
	assert_int_equal(network_plugin_server_waiting(h.server), 3);
	UNTIL(&h, count_connected(&h) == 4);
	assert_true(clock_ms() - start >= 180);
	assert_int_equal(h.transport.counters.backends_started, 1);
	harness_close(&h);
}

static void test_release_while_waiting_and_from_inside(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	harness_begin(&h);
	harness_assign(&h, 0);
	h.people[1].release = true;
	harness_assign(&h, 1);
	harness_assign(&h, 2);
	harness_release(&h, 0);
	harness_release(&h, 0);
	assert_int_equal(network_plugin_server_waiting(h.server), 2);
	UNTIL(&h, h.people[2].connected == 1);
	assert_int_equal(h.people[0].assigned, 0);
	assert_int_equal(h.people[1].assigned, 1);
	assert_null(h.people[1].user.backend);
	assert_int_equal(harness_backend(&h)->users_count, 1);
	harness_close(&h);
}

static void test_idle_stop(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	harness_begin(&h);
	h.server->timing.ping = 700;
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].connected == 1);
	struct backend *backend = harness_backend(&h);
	/* with a user it stays, and is pinged */
	uint64_t heard = backend->heard_ms, end = clock_ms() + 1500;
	UNTIL(&h, clock_ms() > end && backend->heard_ms > heard);
	assert_int_equal(backend->state, BACKEND_READY);
	/* without, for two intervals */
	harness_release(&h, 0);
	uint64_t empty = clock_ms();
	UNTIL(&h, network_plugin_server_count(h.server) == 0);
	assert_true(clock_ms() - empty >= 1400);
	assert_int_equal(h.transport.counters.backends_crashed, 0);
	/* and the next login starts another */
	harness_assign(&h, 1);
	UNTIL(&h, h.people[1].connected == 1);
	assert_int_equal(h.ready, 2);
	harness_close(&h);
}

static void check_stop(const char *mode, bool terminated, bool killed)
{
	struct harness h;

	harness_open(&h, "%s %s", harness_program, mode);
	harness_begin(&h);
	UNTIL(&h, h.ready == 1);
	struct backend *backend = harness_backend(&h);
	pid_t pid = backend_pid(backend);
	assert_int_equal(getsid(pid), pid);
	network_plugin_server_stop(h.server, NULL, NULL);
	UNTIL(&h, h.server->closed);
	assert_int_equal(harness_logged(&h, "telling it to"), terminated);
	assert_int_equal(harness_logged(&h, "killing it"), killed);
	network_plugin_server_destroy(&h.server);
	harness_close(&h);
}

static void test_stop(void **state)
{
	(void)state;
	check_stop("good", false, false);
	/* knows no EXIT, but sees that no more will come */
	check_stop("eof-only", false, false);
	check_stop("stubborn", true, true);
	/* a process that the backend left behind goes with it */
	check_stop("orphan", false, false);
}

static void test_stop_while_starting(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s mute", harness_program);
	harness_begin(&h);
	harness_assign(&h, 0);
	harness_close(&h);
	assert_null(h.people[0].user.backend);
	assert_true(h.people[0].user.backend_link.next == &h.people[0].user.backend_link);
	harness_open(&h, "%s stubborn", harness_program);
	harness_begin(&h);
	UNTIL(&h, h.ready == 1);
	/* without a stop before: everything is killed, and frees itself */
	network_plugin_server_destroy(&h.server);
	assert_null(h.server);
	harness_close(&h);
}

static void test_start_refused(void **state)
{
	static const char *const bad[] = {"/nonexistent/backend", "/etc/passwd", "'open", "", "sh"};
	struct harness h;
	struct buf error = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		harness_open(&h, "%s", bad[i]);
		buf_clear(&error);
		assert_true(network_plugin_server_start(&h.transport, &h.server, &error) < 0);
		assert_null(h.server);
		assert_non_null(strstr(buf_text(&error), "service.backend"));
		harness_close(&h);
	}
	harness_open(&h, "%s good", harness_program);
	h.transport.service.working_dir = "/nonexistent";
	buf_clear(&error);
	assert_true(network_plugin_server_start(&h.transport, &h.server, &error) < 0);
	assert_non_null(strstr(buf_text(&error), "working_dir"));
	harness_close(&h);
	buf_finish(&error);
}

/* Maintenance: who is there stays, and what nobody needs ends now rather than after a while. */
static void test_empty(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.users_per_backend = 1;
	harness_begin(&h);
	h.server->timing.ping = 60000;
	for (unsigned i = 0; i < 2; i++)
		harness_assign(&h, i);
	UNTIL(&h, count_connected(&h) == 2);
	h.server->users_per_backend = 10; /* so that emptiness alone is no reason to end */
	network_plugin_server_empty(h.server, true);
	assert_int_equal(count_state(&h, BACKEND_READY), 2);
	harness_release(&h, 0);
	UNTIL(&h, network_plugin_server_count(h.server) == 1);
	harness_release(&h, 1);
	UNTIL(&h, network_plugin_server_count(h.server) == 0);
	assert_int_equal(h.transport.counters.backends_crashed, 0);
	/* and afterwards one is kept for a while again */
	network_plugin_server_empty(h.server, false);
	struct person *person = harness_assign(&h, 2);
	UNTIL(&h, person->connected == 1);
	harness_release(&h, 2);
	assert_int_equal(count_state(&h, BACKEND_READY), 1);
	network_plugin_server_empty(h.server, true);
	UNTIL(&h, network_plugin_server_count(h.server) == 0);
	harness_close(&h);
}

static void test_reconfigure(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.users_per_backend = 1;
	harness_begin(&h);
	for (unsigned i = 0; i < 2; i++)
		harness_assign(&h, i);
	UNTIL(&h, count_connected(&h) == 2);
	assert_int_equal(network_plugin_server_count(h.server), 2);
	h.transport.service.users_per_backend = 2;
	h.transport.service.login_delay = 3;
	h.transport.service.ping_interval = 7;
	network_plugin_server_reconfigure(h.server);
	assert_int_equal(h.server->timing.ping, 7000);
	assert_int_equal(h.server->timing.login_delay, 3000);
	for (unsigned i = 2; i < 4; i++) {
		h.server->timing.login_delay = 0;
		h.server->assign_after_ms = 0;
		harness_assign(&h, i);
	}
	UNTIL(&h, count_connected(&h) == 4);
	assert_int_equal(network_plugin_server_count(h.server), 2);
	harness_close(&h);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_extension), cmocka_unit_test(test_inherited_socket),
	        cmocka_unit_test(test_tcp),
	        cmocka_unit_test(test_prober),
	        cmocka_unit_test(test_shell_wrapper),
	        cmocka_unit_test(test_fills_one_then_the_next),
	        cmocka_unit_test(test_old_backends_not_reused),
	        cmocka_unit_test(test_one_user_each),
	        cmocka_unit_test(test_login_delay),
	        cmocka_unit_test(test_release_while_waiting_and_from_inside),
	        cmocka_unit_test(test_idle_stop),
	        cmocka_unit_test(test_stop),
	        cmocka_unit_test(test_stop_while_starting),
	        cmocka_unit_test(test_start_refused),
	        cmocka_unit_test(test_empty),
	        cmocka_unit_test(test_reconfigure),
	};

	harness_find_program(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
