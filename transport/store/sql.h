/* SPDX-License-Identifier: MIT */
/*
 * Templates of SQL: the same text for every database and table prefix.
 *     {users}               the table or index name, with the prefix
 *     {:id} {:key} {:text} {:int} {:blob}   column types of the dialect
 *     {:in-order}           behind the columns of a table: its rows lie in the order of the primary key
 *     {+KEYS;COLUMNS}       the tail of an INSERT that makes it "insert or replace"
 * Templates are constants of the program: no value ever gets into SQL this way.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "transport/store/driver.h"

/* Letters of ASCII, digits and underscore, at most 32; "" too. */
bool sql_prefix_valid(const char *prefix);
void sql_expand(struct buf *sql, const char *template, const char *prefix,
                const struct driver_dialect *dialect);
