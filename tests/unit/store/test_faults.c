/* SPDX-License-Identifier: MIT */
/* Locks of other processes, and disks that are full or fail: SQLite's system calls are replaced. */
#include "tests/unit/store/store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"

/* The loop's own descriptors are not to be shared with the child. */
static pid_t fork_with_loop(struct fixture *fixture)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0 && uv_loop_fork(&fixture->loop) != 0)
		_exit(7);
	return pid;
}

/* --- a process that holds the lock --- */

struct holder {
	pid_t pid;
	int to, from;
};

static void hold(const char *database, int in, int out)
{
	char byte;
	sqlite3 *db;
	while (read(in, &byte, 1) == 1) {
		int code = sqlite3_open(database, &db);
		sqlite3_busy_timeout(db, 5000);
		if (code == SQLITE_OK)
			code = sqlite3_exec(db, "BEGIN EXCLUSIVE; UPDATE users SET language = 'held'", NULL,
			                    NULL, NULL);
		byte = code == SQLITE_OK ? 'y' : 'n';
		if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
			_exit(1);
		code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
		sqlite3_close(db);
		byte = code == SQLITE_OK ? 'y' : 'n';
		if (write(out, &byte, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

/* Before the store has a thread. */
static void holder_start(struct holder *holder, const char *database)
{
	int to[2], from[2];
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	holder->pid = fork();
	assert_true(holder->pid >= 0);
	if (holder->pid == 0) {
		close(to[1]);
		close(from[0]);
		hold(database, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	holder->to = to[1];
	holder->from = from[0];
}

static void holder_say(struct holder *holder)
{
	char byte = 'x';
	assert_int_equal(write(holder->to, &byte, 1), 1);
	assert_int_equal(read(holder->from, &byte, 1), 1);
	assert_int_equal(byte, 'y');
}

static void holder_stop(struct holder *holder)
{
	int status;
	close(holder->to);
	close(holder->from);
	waitpid(holder->pid, &status, 0);
	assert_int_equal(status, 0);
}

/* --- a loop that notes how long it was held up --- */

struct watch {
	uv_timer_t timer;
	struct holder *holder;
	uint64_t start, last, longest, hold_ms;
	int ticks;
};

static void on_tick(uv_timer_t *timer)
{
	struct watch *watch = timer->data;
	uint64_t now = clock_ms();
	watch->longest = now - watch->last > watch->longest ? now - watch->last : watch->longest;
	watch->last = now;
	watch->ticks++;
	if (now - watch->start < watch->hold_ms)
		return;
	holder_say(watch->holder);
	uv_close((uv_handle_t *)timer, NULL);
}

static void watch_start(struct watch *watch, struct fixture *fixture, struct holder *holder, uint64_t hold_ms)
{
	*watch = (struct watch){.holder = holder, .hold_ms = hold_ms};
	watch->start = watch->last = clock_ms();
	uv_timer_init(&fixture->loop, &watch->timer);
	watch->timer.data = watch;
	uv_timer_start(&watch->timer, on_tick, 10, 10);
}

static void test_locked(void **state)
{
	struct fixture *fixture = *state;
	struct holder holder;
	struct watch watch;
	struct answer added = {0}, found = {0}, changed = {0};
	int64_t id;
	holder_start(&holder, fixture->database);
	fixture_open(fixture);
	assert_int_equal(add(fixture, "a@b", "alice", "p", &id), 0);
	holder_say(&holder);
	fixture_catch_log(fixture);
	const char *ms = getenv("STORE_TEST_HOLD_MS");
	watch_start(&watch, fixture, &holder, ms == NULL ? 3000 : strtoul(ms, NULL, 10));
	struct store_contact contact = {.name = "bob"};
	store_find_account(fixture->store, "xmpp", "a@b", on_account, &found);
	store_put_contact(fixture->store, id, &contact);
	store_add_account(fixture->store, "c@d", "xmpp", "c@d", "carol", "p", "en", on_account, &added);
	store_change_account(fixture->store, "a@b", "other", NULL, NULL, on_done, &changed);
	fixture_run(fixture);
	assert_true(found.calls == 1 && found.err == 0);
	assert_true(added.calls == 1 && added.err == 0);
	assert_true(changed.calls == 1 && changed.err == 0);
	assert_true(watch.last - watch.start >= watch.hold_ms);
	assert_true(watch.ticks > 20);
	print_message("# the loop was held up for at most %d ms\n", (int)watch.longest);
	assert_true(watch.longest < 2500);
	assert_int_equal(find(fixture, "a@b", &found), 0);
	assert_string_equal(found.account.data, "a@b|other|p|held");
	assert_string_equal(found.contacts.data, "bob|||0|0|;");
	char *log = fixture_caught_log(fixture);
	assert_int_equal(count_of(log, "fail"), 0);
	mem_free(log);
	answer_clear(&added);
	answer_clear(&found);
	holder_stop(&holder);
}

/* Whoever locks the database cannot keep us from ending. */
static void test_closing_while_locked(void **state)
{
	struct fixture *fixture = *state;
	struct holder holder;
	struct answer changed[3] = {{0}};
	int64_t id;
	holder_start(&holder, fixture->database);
	fixture_open(fixture);
	assert_int_equal(add(fixture, "a@b", "alice", "p", &id), 0);
	holder_say(&holder);
	fixture_catch_log(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		store_change_account(fixture->store, "a@b", "other", NULL, NULL, on_done, &changed[i]);
	store_set_online(fixture->store, id, true);
	uint64_t begin = clock_ms();
	fixture_close(fixture);
	uint64_t took = clock_ms() - begin;
	assert_true(took >= LIMIT_STORE_CLOSE_SECONDS * 1000 - 500);
	assert_true(took < LIMIT_STORE_CLOSE_SECONDS * 1000 + 20000);
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		assert_true(changed[i].calls == 1 && changed[i].err == TP_ERR_STORE);
	char *log = fixture_caught_log(fixture);
	assert_int_equal(count_of(log, "requests fail: database is locked"), 1);
	mem_free(log);
	holder_say(&holder);
	holder_stop(&holder);
	/* nothing is broken by it */
	struct answer found = {0};
	fixture_open(fixture);
	assert_int_equal(find(fixture, "a@b", &found), 0);
	assert_string_equal(found.account.data, "a@b|alice|p|held");
	answer_clear(&found);
}

/* More than LIMIT_STORE_QUEUE_BYTES wait behind a lock: refused, said once, answered in order. */
static void test_queue_limit(void **state)
{
	enum { BYTES = 1 << 20, COUNT = LIMIT_STORE_QUEUE_BYTES / BYTES + 10 };
	struct fixture *fixture = *state;
	struct holder holder;
	struct answer before = {0}, refused = {0}, after = {0};
	int64_t id;
	holder_start(&holder, fixture->database);
	fixture_open(fixture);
	assert_int_equal(add(fixture, "a@b", "alice", "p", &id), 0);
	holder_say(&holder);
	fixture_catch_log(fixture);
	char *text = mem_alloc(BYTES);
	memset(text, 'x', BYTES - 1);
	struct store_contact contact = {.name = "bob", .alias = text};
	store_change_account(fixture->store, "a@b", "other", NULL, NULL, on_done, &before);
	for (int i = 0; i < COUNT; i++)
		store_put_contact(fixture->store, id, &contact);
	store_set_setting(fixture->store, id, "big", text, on_done, &refused);
	assert_int_equal(refused.calls, 0);
	holder_say(&holder);
	fixture_run(fixture);
	assert_true(before.calls == 1 && before.err == 0);
	assert_true(refused.calls == 1 && refused.err == TP_ERR_STORE);
	store_set_setting(fixture->store, id, "big", text, on_done, &after);
	fixture_run(fixture);
	assert_true(after.calls == 1 && after.err == 0);
	char *log = fixture_caught_log(fixture);
	assert_int_equal(count_of(log, "too many requests"), 1);
	mem_free(log);
	mem_free(text);
	holder_stop(&holder);
}

/* Two processes with the same store, both writing. */
static void test_two_processes(void **state)
{
	enum { EACH = 200 };
	struct fixture *fixture = *state;
	fixture_open(fixture);
	fixture_close(fixture);
	pid_t pid = fork_with_loop(fixture);
	const char *who = pid == 0 ? "child" : "parent";
	fixture_open(fixture);
	struct answer answers[EACH] = {0};
	for (int i = 0; i < EACH; i++) {
		char key[32];
		snprintf(key, sizeof(key), "%s%d@x", who, i);
		store_add_account(fixture->store, key, "xmpp", key, "n", "p", "en", on_account, &answers[i]);
	}
	fixture_run(fixture);
	int failed = 0;
	for (int i = 0; i < EACH; i++) {
		failed += answers[i].calls == 1 && answers[i].err == 0 ? 0 : 1;
		answer_clear(&answers[i]);
	}
	fixture_close(fixture);
	if (pid == 0)
		_exit(failed == 0 ? 0 : 1);
	int status;
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(failed, 0);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM users"), 2 * EACH);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM identities"), 2 * EACH);
}

/* Starts at the same moment in an empty folder: one makes tables and key, all work. */
static void test_first_start_of_several(void **state)
{
	enum { CHILDREN = 4 };
	struct fixture *fixture = *state;
	pid_t pids[CHILDREN];
	int go[2];
	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < CHILDREN; i++) {
		pids[i] = fork_with_loop(fixture);
		if (pids[i] != 0)
			continue;
		char byte, key[16];
		close(go[1]);
		if (read(go[0], &byte, 1) != 0 || fixture_try_open(fixture) != 0)
			_exit(1);
		snprintf(key, sizeof(key), "k%d", i);
		int err = add(fixture, key, "n", "secret", NULL);
		fixture_close(fixture);
		_exit(err == 0 ? 0 : 2);
	}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < CHILDREN; i++) {
		int status;
		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	fixture_open(fixture);
	struct answer answer = {0};
	for (int i = 0; i < CHILDREN; i++) {
		char key[16];
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(find(fixture, key, &answer), 0);
	}
	answer_clear(&answer);
}

/* --- a disk that fails --- */

static atomic_int write_error; /* errno, or 0 */
static atomic_int syncs;

static ssize_t faulty_pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
	int error = atomic_load(&write_error);
	if (error == 0)
		return pwrite(fd, bytes, count, offset);
	errno = error;
	return -1;
}

/* Taken by SQLite's library instead of the C library's. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
	atomic_fetch_add(&syncs, 1);
	return (int)syscall(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) int fsync(int fd)
{
	atomic_fetch_add(&syncs, 1);
	return (int)syscall(SYS_fsync, fd);
}

static void replace_calls(bool faulty)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	sqlite3_syscall_ptr write_call = faulty ? (sqlite3_syscall_ptr)faulty_pwrite : NULL;
	vfs->xSetSystemCall(vfs, "pwrite", write_call);
	vfs->xSetSystemCall(vfs, "pwrite64", write_call);
}

static int faulty_setup(void **state)
{
	fixture_setup(state);
	atomic_store(&write_error, 0);
	replace_calls(true);
	fixture_open(*state);
	return 0;
}

static int faulty_teardown(void **state)
{
	int err = fixture_teardown(state);
	replace_calls(false);
	return err;
}

static void fail_and_recover(struct fixture *fixture, int error, const char *word)
{
	struct answer answer = {0};
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "p", &id), 0);
	fixture_catch_log(fixture);
	atomic_store(&write_error, error);
	for (int i = 0; i < 20; i++) {
		struct store_contact contact = {.name = "bob"};
		store_put_contact(fixture->store, id, &contact);
		assert_int_equal(add(fixture, "c@d", "carol", "p", NULL), TP_ERR_STORE);
		/* reading goes on */
		assert_int_equal(find(fixture, "a@b", &answer), 0);
		assert_int_equal(find(fixture, "c@d", &answer), TP_ERR_NOT_FOUND);
	}
	atomic_store(&write_error, 0);
	assert_int_equal(add(fixture, "c@d", "carol", "p", NULL), 0);
	store_set_setting(fixture->store, id, "k", "v", on_done, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.err, 0);
	atomic_store(&write_error, error);
	assert_int_equal(add(fixture, "e@f", "eve", "p", NULL), TP_ERR_STORE);
	atomic_store(&write_error, 0);
	assert_int_equal(find(fixture, "e@f", &answer), TP_ERR_NOT_FOUND);
	assert_int_equal(add(fixture, "e@f", "eve", "p", NULL), 0);
	char *log = fixture_caught_log(fixture);
	assert_int_equal(count_of(log, "requests fail"), 1);
	assert_int_equal(count_of(log, word), 1);
	assert_int_equal(count_of(log, "works again"), 1);
	mem_free(log);
	answer_clear(&answer);
	fixture_close(fixture);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM users"), 3);
}

static void test_full_disk(void **state)
{
	fail_and_recover(*state, ENOSPC, "full");
}

static void test_io_error(void **state)
{
	fail_and_recover(*state, EIO, "disk I/O error");
}

static void test_closing_on_a_full_disk(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	assert_int_equal(add(fixture, "a@b", "alice", "p", NULL), 0);
	fixture_catch_log(fixture);
	atomic_store(&write_error, ENOSPC);
	store_change_account(fixture->store, "a@b", "x", NULL, NULL, on_done, &answer);
	fixture_close(fixture);
	assert_true(answer.calls == 1 && answer.err == TP_ERR_STORE);
	atomic_store(&write_error, 0);
	fixture_open(fixture);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.account.data, "a@b|alice|p|en");
	answer_clear(&answer);
}

/* An account change is flushed before its callback; contacts and logins do not cost a flush each. */
static void test_flushes(void **state)
{
	struct fixture *fixture = *state;
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "p", &id), 0);
	int before = atomic_load(&syncs);
	assert_int_equal(add(fixture, "c@d", "carol", "p", NULL), 0);
	assert_true(atomic_load(&syncs) > before);
	before = atomic_load(&syncs);
	for (int i = 0; i < 5; i++) {
		struct store_contact contact = {.name = "bob"};
		store_put_contact(fixture->store, id, &contact);
		store_set_online(fixture->store, id, true);
		fixture_run(fixture);
	}
	assert_int_equal(atomic_load(&syncs), before);
}

/* --- a process that is killed --- */

static void test_killed(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	int ready[2];
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork_with_loop(fixture);
	if (pid == 0) {
		char byte = 'x';
		fixture_open(fixture);
		if (add(fixture, "a@b", "alice", "p", NULL) != 0 || write(ready[1], &byte, 1) != 1)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	int status;
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	/* all of it is still in the log: the file itself looks empty */
	fixture_open(fixture);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.account.data, "a@b|alice|p|en");
	answer_clear(&answer);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        FIXTURE_TEST(test_locked),
	        FIXTURE_TEST(test_closing_while_locked),
	        FIXTURE_TEST(test_queue_limit),
	        FIXTURE_TEST(test_two_processes),
	        FIXTURE_TEST(test_first_start_of_several),
	        FIXTURE_TEST(test_killed),
	        cmocka_unit_test_setup_teardown(test_full_disk, faulty_setup, faulty_teardown),
	        cmocka_unit_test_setup_teardown(test_io_error, faulty_setup, faulty_teardown),
	        cmocka_unit_test_setup_teardown(test_closing_on_a_full_disk, faulty_setup, faulty_teardown),
	        cmocka_unit_test_setup_teardown(test_flushes, faulty_setup, faulty_teardown),
	};
	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
