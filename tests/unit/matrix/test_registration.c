/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "frontends/matrix/wire/registration.h"
#include "tests/unit/folder.h"

static const struct matrix_names names = {.server = "example.org", .prefix = "_irc_", .bot = "irc'bot"};
static char folder[64], *path;
static struct buf error;
static struct registration registration;

static int start(void **state)
{
	(void)state;
	if (!folder_make(folder, sizeof(folder), "registration"))
		return -1;
	path = mem_printf("%s/registration.yaml", folder);
	return 0;
}

static int end(void **state)
{
	(void)state;
	registration_finish(&registration);
	buf_finish(&error);
	MEM_FREE(path);
	folder_remove(folder);
	return 0;
}

static void put_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	fclose(file);
}

static int read_back(void)
{
	registration_finish(&registration);
	buf_clear(&error);
	return registration_read(path, &registration, &error);
}

static void test_round_trip(void **state)
{
	struct buf first = {0}, second = {0};
	struct stat status;
	mode_t mask = umask(0);

	(void)state;
	registration_make(&first, &names, "irc", "http://127.0.0.1:29001", false);
	assert_non_null(strstr(first.data, "    regex: '@_irc_.*:example\\.org'\n"));
	assert_non_null(strstr(first.data, "    regex: '#_irc_.*:example\\.org'\n"));
	assert_non_null(strstr(first.data, "protocols:\n- 'irc'\n"));
	assert_int_equal(registration_write(path, &first, &error), 0);
	umask(mask);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(registration_write(path, &first, &error), TP_ERR_EXISTS);
	assert_non_null(strstr(buf_text(&error), path));

	assert_int_equal(read_back(), 0);
	assert_string_equal(registration.id, "irc");
	assert_string_equal(registration.url, "http://127.0.0.1:29001");
	assert_string_equal(registration.bot, "irc'bot");
	assert_int_equal(strlen(registration.as_token), 64);
	assert_int_equal(strlen(registration.hs_token), 64);
	assert_string_not_equal(registration.as_token, registration.hs_token);

	registration_make(&second, &names, "irc", "http://127.0.0.1:29001", false);
	assert_null(strstr(second.data, registration.as_token));
	assert_null(strstr(second.data, "exclusive: false"));
	buf_clear(&second);
	registration_make(&second, &names, "irc", "http://127.0.0.1:29001", true);
	assert_non_null(strstr(second.data, "  users:\n  - exclusive: true\n    regex: '@_irc_.*:example\\.org'\n"
	                                    "  - exclusive: false\n    regex: '@.*:example\\.org'\n  aliases:\n"));
	buf_finish(&first);
	buf_finish(&second);
}

#define REST "\nas_token: a\nhs_token: h\nsender_localpart: b\n"

static void test_other_forms(void **state)
{
	static const struct {
		const char *text, *id, *url;
	} good[] = {
	        {"id: irc" REST, "irc", NULL},
	        {"id:   irc gate   # which one" REST, "irc gate", NULL},
	        {"id: irc#1" REST, "irc#1", NULL},
	        {"# id: x\nid: 'it''s' # x\nurl: null" REST, "it's", NULL},
	        {"id: \"a \\\"b\\\" \\x41\\u00e9\\u20ac\"\nurl: ~" REST, "a \"b\" A\xc3\xa9\xe2\x82\xac", NULL},
	        {"\"id\": irc\n'url' : http://[::1]:29001" REST, "irc", "http://[::1]:29001"},
	        {"---\r\nid: irc\r\nurl: http://x:1\r" REST, "irc", "http://x:1"},
	        {"\xef\xbb\xbfid: irc\nnamespaces:\n  users:\n    - id: no\n      regex: x\nurl:" REST, "irc", NULL},
	        {"id: irc\nprotocols: [\"x\"]\nlong: >\n  id: y" REST, "irc", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		put_file(good[i].text);
		if (read_back() != 0)
			fail_msg("%s", buf_text(&error));
		assert_string_equal(registration.id, good[i].id);
		assert_string_equal(registration.url ? registration.url : "(none)", good[i].url ? good[i].url : "(none)");
		assert_string_equal(registration.as_token, "a");
		assert_string_equal(registration.hs_token, "h");
		assert_string_equal(registration.bot, "b");
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
	        {"", "id is missing"},
	        {REST, "id is missing"},
	        {"id: ''" REST, "id is missing"},
	        {"id: x\nas_token: a\nsender_localpart: b", "hs_token is missing"},
	        {"id: x\nid: y" REST, "id is there twice"},
	        {"id: |\n  x" REST, "id is no scalar"},
	        {"id: [x]" REST, "id is no scalar"},
	        {"id: &a x" REST, "id is no scalar"},
	        {"id: 'x" REST, "id is no scalar"},
	        {"id: 'x' y" REST, "id is no scalar"},
	        {"id: \"\\q\"" REST, "id is no scalar"},
	        {"id: \"\\u12\"" REST, "id is no scalar"},
	        {"id: a: b" REST, "id is no scalar"},
	        {"id:x" REST, "id is no scalar"},
	        {"id: \"a\\x0ab\"" REST, "id has characters"},
	        {"id: x\nas_token: \"a\\x0d\\x0aHost: y\"\nhs_token: h\nsender_localpart: b", "as_token has characters"},
	        {"id: x\nas_token: a\nhs_token: a b\nsender_localpart: b", "hs_token has characters"},
	        {"id: x\nas_token: a\nhs_token: h\nsender_localpart: \xff", "sender_localpart has characters"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_file(bad[i].text);
		assert_int_equal(read_back(), TP_ERR_INVALID);
		if (!strstr(buf_text(&error), bad[i].why))
			fail_msg("%s instead of %s", buf_text(&error), bad[i].why);
		assert_null(registration.as_token);
	}
}

static void test_no_file(void **state)
{
	char *huge = mem_alloc((64u << 10) + 2), *inside = mem_printf("%s/none/x", folder);
	struct buf text = {0};

	(void)state;
	unlink(path);
	assert_int_equal(read_back(), TP_ERR_IO);
	assert_non_null(strstr(buf_text(&error), path));
	assert_int_equal(registration_read(folder, &registration, &error), TP_ERR_IO);
	assert_int_equal(registration_read("/dev/zero", &registration, &error), TP_ERR_IO);
	memset(huge, '\n', (64u << 10) + 1);
	put_file(huge);
	assert_int_equal(read_back(), TP_ERR_IO);
	buf_puts(&text, "x");
	assert_int_equal(registration_write(inside, &text, &error), TP_ERR_IO);
	assert_int_equal(registration_write("/dev/full", &text, &error), TP_ERR_EXISTS);
	buf_finish(&text);
	mem_free(huge);
	mem_free(inside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_round_trip),
	        cmocka_unit_test(test_other_forms),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, start, end);
}
