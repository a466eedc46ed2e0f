/* SPDX-License-Identifier: MIT */
/* With pages under AddressSanitizer as well: base/pool.c is compiled into this (POOL_UNWATCHED). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/pool.h"

#define PIECES 3000

static size_t size_of(size_t i)
{
	return i * 7 % (POOL_PIECE_MAX + 40); /* some are too large for a page, some have no byte */
}

static void fill(unsigned char *piece, size_t i)
{
	for (size_t at = 0; at < size_of(i); at++)
		assert_int_equal(piece[at], 0);
	memset(piece, (int)(i % 255 + 1), size_of(i));
}

static void assert_filled(const unsigned char *piece, size_t i)
{
	for (size_t at = 0; at < size_of(i); at++)
		assert_int_equal(piece[at], i % 255 + 1);
}

static void test_pieces(void **state)
{
	static unsigned char *pieces[PIECES];
	struct pool *pool = pool_create();

	(void)state;
	for (size_t i = 0; i < PIECES; i++) {
		pieces[i] = pool_alloc(pool, size_of(i));
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		fill(pieces[i], i);
	}
	/* what was freed is given out again, zeroed, and no other is touched by it */
	for (size_t i = 0; i < PIECES; i += 3)
		pool_free(pool, pieces[i], size_of(i));
	for (size_t i = 0; i < PIECES; i += 3) {
		pieces[i] = pool_alloc(pool, size_of(i));
		fill(pieces[i], i);
	}
	for (size_t i = 0; i < PIECES; i++) {
		assert_filled(pieces[i], i);
		pool_free(pool, pieces[i], size_of(i));
	}
	pool_free(pool, NULL, 10);
	pool_destroy(&pool);
	assert_null(pool);
	pool_destroy(&pool);
}

static void test_pages_are_shared_and_given_back(void **state)
{
	static void *pieces[PIECES];
	struct pool *pool = pool_create();
	size_t most;

	(void)state;
	assert_int_equal(pool_pages(pool), 0);
	for (size_t i = 0; i < PIECES; i++)
		pieces[i] = pool_alloc(pool, 64);
	most = pool_pages(pool);
	assert_in_range(most, 2, PIECES * 64 / 4096 + 2);
	/* one in three goes, and its place is taken before a new page is */
	for (size_t i = 0; i < PIECES; i += 3)
		pool_free(pool, pieces[i], 64);
	assert_int_equal(pool_pages(pool), most);
	for (size_t i = 0; i < PIECES; i += 3)
		pieces[i] = pool_alloc(pool, 50);
	assert_int_equal(pool_pages(pool), most);
	for (size_t i = 0; i < PIECES / 2; i++)
		pool_free(pool, pieces[i], 64);
	assert_in_range(pool_pages(pool), most / 2 - 1, most / 2 + 2);
	for (size_t i = PIECES / 2; i < PIECES; i++)
		pool_free(pool, pieces[i], 64);
	assert_int_equal(pool_pages(pool), 1);
	/* another size has pages of its own; what is large has none */
	pieces[0] = pool_alloc(pool, 65);
	pieces[1] = pool_alloc(pool, POOL_PIECE_MAX + 1);
	assert_int_equal(pool_pages(pool), 2);
	pool_free(pool, pieces[0], 65);
	pool_free(pool, pieces[1], POOL_PIECE_MAX + 1);
	pool_destroy(&pool);
}

static void test_texts(void **state)
{
	struct pool *pool = pool_create();
	char wide[2 * POOL_PIECE_MAX];

	(void)state;
	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	char *small = pool_strdup(pool, "small"), *large = pool_strdup(pool, wide), *heap = pool_strdup(NULL, "heap");

	assert_string_equal(small, "small");
	assert_string_equal(large, wide);
	assert_string_equal(heap, "heap");
	assert_null(pool_strdup(pool, NULL));
	pool_free_text(pool, small);
	pool_free_text(pool, large);
	pool_free_text(pool, NULL);
	pool_free_text(NULL, heap);
	pool_destroy(&pool);
}

static void test_map_in_a_pool(void **state)
{
	struct pool *pool = pool_create();
	struct map *map = map_create_in(pool);
	char key[700];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%0*d", i % 2 ? 20 : 600, i); /* half of them too long for a page */
		map_put(map, key, pool);
	}
	assert_int_equal(map_count(map), 1000);
	assert_in_range(pool_pages(pool), 2, 500 * 64 / 4096 + 2);
	for (int i = 0; i < 990; i++) {
		snprintf(key, sizeof(key), "%0*d", i % 2 ? 20 : 600, i);
		assert_ptr_equal(map_remove(map, key), pool);
	}
	assert_int_equal(pool_pages(pool), 1);
	map_destroy(&map, NULL);
	pool_destroy(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_pages_are_shared_and_given_back),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_map_in_a_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
