/* SPDX-License-Identifier: MIT */
/* What a hostile backend can do in the sandbox: nothing of what escape_backend tries. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/backend/harness.h"
#include "transport/backend/backend_sandbox.h"

#define ESCAPES_MIN 27

static const char *fake_backend; /* harness_program is escape_backend here */

struct place {
	char folder[64];
	int core, given, control;
	unsigned core_port, given_port;
	char given_text[8];
	const char *ports[1];
};

static int listen_tcp(unsigned *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void write_file(const char *folder, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "secret", 6), 6);
	close(fd);
}

static void place_make(struct place *place)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(place->folder, sizeof(place->folder), "/tmp/sandbox-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	write_file(place->folder, "key");
	write_file(place->folder, "spare");
	write_file(place->folder, "database.sqlite");
	write_file(place->folder, "secret.cfg");
	place->core = listen_tcp(&place->core_port);
	place->given = listen_tcp(&place->given_port);
	place->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/control", place->folder);
	assert_int_equal(bind(place->control, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(place->control, 8), 0);
}

static void place_remove(struct place *place)
{
	static const char *const names[] = {"key", "spare", "database.sqlite", "secret.cfg", "control", "planted",
	                                    "backend/bait", "backend/door", "bait", "door", "backend"};

	close(place->core);
	close(place->given);
	close(place->control);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/%s", place->folder, names[i]);
		remove(path);
	}
	assert_int_equal(rmdir(place->folder), 0);
}

static void open_harness(struct harness *h, struct place *place, bool sandboxed)
{
	place_make(place);
	harness_open(h, "%s %s %u %u", harness_program, place->folder, place->core_port, place->given_port);
	h->transport.service.working_dir = place->folder;
	snprintf(place->given_text, sizeof(place->given_text), "%u", place->given_port);
	place->ports[0] = place->given_text;
	h->transport.service.sandbox = (struct sandbox_config){
	        .on = sandboxed,
	        .connect = {place->ports, 1},
	        .user = "",
	        .memory_mb = 256,
	        .cpu_s = 600,
	        .files = 100,
	};
}

static unsigned count(const struct harness *h, const char *text)
{
	unsigned found = 0;

	for (const char *at = h->log.data; (at = strstr(at, text)); at += strlen(text))
		found++;
	return found;
}

static void test_every_escape_is_refused(void **state)
{
	struct harness h;
	struct place place;

	(void)state;
	open_harness(&h, &place, true);
	harness_begin(&h);
	UNTIL(&h, harness_logged(&h, "end of tries") || h.transport.counters.backends_crashed);
	unsigned ordinary = count(&h, ": ordinary_");
	if (count(&h, ": allowed") != ordinary || count(&h, ": refused") < ESCAPES_MIN || ordinary < 9)
		fail_msg("%s", buf_text(&h.log));
	for (const char *at = h.log.data; (at = strstr(at, ": ordinary_")); at++)
		if (strncmp(at + 2 + strcspn(at + 2, ":"), ": allowed", 9) != 0)
			fail_msg("%s", buf_text(&h.log));
	print_message("# %u tries refused, %u ordinary things work\n", count(&h, ": refused"), ordinary);
	harness_close(&h);
	place_remove(&place);
}

/* The tries are worth something: without the sandbox they succeed. */
static void test_without_it_they_succeed(void **state)
{
	static const char *const names[] = {"exec_shell", "exec_at", "exec_memory", "read_key", "read_database",
	                                    "write_database", "list_working_dir", "write_working_dir", "read_by_symlink",
	                                    "truncate_database", "rename_key", "remove_spare", "open_to_all",
	                                    "signal_core", "probe_core", "connect_core_port", "connect_control",
	                                    "listen_tcp", "listen_unix", "leave_session", "open_many", "take_memory"};
	struct harness h;
	struct place place;

	(void)state;
	open_harness(&h, &place, false);
	harness_begin(&h);
	UNTIL(&h, harness_logged(&h, "end of tries") || h.transport.counters.backends_crashed);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char line[64];
		snprintf(line, sizeof(line), ": %s: allowed", names[i]);
		if (!harness_logged(&h, line))
			fail_msg("%s is refused\n%s", names[i], buf_text(&h.log));
	}
	harness_close(&h);
	place_remove(&place);
}

static void test_words_lift_it(void **state)
{
	static const char *const words[] = {"exec", "listen", "unix"};
	static const char *const lifted[] = {": exec_shell: allowed", ": listen_tcp: allowed", ": listen_unix: allowed",
	                                     ": read_key: refused", ": signal_core: refused", ": trace_core: refused"};
	struct harness h;
	struct place place;

	(void)state;
	open_harness(&h, &place, true);
	h.transport.service.sandbox.allow = (struct config_list){words, ARRAY_SIZE(words)};
	harness_begin(&h);
	UNTIL(&h, harness_logged(&h, "end of tries") || h.transport.counters.backends_crashed);
	for (size_t i = 0; i < ARRAY_SIZE(lifted); i++)
		if (!harness_logged(&h, lifted[i]))
			fail_msg("not so%s\n%s", lifted[i], buf_text(&h.log));
	harness_close(&h);
	place_remove(&place);
}

static void check_wrong(struct sandbox_config config, const char *sentence)
{
	struct harness h;
	struct place place;

	open_harness(&h, &place, true);
	h.transport.service.sandbox = config;
	assert_true(server_create(&h.transport, &h.server, &h.error) < 0);
	if (!strstr(buf_text(&h.error), sentence))
		fail_msg("%s", buf_text(&h.error));
	harness_close(&h);
	place_remove(&place);
}

static void test_wrong_words_are_named(void **state)
{
	static const char *const word[] = {"everything"}, *const port[] = {"irc"}, *const path[] = {"some/where"};

	(void)state;
	check_wrong((struct sandbox_config){.on = true, .allow = {word, 1}}, "everything");
	check_wrong((struct sandbox_config){.on = true, .connect = {port, 1}}, "irc");
	check_wrong((struct sandbox_config){.on = true, .read = {path, 1}}, "some/where");
	check_wrong((struct sandbox_config){.on = true, .user = "no such user"}, "no such user");
}

/* Leave to read a folder is leave to read what is in it: that is said. */
static void test_exposing_is_warned_of(void **state)
{
	struct harness h;
	struct place place;
	const char *paths[1];

	(void)state;
	open_harness(&h, &place, true);
	paths[0] = place.folder;
	h.transport.service.sandbox.read = (struct config_list){paths, 1};
	harness_begin(&h);
	assert_true(harness_logged(&h, "backend.sandbox_read"));
	harness_close(&h);
	place_remove(&place);
}

static uint64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t start_one(bool sandboxed)
{
	struct harness h;
	struct place place;

	open_harness(&h, &place, sandboxed);
	MEM_FREE(h.command);
	h.command = mem_printf("%s good", fake_backend);
	h.transport.service.backend = h.command;
	h.transport.service.sandbox.memory_mb = 0; /* a sanitizer of the backend's takes more */
	uint64_t before = clock_us();
	harness_begin(&h);
	UNTIL(&h, h.ready == 1 || h.transport.counters.backends_crashed);
	uint64_t after = clock_us();
	assert_int_equal(h.ready, 1);
	harness_close(&h);
	place_remove(&place);
	return after - before;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

#define SPAWNS 31

/* Told, not judged: a figure of a machine that does other things meanwhile. */
static void test_cost_of_a_spawn(void **state)
{
	uint64_t with[SPAWNS], without[SPAWNS];

	(void)state;
	for (unsigned i = 0; i < SPAWNS; i++) {
		with[i] = start_one(true);
		without[i] = start_one(false);
	}
	qsort(with, SPAWNS, sizeof(*with), compare);
	qsort(without, SPAWNS, sizeof(*without), compare);
	print_message("# from spawn to ready, median of %u: %llu us in the sandbox, %llu us without\n", SPAWNS,
	              (unsigned long long)with[SPAWNS / 2], (unsigned long long)without[SPAWNS / 2]);
}

static void test_configuration_copy_has_no_secrets(void **state)
{
	static const char text[] = "# a comment with hunter0\n[service]\njid = irc.example.org\npassword = hunter1\n"
	                           "Cert_Password=hunter2\nadmin_password = hunter3\nserver = 127.0.0.1\n"
	                           "[database]\ntype = sqlite3\npassword = hunter4\nencryption_key = hunter5\n"
	                           "nonsense hunter6\n[slack]\napp_token = hunter7\nbot_token = hunter8\nbot_token = hunter9\n"
	                           "[Matrix]\nregistration = /hunter10\n[irc]\nnick = x = y # z\n";
	struct buf out = {0};

	(void)state;
	backend_sandbox_filter(&out, text, sizeof(text) - 1);
	assert_null(strstr(buf_text(&out), "hunter"));
	assert_non_null(strstr(buf_text(&out), "[service]\njid = irc.example.org\nserver = 127.0.0.1\n"));
	assert_non_null(strstr(buf_text(&out), "[irc]\nnick = x = y # z\n"));
	assert_null(strstr(buf_text(&out), "sqlite3"));
	assert_null(strstr(buf_text(&out), "registration"));
	buf_finish(&out);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_escape_is_refused),
	        cmocka_unit_test(test_without_it_they_succeed),
	        cmocka_unit_test(test_words_lift_it),
	        cmocka_unit_test(test_wrong_words_are_named),
	        cmocka_unit_test(test_exposing_is_warned_of),
	        cmocka_unit_test(test_cost_of_a_spawn),
	        cmocka_unit_test(test_configuration_copy_has_no_secrets),
	};

	harness_find_program(argc, argv);
	fake_backend = argc > 2 ? realpath(argv[2], NULL) : NULL;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free((void *)(uintptr_t)fake_backend);
	return failed;
}
