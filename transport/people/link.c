/* SPDX-License-Identifier: MIT */
#include "transport/people/link.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/frontend.h"
#include "transport/people/ban.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/transport.h"

#define CODE_LETTERS 12 /* of 32: nobody guesses that in ten minutes */
#define GROUP_LETTERS 4

struct code {
	char *account; /* key */
	uint64_t until_ms;
};

struct tries {
	unsigned wrong;
	uint64_t until_ms;
};

struct links {
	struct map *codes; /* the letters -> struct code */
	struct map *tries; /* frontend and address -> struct tries */
};

/* A request on its way through the store. */
struct linking {
	struct transport *transport;
	struct frontend *frontend;
	char *address;
	char *word; /* the letters of the code, or the address to be taken away */
	char *account; /* key */
	struct store_identity gone;
	account_done *done;
	void *context;
};

/* ------------------------------------------------------------------------------------------- codes, tries */

static void code_free(void *value)
{
	struct code *code = value;

	mem_free(code->account);
	mem_free(code);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
}

bool link_is_code(const char *word)
{
	size_t length = CODE_LETTERS + CODE_LETTERS / GROUP_LETTERS - 1;

	for (size_t i = 0; i < length; i++)
		if (i % (GROUP_LETTERS + 1) == GROUP_LETTERS ? word[i] != '-' : !is_letter(word[i]))
			return false;
	return !word[length];
}

/* The letters alone; to be freed. What is too long to be a code is cut. */
static char *letters_of(const char *word)
{
	struct buf letters = {0};

	for (const char *c = word; *c && letters.len <= CODE_LETTERS; c++)
		if (*c != '-')
			buf_putc(&letters, *c);
	char *code = mem_strdup(buf_text(&letters));

	text_lower(code);
	mem_free_secret(buf_take(&letters));
	return code;
}

static void put_code(struct buf *out, const char *letters)
{
	for (size_t i = 0; letters[i]; i++) {
		if (i && i % GROUP_LETTERS == 0)
			buf_putc(out, '-');
		buf_putc(out, letters[i]);
	}
}

static struct links *links_of(struct transport *transport)
{
	if (!transport->links)
		transport->links = MEM_NEW(struct links);
	return transport->links;
}

static void expire_codes(struct links *links, uint64_t now_ms, const char *account)
{
	struct map_iter it = {0};

	while (map_next(links->codes, &it)) {
		struct code *code = it.value;

		if (code->until_ms > now_ms && (!account || strcmp(code->account, account) != 0))
			continue;
		map_remove(links->codes, it.key);
		code_free(code);
	}
}

void links_expire(struct transport *transport, uint64_t now_ms)
{
	struct links *links = transport->links;
	struct map_iter it = {0};

	if (!links)
		return;
	expire_codes(links, now_ms, NULL);
	while (map_next(links->tries, &it)) {
		if (((struct tries *)it.value)->until_ms > now_ms)
			continue;
		struct tries *tries = map_remove(links->tries, it.key);

		mem_free(tries);
	}
	if (map_count(links->codes) || map_count(links->tries))
		return;
	map_destroy(&links->codes, NULL);
	map_destroy(&links->tries, NULL);
	MEM_FREE(transport->links);
}

static uint64_t window_end(void)
{
	return clock_ms() + LIMIT_LINK_CODE_SECONDS * 1000ull;
}

/* Where so many have tried, it is an attack, and nobody else may until it is over. */
static bool may_try(const struct linking *linking)
{
	struct links *links = links_of(linking->transport);
	struct text_key key;
	const struct tries *tries =
		map_get(links->tries, text_key_join(&key, linking->frontend->ops->name, linking->address));

	text_key_finish(&key);
	return tries ? tries->wrong < LIMIT_LINK_TRIES : map_count(links->tries) < LIMIT_LINK_TRIERS;
}

static void note_wrong(const struct linking *linking)
{
	struct links *links = links_of(linking->transport);
	struct text_key key;
	const char *who = text_key_join(&key, linking->frontend->ops->name, linking->address);
	struct tries *tries = map_get(links->tries, who);

	if (!tries) {
		tries = MEM_NEW(struct tries);
		tries->until_ms = window_end();
		map_set(&links->tries, who, tries);
	}
	tries->wrong++;
	text_key_finish(&key);
	log_info(&linking->frontend->log, "%s has said a code that links to no account", log_quote(linking->address));
}

static const struct code *find_code(const struct linking *linking)
{
	const struct code *code = map_get(links_of(linking->transport)->codes, linking->word);

	return code && code->until_ms > clock_ms() ? code : NULL;
}

/* ------------------------------------------------------------------------------------------------ requests */

static struct linking *linking_create(struct transport *transport, struct frontend *frontend, const char *address,
				      account_done *done, void *context)
{
	struct linking *linking = MEM_NEW(struct linking);

	linking->transport = transport;
	linking->frontend = frontend;
	linking->address = mem_strdup(address);
	linking->done = done;
	linking->context = context;
	return linking;
}

static void finish(struct linking *linking, int err, const char *text)
{
	linking->done(linking->context, err, text);
	mem_free(linking->address);
	mem_free_secret(linking->word);
	mem_free(linking->account);
	mem_free((char *)linking->gone.frontend);
	mem_free((char *)linking->gone.address);
	mem_free(linking);
}

/* False: there is no account to go on with, and the person is told. */
static bool has_account(struct linking *linking, int err, const struct store_account *account)
{
	const char *ban = account ? ban_sentence(linking->transport, account->key) : NULL;

	if (linking->transport->stopping)
		finish(linking, TP_ERR_CLOSED, "The gateway is being shut down.");
	else if (err == TP_ERR_NOT_FOUND)
		finish(linking, TP_ERR_NOT_REGISTERED, "You have no account here.");
	else if (err || !account)
		finish(linking, TP_ERR_STORE, "The account could not be read.");
	else if (ban)
		finish(linking, TP_ERR_NOT_ALLOWED, ban);
	else
		return true;
	return false;
}

void link_put_addresses(struct buf *out, const struct store_account *account)
{
	buf_puts(out, "\naddresses:");
	for (size_t i = 0; i < account->identities_count; i++)
		buf_printf(out, "%s %s (%s)", i ? "," : "", account->identities[i].address,
			   account->identities[i].frontend);
}

/* All addresses of the account but this one, also where it has no session now. */
static void tell_others(const struct linking *linking, const struct store_account *account, const char *text)
{
	for (size_t i = 0; i < account->identities_count; i++) {
		const struct store_identity *identity = &account->identities[i];
		struct frontend *frontend = transport_frontend(linking->transport, identity->frontend);
		bool own = frontend == linking->frontend && !strcmp(identity->address, linking->address);

		if (frontend && !own && frontend->ops->notify)
			frontend->ops->notify(frontend, identity->address, text);
	}
}

/* ------------------------------------------------------------------------------------------- getting a code */

static void found_to_begin(void *context, int err, const struct store_account *account)
{
	struct linking *linking = context;
	char letters[CODE_LETTERS + 1];
	struct buf text = {0};

	if (!has_account(linking, err, account))
		return;
	struct links *links = links_of(linking->transport);

	if (account->identities_count >= LIMIT_IDENTITIES_PER_ACCOUNT) {
		finish(linking, TP_ERR_LIMIT, "Your account has too many addresses. Take one away first: unlink ADDRESS");
		return;
	}
	expire_codes(links, clock_ms(), account->key);
	if (map_count(links->codes) >= LIMIT_LINK_CODES) {
		finish(linking, TP_ERR_LIMIT, "Too many people are linking addresses. Please try again in a few minutes.");
		return;
	}
	struct code *code = MEM_NEW(struct code);

	random_token(letters, CODE_LETTERS);
	code->account = mem_strdup(account->key);
	code->until_ms = window_end();
	map_set(&links->codes, letters, code);
	buf_puts(&text, "Say to the gateway from your other address, within ten minutes: link ");
	put_code(&text, letters);
	buf_puts(&text, "\nWhoever says that has your account as well: show it to nobody.");
	finish(linking, 0, buf_text(&text));
	mem_free_secret(buf_take(&text));
}

void link_begin(struct transport *transport, struct frontend *frontend, const char *address, account_done *done,
		void *context)
{
	struct linking *linking = linking_create(transport, frontend, address, done, context);

	store_find_account(transport->store, frontend->ops->name, address, found_to_begin, linking);
}

/* -------------------------------------------------------------------------------------------- using a code */

static const char no_such_code[] =
	"That code is not good, or not any more: it lasts ten minutes, and can be used once. Say \"link\" where you have your "
	"account for a new one.";

static void found_to_tell(void *context, int err, const struct store_account *account)
{
	struct linking *linking = context;
	struct frontend *frontend = linking->frontend;
	struct buf text = {0};

	if (!err && !linking->transport->stopping) {
		buf_printf(&text, "%s (%s) is an address of your account now. If that was not you, say: unlink %s",
			   linking->address, frontend->ops->name, linking->address);
		tell_others(linking, account, buf_text(&text));
		buf_clear(&text);
		if (frontend->ops->registered)
			frontend->ops->registered(frontend, linking->address, true);
	}
	log_info(&frontend->log, "%s is an address of %s now", log_quote(linking->address), log_quote(linking->account));
	buf_puts(&text, "This address belongs to your account now: what is said there is shown here as well.");
	if (!err)
		link_put_addresses(&text, account);
	finish(linking, 0, buf_text(&text));
	buf_finish(&text);
}

static void added(void *context, int err)
{
	struct linking *linking = context;

	if (err == TP_ERR_EXISTS)
		finish(linking, err, "This address has an account already.");
	else if (err)
		finish(linking, err, "That could not be stored. Please get another code.");
	else
		store_get_account(linking->transport->store, linking->account, found_to_tell, linking);
}

static void found_by_code(void *context, int err, const struct store_account *account)
{
	struct linking *linking = context;
	const struct code *code;

	if (err != TP_ERR_NOT_FOUND && !has_account(linking, err, account))
		return;
	code = find_code(linking);
	if (err || !code || strcmp(code->account, account->key) != 0) {
		finish(linking, TP_ERR_NOT_FOUND, no_such_code);
		return;
	}
	if (account->identities_count >= LIMIT_IDENTITIES_PER_ACCOUNT) {
		finish(linking, TP_ERR_LIMIT, "That account has too many addresses. Take one away there first: unlink ADDRESS");
		return;
	}
	/* Once: whoever comes second finds it gone. */
	struct code *used = map_remove(linking->transport->links->codes, linking->word);

	code_free(used);
	store_add_identity(linking->transport->store, account->id, linking->frontend->ops->name, linking->address,
			   added, linking);
}

static void refuse_own_account(struct linking *linking, const struct store_account *account)
{
	bool same = !strcmp(account->key, linking->account);
	char *text = same ? mem_strdup("This address belongs to that account already.")
			  : mem_printf("You have an account of your own here (%s), and two accounts cannot be made one. If you "
				       "do not need it any more, say \"unregister\", which removes it with all that is "
				       "stored of it, then the code again.",
				       account->legacy_name);

	finish(linking, TP_ERR_EXISTS, text);
	mem_free(text);
}

static void found_to_use(void *context, int err, const struct store_account *account)
{
	struct linking *linking = context;
	char *own_key = account_key(linking->frontend, linking->address);
	const char *ban = ban_sentence(linking->transport, own_key);
	const struct code *code = find_code(linking);

	mem_free(own_key);
	if (!code)
		finish(linking, TP_ERR_NOT_FOUND, no_such_code);
	else if (linking->transport->stopping)
		finish(linking, TP_ERR_CLOSED, "The gateway is being shut down.");
	else if (ban)
		finish(linking, TP_ERR_NOT_ALLOWED, ban);
	else if (err && err != TP_ERR_NOT_FOUND)
		finish(linking, TP_ERR_STORE, "The account could not be read.");
	else {
		linking->account = mem_strdup(code->account);
		if (account)
			refuse_own_account(linking, account);
		else
			store_get_account(linking->transport->store, code->account, found_by_code, linking);
	}
}

void link_use(struct transport *transport, struct frontend *frontend, const char *address, const char *word,
	      account_done *done, void *context)
{
	struct linking *linking = linking_create(transport, frontend, address, done, context);

	linking->word = letters_of(word);
	if (!may_try(linking)) {
		finish(linking, TP_ERR_LIMIT, "That were too many wrong codes. Please try again in ten minutes.");
	} else if (!find_code(linking)) {
		note_wrong(linking);
		finish(linking, TP_ERR_NOT_FOUND, no_such_code);
	} else if (!account_is_open_to(transport, address)) {
		finish(linking, TP_ERR_NOT_ALLOWED, "Registration is not open to your server.");
	} else {
		store_find_account(transport->store, frontend->ops->name, address, found_to_use, linking);
	}
}

/* --------------------------------------------------------------------------------------------- taking away */

static void removed(void *context, int err)
{
	struct linking *linking = context;
	struct transport *transport = linking->transport;
	struct frontend *frontend = transport_frontend(transport, linking->gone.frontend);
	struct identity *identity = frontend ? session_find_identity(transport, frontend, linking->gone.address) : NULL;

	if (err) {
		finish(linking, TP_ERR_STORE, "That could not be stored. Please try again.");
		return;
	}
	if (identity && identity->user && !transport->stopping)
		session_unlink(identity, "This address does not belong to the account any more.");
	if (frontend && frontend->ops->registered && !transport->stopping)
		frontend->ops->registered(frontend, linking->gone.address, false);
	log_info(&linking->frontend->log, "%s is an address of %s no more", log_quote(linking->gone.address),
		 log_quote(linking->account));
	char *text = mem_printf("%s (%s) is no address of the account any more.", linking->gone.address,
				linking->gone.frontend);

	finish(linking, 0, text);
	mem_free(text);
}

/* What a person has typed, as that frontend writes addresses. */
static bool is_meant(const struct linking *linking, const struct store_identity *identity)
{
	struct frontend *frontend = transport_frontend(linking->transport, identity->frontend);
	struct buf normal = {0};
	bool same = !strcmp(identity->address, linking->word);

	if (!same && frontend && frontend->ops->normalize && frontend->ops->normalize(frontend, linking->word, &normal))
		same = !strcmp(identity->address, buf_text(&normal));
	buf_finish(&normal);
	return same;
}

static void found_to_end(void *context, int err, const struct store_account *account)
{
	struct linking *linking = context;
	const struct store_identity *found = NULL;

	if (!has_account(linking, err, account))
		return;
	for (size_t i = 0; i < account->identities_count && !found; i++) {
		const struct store_identity *identity = &account->identities[i];
		bool own = !strcmp(identity->frontend, linking->frontend->ops->name) &&
			   !strcmp(identity->address, linking->address);

		if (linking->word ? is_meant(linking, identity) : own)
			found = identity;
	}
	if (!found) {
		struct buf text = {0};

		buf_puts(&text, "That is no address of your account.");
		link_put_addresses(&text, account);
		finish(linking, TP_ERR_NOT_FOUND, buf_text(&text));
		buf_finish(&text);
		return;
	}
	if (account->identities_count == 1) {
		finish(linking, TP_ERR_NOT_ALLOWED,
		       "That is the last address of your account. To remove the account, say: unregister");
		return;
	}
	linking->account = mem_strdup(account->key);
	linking->gone.frontend = mem_strdup(found->frontend);
	linking->gone.address = mem_strdup(found->address);
	store_remove_identity(linking->transport->store, found->frontend, found->address, removed, linking);
}

void link_end(struct transport *transport, struct frontend *frontend, const char *address, const char *which,
	      account_done *done, void *context)
{
	struct linking *linking = linking_create(transport, frontend, address, done, context);

	linking->word = *which ? mem_strdup(which) : NULL;
	store_find_account(transport->store, frontend->ops->name, address, found_to_end, linking);
}
