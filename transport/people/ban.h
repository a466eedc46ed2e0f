/* SPDX-License-Identifier: MIT */
/*
 * Whom an administrator keeps out, by account key: no login, no registration, until unbanned. Kept in the
 * store and known here from the start on, so that asking costs a look into a map.
 */
#pragma once

#include <stdint.h>

#include "transport/store/store.h"

struct transport;

struct ban {
	char *reason;    /* "" none */
	char *sentence;  /* for the person */
	int64_t since_s; /* Unix seconds */
};

/* Asks the store; it answers before any account that is looked up later. */
void bans_load(struct transport *transport);
void bans_finish(struct transport *transport);

/* NULL: the account may be used. Else a sentence that says why not, good until the ban changes. */
const char *ban_sentence(const struct transport *transport, const char *key);

/* In force at once; `done` is called when the store has it, or with an error, and then it ends with this
 * process. `reason` may be "". Somebody who is logged in stays so: that is the caller's. */
void ban_put(struct transport *transport, const char *key, const char *reason, store_done *done,
             void *context);
/* TP_ERR_NOT_FOUND, at once and without `done` being called, if there is no such ban; else 0, and done
 * follows. */
int ban_remove(struct transport *transport, const char *key, store_done *done, void *context);
