/* SPDX-License-Identifier: MIT */
/*
 * Rows and columns for an operator: as text that fits a terminal, or as JSON. The caller names the columns,
 * then adds cells from left to right; the cell behind the last one of a row begins the next.
 *
 *     USER           STATE      BACKEND  ONLINE        [{"user":"alice@example.org","state":"connected",
 *     alice@exam...  connected        1  2h04m           "backend":1,"online":7440}]
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;

enum table_kind {
	TABLE_TEXT,    /* the only kind that is cut where a terminal is too narrow */
	TABLE_NUMBER,  /* to the right */
	TABLE_SECONDS, /* the same; shown as 12s, 5m07s, 3h20m, 4d05h, and a plain number in JSON */
};

struct table_column {
	const char *name; /* lower case: "legacy name" is headed LEGACY NAME, and "legacy_name" in JSON */
	enum table_kind kind;
	unsigned rank; /* 0: always shown. Where a terminal is too narrow for all, the highest is left out first */
};

struct table;

/* `columns` must outlive the table. */
struct table *table_create(const struct table_column *columns, size_t count);
void table_destroy(struct table **table);

/* Text is valid UTF-8, copied; what a terminal would obey is escaped when it is shown. NULL: nothing is known
 * (a dash, null). */
void table_put_text(struct table *table, const char *text);
void table_put_number(struct table *table, int64_t number);
void table_put_nothing(struct table *table);
size_t table_rows(const struct table *table); /* complete ones */

/* Appends lines without a line feed behind the last: the headings, then a line for each row. No line is wider
 * than `width` columns; 0: as wide as they are. Columns with a rank are left out until each text may have
 * 16 columns, which the last line then says; after that the widest text is cut first. If all that is left has no
 * rank, is a number or has 8 columns, lines are wider all the same. */
void table_print(const struct table *table, unsigned width, struct buf *out);
/* Appends an array of objects. */
void table_print_json(const struct table *table, struct buf *out);
