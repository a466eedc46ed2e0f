/* SPDX-License-Identifier: MIT */
/* The command line of a backend. */
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/backend/harness.h"
#include "transport/backend/backend_command.h"

static void check_split(const char *command, const char *expected)
{
	struct buf joined = {0};
	char **words = backend_command_split(command, 4);

	assert_non_null(words);
	for (char **word = words; *word; word++)
		buf_printf(&joined, "[%s]", *word);
	assert_string_equal(buf_text(&joined), expected);
	buf_finish(&joined);
	backend_command_free(words);
}

static void test_split(void **state)
{
	(void)state;
	check_split("", "");
	check_split("  \t ", "");
	check_split("/usr/bin/x", "[/usr/bin/x]");
	check_split("  a  b\tc ", "[a][b][c]");
	check_split("a 'b c' \"d e\"", "[a][b c][d e]");
	check_split("a'b'\"c\"d", "[abcd]");
	check_split("a '' \"\"", "[a][][]");
	check_split("a\\ b c\\\\d", "[a b][c\\d]");
	check_split("\"a\\\"b\\n\" 'c\\'d'", "[a\"b\\n][c'd]");
	check_split("'$HOME `x` ; > |'", "[$HOME `x` ; > |]");
	check_split("x --log BACKEND_ID.BACKEND_ID BACKEND_I", "[x][--log][4.4][BACKEND_I]");
	assert_null(backend_command_split("a 'b", 0));
	assert_null(backend_command_split("a \"b", 0));
	assert_null(backend_command_split("a\\", 0));
	assert_null(backend_command_split("'a\\", 0));
	backend_command_free(NULL);
}

static void check_not_found(const char *program, const char *folder, const char *sentence)
{
	struct buf error = {0};

	assert_null(backend_command_find(program, folder, &error));
	if (!strstr(buf_text(&error), sentence))
		fail_msg("%s: %s", program, buf_text(&error));
	buf_finish(&error);
}

static void test_find(void **state)
{
	struct buf error = {0};
	char *path;

	(void)state;
	path = backend_command_find("/bin/sh", "/tmp", &error);
	assert_string_equal(path, "/bin/sh");
	mem_free(path);
	path = backend_command_find("bin/sh", "/", &error);
	assert_string_equal(path, "//bin/sh");
	mem_free(path);
	/* beside this very program */
	path = backend_command_find("fake_backend", "/tmp", &error);
	assert_non_null(path);
	assert_int_equal(access(path, X_OK), 0);
	mem_free(path);
	assert_int_equal(error.len, 0);
	buf_finish(&error);
	check_not_found("/nonexistent/program", "/", "No such file");
	check_not_found("/tmp", "/", "is not a file");
	check_not_found("/etc/passwd", "/", "not executable");
	check_not_found("sh", "/bin", "no program");
	check_not_found("./nothing-here", "/tmp", "No such file");
}

static void test_build(void **state)
{
	struct transport transport = {.service = {.jid = "irc.example.org",
	                                          .working_dir = "/",
	                                          .backend = "/bin/sh -c 'x y' BACKEND_ID"}};
	struct buf error = {0}, joined = {0};

	(void)state;
	/* any non-NULL pointer: config_path is ours here */
	transport.config = (struct config *)(void *)&transport;
	char **words = backend_command_build(&transport, 3, 2, "127.0.0.1", 4711, &error);
	for (char **word = words; *word; word++)
		buf_printf(&joined, "[%s]", *word);
	assert_string_equal(buf_text(&joined),
	                    "[/bin/sh][-c][x y][3][--host][127.0.0.1][--port][4711]"
	                    "[--service.backend_id=2][-j][irc.example.org][/etc/bridge.cfg]");
	backend_command_free(words);
	buf_clear(&joined);

	transport.config = NULL;
	words = backend_command_build(&transport, 0, 1, "::1", 1, &error);
	for (char **word = words; *word; word++)
		buf_printf(&joined, "[%s]", *word);
	assert_non_null(strstr(buf_text(&joined), "[-j][irc.example.org]"));
	assert_null(strstr(buf_text(&joined), "cfg"));
	backend_command_free(words);
	buf_finish(&joined);

	transport.service.backend = "/bin/sh 'x";
	assert_null(backend_command_build(&transport, 0, 1, "::1", 1, &error));
	transport.service.backend = "  ";
	assert_null(backend_command_build(&transport, 0, 1, "::1", 1, &error));
	buf_finish(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_split),
	        cmocka_unit_test(test_find),
	        cmocka_unit_test(test_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
