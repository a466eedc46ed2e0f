/* SPDX-License-Identifier: MIT */
/* Messages that are several events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>
#include <cmocka.h>

#include "base/buf.h"
#include "config/limits.h"
#include "frontends/matrix/messages/parts.h"
#include "transport/spool/spool.h"

static struct {
	uv_loop_t loop;
	struct transport transport;
	struct matrix_frontend frontend;
	struct arena arena;
} fx;

static int setup(void **state)
{
	struct buf error = {0};

	(void)state;
	memset(&fx, 0, sizeof(fx));
	uv_loop_init(&fx.loop);
	assert_int_equal(spool_open(&fx.transport.spool, &fx.loop,
	                            &(struct spool_config){.durability = SPOOL_OFF,
	                                                   .max_bytes = 1 << 20,
	                                                   .seen_count = 1000,
	                                                   .map_count = 1000,
	                                                   .map_seconds = 1000},
	                            &error),
	                 0);
	buf_finish(&error);
	fx.frontend.base.transport = &fx.transport;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&fx.arena);
	spool_close(&fx.transport.spool);
	uv_run(&fx.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fx.loop), 0);
	return 0;
}

static void note(const char *head, uint64_t record, const char *event_id, uint64_t file)
{
	struct parts *parts = parts_create(head, record);

	parts_note(&fx.frontend, parts, event_id, file);
	parts_release(&parts);
}

static void test_parts_of_a_message(void **state)
{
	struct part list[LIMIT_MATRIX_PARTS];

	(void)state;
	note("$head", 7, "$text", 0);
	note("$head", 8, "$file", 0xabc);
	note("$head", 8, "$file", 0xabc); /* the same call, answered once more */
	note("$other", 9, "$its", 1);
	assert_int_equal(parts_of(&fx.frontend, "$head", list, &fx.arena), 2);
	assert_string_equal(list[0].event_id, "$text");
	assert_false(list[0].is_file);
	assert_int_equal(list[0].record, 7);
	assert_string_equal(list[1].event_id, "$file");
	assert_true(list[1].is_file);
	assert_int_equal(list[1].record, 8);
	assert_int_equal(list[1].file, 0xabc);
	assert_int_equal(list[0].file, 0);
	assert_string_equal(parts_whole(&fx.frontend, "$file", &fx.arena), "$head");
	assert_string_equal(parts_whole(&fx.frontend, "$head", &fx.arena), "$head");
	assert_string_equal(parts_whole(&fx.frontend, "$unknown", &fx.arena), "$unknown");
	assert_null(parts_whole(&fx.frontend, NULL, &fx.arena));
	parts_forget(&fx.frontend, "$text");
	parts_forget(&fx.frontend, "$unknown");
	assert_int_equal(parts_of(&fx.frontend, "$head", list, &fx.arena), 1);
	assert_string_equal(list[0].event_id, "$file");
	parts_forget(&fx.frontend, "$file");
	assert_int_equal(parts_of(&fx.frontend, "$head", list, &fx.arena), 0);
	assert_int_equal(parts_of(&fx.frontend, "$other", list, &fx.arena), 1);
}

static void test_head_is_named_later(void **state)
{
	struct part list[LIMIT_MATRIX_PARTS];
	struct parts *parts = parts_create(NULL, 1), *held = parts_hold(parts);

	(void)state;
	parts_note(&fx.frontend, parts, "$early", 1);
	parts_set_head(parts, "$head");
	parts_set_head(parts, "$another");
	parts_release(&parts);
	assert_null(parts);
	parts_note(&fx.frontend, held, "$file", 0xabc);
	parts_release(&held);
	parts_release(&held);
	assert_int_equal(parts_of(&fx.frontend, "$head", list, &fx.arena), 1);
	assert_string_equal(list[0].event_id, "$file");
	assert_int_equal(parts_of(&fx.frontend, "$another", list, &fx.arena), 0);
}

/* A file that an edit has made another one of. */
static void test_buried(void **state)
{
	struct part list[LIMIT_MATRIX_PARTS];

	(void)state;
	note("$head", 1, "$head", 7);
	assert_string_equal(parts_standing(&fx.frontend, "$head", &fx.arena), "$head");
	assert_false(parts_are_buried(&fx.frontend, "$head", 2) || parts_had_files(&fx.frontend, "$head", 2));
	parts_bury(&fx.frontend, "$head", 2);
	assert_false(parts_are_buried(&fx.frontend, "$head", 2) || parts_are_buried(&fx.frontend, NULL, 2));
	assert_true(parts_are_buried(&fx.frontend, "$head", 3));
	assert_string_equal(parts_standing(&fx.frontend, "$head", &fx.arena), "$head"); /* nothing else, so far */
	note("$head", 2, "$other", 8);
	assert_true(parts_had_files(&fx.frontend, "$head", 3) && !parts_had_files(&fx.frontend, "$head", 2));
	assert_int_equal(parts_of(&fx.frontend, "$head", list, &fx.arena), 2);
	assert_true(list[0].is_buried && !list[0].is_file);
	assert_int_equal(list[0].record, 2);
	assert_string_equal(parts_standing(&fx.frontend, "$head", &fx.arena), "$other");
	assert_string_equal(parts_whole(&fx.frontend, "$other", &fx.arena), "$head");
	assert_string_equal(parts_whole(&fx.frontend, "$head", &fx.arena), "$head");
	/* a text, which was no part of itself */
	note("$said", 3, "$more", 0);
	parts_bury(&fx.frontend, "$said", 4);
	assert_string_equal(parts_standing(&fx.frontend, "$said", &fx.arena), "$more");
	assert_string_equal(parts_standing(&fx.frontend, "$unknown", &fx.arena), "$unknown");
	assert_null(parts_standing(&fx.frontend, NULL, &fx.arena));
}

/* Files that an edit has made a text of. */
static void test_reworded(void **state)
{
	(void)state;
	note("$head", 1, "$head", 7);
	note("$head", 1, "$file", 8);
	assert_true(parts_are_files(&fx.frontend, "$head", 2));
	parts_reword(&fx.frontend, "$head", 2);
	assert_true(parts_are_files(&fx.frontend, "$head", 2)); /* the same record once more */
	assert_false(parts_are_files(&fx.frontend, "$head", 3));
	assert_false(parts_are_files(&fx.frontend, "$head", 0));
	assert_string_equal(parts_standing(&fx.frontend, "$head", &fx.arena), "$head");
	/* a text with a file, and nothing that is known */
	note("$said", 1, "$more", 9);
	assert_false(parts_are_files(&fx.frontend, "$said", 2));
	parts_reword(&fx.frontend, "$said", 2);
	assert_false(parts_are_files(&fx.frontend, "$said", 2));
	assert_false(parts_are_files(&fx.frontend, "$unknown", 2));
	/* a buried head: until there is a text below it */
	note("$old", 1, "$new", 9);
	parts_bury(&fx.frontend, "$old", 2);
	assert_true(parts_are_files(&fx.frontend, "$old", 3));
	note("$old", 3, "$text", 0);
	assert_true(parts_are_files(&fx.frontend, "$old", 3));
	assert_false(parts_are_files(&fx.frontend, "$old", 4));
	parts_reword(&fx.frontend, "$old", 4);
	assert_string_equal(parts_standing(&fx.frontend, "$old", &fx.arena), "$new");
}

static void test_files_are_known_again(void **state)
{
	(void)state;
	assert_int_equal(parts_file("https://x/a?sig=1", true), parts_file("https://x/a?sig=2", true));
	assert_int_not_equal(parts_file("https://x/a?f=1", false), parts_file("https://x/a?f=2", false));
	assert_int_not_equal(parts_file("https://x/a", true), parts_file("https://x/b", true));
}

static void test_limit(void **state)
{
	struct part list[LIMIT_MATRIX_PARTS];
	char id[32];

	(void)state;
	for (int i = 0; i < LIMIT_MATRIX_PARTS + 3; i++) {
		snprintf(id, sizeof(id), "$part%d", i);
		note("$head", 1, id, 1);
	}
	assert_int_equal(parts_of(&fx.frontend, "$head", list, &fx.arena), LIMIT_MATRIX_PARTS);
	assert_string_equal(list[0].event_id, "$part0");
	snprintf(id, sizeof(id), "$part%d", LIMIT_MATRIX_PARTS - 1);
	assert_string_equal(list[LIMIT_MATRIX_PARTS - 1].event_id, id);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {TEST(test_parts_of_a_message), TEST(test_head_is_named_later), TEST(test_buried),
	                                    TEST(test_reworded),
	                                    TEST(test_files_are_known_again), TEST(test_limit)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
