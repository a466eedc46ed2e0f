/* SPDX-License-Identifier: MIT */
#include "transport/store/store_accounts.h"

#include <sodium.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/store/sql.h"
#include "transport/store/store_values.h"

enum query {
	FIND_ACCOUNT,
	GET_ACCOUNT,
	GET_SETTINGS,
	GET_IDENTITIES,
	GET_CONTACTS,
	ADD_ACCOUNT,
	CHANGE_LEGACY_NAME,
	CHANGE_PASSWORD,
	CHANGE_LANGUAGE,
	KEY_TAKEN,
	REMOVE_ACCOUNT,
	NAME_TAKEN,
	SET_ONLINE,
	SET_OFFLINE,
	PUT_SETTING,
	REMOVE_SETTING,
	ADD_IDENTITY,
	REMOVE_IDENTITY,
	PUT_CONTACT,
	REMOVE_CONTACT,
	LIST_ALL,
	LIST_ONLINE,
	ANY_SEALED,
	LIST_BANS,
	PUT_BAN,
	REMOVE_BAN,
	LIST_PLACES,
	PUT_PLACE,
	REMOVE_PLACE,
	QUERY_COUNT
};
_Static_assert(QUERY_COUNT <= ACCOUNTS_QUERIES && ACCOUNTS_QUERIES + VALUES_QUERIES <= DRIVER_SLOTS - 2,
               "slots of the driver");

/* INSERT ... SELECT: a row of an account that is gone is "not found", not a failed constraint, which some
 * databases answer by giving up the whole transaction. */
static const char *const templates[QUERY_COUNT] = {
        [FIND_ACCOUNT] = "SELECT u.id, u.jid, u.uin, u.password, u.language, u.vip, u.online "
                         "FROM {identities} i JOIN {users} u ON u.id = i.user_id "
                         "WHERE i.frontend = ? AND i.address = ?",
        [GET_ACCOUNT] = "SELECT id, jid, uin, password, language, vip, online FROM {users} WHERE jid = ?",
        [GET_SETTINGS] = "SELECT var, value FROM {users_settings} WHERE user_id = ? ORDER BY var",
        [GET_IDENTITIES] = "SELECT frontend, address FROM {identities} WHERE user_id = ? "
                           "ORDER BY frontend, address",
        [GET_CONTACTS] = "SELECT uin, nickname, group_names, subscribed, flags, icon_hash FROM {buddies} "
                         "WHERE user_id = ? ORDER BY uin",
        [ADD_ACCOUNT] = "INSERT INTO {users} (jid, uin, password, language, created) VALUES (?, ?, ?, ?, ?)",
        [CHANGE_LEGACY_NAME] = "UPDATE {users} SET uin = ? WHERE jid = ?",
        [CHANGE_PASSWORD] = "UPDATE {users} SET password = ? WHERE jid = ?",
        [CHANGE_LANGUAGE] = "UPDATE {users} SET language = ? WHERE jid = ?",
        [KEY_TAKEN] = "SELECT 1 FROM {users} WHERE jid = ?",
        [REMOVE_ACCOUNT] = "DELETE FROM {users} WHERE jid = ?",
        [NAME_TAKEN] = "SELECT 1 FROM {users} WHERE uin = ? LIMIT 1",
        [SET_ONLINE] = "UPDATE {users} SET online = 1, last_login = ? WHERE id = ?",
        [SET_OFFLINE] = "UPDATE {users} SET online = 0 WHERE id = ?",
        [PUT_SETTING] = "INSERT INTO {users_settings} (user_id, var, value) "
                        "SELECT id, ?, ? FROM {users} WHERE id = ? {+user_id,var;value}",
        [REMOVE_SETTING] = "DELETE FROM {users_settings} WHERE user_id = ? AND var = ?",
        [ADD_IDENTITY] = "INSERT INTO {identities} (frontend, address, user_id) "
                         "SELECT ?, ?, id FROM {users} WHERE id = ?",
        [REMOVE_IDENTITY] = "DELETE FROM {identities} WHERE frontend = ? AND address = ?",
        [PUT_CONTACT] = "INSERT INTO {buddies} "
                        "(user_id, uin, nickname, group_names, subscribed, flags, icon_hash) "
                        "SELECT id, ?, ?, ?, ?, ?, ? FROM {users} WHERE id = ? "
                        "{+user_id,uin;nickname,group_names,subscribed,flags,icon_hash}",
        [REMOVE_CONTACT] = "DELETE FROM {buddies} WHERE user_id = ? AND uin = ?",
        [LIST_ALL] = "SELECT i.frontend, i.address FROM {users} u JOIN {identities} i ON i.user_id = u.id "
                     "ORDER BY u.last_login DESC, u.id, i.frontend, i.address",
        [LIST_ONLINE] = "SELECT i.frontend, i.address FROM {users} u JOIN {identities} i ON i.user_id = u.id "
                        "WHERE u.online = 1 ORDER BY u.last_login DESC, u.id, i.frontend, i.address",
        [LIST_BANS] = "SELECT jid, reason, created FROM {bans} ORDER BY jid",
        [PUT_BAN] = "INSERT INTO {bans} (jid, reason, created) VALUES (?, ?, ?) {+jid;reason,created}",
        [REMOVE_BAN] = "DELETE FROM {bans} WHERE jid = ?",
        [LIST_PLACES] = "SELECT place, kind, owner, name, value FROM {places} WHERE frontend = ? ORDER BY place",
        [PUT_PLACE] = "INSERT INTO {places} (frontend, place, kind, owner, name, value) VALUES (?, ?, ?, ?, ?, ?) "
                      "{+frontend,place;kind,owner,name,value}",
        [REMOVE_PLACE] = "DELETE FROM {places} WHERE frontend = ? AND place = ?",
        [ANY_SEALED] = "SELECT 1 FROM {users} WHERE password IS NOT NULL "
                       "UNION ALL SELECT 1 FROM {users_values} LIMIT 1",
};

void accounts_init(struct accounts *accounts, struct driver *db, const char *prefix)
{
	*accounts = (struct accounts){.db = db};
	for (size_t i = 0; i < QUERY_COUNT; i++) {
		struct buf sql = {0};
		sql_expand(&sql, templates[i], prefix, &db->ops->dialect);
		accounts->sql[i] = buf_take(&sql);
	}
	values_init(accounts, prefix);
}

void accounts_finish(struct accounts *accounts)
{
	for (size_t i = 0; i < QUERY_COUNT; i++)
		mem_free(accounts->sql[i]);
	values_finish(accounts);
	buf_finish(&accounts->problem);
	*accounts = (struct accounts){0};
}

void account_result_finish(struct account_result *result)
{
	mem_free_secret(result->password);
	mem_free(result->settings);
	stored_contacts_finish(&result->contacts);
	mem_free(result->identities);
	arena_finish(&result->arena);
	*result = (struct account_result){0};
}

void identities_result_finish(struct identities_result *result)
{
	mem_free(result->items);
	arena_finish(&result->arena);
	*result = (struct identities_result){0};
}

void bans_result_finish(struct bans_result *result)
{
	mem_free(result->items);
	arena_finish(&result->arena);
	*result = (struct bans_result){0};
}

void places_result_finish(struct places_result *result)
{
	mem_free(result->items);
	arena_finish(&result->arena);
	*result = (struct places_result){0};
}

static struct statement *prepare(struct accounts *accounts, enum query query)
{
	buf_clear(&accounts->problem);
	return accounts->db->ops->prepare(accounts->db, query, accounts->sql[query]);
}

static struct statement *prepare_for(struct accounts *accounts, enum query query, int64_t account)
{
	struct statement *statement = prepare(accounts, query);
	if (statement != NULL)
		accounts->db->ops->bind_int(statement, 1, account);
	return statement;
}

static struct statement *prepare_text(struct accounts *accounts, enum query query, const char *text)
{
	struct statement *statement = prepare(accounts, query);
	if (statement != NULL)
		accounts->db->ops->bind_text(statement, 1, text);
	return statement;
}

/* Runs what answers with no rows. */
static int run(struct accounts *accounts, struct statement *statement)
{
	if (statement == NULL)
		return TP_ERR_STORE;
	int result = accounts->db->ops->step(statement);
	if (result == DRIVER_CONFLICT)
		return TP_ERR_EXISTS;
	return result == DRIVER_DONE ? 0 : TP_ERR_STORE;
}

static int run_on_row(struct accounts *accounts, struct statement *statement)
{
	int err = run(accounts, statement);
	if (err != 0)
		return err;
	return accounts->db->ops->matched(accounts->db) > 0 ? 0 : TP_ERR_NOT_FOUND;
}

/* Whether there is a row. */
static int probe(struct accounts *accounts, struct statement *statement)
{
	int result = statement == NULL ? DRIVER_ERROR : accounts->db->ops->step(statement);
	if (result == DRIVER_DONE)
		return TP_ERR_NOT_FOUND;
	if (result != DRIVER_ROW)
		return TP_ERR_STORE;
	accounts->db->ops->reset(statement);
	return 0;
}

/* Room for one more in an array whose length is `count`: it doubles at powers of two. */
static void *grow(void *items, size_t count, size_t size)
{
	if (count >= 8 && (count & (count - 1)) != 0)
		return items;
	if (count != 0 && count < 8)
		return items;
	return mem_realloc(items, (count == 0 ? 8 : count * 2) * size);
}

static const char *column_copy(struct accounts *accounts, struct arena *arena, struct statement *statement,
                               int column)
{
	const char *text = accounts->db->ops->column_text(statement, column);
	return *text == '\0' ? "" : arena_strdup(arena, text);
}

static int load_settings(struct accounts *accounts, struct account_result *result)
{
	struct store_account *account = &result->account;
	struct statement *statement = prepare_for(accounts, GET_SETTINGS, account->id);
	if (statement == NULL)
		return TP_ERR_STORE;
	int step;
	while ((step = accounts->db->ops->step(statement)) == DRIVER_ROW) {
		result->settings = grow(result->settings, account->settings_count, sizeof(*result->settings));
		result->settings[account->settings_count++] = (struct event_setting){
		        .name = column_copy(accounts, &result->arena, statement, 0),
		        .value = column_copy(accounts, &result->arena, statement, 1),
		};
	}
	account->settings = result->settings;
	return step == DRIVER_DONE ? 0 : TP_ERR_STORE;
}

static int read_identities(struct accounts *accounts, struct statement *statement, struct arena *arena,
                           struct store_identity **items, size_t *count)
{
	if (statement == NULL)
		return TP_ERR_STORE;
	int step;
	while ((step = accounts->db->ops->step(statement)) == DRIVER_ROW) {
		*items = grow(*items, *count, sizeof(**items));
		(*items)[(*count)++] = (struct store_identity){
		        .frontend = column_copy(accounts, arena, statement, 0),
		        .address = column_copy(accounts, arena, statement, 1),
		};
	}
	return step == DRIVER_DONE ? 0 : TP_ERR_STORE;
}

static int load_identities(struct accounts *accounts, struct account_result *result)
{
	struct store_account *account = &result->account;
	int err = read_identities(accounts, prepare_for(accounts, GET_IDENTITIES, account->id),
	                          &result->arena, &result->identities, &account->identities_count);
	account->identities = result->identities;
	return err;
}

static int load_contacts(struct accounts *accounts, struct account_result *result)
{
	struct statement *statement = prepare_for(accounts, GET_CONTACTS, result->account.id);
	result->account.contacts = &result->contacts.set;
	return statement == NULL ? TP_ERR_STORE : stored_contacts_read(accounts->db->ops, statement, &result->contacts);
}

static char *password_row(const char *key)
{
	return mem_printf("users.password:%s", key);
}

/* `sealed` is the driver's and ends with the statement. */
static int unseal_password(struct accounts *accounts, const char *key, const void *sealed, size_t length,
                           char **password)
{
	struct buf text = {0};
	char *row = password_row(key);
	int err = seal_open_text(accounts->seal, row, sealed, length, &text);
	mem_free(row);
	if (err == 0) {
		*password = mem_strdup(buf_text(&text));
		sodium_memzero(text.data, text.cap);
		buf_finish(&text);
		return 0;
	}
	buf_finish(&text);
	buf_puts(&accounts->problem, "account \"");
	text_quote(&accounts->problem, key, strlen(key), 200);
	buf_printf(&accounts->problem, "\": the stored password %s; it has to be set anew",
	           seal_is_own(accounts->seal, sealed, length) ? "is damaged or belongs to another account"
	                                                       : "was sealed with another key file");
	return TP_ERR_STORE;
}

static int load_row(struct accounts *accounts, struct statement *statement, struct account_result *result)
{
	const struct driver_ops *ops = accounts->db->ops;
	struct store_account *account = &result->account;
	account->id = ops->column_int(statement, 0);
	account->key = column_copy(accounts, &result->arena, statement, 1);
	account->legacy_name = column_copy(accounts, &result->arena, statement, 2);
	account->language = column_copy(accounts, &result->arena, statement, 4);
	account->vip = ops->column_int(statement, 5) != 0;
	account->online = ops->column_int(statement, 6) != 0;
	account->password = "";
	if (ops->column_is_null(statement, 3))
		return 0;
	size_t length;
	const void *sealed = ops->column_blob(statement, 3, &length);
	int err = unseal_password(accounts, account->key, sealed, length, &result->password);
	if (err == 0)
		account->password = result->password;
	return err;
}

static int load_account(struct accounts *accounts, struct statement *statement, struct account_result *result)
{
	int step = statement == NULL ? DRIVER_ERROR : accounts->db->ops->step(statement);
	if (step == DRIVER_DONE)
		return TP_ERR_NOT_FOUND;
	if (step != DRIVER_ROW)
		return TP_ERR_STORE;
	int err = load_row(accounts, statement, result);
	accounts->db->ops->reset(statement);
	if (err == 0)
		err = load_settings(accounts, result);
	if (err == 0)
		err = load_identities(accounts, result);
	if (err == 0)
		err = load_contacts(accounts, result);
	return err;
}

int accounts_find(struct accounts *accounts, const char *frontend, const char *address,
                  struct account_result *result)
{
	struct statement *statement = prepare_text(accounts, FIND_ACCOUNT, frontend);
	if (statement != NULL)
		accounts->db->ops->bind_text(statement, 2, address);
	return load_account(accounts, statement, result);
}

int accounts_get(struct accounts *accounts, const char *key, struct account_result *result)
{
	return load_account(accounts, prepare_text(accounts, GET_ACCOUNT, key), result);
}

/* Binds the sealed form, NULL for ""; `sealed` must live until the step. */
static void bind_password(struct accounts *accounts, struct statement *statement, int index, const char *key,
                          const char *password, struct buf *sealed)
{
	if (*password == '\0') {
		accounts->db->ops->bind_null(statement, index);
		return;
	}
	char *row = password_row(key);
	seal_close_text(accounts->seal, row, password, sealed);
	mem_free(row);
	accounts->db->ops->bind_blob(statement, index, sealed->data, sealed->len);
}

static int add_row(struct accounts *accounts, const char *key, const char *legacy_name, const char *password,
                   const char *language)
{
	const struct driver_ops *ops = accounts->db->ops;
	struct statement *statement = prepare_text(accounts, ADD_ACCOUNT, key);
	if (statement == NULL)
		return TP_ERR_STORE;
	struct buf sealed = {0};
	ops->bind_text(statement, 2, legacy_name);
	bind_password(accounts, statement, 3, key, password, &sealed);
	ops->bind_text(statement, 4, language);
	ops->bind_int(statement, 5, clock_wall_ms() / 1000);
	int err = run(accounts, statement);
	buf_finish(&sealed);
	return err;
}

int accounts_add(struct accounts *accounts, const char *key, const char *frontend, const char *address,
                 const char *legacy_name, const char *password, const char *language,
                 struct account_result *result)
{
	int err = add_row(accounts, key, legacy_name, password, language);
	if (err == 0)
		err = accounts_add_identity(accounts, accounts->db->ops->insert_id(accounts->db), frontend,
		                            address);
	return err == 0 ? accounts_get(accounts, key, result) : err;
}

static int change_text(struct accounts *accounts, enum query query, const char *key, const char *text)
{
	if (text == NULL)
		return 0;
	struct statement *statement = prepare_text(accounts, query, text);
	if (statement != NULL)
		accounts->db->ops->bind_text(statement, 2, key);
	return run(accounts, statement);
}

static int change_password(struct accounts *accounts, const char *key, const char *password)
{
	if (password == NULL)
		return 0;
	struct statement *statement = prepare(accounts, CHANGE_PASSWORD);
	if (statement == NULL)
		return TP_ERR_STORE;
	struct buf sealed = {0};
	bind_password(accounts, statement, 1, key, password, &sealed);
	accounts->db->ops->bind_text(statement, 2, key);
	int err = run(accounts, statement);
	buf_finish(&sealed);
	return err;
}

int accounts_change(struct accounts *accounts, const char *key, const char *legacy_name, const char *password,
                    const char *language)
{
	int err = probe(accounts, prepare_text(accounts, KEY_TAKEN, key));
	if (err == 0)
		err = change_text(accounts, CHANGE_LEGACY_NAME, key, legacy_name);
	if (err == 0)
		err = change_password(accounts, key, password);
	if (err == 0)
		err = change_text(accounts, CHANGE_LANGUAGE, key, language);
	return err;
}

int accounts_remove(struct accounts *accounts, const char *key)
{
	return run_on_row(accounts, prepare_text(accounts, REMOVE_ACCOUNT, key));
}

int accounts_name_taken(struct accounts *accounts, const char *legacy_name)
{
	return probe(accounts, prepare_text(accounts, NAME_TAKEN, legacy_name));
}

int accounts_set_online(struct accounts *accounts, int64_t account, bool online)
{
	if (!online)
		return run_on_row(accounts, prepare_for(accounts, SET_OFFLINE, account));
	struct statement *statement = prepare_for(accounts, SET_ONLINE, clock_wall_ms() / 1000);
	if (statement != NULL)
		accounts->db->ops->bind_int(statement, 2, account);
	return run_on_row(accounts, statement);
}

int accounts_set_setting(struct accounts *accounts, int64_t account, const char *name, const char *value)
{
	const struct driver_ops *ops = accounts->db->ops;
	struct statement *statement;
	if (value == NULL) {
		statement = prepare_for(accounts, REMOVE_SETTING, account);
		if (statement != NULL)
			ops->bind_text(statement, 2, name);
		return run_on_row(accounts, statement);
	}
	statement = prepare_text(accounts, PUT_SETTING, name);
	if (statement != NULL) {
		ops->bind_text(statement, 2, value);
		ops->bind_int(statement, 3, account);
	}
	return run_on_row(accounts, statement);
}

int accounts_add_identity(struct accounts *accounts, int64_t account, const char *frontend,
                          const char *address)
{
	struct statement *statement = prepare_text(accounts, ADD_IDENTITY, frontend);
	if (statement != NULL) {
		accounts->db->ops->bind_text(statement, 2, address);
		accounts->db->ops->bind_int(statement, 3, account);
	}
	return run_on_row(accounts, statement);
}

int accounts_remove_identity(struct accounts *accounts, const char *frontend, const char *address)
{
	struct account_result owner = {0};
	int err = accounts_find(accounts, frontend, address, &owner);
	size_t count = owner.account.identities_count;
	account_result_finish(&owner);
	if (err != 0 || count == 1)
		return err != 0 ? err : TP_ERR_NOT_ALLOWED;
	struct statement *statement = prepare_text(accounts, REMOVE_IDENTITY, frontend);
	if (statement != NULL)
		accounts->db->ops->bind_text(statement, 2, address);
	return run_on_row(accounts, statement);
}

int accounts_put_contact(struct accounts *accounts, int64_t account, const char *name, const char *alias,
                         const char *groups, bool subscribed, int flags, const char *icon_hash)
{
	const struct driver_ops *ops = accounts->db->ops;
	struct statement *statement = prepare_text(accounts, PUT_CONTACT, name);
	if (statement == NULL)
		return TP_ERR_STORE;
	ops->bind_text(statement, 2, alias);
	ops->bind_text(statement, 3, groups);
	ops->bind_int(statement, 4, subscribed);
	ops->bind_int(statement, 5, flags);
	ops->bind_text(statement, 6, icon_hash);
	ops->bind_int(statement, 7, account);
	return run_on_row(accounts, statement);
}

int accounts_remove_contact(struct accounts *accounts, int64_t account, const char *name)
{
	struct statement *statement = prepare_for(accounts, REMOVE_CONTACT, account);
	if (statement != NULL)
		accounts->db->ops->bind_text(statement, 2, name);
	return run_on_row(accounts, statement);
}

int accounts_list_identities(struct accounts *accounts, bool all, struct identities_result *result)
{
	return read_identities(accounts, prepare(accounts, all ? LIST_ALL : LIST_ONLINE), &result->arena,
	                       &result->items, &result->count);
}

int accounts_list_bans(struct accounts *accounts, struct bans_result *result)
{
	struct statement *statement = prepare(accounts, LIST_BANS);
	if (statement == NULL)
		return TP_ERR_STORE;
	int step;
	while ((step = accounts->db->ops->step(statement)) == DRIVER_ROW) {
		result->items = grow(result->items, result->count, sizeof(*result->items));
		result->items[result->count++] = (struct store_ban){
		        .key = column_copy(accounts, &result->arena, statement, 0),
		        .reason = column_copy(accounts, &result->arena, statement, 1),
		        .since_s = accounts->db->ops->column_int(statement, 2),
		};
	}
	return step == DRIVER_DONE ? 0 : TP_ERR_STORE;
}

int accounts_put_ban(struct accounts *accounts, const char *key, const char *reason)
{
	struct statement *statement = prepare_text(accounts, PUT_BAN, key);
	if (statement != NULL) {
		accounts->db->ops->bind_text(statement, 2, reason);
		accounts->db->ops->bind_int(statement, 3, clock_wall_ms() / 1000);
	}
	return run(accounts, statement);
}

int accounts_remove_ban(struct accounts *accounts, const char *key)
{
	return run_on_row(accounts, prepare_text(accounts, REMOVE_BAN, key));
}

int accounts_any_sealed(struct accounts *accounts)
{
	return probe(accounts, prepare(accounts, ANY_SEALED));
}

int accounts_list_places(struct accounts *accounts, const char *frontend, struct places_result *result)
{
	struct statement *statement = prepare_text(accounts, LIST_PLACES, frontend);
	if (statement == NULL)
		return TP_ERR_STORE;
	int step;
	while ((step = accounts->db->ops->step(statement)) == DRIVER_ROW) {
		result->items = grow(result->items, result->count, sizeof(*result->items));
		result->items[result->count++] = (struct store_place){
		        .place = column_copy(accounts, &result->arena, statement, 0),
		        .kind = column_copy(accounts, &result->arena, statement, 1),
		        .owner = column_copy(accounts, &result->arena, statement, 2),
		        .name = column_copy(accounts, &result->arena, statement, 3),
		        .value = column_copy(accounts, &result->arena, statement, 4),
		};
	}
	return step == DRIVER_DONE ? 0 : TP_ERR_STORE;
}

int accounts_put_place(struct accounts *accounts, const char *frontend, const char *place, const char *kind,
                       const char *owner, const char *name, const char *value)
{
	const char *const texts[] = {place, kind, owner, name, value};
	struct statement *statement = prepare_text(accounts, PUT_PLACE, frontend);
	for (size_t i = 0; statement != NULL && i < ARRAY_SIZE(texts); i++)
		accounts->db->ops->bind_text(statement, (int)i + 2, texts[i]);
	return run(accounts, statement);
}

int accounts_remove_place(struct accounts *accounts, const char *frontend, const char *place)
{
	struct statement *statement = prepare_text(accounts, REMOVE_PLACE, frontend);
	if (statement != NULL)
		accounts->db->ops->bind_text(statement, 2, place);
	return run_on_row(accounts, statement);
}
