/* SPDX-License-Identifier: MIT */
/* As whom backends run. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/backend/harness.h"
#include "transport/backend/backend_owner.h"

static char place[64], folder[96], file[96];
static struct log a_log;

static int make(void **state)
{
	(void)state;
	snprintf(place, sizeof(place), "/tmp/owner-XXXXXX");
	if (!mkdtemp(place))
		return -1;
	snprintf(folder, sizeof(folder), "%s/state/backend", place);
	snprintf(file, sizeof(file), "%s/state", place);
	if (mkdir(file, 0700) < 0)
		return -1;
	snprintf(file, sizeof(file), "%s/program", place);
	FILE *out = fopen(file, "we");
	if (!out)
		return -1;
	fclose(out);
	return chmod(place, 0755) < 0 || chmod(file, 0755) < 0;
}

static int clean(void **state)
{
	char state_folder[96];

	(void)state;
	snprintf(state_folder, sizeof(state_folder), "%s/state", place);
	remove(folder);
	remove(state_folder);
	remove(file);
	return rmdir(place);
}

static struct backend_owner find(const char *user)
{
	char *readable[] = {file};
	struct backend_owner owner;
	struct buf error = {0};

	assert_int_equal(backend_owner_find(&owner, user, folder, readable, 1, &a_log, &error), 0);
	buf_finish(&error);
	return owner;
}

static void test_a_uid_of_nobody(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	struct backend_owner owner = find("");
	assert_true(owner.other);
	assert_in_range(owner.uid, 61184, 65519);
	assert_int_equal(owner.gid, owner.uid);
	assert_null(getpwuid(owner.uid));
	assert_int_equal(find(NULL).uid, owner.uid);
}

static void test_the_folder_remembers(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	uid_t other = find("").uid == 65000 ? 65001 : 65000;
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(chown(folder, other, other), 0);
	assert_int_equal(find("").uid, other);
	/* but a person's is not taken for it */
	assert_int_equal(chown(folder, 1, 1), 0);
	assert_in_range(find("").uid, 61184, 65519);
}

static void test_what_it_could_not_read(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(file, 0750), 0);
	assert_false(find("").other);
	assert_int_equal(chmod(file, 0755), 0);
	assert_true(find("").other);
	assert_int_equal(chmod(place, 0700), 0);
	assert_false(find("").other);
	assert_int_equal(chmod(place, 0711), 0);
	assert_true(find("").other);
}

static void test_one_that_is_named(void **state)
{
	struct backend_owner owner;
	struct buf error = {0};

	(void)state;
	assert_true(backend_owner_find(&owner, "no-such-user", folder, NULL, 0, &a_log, &error) < 0);
	assert_non_null(strstr(buf_text(&error), "backend.sandbox_user: there is no user \"no-such-user\""));
	buf_clear(&error);
	int err = backend_owner_find(&owner, "nobody", folder, NULL, 0, &a_log, &error);
	if (geteuid() == 0) {
		assert_int_equal(err, 0);
		assert_int_equal(owner.uid, getpwnam("nobody")->pw_uid);
		assert_int_equal(owner.gid, getpwnam("nobody")->pw_gid);
		assert_true(find("root").other);
		assert_int_equal(find("root").uid, 0);
	} else {
		assert_true(err < 0);
		assert_non_null(strstr(buf_text(&error), "only root can"));
		assert_false(find("").other);
	}
	buf_finish(&error);
}

static void test_public(void **state)
{
	(void)state;
	assert_true(backend_owner_is_public("/usr/bin/env"));
	assert_true(backend_owner_is_public("/usr"));
	assert_false(backend_owner_is_public("/nowhere/at/all"));
	assert_true(backend_owner_is_public(file));
	assert_int_equal(chmod(file, 0640), 0);
	assert_false(backend_owner_is_public(file));
	assert_int_equal(chmod(place, 0744), 0);
	assert_false(backend_owner_is_public(place));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_a_uid_of_nobody, make, clean),
	        cmocka_unit_test_setup_teardown(test_the_folder_remembers, make, clean),
	        cmocka_unit_test_setup_teardown(test_what_it_could_not_read, make, clean),
	        cmocka_unit_test_setup_teardown(test_one_that_is_named, make, clean),
	        cmocka_unit_test_setup_teardown(test_public, make, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
