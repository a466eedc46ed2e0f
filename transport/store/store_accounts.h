/* SPDX-License-Identifier: MIT */
/*
 * The queries, written once for every database. Blocking; used by one thread at a time, inside a transaction
 * of the caller. Each returns 0, TP_ERR_NOT_FOUND, TP_ERR_EXISTS or TP_ERR_STORE; after the last two the
 * caller rolls back. What TP_ERR_STORE means is in `problem` if the data are at fault, else in the driver.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "transport/store/driver.h"
#include "transport/store/seal.h"
#include "transport/store/store.h"
#include "transport/store/stored_contacts.h"

#define ACCOUNTS_QUERIES 29
#define VALUES_QUERIES 5 /* store_values.h */

struct accounts {
	struct driver *db;       /* not owned */
	const struct seal *seal; /* not owned; needed where passwords are touched */
	char *sql[ACCOUNTS_QUERIES];
	char *values_sql[VALUES_QUERIES];
	struct buf problem; /* a sentence that names the account; empty: see the driver */
};

/* An account with all that belongs to it; zero-initialised is empty. */
struct account_result {
	struct store_account account;
	struct arena arena;
	struct event_setting *settings;
	struct store_identity *identities;
	struct stored_contacts contacts;
	char *password;
};
void account_result_finish(struct account_result *result); /* wipes the password */

struct identities_result {
	struct arena arena;
	struct store_identity *items;
	size_t count;
};
void identities_result_finish(struct identities_result *result);

struct bans_result {
	struct arena arena;
	struct store_ban *items;
	size_t count;
};
void bans_result_finish(struct bans_result *result);

struct places_result {
	struct arena arena;
	struct store_place *items;
	size_t count;
};
void places_result_finish(struct places_result *result);

void accounts_init(struct accounts *accounts, struct driver *db, const char *prefix);
void accounts_finish(struct accounts *accounts);

int accounts_find(struct accounts *accounts, const char *frontend, const char *address,
                  struct account_result *result);
int accounts_get(struct accounts *accounts, const char *key, struct account_result *result);
int accounts_add(struct accounts *accounts, const char *key, const char *frontend, const char *address,
                 const char *legacy_name, const char *password, const char *language,
                 struct account_result *result);
int accounts_change(struct accounts *accounts, const char *key, const char *legacy_name, const char *password,
                    const char *language);
int accounts_remove(struct accounts *accounts, const char *key);
int accounts_name_taken(struct accounts *accounts, const char *legacy_name);
int accounts_set_online(struct accounts *accounts, int64_t account, bool online);
int accounts_set_setting(struct accounts *accounts, int64_t account, const char *name, const char *value);
int accounts_add_identity(struct accounts *accounts, int64_t account, const char *frontend,
                          const char *address);
int accounts_remove_identity(struct accounts *accounts, const char *frontend, const char *address);
/* `groups`: joined by newlines. */
int accounts_put_contact(struct accounts *accounts, int64_t account, const char *name, const char *alias,
                         const char *groups, bool subscribed, int flags, const char *icon_hash);
int accounts_remove_contact(struct accounts *accounts, int64_t account, const char *name);
int accounts_list_identities(struct accounts *accounts, bool all, struct identities_result *result);
int accounts_list_bans(struct accounts *accounts, struct bans_result *result);
int accounts_put_ban(struct accounts *accounts, const char *key, const char *reason);
int accounts_remove_ban(struct accounts *accounts, const char *key);
int accounts_list_places(struct accounts *accounts, const char *frontend, struct places_result *result);
int accounts_put_place(struct accounts *accounts, const char *frontend, const char *place, const char *kind,
                       const char *owner, const char *name, const char *value);
int accounts_remove_place(struct accounts *accounts, const char *frontend, const char *place);
/* 0: some account has a sealed password or value. */
int accounts_any_sealed(struct accounts *accounts);
