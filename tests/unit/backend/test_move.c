/* SPDX-License-Identifier: MIT */
/* Idle people on long-run backends, the memory collector, and what people are told in quarantine. */
#include <signal.h>
#include <string.h>

#include "tests/unit/backend/harness.h"

static struct backend *backend_of(const struct harness *h, unsigned index)
{
	return h->people[index].user.backend;
}

static void test_idle_people_are_moved(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.idle_reconnect_time = 3600;
	harness_begin(&h);
	assert_int_equal(h.server->timing.idle, 3600000);
	h.server->timing.ping = 700;
	for (unsigned i = 0; i < 3; i++)
		harness_assign(&h, i);
	UNTIL(&h, h.people[2].connected == 1);
	struct backend *old = backend_of(&h, 0);
	assert_false(old->long_run);
	h.people[0].user.active_ms -= 3700000;
	h.people[1].user.active_ms -= 3700000;
	UNTIL(&h, h.people[0].connected == 2 && h.people[1].connected == 2);
	assert_int_equal(h.people[0].left, 1);
	struct backend *kept = backend_of(&h, 0);
	assert_ptr_not_equal(kept, old);
	assert_true(kept->long_run);
	assert_ptr_equal(backend_of(&h, 1), kept);
	assert_int_equal(kept->users_count, 2);
	assert_ptr_equal(backend_of(&h, 2), old);
	assert_int_equal(old->users_count, 1);
	/* ordinary logins never choose it, and who is on it stays */
	harness_release(&h, 2);
	UNTIL(&h, network_plugin_server_count(h.server) == 1);
	harness_assign(&h, 3);
	UNTIL(&h, h.people[3].connected == 1);
	assert_false(backend_of(&h, 3)->long_run);
	h.people[0].user.active_ms -= 3700000;
	uint64_t end = clock_ms() + 200;
	UNTIL(&h, clock_ms() > end);
	assert_int_equal(h.people[0].left, 1);
	/* empty, it goes */
	harness_release(&h, 0);
	harness_release(&h, 1);
	UNTIL(&h, network_plugin_server_count(h.server) == 1);
	assert_int_equal(h.transport.counters.backends_crashed, 0);
	assert_int_equal(h.transport.counters.backends_started, 3);
	harness_close(&h);
}

static void test_a_full_long_run_backend_gets_a_second(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.idle_reconnect_time = 3600;
	h.transport.service.users_per_backend = 2;
	harness_begin(&h);
	for (unsigned i = 0; i < 4; i++)
		harness_assign(&h, i);
	/* Who connects later is active then. */
	for (unsigned i = 0; i < 4; i++)
		UNTIL(&h, h.people[i].connected == 1);
	for (unsigned i = 0; i < 3; i++)
		h.people[i].user.active_ms -= 3700000;
	UNTIL(&h, h.people[0].connected == 2 && h.people[1].connected == 2 && h.people[2].connected == 2);
	for (unsigned i = 0; i < 3; i++)
		assert_true(backend_of(&h, i)->long_run);
	assert_false(backend_of(&h, 3)->long_run);
	harness_close(&h);
}

static void test_leaving_between_two_backends(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.idle_reconnect_time = 3600;
	harness_begin(&h);
	harness_assign(&h, 0);
	harness_assign(&h, 1);
	UNTIL(&h, h.people[1].connected == 1);
	h.people[0].user.active_ms -= 3700000;
	UNTIL(&h, h.people[0].user.moving);
	harness_release(&h, 0);
	assert_false(h.people[0].user.moving);
	assert_int_equal(network_plugin_server_waiting(h.server), 0);
	h.people[1].user.active_ms -= 3700000;
	UNTIL(&h, h.people[1].user.moving);
	/* the end of it all finds somebody on the way */
	harness_close(&h);
	assert_false(h.people[1].user.moving);
	assert_int_equal(h.people[0].connected, 1);
}

static void test_long_run_backend_dies(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.idle_reconnect_time = 3600;
	harness_begin(&h);
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].connected == 1);
	h.people[0].user.active_ms -= 3700000;
	UNTIL(&h, h.people[0].connected == 2);
	h.people[0].again = true;
	kill(backend_pid(backend_of(&h, 0)), SIGKILL);
	UNTIL(&h, h.people[0].connected == 3);
	assert_false(backend_of(&h, 0)->long_run);
	harness_close(&h);
}

static void test_memory_collector(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	h.transport.service.users_per_backend = 2;
	h.transport.service.memory_collector_time = 7;
	harness_begin(&h);
	assert_int_equal(h.server->timing.collect, 7000);
	for (unsigned i = 0; i < 3; i++)
		harness_assign(&h, i);
	UNTIL(&h, h.people[2].connected == 1 && backend_of(&h, 2)->stats.resident_kb > 0 &&
	                  backend_of(&h, 0)->stats.resident_kb > 0);
	struct backend *large = backend_of(&h, 2);
	large->stats.resident_kb = 100000;
	h.server->timing.collect = 50;
	UNTIL(&h, large->state == BACKEND_DRAINING);
	h.server->timing.collect = 0;
	assert_int_equal(backend_of(&h, 0)->state, BACKEND_READY);
	assert_int_equal(h.people[2].left, 0);
	/* there would be a place */
	harness_assign(&h, 3);
	UNTIL(&h, h.people[3].connected == 1);
	assert_ptr_not_equal(backend_of(&h, 3), large);
	/* the last one leaves, and it ends */
	harness_release(&h, 2);
	assert_int_equal(large->state, BACKEND_STOPPING);
	UNTIL(&h, network_plugin_server_count(h.server) == 2);
	assert_int_equal(h.transport.counters.backends_crashed, 0);
	harness_close(&h);
}

static void test_quarantine_is_told_once(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s exits", harness_program);
	harness_begin(&h);
	h.server->timing.backoff_max = 100;
	harness_assign(&h, 0);
	UNTIL(&h, h.transport.counters.backends_crashed == BACKEND_QUARANTINE - 1);
	assert_int_equal(h.people[0].unavailable, 0);
	UNTIL(&h, h.transport.counters.backends_crashed == BACKEND_QUARANTINE + 1);
	assert_int_equal(h.people[0].unavailable, 1);
	/* who comes later learns it as well */
	harness_assign(&h, 1);
	assert_int_equal(h.people[1].unavailable, 1);
	harness_close(&h);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_idle_people_are_moved),
	        cmocka_unit_test(test_a_full_long_run_backend_gets_a_second),
	        cmocka_unit_test(test_leaving_between_two_backends),
	        cmocka_unit_test(test_long_run_backend_dies),
	        cmocka_unit_test(test_memory_collector),
	        cmocka_unit_test(test_quarantine_is_told_once),
	};

	harness_find_program(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
