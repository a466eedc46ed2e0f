/* SPDX-License-Identifier: MIT */
/* What a command makes readable for a backend, and what it never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "transport/backend/backend_reading.h"

static const char *const folders[] = {"app", "app/bin", "app/lib", "other", "conf", "state", "near"};
static const char *const files[] = {"app/bin/tool", "app/lib/part.py", "other/run.py", "other/module.py",
                                    "conf/words.txt", "state/key", "state/tool", "near/tool"};
static char top[32];
static struct hidden hidden;

static char *at(const char *name)
{
	return mem_printf("%s/%s", top, name);
}

static void write_file(const char *name, const char *text)
{
	char *path = at(name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	mem_free(path);
}

static int make(void **state)
{
	char text[256];

	(void)state;
	snprintf(top, sizeof(top), "/tmp/reading-XXXXXX");
	assert_non_null(mkdtemp(top));
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char *path = at(folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		mem_free(path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		write_file(files[i], "");
	snprintf(text, sizeof(text), "#!/bin/sh\n. /etc/nothing\nWORDS=\"%s/conf/words.txt\" exec '%s/other/run.py' $@\n",
	         top, top);
	write_file("app/bin/tool", text);
	snprintf(text, sizeof(text), "open('%s/state/key'); import os; os.listdir('%s')\n", top, top);
	write_file("other/run.py", text);
	char *path = at("state");
	hidden_add(&hidden, path);
	mem_free(path);
	path = at("state/key");
	hidden_add(&hidden, path);
	mem_free(path);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	hidden_finish(&hidden);
	for (size_t i = 0; i < ARRAY_SIZE(files) + ARRAY_SIZE(folders); i++) {
		size_t back = i - ARRAY_SIZE(files);
		char *path = at(i < ARRAY_SIZE(files) ? files[i] : folders[ARRAY_SIZE(folders) - 1 - back]);
		remove(path);
		mem_free(path);
	}
	return rmdir(top);
}

static bool has(const struct reading *reading, const char *name)
{
	char *path = at(name);
	bool found = false;

	for (size_t i = 0; i < reading->count; i++)
		found = found || !strcmp(reading->items[i], path);
	mem_free(path);
	return found;
}

static void test_a_script_and_what_it_names(void **state)
{
	static const char *const wanted[] = {"app/bin/tool", "app/bin", "app/lib", "other/run.py", "other",
	                                     "conf/words.txt"};
	struct reading reading = {.hidden = &hidden};
	char *path = at("app/bin/tool");

	(void)state;
	reading_add_program(&reading, path);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!has(&reading, wanted[i]))
			fail_msg("%s cannot be read", wanted[i]);
	assert_false(has(&reading, "state/key"));
	assert_false(has(&reading, "state"));
	for (size_t i = 0; i < reading.count; i++) {
		assert_string_not_equal(reading.items[i], top);
		assert_string_not_equal(reading.items[i], "/tmp");
	}
	reading_finish(&reading);
	mem_free(path);
}

static void test_words_of_a_shell(void **state)
{
	struct reading reading = {.hidden = &hidden};
	char *word = mem_printf("exec %s/near/tool \"$@\" 2>%s/state/key", top, top);

	(void)state;
	reading_add_named(&reading, word);
	assert_true(has(&reading, "near/tool"));
	assert_true(has(&reading, "near"));
	assert_false(has(&reading, "state/key"));
	reading_finish(&reading);
	mem_free(word);
}

/* A program that lies beside the key is readable, what lies beside it is not. */
static void test_a_program_in_the_working_directory(void **state)
{
	struct reading reading = {.hidden = &hidden};
	char *path = at("state/tool");

	(void)state;
	reading_add_program(&reading, path);
	assert_int_equal(reading.count, 1);
	assert_true(has(&reading, "state/tool"));
	reading_finish(&reading);
	mem_free(path);
}

static void test_folders_that_are_everybodys(void **state)
{
	struct reading reading = {.hidden = &hidden};

	(void)state;
	reading_add_named(&reading, "cd /; ls /etc /tmp /home /root /var/lib /usr/bin /dev/null ///");
	assert_int_equal(reading.count, 0);
	assert_int_equal(setenv("LD_LIBRARY_PATH", "/tmp:relative::/usr/lib", 1), 0);
	reading_add_environment(&reading);
	assert_int_equal(unsetenv("LD_LIBRARY_PATH"), 0);
	assert_int_equal(reading.count, 0);
	reading_finish(&reading);
}

/* This program was linked with a RUNPATH of $ORIGIN/.. */
static void test_libraries_by_runpath(void **state)
{
	struct reading reading = {.hidden = &hidden};
	char self[4096] = "";

	(void)state;
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	reading_add_program(&reading, self);
	*strrchr(self, '/') = '\0';
	*strrchr(self, '/') = '\0';
	bool found = false;
	for (size_t i = 0; i < reading.count; i++)
		found = found || !strcmp(reading.items[i], self);
	assert_true(found);
	reading_finish(&reading);
}

static void check_starts(const char *first, const char *second, bool wanted)
{
	char *words[] = {mem_strdup(first), second ? mem_strdup(second) : NULL};

	assert_int_equal(reading_starts_programs(words, second ? 2 : 1), wanted);
	mem_free(words[0]);
	mem_free(words[1]);
}

static void test_who_starts_programs(void **state)
{
	char *script = at("app/bin/tool");

	(void)state;
	check_starts("/proc/self/exe", NULL, false);
	check_starts("/proc/self/exe", "--option", false);
	check_starts("/proc/self/exe", top, false);
	check_starts("/proc/self/exe", script, true);
	check_starts("/proc/self/exe", "-m", true);
	check_starts("/bin/sh", NULL, true);
	check_starts("/usr/bin/env", NULL, true);
	check_starts(script, NULL, true);
	mem_free(script);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_script_and_what_it_names),
	        cmocka_unit_test(test_words_of_a_shell),
	        cmocka_unit_test(test_a_program_in_the_working_directory),
	        cmocka_unit_test(test_folders_that_are_everybodys),
	        cmocka_unit_test(test_libraries_by_runpath),
	        cmocka_unit_test(test_who_starts_programs),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
