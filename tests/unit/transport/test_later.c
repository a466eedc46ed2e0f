/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "transport/routing/later.h"

typedef void word_run(struct buf *log, const char *a, const char *b);

static struct later_queue queue;
static struct buf words;
static uv_loop_t loop;
static uint64_t done_ms;

static void call(void *owner, later_function *run, const char *a, const char *b)
{
	((word_run *)run)(owner, a, b);
}

static void put(uint64_t ms, word_run *run, const char *a, const char *b)
{
	later_put(&queue, ms, (later_function *)run, a, b);
}

static void say(struct buf *log, const char *a, const char *b)
{
	buf_printf(log, "%s%s ", a ? a : "-", b ? b : "-");
}

static void say_and_put(struct buf *log, const char *a, const char *b)
{
	say(log, a, b);
	put(0, say, "again", b);
}

static void on_closed(void *owner)
{
	buf_puts(owner, "closed ");
}

static void say_and_close(struct buf *log, const char *a, const char *b)
{
	say(log, a, b);
	later_close(&queue, on_closed);
}

static int setup(void **state)
{
	(void)state;
	buf_clear(&words);
	later_init(&queue, call, &words);
	return uv_loop_init(&loop);
}

/* What waits is forgotten, whether it was closed or not. */
static int teardown(void **state)
{
	(void)state;
	later_close(&queue, on_closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	later_finish(&queue);
	buf_finish(&words);
	return uv_loop_close(&loop);
}

static void test_order(void **state)
{
	(void)state;
	put(0, say, "before", NULL);
	later_open(&queue, &loop);
	put(0, say_and_put, "one", "1");
	put(0, say, NULL, "2");
	assert_string_equal(buf_text(&words), "");
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_string_equal(buf_text(&words), "before- one1 -2 again1 ");
}

static void say_ms(struct buf *log, const char *a, const char *b)
{
	say(log, a, b);
	done_ms = clock_ms();
}

static void test_delay(void **state)
{
	uint64_t begin_ms = clock_ms();

	(void)state;
	later_open(&queue, &loop);
	put(3600000, say, "never", NULL);
	put(30, say_ms, "in time", NULL);
	while (!done_ms)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(done_ms - begin_ms >= 30);
	assert_string_equal(buf_text(&words), "in time- ");
}

static void test_closing(void **state)
{
	(void)state;
	later_open(&queue, &loop);
	put(0, say_and_close, "end", NULL);
	put(0, say, "never", NULL);
	put(10, say, "never", NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	put(0, say, "never", NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_string_equal(buf_text(&words), "end- closed ");
	later_close(&queue, on_closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_string_equal(buf_text(&words), "end- closed ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_order), TEST(test_delay), TEST(test_closing)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
