/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "transport/store/seal.h"

static char folder[64];
static char *path;

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/seal-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	path = mem_printf("%s/key", folder);
	return 0;
}

static int count_entries(void)
{
	DIR *dir = opendir(folder);
	int count = 0;
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
		count += entry->d_name[0] == '.' ? 0 : 1;
	closedir(dir);
	return count;
}

static int teardown(void **state)
{
	(void)state;
	remove(path);
	MEM_FREE(path);
	return rmdir(folder);
}

static void write_file(const char *name, size_t length, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char bytes[64] = {1, 2, 3};
	assert_int_equal(write(fd, bytes, length), length);
	fchmod(fd, mode);
	close(fd);
}

static int try_open(struct seal **seal)
{
	struct buf error = {0};
	int err = seal_open(seal, path, &error);
	assert_true((err == 0) == (error.len == 0));
	assert_true((err == 0) == (*seal != NULL));
	buf_finish(&error);
	return err;
}

static void refuse(int expected)
{
	struct seal *seal;
	assert_int_equal(try_open(&seal), expected);
}

static void test_key_file_is_made(void **state)
{
	(void)state;
	struct stat st;
	struct seal *seal, *again;
	const mode_t masks[] = {0, 077, 0777};
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		mode_t old = umask(masks[i]);
		assert_int_equal(try_open(&seal), 0);
		umask(old);
		assert_int_equal(lstat(path, &st), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0600);
		assert_int_equal(st.st_size, 32);
		assert_int_equal(count_entries(), 1);
		struct buf sealed = {0}, text = {0};
		seal_close_text(seal, "row", "secret", &sealed);
		assert_int_equal(try_open(&again), 0);
		assert_int_equal(seal_open_text(again, "row", sealed.data, sealed.len, &text), 0);
		assert_string_equal(text.data, "secret");
		seal_close(&again);
		seal_close(&seal);
		assert_null(seal);
		buf_finish(&sealed);
		buf_finish(&text);
		assert_int_equal(unlink(path), 0);
	}
}

static void test_bad_key_files(void **state)
{
	(void)state;
	write_file(path, 32, 0640);
	refuse(TP_ERR_NOT_ALLOWED);
	write_file(path, 32, 0604);
	refuse(TP_ERR_NOT_ALLOWED);
	write_file(path, 31, 0600);
	refuse(TP_ERR_INVALID);
	write_file(path, 33, 0600);
	refuse(TP_ERR_INVALID);
	write_file(path, 0, 0600);
	refuse(TP_ERR_INVALID);
	unlink(path);

	char *target = mem_printf("%s/target", folder);
	write_file(target, 32, 0600);
	assert_int_equal(symlink(target, path), 0);
	refuse(TP_ERR_NOT_ALLOWED);
	unlink(path);
	unlink(target);
	/* dangling: nothing is made at its target */
	assert_int_equal(symlink(target, path), 0);
	refuse(TP_ERR_NOT_ALLOWED);
	assert_int_equal(access(target, F_OK), -1);
	unlink(path);
	mem_free(target);

	assert_int_equal(mkfifo(path, 0600), 0);
	refuse(TP_ERR_NOT_ALLOWED);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	refuse(TP_ERR_NOT_ALLOWED);
	rmdir(path);

	char *there = path;
	path = mem_printf("%s/missing/key", folder);
	refuse(TP_ERR_IO);
	mem_free(path);
	path = there;
}

/* All processes that start at once end up with the same key. */
static void test_race(void **state)
{
	(void)state;
	enum { CHILDREN = 8 };
	int pipes[CHILDREN][2], go[2];
	pid_t pids[CHILDREN];
	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < CHILDREN; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		pids[i] = fork();
		if (pids[i] == 0) {
			char byte;
			close(go[1]);
			if (read(go[0], &byte, 1) != 0)
				_exit(1);
			struct seal *seal;
			struct buf sealed = {0}, error = {0};
			if (seal_open(&seal, path, &error) != 0)
				_exit(2);
			seal_close_text(seal, "row", "x", &sealed);
			_exit(write(pipes[i][1], sealed.data, sealed.len) == (ssize_t)sealed.len ? 0 : 3);
		}
	}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < CHILDREN; i++) {
		int status;
		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	struct seal *seal;
	assert_int_equal(try_open(&seal), 0);
	for (int i = 0; i < CHILDREN; i++) {
		char sealed[128];
		struct buf text = {0};
		ssize_t length = read(pipes[i][0], sealed, sizeof(sealed));
		assert_true(length > 0);
		assert_int_equal(seal_open_text(seal, "row", sealed, (size_t)length, &text), 0);
		buf_finish(&text);
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	seal_close(&seal);
	assert_int_equal(count_entries(), 1);
}

static void test_every_bit_counts(void **state)
{
	(void)state;
	struct seal *seal, *other;
	struct buf error = {0}, sealed = {0}, text = {0}, twice = {0};
	assert_int_equal(seal_open(&seal, NULL, &error), 0);
	assert_int_equal(seal_open(&other, NULL, &error), 0);
	seal_close_text(seal, "users.password:a@b", "p\xc3\xa4ss", &sealed);
	seal_close_text(seal, "users.password:a@b", "p\xc3\xa4ss", &twice);
	assert_int_equal(sealed.len, 1 + 4 + 24 + 5 + 16);
	assert_memory_not_equal(sealed.data, twice.data, sealed.len);
	assert_true(seal_is_own(seal, sealed.data, sealed.len));
	assert_false(seal_is_own(other, sealed.data, sealed.len));
	assert_int_equal(seal_open_text(other, "users.password:a@b", sealed.data, sealed.len, &text),
	                 TP_ERR_AUTH);
	assert_int_equal(seal_open_text(seal, "users.password:c@d", sealed.data, sealed.len, &text),
	                 TP_ERR_AUTH);
	for (size_t length = 0; length < sealed.len; length++)
		assert_int_equal(seal_open_text(seal, "users.password:a@b", sealed.data, length, &text),
		                 TP_ERR_AUTH);
	for (size_t bit = 0; bit < sealed.len * 8; bit++) {
		sealed.data[bit / 8] = (char)(sealed.data[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(seal_open_text(seal, "users.password:a@b", sealed.data, sealed.len, &text),
		                 TP_ERR_AUTH);
		sealed.data[bit / 8] = (char)(sealed.data[bit / 8] ^ 1 << bit % 8);
	}
	assert_int_equal(text.len, 0);
	buf_puts(&text, "before:");
	assert_int_equal(seal_open_text(seal, "users.password:a@b", sealed.data, sealed.len, &text), 0);
	assert_string_equal(text.data, "before:p\xc3\xa4ss");
	buf_clear(&sealed);
	seal_close_text(seal, "r", "", &sealed);
	buf_clear(&text);
	assert_int_equal(seal_open_text(seal, "r", sealed.data, sealed.len, &text), 0);
	assert_int_equal(text.len, 0);
	buf_finish(&sealed);
	buf_finish(&twice);
	buf_finish(&text);
	seal_close(&seal);
	seal_close(&other);
	seal_close(&other);
}

/* A disk that takes no more, in the middle of the key: nothing is left behind, and the next start can make one. */
static void test_disk_full(void **state)
{
	(void)state;
	struct rlimit before, little;
	struct buf error = {0};
	struct seal *seal;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	for (rlim_t bytes = 0; bytes < 32; bytes += 10) {
		little = (struct rlimit){.rlim_cur = bytes, .rlim_max = before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
		int err = seal_open(&seal, path, &error);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(err, TP_ERR_IO);
		assert_non_null(strstr(buf_text(&error), "cannot be made"));
		assert_null(seal);
		assert_int_equal(count_entries(), 0);
		buf_clear(&error);
	}
	signal(SIGXFSZ, SIG_DFL);
	buf_finish(&error);
	assert_int_equal(try_open(&seal), 0);
	seal_close(&seal);
}

/* A way there that is none. */
static void test_cannot_be_opened(void **state)
{
	(void)state;
	char *file = path;

	write_file(file, 32, 0600);
	path = mem_printf("%s/key", file);
	refuse(TP_ERR_IO);
	mem_free(path);
	path = file;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_key_file_is_made, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_bad_key_files, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_race, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_disk_full, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_cannot_be_opened, setup, teardown),
	        cmocka_unit_test(test_every_bit_counts),
	};
	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
