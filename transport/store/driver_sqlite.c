/* SPDX-License-Identifier: MIT */
/* https://www.sqlite.org/c3ref/intro.html; WAL and its files: https://www.sqlite.org/wal.html */
#include "transport/store/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

#define OPEN_WAIT_MS 5000
#define OPEN_PAUSE_MS 20

struct driver_sqlite;

struct statement {
	struct driver_sqlite *db;
	sqlite3_stmt *handle;
	bool refused; /* a value could not be bound */
};

struct driver_sqlite {
	struct driver driver;
	sqlite3 *handle;
	struct statement slots[DRIVER_SLOTS];
	int synchronous; /* as last set: DRIVER_WRITE or DRIVER_DURABLE */
	int code;
	struct buf text;
};

static struct driver_sqlite *sqlite_of(struct driver *db)
{
	return CONTAINER_OF(db, struct driver_sqlite, driver);
}

/* SQLite's own note of an error lasts only until its next call. */
static int note_error(struct driver_sqlite *db, int code)
{
	db->code = code;
	buf_clear(&db->text);
	buf_printf(&db->text, "%s (code %d)", sqlite3_errmsg(db->handle), code);
	int cause = sqlite3_system_errno(db->handle);
	if ((code & 0xff) == SQLITE_CANTOPEN && cause != 0)
		buf_printf(&db->text, ": %s", strerror(cause));
	return DRIVER_ERROR;
}

static int sqlite_exec(struct driver *driver, const char *sql)
{
	struct driver_sqlite *db = sqlite_of(driver);
	int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? 0 : note_error(db, code);
}

static void sqlite_reset(struct statement *statement)
{
	sqlite3_reset(statement->handle);
	sqlite3_clear_bindings(statement->handle);
	statement->refused = false;
}

static struct statement *sqlite_prepare(struct driver *driver, unsigned int slot, const char *sql)
{
	struct driver_sqlite *db = sqlite_of(driver);
	struct statement *statement = &db->slots[slot];
	if (statement->handle != NULL) {
		sqlite_reset(statement);
		return statement;
	}
	int code =
	        sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->handle, NULL);
	if (code != SQLITE_OK) {
		note_error(db, code);
		return NULL;
	}
	statement->db = db;
	statement->refused = false;
	return statement;
}

static void check_bound(struct statement *statement, int code)
{
	if (code == SQLITE_OK)
		return;
	note_error(statement->db, code);
	statement->refused = true;
}

static void sqlite_bind_text(struct statement *statement, int index, const char *text)
{
	check_bound(statement, sqlite3_bind_text(statement->handle, index, text, -1, SQLITE_STATIC));
}

static void sqlite_bind_blob(struct statement *statement, int index, const void *bytes, size_t length)
{
	check_bound(statement, sqlite3_bind_blob64(statement->handle, index, bytes, length, SQLITE_STATIC));
}

static void sqlite_bind_int(struct statement *statement, int index, int64_t value)
{
	check_bound(statement, sqlite3_bind_int64(statement->handle, index, value));
}

static void sqlite_bind_null(struct statement *statement, int index)
{
	check_bound(statement, sqlite3_bind_null(statement->handle, index));
}

static int sqlite_step(struct statement *statement)
{
	struct driver_sqlite *db = statement->db;
	if (statement->refused) {
		sqlite_reset(statement);
		return DRIVER_ERROR;
	}
	int code = sqlite3_step(statement->handle);
	if (code == SQLITE_ROW)
		return DRIVER_ROW;
	if (code != SQLITE_DONE)
		note_error(db, code);
	sqlite_reset(statement);
	if (code == SQLITE_DONE)
		return DRIVER_DONE;
	bool taken = code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;
	return taken ? DRIVER_CONFLICT : DRIVER_ERROR;
}

static const char *sqlite_column_text(struct statement *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement->handle, column);
	return text == NULL ? "" : (const char *)text;
}

static const void *sqlite_column_blob(struct statement *statement, int column, size_t *length)
{
	const void *bytes = sqlite3_column_blob(statement->handle, column);
	*length = bytes == NULL ? 0 : (size_t)sqlite3_column_bytes(statement->handle, column);
	return bytes;
}

static int64_t sqlite_column_int(struct statement *statement, int column)
{
	return sqlite3_column_int64(statement->handle, column);
}

static bool sqlite_column_is_null(struct statement *statement, int column)
{
	return sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
}

static int64_t sqlite_insert_id(struct driver *driver)
{
	return sqlite3_last_insert_rowid(sqlite_of(driver)->handle);
}

static int64_t sqlite_matched(struct driver *driver)
{
	return sqlite3_changes(sqlite_of(driver)->handle);
}

/* With FULL the log is flushed at every commit, with NORMAL only before it is copied into the database. */
static int set_synchronous(struct driver *driver, enum driver_mode mode)
{
	struct driver_sqlite *db = sqlite_of(driver);
	if (mode == DRIVER_READ || db->synchronous == (int)mode)
		return 0;
	int err = sqlite_exec(driver, mode == DRIVER_DURABLE ? "PRAGMA synchronous = FULL"
	                                                     : "PRAGMA synchronous = NORMAL");
	if (err == 0)
		db->synchronous = (int)mode;
	return err;
}

static int sqlite_begin(struct driver *driver, enum driver_mode mode)
{
	if (set_synchronous(driver, mode) != 0)
		return DRIVER_ERROR;
	/* A writer asks for the write lock at once: one that has read first cannot wait for it. */
	return sqlite_exec(driver, mode == DRIVER_READ ? "BEGIN" : "BEGIN IMMEDIATE");
}

static int sqlite_commit(struct driver *driver)
{
	return sqlite_exec(driver, "COMMIT");
}

static void sqlite_rollback(struct driver *driver)
{
	struct driver_sqlite *db = sqlite_of(driver);
	for (size_t i = 0; i < DRIVER_SLOTS; i++) {
		if (db->slots[i].handle != NULL)
			sqlite_reset(&db->slots[i]);
	}
	/* some errors have rolled back already */
	if (sqlite3_get_autocommit(db->handle) == 0)
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static int sqlite_exists(struct driver *driver, const char *table, const char *column)
{
	struct driver_sqlite *db = sqlite_of(driver);
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(
	        db->handle, "SELECT 1 FROM pragma_table_info(?1) WHERE ?2 IS NULL OR lower(name) = lower(?2)",
	        -1, &statement, NULL);
	if (code == SQLITE_OK) {
		sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 2, column, -1, SQLITE_STATIC);
		code = sqlite3_step(statement);
	}
	int result = code == SQLITE_ROW ? 1 : 0;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		result = note_error(db, code);
	sqlite3_finalize(statement);
	return result;
}

static int sqlite_error_code(const struct driver *driver)
{
	return CONTAINER_OF(driver, const struct driver_sqlite, driver)->code;
}

static const char *sqlite_error_text(const struct driver *driver)
{
	const struct driver_sqlite *db = CONTAINER_OF(driver, const struct driver_sqlite, driver);
	return db->text.data == NULL ? "" : db->text.data;
}

static bool sqlite_is_transient_error(const struct driver *driver)
{
	int primary = sqlite_error_code(driver) & 0xff;
	return primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
}

static void sqlite_set_wait(struct driver *driver, unsigned int ms)
{
	sqlite3_busy_timeout(sqlite_of(driver)->handle, (int)ms);
}

static void sqlite_close(struct driver *driver)
{
	struct driver_sqlite *db = sqlite_of(driver);
	for (size_t i = 0; i < DRIVER_SLOTS; i++)
		sqlite3_finalize(db->slots[i].handle);
	sqlite3_busy_timeout(db->handle, 0); /* the log's copying can be done at the next start */
	sqlite3_close(db->handle);
	buf_finish(&db->text);
	mem_free(db);
}

/* SQLite would make the file 0644 less the umask; its companions (-wal, -shm) copy the mode of the file. */
static int make_file(const char *path, struct buf *error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) != 0) {
		buf_printf(error, "database %s: cannot be made: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return TP_ERR_IO;
	}
	close(fd);
	return 0;
}

/* "immutable": no locks, no log, no files made beside it (https://www.sqlite.org/uri.html). */
static char *look_only_uri(const char *path)
{
	struct buf uri = {0};
	buf_puts(&uri, "file:");
	for (const char *p = path; *p != '\0'; p++) {
		if (strchr("%?#", *p) != NULL)
			buf_printf(&uri, "%%%02x", (unsigned int)*p);
		else
			buf_putc(&uri, *p);
	}
	buf_puts(&uri, "?mode=ro&immutable=1");
	return buf_take(&uri);
}

static int open_handle(struct driver_sqlite *db, const struct driver_options *options)
{
	if (options->database == NULL)
		return sqlite3_open_v2(":memory:", &db->handle,
		                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		                       NULL);
	/* a name such as ":memory:" or "file:x" means a file here */
	char *path = mem_printf("%s%s", options->database[0] == '/' ? "" : "./", options->database);
	int code;
	if (options->look_only) {
		char *uri = look_only_uri(path);
		code = sqlite3_open_v2(uri, &db->handle,
		                       SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
		mem_free(uri);
	} else {
		code = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	}
	mem_free(path);
	return code;
}

static int set_up(struct driver_sqlite *db, const struct driver_options *options)
{
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, OPEN_WAIT_MS);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (options->look_only)
		return sqlite_exec(&db->driver, "PRAGMA trusted_schema = OFF; PRAGMA query_only = ON");
	db->synchronous = DRIVER_DURABLE;
	return sqlite_exec(&db->driver, "PRAGMA trusted_schema = OFF;"
	                                "PRAGMA temp_store = MEMORY;"
	                                "PRAGMA cache_size = -512;" /* KiB; the kernel has the rest */
	                                "PRAGMA foreign_keys = ON;"
	                                "PRAGMA secure_delete = FAST;"
	                                "PRAGMA journal_mode = WAL;"
	                                "PRAGMA journal_size_limit = 16777216;"
	                                "PRAGMA synchronous = FULL;");
}

/* Several processes that make the same database wait for each other in a way that SQLite gives up at once. */
static int set_up_patiently(struct driver_sqlite *db, const struct driver_options *options)
{
	uint64_t until = clock_ms() + OPEN_WAIT_MS;
	for (;;) {
		int err = set_up(db, options);
		if (err == 0 || clock_ms() >= until || !sqlite_is_transient_error(&db->driver))
			return err;
		sqlite3_sleep(OPEN_PAUSE_MS);
	}
}

static int sqlite_open(struct driver **out, const struct driver_options *options, struct buf *error)
{
	*out = NULL;
	const char *path = options->database;
	if (path != NULL && !options->look_only) {
		int err = make_file(path, error);
		if (err != 0)
			return err;
	}
	struct driver_sqlite *db = MEM_NEW(struct driver_sqlite);
	db->driver.ops = &driver_sqlite;
	int code = open_handle(db, options);
	int err = code == SQLITE_OK ? set_up_patiently(db, options) : note_error(db, code);
	if (err != 0) {
		buf_printf(error, "database %s: %s", path == NULL ? "in memory" : path, buf_text(&db->text));
		sqlite_close(&db->driver);
		return TP_ERR_STORE;
	}
	*out = &db->driver;
	return 0;
}

static void sqlite_upsert(struct buf *sql, const char *keys, const char *columns)
{
	buf_printf(sql, "ON CONFLICT (%s) DO UPDATE SET ", keys);
	for (const char *column = columns; *column != '\0';) {
		size_t length = strcspn(column, ",");
		buf_printf(sql, "%s%.*s = excluded.%.*s", column == columns ? "" : ", ", (int)length, column,
		           (int)length, column);
		column += length + (column[length] == ',' ? 1 : 0);
	}
}

const struct driver_ops driver_sqlite = {
        .name = "sqlite3",
        .dialect =
                {
                        .id_column = "INTEGER PRIMARY KEY AUTOINCREMENT",
                        .key_type = "TEXT",
                        .text_type = "TEXT",
                        .int_type = "INTEGER",
                        .blob_type = "BLOB",
                        .in_order = "WITHOUT ROWID",
                        .upsert = sqlite_upsert,
                },
        .open = sqlite_open,
        .close = sqlite_close,
        .set_wait = sqlite_set_wait,
        .exec = sqlite_exec,
        .prepare = sqlite_prepare,
        .bind_text = sqlite_bind_text,
        .bind_blob = sqlite_bind_blob,
        .bind_int = sqlite_bind_int,
        .bind_null = sqlite_bind_null,
        .step = sqlite_step,
        .column_text = sqlite_column_text,
        .column_blob = sqlite_column_blob,
        .column_int = sqlite_column_int,
        .column_is_null = sqlite_column_is_null,
        .reset = sqlite_reset,
        .insert_id = sqlite_insert_id,
        .matched = sqlite_matched,
        .begin = sqlite_begin,
        .commit = sqlite_commit,
        .rollback = sqlite_rollback,
        .exists = sqlite_exists,
        .error_code = sqlite_error_code,
        .error_text = sqlite_error_text,
        .is_transient_error = sqlite_is_transient_error,
};
