/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"

static void test_alignment_and_content(void **state)
{
	struct arena arena = {0};
	char *pieces[500];
	size_t i;

	(void)state;
	for (i = 0; i < 500; i++) {
		pieces[i] = arena_alloc(&arena, i);
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		memset(pieces[i], (int)(i & 0x7f), i);
	}
	for (i = 1; i < 500; i++) {
		assert_int_equal(pieces[i][0], i & 0x7f);
		assert_int_equal(pieces[i][i - 1], i & 0x7f);
	}
	assert_true(arena.used >= 500 * 499 / 2);
	arena_finish(&arena);
	assert_null(arena.blocks);
	arena_finish(&arena);
}

static void test_strings(void **state)
{
	struct arena arena = {0};
	char wide[1000];

	(void)state;
	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	assert_null(arena_strdup(&arena, NULL));
	assert_null(arena_strndup(&arena, NULL, 2));
	assert_string_equal(arena_strdup(&arena, "abc"), "abc");
	assert_string_equal(arena_strndup(&arena, "abc", 2), "ab");
	assert_string_equal(arena_strndup(&arena, "abc", 200), "abc");
	assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
	assert_int_equal(strlen(arena_printf(&arena, "%s%s", wide, wide)), 1998);
	arena_finish(&arena);
}

static void test_warm_arena_reuses_memory(void **state)
{
	struct arena arena = {0};
	void *first = arena_alloc(&arena, 100);
	char *large;

	(void)state;
	large = arena_alloc(&arena, 1 << 20);
	memset(large, 1, 1 << 20);
	/* the large piece does not push the block in use aside */
	assert_ptr_equal(arena_alloc(&arena, 16), (char *)first + 112);
	arena_reset(&arena);
	assert_int_equal(arena.used, 0);
	assert_ptr_equal(arena_alloc(&arena, 10), first);
	arena_reset(&arena);

	/* what only a large piece needed is given back */
	arena_finish(&arena);
	arena_alloc(&arena, 1 << 20);
	arena_reset(&arena);
	assert_null(arena.blocks);
	arena_reset(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment_and_content),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_warm_arena_reuses_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
