/* SPDX-License-Identifier: MIT */
/* The key file when calls of the system fail that seldom do: each of them is made to, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "transport/store/seal.h"

/* The call that fails, when it is made for the `failing_at`-th time, with `failing_errno`; 0: it finds the end. */
static const char *failing;
static int failing_at, failing_errno;

static bool fails(const char *call)
{
	if (!failing || strcmp(failing, call) != 0 || --failing_at > 0)
		return false;
	failing = NULL;
	errno = failing_errno;
	return true;
}

/* The linker puts these in the place of the calls (--wrap). */
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_sodium_init(void);
int __wrap_sodium_init(void);

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
	if (fails("read"))
		return failing_errno ? -1 : 0;
	return __real_read(fd, bytes, size > 7 ? 7 : size); /* a key may come in pieces */
}

int __wrap_fchmod(int fd, mode_t mode)
{
	return fails("fchmod") ? -1 : __real_fchmod(fd, mode);
}

int __wrap_fsync(int fd)
{
	return fails("fsync") ? -1 : __real_fsync(fd);
}

int __wrap_link(const char *from, const char *to)
{
	return fails("link") ? -1 : __real_link(from, to);
}

int __wrap_close(int fd)
{
	int result = __real_close(fd);

	return fails("close") ? -1 : result;
}

int __wrap_sodium_init(void)
{
	return fails("sodium_init") ? -1 : __real_sodium_init();
}

static char folder[64];
static char *path;

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/seal-system-XXXXXX");
	assert_non_null(mkdtemp(folder));
	path = mem_printf("%s/key", folder);
	failing = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	MEM_FREE(path);
	return rmdir(folder); /* nothing else is left in it */
}

/* What seal_open says when this call fails; "" if it does not mind. */
static void expect(const char *call, int at, int error, const char *sentence)
{
	struct buf text = {0};
	struct seal *seal;

	failing = call;
	failing_at = at;
	failing_errno = error;
	int err = seal_open(&seal, path, &text);

	assert_null(failing); /* it was called */
	assert_int_equal(err, *sentence ? TP_ERR_IO : 0);
	assert_int_equal(seal == NULL, *sentence != '\0');
	if (*sentence)
		assert_non_null(strstr(buf_text(&text), sentence));
	else
		assert_int_equal(text.len, 0);
	seal_close(&seal);
	buf_finish(&text);
}

static void test_making_it(void **state)
{
	(void)state;
	expect("sodium_init", 1, 0, "libsodium does not start");
	expect("fchmod", 1, EPERM, "cannot be made: Operation not permitted");
	expect("fsync", 1, EIO, "cannot be made: Input/output error");
	expect("close", 1, EIO, "cannot be made: Input/output error");
	expect("link", 1, EPERM, "cannot be made: Operation not permitted");
	assert_int_equal(access(path, F_OK), -1);
	/* of the folder: the key is there, and whether it will be after a power cut is not known */
	expect("fsync", 2, EIO, "cannot be made: Input/output error");
	assert_int_equal(access(path, F_OK), 0);
}

static void test_reading_it(void **state)
{
	struct buf sealed = {0}, text = {0};
	struct seal *seal;

	(void)state;
	assert_int_equal(seal_open(&seal, path, &text), 0);
	seal_close_text(seal, "row", "password", &sealed);
	seal_close(&seal);
	expect("read", 1, EIO, "cannot be read: Input/output error");
	expect("read", 2, 0, "cannot be read: Input/output error"); /* it became shorter */
	expect("read", 2, EINTR, "");
	assert_int_equal(seal_open(&seal, path, &text), 0);
	assert_int_equal(seal_open_text(seal, "row", sealed.data, sealed.len, &text), 0);
	assert_string_equal(buf_text(&text), "password");
	seal_close(&seal);
	buf_finish(&sealed);
	buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_making_it, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_reading_it, setup, teardown),
	};

	return cmocka_run_group_tests_name("seal system", tests, NULL, NULL);
}
