/* SPDX-License-Identifier: MIT */
/* Becoming another user, on a kernel of the test's own: there (as with fs.suid_dumpable=1) a process can be
 * dumped again when its uid changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/privileges.h"

static struct {
	int dumpable;
	uid_t uid;
	bool refuses;
} kernel;

int __wrap_prctl(int option, unsigned long value, unsigned long b, unsigned long c, unsigned long d);
uid_t __wrap_geteuid(void);
int __wrap_setuid(uid_t uid);
int __wrap_setgid(gid_t gid);
int __wrap_initgroups(const char *user, gid_t gid);
int __wrap_chown(const char *path, uid_t uid, gid_t gid);

int __wrap_prctl(int option, unsigned long value, unsigned long b, unsigned long c, unsigned long d)
{
	(void)b, (void)c, (void)d;
	assert_int_equal(option, PR_SET_DUMPABLE);
	kernel.dumpable = (int)value;
	return 0;
}

uid_t __wrap_geteuid(void)
{
	return kernel.uid;
}

int __wrap_setuid(uid_t uid)
{
	if (kernel.refuses)
		return -1;
	kernel.uid = uid;
	kernel.dumpable = 1;
	return 0;
}

int __wrap_setgid(gid_t gid)
{
	(void)gid;
	kernel.dumpable = 1;
	return 0;
}

int __wrap_initgroups(const char *user, gid_t gid)
{
	(void)user, (void)gid;
	return 0;
}

int __wrap_chown(const char *path, uid_t uid, gid_t gid)
{
	(void)path, (void)uid, (void)gid;
	return 0;
}

static int settle(const char *user, struct buf *error)
{
	char folder[] = "/tmp/libtransport-privileges-XXXXXX", before[4096];
	int err;

	assert_non_null(getcwd(before, sizeof(before)));
	assert_non_null(mkdtemp(folder));
	kernel.dumpable = 1;
	privileges_harden();
	assert_int_equal(kernel.dumpable, 0);
	err = privileges_settle(folder, "", user, "", error);
	assert_int_equal(chdir(before), 0);
	rmdir(folder);
	return err;
}

static void test_another_user_cannot_be_dumped(void **state)
{
	struct buf error = {0};

	(void)state;
	kernel.uid = 0;
	assert_int_equal(settle("nobody", &error), 0);
	assert_int_not_equal(kernel.uid, 0);
	assert_int_equal(kernel.dumpable, 0);
	buf_finish(&error);
}

static void test_the_same_user_cannot_be_dumped(void **state)
{
	struct buf error = {0};

	(void)state;
	kernel.uid = 1000;
	assert_int_equal(settle("", &error), 0);
	assert_int_equal(kernel.uid, 1000);
	assert_int_equal(kernel.dumpable, 0);
	buf_finish(&error);
}

static void test_refused(void **state)
{
	struct buf error = {0};

	(void)state;
	kernel.uid = 0;
	kernel.refuses = true;
	assert_int_not_equal(settle("nobody", &error), 0);
	assert_non_null(strstr(buf_text(&error), "cannot become nobody"));
	kernel.refuses = false;
	buf_clear(&error);
	assert_int_not_equal(settle("no-such-user", &error), 0);
	assert_non_null(strstr(buf_text(&error), "no-such-user"));
	buf_finish(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_another_user_cannot_be_dumped),
	        cmocka_unit_test(test_the_same_user_cannot_be_dumped),
	        cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
