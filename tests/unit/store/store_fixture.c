/* SPDX-License-Identifier: MIT */
#include "tests/unit/store/store_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "tests/unit/folder.h"
#include "transport/people/contacts.h"

int fixture_setup(void **state)
{
	struct fixture *fixture = MEM_NEW(struct fixture);
	assert_true(folder_make(fixture->folder, sizeof(fixture->folder), "store-test"));
	fixture->database = mem_printf("%s/data/db.sqlite", fixture->folder);
	fixture->key_file = mem_printf("%s/data/key", fixture->folder);
	fixture->config = (struct store_config){
	        .type = "sqlite3",
	        .database = fixture->database,
	        .server = "",
	        .user = "",
	        .password = "",
	        .prefix = "",
	        .connection_string = "",
	        .encryption_key = "",
	        .key_file = "",
	        .vip_statement = "",
	};
	fixture->saved_stderr = -1;
	assert_int_equal(uv_loop_init(&fixture->loop), 0);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	if (fixture->saved_stderr >= 0)
		mem_free(fixture_caught_log(fixture));
	fixture_close(fixture);
	int err = uv_loop_close(&fixture->loop);
	folder_remove(fixture->folder);
	mem_free(fixture->database);
	mem_free(fixture->key_file);
	buf_finish(&fixture->error);
	mem_free(fixture);
	return err;
}

int fixture_try_open(struct fixture *fixture)
{
	buf_clear(&fixture->error);
	int err = store_open(&fixture->store, &fixture->loop, &fixture->config, &fixture->error);
	assert_true((err == 0) == (fixture->store != NULL));
	assert_true((err == 0) == (fixture->error.len == 0));
	return err;
}

void fixture_open(struct fixture *fixture)
{
	int err = fixture_try_open(fixture);
	if (err != 0)
		print_error("%s\n", buf_text(&fixture->error));
	assert_int_equal(err, 0);
}

void fixture_close(struct fixture *fixture)
{
	store_close(&fixture->store);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

void fixture_run(struct fixture *fixture)
{
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

void fixture_catch_log(struct fixture *fixture)
{
	char *path = mem_printf("%s/log", fixture->folder);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	mem_free(path);
	assert_true(fd >= 0);
	fixture->saved_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

char *fixture_caught_log(struct fixture *fixture)
{
	dup2(fixture->saved_stderr, STDERR_FILENO);
	close(fixture->saved_stderr);
	fixture->saved_stderr = -1;
	char *path = mem_printf("%s/log", fixture->folder);
	char *text = read_whole(path, NULL);
	mem_free(path);
	return text;
}

int count_of(const char *text, const char *part)
{
	int count = 0;
	for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
		count++;
	return count;
}

void answer_clear(struct answer *answer)
{
	buf_finish(&answer->account);
	buf_finish(&answer->settings);
	buf_finish(&answer->identities);
	buf_finish(&answer->contacts);
	*answer = (struct answer){0};
}

void on_done(void *context, int err)
{
	struct answer *answer = context;
	answer->err = err;
	answer->calls++;
}

static void note_contact(struct buf *out, const struct contact *contact)
{
	buf_printf(out, "%s|%s|", contact->name, contact->alias ? contact->alias : "");
	for (size_t i = 0; i < contact->groups_count; i++)
		buf_printf(out, "%s,", contact->groups[i]);
	buf_printf(out, "|%d|%d|%s;", contact->subscribed, contact->flags,
	           contact->icon_hash ? contact->icon_hash : "");
}

void on_account(void *context, int err, const struct store_account *account)
{
	struct answer *answer = context;
	answer_clear(answer);
	on_done(context, err);
	if (account == NULL)
		return;
	answer->id = account->id;
	answer->vip = account->vip;
	answer->online = account->online;
	buf_printf(&answer->account, "%s|%s|%s|%s", account->key, account->legacy_name, account->password,
	           account->language);
	for (size_t i = 0; i < account->settings_count; i++)
		buf_printf(&answer->settings, "%s=%s;", account->settings[i].name,
		           account->settings[i].value);
	for (size_t i = 0; i < account->identities_count; i++)
		buf_printf(&answer->identities, "%s:%s;", account->identities[i].frontend,
		           account->identities[i].address);
	struct contacts_iter it = {0};
	while (contacts_next(*account->contacts, &it))
		note_contact(&answer->contacts, it.contact);
}

void on_keys(void *context, int err, const struct store_identity *identities, size_t count)
{
	struct answer *answer = context;
	answer_clear(answer);
	on_done(context, err);
	answer->id = (int64_t)count;
	for (size_t i = 0; i < count; i++)
		buf_printf(&answer->identities, "%s:%s;", identities[i].frontend, identities[i].address);
}

int add(struct fixture *fixture, const char *key, const char *legacy_name, const char *password, int64_t *id)
{
	struct answer answer = {0};
	store_add_account(fixture->store, key, "xmpp", key, legacy_name, password, "en", on_account, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.calls, 1);
	int err = answer.err;
	if (id != NULL)
		*id = answer.id;
	answer_clear(&answer);
	return err;
}

int find(struct fixture *fixture, const char *address, struct answer *answer)
{
	answer_clear(answer);
	store_find_account(fixture->store, "xmpp", address, on_account, answer);
	fixture_run(fixture);
	assert_int_equal(answer->calls, 1);
	return answer->err;
}

static sqlite3 *open_raw(const char *database)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	return db;
}

void sql(const char *database, const char *text)
{
	sqlite3 *db = open_raw(database);
	char *message = NULL;
	int code = sqlite3_exec(db, text, NULL, NULL, &message);
	if (code != SQLITE_OK)
		print_error("%s\n", message);
	sqlite3_free(message);
	sqlite3_close(db);
	assert_int_equal(code, SQLITE_OK);
}

int64_t sql_number(const char *database, const char *query)
{
	sqlite3 *db = open_raw(database);
	sqlite3_stmt *statement = NULL;
	int64_t number = -1;
	if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return number;
}

char *read_whole(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	struct buf all = {0};
	ssize_t got;
	while ((got = read(fd, buf_reserve(&all, 65536), 65536)) > 0)
		all.len += (size_t)got;
	close(fd);
	if (length != NULL)
		*length = all.len;
	return buf_take(&all);
}

int count_files(const char *folder)
{
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	int count = 0;
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
		count += entry->d_name[0] == '.' ? 0 : 1;
	closedir(dir);
	return count;
}
