/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/acceptor.h"
#include "base/clock.h"

#define CROWD 100

struct place {
	uv_loop_t loop;
	struct acceptor *acceptor;
	struct sockaddr_in address;
	struct log log;
	unsigned taken, closed;
	bool hold_after_one;
	unsigned rest_after_one;
	int crowd[CROWD];
};

static unsigned complaints, relieved;

void __wrap_log_write(enum log_level level, const struct log *log, const char *format, ...);

void __wrap_log_write(enum log_level level, const struct log *log, const char *format, ...)
{
	(void)level;
	assert_string_equal(log->label, "place");
	complaints += strstr(format, "connections are refused") != NULL;
	relieved += strstr(format, "connections are taken again") != NULL;
}

static void on_taken(void *context, int fd)
{
	struct place *place = context;

	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	place->taken++;
	if (place->rest_after_one)
		acceptor_rest(place->acceptor, place->rest_after_one);
	if (place->hold_after_one)
		acceptor_hold(place->acceptor, true);
}

static void on_closed(void *context)
{
	((struct place *)context)->closed++;
}

static int open_place(void **state)
{
	static struct place place;
	socklen_t size = sizeof(place.address);

	memset(&place, 0, sizeof(place));
	complaints = relieved = 0;
	place.log.label = "place";
	uv_loop_init(&place.loop);
	place.address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = acceptor_listen((struct sockaddr *)&place.address, size, CROWD);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&place.address, &size), 0);
	place.acceptor = acceptor_open(&place.loop, fd, &place.log, on_taken, &place);
	assert_int_equal(acceptor_fd(place.acceptor), fd);
	*state = &place;
	return 0;
}

static int close_place(void **state)
{
	struct place *place = *state;

	for (unsigned i = 0; i < CROWD; i++)
		if (place->crowd[i] > 0)
			close(place->crowd[i]);
	acceptor_close(&place->acceptor, on_closed, place);
	assert_null(place->acceptor);
	assert_int_equal(place->closed, 0);
	uv_run(&place->loop, UV_RUN_DEFAULT);
	assert_int_equal(place->closed, 1);
	return uv_loop_close(&place->loop);
}

static void arrive(struct place *place, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		place->crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_true(place->crowd[i] >= 0);
		assert_int_equal(connect(place->crowd[i], (struct sockaddr *)&place->address,
		                         sizeof(place->address)), 0);
	}
}

static void test_a_crowd_takes_several_turns(void **state)
{
	struct place *place = *state;

	arrive(place, CROWD);
	uv_run(&place->loop, UV_RUN_ONCE);
	assert_int_equal(place->taken, ACCEPTOR_TURN);
	while (place->taken < CROWD)
		uv_run(&place->loop, UV_RUN_ONCE);
	assert_int_equal(place->taken, CROWD);
}

static void test_hold(void **state)
{
	struct place *place = *state;

	place->hold_after_one = true;
	arrive(place, 3);
	uv_run(&place->loop, UV_RUN_ONCE);
	uv_run(&place->loop, UV_RUN_NOWAIT);
	assert_int_equal(place->taken, 1);
	place->hold_after_one = false;
	acceptor_hold(place->acceptor, false);
	uv_run(&place->loop, UV_RUN_ONCE);
	assert_int_equal(place->taken, 3);
}

static void test_rest(void **state)
{
	struct place *place = *state;
	uint64_t begin = clock_ms();

	place->rest_after_one = 30;
	arrive(place, 4);
	while (place->taken < 4)
		uv_run(&place->loop, UV_RUN_ONCE);
	assert_true(clock_ms() - begin >= 80);
}

static bool is_turned_away(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static unsigned count_turned_away(const struct place *place, unsigned count)
{
	unsigned found = 0;

	for (unsigned i = 0; i < count; i++)
		found += is_turned_away(place->crowd[i]);
	return found;
}

static void set_limit(rlim_t soft, struct rlimit *before)
{
	assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
	struct rlimit now = {soft, before->rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
}

/* One free number is left, and the acceptor has it. */
static void test_no_descriptors(void **state)
{
	struct place *place = *state;
	struct rlimit before;
	unsigned turns = 0;

	arrive(place, 50);
	int next = dup(STDIN_FILENO);
	close(next);
	set_limit((rlim_t)next, &before);
	for (; count_turned_away(place, 50) < 50; turns++)
		uv_run(&place->loop, UV_RUN_ONCE);
	assert_int_equal(place->taken, 0);
	assert_int_equal(complaints, 1);
	assert_true(turns < 40);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	arrive(place, 1);
	while (place->taken < 1)
		uv_run(&place->loop, UV_RUN_ONCE);
	assert_int_equal(relieved, 1);
}

/* Nor can it turn anybody away: it rests rather than spin. */
static void test_not_even_a_spare_one(void **state)
{
	struct place *place = *state;
	struct rlimit before;
	unsigned turns = 0;

	arrive(place, 50);
	set_limit(STDERR_FILENO + 1, &before);
	while (complaints == 0)
		uv_run(&place->loop, UV_RUN_ONCE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	uint64_t begin = clock_ms();
	for (; place->taken < 50; turns++)
		uv_run(&place->loop, UV_RUN_ONCE);
	assert_true(clock_ms() - begin > 500);
	assert_true(turns < 40);
	assert_int_equal(relieved, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_a_crowd_takes_several_turns, open_place, close_place),
	        cmocka_unit_test_setup_teardown(test_hold, open_place, close_place),
	        cmocka_unit_test_setup_teardown(test_rest, open_place, close_place),
	        cmocka_unit_test_setup_teardown(test_no_descriptors, open_place, close_place),
	        cmocka_unit_test_setup_teardown(test_not_even_a_spare_one, open_place, close_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
