/* SPDX-License-Identifier: MIT */
/* What changes something. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/admin/admin_call.h"
#include "transport/drain.h"
#include "transport/frontend.h"
#include "transport/people/account.h"
#include "transport/people/ban.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/reload.h"
#include "transport/routing/watch.h"
#include "transport/transport.h"

static const char *sentence_of(int err, const char *text)
{
	return text && *text ? text : tp_error_text(err);
}

/* ------------------------------------------------------------------------------------------------ accounts
 */

static void registered(void *context, int err, const char *text)
{
	struct admin_call *call = context;

	if (err == 0)
		admin_answer(call, "User registered");
	else if (err == TP_ERR_EXISTS)
		admin_answer_error(call, "User is already registered");
	else
		admin_answer_error(call, "%s", sentence_of(err, text));
}

static void register_unless_found(void *context, int err, const struct store_account *account)
{
	struct admin_call *call = context;

	if (account || err != TP_ERR_NOT_FOUND) {
		registered(call, account ? TP_ERR_EXISTS : err, NULL);
		return;
	}
	account_register(call->transport, call->frontend, call->words[0], call->words[1],
	                 call->words[2], NULL, true, registered, call);
}

void admin_register(struct admin_call *call)
{
	admin_find_account(call, register_unless_found);
}

static void unregistered(void *context, int err, const char *text)
{
	struct admin_call *call = context;
	struct buf said = {0};

	if (err) {
		admin_answer_error(call, "%s", err == TP_ERR_NOT_REGISTERED ? "There is no such account" : sentence_of(err, text));
		return;
	}
	buf_printf(&said, "User '%s' unregistered.", call->words[0]);
	admin_answer_buf(call, &said);
}

/* By one of its addresses: what was named may be its key. */
static void found_to_unregister(void *context, int err, const struct store_account *account)
{
	struct admin_call *call = context;
	const struct store_identity *identity = account && account->identities_count ? account->identities : NULL;
	struct frontend *frontend = identity ? transport_frontend(call->transport, identity->frontend) : NULL;

	(void)err;
	if (frontend)
		account_unregister(call->transport, frontend, identity->address, unregistered, call);
	else
		account_unregister(call->transport, call->frontend, call->address, unregistered, call);
}

void admin_unregister(struct admin_call *call)
{
	admin_find_account(call, found_to_unregister);
}

/* ------------------------------------------------------------------------------------------ kick and ban */

static void throw_out(struct user *user, const char *sentence, bool for_good)
{
	log_info(&user->log, "logged out by an administrator");
	if (for_good)
		user_tell_kept_out(user, sentence);
	else
		user_notify(user, sentence);
	user_destroy(&user, sentence);
}

static void kick(struct admin_call *call, const char *key)
{
	struct user *user = user_find(call->transport, key);
	const char *reason = call->words[1];
	struct buf said = {0};

	if (!user) {
		admin_answer_error(call, "%s has no session", call->words[0]);
		return;
	}
	char *sentence = *reason ? mem_printf("You were logged out by an administrator: %s", reason)
	                         : mem_strdup("You were logged out by an administrator.");

	throw_out(user, sentence, false);
	mem_free(sentence);
	buf_printf(&said, "%s is logged out.", call->words[0]);
	admin_answer_buf(call, &said);
}

void admin_kick(struct admin_call *call)
{
	admin_find_key(call, kick);
}

static void ban_stored(void *context, int err)
{
	struct admin_call *call = context;
	struct buf said = {0};

	if (err) {
		admin_answer_error(call, "%s, but the ban could not be stored: it ends with this process",
		                   call->kept);
		return;
	}
	buf_printf(&said, "%s.", call->kept);
	admin_answer_buf(call, &said);
}

/* What cannot be read is banned by its own name at least. */
static void found_to_ban(void *context, int err, const struct store_account *account)
{
	struct admin_call *call = context;

	(void)err;
	char *key = admin_key_of(call, account);
	struct user *user = user_find(call->transport, key);

	call->kept = mem_printf("%s is banned%s", call->words[0], user ? " and logged out" : "");
	ban_put(call->transport, key, call->words[1], ban_stored, call);
	if (user)
		throw_out(user, ban_sentence(call->transport, key), true);
	mem_free(key);
}

void admin_ban(struct admin_call *call)
{
	admin_find_account(call, found_to_ban);
}

static void unban_stored(void *context, int err)
{
	struct admin_call *call = context;
	struct buf said = {0};

	/* Not found: it was never stored. */
	if (err && err != TP_ERR_NOT_FOUND) {
		admin_answer_error(
		        call,
		        "%s is no longer banned, but that could not be stored: the ban comes back with "
		        "the next process",
		        call->words[0]);
		return;
	}
	buf_printf(&said, "%s is no longer banned.", call->words[0]);
	admin_answer_buf(call, &said);
}

/* The address may have been linked since. */
static void found_to_unban(void *context, int err, const struct store_account *account)
{
	struct admin_call *call = context;

	(void)err;
	char *own = account_key(call->frontend, call->address), *key = admin_key_of(call, account);
	bool is_own = ban_sentence(call->transport, own) && !ban_sentence(call->transport, key);
	int problem = ban_remove(call->transport, is_own ? own : key, unban_stored, call);

	mem_free(own);
	mem_free(key);
	if (problem)
		admin_answer_error(call, "%s is not banned", call->words[0]);
}

void admin_unban(struct admin_call *call)
{
	admin_find_account(call, found_to_unban);
}

/* ------------------------------------------------------------------------------------------------ messages
 */

static void message_to_account(void *context, int err, const struct store_account *account)
{
	struct admin_call *call = context;
	size_t told = 0;

	for (size_t i = 0; account && i < account->identities_count; i++) {
		struct frontend *frontend =
		        transport_frontend(call->transport, account->identities[i].frontend);

		if (!frontend || !frontend->ops->notify || call->transport->stopping)
			continue;
		frontend->ops->notify(frontend, account->identities[i].address, call->words[1]);
		told++;
	}
	if (err)
		admin_answer_error(call, "%s",
		                   err == TP_ERR_NOT_FOUND ? "There is no such account" : tp_error_text(err));
	else if (!told)
		admin_answer_error(call, "There is no way to tell %s anything now", call->words[0]);
	else
		admin_answer(call, "Message sent.");
}

void admin_message(struct admin_call *call)
{
	admin_find_account(call, message_to_account);
}

void admin_broadcast(struct admin_call *call)
{
	struct map_iter it = {0};
	struct buf said = {0};
	size_t told = 0;

	while (map_next(call->transport->users, &it)) {
		if (!user_is_attended(it.value))
			continue;
		user_notify(it.value, call->words[0]);
		told++;
	}
	buf_printf(&said, "Message sent to %zu users.", told);
	admin_answer_buf(call, &said);
}

/* ----------------------------------------------------------------------------------- the instance as a whole
 */

static bool parse_seconds(const char *text, unsigned *seconds)
{
	char *end;

	if (!*text) {
		*seconds = 0;
		return true;
	}
	if (*text < '0' || *text > '9')
		return false;
	unsigned long number = strtoul(text, &end, 10);

	*seconds = (unsigned)number;
	return !*end && number <= LIMIT_DRAIN_SECONDS;
}

void admin_drain(struct admin_call *call)
{
	unsigned seconds;

	if (!parse_seconds(call->words[0], &seconds)) {
		admin_answer_error(call, "The first argument is a number of seconds, up to %d",
		                   LIMIT_DRAIN_SECONDS);
		return;
	}
	drain_start(call->transport, seconds, call->words[1]);
	admin_answer(call, "Maintenance has begun: nobody new is logged in.");
}

void admin_undrain(struct admin_call *call)
{
	if (drain_stop(call->transport))
		admin_answer(call, "Maintenance is over.");
	else
		admin_answer_error(call, "There is no maintenance now");
}

void admin_reload(struct admin_call *call)
{
	struct buf said = {0}, text = {0};

	if (transport_reload(call->transport, &said) < 0) {
		admin_answer_error(call, "Error during config reload\n%s", buf_text(&said));
	} else {
		buf_puts(&text, "Config reloaded");
		if (said.len)
			buf_printf(&text, "\n%s", buf_text(&said));
		admin_answer_buf(call, &text);
	}
	buf_finish(&said);
}

/* --------------------------------------------------------------------------------------------------- logs */

void admin_set_log_level(struct admin_call *call)
{
	if (log_level_parse(call->words[0], &log_threshold))
		admin_answer(call, log_level_name(log_threshold));
	else
		admin_answer_error(call, "A level is error, warning, info or debug");
}

static void put_log_level(struct admin_call *call, const char *key)
{
	enum log_level parsed;
	const char *wanted = call->words[1];
	int level = user_log_level(call->transport, key);
	bool good = true;

	if (!strcmp(wanted, "default"))
		level = -1;
	else if (*wanted && log_level_parse(wanted, &parsed))
		level = (int)parsed;
	else
		good = !*wanted;
	if (good && *wanted)
		user_set_log_level(call->transport, key, level);
	if (!good)
		admin_answer_error(call, "A level is error, warning, info, debug or default");
	else
		admin_answer(call, level < 0 ? "default" : log_level_name((enum log_level)level));
}

void admin_user_log_level(struct admin_call *call)
{
	admin_find_key(call, put_log_level);
}

static void follow(struct admin_call *call, const char *key)
{
	const struct admin_caller *caller = &call->caller;
	const struct user *user = user_find(call->transport, key);
	unsigned how = (call->bodies ? WATCH_BODIES : 0) | (call->json ? WATCH_JSON : 0);
	char *shown = admin_shown_person(call->transport, key);
	struct buf head = {0};

	log_info(&call->transport->log, "an administrator follows %s%s", log_quote(shown),
	         call->bodies ? ", with what is said" : "");
	if (call->json) {
		buf_puts(&head, "{\"following\":");
		json_put_string(&head, shown);
		buf_printf(&head, ",\"live\":%s}", user ? "true" : "false");
	} else {
		buf_puts(&head, "following ");
		text_show(&head, shown, strlen(shown), LIMIT_ADDRESS_BYTES);
		buf_puts(&head, user ? ", who is here" : ", who is not here now");
	}
	caller->line(caller->context, buf_text(&head));
	caller->following(caller->context,
	                  watch_start(call->transport, key, how, caller->line, caller->context));
	buf_finish(&head);
	mem_free(shown);
	admin_answer(call, NULL);
}

void admin_follow(struct admin_call *call)
{
	admin_find_key(call, follow);
}
