/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

#define FFFD "\xef\xbf\xbd"

static void becomes_bytes(const char *bytes, size_t length, const char *expected)
{
	char *exact = mem_dup(bytes, length); /* AddressSanitizer sees what is read behind it */
	struct cJSON *document = json_read(exact, length);
	struct buf out = {0};

	mem_free(exact);
	if (expected) {
		assert_non_null(document);
		json_put(&out, document);
		assert_string_equal(buf_text(&out), expected);
	} else {
		assert_null(document);
	}
	json_free(&document);
	assert_null(document);
	buf_finish(&out);
}

static void becomes(const char *text, const char *expected)
{
	becomes_bytes(text, strlen(text), expected);
}

static void test_documents(void **state)
{
	(void)state;
	becomes("{}", "{}");
	becomes(" [ 1 , {\"a\" : [ ] } ]\r\n\t", "[1,{\"a\":[]}]");
	becomes("{\"a\":true,\"b\":false,\"c\":null,\"d\":\"x\"}", "{\"a\":true,\"b\":false,\"c\":null,\"d\":\"x\"}");
	becomes("\"alone\"", "\"alone\"");
	becomes("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\u0008\\u000c\\n\\u000d\\u0009\"");
	becomes("\"\\ud83d\\uDC4d\\u00e9\"", "\"\xf0\x9f\x91\x8d\xc3\xa9\"");
	becomes("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}");
}

static void test_none(void **state)
{
	static const char *const none[] = {
	        "", " ", "{", "}", "[1", "[1]]", "[1}", "{\"a\"}", "{\"a\":}", "{a:1}", "[1,]", "{\"a\":1,}", "[,1]", "[1 2]",
	        "{} x", "{}{}", "nul", "truefalse", "'a'", "\"", "\"\\\"", "\"\\",
	        "\"\\u", "\"\\u12\"", "\"\\u12g4\"", "\"\\x41\"",
	        "\"a\nb\"", "\"a\tb\"", "01", "+1", "-", "1.", ".5", "1e", "1e+", "0x10", "--1", "NaN", "Infinity", "/**/1",
	        "\xef\xbb\xbf{}", "\xc3\xa9", "\v1", "[1\f]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		becomes(none[i], NULL);
	becomes_bytes("{}\0", 3, NULL);
	becomes_bytes("{}\0x", 4, NULL);
	becomes_bytes("\"a\0b\"", 5, NULL);
	becomes_bytes("{\"1\":1,", 7, NULL);
}

/* What a stranger may have got into a document that is somebody else's. */
static void test_spoilt(void **state)
{
	struct buf number = {0};

	(void)state;
	becomes("[\"a\\u0000b\",1]", "[\"a" FFFD "b\",1]");
	becomes("{\"a\\u0000b\":1}", "{\"a" FFFD "b\":1}");
	becomes("[\"\\\\u0000\"]", "[\"\\\\u0000\"]");
	becomes("[\"\\ud800\",\"\\udc00\",\"\\ud83d\\ud83d\\udc4d\",\"\\ud800\\n\"]",
	        "[\"" FFFD "\",\"" FFFD "\",\"" FFFD "\xf0\x9f\x91\x8d\",\"" FFFD "\\n\"]");
	becomes("[\"\xff\xc3\"]", "[\"" FFFD FFFD "\"]");
	becomes("[\"\xed\xa0\x80\"]", "[\"" FFFD FFFD FFFD "\"]");
	buf_puts(&number, "[1");
	for (int i = 0; i < 1000; i++)
		buf_puts(&number, "0");
	buf_puts(&number, ",2]");
	becomes(number.data, "[null,2]");
	becomes("[1e999,2]", "[null,2]");
	buf_finish(&number);
}

static void test_depth(void **state)
{
	struct buf deep = {0}, expected = {0};

	(void)state;
	buf_puts(&deep, "[\"first\",");
	buf_puts(&expected, "[\"first\",");
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_puts(&expected, "[");
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_puts(&expected, "]");
	for (int i = 0; i < 100000; i++)
		buf_puts(&deep, "[");
	buf_puts(&deep, "\"]\"");
	for (int i = 0; i < 100000; i++)
		buf_puts(&deep, "]");
	buf_puts(&deep, ",\"last\"]");
	buf_puts(&expected, ",\"last\"]");
	becomes(deep.data, expected.data);
	deep.len -= 9;
	becomes_bytes(deep.data, deep.len, NULL);
	buf_finish(&deep);
	buf_finish(&expected);
}

static void test_many_values(void **state)
{
	size_t count = JSON_VALUES_MAX + 2;
	char *text = mem_alloc(2 * count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		memcpy(text + 2 * i, "0,", 2);
	text[0] = '[';
	text[2 * count - 1] = ']';
	becomes_bytes(text, 2 * count, NULL);
	mem_free(text);
}

static bool is_wanted(const struct cJSON *item)
{
	static const char *const unwanted[] = {"no"};

	return !json_contains(item, unwanted, 1);
}

static void array_becomes(const char *text, const char *expected)
{
	size_t length = strlen(text);
	char *exact = mem_dup(text, length);
	struct cJSON *array = json_read_array(exact, length, is_wanted);
	struct buf out = {0};

	mem_free(exact);
	if (expected)
		json_put(&out, array);
	else
		assert_null(array);
	assert_string_equal(buf_text(&out), expected ? expected : "");
	json_free(&array);
	buf_finish(&out);
}

static void test_arrays(void **state)
{
	(void)state;
	array_becomes("[]", "[]");
	array_becomes(" [ ] \n", "[]");
	array_becomes("[1]", "[1]");
	array_becomes("[\"no\"]", "[]");
	array_becomes("\t[\"no\", {\"a\":[\"x\",{}]} ,[1,2],\"no\",\"b\" ]", "[{\"a\":[\"x\",{}]},[1,2],\"b\"]");
	/* What looks like an end, in a string. */
	array_becomes("[\"]\",{\"a,]\":\"}\\\"]\\\\\"},\"\\\\\",2]", "[\"]\",{\"a,]\":\"}\\\"]\\\\\"},\"\\\\\",2]");
	array_becomes("[\"\\ud800\",1]", "[\"" FFFD "\",1]");
}

static void test_no_arrays(void **state)
{
	static const char *const none[] = {
	        "",        "  ",     "{}",       "1",        "null",    "[",      "[ ",     "[1",     "[1,",
	        "[1,]",    "[,]",    "[,1]",     "[1 2]",    "[1]]",    "[1] x",  "[1],[]", "[{]",    "[}]",
	        "[\"a]",   "[\"a\\", "[\"a\\\"", "[{\"a\":}]", "[[1,2]",  "[{]}",   "[x]",    "\xef\xbb\xbf[]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		array_becomes(none[i], NULL);
	assert_null(json_read_array("[\0]", 3, is_wanted));
}

static void test_members(void **state)
{
	static const char text[] = "{\"type\":\"t\",\"Type\":1,\"line\":\"a\\r\\nb\\u0001\",\"delete\":\"a\\tb\\u007fc\","
	                           "\"n\":-7,\"max\":9007199254740992,"
	                           "\"over\":9007199254740994,\"half\":0.5,\"yes\":true,\"o\":{\"x\":1},\"l\":[1,\"two\"]}";
	struct cJSON *document = json_read(text, strlen(text));
	struct arena arena = {0};
	const struct cJSON *item;

	(void)state;
	assert_true(json_is_object(document));
	assert_false(json_is_object(NULL));
	assert_string_equal(json_text(document, "type", &arena), "t");
	assert_null(json_text(document, "TYPE", &arena));
	assert_null(json_text(document, "n", &arena));
	assert_null(json_text(NULL, "n", &arena));
	assert_null(json_text(NULL, NULL, &arena));
	assert_string_equal(json_text(document, "line", &arena), "a\nb" FFFD);
	assert_string_equal(json_line(document, "line", &arena), "a b" FFFD);
	assert_string_equal(json_line(document, "delete", &arena), "a b c");
	assert_null(json_line(document, "n", &arena));
	assert_int_equal(json_number(document, "n", 1), -7);
	assert_int_equal(json_number(document, "max", 1), INT64_C(9007199254740992));
	assert_int_equal(json_number(document, "over", 1), 1);
	assert_int_equal(json_number(document, "half", 1), 1);
	assert_int_equal(json_number(document, "yes", 1), 1);
	assert_true(json_bool(document, "yes", false));
	assert_true(json_bool(document, "n", true));
	assert_false(json_bool(NULL, "n", false));
	assert_null(json_object(document, "l"));
	assert_null(json_array(document, "o"));
	assert_null(json_member(json_array(document, "l"), "x"));
	assert_int_equal(json_number(json_object(document, "o"), "x", 0), 1);
	assert_true(json_contains(document, (const char *const[]){"none", "wo"}, 2));
	assert_true(json_contains(json_member(document, "type"), (const char *const[]){"t"}, 1));
	assert_false(json_contains(document, (const char *const[]){"half"}, 1));
	assert_false(json_contains(NULL, (const char *const[]){""}, 1));
	item = json_first(json_array(document, "l"));
	assert_int_equal(json_number(item, NULL, 0), 1);
	assert_null(json_name(item, &arena));
	item = json_next(item);
	assert_string_equal(json_text(item, NULL, &arena), "two");
	assert_null(json_next(item));
	assert_null(json_next(NULL));
	assert_null(json_first(item));
	assert_null(json_first(NULL));
	item = json_first(document);
	assert_string_equal(json_name(item, &arena), "type");
	assert_string_equal(json_name(json_next(item), &arena), "Type");
	json_free(&document);
	json_free(&document);
	arena_finish(&arena);
}

static void test_numbers(void **state)
{
	(void)state;
	becomes("[0,-0,9007199254740991,-9007199254740991,1795418730265,1e3,0.1,1.5e300]",
	        "[0,0,9007199254740991,-9007199254740991,1795418730265,1000,0.10000000000000001,1.5000000000000001e+300]");
}

/* What nothing may send to a terminal as it is, and what only looks like it. */
static void test_put_string(void **state)
{
	struct buf out = {0};

	(void)state;
	json_put_string(&out, "a\"\\\n\t\x1b\x7f\xc2\x80\xc2\x9b\xc2\xa0\xc3\x9b" FFFD);
	assert_string_equal(out.data, "\"a\\\"\\\\\\n\\u0009\\u001b\\u007f\\u0080\\u009b\xc2\xa0\xc3\x9b" FFFD "\"");
	buf_clear(&out);
	json_put_string(&out, NULL);
	assert_string_equal(out.data, "null");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_put_string),
	        cmocka_unit_test(test_documents),
	        cmocka_unit_test(test_none),
	        cmocka_unit_test(test_spoilt),
	        cmocka_unit_test(test_depth),
	        cmocka_unit_test(test_many_values),
	        cmocka_unit_test(test_arrays),
	        cmocka_unit_test(test_no_arrays),
	        cmocka_unit_test(test_members),
	        cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
