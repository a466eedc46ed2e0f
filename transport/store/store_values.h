/* SPDX-License-Identifier: MIT */
/* What backends keep for people: sealed, bounded. The rules of store_accounts.h hold; `key` is the account's.
 * */
#pragma once

#include "protocol/event.h"
#include "transport/store/store_accounts.h"

struct values_result {
	struct event_value *items; /* by key; owned */
	size_t count;
	size_t damaged; /* left out: they were sealed with another key, or for another row */
};
void values_result_finish(struct values_result *result); /* wipes */

/* A copy that is the caller's, to be freed with values_free, which wipes it. */
struct event_value *values_copy(const struct event_value *values, size_t count);
void values_free(struct event_value *values, size_t count);
size_t values_bytes(const struct event_value *values, size_t count); /* of keys and values */

void values_init(struct accounts *accounts, const char *prefix);
void values_finish(struct accounts *accounts);
/* All of them or none. TP_ERR_LIMIT: then the account would have more than limits.h allows, or one is too
 * long. */
int values_put(struct accounts *accounts, const char *key, const struct event_value *values, size_t count);
/* None is no error. */
int values_get(struct accounts *accounts, const char *key, struct values_result *result);
