/* SPDX-License-Identifier: MIT */
/*
 * What the store needs of a database: one connection, used by one thread at a time. Queries are written once,
 * as templates (store/sql.h) with `?` for every value; a driver whose database numbers its parameters
 * rewrites them itself when it prepares. All text is UTF-8, integers have 64 bits.
 *
 * A failed call leaves code and text behind (error_code, error_text), good until the next failure, and
 * nothing else: after a failure inside a transaction the caller rolls back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define DRIVER_SLOTS 40 /* prepared statements that a connection keeps */

struct driver_ops;

/* The head of every driver's own struct. */
struct driver {
	const struct driver_ops *ops;
};

struct statement;

struct driver_options {
	const char *database; /* SQLite: the file; NULL: in memory, gone with the connection */
	/* Only to look at what is there: the file and its folder stay as they are to the byte. */
	bool look_only;
};

enum driver_mode {
	DRIVER_READ,    /* one consistent view */
	DRIVER_WRITE,   /* atomic; the last moments before a power cut may be lost */
	DRIVER_DURABLE, /* on the disk when commit returns */
};

enum driver_result {
	DRIVER_ERROR = -1,
	DRIVER_CONFLICT = -2, /* a unique key is taken */
	DRIVER_DONE = 0,
	DRIVER_ROW = 1,
};

/* How this database spells what SQL leaves open. */
struct driver_dialect {
	const char *id_column; /* of a column that numbers its rows and never reuses a number */
	const char *key_type;  /* text that an index can hold, compared byte by byte */
	const char *text_type; /* text of any length */
	const char *int_type;
	const char *blob_type;
	const char *in_order; /* of a table whose rows lie in the order of its key */
	/* Appends the tail of an INSERT that replaces `columns` of the row with the same unique `keys`; both
	 * are comma-separated. */
	void (*upsert)(struct buf *sql, const char *keys, const char *columns);
};

struct driver_ops {
	const char *name;
	struct driver_dialect dialect;

	/* 0, or TP_ERR_IO / TP_ERR_STORE with a sentence. */
	int (*open)(struct driver **db, const struct driver_options *options, struct buf *error);
	void (*close)(struct driver *db);

	/* How long a call may wait for somebody else's lock before it fails with a transient error. */
	void (*set_wait)(struct driver *db, unsigned int ms);

	/* One or more statements without values or rows. 0 or DRIVER_ERROR. */
	int (*exec)(struct driver *db, const char *sql);
	/* The statement of a slot, without values; prepared at the first call and kept, so that a slot has
	 * one text for the life of the connection. NULL: failed. Ends what the slot was doing. */
	struct statement *(*prepare)(struct driver *db, unsigned int slot, const char *sql);
	/* Values, from 1. The memory must stay until the statement's last step. A NULL text or blob is NULL.
	 * A value that the database does not take makes the first step fail. */
	void (*bind_text)(struct statement *statement, int index, const char *text);
	void (*bind_blob)(struct statement *statement, int index, const void *bytes, size_t length);
	void (*bind_int)(struct statement *statement, int index, int64_t value);
	void (*bind_null)(struct statement *statement, int index);
	int (*step)(struct statement *statement); /* enum driver_result */
	/* Columns of the current row, from 0; good until the next step. NULL reads as "", no bytes, 0. */
	const char *(*column_text)(struct statement *statement, int column);
	const void *(*column_blob)(struct statement *statement, int column, size_t *length);
	int64_t (*column_int)(struct statement *statement, int column);
	bool (*column_is_null)(struct statement *statement, int column);
	/* Ends the statement early and forgets its values; needless after DRIVER_DONE and failures only. */
	void (*reset)(struct statement *statement);

	int64_t (*insert_id)(struct driver *db); /* of the last INSERT with an id column */
	int64_t (*matched)(struct driver *db);   /* rows that the last INSERT, UPDATE or DELETE met */

	int (*begin)(struct driver *db, enum driver_mode mode); /* 0 or DRIVER_ERROR */
	int (*commit)(struct driver *db);
	void (*rollback)(struct driver *db); /* harmless without a transaction */

	/* Whether a table (column NULL) or a column of it exists: 1, 0 or DRIVER_ERROR. */
	int (*exists)(struct driver *db, const char *table, const char *column);

	int (*error_code)(const struct driver *db); /* the same for the same kind of failure */
	const char *(*error_text)(const struct driver *db);
	/* Whether the same transaction may succeed a moment later: locks, a connection that was lost. */
	bool (*is_transient_error)(const struct driver *db);
};

extern const struct driver_ops driver_sqlite;
