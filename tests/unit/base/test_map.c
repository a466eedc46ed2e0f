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

static void test_slots(void **state)
{
	struct map *map = NULL;
	char key[16];
	void **slot;
	int value;

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		slot = map_slot(&map, key);
		assert_null(*slot);
		assert_ptr_equal(map_slot(&map, key), slot);
		*slot = &value;
		assert_ptr_equal(map_get(map, key), &value);
		assert_int_equal(map_count(map), i + 1);
	}
	map_destroy(&map, NULL);
}

static void test_reserve(void **state)
{
	static const size_t sizes[] = {0, 1, 8, 9, 32, 33, 1000};
	char key[16];
	int value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct map *map = NULL;

		for (size_t n = 0; n < 2; n++) { /* of none, and of one that has some */
			map_reserve(&map, sizes[i]);
			for (size_t k = 0; k < 40; k++) {
				snprintf(key, sizeof(key), "%zu", k);
				assert_ptr_equal(map_set(&map, key, &value), n ? &value : NULL);
			}
			map_reserve(&map, 3);
			for (size_t k = 0; k < 40; k++) {
				snprintf(key, sizeof(key), "%zu", k);
				assert_ptr_equal(map_get(map, key), &value);
			}
		}
		map_destroy(&map, NULL);
	}
}

static void expect_behind(const struct map *map, const char *key, int first)
{
	struct map_iter it = map_behind(map, key);
	char name[16];

	for (int i = first; i < 20; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		assert_true(map_next(map, &it));
		assert_string_equal(it.key, name);
	}
	assert_false(map_next(map, &it));
}

static void test_behind(void **state)
{
	struct map *map = map_create();
	struct map_iter it = map_behind(NULL, "k0");
	char key[16];
	int value;

	(void)state;
	assert_false(map_next(NULL, &it));
	expect_behind(NULL, NULL, 20);
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		map_put(map, key, &value);
	}
	expect_behind(map, NULL, 0);
	expect_behind(map, "k0", 1);
	expect_behind(map, "k18", 19);
	expect_behind(map, "k19", 20);
	expect_behind(map, "k20", 0); /* not there */
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

#define NAMES "n0n1n2n3n4n5n6n7n8n9nanbncndnenf" /* MAP_SEVERAL keys that lie in other text, with no end of their own */

static const struct map_key *names(void)
{
	static const char text[] = NAMES;
	static struct map_key keys[MAP_SEVERAL];

	for (size_t i = 0; i < MAP_SEVERAL; i++)
		keys[i] = (struct map_key){.text = text + 2 * i, .length = 2};
	return keys;
}

static void assert_several(const struct map *map, const struct map_key *keys)
{
	void *values[MAP_SEVERAL];

	for (size_t count = 0; count <= MAP_SEVERAL; count++) {
		for (size_t i = 0; i < MAP_SEVERAL; i++)
			values[i] = values;
		map_get_several(map, keys, count, values);
		for (size_t i = 0; i < count; i++) {
			char *key = mem_strndup(keys[i].text, keys[i].length);

			assert_ptr_equal(values[i], map_get(map, key));
			mem_free(key);
		}
		for (size_t i = count; i < MAP_SEVERAL; i++)
			assert_ptr_equal(values[i], values);
	}
}

/* Nobody, some in a small map, all of them among very many. */
static void test_several(void **state)
{
	const struct map_key *keys = names();
	struct map *map = NULL;
	char key[16];

	(void)state;
	assert_several(map, keys);
	for (size_t i = 0; i < MAP_SEVERAL; i += 3) {
		snprintf(key, sizeof(key), "%.2s", keys[i].text);
		map_set(&map, key, (void *)keys[i].text);
	}
	assert_several(map, keys);
	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "%d", i);
		map_put(map, key, map);
	}
	assert_several(map, keys);
	for (size_t i = 0; i < MAP_SEVERAL; i++) {
		snprintf(key, sizeof(key), "%.2s", keys[i].text);
		map_put(map, key, (void *)keys[i].text);
	}
	assert_several(map, keys);
	map_destroy(&map, NULL);
}

/* Parts of keys, more than keys, and what has a NUL in it. */
static void test_several_near_misses(void **state)
{
	static const char text[] = "key\0key";
	const struct map_key keys[] = {{text, 2}, {text, 0}, {text, 4}, {text, 7}, {text, 3}, {text + 4, 3}};
	void *values[ARRAY_SIZE(keys)];
	struct map *map = map_create();

	(void)state;
	map_put(map, "key", map);
	map_get_several(map, keys, ARRAY_SIZE(keys), values);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_ptr_equal(values[i], keys[i].length == 3 ? map : NULL);
	map_destroy(&map, NULL);
}

/* Of the same length, alike in the middle and at the end; few, so many that they are found otherwise, few again. */
static void test_alike(void **state)
{
	struct map *map = map_create();
	char key[] = "0 same";

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 20; i++) {
			key[0] = (char)('a' + i);
			assert_null(map_put(map, key, &key[i % 5]));
			for (int k = 0; k <= i; k++) {
				key[0] = (char)('a' + k);
				assert_ptr_equal(map_get(map, key), &key[k % 5]);
			}
		}
		for (int i = 0; i < 20; i++) {
			key[0] = (char)('a' + i);
			assert_ptr_equal(map_remove(map, key), &key[i % 5]);
			for (int k = 0; k < 20; k++) {
				key[0] = (char)('a' + k);
				assert_ptr_equal(map_get(map, key), k > i ? &key[k % 5] : NULL);
			}
		}
	}
	assert_int_equal(map_count(map), 0);
	map_destroy(&map, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basics),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_keys_are_copied_values_freed),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_put_during_iteration),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_behind),
		cmocka_unit_test(test_small_is_small),
		cmocka_unit_test(test_null_is_empty),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_several_near_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
