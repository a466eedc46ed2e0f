/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_database.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define READ_WAIT_MS 20 /* in the loop's turn */
#define WRITE_WAIT_MS 5000
#define PAGE_BYTES 4096
#define WAL_PAGES_MOST 1000
#define EXPIRE_ROWS 500 /* by one statement */
#define FILL_ROWS 20000

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	ADD_SEEN,
	FIND_SEEN,
	CHANGE_LINK,
	ADD_LINK,
	FIND_LINK,
	SEEN_OLD,
	SEEN_MANY,
	LINK_OLD,
	LINK_MANY,
	SEEN_COUNT,
	LINK_COUNT,
	SEEN_KEYS,
	SET_MARK,
	STATEMENTS
};

static const char *const texts[STATEMENTS] = {
        [BEGIN] = "BEGIN IMMEDIATE",
        [COMMIT] = "COMMIT",
        [ROLLBACK] = "ROLLBACK",
        [ADD_SEEN] = "INSERT OR IGNORE INTO seen (key, high, stamp) VALUES (?1, ?2, ?3)",
        [FIND_SEEN] = "SELECT 1 FROM seen WHERE key = ?1 AND high = ?2",
        [CHANGE_LINK] =
                "UPDATE link SET high = ?2, stamp = ?3, id = ?4, author = ?5, time = ?6 WHERE key = ?1",
        [ADD_LINK] = "INSERT INTO link (key, high, stamp, id, author, time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        [FIND_LINK] = "SELECT id, author, time FROM link WHERE key = ?1 AND high = ?2",
        [SEEN_OLD] = "DELETE FROM seen WHERE key IN (SELECT key FROM seen WHERE stamp < ?1 ORDER BY stamp "
                     "LIMIT ?2)",
        [SEEN_MANY] = "DELETE FROM seen WHERE key IN (SELECT key FROM seen ORDER BY stamp LIMIT ?2)",
        [LINK_OLD] = "DELETE FROM link WHERE key IN (SELECT key FROM link WHERE stamp < ?1 ORDER BY stamp "
                     "LIMIT ?2)",
        [LINK_MANY] = "DELETE FROM link WHERE key IN (SELECT key FROM link ORDER BY stamp LIMIT ?2)",
        [SEEN_COUNT] = "SELECT count(*) FROM seen",
        [LINK_COUNT] = "SELECT count(*) FROM link",
        [SEEN_KEYS] = "SELECT key, high FROM seen WHERE key > ?1 ORDER BY key LIMIT ?2",
        [SET_MARK] = "UPDATE meta SET segment = ?1, offset = ?2",
};

/* Keys are random already: a row's number is half of its key, and no other index is needed to find it. */
static const char schema[] =
        "CREATE TABLE IF NOT EXISTS meta (secret BLOB NOT NULL, segment INTEGER, offset INTEGER);"
        "CREATE TABLE IF NOT EXISTS seen (key INTEGER PRIMARY KEY, high INTEGER NOT "
        "NULL, stamp INTEGER NOT NULL);"
        "CREATE INDEX IF NOT EXISTS seen_stamp ON seen (stamp);"
        "CREATE TABLE IF NOT EXISTS link (key INTEGER PRIMARY KEY, high INTEGER NOT "
        "NULL, stamp INTEGER NOT NULL,"
        " id TEXT NOT NULL, author TEXT, time INTEGER NOT NULL);"
        "CREATE INDEX IF NOT EXISTS link_stamp ON link (stamp);";

struct spool_database {
	sqlite3 *db;
	char *path;
	const struct log *log;
	sqlite3_stmt *statements[STATEMENTS]; /* made when first used */
	bool counted;
	uint64_t seen, links;
};

static sqlite3_stmt *get(struct spool_database *database, enum statement which)
{
	if (!database->statements[which])
		sqlite3_prepare_v3(database->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT,
		                   &database->statements[which], NULL);
	return database->statements[which];
}

/* A statement without rows, its parameters bound before. 0 or TP_ERR_STORE. */
static int run(struct spool_database *database, enum statement which)
{
	sqlite3_stmt *statement = get(database, which);
	int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;

	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : TP_ERR_STORE;
}

static uint64_t count_of(struct spool_database *database, enum statement which)
{
	sqlite3_stmt *statement = get(database, which);
	uint64_t count = 0;

	if (statement && sqlite3_step(statement) == SQLITE_ROW)
		count = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return count;
}

static bool is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

/* A damaged database costs the memory of what was seen, not the service. */
static void set_aside(const char *path, const struct log *log)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(endings); i++) {
		char *from = mem_printf("%s%s", path, endings[i]);
		char *to = mem_printf("%s.damaged%s", path, endings[i]);
		rename(from, to);
		mem_free(from);
		mem_free(to);
	}
	log_error(
	        log,
	        "%s is damaged and was set aside as %s.damaged: messages that come a second time will not be "
	        "recognised, and references to earlier messages are lost",
	        path, path);
}

/* Empties the tables unless they were filled under this secret. SQLite's code. */
static int take_secret(struct spool_database *database, const uint8_t *secret)
{
	sqlite3_stmt *statement = NULL;
	bool same = false;
	int code = sqlite3_prepare_v2(database->db, "SELECT secret FROM meta", -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		same = sqlite3_column_bytes(statement, 0) == SPOOL_KEY_BYTES &&
		       memcmp(sqlite3_column_blob(statement, 0), secret, SPOOL_KEY_BYTES) == 0;
	sqlite3_finalize(statement);
	if (same || (code != SQLITE_ROW && code != SQLITE_DONE))
		return same ? SQLITE_OK : code;
	code = sqlite3_exec(database->db, "BEGIN; DELETE FROM meta; DELETE FROM seen; DELETE FROM link", NULL,
	                    NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(database->db, "INSERT INTO meta (secret) VALUES (?1)", -1,
		                          &statement, NULL);
	if (code == SQLITE_OK) {
		sqlite3_bind_blob(statement, 1, secret, SPOOL_KEY_BYTES, SQLITE_STATIC);
		code = sqlite3_step(statement);
		sqlite3_finalize(statement);
		code = code == SQLITE_DONE ? sqlite3_exec(database->db, "COMMIT", NULL, NULL, NULL) : code;
	}
	return code;
}

static int set_up(struct spool_database *database, const uint8_t *secret, uint64_t wal_bytes)
{
	uint64_t pages = wal_bytes / PAGE_BYTES < WAL_PAGES_MOST ? wal_bytes / PAGE_BYTES : WAL_PAGES_MOST;
	char *limit = mem_printf("PRAGMA wal_autocheckpoint = %" PRIu64, pages > 0 ? pages : 1);
	int code = sqlite3_exec(database->db,
	                        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	                        "PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -2048",
	                        NULL, NULL, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_exec(database->db, limit, NULL, NULL, NULL);
	mem_free(limit);
	if (code == SQLITE_OK)
		code = sqlite3_exec(database->db, schema, NULL, NULL, NULL);
	return code == SQLITE_OK ? take_secret(database, secret) : code;
}

static int try_open(struct spool_database *database, const char *path, const uint8_t *secret,
                    uint64_t wal_bytes)
{
	bool writes = wal_bytes > 0;
	int fd = writes ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)
	                : -1; /* for us only; SQLite would not */
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | (writes ? SQLITE_OPEN_CREATE : 0);
	int code;

	if (fd >= 0)
		close(fd);
	code = sqlite3_open_v2(path, &database->db, flags, NULL);
	if (code != SQLITE_OK)
		return code;
	sqlite3_extended_result_codes(database->db, 1);
	sqlite3_busy_timeout(database->db, writes ? WRITE_WAIT_MS : READ_WAIT_MS);
	if (writes)
		return set_up(database, secret, wal_bytes);
	return get(database, FIND_SEEN) && get(database, FIND_LINK) ? SQLITE_OK
	                                                            : sqlite3_errcode(database->db);
}

int spool_database_open(struct spool_database **slot, const char *path, const uint8_t secret[SPOOL_KEY_BYTES],
                        uint64_t wal_bytes, const struct log *log, struct buf *error)
{
	struct spool_database *database = MEM_NEW(struct spool_database);
	int code;

	*slot = database;
	database->log = log;
	database->path = mem_strdup(path);
	code = try_open(database, path, secret, wal_bytes);
	if (is_damage(code) && wal_bytes > 0) {
		sqlite3_close(database->db);
		set_aside(path, log);
		code = try_open(database, path, secret, wal_bytes);
	}
	if (code == SQLITE_OK)
		return 0;
	buf_printf(error, "%s cannot be opened: %s", path, sqlite3_errstr(code));
	spool_database_close(slot);
	return TP_ERR_STORE;
}

void spool_database_close(struct spool_database **slot)
{
	struct spool_database *database = *slot;
	size_t i;

	if (!database)
		return;
	for (i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(database->statements[i]);
	sqlite3_close(database->db);
	mem_free(database->path);
	MEM_FREE(*slot);
}

static void bind_key(sqlite3_stmt *statement, struct spool_key key)
{
	sqlite3_bind_int64(statement, 1, (int64_t)key.low);
	sqlite3_bind_int64(statement, 2, (int64_t)key.high);
}

static int put_seen(struct spool_database *database, const struct spool_item *item)
{
	sqlite3_stmt *statement = get(database, ADD_SEEN);

	if (!statement)
		return TP_ERR_STORE;
	bind_key(statement, item->key);
	sqlite3_bind_int64(statement, 3, item->stamp_ms);
	if (run(database, ADD_SEEN) != 0)
		return TP_ERR_STORE;
	database->seen += (uint64_t)sqlite3_changes(database->db);
	return 0;
}

static int put_link_by(struct spool_database *database, const struct spool_item *item, enum statement which)
{
	sqlite3_stmt *statement = get(database, which);

	if (!statement)
		return TP_ERR_STORE;
	bind_key(statement, item->key);
	sqlite3_bind_int64(statement, 3, item->stamp_ms);
	sqlite3_bind_text(statement, 4, item->id, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, item->author, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 6, item->time_ms);
	return run(database, which);
}

static int put_link(struct spool_database *database, const struct spool_item *item)
{
	if (put_link_by(database, item, CHANGE_LINK) != 0)
		return TP_ERR_STORE;
	if (sqlite3_changes(database->db) > 0)
		return 0;
	database->links++;
	return put_link_by(database, item, ADD_LINK);
}

static void count_rows(struct spool_database *database)
{
	if (database->counted)
		return;
	database->seen = count_of(database, SEEN_COUNT);
	database->links = count_of(database, LINK_COUNT);
	database->counted = true;
}

static int set_mark(struct spool_database *database, const struct spool_mark *mark)
{
	sqlite3_stmt *statement = get(database, SET_MARK);

	if (!statement)
		return TP_ERR_STORE;
	sqlite3_bind_int64(statement, 1, (int64_t)mark->segment);
	sqlite3_bind_int64(statement, 2, (int64_t)mark->offset);
	return run(database, SET_MARK);
}

int spool_database_begin(struct spool_database *database)
{
	count_rows(database);
	return run(database, BEGIN);
}

int spool_database_add(struct spool_database *database, const struct spool_items *items, size_t first,
                       size_t most)
{
	size_t last = items->count - first < most ? items->count : first + most;
	int err = 0;

	for (; err == 0 && first < last; first++)
		err = items->items[first].id ? put_link(database, &items->items[first])
		                             : put_seen(database, &items->items[first]);
	return err;
}

int spool_database_finish(struct spool_database *database, int err, const struct spool_mark *mark)
{
	if (err == 0 && mark)
		err = set_mark(database, mark);
	if (err == 0)
		err = run(database, COMMIT);
	if (err == 0)
		return 0;
	if (!sqlite3_get_autocommit(database->db))
		run(database, ROLLBACK);
	database->counted = false;
	return TP_ERR_STORE;
}

struct spool_mark spool_database_peek(const char *path, uint8_t secret[SPOOL_KEY_BYTES])
{
	struct spool_mark mark = {0};
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, "SELECT secret, segment, offset FROM meta", -1, &statement, NULL) ==
	            SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_bytes(statement, 0) == SPOOL_KEY_BYTES) {
		memcpy(secret, sqlite3_column_blob(statement, 0), SPOOL_KEY_BYTES);
		mark.segment = (uint64_t)sqlite3_column_int64(statement, 1);
		mark.offset = (uint64_t)sqlite3_column_int64(statement, 2);
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return mark;
}

/* Deletes up to EXPIRE_ROWS. Returns how many; *err is set on failure. */
static uint64_t delete_rows(struct spool_database *database, enum statement which, int64_t before,
                            uint64_t most, int *err)
{
	sqlite3_stmt *statement = get(database, which);

	if (!statement || *err)
		return 0;
	if (which == SEEN_OLD || which == LINK_OLD)
		sqlite3_bind_int64(statement, 1, before);
	sqlite3_bind_int64(statement, 2, (int64_t)(most < EXPIRE_ROWS ? most : EXPIRE_ROWS));
	*err = run(database, which);
	return *err ? 0 : (uint64_t)sqlite3_changes(database->db);
}

static uint64_t expire_table(struct spool_database *database, enum statement old, enum statement many,
                             int64_t before, uint64_t most, uint64_t *count, int *err)
{
	uint64_t gone = delete_rows(database, old, before, EXPIRE_ROWS, err);

	*count -= gone < *count ? gone : *count;
	if (*count > most) {
		uint64_t more = delete_rows(database, many, 0, *count - most, err);
		*count -= more;
		gone += more;
	}
	return gone;
}

int spool_database_expire(struct spool_database *database, const struct spool_database_limits *limits,
                          int64_t now_ms)
{
	uint64_t rows;
	int err = 0;

	rows = expire_table(database, SEEN_OLD, SEEN_MANY, now_ms - (int64_t)limits->seen_seconds * 1000,
	                    limits->seen_count, &database->seen, &err);
	rows += expire_table(database, LINK_OLD, LINK_MANY, now_ms - (int64_t)limits->map_seconds * 1000,
	                     limits->map_count, &database->links, &err);
	return err ? TP_ERR_STORE : (int)rows;
}

/* All that is not in the WAL any more has been synced by SQLite before it reused the WAL. */
int spool_database_sync(struct spool_database *database)
{
	char *path = mem_printf("%s-wal", database->path);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		error = errno == ENOENT ? 0 : errno;
	else if (fdatasync(fd) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	mem_free(path);
	return error;
}

void spool_database_count(struct spool_database *database, uint64_t *seen, uint64_t *links)
{
	count_rows(database);
	*seen = database->seen;
	*links = database->links;
}

int spool_database_fill(struct spool_database *database, struct spool_filter *filter, int64_t *after)
{
	sqlite3_stmt *statement = get(database, SEEN_KEYS);
	int code, rows = 0;

	if (!statement)
		return TP_ERR_STORE;
	sqlite3_bind_int64(statement, 1, *after);
	sqlite3_bind_int64(statement, 2, FILL_ROWS);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		*after = sqlite3_column_int64(statement, 0);
		spool_filter_add(filter,
		                 (struct spool_key){.low = (uint64_t)*after,
		                                    .high = (uint64_t)sqlite3_column_int64(statement, 1)});
		rows++;
	}
	sqlite3_reset(statement);
	if (code != SQLITE_DONE)
		return TP_ERR_STORE;
	return rows == FILL_ROWS;
}

const char *spool_database_problem(struct spool_database *database)
{
	return sqlite3_errmsg(database->db);
}

/* On a failure to read: logged, and as if it was not there. */
static bool step_row(struct spool_database *database, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		log_warning(database->log, "messages.db cannot be read: %s", sqlite3_errmsg(database->db));
	return false;
}

bool spool_database_has_seen(struct spool_database *database, struct spool_key key)
{
	sqlite3_stmt *statement = get(database, FIND_SEEN);
	bool found;

	if (!statement)
		return false;
	bind_key(statement, key);
	found = step_row(database, statement);
	sqlite3_reset(statement);
	return found;
}

bool spool_database_find_link(struct spool_database *database, struct spool_key key, struct arena *arena,
                              const char **id, const char **author, int64_t *time_ms)
{
	sqlite3_stmt *statement = get(database, FIND_LINK);
	bool found;

	if (!statement)
		return false;
	bind_key(statement, key);
	found = step_row(database, statement);
	if (found) {
		*id = arena_strdup(arena, (const char *)sqlite3_column_text(statement, 0));
		*author = arena_strdup(arena, (const char *)sqlite3_column_text(statement, 1));
		*time_ms = sqlite3_column_int64(statement, 2);
	}
	sqlite3_reset(statement);
	return found;
}
