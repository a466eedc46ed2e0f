/* SPDX-License-Identifier: MIT */
/* Logins with a password, where a frontend is the person's server: the legacy network decides. */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/drain.h"
#include "transport/frontend.h"
#include "transport/people/account.h"
#include "transport/people/ban.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/transport.h"

enum phase {
	PHASE_STORE,    /* the account is looked up or made */
	PHASE_LOGIN,    /* user->authentication is this */
	PHASE_ACCEPTED, /* answered; somebody has to attach before the deadline */
};

struct authentication {
	struct frontend *frontend;
	char *address;
	char *key; /* of the account */
	char *legacy_name;
	char *password;
	uint64_t serial; /* answers of the store to an older attempt are none to this one */
	enum phase phase;
	bool created; /* the account is not older than this attempt */
	uint64_t deadline_ms;
};

struct attempt { /* travels through the store */
	struct transport *transport;
	char *key;
	uint64_t serial;
};

static char *authentication_key(const struct frontend *frontend, const char *address)
{
	return mem_printf("%s %s", frontend->ops->name, address);
}

static void authentication_free(struct authentication *authentication)
{
	mem_free(authentication->address);
	mem_free(authentication->key);
	mem_free(authentication->legacy_name);
	mem_free_secret(authentication->password);
	mem_free(authentication);
}

static struct authentication *take(struct transport *transport, const struct frontend *frontend,
				   const char *address)
{
	char *key = authentication_key(frontend, address);
	struct authentication *authentication = map_remove(transport->authentications, key);

	mem_free(key);
	return authentication;
}

static void answer(struct authentication *authentication, int error, const char *text)
{
	struct frontend *frontend = authentication->frontend;

	if (frontend->ops->authenticated)
		frontend->ops->authenticated(frontend, authentication->address, error, text);
}

/* Not accepted: out of the map, the account too if it was made for this. */
static void reject(struct transport *transport, struct authentication *authentication, int error,
		   const char *text)
{
	take(transport, authentication->frontend, authentication->address);
	if (authentication->created)
		store_remove_account(transport->store, authentication->key, NULL, NULL);
	answer(authentication, error, text);
	authentication_free(authentication);
}

static void accept_login(struct authentication *authentication)
{
	authentication->phase = PHASE_ACCEPTED;
	authentication->created = false;
	authentication->deadline_ms = clock_ms() + LIMIT_C2S_AUTH_SECONDS * 1000;
	answer(authentication, 0, NULL);
}

static void test_password(struct authentication *authentication, struct user *user)
{
	authentication->phase = PHASE_LOGIN;
	user->authentication = authentication;
	mem_free_secret(user->authenticating);
	user->authenticating = mem_strdup(authentication->password);
	mem_replace(&user->legacy_name, authentication->legacy_name);
	if (user->state == USER_IDLE || user->state == USER_FAILED)
		user_login(user);
	else if (!text_equal_secret(authentication->password, user->password))
		user_relogin(user);
}

static bool login_proves_nothing(const struct transport *transport)
{
	return transport->features.password_unchecked || !account_needs_password(transport);
}

/* The password is the stored one, or the one that the dialogue under way began with. */
static bool password_is_known(const struct authentication *authentication, const struct user *user)
{
	if (user->admitted_new)
		return user->authenticating && text_equal_secret(authentication->password, user->authenticating);
	return text_equal_secret(authentication->password, user->password);
}

/* A later attempt inherits what an earlier one that was let in has begun. */
static void take_over(struct authentication *authentication, struct user *user)
{
	authentication->created = authentication->created || user->admitted_new;
	user->admitted = user->admitted_new = false;
}

static void authenticate(struct transport *transport, struct authentication *authentication,
			 struct user *user)
{
	bool matches = password_is_known(authentication, user);
	bool under_way = user->state != USER_IDLE && user->state != USER_FAILED;
	const char *text = NULL;

	if (!user_may_log_in(user, &text)) {
		reject(transport, authentication, TP_ERR_NOT_ALLOWED, text);
		user_release_if_unused(user);
		return;
	}
	if (matches && (user->state == USER_CONNECTED || (user->login_step && !user->authentication))) {
		user->admitted = user->state != USER_CONNECTED;
		accept_login(authentication);
		return;
	}
	text = drain_sentence(transport);
	if (text && user->state != USER_CONNECTED) {
		reject(transport, authentication, TP_ERR_NOT_ALLOWED, text);
		user_release_if_unused(user);
		return;
	}
	/* The network vouches for nobody, so the name is whoever's took it first. */
	if (login_proves_nothing(transport) && *user->password && !matches) {
		reject(transport, authentication, TP_ERR_AUTH, "Wrong password.");
		user_release_if_unused(user);
		return;
	}
	/* A session that is known to be good is not disturbed by somebody with another password. */
	if (user->state == USER_CONNECTED || (under_way && !matches && user_is_attended(user)) ||
	    user->authentication) {
		reject(transport, authentication, TP_ERR_AUTH, NULL);
		user_release_if_unused(user);
		return;
	}
	take_over(authentication, user);
	test_password(authentication, user);
}

static void attempt_free(struct attempt *attempt)
{
	mem_free(attempt->key);
	mem_free(attempt);
}

static void loaded(struct attempt *attempt, int err, const struct store_account *account)
{
	struct transport *transport = attempt->transport;
	struct authentication *authentication = map_get(transport->authentications, attempt->key);

	if (!authentication || authentication->serial != attempt->serial || transport->stopping)
		return;
	const char *ban = ban_sentence(transport, authentication->key);

	if (ban) {
		reject(transport, authentication, TP_ERR_NOT_ALLOWED, ban);
		return;
	}
	if (err || !account) {
		reject(transport, authentication, TP_ERR_STORE, "The account could not be read.");
		return;
	}
	struct user *user = user_find(transport, account->key);

	if (!user)
		user = user_create(transport, account);
	mem_replace(&authentication->key, user->key);
	authenticate(transport, authentication, user);
}

static void account_added(void *context, int err, const struct store_account *account)
{
	struct attempt *attempt = context;
	struct authentication *current = map_get(attempt->transport->authentications, attempt->key);

	if (!err) {
		/* A later attempt has taken over: the account is as new to that one. */
		if (current && current->phase == PHASE_STORE) {
			current->created = true;
			mem_replace(&current->key, account->key);
		} else if (!current && !attempt->transport->stopping) {
			store_remove_account(attempt->transport->store, account->key, NULL, NULL);
		}
	}
	loaded(attempt, err, account);
	attempt_free(attempt);
}

static void account_found(void *context, int err, const struct store_account *account)
{
	struct attempt *attempt = context;
	struct transport *transport = attempt->transport;
	struct authentication *current = map_get(transport->authentications, attempt->key);

	if (err == TP_ERR_NOT_FOUND && current && current->serial == attempt->serial &&
	    !transport->stopping && !ban_sentence(transport, current->key)) {
		/* The password is stored when it has proved good. */
		account_add(current->frontend, current->address, current->legacy_name, "", transport->service.language,
			    account_added, attempt);
		return;
	}
	loaded(attempt, err, account);
	attempt_free(attempt);
}

/* The user no longer tests a password. What waited for it; NULL. */
static struct authentication *unbind(struct user *user)
{
	struct authentication *authentication = user->authentication;

	user->authentication = NULL;
	mem_free_secret(user->authenticating);
	user->authenticating = NULL;
	return authentication;
}

static void cancel_login(struct transport *transport, struct authentication *authentication)
{
	struct user *user = user_find(transport, authentication->key);

	if (authentication->created)
		store_remove_account(transport->store, authentication->key, NULL, NULL);
	if (!user || user->authentication != authentication)
		return;
	unbind(user);
	/* The backend has a password that nobody has vouched for. */
	if (!user_is_attended(user) && !text_equal_secret(authentication->password, user->password))
		user_destroy(&user, NULL);
	else
		user_release_if_unused(user);
}

static void cancel(struct frontend *frontend, const char *address, int error)
{
	struct authentication *authentication = take(frontend->transport, frontend, address);

	if (!authentication)
		return;
	if (authentication->phase == PHASE_LOGIN)
		cancel_login(frontend->transport, authentication);
	if (error && authentication->phase != PHASE_ACCEPTED)
		answer(authentication, error, NULL);
	/* With an error another attempt follows at once: the session that was accepted waits for that one. */
	if (!error && authentication->phase == PHASE_ACCEPTED) {
		struct user *user = user_find(frontend->transport, authentication->key);

		if (user)
			user_release_if_unused(user);
	}
	authentication_free(authentication);
}

void session_authenticate_cancel(struct frontend *frontend, const char *address)
{
	cancel(frontend, address, 0);
}

void session_authenticate(struct frontend *frontend, const char *address, const char *legacy_name,
			  const char *password)
{
	struct transport *transport = frontend->transport;
	struct authentication *authentication = MEM_NEW(struct authentication);
	struct attempt *attempt = MEM_NEW(struct attempt);
	static uint64_t serial;

	cancel(frontend, address, TP_ERR_CLOSED);
	authentication->frontend = frontend;
	authentication->address = mem_strdup(address);
	authentication->key = account_key(frontend, address);
	authentication->legacy_name = mem_strdup(legacy_name);
	authentication->password = mem_strdup(password);
	authentication->serial = ++serial;
	attempt->transport = transport;
	attempt->key = authentication_key(frontend, address);
	attempt->serial = serial;
	map_put(transport->authentications, attempt->key, authentication);
	store_find_account(transport->store, frontend->ops->name, address, account_found, attempt);
}

static bool changes_account(const struct authentication *authentication, const struct user *user)
{
	return authentication->created || strcmp(authentication->password, user->password) != 0;
}

/* The network agrees with whom we let in. */
static void keep_admitted(struct user *user)
{
	if (user->admitted_new && user->authenticating) {
		mem_free_secret(user->password);
		user->password = user->authenticating;
		user->authenticating = NULL;
		store_change_account(user->transport->store, user->key, user->legacy_name, user->password, NULL, NULL,
				     NULL);
	}
	user->admitted = user->admitted_new = false;
}

void session_admission_drop(struct user *user)
{
	if (user->admitted_new)
		store_remove_account(user->transport->store, user->key, NULL, NULL);
	user->admitted = user->admitted_new = false;
}

bool session_authentication_asked(struct user *user, bool has_to_act)
{
	struct authentication *authentication = user->authentication;

	if (!authentication)
		return true;
	if (authentication->created || text_equal_secret(authentication->password, user->password)) {
		/* A password that is not stored yet stays in user->authenticating for each LOGIN of this dialogue. */
		user->authentication = NULL;
		user->admitted = true;
		user->admitted_new = authentication->created;
		if (!user->admitted_new) {
			mem_free_secret(user->authenticating);
			user->authenticating = NULL;
		}
		accept_login(authentication);
		return true;
	}
	if (!has_to_act)
		return true;
	user_end_login(user, "The network asks for more than a password, which can only be given to somebody who is "
			     "logged in: use the password of your last login here.");
	return false;
}

bool session_authentication_done(struct user *user, int error, const char *text)
{
	struct transport *transport = user->transport;
	struct authentication *authentication = user->authentication;

	if (!authentication) {
		if (!error)
			keep_admitted(user);
		return false;
	}
	unbind(user);
	if (!error) {
		if (changes_account(authentication, user)) {
			mem_free_secret(user->password);
			user->password = mem_strdup(authentication->password);
			store_change_account(transport->store, user->key, authentication->legacy_name,
					     authentication->password, NULL, NULL, NULL);
		}
		accept_login(authentication);
		return false;
	}
	reject(transport, authentication, error, text);
	if (user_is_attended(user))
		return false;
	user_destroy(&user, NULL);
	return true;
}

struct user *session_authenticated_user(struct frontend *frontend, const char *address)
{
	struct transport *transport = frontend->transport;
	char *key = authentication_key(frontend, address);
	const struct authentication *authentication = map_get(transport->authentications, key);
	struct user *user = NULL;

	mem_free(key);
	if (authentication && authentication->phase == PHASE_ACCEPTED)
		user = user_find(transport, authentication->key);
	return user && (user->state == USER_CONNECTED || user->admitted) ? user : NULL;
}

void session_authentication_drop(struct user *user)
{
	struct authentication *authentication = unbind(user);

	if (authentication)
		reject(user->transport, authentication, TP_ERR_CLOSED, NULL);
}

void session_expire(struct transport *transport, uint64_t now_ms)
{
	struct map_iter it = {0};

	while (map_next(transport->authentications, &it)) {
		struct authentication *authentication = it.value;

		if (authentication->phase != PHASE_ACCEPTED || authentication->deadline_ms > now_ms)
			continue;
		struct user *user = user_find(transport, authentication->key);

		map_remove(transport->authentications, it.key);
		authentication_free(authentication);
		if (user)
			user_release_if_unused(user);
	}
}

void session_authentication_forget_all(struct transport *transport)
{
	struct map_iter it = {0};

	while (map_next(transport->authentications, &it)) {
		struct authentication *authentication = it.value;

		map_remove(transport->authentications, it.key);
		authentication_free(authentication);
	}
}
