/* SPDX-License-Identifier: MIT */
#include "tests/unit/store/store_fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/config.h"

/* What Spectrum 2 makes, as far as it is told from other databases: schema version 3 of its SQLite form. */
static const char spectrum_schema[] =
        "CREATE TABLE %susers (id INTEGER PRIMARY KEY NOT NULL, jid VARCHAR(255) NOT NULL, uin VARCHAR(4095) "
        "NOT NULL,"
        " password VARCHAR(255) NOT NULL, language VARCHAR(25) NOT NULL,"
        " encoding VARCHAR(50) NOT NULL DEFAULT 'utf8', last_login DATETIME, vip INTEGER(1) NOT NULL DEFAULT "
        "'0',"
        " online INTEGER(1) NOT NULL DEFAULT '0');"
        "CREATE UNIQUE INDEX jid ON %susers (jid);"
        "CREATE TABLE %susers_settings (user_id INTEGER(10) NOT NULL, var VARCHAR(50) NOT NULL,"
        " type INTEGER(4) NOT NULL, value VARCHAR(4095) NOT NULL, PRIMARY KEY (user_id, var));"
        "CREATE INDEX user_id03 ON %susers_settings (user_id);"
        "CREATE TABLE %sbuddies (id INTEGER PRIMARY KEY NOT NULL, user_id INTEGER(10) NOT NULL,"
        " uin VARCHAR(255) NOT NULL, subscription VARCHAR(20) NOT NULL, nickname VARCHAR(255) NOT NULL,"
        " groups VARCHAR(255) NOT NULL, flags INTEGER(4) NOT NULL DEFAULT '0');"
        "CREATE UNIQUE INDEX user_id ON %sbuddies (user_id, uin);"
        "CREATE TABLE %sbuddies_settings (user_id INTEGER(10) NOT NULL, buddy_id INTEGER(10) NOT NULL,"
        " var VARCHAR(50) NOT NULL, type INTEGER(4) NOT NULL, value VARCHAR(255) NOT NULL,"
        " PRIMARY KEY (buddy_id, var));"
        "CREATE INDEX user_id02 ON %sbuddies_settings (user_id);"
        "CREATE TABLE %sdb_version (ver INTEGER NOT NULL DEFAULT 3);"
        "INSERT INTO %susers (jid, uin, password, language) VALUES ('a@b', 'alice', 'clear', 'en');";

static void make_folder(struct fixture *fixture)
{
	char *folder = mem_printf("%s/data", fixture->folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	mem_free(folder);
}

static void make_spectrum(struct fixture *fixture, const char *prefix, const char *before, const char *after)
{
	struct buf text = {0};
	buf_puts(&text, before);
	for (const char *p = spectrum_schema; *p != '\0'; p++) {
		bool word = p[0] == '%' && p[1] == 's';
		buf_append(&text, word ? prefix : p, word ? strlen(prefix) : 1);
		p += word ? 1 : 0;
	}
	buf_puts(&text, after);
	make_folder(fixture);
	sql(fixture->database, text.data);
	buf_finish(&text);
}

static void expect_spectrum_refused(struct fixture *fixture)
{
	char *folder = mem_printf("%s/data", fixture->folder);
	size_t length, length_after;
	struct stat before, after;
	assert_int_equal(count_files(folder), 1);
	char *bytes = read_whole(fixture->database, &length);
	assert_int_equal(stat(fixture->database, &before), 0);
	assert_int_equal(fixture_try_open(fixture), TP_ERR_UNSUPPORTED);
	assert_non_null(strstr(fixture->error.data, "Spectrum 2"));
	assert_non_null(strstr(fixture->error.data, "transportctl import"));
	assert_non_null(strstr(fixture->error.data, "database.database"));
	char *bytes_after = read_whole(fixture->database, &length_after);
	assert_int_equal(stat(fixture->database, &after), 0);
	assert_int_equal(length, length_after);
	assert_memory_equal(bytes, bytes_after, length);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(before.st_mode, after.st_mode);
	assert_int_equal(count_files(folder), 1);
	mem_free(bytes);
	mem_free(bytes_after);
	mem_free(folder);
}

static void test_spectrum_refused(void **state)
{
	struct fixture *fixture = *state;
	make_spectrum(fixture, "", "", "");
	expect_spectrum_refused(fixture);
}

static void test_spectrum_without_version(void **state)
{
	struct fixture *fixture = *state;
	make_spectrum(fixture, "sp_", "", "DROP TABLE sp_db_version");
	fixture->config.prefix = "sp_";
	expect_spectrum_refused(fixture);
}

static void test_spectrum_with_log(void **state)
{
	struct fixture *fixture = *state;
	make_spectrum(fixture, "", "PRAGMA journal_mode = WAL;", "");
	expect_spectrum_refused(fixture);
}

/* Names that mean something to SQLite mean a file to us. */
static void test_odd_file_names(void **state)
{
	static const char *const names[] = {"a?mode=memory", "b#%41", "\xc3\xa4 '\"", ":memory:"};
	struct fixture *fixture = *state;
	struct answer answer = {0};
	char *folder = mem_printf("%s/odd", fixture->folder);
	char *key = mem_printf("%s/key", fixture->folder);
	fixture->config.key_file = key;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = mem_printf("%s/%s", folder, names[i]);
		fixture->config.database = path;
		for (int turn = 0; turn < 2; turn++) {
			fixture_open(fixture);
			assert_int_equal(add(fixture, turn == 0 ? "a@b" : "c@d", "n", "p", NULL), 0);
			assert_int_equal(find(fixture, "a@b", &answer), 0);
			fixture_close(fixture);
		}
		mem_free(path);
	}
	assert_int_equal(count_files(folder), ARRAY_SIZE(names));
	answer_clear(&answer);
	mem_free(folder);
	mem_free(key);
}

static void expect_refused(struct fixture *fixture, int err, const char *word)
{
	assert_int_equal(fixture_try_open(fixture), err);
	if (strstr(fixture->error.data, word) == NULL)
		print_error("%s\n", fixture->error.data);
	assert_non_null(strstr(fixture->error.data, word));
}

static void test_configuration(void **state)
{
	struct fixture *fixture = *state;
	struct store_config *config = &fixture->config;
	config->type = "mysql";
	expect_refused(fixture, TP_ERR_UNSUPPORTED, "sqlite3");
	config->type = "pqxx";
	expect_refused(fixture, TP_ERR_UNSUPPORTED, "sqlite3");
	config->type = "oracle";
	expect_refused(fixture, TP_ERR_INVALID, "database.type");
	config->type = "sqlite3";
	config->vip_statement = "select 1";
	expect_refused(fixture, TP_ERR_UNSUPPORTED, "vip_statement");
	config->vip_statement = "";
	config->prefix = "a b";
	expect_refused(fixture, TP_ERR_INVALID, "prefix");
	config->prefix = "";
	config->database = "";
	expect_refused(fixture, TP_ERR_INVALID, "empty");
	config->database = fixture->folder;
	expect_refused(fixture, TP_ERR_INVALID, "not a file");
	char *below = mem_printf("%s/file", fixture->folder);
	close(open(below, O_CREAT | O_WRONLY, 0600));
	char *path = mem_printf("%s/db", below);
	config->database = path;
	expect_refused(fixture, TP_ERR_IO, "cannot be made");
	mem_free(path);
	path = mem_printf("%s/folder/db", below);
	config->database = path;
	expect_refused(fixture, TP_ERR_IO, "database.database: folder ");
	mem_free(path);
	mem_free(below);
	/* nothing was made on the way */
	assert_int_equal(count_files(fixture->folder), 1);

	config->database = fixture->database;
	config->encryption_key = "k";
	fixture_catch_log(fixture);
	fixture_open(fixture);
	char *log = fixture_caught_log(fixture);
	assert_int_equal(count_of(log, "encryption_key"), 1);
	assert_int_equal(count_of(log, "key_file"), 1);
	mem_free(log);
}

static void test_defaults(void **state)
{
	(void)state;
	struct store_config config;
	struct buf error = {0};
	struct config *file = config_create();
	config_set_jid(file, "irc.example.org");
	config_bind(file, &store_config_table, &config);
	assert_int_equal(config_load(file, NULL, &error), 0);
	assert_string_equal(config.type, "none");
	assert_string_equal(config.database, "/var/lib/libtransport/irc.example.org/database.sqlite");
	assert_string_equal(config.prefix, "");
	assert_string_equal(config.key_file, "");
	assert_int_equal(config.port, 0);
	config_destroy(&file);
	buf_finish(&error);
}

static void test_not_a_database(void **state)
{
	struct fixture *fixture = *state;
	make_folder(fixture);
	int fd = open(fixture->database, O_CREAT | O_WRONLY, 0600);
	static const char text[] =
	        "This is a text that is no database, however long it may be.................";
	for (int i = 0; i < 100; i++)
		assert_true(write(fd, text, sizeof(text)) > 0);
	close(fd);
	expect_refused(fixture, TP_ERR_STORE, "not a database");
	size_t length;
	mem_free(read_whole(fixture->database, &length));
	assert_int_equal(length, sizeof(text) * 100);
}

static void test_foreign_users_table(void **state)
{
	struct fixture *fixture = *state;
	make_folder(fixture);
	sql(fixture->database, "CREATE TABLE users (name TEXT)");
	expect_refused(fixture, TP_ERR_UNSUPPORTED, "database.prefix");
	fixture->config.prefix = "tp_";
	fixture_open(fixture);
	assert_int_equal(add(fixture, "a@b", "n", "p", NULL), 0);
	fixture_close(fixture);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM tp_users"), 1);
}

static mode_t mode_of(const char *folder, const char *name)
{
	char *path = mem_printf("%s/%s", folder, name);
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	mem_free(path);
	return st.st_mode & 07777;
}

static void test_modes(void **state)
{
	struct fixture *fixture = *state;
	const mode_t masks[] = {0, 077, 0777};
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		char *parent = mem_printf("%s/%zu", fixture->folder, i);
		char *path = mem_printf("%s/deep/db.sqlite", parent);
		fixture->config.database = path;
		mode_t old = umask(masks[i]);
		int err = fixture_try_open(fixture);
		if (err == 0)
			err = add(fixture, "a@b", "n", "p", NULL);
		umask(old);
		assert_int_equal(err, 0);
		assert_int_equal(mode_of(parent, ""), 0700);
		assert_int_equal(mode_of(parent, "deep"), 0700);
		assert_int_equal(mode_of(parent, "deep/db.sqlite"), 0600);
		assert_int_equal(mode_of(parent, "deep/db.sqlite-wal"), 0600);
		assert_int_equal(mode_of(parent, "deep/db.sqlite-shm"), 0600);
		assert_int_equal(mode_of(parent, "deep/key"), 0600);
		fixture_close(fixture);
		mem_free(parent);
		mem_free(path);
	}
}

static void test_nothing_in_clear(void **state)
{
	struct fixture *fixture = *state;
	fixture_open(fixture);
	assert_int_equal(add(fixture, "a@b", "legacy-canary", "secret-canary-1", NULL), 0);
	store_change_account(fixture->store, "a@b", NULL, "secret-canary-2", NULL, NULL, NULL);
	fixture_run(fixture);
	char *log_path = mem_printf("%s-wal", fixture->database);
	size_t length;
	char *bytes = read_whole(log_path, &length);
	assert_non_null(memmem(bytes, length, "legacy-canary", 13));
	assert_null(memmem(bytes, length, "secret-canary", 13));
	mem_free(bytes);
	mem_free(log_path);
	fixture_close(fixture);
	bytes = read_whole(fixture->database, &length);
	assert_non_null(memmem(bytes, length, "legacy-canary", 13));
	assert_null(memmem(bytes, length, "secret-canary", 13));
	mem_free(bytes);
}

static void test_swapped_rows(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	fixture_open(fixture);
	assert_int_equal(add(fixture, "a@b", "alice", "for alice", NULL), 0);
	assert_int_equal(add(fixture, "c@d", "carol", "for carol", NULL), 0);
	assert_int_equal(add(fixture, "e@f", "eve", "", NULL), 0);
	fixture_close(fixture);
	sql(fixture->database, "UPDATE users SET password = (SELECT password FROM users WHERE jid = 'a@b') "
	                       "WHERE jid IN ('c@d', 'e@f')");
	fixture_open(fixture);
	fixture_catch_log(fixture);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_int_equal(find(fixture, "c@d", &answer), TP_ERR_STORE);
	assert_int_equal(find(fixture, "e@f", &answer), TP_ERR_STORE);
	char *log = fixture_caught_log(fixture);
	assert_int_equal(count_of(log, "a@b"), 0);
	assert_int_equal(count_of(log, "\"c@d\""), 1);
	assert_int_equal(count_of(log, "\"e@f\""), 1);
	assert_int_equal(count_of(log, "belongs to another account"), 2);
	assert_int_equal(count_of(log, "alice"), 0);
	mem_free(log);
	/* a new password mends it */
	store_change_account(fixture->store, "c@d", NULL, "new", NULL, NULL, NULL);
	assert_int_equal(find(fixture, "c@d", &answer), 0);
	assert_string_equal(answer.account.data, "c@d|carol|new|en");
	answer_clear(&answer);
}

static void test_damaged_and_foreign(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	fixture_open(fixture);
	assert_int_equal(add(fixture, "a@b", "alice", "secret", NULL), 0);
	assert_int_equal(add(fixture, "e\n@f", "eve", "", NULL), 0);
	fixture_close(fixture);
	static const char *const values[] = {
	        "x'00'", "x''", "'text'", "42", "zeroblob(100000)", "substr(password, 1, 30)"};
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		char *text = mem_printf("UPDATE users SET password = %s", values[i]);
		sql(fixture->database, text);
		mem_free(text);
		fixture_open(fixture);
		fixture_catch_log(fixture);
		assert_int_equal(find(fixture, "a@b", &answer), TP_ERR_STORE);
		assert_int_equal(find(fixture, "e\n@f", &answer), TP_ERR_STORE);
		char *log = fixture_caught_log(fixture);
		assert_int_equal(count_of(log, "\n"), 2);
		assert_int_equal(count_of(log, "a@b"), 1);
		mem_free(log);
		fixture_close(fixture);
	}
	answer_clear(&answer);
}

static void test_lost_key(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	fixture_open(fixture);
	assert_int_equal(add(fixture, "a@b", "alice", "secret", NULL), 0);
	fixture_close(fixture);
	char *away = mem_printf("%s/away", fixture->folder);
	assert_int_equal(rename(fixture->key_file, away), 0);
	expect_refused(fixture, TP_ERR_NOT_FOUND, "is missing");
	assert_int_equal(access(fixture->key_file, F_OK), -1);

	/* another key file, named in the configuration */
	char *other = mem_printf("%s/other", fixture->folder);
	int fd = open(other, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
	fchmod(fd, 0640);
	fixture->config.key_file = other;
	expect_refused(fixture, TP_ERR_NOT_ALLOWED, "chmod 600");
	fchmod(fd, 0600);
	close(fd);
	fixture_open(fixture);
	fixture_catch_log(fixture);
	assert_int_equal(find(fixture, "a@b", &answer), TP_ERR_STORE);
	char *log = fixture_caught_log(fixture);
	assert_int_equal(count_of(log, "sealed with another key"), 1);
	mem_free(log);
	assert_int_equal(add(fixture, "c@d", "carol", "x", NULL), 0);
	fixture_close(fixture);

	fixture->config.key_file = away;
	fixture_open(fixture);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.account.data, "a@b|alice|secret|en");
	answer_clear(&answer);
	mem_free(away);
	mem_free(other);
}

/* Without passwords a lost key is no loss. */
static void test_new_key_without_passwords(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	fixture_open(fixture);
	assert_int_equal(add(fixture, "a@b", "alice", "", NULL), 0);
	fixture_close(fixture);
	assert_int_equal(unlink(fixture->key_file), 0);
	fixture_open(fixture);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	answer_clear(&answer);
}

static void test_type_none_makes_no_files(void **state)
{
	struct fixture *fixture = *state;
	fixture->config.type = "none";
	fixture_open(fixture);
	assert_int_equal(add(fixture, "a@b", "alice", "p", NULL), 0);
	fixture_close(fixture);
	assert_int_equal(count_files(fixture->folder), 0);
	struct answer answer = {0};
	fixture_open(fixture);
	assert_int_equal(find(fixture, "a@b", &answer), TP_ERR_NOT_FOUND);
	answer_clear(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        FIXTURE_TEST(test_spectrum_refused),
	        FIXTURE_TEST(test_spectrum_without_version),
	        FIXTURE_TEST(test_spectrum_with_log),
	        FIXTURE_TEST(test_odd_file_names),
	        FIXTURE_TEST(test_configuration),
	        cmocka_unit_test(test_defaults),
	        FIXTURE_TEST(test_not_a_database),
	        FIXTURE_TEST(test_foreign_users_table),
	        FIXTURE_TEST(test_modes),
	        FIXTURE_TEST(test_nothing_in_clear),
	        FIXTURE_TEST(test_swapped_rows),
	        FIXTURE_TEST(test_damaged_and_foreign),
	        FIXTURE_TEST(test_lost_key),
	        FIXTURE_TEST(test_new_key_without_passwords),
	        FIXTURE_TEST(test_type_none_makes_no_files),
	};
	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
