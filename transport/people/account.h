/* SPDX-License-Identifier: MIT */
/* Registering, changing and removing accounts: the same rules for every frontend, command and administrator. */
#pragma once

#include <stdbool.h>

#include "transport/store/store.h"

struct buf;
struct frontend;
struct transport;

/* For transport.c: compiles registration.allowed_usernames, also anew. 0, or TP_ERR_INVALID with a sentence,
 * and the former expression stays. */
int account_check(struct transport *transport, struct buf *error);
void account_finish(struct transport *transport);

/* err: 0; TP_ERR_NOT_ALLOWED (banned, closed registration, mask or expression does not match), TP_ERR_INVALID
 * (missing user name or needed password), TP_ERR_EXISTS, TP_ERR_NOT_REGISTERED, TP_ERR_STORE; `text` is a
 * sentence. */
typedef void account_done(void *context, int err, const char *text);

/*
 * Registers the address, or changes the login data of its account (a live session then logs in again). The
 * checks of spectrum's registration apply: allowed_servers when registration is not public, username_mask,
 * allowed_usernames, needed password, a name that somebody else has on a network without passwords.
 * `by_admin` skips allowed_servers. notify_jid is told.
 */
void account_register(struct transport *transport, struct frontend *frontend, const char *address,
		      const char *legacy_name, const char *password, const char *language, bool by_admin,
		      account_done *done, void *context);
/* Logs out and removes the account of the address, with all its data. Frontends are told (ops->registered). */
void account_unregister(struct transport *transport, struct frontend *frontend, const char *address,
			account_done *done, void *context);

/* What registration asks for: whether a password field is shown, and the texts. */
bool account_needs_password(const struct transport *transport);

/* And whether none is an error: where the network takes any, it is needed for nothing but our own door. */
bool account_requires_password(const struct transport *transport, const struct frontend *frontend);

/* The key that the first account of an address has: an XMPP bare JID is its own key. To be freed. */
char *account_key(const struct frontend *frontend, const char *address);
/* The address that such a key was made of, to be shown instead of it; the key itself if it is another one. To be
 * freed. */
char *account_key_address(const struct transport *transport, const char *key);
/* A new account with this one address. Its key is account_key's, or another one if an account has that which the
 * address does not belong to any more (link.h). As store_add_account. */
void account_add(struct frontend *frontend, const char *address, const char *legacy_name, const char *password,
		 const char *language, store_account_done *done, void *context);
/* Whether registration is open to people of its server. */
bool account_is_open_to(const struct transport *transport, const char *address);
