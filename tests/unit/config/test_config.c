/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/limits.h"
#include "tests/unit/config/config_file.h"

struct sample {
	const char *jid, *password, *path;
	bool tls, deep;
	long port, delay;
	struct config_list admins, frontends;
};

static const struct config_key sample_keys[] = {
	CONFIG_KEY(struct sample, jid, CONFIG_STRING, "service.jid", "", "The address."),
	CONFIG_KEY(struct sample, password, CONFIG_STRING, "service.password", NULL, "The secret."),
	CONFIG_KEY(struct sample, path, CONFIG_STRING, "service.path", "/var/$jid/x.$jid", "A path."),
	CONFIG_KEY(struct sample, tls, CONFIG_BOOL, "service.tls", "1", "TLS."),
	CONFIG_KEY(struct sample, deep, CONFIG_BOOL, "service.deep", "0", "Deep."),
	CONFIG_INT_KEY(struct sample, port, "service.port", "5347", 0, 65535, "Port."),
	CONFIG_INT_KEY(struct sample, delay, "service.delay", "-3", 0, 0, "Delay."),
	CONFIG_KEY(struct sample, admins, CONFIG_LIST, "service.admin_jid", NULL, "Admins."),
	CONFIG_KEY(struct sample, frontends, CONFIG_LIST, "service.frontend", "xmpp", "Frontends."),
};
static const struct config_table sample_table = CONFIG_TABLE("sample", sample_keys);

struct other {
	const char *jid;
	struct config_list ports;
	long port;
};

static const struct config_key other_keys[] = {
	CONFIG_KEY(struct other, jid, CONFIG_STRING, "service.jid", "", "The address."),
	CONFIG_INT_KEY(struct other, port, "service.port", "1", 0, 65535, "Port | or | so."),
	CONFIG_KEY(struct other, ports, CONFIG_LIST, "other.ports", NULL, "Ports."),
};
static const struct config_table other_table = CONFIG_TABLE("other", other_keys);

struct fixture {
	struct config *config;
	struct sample sample;
	struct other other;
	struct buf error;
};

static int setup(void **state)
{
	struct fixture *fixture = MEM_NEW(struct fixture);

	fixture->config = config_create();
	config_bind(fixture->config, &sample_table, &fixture->sample);
	config_bind(fixture->config, &other_table, &fixture->other);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	config_destroy(&fixture->config);
	assert_null(fixture->config);
	buf_finish(&fixture->error);
	mem_free(fixture);
	return file_remove(NULL);
}

static int load(struct fixture *fixture, const char *text)
{
	buf_clear(&fixture->error);
	return config_load(fixture->config, file_with(text), &fixture->error);
}

/* The complaints with the path before each line number taken away. */
static void assert_complaints(struct fixture *fixture, const char *expected)
{
	const char *path = file_with(""), *at = buf_text(&fixture->error), *hit;
	struct buf bare = {0};

	for (; (hit = strstr(at, path)); at = hit + strlen(path))
		buf_append(&bare, at, (size_t)(hit - at));
	buf_puts(&bare, at);
	assert_string_equal(buf_text(&bare), expected);
	buf_finish(&bare);
}

static void test_defaults(void **state)
{
	struct fixture *fixture = *state;
	struct sample *sample = &fixture->sample;

	assert_int_equal(config_load(fixture->config, NULL, &fixture->error), TP_OK);
	assert_string_equal(sample->jid, "");
	assert_string_equal(sample->password, "");
	assert_string_equal(sample->path, "/var//x.");
	assert_true(sample->tls);
	assert_false(sample->deep);
	assert_int_equal(sample->port, 5347);
	assert_int_equal(sample->delay, -3);
	assert_int_equal(sample->admins.count, 0);
	assert_int_equal(sample->frontends.count, 1);
	assert_string_equal(sample->frontends.items[0], "xmpp");
	assert_null(config_path(fixture->config));
	assert_null(config_raw(fixture->config, "service.port"));
}

static void test_values(void **state)
{
	struct fixture *fixture = *state;
	struct sample *sample = &fixture->sample;

	assert_int_equal(load(fixture, "[service]\n"
				       "jid = irc.example.org\n"
				       "password = a;b #c$jid\n"
				       "port = 5348 # as in the server's file\n"
				       "tls = off\n"
				       "deep=Yes\t# really\n"
				       "delay = -9\n"
				       "admin_jid = a@$jid\n"
				       "admin_jid = b@example.org\n"
				       "admin_jid =\n"
				       "[other]\nports = 1\nports = 2\n"),
			 TP_OK);
	assert_string_equal(sample->jid, "irc.example.org");
	assert_string_equal(sample->password, "a;b #circ.example.org");
	assert_string_equal(sample->path, "/var/irc.example.org/x.irc.example.org");
	assert_int_equal(sample->port, 5348);
	assert_false(sample->tls);
	assert_true(sample->deep);
	assert_int_equal(sample->delay, -9);
	assert_int_equal(sample->admins.count, 2);
	assert_string_equal(sample->admins.items[0], "a@irc.example.org");
	assert_string_equal(sample->admins.items[1], "b@example.org");
	/* both tables have these */
	assert_string_equal(fixture->other.jid, "irc.example.org");
	assert_int_equal(fixture->other.port, 5348);
	assert_int_equal(fixture->other.ports.count, 2);
	assert_string_equal(config_raw(fixture->config, "service.admin_jid"), "");
	assert_string_equal(config_raw(fixture->config, "other.ports"), "2");
}

static void test_complaints(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "[service]\n"
				       "port = x\n"
				       "tls = maybe\xe2\x80\xae\n"
				       "delay = 99999999999999999999\n"
				       "deep =\n"
				       "jid = a\n"
				       "nonsense\n"
				       "jid = b\n"
				       "jid = c\n"),
			 TP_ERR_INVALID);
	assert_complaints(
		fixture,
		":7: neither [section] nor key = value\n"
		":8: service.jid: given twice, the first time in line 6\n"
		":9: service.jid: given twice, the first time in line 6\n"
		":3: service.tls: 'maybe\\u{202e}' is not a boolean (1 or 0, true, false, yes, no, on, off)\n"
		":5: service.deep: '' is not a boolean (1 or 0, true, false, yes, no, on, off)\n"
		":2: service.port: 'x' is not a number\n"
		":4: service.delay: '99999999999999999999' is not a number");

	assert_int_equal(load(fixture, "[service]\nport = 65536\n"), TP_ERR_INVALID);
	assert_complaints(fixture, ":2: service.port: '65536' is not within 0 to 65535");
	assert_int_equal(load(fixture, "[service]\nport = -1\n"), TP_ERR_INVALID);
	assert_complaints(fixture, ":2: service.port: '-1' is not within 0 to 65535");
	assert_int_equal(load(fixture, "[service]\nport = 0x10\n"), TP_ERR_INVALID);
	assert_int_equal(load(fixture, "[service]\nport =\n"), TP_ERR_INVALID);
	assert_int_equal(load(fixture, "[service]\nport = 65535\n"), TP_OK);
	assert_int_equal(config_load(fixture->config, file_with("x"), NULL), TP_ERR_INVALID);
}

static void test_many_complaints_are_cut(void **state)
{
	struct fixture *fixture = *state;
	struct buf text = {0};
	int i;

	for (i = 0; i < 5000; i++)
		buf_puts(&text, "rubbish\n");
	assert_int_equal(load(fixture, text.data), TP_ERR_INVALID);
	assert_true(fixture->error.len < 10000);
	assert_non_null(strstr(fixture->error.data, ": and so on"));
	buf_finish(&text);
}

static void test_files_that_cannot_be_read(void **state)
{
	struct fixture *fixture = *state;
	char *large = mem_alloc(LIMIT_CONFIG_BYTES + 2);

	assert_int_equal(config_load(fixture->config, "/nonexistent/x.cfg", &fixture->error), TP_ERR_IO);
	assert_string_equal(fixture->error.data, "/nonexistent/x.cfg: No such file or directory");
	buf_clear(&fixture->error);
	assert_int_equal(config_load(fixture->config, "/tmp", &fixture->error), TP_ERR_IO);
	assert_string_equal(fixture->error.data, "/tmp: Is a directory");

	memset(large, '\n', LIMIT_CONFIG_BYTES + 1);
	assert_int_equal(load(fixture, large), TP_ERR_IO);
	large[LIMIT_CONFIG_BYTES] = '\0';
	assert_int_equal(load(fixture, large), TP_OK);
	assert_int_equal(load(fixture, ""), TP_OK);
	mem_free(large);
}

static void test_overrides(void **state)
{
	struct fixture *fixture = *state;
	struct config *config = fixture->config;
	struct sample *sample = &fixture->sample;
	static const char text[] = "[service]\njid=file.example.org\nport = 1\nadmin_jid = file\n";

	assert_int_equal(config_override(config, "service.port", "2", &fixture->error), TP_OK);
	assert_int_equal(config_override(config, "service.port", "3", &fixture->error), TP_OK);
	assert_int_equal(config_override(config, "service.admin_jid", "x@$jid", &fixture->error), TP_OK);
	assert_int_equal(config_override(config, "service.admin_jid", "y", &fixture->error), TP_OK);
	assert_int_equal(config_override(config, "service.backend_id", "7", &fixture->error), TP_OK);
	assert_int_equal(load(fixture, text), TP_OK);
	assert_int_equal(sample->port, 3);
	assert_int_equal(sample->admins.count, 2);
	assert_string_equal(sample->admins.items[0], "x@file.example.org");
	assert_string_equal(config_raw(config, "service.backend_id"), "7");
	assert_string_equal(config_raw(config, "service.port"), "3");

	config_set_jid(config, "first.example.org");
	config_set_jid(config, "second.example.org");
	assert_int_equal(load(fixture, text), TP_OK);
	assert_string_equal(sample->jid, "second.example.org");
	assert_string_equal(sample->path, "/var/second.example.org/x.second.example.org");
	assert_string_equal(sample->admins.items[0], "x@second.example.org");
	assert_int_equal(load(fixture, ""), TP_OK);
	assert_string_equal(sample->jid, "second.example.org");
	assert_string_equal(config_raw(config, "service.jid"), "second.example.org");
}

static void test_bad_overrides(void **state)
{
	struct fixture *fixture = *state;
	struct config *config = fixture->config;

	assert_int_equal(config_override(config, "port", "2", &fixture->error), TP_ERR_INVALID);
	assert_string_equal(fixture->error.data, "command line: port: a key is written section.key");
	assert_int_equal(config_override(config, ".port", "2", NULL), TP_ERR_INVALID);
	assert_int_equal(config_override(config, "service.", "2", NULL), TP_ERR_INVALID);
	assert_int_equal(config_override(config, "service.jid", "a\nb", NULL), TP_ERR_INVALID);
	assert_int_equal(config_override(config, "service.jid", "\xff", NULL), TP_ERR_INVALID);
	assert_int_equal(config_override(config, "service.port", "x", NULL), TP_OK);
	buf_clear(&fixture->error);
	assert_int_equal(config_load(config, NULL, &fixture->error), TP_ERR_INVALID);
	assert_string_equal(fixture->error.data, "command line: service.port: 'x' is not a number");
}

static void test_reload(void **state)
{
	struct fixture *fixture = *state;
	struct sample *sample = &fixture->sample, before;
	char *path;

	assert_int_equal(load(fixture, "[service]\njid=a.org\npassword=one\nadmin_jid=x\nadmin_jid=y\n"),
			 TP_OK);
	before = *sample;

	/* nothing of a bad file is taken over */
	assert_int_equal(load(fixture, "[service]\njid=b.org\npassword=two\nport=x\n"), TP_ERR_INVALID);
	assert_memory_equal(sample, &before, sizeof(before));
	assert_string_equal(config_raw(fixture->config, "service.password"), "one");

	/* keys that went away get their defaults back; what was read before stays readable */
	path = mem_strdup(config_path(fixture->config));
	file_with("[service]\njid=a.org\nport=7\nadmin_jid=z\n");
	assert_int_equal(config_load(fixture->config, config_path(fixture->config), &fixture->error), TP_OK);
	assert_string_equal(config_path(fixture->config), path);
	assert_int_equal(sample->port, 7);
	assert_string_equal(sample->password, "");
	assert_int_equal(sample->admins.count, 1);
	assert_string_equal(before.password, "one");
	assert_string_equal(before.admins.items[1], "y");
	assert_ptr_equal(before.jid, sample->jid);

	/* an unchanged file gives the same pointers */
	before = *sample;
	assert_int_equal(config_load(fixture->config, config_path(fixture->config), &fixture->error), TP_OK);
	assert_memory_equal(sample, &before, sizeof(before));
	mem_free(path);
}

static void test_relative_path(void **state)
{
	struct fixture *fixture = *state;
	const char *path = file_with("[service]\nport=9\n");
	char *directory = getcwd(NULL, 0);

	assert_int_equal(chdir("/tmp"), 0);
	assert_int_equal(config_load(fixture->config, path + strlen("/tmp/"), &fixture->error), TP_OK);
	assert_string_equal(config_path(fixture->config), path);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(config_load(fixture->config, config_path(fixture->config), &fixture->error), TP_OK);
	assert_int_equal(fixture->sample.port, 9);
	assert_int_equal(chdir(directory), 0);
	free(directory);
}

static void collect_unknown(void *context, const char *file, int line, const char *name)
{
	assert_non_null(file);
	buf_printf(context, "%d %s|", line, name);
}

static void test_unknown(void **state)
{
	struct fixture *fixture = *state;
	struct buf found = {0};

	assert_int_equal(load(fixture, "[service]\nprot = 1\njid = a\n[purple]\nx = $jid\nx = 2\n"), TP_OK);
	config_unknown(fixture->config, collect_unknown, &found);
	assert_string_equal(found.data, "2 service.prot|5 purple.x|");
	assert_string_equal(config_raw(fixture->config, "purple.x"), "2");
	assert_string_equal(config_raw(fixture->config, "service.prot"), "1");
	assert_null(config_raw(fixture->config, "purple.y"));
	buf_finish(&found);
}

static char *written(void (*write_doc)(FILE *, const struct config_table *const *, size_t))
{
	static const struct config_table *const tables[] = {&sample_table, &other_table};
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	write_doc(out, tables, ARRAY_SIZE(tables));
	fclose(out);
	return text;
}

struct live {
	const char *jid, *motto, *folder;
	bool open;
	long limit, port;
	struct config_list admins, fixed;
};

static const struct config_key live_keys[] = {
        CONFIG_KEY(struct live, jid, CONFIG_STRING, "service.jid", "", "The address."),
        CONFIG_LIVE_KEY(struct live, motto, CONFIG_STRING, "live.motto", "of $jid", "Motto."),
        CONFIG_KEY(struct live, folder, CONFIG_STRING, "live.folder", "", "Folder."),
        CONFIG_LIVE_KEY(struct live, open, CONFIG_BOOL, "live.open", "1", "Open."),
        CONFIG_LIVE_INT_KEY(struct live, limit, "live.limit", "5", 0, 9, "Limit."),
        CONFIG_INT_KEY(struct live, port, "live.port", "1", 0, 65535, "Port."),
        CONFIG_LIVE_KEY(struct live, admins, CONFIG_LIST, "live.admin", NULL, "Admins."),
        CONFIG_KEY(struct live, fixed, CONFIG_LIST, "live.fixed", NULL, "Fixed."),
};
static const struct config_table live_table = CONFIG_TABLE("live", live_keys);

struct reloaded {
	struct buf told;
	const struct live *live;
	bool refuse;
};

static bool check_reloaded(void *context, struct buf *error)
{
	const struct reloaded *reloaded = context;

	buf_printf(&((struct reloaded *)context)->told, "check %ld; ", reloaded->live->limit);
	if (reloaded->refuse)
		buf_puts(error, "refused");
	return !reloaded->refuse;
}

static void tell_difference(void *context, const char *name, bool changed)
{
	buf_printf(&((struct reloaded *)context)->told, "%s%s ", name, changed ? "" : "(kept)");
}

static int reload(struct fixture *fixture, struct reloaded *reloaded, const char *text)
{
	const struct config_reload how = {check_reloaded, tell_difference, reloaded};

	file_with(text);
	buf_clear(&fixture->error);
	buf_clear(&reloaded->told);
	return config_reload(fixture->config, &how, &fixture->error);
}

static void test_reload_of_live_keys(void **state)
{
	struct fixture *fixture = *state;
	struct live live;
	struct reloaded reloaded = {.live = &live};

	config_bind(fixture->config, &live_table, &live);
	assert_int_equal(config_override(fixture->config, "live.port", "7", NULL), 0);
	assert_int_equal(load(fixture,
	                      "[service]\njid = a.x\n[live]\nfolder = f\nlimit = 2\nadmin = x\nadmin = y\n"
	                      "[irc]\nnick = n\nold = 1\n"),
	                 0);
	/* the same again: nothing to tell */
	assert_int_equal(reload(fixture, &reloaded,
	                        "[service]\njid = a.x\n[live]\nfolder = f\nlimit = 2\nadmin = x\n"
	                        "admin = y\nport = 99\n[irc]\nnick = n\nold = 1\n"),
	                 0);
	assert_string_equal(buf_text(&reloaded.told), "check 2; ");
	const char *changed =
	        "[service]\njid = b.x\n[live]\nfolder = g\nlimit = 3\nadmin = y\nfixed = 1\nopen = no\n"
	        "[irc]\nnick = m\nnew = 1\n";

	for (int i = 0; i < 2; i++) {
		assert_int_equal(reload(fixture, &reloaded, changed), 0);
		/* what waits for a restart is told each time */
		assert_string_equal(
		        buf_text(&reloaded.told),
		        i ? "check 3; service.jid(kept) live.folder(kept) live.fixed(kept) irc.nick(kept) "
		            "irc.new(kept) irc.old(kept) "
		          : "check 3; service.jid(kept) live.folder(kept) live.open live.limit live.admin "
		            "live.fixed(kept) irc.nick(kept) irc.new(kept) irc.old(kept) ");
		assert_string_equal(live.jid, "a.x");
		assert_string_equal(fixture->sample.jid, "a.x");
		assert_string_equal(live.motto, "of a.x");
		assert_string_equal(live.folder, "f");
		assert_int_equal(live.limit, 3);
		assert_int_equal(live.port, 7);
		assert_false(live.open);
		assert_int_equal(live.admins.count, 1);
		assert_int_equal(live.fixed.count, 0);
		assert_string_equal(config_raw(fixture->config, "irc.nick"), "n");
	}
	assert_int_equal(reload(fixture, &reloaded, "[live]\nlimit = 10\nopen = 1\n"), TP_ERR_INVALID);
	assert_complaints(fixture, ":2: live.limit: '10' is not within 0 to 9");
	assert_string_equal(buf_text(&reloaded.told), "");
	reloaded.refuse = true;
	assert_int_equal(reload(fixture, &reloaded, "[live]\nlimit = 4\nfolder = g\nopen = 1\n"),
	                 TP_ERR_INVALID);
	assert_string_equal(buf_text(&fixture->error), "refused");
	assert_string_equal(buf_text(&reloaded.told), "check 4; ");
	assert_int_equal(live.limit, 3);
	assert_false(live.open);
	file_remove(NULL);
	reloaded.refuse = false;
	buf_clear(&fixture->error);
	const struct config_reload how = {check_reloaded, tell_difference, &reloaded};

	assert_int_equal(config_reload(fixture->config, &how, &fixture->error), TP_ERR_IO);
	assert_int_equal(live.limit, 3);
	buf_finish(&reloaded.told);
}

static void test_markdown(void **state)
{
	char *text = written(config_write_markdown);

	(void)state;
	assert_non_null(strstr(text, "\n### [service]\n"));
	assert_non_null(strstr(text, "| `port` | number, 0 to 65535 | `5347` | Port. |\n"));
	assert_non_null(strstr(text, "| `admin_jid` | list | (none) | Admins. |\n"));
	assert_non_null(strstr(text, "\n### [other]\n"));
	/* a key of two tables is described once, by the first */
	assert_null(strstr(text, "or \\| so"));
	free(text);
}

static void test_sample(void **state)
{
	struct fixture *fixture = *state;
	char *text = written(config_write_sample), *at;

	assert_int_equal(strncmp(text, "[service]\n\n# The address.\n#jid =\n", 32), 0);
	assert_non_null(strstr(text, "\n# Port.\n# 0 to 65535.\n#port = 5347\n"));
	assert_non_null(strstr(text, "\n[other]\n"));
	assert_int_equal(load(fixture, text), TP_OK);
	/* with the comment signs of the keys taken away it still loads, and says the same as no file */
	for (at = text; (at = strstr(at, "\n#")); at++)
		if (at[2] != ' ')
			at[1] = ' ';
	assert_int_equal(load(fixture, text), TP_OK);
	assert_int_equal(fixture->sample.port, 5347);
	assert_string_equal(config_raw(fixture->config, "service.port"), "5347");
	free(text);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        UNIT(test_defaults),
	        UNIT(test_values),
	        UNIT(test_complaints),
	        UNIT(test_many_complaints_are_cut),
	        UNIT(test_files_that_cannot_be_read),
	        UNIT(test_overrides),
	        UNIT(test_bad_overrides),
	        UNIT(test_reload),
	        UNIT(test_relative_path),
	        UNIT(test_unknown),
	        UNIT(test_reload_of_live_keys),
	        UNIT(test_markdown),
	        UNIT(test_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
