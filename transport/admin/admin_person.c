/* SPDX-License-Identifier: MIT */
/* Whom an administrator names: an address on whichever frontend, or the key of an account. */
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "transport/admin/admin_call.h"
#include "transport/frontend.h"
#include "transport/people/account.h"
#include "transport/people/ban.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/transport.h"

static void take(struct admin_call *call, struct frontend *frontend, char *address)
{
	mem_free(call->address);
	call->frontend = frontend;
	call->address = address;
	call->words[call->person] = address;
}

/* The next frontend that takes what was written for one of its addresses; NULL: the first. */
static bool take_next(struct admin_call *call, const struct frontend *after)
{
	struct buf address = {0};
	struct frontend *frontend = transport_frontend_of_address(call->transport, after, call->written, &address);

	if (frontend)
		take(call, frontend, buf_take(&address));
	buf_finish(&address);
	return frontend != NULL;
}

/* Of those frontends, that on which somebody has come from there; else the first. */
static bool take_best(struct admin_call *call)
{
	for (bool more = take_next(call, NULL); more; more = take_next(call, call->frontend))
		if (session_find_identity(call->transport, call->frontend, call->address))
			return true;
	return take_next(call, NULL);
}

static bool is_known_key(const struct admin_call *call)
{
	return user_find(call->transport, call->written) || ban_sentence(call->transport, call->written);
}

bool admin_name_person(struct admin_call *call, size_t word)
{
	call->person = word;
	call->written = call->words[word];
	if (take_best(call))
		return true;
	if (!is_known_key(call))
		return false;
	take(call, CONTAINER_OF(call->transport->frontends.next, struct frontend, link), mem_strdup(call->written));
	return true;
}

/* ------------------------------------------------------------------------------------------------ accounts */

static void looked(void *context, int err, const struct store_account *account);

static void look(struct admin_call *call)
{
	store_find_account(call->transport->store, call->frontend->ops->name, call->address, looked, call);
}

static void pass_on(void *context, int err, const struct store_account *account)
{
	struct admin_call *call = context;

	if (call->transport->stopping)
		admin_answer_error(call, "The gateway is being shut down");
	else
		call->found(call, err, account);
}

static void looked(void *context, int err, const struct store_account *account)
{
	struct admin_call *call = context;

	if (call->transport->stopping || account || err != TP_ERR_NOT_FOUND) {
		pass_on(call, err, account);
	} else if (take_next(call, call->frontend)) {
		look(call);
	} else {
		take_best(call);
		store_get_account(call->transport->store, call->written, pass_on, call);
	}
}

void admin_find_account(struct admin_call *call, store_account_done *found)
{
	call->found = found;
	look(call);
}

/* ---------------------------------------------------------------------------------------------------- keys */

/* Of somebody who is here; NULL. */
static const struct user *live_user(const struct admin_call *call)
{
	const struct identity *identity = session_find_identity(call->transport, call->frontend, call->address);

	return identity && identity->user ? identity->user : user_find(call->transport, call->written);
}

char *admin_key_of(const struct admin_call *call, const struct store_account *account)
{
	const struct user *user = live_user(call);

	if (account || user)
		return mem_strdup(account ? account->key : user->key);
	return ban_sentence(call->transport, call->written) ? mem_strdup(call->written)
							    : account_key(call->frontend, call->address);
}

static void found_key(void *context, int err, const struct store_account *account)
{
	struct admin_call *call = context;
	char *key = admin_key_of(call, account);

	(void)err; /* who cannot be read has at least a key of his own */
	call->with_key(call, key);
	mem_free(key);
}

void admin_find_key(struct admin_call *call, void (*with_key)(struct admin_call *call, const char *key))
{
	call->with_key = with_key;
	if (live_user(call))
		found_key(call, 0, NULL);
	else
		admin_find_account(call, found_key);
}

/* ---------------------------------------------------------------------------------------- as they are shown */

/* The first of somebody's addresses that `fits`; NULL: none, or he is not here. */
static const char *find_address(const struct transport *transport, const char *key,
				bool (*fits)(const char *address, const char *text), const char *text)
{
	const struct user *user = user_find(transport, key);

	if (!user)
		return NULL;
	LIST_EACH (link, &user->identities) {
		const char *address = CONTAINER_OF(link, struct identity, link)->address;

		if (fits(address, text))
			return address;
	}
	return NULL;
}

static bool is_same(const char *address, const char *text)
{
	return !strcmp(address, text);
}

static bool has_text(const char *address, const char *text)
{
	return strstr(address, text) != NULL;
}

char *admin_shown_person(const struct transport *transport, const char *key)
{
	char *address = account_key_address(transport, key);

	/* What the account began with may have left it. */
	if (!find_address(transport, key, is_same, address)) {
		const char *other = find_address(transport, key, has_text, "");

		if (other)
			mem_replace(&address, other);
	}
	return address;
}

bool admin_person_has(const struct transport *transport, const char *key, const char *text)
{
	char *address = account_key_address(transport, key);
	bool has = strstr(key, text) || strstr(address, text) || find_address(transport, key, has_text, text);

	mem_free(address);
	return has;
}
