/* SPDX-License-Identifier: MIT */
#include "transport/people/account.h"

#include <regex.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/frontend.h"
#include "transport/people/ban.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/router.h"
#include "transport/transport.h"

/* A registration or its end on its way through the store. */
struct change {
	struct transport *transport;
	struct frontend *frontend;
	char *address;
	char *legacy_name;
	char *password;
	char *language;
	bool by_admin;
	char *key;                         /* of the account, once known */
	struct store_identity *identities; /* unregistering: who is told */
	size_t identities_count;
	account_done *done;
	void *context;
};

static void replace_expression(struct transport *transport, regex_t *compiled)
{
	account_finish(transport);
	transport->allowed_usernames = compiled;
}

int account_check(struct transport *transport, struct buf *error)
{
	const char *pattern = transport->service.allowed_usernames;
	char reason[256];

	if (!*pattern) {
		replace_expression(transport, NULL);
		return 0;
	}
	char *whole = mem_printf("^(%s)$", pattern);
	regex_t *compiled = MEM_NEW(regex_t);
	int err = regcomp(compiled, whole, REG_EXTENDED | REG_NOSUB);

	mem_free(whole);
	if (!err) {
		replace_expression(transport, compiled);
		return 0;
	}
	regerror(err, compiled, reason, sizeof(reason));
	mem_free(compiled);
	buf_printf(error, "registration.allowed_usernames: %s\n", reason);
	return TP_ERR_INVALID;
}

void account_finish(struct transport *transport)
{
	if (!transport->allowed_usernames)
		return;
	regfree(transport->allowed_usernames);
	MEM_FREE(transport->allowed_usernames);
}

bool account_needs_password(const struct transport *transport)
{
	return transport->features.need_password;
}

bool account_requires_password(const struct transport *transport, const struct frontend *frontend)
{
	return account_needs_password(transport) && !(transport->features.password_unchecked && !frontend->authenticates);
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

/* Injective: everything but lower-case letters, digits and a few signs is written as =XX. The frontend's name ends with
 * the first "=3a", a serial number above 1 with the second. */
static char *escaped_key(const struct frontend *frontend, const char *address, unsigned serial)
{
	struct buf key = {0};

	buf_printf(&key, "%s=3a", frontend->ops->name);
	if (serial > 1)
		buf_printf(&key, "%u=3a", serial);
	for (const char *c = address; *c; c++) {
		if (is_plain(*c))
			buf_putc(&key, *c);
		else
			buf_printf(&key, "=%02x", (unsigned char)*c);
	}
	buf_printf(&key, "@%s", frontend->transport->service.jid);
	return buf_take(&key);
}

char *account_key(const struct frontend *frontend, const char *address)
{
	return strcmp(frontend->ops->name, "xmpp") != 0 ? escaped_key(frontend, address, 1) : mem_strdup(address);
}

/* What stands between the first `length` bytes' escapes; NULL: that is none of account_key's. */
static char *unescaped(const char *text, size_t length)
{
	struct buf out = {0};

	for (const char *c = text; c < text + length; c++) {
		int byte = *c == '=' && c + 2 < text + length ? text_hex_byte(c + 1) : (unsigned char)*c;

		if (byte <= 0) {
			buf_finish(&out);
			return NULL;
		}
		buf_putc(&out, (char)byte);
		c += *c == '=' ? 2 : 0;
	}
	return buf_take(&out);
}

char *account_key_address(const struct transport *transport, const char *key)
{
	const char *mark = strstr(key, "=3a"), *end = strchr(key, '@');
	char *found = NULL;

	LIST_EACH (link, &transport->frontends) {
		const struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (found || !mark || !end || end <= mark + 3 ||
		    !text_is_word(key, (size_t)(mark - key), frontend->ops->name))
			continue;
		char *address = unescaped(mark + 3, (size_t)(end - mark) - 3);
		/* "2:" is a serial number. */
		bool first = address && address[strspn(address, "0123456789")] != ':';
		char *again = first ? account_key(frontend, address) : NULL;

		if (again && !strcmp(again, key))
			found = mem_strdup(address);
		mem_free(again);
		mem_free(address);
	}
	return found ? found : mem_strdup(key);
}

/* ------------------------------------------------------------------------------------------- a new account */

struct adding {
	struct frontend *frontend;
	char *address, *legacy_name, *password, *language;
	unsigned serial; /* of the key */
	store_account_done *done;
	void *context;
};

static void adding_end(struct adding *adding, int err, const struct store_account *account)
{
	adding->done(adding->context, err, account);
	mem_free(adding->address);
	mem_free(adding->legacy_name);
	mem_free_secret(adding->password);
	mem_free(adding->language);
	mem_free(adding);
}

static void add_once(struct adding *adding);

/* An account of somebody who has this address no more may have its key still: then the next one. */
static void looked_for_owner(void *context, int err, const struct store_account *account)
{
	struct adding *adding = context;

	(void)account;
	if (err != TP_ERR_NOT_FOUND || adding->serial >= LIMIT_IDENTITIES_PER_ACCOUNT) {
		adding_end(adding, err && err != TP_ERR_NOT_FOUND ? err : TP_ERR_EXISTS, NULL);
		return;
	}
	adding->serial++;
	add_once(adding);
}

static void added_once(void *context, int err, const struct store_account *account)
{
	struct adding *adding = context;
	struct transport *transport = adding->frontend->transport;

	if (err == TP_ERR_EXISTS && !transport->stopping)
		store_find_account(transport->store, adding->frontend->ops->name, adding->address, looked_for_owner, adding);
	else
		adding_end(adding, err, account);
}

static void add_once(struct adding *adding)
{
	struct frontend *frontend = adding->frontend;
	char *key = adding->serial > 1 ? escaped_key(frontend, adding->address, adding->serial)
				       : account_key(frontend, adding->address);

	store_add_account(frontend->transport->store, key, frontend->ops->name, adding->address, adding->legacy_name,
			  adding->password, adding->language, added_once, adding);
	mem_free(key);
}

void account_add(struct frontend *frontend, const char *address, const char *legacy_name, const char *password,
		 const char *language, store_account_done *done, void *context)
{
	struct adding *adding = MEM_NEW(struct adding);

	adding->frontend = frontend;
	adding->address = mem_strdup(address);
	adding->legacy_name = mem_strdup(legacy_name);
	adding->password = mem_strdup(password);
	adding->language = mem_strdup(language);
	adding->serial = 1;
	adding->done = done;
	adding->context = context;
	add_once(adding);
}

static void change_free(struct change *change)
{
	for (size_t i = 0; i < change->identities_count; i++) {
		mem_free((char *)change->identities[i].frontend);
		mem_free((char *)change->identities[i].address);
	}
	mem_free(change->identities);
	mem_free(change->address);
	mem_free(change->legacy_name);
	mem_free_secret(change->password);
	mem_free(change->language);
	mem_free(change->key);
	mem_free(change);
}

static void finish(struct change *change, int err, const char *text)
{
	change->done(change->context, err, text);
	change_free(change);
}

static struct change *change_create(struct transport *transport, struct frontend *frontend,
				    const char *address, account_done *done, void *context)
{
	struct change *change = MEM_NEW(struct change);

	change->transport = transport;
	change->frontend = frontend;
	change->address = mem_strdup(address);
	change->done = done;
	change->context = context;
	return change;
}

static void notify_operators(const struct change *change, const char *what)
{
	const struct config_list *jids = &change->transport->service.notify_jid;
	char *text = mem_printf("%s: %s", what, change->address);

	log_info(&change->frontend->log, "%s: %s", what, log_quote(change->address));
	for (size_t i = 0; i < jids->count; i++) {
		struct buf address = {0};
		struct frontend *frontend = transport_frontend_of_address(change->transport, NULL, jids->items[i], &address);

		buf_finish(&address);
		if (!frontend)
			frontend = change->frontend;
		if (frontend->ops->notify)
			frontend->ops->notify(frontend, jids->items[i], text);
	}
	mem_free(text);
}

/* --------------------------------------------------------------------------------------------- the rules */

bool account_is_open_to(const struct transport *transport, const char *address)
{
	const struct config_list *servers = &transport->service.allowed_servers;
	/* alice@example.org on XMPP, @alice:example.org on Matrix */
	const char *at = *address == '@' ? strchr(address, ':') : strrchr(address, '@');
	const char *domain = at ? at + 1 : address;

	if (transport->service.public_registration)
		return true;
	for (size_t i = 0; i < servers->count; i++)
		if (text_equal_nocase(servers->items[i], domain))
			return true;
	return false;
}

/* registration.username_mask with every $username replaced. */
static char *apply_mask(const char *mask, const char *name)
{
	static const char variable[] = "$username";
	struct buf out = {0};

	if (!*mask)
		return mem_strdup(name);
	for (const char *found = strstr(mask, variable); found; found = strstr(mask, variable)) {
		buf_append(&out, mask, (size_t)(found - mask));
		buf_puts(&out, name);
		mask = found + strlen(variable);
	}
	buf_puts(&out, mask);
	return buf_take(&out);
}

static int check_name(const struct change *change, const char *name, const char **text)
{
	const struct transport *transport = change->transport;

	if (!change->by_admin && !account_is_open_to(transport, change->address)) {
		*text = "Registration is not open to your server.";
		return TP_ERR_NOT_ALLOWED;
	}
	if (!name || !*name) {
		*text = "A user name is needed.";
		return TP_ERR_INVALID;
	}
	/* Before the expression sees it. */
	if (strlen(name) > LIMIT_NAME_BYTES) {
		*text = "The user name is too long.";
		return TP_ERR_INVALID;
	}
	if (transport->allowed_usernames && regexec(transport->allowed_usernames, name, 0, NULL, 0) != 0) {
		*text = "This user name is not allowed here.";
		return TP_ERR_NOT_ALLOWED;
	}
	return 0;
}

static int check(const struct change *change, const char **text)
{
	if (strlen(change->legacy_name) > LIMIT_NAME_BYTES) {
		*text = "The user name is too long.";
		return TP_ERR_INVALID;
	}
	if (text_equal_nocase(change->legacy_name, change->address)) {
		*text = "The user name of the other network is needed, not your address here.";
		return TP_ERR_INVALID;
	}
	if (account_requires_password(change->transport, change->frontend) && !*change->password) {
		*text = "A password is needed.";
		return TP_ERR_INVALID;
	}
	return 0;
}

/* ------------------------------------------------------------------------------------------- registering */

static void tell_registered(const struct change *change)
{
	const struct frontend_ops *ops = change->frontend->ops;

	if (change->by_admin && ops->registered)
		ops->registered(change->frontend, change->address, true);
}

static void added(void *context, int err, const struct store_account *account)
{
	struct change *change = context;

	(void)account;
	if (err == TP_ERR_EXISTS) {
		finish(change, err, "This address is registered already.");
		return;
	}
	if (err) {
		finish(change, err, "The account could not be stored.");
		return;
	}
	notify_operators(change, "registered");
	tell_registered(change);
	finish(change, 0, "You are registered.");
}

static void changed(void *context, int err)
{
	struct change *change = context;
	struct user *user = user_find(change->transport, change->key);

	if (err) {
		finish(change, err, "The account could not be stored.");
		return;
	}
	if (user && !change->transport->stopping) {
		mem_replace(&user->legacy_name, change->legacy_name);
		mem_free_secret(user->password);
		user->password = mem_strdup(change->password);
		mem_replace(&user->language, change->language);
		user_relogin(user);
	}
	finish(change, 0, "Your registration was changed.");
}

static void write_account(struct change *change)
{
	struct store *store = change->transport->store;

	if (change->transport->stopping) {
		finish(change, TP_ERR_CLOSED, "The gateway is being shut down.");
		return;
	}
	if (change->key) {
		store_change_account(store, change->key, change->legacy_name, change->password,
				     change->language, changed, change);
		return;
	}
	account_add(change->frontend, change->address, change->legacy_name, change->password, change->language, added, change);
}

static void looked_for_name(void *context, int err)
{
	struct change *change = context;

	if (!err)
		finish(change, TP_ERR_EXISTS, "Somebody else has this user name.");
	else if (err == TP_ERR_NOT_FOUND)
		write_account(change);
	else
		finish(change, err, "The accounts could not be read.");
}

static void found_to_register(void *context, int err, const struct store_account *account)
{
	struct change *change = context;

	if (err && err != TP_ERR_NOT_FOUND) {
		finish(change, err, "The account could not be read.");
		return;
	}
	bool same_name = account && !strcmp(account->legacy_name, change->legacy_name);

	char *key = account ? mem_strdup(account->key) : account_key(change->frontend, change->address);
	const char *ban = ban_sentence(change->transport, key);

	if (account)
		change->key = key;
	else
		mem_free(key);
	if (ban) {
		finish(change, TP_ERR_NOT_ALLOWED, ban);
		return;
	}
	/* Where no password protects a name, the first one has it. */
	if (!account_needs_password(change->transport) && !same_name)
		store_legacy_name_taken(change->transport->store, change->legacy_name, looked_for_name,
					change);
	else
		write_account(change);
}

void account_register(struct transport *transport, struct frontend *frontend, const char *address,
		      const char *legacy_name, const char *password, const char *language, bool by_admin,
		      account_done *done, void *context)
{
	struct change *change = change_create(transport, frontend, address, done, context);
	const char *text = NULL;

	change->by_admin = by_admin;
	int err = check_name(change, legacy_name, &text);

	if (err) {
		finish(change, err, text);
		return;
	}
	change->legacy_name = apply_mask(transport->service.username_mask, legacy_name);
	change->password = mem_strdup(password ? password : "");
	change->language = mem_strdup(language && *language ? language : transport->service.language);
	err = check(change, &text);
	if (err) {
		finish(change, err, text);
		return;
	}
	store_find_account(transport->store, frontend->ops->name, address, found_to_register, change);
}

/* ------------------------------------------------------------------------------------------- unregistering
 */

/* Contacts vanish from people's lists, then the session ends. */
static void end_session(struct transport *transport, const struct store_account *account)
{
	struct user *user = user_find(transport, account->key);
	struct contacts_iter it = {0};

	if (!user)
		user = user_create(transport, account);
	for (size_t i = 0; i < account->identities_count; i++) {
		struct frontend *frontend = transport_frontend(transport, account->identities[i].frontend);

		if (frontend)
			session_adopt(frontend, account->identities[i].address, user);
	}
	while (contacts_next(user->roster->contacts, &it)) {
		const struct contact *contact = it.contact;
		struct event event;

		if (!contact->stored)
			continue;
		contact_to_event(contact, user, &event);
		event.type = EVENT_CONTACT_REMOVED;
		router_deliver(user, NULL, &event);
	}
	user_destroy(&user, "Your account was removed.");
}

static void removed(void *context, int err)
{
	struct change *change = context;
	struct user *user = user_find(change->transport, change->key);

	if (err) {
		finish(change, err, "The account could not be removed.");
		return;
	}
	/* Came back between the two steps. */
	if (user && !change->transport->stopping)
		user_destroy(&user, "Your account was removed.");
	for (size_t i = 0; i < change->identities_count; i++) {
		struct frontend *frontend =
			transport_frontend(change->transport, change->identities[i].frontend);

		if (frontend && frontend->ops->registered)
			frontend->ops->registered(frontend, change->identities[i].address, false);
	}
	notify_operators(change, "unregistered");
	finish(change, 0, "You are unregistered.");
}

static void found_to_unregister(void *context, int err, const struct store_account *account)
{
	struct change *change = context;

	if (err || !account || change->transport->stopping) {
		bool unknown = err == TP_ERR_NOT_FOUND;

		finish(change, unknown ? TP_ERR_NOT_REGISTERED : TP_ERR_STORE,
		       unknown ? "You are not registered." : "The account could not be read.");
		return;
	}
	change->key = mem_strdup(account->key);
	change->identities = mem_alloc((account->identities_count + 1) * sizeof(*change->identities));
	for (size_t i = 0; i < account->identities_count; i++) {
		change->identities[i].frontend = mem_strdup(account->identities[i].frontend);
		change->identities[i].address = mem_strdup(account->identities[i].address);
	}
	change->identities_count = account->identities_count;
	end_session(change->transport, account);
	store_remove_account(change->transport->store, change->key, removed, change);
}

void account_unregister(struct transport *transport, struct frontend *frontend, const char *address,
			account_done *done, void *context)
{
	struct change *change = change_create(transport, frontend, address, done, context);

	store_find_account(transport->store, frontend->ops->name, address, found_to_unregister, change);
}
