/* SPDX-License-Identifier: MIT */
/* Who may ask: processes that an earlier core has started are backends too, although they descend from nobody
 * here. */
#include "tests/unit/backend/harness.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "transport/backend/backend_listener.h"

static pid_t stand_in;

/* A process whose parent has ended, in a session of its own; and one that it has started. */
static void start_orphans(pid_t orphans[2])
{
	int out[2];

	assert_int_equal(pipe(out), 0);
	pid_t parent = fork();

	if (parent == 0) {
		pid_t first = fork();

		if (first == 0) {
			setsid();
			pid_t second = fork();
			pid_t own = getpid();

			if (second != 0) {
				(void)!write(out[1], &own, sizeof(own));
				(void)!write(out[1], &second, sizeof(second));
			}
			for (;;)
				pause();
		}
		_exit(0);
	}
	waitpid(parent, NULL, 0);
	assert_int_equal(read(out[0], &orphans[0], sizeof(pid_t)), sizeof(pid_t));
	assert_int_equal(read(out[0], &orphans[1], sizeof(pid_t)), sizeof(pid_t));
	close(out[0]);
	close(out[1]);
}

pid_t __wrap_backend_pid(const struct backend *backend);
pid_t __wrap_backend_pid(const struct backend *backend)
{
	(void)backend;
	return stand_in;
}

static void knows_backends_of_an_earlier_core(void **state)
{
	struct network_plugin_server server = {0};
	struct backend backend = {0};
	pid_t orphans[2];

	(void)state;
	start_orphans(orphans);
	list_init(&server.backends);
	list_append(&server.backends, &backend.link);
	stand_in = 0;
	assert_false(backend_peer_is_ours(orphans[0], &server));
	assert_false(backend_peer_is_ours(orphans[0], NULL));
	stand_in = orphans[0];
	assert_true(backend_peer_is_ours(orphans[0], &server));
	assert_true(backend_peer_is_ours(orphans[1], &server));
	assert_false(backend_peer_is_ours(getpid(), &server));
	assert_false(backend_peer_is_ours(getppid(), &server));
	kill(orphans[1], SIGKILL);
	kill(orphans[0], SIGKILL);
}

static void knows_its_own_children(void **state)
{
	(void)state;
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	assert_true(backend_peer_is_ours(child, NULL));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(knows_backends_of_an_earlier_core),
	        cmocka_unit_test(knows_its_own_children),
	};

	return cmocka_run_group_tests_name("backend: peer", tests, NULL, NULL);
}
