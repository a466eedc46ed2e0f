/* SPDX-License-Identifier: MIT */
/*
 * One account, several addresses (identities): on Matrix and XMPP, say, with one session that is shown on all of them.
 * The person gets a code where the account is, and says it from the address that is to have it as well. Nothing is ever
 * merged: an address with an account of its own is refused until that one is unregistered.
 *
 * A code is good once, for LIMIT_LINK_CODE_SECONDS, and while this process lives; an account has one at a time. Whoever
 * says too many that are none may not try for a while. That an address belongs to an account is in the database before
 * anybody is told. Loop thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "transport/people/account.h"

struct buf;
struct frontend;
struct links;
struct store_account;
struct transport;

/* A new code for the account of this address, in a sentence; the one before is good no more. */
void link_begin(struct transport *transport, struct frontend *frontend, const char *address, account_done *done,
		void *context);
/* The address, which has no account, gets the one of the code; the account's other addresses are told.
 * TP_ERR_NOT_FOUND: no such code, TP_ERR_LIMIT: too many tries, TP_ERR_EXISTS: it has an account,
 * TP_ERR_NOT_ALLOWED: banned, or registration is not open to it. */
void link_use(struct transport *transport, struct frontend *frontend, const char *address, const char *code,
	      account_done *done, void *context);
/* `which`, an address of the same account, belongs to it no more; "": the one that says so. Never the last one
 * (TP_ERR_NOT_ALLOWED), nor one of a banned account. Its session ends, the account's goes on. */
void link_end(struct transport *transport, struct frontend *frontend, const char *address, const char *which,
	      account_done *done, void *context);
/* Whether a word looks like a code: three groups of four letters. */
bool link_is_code(const char *word);
/* The account's addresses in a line of their own, which begins with a newline. */
void link_put_addresses(struct buf *out, const struct store_account *account);

/* For transport.c: codes and tries that are over; everything with UINT64_MAX. */
void links_expire(struct transport *transport, uint64_t now_ms);
