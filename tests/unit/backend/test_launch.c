/* SPDX-License-Identifier: MIT */
/* Programs that another thread starts, while the loop goes on: all but the first. */
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
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
	        cmocka_unit_test(test_cannot_be_started), cmocka_unit_test(test_ends_at_once),
	        cmocka_unit_test(test_stopped_meanwhile), cmocka_unit_test(test_failed_meanwhile),
	        cmocka_unit_test(test_destroyed_meanwhile),
	};
	harness_find_program(argc, argv);
	return cmocka_run_group_tests_name("launch", tests, make_folder, remove_folder);
}
