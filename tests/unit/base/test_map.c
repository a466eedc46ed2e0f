/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

#define MANY 100000

static void test_basics(void **state)
{
	struct map *map = map_create(), *none = NULL;
	int one = 1, two = 2;

	(void)state;
	assert_null(map_get(map, "a"));
	assert_null(map_remove(map, "a"));
	assert_null(map_put(map, "a", &one));
	assert_ptr_equal(map_put(map, "a", &two), &one);
	assert_int_equal(map_count(map), 1);
	assert_ptr_equal(map_get(map, "a"), &two);
	assert_null(map_get(map, "A"));
	assert_null(map_put(map, "", &one));
	assert_ptr_equal(map_get(map, ""), &one);
	assert_ptr_equal(map_remove(map, "a"), &two);
	assert_null(map_get(map, "a"));
	assert_int_equal(map_count(map), 1);
	map_destroy(&map, NULL);
	assert_null(map);
	map_destroy(&map, NULL);
	map_destroy(&none, mem_free);
}

static void test_keys_are_copied_values_freed(void **state)
{
	struct map *map = map_create();
	char key[16];
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		map_put(map, key, mem_strdup(key));
	}
	for (i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		assert_string_equal(map_get(map, key), key);
	}
	map_destroy(&map, mem_free);
}

static void test_many(void **state)
{
	struct map *map = map_create();
	int *numbers = calloc(MANY, sizeof(*numbers));
	struct map_iter it = {0};
	char key[32];
	int i, seen = 0;

	(void)state;
	for (i = 0; i < MANY; i++) {
		numbers[i] = i;
		snprintf(key, sizeof(key), "user%d@example.org", i);
		assert_null(map_put(map, key, &numbers[i]));
	}
	assert_int_equal(map_count(map), MANY);
	for (i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "user%d@example.org", i);
		assert_ptr_equal(map_get(map, key), &numbers[i]);
	}

	/* in order of insertion; every entry but each hundredth goes while it is the current one */
	while (map_next(map, &it)) {
		assert_int_equal(*(int *)it.value, seen);
		if (seen % 100)
			assert_ptr_equal(map_remove(map, it.key), &numbers[seen]);
		seen++;
	}
	assert_int_equal(seen, MANY);
	assert_int_equal(map_count(map), MANY / 100);

	seen = 0;
	it = (struct map_iter){0};
	while (map_next(map, &it)) {
		assert_int_equal(*(int *)it.value, seen);
		snprintf(key, sizeof(key), "user%d@example.org", seen);
		assert_string_equal(it.key, key);
		assert_ptr_equal(map_get(map, key), it.value);
		seen += 100;
	}
	assert_false(map_next(map, &it));

	it = (struct map_iter){0};
	while (map_next(map, &it))
		map_remove(map, it.key);
	assert_int_equal(map_count(map), 0);
	map_put(map, "again", &numbers[1]);
	assert_ptr_equal(map_get(map, "again"), &numbers[1]);
	map_destroy(&map, NULL);
	free(numbers);
}

/* Growing and shrinking across the sizes at which the table appears, changes and goes. */
static void test_edges(void **state)
{
	struct map *map = map_create();
	char key[16];
	int high, i, value;

	(void)state;
	for (high = 1; high < 200; high += 7) {
		for (i = 0; i < high; i++) {
			snprintf(key, sizeof(key), "%d", i);
			map_put(map, key, &value);
		}
		assert_int_equal(map_count(map), high);
		for (i = high - 1; i >= 0; i--) {
			snprintf(key, sizeof(key), "%d", i);
			assert_ptr_equal(map_get(map, key), &value);
			assert_ptr_equal(map_remove(map, key), &value);
			assert_null(map_get(map, key));
		}
		assert_int_equal(map_count(map), 0);
	}
	map_destroy(&map, NULL);
}

static void test_put_during_iteration(void **state)
{
	struct map *map = map_create();
	struct map_iter it = {0};
	char key[16];
	int i, value, seen = 0;

	(void)state;
	for (i = 0; i < 8; i++) {
		snprintf(key, sizeof(key), "old%d", i);
		map_put(map, key, &value);
	}
	while (map_next(map, &it)) {
		if (strncmp(it.key, "old", 3) == 0) {
			seen++;
			snprintf(key, sizeof(key), "new%d", seen);
			map_put(map, key, &value);
		}
	}
	assert_int_equal(seen, 8);
	assert_int_equal(map_count(map), 16);
	map_destroy(&map, NULL);
}

static void test_small_is_small(void **state)
{
	struct map *map = map_create();

	(void)state;
	assert_true(malloc_usable_size(map) <= 64);
	map_destroy(&map, NULL);
}

static void test_null_is_empty(void **state)
{
	struct map *map = NULL;
	struct map_iter it = {0};
	int value;

	(void)state;
	assert_null(map_get(map, "a"));
	assert_null(map_remove(map, "a"));
	assert_int_equal(map_count(map), 0);
	assert_false(map_next(map, &it));
	assert_null(map_set(&map, "a", &value));
	assert_ptr_equal(map_get(map, "a"), &value);
	assert_ptr_equal(map_set(&map, "a", NULL), &value);
	assert_int_equal(map_count(map), 1);
	map_destroy(&map, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basics),
		cmocka_unit_test(test_keys_are_copied_values_freed),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_put_during_iteration),
		cmocka_unit_test(test_small_is_small),
		cmocka_unit_test(test_null_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
