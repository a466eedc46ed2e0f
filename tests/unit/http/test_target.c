/* SPDX-License-Identifier: MIT */
/* Paths as they were sent, and what they lead to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "transport/http/http_target.h"

static void assert_same(const char *of, const char *found, const char *expected)
{
	if (!found != !expected || (found && strcmp(found, expected) != 0))
		fail_msg("%s: %s instead of %s", of, found ? found : "NULL", expected ? expected : "NULL");
}

static void finds_values(void **state)
{
	static const struct {
		const char *target, *name, *value;
	} cases[] = {
		{"/a?b=1&c=2", "b", "1"}, {"/a?b=1&c=2", "c", "2"}, {"/a?b=1&c=2", "d", NULL},
		{"/a?b=1&b=2", "b", "1"}, {"/a?bb=1&b=2", "b", "2"}, {"/a?b&b=", "b", ""},
		{"/a?b=x+y%2B%26z", "b", "x y+&z"}, {"/a?b==&", "b", "="}, {"/a?c=b=1", "b", NULL},
		{"/a", "b", NULL}, {"/a?", "b", NULL}, {"/b=1", "b", NULL}, {"/a?x?b=1", "b", NULL},
		{"/a?b=%", "b", NULL}, {"/a?b=%4", "b", NULL}, {"/a?b=%zz", "b", NULL}, {"/a?b=%ff", "b", NULL},
		{"/a?b=%00", "b", NULL}, {"/a?b=%0a", "b", NULL},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_same(cases[i].target, http_target_query(&arena, cases[i].target, cases[i].name), cases[i].value);
	arena_finish(&arena);
}

static void decodes(void **state)
{
	static const struct {
		const char *target, *decoded, *resolved;
	} cases[] = {
		{"/", "/", "/"},
		{"/a/b", "/a/b", "/a/b"},
		{"/a/b/", "/a/b/", "/a/b/"},
		{"/a+b&c;d=e", "/a+b&c;d=e", "/a+b&c;d=e"},
		{"/%61%2Fb%3f%C3%A9?c=%ff", "/a/b?\xc3\xa9", "/a/b?\xc3\xa9"},
		{"/%2561", "/%61", "/%61"},
		{"/a//b", "/a//b", "/a/b"},
		{"//a", "//a", "/a"},
		{"/a/./b/.", "/a/./b/.", "/a/b/"},
		{"/a/../b", "/a/../b", "/b"},
		{"/a/b/..", "/a/b/..", "/a/"},
		{"/a/b/../..", "/a/b/../..", "/"},
		{"/../../a", "/../../a", "/a"},
		{"/..", "/..", "/"},
		{"/a%2F..%2Fb", "/a/../b", "/b"},
		{"/%2e%2e/a", "/../a", "/a"},
		{"/a%2f%2e%2e%2f%2e%2e%2fb", "/a/../../b", "/b"},
		{"/.../..a/a..", "/.../..a/a..", "/.../..a/a.."},
		{"?x", NULL, NULL},
		{"", NULL, NULL},
		{"a", NULL, NULL},
		{"http://x/a", NULL, NULL},
		{"/%", NULL, NULL},
		{"/%4", NULL, NULL},
		{"/%4?1", NULL, NULL},
		{"/%zz", NULL, NULL},
		{"/%4z", NULL, NULL},
		{"/%00", NULL, NULL},
		{"/%0a", NULL, NULL},
		{"/%ff", NULL, NULL},
		{"/\x7f", NULL, NULL},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_same(cases[i].target, http_target_decode(&arena, cases[i].target), cases[i].decoded);
		assert_same(cases[i].target, http_target_resolved(&arena, cases[i].target), cases[i].resolved);
	}
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(decodes), cmocka_unit_test(finds_values)};

	return cmocka_run_group_tests_name("http: target", tests, NULL, NULL);
}
