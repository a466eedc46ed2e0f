/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "transport/routing/latency.h"

static uint64_t count(enum latency_step step)
{
	return histogram_count(latency_histogram(step));
}

static void costs_nothing_while_off(void **state)
{
	struct latency_queue queue = {0};

	(void)state;
	latency_on = false;
	latency_begin_input();
	latency_routed(LATENCY_PERSON_TO_ROUTER);
	latency_end_input();
	latency_queued(&queue);
	latency_written(&queue, LATENCY_ROUTER_TO_PERSON);
	assert_int_equal(queue.events, 0);
	assert_int_equal(queue.since_ns, 0);
	for (int step = 0; step < LATENCY_STEPS; step++)
		assert_int_equal(count((enum latency_step)step), 0);
}

static void counts_what_came_with_an_input(void **state)
{
	(void)state;
	latency_on = true;
	latency_routed(LATENCY_PERSON_TO_ROUTER); /* with none: a timer's, for example */
	assert_int_equal(count(LATENCY_PERSON_TO_ROUTER), 0);
	latency_begin_input();
	latency_routed(LATENCY_PERSON_TO_ROUTER);
	latency_routed(LATENCY_PERSON_TO_ROUTER);
	latency_end_input();
	latency_routed(LATENCY_PERSON_TO_ROUTER);
	assert_int_equal(count(LATENCY_PERSON_TO_ROUTER), 2);
	assert_int_equal(count(LATENCY_BACKEND_TO_ROUTER), 0);
}

/* Each of a batch counts as long as its oldest. */
static void counts_batches(void **state)
{
	const struct histogram *histogram = latency_histogram(LATENCY_ROUTER_TO_BACKEND);
	struct latency_queue queue = {0};

	(void)state;
	latency_on = true;
	latency_queued(&queue);
	uint64_t since = queue.since_ns;

	latency_queued(&queue);
	latency_queued(&queue);
	assert_int_equal(queue.since_ns, since);
	queue.since_ns -= 3000000000u; /* as if it had waited for three seconds */
	latency_written(&queue, LATENCY_ROUTER_TO_BACKEND);
	assert_int_equal(count(LATENCY_ROUTER_TO_BACKEND), 3);
	assert_true(histogram->sum_ns >= 9000000000u && histogram->sum_ns < 30000000000u);
	latency_written(&queue, LATENCY_ROUTER_TO_BACKEND);
	assert_int_equal(count(LATENCY_ROUTER_TO_BACKEND), 3);
	latency_queued(&queue);
	assert_true(queue.since_ns >= since);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(costs_nothing_while_off),
	        cmocka_unit_test(counts_what_came_with_an_input),
	        cmocka_unit_test(counts_batches),
	};

	return cmocka_run_group_tests_name("transport: latency", tests, NULL, NULL);
}
