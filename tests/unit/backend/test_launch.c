/* SPDX-License-Identifier: MIT */
/* Programs that another thread starts, while the loop goes on: all but the first. */
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/backend/harness.h"
#include "tests/unit/folder.h"
#include "transport/backend/backend_process.h"

static char folder[PATH_MAX], program[PATH_MAX + 16];

/* The program is from now on what `to` is. */
static void become(const char *to)
{
	unlink(program);
	assert_int_equal(symlink(to, program), 0);
}

static void write_program(const char *text)
{
	unlink(program);
	int fd = open(program, O_WRONLY | O_CREAT | O_EXCL, 0700);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* One backend is ready and has its one user. */
static void begin(struct harness *h)
{
	become(harness_program);
	harness_open(h, "%s good", program);
	h->transport.service.users_per_backend = 1;
	harness_begin(h);
	assert_false(backend_process_is_launching(harness_backend(h)->process));
	struct person *first = harness_assign(h, 0);

	UNTIL(h, first->connected == 1);
}

static struct backend *launching(const struct harness *h)
{
	struct backend *backend = harness_backend(h);

	while (backend && !(backend->process && backend_process_is_launching(backend->process)))
		backend = network_plugin_server_next(h->server, backend);
	return backend;
}

static void test_nobody_waits(void **state)
{
	struct harness h;

	(void)state;
	begin(&h);
	struct person *second = harness_assign(&h, 1);
	struct backend *backend = launching(&h);

	assert_non_null(backend);
	assert_int_equal(backend->state, BACKEND_STARTING);
	assert_int_equal(backend_pid(backend), 0);
	assert_int_equal(h.transport.counters.backends_started, 1);
	UNTIL(&h, second->connected == 1);
	assert_true(backend_pid(backend) > 0);
	assert_int_equal(h.transport.counters.backends_started, 2);
	assert_null(launching(&h));
	harness_close(&h);
}

static void test_several_at_once(void **state)
{
	struct harness h;

	(void)state;
	begin(&h);
	for (unsigned i = 1; i < 6; i++)
		harness_assign(&h, i);
	for (unsigned i = 1; i < 6; i++)
		UNTIL(&h, h.people[i].connected == 1);
	assert_int_equal(network_plugin_server_count(h.server), 6);
	harness_close(&h);
}

/* Who starts a program is told only if the child has his memory: valgrind gives it a copy. */
static bool failures_are_told(void)
{
	char name[] = "/nonexistent/program";
	char *arguments[] = {name, NULL};
	pid_t pid;

	if (posix_spawn(&pid, name, NULL, NULL, arguments, NULL) != 0)
		return true;
	waitpid(pid, NULL, 0);
	return false;
}

static void test_cannot_be_started(void **state)
{
	struct harness h;

	(void)state;
	if (!failures_are_told())
		skip();
	begin(&h);
	write_program("#!/nonexistent/interpreter\n");
	struct person *second = harness_assign(&h, 1);

	assert_non_null(launching(&h));
	UNTIL(&h, harness_logged(&h, "cannot start"));
	assert_int_equal(h.transport.counters.backends_started, 1);
	assert_true(h.server->crashes > 0);
	become(harness_program);
	UNTIL(&h, second->connected == 1);
	assert_int_equal(h.server->crashes, 0);
	harness_close(&h);
}

/* Whatever keeps them from being started keeps all of them: that is one failure, no row of them. */
static void test_several_cannot_be_started(void **state)
{
	struct harness h;
	unsigned failed = 0;

	(void)state;
	begin(&h);
	h.server->timing.backoff = h.server->timing.backoff_max = 60000;
	write_program("#!/nonexistent/interpreter\n");
	for (unsigned i = 1; i < 7; i++)
		harness_assign(&h, i);
	assert_int_equal(network_plugin_server_count(h.server), 7);
	UNTIL(&h, network_plugin_server_count(h.server) == 1);
	for (const char *at = buf_text(&h.log); (at = strstr(at, "cannot start")); at++)
		failed++;
	assert_int_equal(failed, 6);
	assert_int_equal(h.server->crashes, 1);
	for (unsigned i = 1; i < 7; i++)
		assert_int_equal(h.people[i].unavailable, 0);
	harness_close(&h);
}

/* The only one that is wanted is for those who are idle: it is tried again although nothing else proves the program. */
static void test_for_the_idle_it_is_tried_again(void **state)
{
	struct harness h;

	(void)state;
	begin(&h);
	h.server->timing.idle = 3600000;
	write_program("#!/nonexistent/interpreter\n");
	h.people[0].user.active_ms -= 3700000;
	UNTIL(&h, harness_logged(&h, "cannot start"));
	assert_int_equal(h.people[0].left, 0);
	become(harness_program);
	UNTIL(&h, h.people[0].connected == 2);
	assert_true(h.people[0].user.backend->long_run);
	assert_int_equal(h.server->crashes, 0);
	harness_close(&h);
}

/* Its end may be known before its number. */
static void test_ends_at_once(void **state)
{
	struct harness h;

	(void)state;
	begin(&h);
	become("/bin/true");
	struct person *second = harness_assign(&h, 1);

	UNTIL(&h, h.transport.counters.backends_crashed >= 2);
	become(harness_program);
	UNTIL(&h, second->connected == 1);
	harness_close(&h);
}

/* Wherever on the way there are none left, what was opened is closed, and it is tried again. */
static void test_no_descriptors_left(void **state)
{
	enum { MOST = 100, ENOUGH = 14 };
	struct rlimit before, low;
	int taken[MOST];
	struct harness h;

	(void)state;
	begin(&h);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = (struct rlimit){.rlim_cur = MOST, .rlim_max = before.rlim_max};
	for (int left = 0; left <= ENOUGH; left++) {
		struct person *person = &h.people[1 + left];
		unsigned count = 0;

		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		while (count < MOST && (taken[count] = dup(STDERR_FILENO)) >= 0)
			count++;
		for (int i = 0; i < left && count > 0; i++)
			close(taken[--count]);
		harness_assign(&h, 1 + (unsigned)left);
		UNTIL(&h, h.server->crashes > 0 || person->connected == 1);
		while (count > 0)
			close(taken[--count]);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		UNTIL(&h, person->connected == 1);
		assert_int_equal(person->unavailable, 0);
	}
	assert_true(harness_logged(&h, "cannot make a socket pair") && harness_logged(&h, "cannot make a pipe") &&
		    harness_logged(&h, "cannot listen") && harness_logged(&h, "cannot start"));
	harness_close(&h);
}

static void test_stopped_meanwhile(void **state)
{
	struct harness h;

	(void)state;
	begin(&h);
	harness_assign(&h, 1);
	assert_non_null(launching(&h));
	harness_close(&h);
}

static void test_failed_meanwhile(void **state)
{
	struct harness h;

	(void)state;
	begin(&h);
	struct person *second = harness_assign(&h, 1);
	struct backend *backend = launching(&h);

	backend_fail(backend, "Nothing works.", "is out of luck");
	assert_int_equal(backend->state, BACKEND_STOPPING);
	UNTIL(&h, harness_logged(&h, "and is ended"));
	UNTIL(&h, second->connected == 1);
	harness_close(&h);
}

static void test_destroyed_meanwhile(void **state)
{
	struct harness h;

	(void)state;
	begin(&h);
	harness_assign(&h, 1);
	assert_non_null(launching(&h));
	network_plugin_server_destroy(&h.server);
	harness_close(&h);
}

static int make_folder(void **state)
{
	(void)state;
	if (!folder_make(folder, sizeof(folder), "launch"))
		return -1;
	snprintf(program, sizeof(program), "%s/program", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	folder_remove(folder);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_nobody_waits),      cmocka_unit_test(test_several_at_once),
	        cmocka_unit_test(test_cannot_be_started), cmocka_unit_test(test_several_cannot_be_started),
	        cmocka_unit_test(test_for_the_idle_it_is_tried_again),
	        cmocka_unit_test(test_ends_at_once),      cmocka_unit_test(test_no_descriptors_left),
	        cmocka_unit_test(test_stopped_meanwhile), cmocka_unit_test(test_failed_meanwhile),
	        cmocka_unit_test(test_destroyed_meanwhile),
	};
	harness_find_program(argc, argv);
	return cmocka_run_group_tests_name("launch", tests, make_folder, remove_folder);
}
