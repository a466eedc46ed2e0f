/* SPDX-License-Identifier: MIT */
/* One call of the store on its way: made on the loop thread, carried out on the store thread, answered and
 * freed on the loop thread. */
#pragma once

#include "base/list.h"
#include "transport/store/store.h"
#include "transport/store/store_accounts.h"
#include "transport/store/store_values.h"

enum request_kind {
	REQUEST_FIND,
	REQUEST_GET,
	REQUEST_ADD,
	REQUEST_CHANGE,
	REQUEST_REMOVE,
	REQUEST_NAME_TAKEN,
	REQUEST_ONLINE,
	REQUEST_SETTING,
	REQUEST_ADD_IDENTITY,
	REQUEST_REMOVE_IDENTITY,
	REQUEST_PUT_CONTACT,
	REQUEST_REMOVE_CONTACT,
	REQUEST_LIST,
	REQUEST_LIST_BANS,
	REQUEST_PUT_BAN,
	REQUEST_REMOVE_BAN,
	REQUEST_PUT_VALUES,
	REQUEST_GET_VALUES,
	REQUEST_LIST_PLACES,
	REQUEST_PUT_PLACE,
	REQUEST_REMOVE_PLACE,
	REQUEST_GIVE_BACK,
};

struct request {
	struct list link;
	enum request_kind kind;
	enum driver_mode mode; /* DRIVER_WRITE: nobody waits for it, so it is gathered with others */
	bool refused;          /* the queue was full: answered in its turn, the database is not asked */
	uint64_t made;         /* clock_ms */
	size_t bytes;          /* what it counts against the queue's limit */

	/* copies of the arguments; NULL where the kind has none */
	char *key, *frontend, *address, *legacy_name, *password, *language;
	char *name, *value, *groups, *icon_hash; /* of a setting or contact; value: alias, reason of a ban too */
	char *kind_of_place; /* of a place, with frontend, key (the place), address (the owner), name, value */
	int64_t account;
	bool flag; /* online, subscribed, all */
	int flags;
	struct event_value *values;
	size_t values_count;

	void *context;
	store_done *done;
	store_account_done *account_done;
	store_keys_done *keys_done;
	store_bans_done *bans_done;
	store_values_done *values_done;
	store_places_done *places_done;

	int err;
	int problem_code; /* kind of failure, as numbered by the driver; 0: `problem` is about one account */
	char *problem;    /* what to log; NULL: nothing */
	struct account_result found;
	struct identities_result listed;
	struct bans_result bans;
	struct values_result kept;
	struct places_result places;
};

struct request *request_create(enum request_kind kind, enum driver_mode mode);
void request_destroy(struct request **request); /* wipes passwords */
bool request_has_callback(const struct request *request);
/* The queue is full: keeps only what is needed to answer. */
void request_refuse(struct request *request);

/* Carries it out, inside a transaction; the result of an earlier try is dropped. As in store_accounts.h. */
int request_execute(struct request *request, struct accounts *accounts);
void request_drop_result(struct request *request);
/* Calls the callback, if there is one. */
void request_answer(struct request *request);
