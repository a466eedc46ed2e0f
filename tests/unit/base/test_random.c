/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"

static void test_bytes(void **state)
{
	unsigned char a[300] = {0}, b[300] = {0};

	(void)state;
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	random_bytes(a, 0);
}

static void test_token(void **state)
{
	char token[200], other[200];
	bool seen[256] = {false};
	size_t i;
	int round, kinds = 0;

	(void)state;
	memset(token, '!', sizeof(token));
	random_token(token, 26);
	assert_int_equal(strlen(token), 26);
	assert_int_equal(token[27], '!');
	assert_int_equal(strspn(token, "abcdefghijklmnopqrstuvwxyz234567"), 26);
	random_token(other, 26);
	assert_string_not_equal(token, other);
	random_token(token, 0);
	assert_string_equal(token, "");
	for (round = 0; round < 50; round++) {
		random_token(token, sizeof(token) - 1);
		for (i = 0; token[i]; i++)
			seen[(unsigned char)token[i]] = true;
	}
	for (i = 0; i < 256; i++)
		kinds += seen[i];
	assert_int_equal(kinds, 32);
}

/* A forked child has tokens of its own. */
static void test_fork(void **state)
{
	char ours[27], theirs[27] = "";
	int ends[2], status;
	pid_t child;

	(void)state;
	random_token(ours, 26); /* there is a supply */
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		random_token(theirs, 26);
		_exit(write(ends[1], theirs, sizeof(theirs)) != sizeof(theirs));
	}
	random_token(ours, 26);
	assert_int_equal(read(ends[0], theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_not_equal(ours, theirs);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_fork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
