/* SPDX-License-Identifier: MIT */
#include "transport/store/schema.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "transport/store/sql.h"

#define VERSION_TABLE "schema_version"

/* the last ones: the accounts' queries count from 0 */
enum { SLOT_READ_VERSION = DRIVER_SLOTS - 1, SLOT_NOTE_VERSION = DRIVER_SLOTS - 2 };

/* Numbers are Unix seconds. Names of columns follow Spectrum 2's where they mean the same. */
static const char *const first_tables[] = {
        "CREATE TABLE {users} ("
        "id {:id}, "
        "jid {:key} NOT NULL UNIQUE, "
        "uin {:key} NOT NULL, "
        "password {:blob}, "
        "language {:text} NOT NULL, "
        "vip {:int} NOT NULL DEFAULT 0, "
        "online {:int} NOT NULL DEFAULT 0, "
        "last_login {:int} NOT NULL DEFAULT 0, "
        "created {:int} NOT NULL)",

        "CREATE INDEX {users_uin} ON {users} (uin)",

        "CREATE TABLE {identities} ("
        "frontend {:key} NOT NULL, "
        "address {:key} NOT NULL, "
        "user_id {:int} NOT NULL REFERENCES {users} (id) ON DELETE CASCADE, "
        "PRIMARY KEY (frontend, address))",

        "CREATE INDEX {identities_user} ON {identities} (user_id)",

        "CREATE TABLE {users_settings} ("
        "user_id {:int} NOT NULL REFERENCES {users} (id) ON DELETE CASCADE, "
        "var {:key} NOT NULL, "
        "value {:text} NOT NULL, "
        "PRIMARY KEY (user_id, var))",

        "CREATE TABLE {buddies} ("
        "user_id {:int} NOT NULL REFERENCES {users} (id) ON DELETE CASCADE, "
        "uin {:key} NOT NULL, "
        "nickname {:text} NOT NULL, "
        "group_names {:text} NOT NULL, "
        "subscribed {:int} NOT NULL DEFAULT 0, "
        "flags {:int} NOT NULL DEFAULT 0, "
        "icon_hash {:text} NOT NULL, "
        "PRIMARY KEY (user_id, uin))",
};

/* What backends keep for people. */
static const char *const values_tables[] = {
        "CREATE TABLE {users_values} ("
        "user_id {:int} NOT NULL REFERENCES {users} (id) ON DELETE CASCADE, "
        "name {:key} NOT NULL, "
        "value {:blob} NOT NULL, "
        "PRIMARY KEY (user_id, name))",
};

/* Of accounts that need not be there: a ban outlives the registration. */
static const char *const ban_tables[] = {
        "CREATE TABLE {bans} ("
        "jid {:key} NOT NULL PRIMARY KEY, "
        "reason {:text} NOT NULL, "
        "created {:int} NOT NULL)",
};

static const char *const places_tables[] = {
        "CREATE TABLE {places} ("
        "frontend {:key} NOT NULL, "
        "place {:key} NOT NULL, "
        "kind {:text} NOT NULL, "
        "owner {:text} NOT NULL, "
        "name {:text} NOT NULL, "
        "value {:text} NOT NULL, "
        "PRIMARY KEY (frontend, place))",
};

/* Contacts are read all at once, in the order of their key: they lie in it, and not elsewhere with an index beside. */
static const char *const ordered_contacts[] = {
        "CREATE TABLE {buddies_in_order} ("
        "user_id {:int} NOT NULL REFERENCES {users} (id) ON DELETE CASCADE, "
        "uin {:key} NOT NULL, "
        "nickname {:text} NOT NULL, "
        "group_names {:text} NOT NULL, "
        "subscribed {:int} NOT NULL DEFAULT 0, "
        "flags {:int} NOT NULL DEFAULT 0, "
        "icon_hash {:text} NOT NULL, "
        "PRIMARY KEY (user_id, uin)) {:in-order}",

        "INSERT INTO {buddies_in_order} (user_id, uin, nickname, group_names, subscribed, flags, icon_hash) "
        "SELECT user_id, uin, nickname, group_names, subscribed, flags, icon_hash FROM {buddies} "
        "ORDER BY user_id, uin",

        "DROP TABLE {buddies}",

        "ALTER TABLE {buddies_in_order} RENAME TO {buddies}",
};

const struct schema_step schema_steps[] = {
        {first_tables, ARRAY_SIZE(first_tables)},
        {values_tables, ARRAY_SIZE(values_tables)},
        {ban_tables, ARRAY_SIZE(ban_tables)},
        {places_tables, ARRAY_SIZE(places_tables)},
        {ordered_contacts, ARRAY_SIZE(ordered_contacts)},
};
const size_t schema_steps_count = ARRAY_SIZE(schema_steps);

static int failed(struct driver *db, struct buf *error)
{
	buf_printf(error, "the database does not answer as it should: %s", db->ops->error_text(db));
	return TP_ERR_STORE;
}

static int has(struct driver *db, const char *prefix, const char *table, const char *column)
{
	char *name = mem_printf("%s%s", prefix, table);
	int result = db->ops->exists(db, name, column);
	mem_free(name);
	return result;
}

int schema_check(struct driver *db, const char *prefix, const char *database, struct buf *error)
{
	int ours = has(db, prefix, VERSION_TABLE, NULL);
	if (ours < 0)
		return failed(db, error);
	if (ours > 0)
		return 0;
	int noted = has(db, prefix, "db_version", NULL);
	int users = has(db, prefix, "users", NULL);
	int spectrum_users = has(db, prefix, "users", "encoding");
	if (noted < 0 || users < 0 || spectrum_users < 0)
		return failed(db, error);
	if (noted > 0 || spectrum_users > 0) {
		buf_printf(error,
		           "%s is a database of Spectrum 2. It was left as it is: \"transportctl import\", "
		           "which a "
		           "later version will bring, copies such a database into one of this program. Until "
		           "then "
		           "set database.database to another file (accounts then register anew)",
		           database);
		return TP_ERR_UNSUPPORTED;
	}
	/* Ours come all in one transaction, and that of another process may have ended since the first look. */
	if (users > 0)
		ours = has(db, prefix, VERSION_TABLE, NULL);
	if (ours < 0)
		return failed(db, error);
	if (users > 0 && ours == 0) {
		buf_printf(error,
		           "%s already has a table \"%susers\" that is not of this program; set "
		           "database.database or database.prefix to something else",
		           database, prefix);
		return TP_ERR_UNSUPPORTED;
	}
	return 0;
}

/* < 0: failed */
static int64_t read_version(struct driver *db, const char *prefix)
{
	struct buf sql = {0};
	sql_expand(&sql, "SELECT COALESCE(MAX(version), 0) FROM {" VERSION_TABLE "}", prefix,
	           &db->ops->dialect);
	struct statement *statement = db->ops->prepare(db, SLOT_READ_VERSION, sql.data);
	int64_t version = -1;
	if (statement != NULL && db->ops->step(statement) == DRIVER_ROW) {
		version = db->ops->column_int(statement, 0);
		db->ops->reset(statement);
	}
	buf_finish(&sql);
	return version;
}

static int exec_template(struct driver *db, const char *prefix, const char *template)
{
	struct buf sql = {0};
	sql_expand(&sql, template, prefix, &db->ops->dialect);
	int err = db->ops->exec(db, sql.data);
	buf_finish(&sql);
	return err;
}

static int note_version(struct driver *db, const char *prefix, size_t version)
{
	struct buf sql = {0};
	sql_expand(&sql, "INSERT INTO {" VERSION_TABLE "} (version, applied) VALUES (?, ?)", prefix,
	           &db->ops->dialect);
	struct statement *statement = db->ops->prepare(db, SLOT_NOTE_VERSION, sql.data);
	int result = DRIVER_ERROR;
	if (statement != NULL) {
		db->ops->bind_int(statement, 1, (int64_t)version);
		db->ops->bind_int(statement, 2, clock_wall_ms() / 1000);
		result = db->ops->step(statement);
	}
	buf_finish(&sql);
	return result == DRIVER_DONE ? 0 : DRIVER_ERROR;
}

/* Inside a transaction: another process may have taken the step while this one waited for the lock. */
static int take_step(struct driver *db, const char *prefix, const struct schema_step *step, size_t version)
{
	int64_t have = read_version(db, prefix);
	if (have < 0)
		return DRIVER_ERROR;
	if (have >= (int64_t)version)
		return 0;
	for (size_t i = 0; i < step->count; i++) {
		if (exec_template(db, prefix, step->statements[i]) != 0)
			return DRIVER_ERROR;
	}
	return note_version(db, prefix, version);
}

static int make_version_table(struct driver *db, const char *prefix)
{
	return exec_template(db, prefix,
	                     "CREATE TABLE IF NOT EXISTS {" VERSION_TABLE "} "
	                     "(version {:int} NOT NULL PRIMARY KEY, applied {:int} NOT NULL)");
}

int schema_migrate(struct driver *db, const char *prefix, const struct schema_step *steps, size_t count,
                   struct buf *error)
{
	int64_t have = 0;
	int exists = has(db, prefix, VERSION_TABLE, NULL);
	if (exists > 0)
		have = read_version(db, prefix);
	if (exists < 0 || have < 0)
		return failed(db, error);
	if (have > (int64_t)count) {
		buf_printf(
		        error,
		        "the database has schema version %lld, this program knows up to %zu: use the program "
		        "that wrote it, or a newer one",
		        (long long)have, count);
		return TP_ERR_UNSUPPORTED;
	}
	for (size_t version = (size_t)have + 1; version <= count; version++) {
		int err = db->ops->begin(db, DRIVER_DURABLE);
		if (err == 0 && version == 1)
			err = make_version_table(db, prefix);
		if (err == 0)
			err = take_step(db, prefix, &steps[version - 1], version);
		if (err == 0)
			err = db->ops->commit(db);
		if (err == 0)
			continue;
		buf_printf(error, "the step to schema version %zu failed and was undone: %s", version,
		           db->ops->error_text(db));
		db->ops->rollback(db);
		return TP_ERR_STORE;
	}
	return 0;
}
