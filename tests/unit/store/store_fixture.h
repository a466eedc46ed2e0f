/* SPDX-License-Identifier: MIT */
/* A folder of its own, a loop, and calls of the store that wait for their answer. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <uv.h>

#include "base/buf.h"
#include "transport/store/store.h"

struct fixture {
	char folder[64];
	char *database; /* FOLDER/data/db.sqlite; the folder "data" is for the store to make */
	char *key_file;
	struct store_config config;
	uv_loop_t loop;
	struct store *store;
	struct buf error;
	int saved_stderr;
};

struct answer {
	int err;
	int calls;
	int64_t id;
	bool vip, online;
	/* "key|legacy name|password|language", "a=b;", "xmpp:x@y;",
	 * "name|alias|g1,g2,|subscribed|flags|icon;" */
	struct buf account, settings, identities, contacts;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
#define FIXTURE_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

void fixture_open(struct fixture *fixture);    /* must work */
int fixture_try_open(struct fixture *fixture); /* the sentence is in fixture->error */
void fixture_close(struct fixture *fixture);
void fixture_run(struct fixture *fixture); /* until nothing is under way */

/* Log lines go to a file between the two; the text of them is returned, to be freed. */
void fixture_catch_log(struct fixture *fixture);
char *fixture_caught_log(struct fixture *fixture);
int count_of(const char *text, const char *part);

void answer_clear(struct answer *answer);
void on_done(void *answer, int err);
void on_account(void *answer, int err, const struct store_account *account);
void on_keys(void *answer, int err, const struct store_identity *identities, size_t count);

int add(struct fixture *fixture, const char *key, const char *legacy_name, const char *password, int64_t *id);
int find(struct fixture *fixture, const char *address, struct answer *answer); /* "xmpp" */

/* The file from outside, by SQLite's own interface. */
void sql(const char *database, const char *text);
int64_t sql_number(const char *database, const char *query);

char *read_whole(const char *path, size_t *length);
int count_files(const char *folder);
