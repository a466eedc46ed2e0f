/* SPDX-License-Identifier: MIT */
/*
 * The account database: accounts, their identities, settings and contacts. Every call is answered later, on
 * the loop thread, in the order of the calls: requests go through one queue to the store thread, which owns
 * the database and may block. Queries are written once (store_accounts.c) over store/driver.h, which SQLite
 * implements and MariaDB and PostgreSQL will.
 *
 * Passwords are sealed (store/seal.h) before they leave the store thread for the disk.
 * Ownership: arguments are copied before the call returns; a result is lent to the callback only, but for the
 * contacts of an account, which it may keep.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "config/config.h"
#include "protocol/event.h"

struct contacts; /* transport/people/contacts.h */
struct seal;
struct store;

struct store_config {     /* keys of [database], and database.key_file */
	const char *type; /* none, sqlite3; mysql and pqxx are refused with a clear text for now */
	const char *database;
	const char *server, *user, *password;
	long port;
	const char *prefix;
	const char *connection_string;
	const char *encryption_key; /* Spectrum 2's; ignored with a warning: key_file replaces it */
	const char *key_file;      /* default: "key" in the folder of the database; made at first run, 0600 */
	const char *vip_statement; /* Spectrum 2's; refused with an error: vip is a column */
};
extern const struct config_table store_config_table;

struct store_contact {
	const char *name;  /* legacy name, unique per account */
	const char *alias; /* "" none */
	const char *const *groups;
	size_t groups_count;
	bool subscribed;       /* Spectrum: "both"; false: "ask" */
	int flags;             /* Spectrum's bits: 2 JID escaping, 4 ignore, 8 blocked */
	const char *icon_hash; /* "" none */
};

struct store_identity {
	const char *frontend; /* "xmpp", "matrix", "slack" */
	const char *address;
};

struct store_ban {
	const char *key;    /* users.jid of an account, which need not exist */
	const char *reason; /* "" none */
	int64_t since_s;    /* Unix seconds */
};

/* Where people meet a legacy room or a contact, on a frontend that has places of its own (Matrix rooms, Slack
 * channels). */
struct store_place {
	const char *place; /* the frontend's name for it, unique there */
	const char *kind;  /* the frontend's own words: "portal", "chat" ... */
	const char *owner; /* an address on that frontend; "": everybody's */
	const char *name;  /* legacy room or contact; "": none */
	const char *value; /* what else the frontend keeps of it; "" */
};

struct store_account {
	int64_t id;
	const char *key;         /* users.jid: never changes */
	const char *legacy_name; /* users.uin */
	const char *password;    /* in the clear, this once; "" none */
	const char *language;
	bool vip;
	bool online;
	const struct event_setting *settings; /* all of them; the core picks what a backend may see */
	size_t settings_count;
	const struct store_identity *identities;
	size_t identities_count;
	struct contacts **contacts; /* stored ones, offline; who keeps the set leaves NULL there */
};

/*
 * Opens (creating and migrating as needed) the database and starts the thread. Blocks: called at start only.
 * type "none" gives a store that keeps everything in memory for the life of the process. A Spectrum 2
 * database (it has db_version and no table of ours) is left untouched and refused: the text names the
 * importer that will come and how to use another file meanwhile. 0, or a negative error with a sentence in
 * *error.
 */
int store_open(struct store **store, uv_loop_t *loop, const struct store_config *config, struct buf *error);
/* The end is near: from now on nobody else's lock is waited for longer than LIMIT_STORE_CLOSE_SECONDS, by all requests
 * together; what cannot be written by then fails. */
void store_hurry(struct store *store);
/* In a hurry, see above. Waits for the queue to be done (callbacks are called, and may make further calls), closes.
 * *store becomes NULL. May be called from a callback. A handle stays with the loop until its next turn. */
void store_close(struct store **store);
size_t store_queued(const struct store *store); /* bytes of requests that wait for the store thread */

/* err: 0, TP_ERR_NOT_FOUND, TP_ERR_EXISTS or TP_ERR_STORE (logged by the store, with the cause; each kind of
 * failure once until writing works again). A request waits up to 30 s for a database that others have locked.
 * An account whose stored password does not open is TP_ERR_STORE too; store_change_account mends it. */
typedef void store_done(void *context, int err); /* may be NULL */
typedef void store_account_done(void *context, int err,
                                const struct store_account *account); /* NULL unless 0 */
/* `damaged`: how many more there are that do not open, as they were sealed with another key. */
typedef void store_values_done(void *context, int err, const struct event_value *values, size_t count,
                               size_t damaged);
typedef void store_keys_done(void *context, int err, const struct store_identity *identities, size_t count);

typedef void store_places_done(void *context, int err, const struct store_place *places, size_t count);
typedef void store_bans_done(void *context, int err, const struct store_ban *bans, size_t count);

/* The account that an address belongs to. */
void store_find_account(struct store *store, const char *frontend, const char *address,
                        store_account_done *done, void *context);
void store_get_account(struct store *store, const char *key, store_account_done *done, void *context);
/* A new account with one identity: TP_ERR_EXISTS if the key or the identity is taken. */
void store_add_account(struct store *store, const char *key, const char *frontend, const char *address,
                       const char *legacy_name, const char *password, const char *language,
                       store_account_done *done, void *context);
/* Changes login data; NULL keeps a field. */
void store_change_account(struct store *store, const char *key, const char *legacy_name, const char *password,
                          const char *language, store_done *done, void *context);
void store_remove_account(struct store *store, const char *key, store_done *done, void *context);
/* Whether some account uses this legacy name already: err is 0 or TP_ERR_NOT_FOUND. */
void store_legacy_name_taken(struct store *store, const char *legacy_name, store_done *done, void *context);
/* What the database keeps in memory for its next answers: given back when it has answered what was asked before. */
void store_give_memory_back(struct store *store);
void store_set_online(struct store *store, int64_t account, bool online); /* true also stamps last_login */
void store_set_setting(struct store *store, int64_t account, const char *name, const char *value,
                       store_done *done, void *context); /* value NULL removes */
void store_add_identity(struct store *store, int64_t account, const char *frontend, const char *address,
                        store_done *done, void *context);
/* TP_ERR_NOT_ALLOWED: an account keeps its last one. */
void store_remove_identity(struct store *store, const char *frontend, const char *address, store_done *done,
                           void *context);
/* What a backend keeps for the account with this key: the values of these names are set, or removed where `bytes` is
 * NULL; all of them or none. TP_ERR_LIMIT: too long, or too many (config/limits.h). Sealed, on the disk when it is
 * answered, gone with the account. */
void store_put_values(struct store *store, const char *key, const struct event_value *values, size_t count,
                      store_done *done, void *context);
/* All of them, by name; of an account that is not there none. */
void store_get_values(struct store *store, const char *key, store_values_done *done, void *context);
/* Inserts or replaces. What nobody waits for (contacts, the online flag, settings without a callback) is
 * gathered into one transaction for up to 100 ms, in order with all other calls; a power cut may take its
 * last moments. */
void store_put_contact(struct store *store, int64_t account, const struct store_contact *contact);
void store_remove_contact(struct store *store, int64_t account, const char *name);
/* Identities of accounts that were online when the last process ended (all: of every account), newest login
 * first. */
void store_list_identities(struct store *store, bool all, store_keys_done *done, void *context);
/* What secrets are sealed with (seal.h), for those that a frontend keeps in the value of a place. */
const struct seal *store_seal(const struct store *store);
/* Places of a frontend. put: inserts or replaces. */
void store_list_places(struct store *store, const char *frontend, store_places_done *done, void *context);
void store_put_place(struct store *store, const char *frontend, const struct store_place *place, store_done *done,
		     void *context);
void store_remove_place(struct store *store, const char *frontend, const char *place, store_done *done, void *context);
/* Who may not have an account (transport/people/ban.h). put: inserts or replaces, as of now. */
void store_list_bans(struct store *store, store_bans_done *done, void *context);
void store_put_ban(struct store *store, const char *key, const char *reason, store_done *done, void *context);
void store_remove_ban(struct store *store, const char *key, store_done *done, void *context);
