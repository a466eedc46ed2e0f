/* SPDX-License-Identifier: MIT */
/*
 * The tables and how they came to be: a list of steps, each brings the database from one version to the next
 * in a transaction of its own and is noted, with the time, in `schema_version`. Steps are never edited once
 * released; docs/storage.md describes the sum of them.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "transport/store/driver.h"

struct schema_step {
	const char *const *statements; /* templates (store/sql.h) */
	size_t count;
};

extern const struct schema_step schema_steps[];
extern const size_t schema_steps_count; /* the version that this program writes */

/*
 * Whether the database is ours, empty of our tables (then schema_migrate makes them), or neither: 0,
 * TP_ERR_UNSUPPORTED for Spectrum 2's, TP_ERR_STORE for one that cannot be read, each with a sentence.
 * Changes nothing.
 */
int schema_check(struct driver *db, const char *prefix, const char *database, struct buf *error);

/* Takes the steps that are missing; TP_ERR_UNSUPPORTED for a version newer than `count`. */
int schema_migrate(struct driver *db, const char *prefix, const struct schema_step *steps, size_t count,
                   struct buf *error);
