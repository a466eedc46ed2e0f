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

#include "base/error.h"
#include "base/list.h"
#include "base/mem.h"

static void test_alloc_is_zeroed(void **state)
{
	char *bytes = mem_alloc(64);
	int i;

	(void)state;
	for (i = 0; i < 64; i++)
		assert_int_equal(bytes[i], 0);
	bytes = mem_realloc(bytes, 4096);
	assert_int_equal(bytes[63], 0);
	MEM_FREE(bytes);
	assert_null(bytes);
	mem_free(mem_alloc(0));
	mem_free(mem_dup(NULL, 0));
}

struct named {
	int number;
	char kind;
	char name[];
};

static void test_object_with_text(void **state)
{
	struct named *named = MEM_NEW_TEXT(struct named, name, "a name");

	(void)state;
	assert_int_equal(named->number, 0);
	assert_int_equal(named->kind, 0);
	assert_string_equal(named->name, "a name");
	mem_free(named);
	/* Its padding is its own even if the text ends in there. */
	named = MEM_NEW_TEXT(struct named, name, "");
	*named = (struct named){.number = 1};
	mem_free(named);
}

static void test_strings(void **state)
{
	char *text = mem_strdup("abc");

	(void)state;
	assert_string_equal(text, "abc");
	mem_replace(&text, text + 1);
	assert_string_equal(text, "bc");
	mem_replace(&text, NULL);
	assert_null(text);
	assert_null(mem_strdup(NULL));
	assert_null(mem_strndup(NULL, 3));

	text = mem_strndup("abcdef", 3);
	assert_string_equal(text, "abc");
	mem_free(text);
	text = mem_strndup("ab", 100);
	assert_string_equal(text, "ab");
	mem_free_secret(text);
	mem_free_secret(NULL);
	text = mem_printf("%s-%d", "x", 42);
	assert_string_equal(text, "x-42");
	mem_free(text);
}

static void test_error_texts(void **state)
{
	int error;

	(void)state;
	assert_string_equal(tp_error_text(TP_ERR_NOT_FOUND), "not found");
	for (error = TP_OK; error >= TP_ERR_CLOSED; error--) {
		assert_non_null(tp_error_text(error));
		assert_string_not_equal(tp_error_text(error), "unknown error");
	}
	assert_string_equal(tp_error_text(TP_ERR_CLOSED - 1), "unknown error");
	assert_string_equal(tp_error_text(1), "unknown error");
	assert_string_equal(tp_error_text(INT32_MIN), "unknown error");
}

struct item {
	int number;
	struct list link;
};

static void test_list(void **state)
{
	struct list head;
	struct item items[4];
	int i, seen = 0;

	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	for (i = 0; i < 4; i++) {
		items[i].number = i;
		list_append(&head, &items[i].link);
	}
	LIST_EACH(link, &head)
	{
		struct item *item = CONTAINER_OF(link, struct item, link);

		assert_int_equal(item->number, seen++);
		if (item->number % 2)
			list_remove(link);
	}
	assert_int_equal(seen, 4);
	list_remove(&items[1].link);
	assert_ptr_equal(head.next, &items[0].link);
	assert_ptr_equal(head.prev, &items[2].link);
}

/* Private memory in KiB; 0 if the system does not say. */
static long resident_kb(void)
{
	char line[256];
	long kb = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kb = strtol(line + 8, NULL, 10);
	if (file)
		fclose(file);
	return kb;
}

static void test_what_the_process_has(void **state)
{
	enum { BYTES = 40000000 };
	size_t before = mem_resident_kb(), shared = mem_shared_kb();
	char *memory = mem_alloc(BYTES);

	(void)state;
	assert_true(shared > 0);
	memset(memory, 1, BYTES);
	assert_true(mem_resident_kb() > mem_shared_kb());
	assert_in_range(mem_resident_kb(), before + BYTES / 2048, before + BYTES / 512);
	assert_in_range(mem_shared_kb(), shared / 2, shared + BYTES / 2048); /* that was private */
	assert_int_equal(memory[BYTES - 1], 1);
	mem_free(memory);
}

/* What was freed below something that is in use goes back when it is asked for. */
static void test_trim(void **state)
{
	enum { PIECES = 40000, BYTES = 1000 };
	char **pieces = mem_alloc(PIECES * sizeof(*pieces));
	char *last;
	long full;
	bool is_glibc = false;

	(void)state;
	for (int i = 0; i < PIECES; i++) {
		pieces[i] = mem_alloc(BYTES);
		memset(pieces[i], 1, BYTES);
	}
	last = mem_strdup("still here");
	full = resident_kb();
#ifdef __GLIBC__
	is_glibc = mallinfo2().uordblks >= (size_t)PIECES * BYTES;
#endif
	for (int i = 0; i < PIECES; i++)
		mem_free(pieces[i]);
	mem_trim();
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
	/* under valgrind it is not glibc's allocator that has had them */
	if (full && is_glibc)
		assert_in_range(resident_kb(), 0, full - PIECES / 1000 * BYTES / 2);
#endif
	assert_string_equal(last, "still here");
	mem_free(last);
	mem_free(pieces);
	(void)full;
	(void)is_glibc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc_is_zeroed),
		cmocka_unit_test(test_object_with_text),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_error_texts),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_what_the_process_has),
		cmocka_unit_test(test_trim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
