/* SPDX-License-Identifier: MIT */
/* Backends that crash, hang or lie, and strangers at their port. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/backend/harness.h"
#include "transport/backend/backend_connection.h"
#include "transport/backend/backend_listener.h"

static void test_exits_at_once(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s exits", harness_program);
	harness_begin(&h);
	h.server->timing.backoff_max = 200;
	UNTIL(&h, h.transport.counters.backends_crashed == 4);
	assert_false(harness_logged(&h, "quarantine"));
	assert_int_equal(h.transport.crashed_count, 4);
	assert_int_equal(h.transport.crashed[3], 1);
	UNTIL(&h, h.transport.counters.backends_crashed == 5);
	uint64_t fifth = clock_ms();
	assert_true(harness_logged(&h, "exited with status 7"));
	assert_true(harness_logged(&h, "quarantine"));
	/* as many are remembered as there is room for */
	for (unsigned i = 0; i < LIMIT_CRASHED_BACKENDS; i++)
		h.transport.crashed[i] = 1000 + (int)i;
	h.transport.crashed_count = LIMIT_CRASHED_BACKENDS;
	UNTIL(&h, h.transport.counters.backends_crashed == 6);
	assert_int_equal(h.transport.crashed_count, LIMIT_CRASHED_BACKENDS);
	assert_int_equal(h.transport.crashed[0], 1001);
	assert_int_equal(h.transport.crashed[LIMIT_CRASHED_BACKENDS - 1], 1);
	UNTIL(&h, h.transport.counters.backends_started == 6);
	assert_true(clock_ms() - fifth >= 190);
	assert_int_equal(h.ready, 0);
	harness_close(&h);
}

static void test_back_off_doubles_and_ends(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	harness_begin(&h);
	UNTIL(&h, h.ready == 1);
	struct backend *backend = harness_backend(&h);
	h.server->timing.backoff = 100;
	h.server->timing.backoff_max = 60000;
	for (unsigned i = 0; i < 6; i++) {
		static const uint64_t delays[] = {100, 200, 400, 800, 60000, 60000};
		backend->started_ms = h.server->last_crash_ms + 1;
		server_backend_crashed(backend);
		assert_int_equal(h.server->spawn_after_ms - h.server->last_crash_ms, delays[i]);
	}
	/* one more of the same wave does not count */
	backend->started_ms = h.server->last_crash_ms;
	server_backend_crashed(backend);
	assert_int_equal(h.server->crashes, 6);
	/* a login proves that it works */
	struct person *person = harness_assign(&h, 0);
	UNTIL(&h, person->connected == 1);
	assert_true(backend->proved);
	assert_int_equal(h.server->crashes, 0);
	harness_close(&h);
}

static void test_stable_proves(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	harness_begin(&h);
	h.server->timing.stable = 50;
	h.server->crashes = 3;
	UNTIL(&h, h.ready == 1 && harness_backend(&h)->proved);
	assert_int_equal(h.server->crashes, 0);
	harness_close(&h);
}

static void test_crash_tells_users(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	harness_begin(&h);
	for (unsigned i = 0; i < 6; i++) {
		harness_assign(&h, i);
		h.people[i].again = i % 2;
	}
	UNTIL(&h, h.people[5].connected == 1);
	kill(backend_pid(harness_backend(&h)), SIGSEGV);
	UNTIL(&h, h.people[1].connected == 2 && h.people[3].connected == 2 && h.people[5].connected == 2);
	assert_int_equal(h.transport.counters.backends_crashed, 1);
	assert_int_equal(h.transport.counters.backends_started, 2);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(h.people[i].lost, 1);
		assert_non_null(strstr(h.people[i].sentence, "ended"));
		assert_int_equal(h.people[i].assigned, i % 2 ? 2 : 1);
	}
	UNTIL(&h, network_plugin_server_count(h.server) == 1);
	assert_int_equal(harness_backend(&h)->users_count, 3);
	harness_close(&h);
}

static void test_poison_user(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s dies-at-login", harness_program);
	harness_begin(&h);
	h.server->timing.backoff_max = 50;
	h.people[0].again = true;
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].lost == 6);
	assert_true(harness_logged(&h, "quarantine"));
	harness_release(&h, 0);
	harness_close(&h);
}

static void test_last_words_are_heard(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s last-words", harness_program);
	harness_begin(&h);
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].lost == 1);
	assert_int_equal(h.people[0].messages, 3000);
	UNTIL(&h, harness_logged(&h, "exited with status 3"));
	harness_close(&h);
}

/* ping_ms, start_ms: of the server, 0: as ever; they are for those that say nothing, the others might be slow. */
static void check_failure(const char *mode, const char *reason, uint64_t ping_ms, uint64_t start_ms)
{
	struct harness h;

	harness_open(&h, "%s %s", harness_program, mode);
	harness_begin(&h);
	if (ping_ms)
		h.server->timing.ping = ping_ms;
	if (start_ms)
		h.server->timing.start = start_ms;
	harness_assign(&h, 0);
	UNTIL(&h, harness_logged(&h, reason));
	assert_true(h.transport.counters.backends_crashed >= 1);
	if (h.people[0].assigned)
		assert_int_equal(h.people[0].lost, 1);
	harness_close(&h);
}

static void test_failures(void **state)
{
	(void)state;
	check_failure("silent", "silent for", 100, 0);
	check_failure("mute", "did not say a word", 0, 300);
	check_failure("giant", "announced a frame of more than", 0, 0);
	check_failure("late-giant", "announced a frame of more than", 0, 0);
	check_failure("garbage", "had to be ignored", 0, 0);
	check_failure("forger", "had to be ignored", 0, 0);
	check_failure("partial", "silent for", 100, 0);
	check_failure("quits", "exited with status 5", 0, 0);
}

static void test_unfinished_frame(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s partial", harness_program);
	harness_begin(&h);
	h.server->timing.frame = 100;
	UNTIL(&h, h.transport.counters.backends_crashed == 1);
	assert_true(harness_logged(&h, "did not finish a frame"));
	harness_close(&h);
}

static void test_stubborn_is_killed(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s stubborn", harness_program);
	harness_begin(&h);
	h.server->timing.ping = 700;
	UNTIL(&h, h.ready == 1);
	/* empty for two intervals: EXIT, end of stream, SIGTERM, SIGKILL */
	pid_t pid = backend_pid(harness_backend(&h));
	UNTIL(&h, network_plugin_server_count(h.server) == 0);
	assert_true(harness_logged(&h, "killing it"));
	assert_true(harness_logged(&h, "signal 9"));
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(h.transport.counters.backends_crashed, 0);
	harness_close(&h);
}

/* Silence, SIGTERM, SIGKILL; meanwhile its users have another. */
static void test_silent_and_stubborn(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s silent-stubborn", harness_program);
	harness_begin(&h);
	h.server->timing.ping = 700;
	h.server->timing.kill = 1000;
	h.people[0].again = true;
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].connected == 1);
	struct backend *backend = harness_backend(&h);
	pid_t pid = backend_pid(backend);

	assert_int_equal(backend->stats.resident_kb, 300);
	/* a claim: it says "1" */
	assert_null(backend->stats.process_id);
	UNTIL(&h, h.people[0].lost == 1);
	assert_int_equal(kill(pid, 0), 0);
	assert_non_null(strstr(h.people[0].sentence, "does not answer"));
	UNTIL(&h, h.people[0].connected == 2);
	UNTIL(&h, harness_logged(&h, "signal 9"));
	assert_true(harness_logged(&h, "killing it"));
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(kill(1, 0), 0);
	h.people[0].again = false;
	harness_close(&h);
}

static void test_does_not_read(void **state)
{
	struct harness h;
	char text[1001];

	(void)state;
	memset(text, 'x', 1000);
	text[1000] = '\0';
	harness_open(&h, "%s deaf", harness_program);
	harness_begin(&h);
	h.server->out_limit = 4 << 20;
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].connected == 1);
	struct backend *backend = harness_backend(&h);
	struct event event = {
	        .type = EVENT_MESSAGE, .user = h.people[0].key, .message = {.name = "x", .text = text}};
	for (unsigned i = 0; i < 3000; i++)
		backend_send(backend, &event);
	uv_run(&h.loop, UV_RUN_NOWAIT);
	assert_int_equal(backend->state, BACKEND_READY);
	assert_true(backend_queued(backend) > 1 << 20);
	for (unsigned i = 0; i < 100000; i++)
		backend_send(backend, &event);
	/* what it does not take is not kept */
	assert_true(backend_queued(backend) < (4 << 20) + 2000);
	/* nobody is told from inside backend_send */
	assert_int_equal(h.people[0].lost, 0);
	backend_connection_flush_all(h.server);
	assert_int_equal(h.people[0].lost, 1);
	assert_true(harness_logged(&h, "takes no data"));
	/* sending to one that is gone is nothing */
	assert_null(backend->connection);
	backend_send(backend, &event);
	backend_set_reading(backend, true);
	assert_int_equal(backend_queued(backend), 0);
	harness_close(&h);
}

static void test_partial_writes(void **state)
{
	struct harness h;
	static char text[60001];

	(void)state;
	memset(text, 'y', 60000);
	harness_open(&h, "%s good", harness_program);
	harness_begin(&h);
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].connected == 1);
	/* far more than a socket holds, and every one comes back */
	for (unsigned i = 0; i < 200; i++)
		backend_send(harness_backend(&h), &(struct event){.type = EVENT_MESSAGE,
		                                                  .user = h.people[0].key,
		                                                  .message = {.name = "x", .text = text}});
	UNTIL(&h, h.people[0].messages == 200);
	assert_int_equal(backend_queued(harness_backend(&h)), 0);
	harness_close(&h);
}

static void test_flood_and_back_pressure(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s flood", harness_program);
	h.pause_after = 1000;
	harness_begin(&h);
	h.server->timing.ping = 100;
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].messages == 1000);
	/* not read, it is neither heard nor taken for dead */
	uint64_t end = clock_ms() + 500;
	UNTIL(&h, clock_ms() > end);
	assert_int_equal(h.people[0].messages, 1000);
	assert_int_equal(harness_backend(&h)->state, BACKEND_READY);
	h.server->timing.ping = 20000;
	backend_set_reading(harness_backend(&h), true);
	assert_int_equal(h.people[0].messages, 1000);
	UNTIL(&h, h.people[0].messages == 40000);
	assert_int_equal(h.people[0].lost, 0);
	assert_in_range(h.foreseen, 39000, 2 * 40000); /* more than once where it stopped */
	harness_close(&h);
}

/* Where a message cannot be kept it is handled again later, and nothing behind it before. */
static void test_not_taken(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s flood", harness_program);
	h.not_taken = 1000000;
	harness_begin(&h);
	harness_assign(&h, 0);
	UNTIL(&h, h.not_taken < 1000000);
	assert_int_equal(h.people[0].messages, 499);
	assert_true(harness_logged(&h, "the spool takes no more messages"));
	h.not_taken = 2;
	UNTIL(&h, h.people[0].messages == 40000);
	assert_int_equal(h.not_taken, 0);
	assert_int_equal(h.people[0].lost, 0);
	assert_true(harness_logged(&h, "there is room for messages"));
	harness_close(&h);
}

/* What the frontends cannot get rid of holds all backends, also one that comes later. */
static void test_held(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s flood", harness_program);
	harness_begin(&h);
	network_plugin_server_hold(h.server, true);
	h.server->timing.ping = 100;
	UNTIL(&h, h.ready == 1);
	harness_assign(&h, 0);
	uint64_t end = clock_ms() + 500;
	UNTIL(&h, clock_ms() > end);
	assert_int_equal(h.people[0].connected, 0);
	assert_int_equal(harness_backend(&h)->state, BACKEND_READY);
	h.server->timing.ping = 20000;
	network_plugin_server_hold(h.server, false);
	UNTIL(&h, h.people[0].messages > 1000);
	network_plugin_server_hold(h.server, true);
	unsigned before = h.people[0].messages;
	end = clock_ms() + 300;
	UNTIL(&h, clock_ms() > end);
	assert_int_equal(h.people[0].messages, before);
	network_plugin_server_hold(h.server, false);
	UNTIL(&h, h.people[0].messages == 40000);
	assert_int_equal(h.people[0].lost, 0);
	harness_close(&h);
}

/* However much one backend has to say, others get their turn after a few thousand frames of it. */
static void test_flood_leaves_turns(void **state)
{
	struct harness h;
	unsigned most = 0;

	(void)state;
	harness_open(&h, "%s flood", harness_program);
	harness_begin(&h);
	harness_assign(&h, 0);
	while (h.people[0].messages < 40000) {
		unsigned before = h.people[0].messages;

		uv_run(&h.loop, UV_RUN_ONCE);
		if (h.people[0].messages - before > most)
			most = h.people[0].messages - before;
	}
	/* a frame of the flood has at least 32 bytes */
	assert_in_range(most, 1, (16u << 10) / 32);
	harness_close(&h);
}

/* While somebody else acts turns are short: he waits for the rest of one, and for as many more as his answer takes. */
static void test_flood_beside_others(void **state)
{
	struct harness h;
	unsigned acts = 0, all_acts = 0;

	(void)state;
	harness_open(&h, "%s flood", harness_program);
	harness_begin(&h);
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].messages > 0);
	while (h.people[0].messages < 40000) {
		unsigned before = h.people[0].messages;

		h.transport.acts++;
		acts++;
		uv_run(&h.loop, UV_RUN_ONCE);
		if (h.people[0].messages == before)
			continue;
		/* 2 KiB, half a one for each act of the others meanwhile, and the rest of a frame; one has 32 bytes or more */
		assert_in_range(h.people[0].messages - before, 1, (2048 + acts * 512) / 32 + 1);
		all_acts += acts;
		acts = 0;
	}
	assert_true(h.transport.acts >= all_acts + h.people[0].messages); /* frames count for others */
	harness_close(&h);
}

static void test_dies_while_not_read(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s few-last-words", harness_program);
	h.pause_after = 10;
	harness_begin(&h);
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].lost == 1);
	/* what lay unread in the socket was read */
	assert_int_equal(h.people[0].messages, 100);
	harness_close(&h);
}

static void test_query_and_rooms(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s query", harness_program);
	harness_begin(&h);
	UNTIL(&h, harness_logged(&h, "administrator's command"));
	assert_int_equal(harness_backend(&h)->ignored_frames, 1);
	harness_close(&h);

	harness_open(&h, "%s rooms", harness_program);
	harness_begin(&h);
	UNTIL(&h, h.rooms == 2);
	harness_close(&h);
}

static void test_what_it_inherits_and_prints(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s printer", harness_program);
	/* one that a careless library left inheritable */
	int careless = dup(0);
	harness_begin(&h);
	UNTIL(&h, h.ready == 1);
	network_plugin_server_stop(h.server, NULL, NULL);
	UNTIL(&h, h.server->closed);
	network_plugin_server_destroy(&h.server);
	close(careless);
	assert_true(harness_logged(&h, "descriptors 0 1 2 3\n"));
	assert_true(harness_logged(&h, "arguments --host 127.0.0.1 --port "));
	assert_true(harness_logged(&h, " --service.backend_id=1 -j bridge.example.org\n"));
	assert_true(harness_logged(&h, "session 1 channel 3\n"));
	assert_true(harness_logged(&h, "<1>: colour "));
	assert_null(memchr(h.log.data, '\033', h.log.len));
	assert_true(harness_logged(&h, "xxx...\n"));
	assert_true(harness_logged(&h, "no newline\n"));
	harness_close(&h);
}

static int connect_to(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool is_closed(int fd, size_t *received)
{
	char bytes[64];
	ssize_t count = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (count > 0)
		*received += (size_t)count;
	return count == 0 || (count < 0 && errno != EAGAIN);
}

static void test_stranger(void **state)
{
	struct harness h;
	char words[80];
	size_t received = 0;

	(void)state;
	harness_open(&h, "%s tcp-later", harness_program);
	harness_begin(&h);
	UNTIL(&h, harness_logged(&h, "waiting"));
	struct backend *backend = harness_backend(&h);
	for (unsigned i = 0; i < 3; i++) {
		int fd = connect_to(backend_listener_port(backend->listener));
		assert_int_equal(send(fd, "\x00\x00\x00\x02\x08\x0a", 6, MSG_NOSIGNAL), 6);
		UNTIL(&h, is_closed(fd, &received));
		close(fd);
	}
	assert_int_equal(received, 0);
	assert_int_equal(backend->state, BACKEND_STARTING);
	snprintf(words, sizeof(words), "(uid %ld, pid %d)", (long)getuid(), (int)getpid());
	assert_true(harness_logged(&h, words));
	/* and it goes on listening for its own */
	kill(backend_pid(backend), SIGUSR1);
	UNTIL(&h, h.ready == 1);
	harness_close(&h);
}

static void test_stranger_flood(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s tcp-later", harness_program);
	harness_begin(&h);
	UNTIL(&h, harness_logged(&h, "waiting"));
	struct backend *backend = harness_backend(&h);
	int fds[15];
	for (unsigned i = 0; i < 15; i++)
		fds[i] = connect_to(backend_listener_port(backend->listener));
	UNTIL(&h, harness_logged(&h, "resting"));
	kill(backend_pid(backend), SIGUSR1);
	UNTIL(&h, h.ready == 1);
	for (unsigned i = 0; i < 15; i++)
		close(fds[i]);
	harness_close(&h);
}

static void test_runaway(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s runaway", harness_program);
	harness_begin(&h);
	UNTIL(&h, harness_logged(&h, "refused a connection"));
	assert_int_equal(harness_backend(&h)->state, BACKEND_STARTING);
	harness_close(&h);
}

static void test_host(void **state)
{
	static const char *const told[][2] = {{"localhost", "127.0.0.1"},
	                                      {"0.0.0.0", "127.0.0.1"},
	                                      {"", "127.0.0.1"},
	                                      {"127.0.0.9", "127.0.0.9"},
	                                      {"example.org", "127.0.0.1"}};

	(void)state;
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		struct harness h;
		harness_open(&h, "%s tcp", harness_program);
		h.transport.service.backend_host = told[i][0];
		harness_begin(&h);
		assert_string_equal(h.server->host, told[i][1]);
		UNTIL(&h, h.ready == 1);
		harness_close(&h);
	}
}

static void test_standing_still(void **state)
{
	struct harness h;

	(void)state;
	harness_open(&h, "%s good", harness_program);
	harness_begin(&h);
	harness_assign(&h, 0);
	UNTIL(&h, h.people[0].connected == 1);
	/* we were stopped for ten minutes: the backend is not to blame */
	struct backend *backend = harness_backend(&h);
	backend_health_check(h.server, clock_ms() + 600000);
	assert_int_equal(backend->state, BACKEND_READY);
	h.server->checked_ms = clock_ms();
	backend->heard_ms = clock_ms() - 50000;
	backend_health_check(h.server, clock_ms());
	assert_int_equal(backend->state, BACKEND_STOPPING);
	harness_close(&h);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_exits_at_once),
	        cmocka_unit_test(test_back_off_doubles_and_ends),
	        cmocka_unit_test(test_stable_proves),
	        cmocka_unit_test(test_crash_tells_users),
	        cmocka_unit_test(test_poison_user),
	        cmocka_unit_test(test_last_words_are_heard),
	        cmocka_unit_test(test_failures),
	        cmocka_unit_test(test_unfinished_frame),
	        cmocka_unit_test(test_stubborn_is_killed),
	        cmocka_unit_test(test_silent_and_stubborn),
	        cmocka_unit_test(test_does_not_read),
	        cmocka_unit_test(test_partial_writes),
	        cmocka_unit_test(test_flood_and_back_pressure), cmocka_unit_test(test_not_taken),
	        cmocka_unit_test(test_held),
	        cmocka_unit_test(test_flood_leaves_turns),
	        cmocka_unit_test(test_flood_beside_others),
	        cmocka_unit_test(test_dies_while_not_read),
	        cmocka_unit_test(test_query_and_rooms),
	        cmocka_unit_test(test_what_it_inherits_and_prints),
	        cmocka_unit_test(test_stranger),
	        cmocka_unit_test(test_stranger_flood),
	        cmocka_unit_test(test_runaway),
	        cmocka_unit_test(test_host),
	        cmocka_unit_test(test_standing_still),
	};

	harness_find_program(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
