/* SPDX-License-Identifier: MIT */
#include "transport/command/command_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/limits.h"
#include "transport/command/command_question.h"
#include "transport/frontend.h"
#include "transport/people/account.h"
#include "transport/people/ban.h"
#include "transport/people/link.h"
#include "transport/people/login_step.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/rooms/room_key.h"
#include "transport/routing/router.h"
#include "transport/transport.h"

void command_run_help(struct command_call *call)
{
	struct buf text = {0};
	const struct command *command;

	buf_puts(&text, "I understand:");
	for (size_t i = 0; (command = command_at(i)); i++) {
		if (!command_allowed(call->transport, command, call->frontend, call->address))
			continue;
		buf_printf(&text, "\n%s", command->name);
		for (size_t f = 0; f < command->fields_count; f++)
			buf_printf(&text, command->fields[f].required ? " <%s>" : " [%s]",
				   command->fields[f].name);
		buf_printf(&text, " - %s", command->help);
	}
	command_reply(call, 0, "%s", buf_text(&text));
	buf_finish(&text);
}

static void account_changed(void *context, int err, const char *text)
{
	command_reply(context, err, "%s", text && *text ? text : err ? tp_error_text(err) : "Done.");
}

/* Of whose address this is, or would be. NULL: none. */
static const char *ban_of_address(const struct command_call *call)
{
	char *key = account_key(call->frontend, call->address);
	const char *ban = ban_sentence(call->transport, key);

	mem_free(key);
	return ban;
}

const char *command_register_closed(const struct command_call *call)
{
	const char *ban = ban_of_address(call);

	if (ban)
		return ban;
	return account_is_open_to(call->transport, call->address) ? NULL : "Registration is not open to your server.";
}

void command_run_register(struct command_call *call)
{
	account_register(call->transport, call->frontend, call->address, command_value(call, "username"),
			 command_value(call, "password"), NULL, false, account_changed, call);
}

void command_run_link(struct command_call *call)
{
	const char *code = command_value(call, "code");

	if (*code)
		link_use(call->transport, call->frontend, call->address, code, account_changed, call);
	else
		link_begin(call->transport, call->frontend, call->address, account_changed, call);
}

void command_run_unlink(struct command_call *call)
{
	link_end(call->transport, call->frontend, call->address, command_value(call, "address"), account_changed, call);
}

/* A text whose last line will be the account's addresses, once they are read. */
struct telling {
	struct command_call *call;
	struct buf text;
};

static void found_addresses(void *context, int err, const struct store_account *account)
{
	struct telling *telling = context;

	if (!err && account)
		link_put_addresses(&telling->text, account);
	command_reply(telling->call, 0, "%s", buf_text(&telling->text));
	buf_finish(&telling->text);
	mem_free(telling);
}

/* `text` becomes ours. */
static void reply_with_addresses(struct command_call *call, struct buf *text)
{
	struct telling *telling = MEM_NEW(struct telling);

	telling->call = call;
	telling->text = *text;
	store_find_account(call->transport->store, call->frontend->ops->name, call->address, found_addresses, telling);
}

void command_run_unregister(struct command_call *call)
{
	account_unregister(call->transport, call->frontend, call->address, account_changed, call);
}

static const struct {
	const char *name;
	const char *label;
} setting_switches[] = {
	{"enable_transport", "Log in to the network when I come online"},
	{"send_headlines", "Deliver announcements (headlines) as well"},
	{"stay_connected", "Stay connected while I am offline"},
	{"display_name", "On Matrix: in rooms I am called as I am called there"},
	{"delivery", "On Matrix: what has arrived at a contact is marked"},
};

static bool setting_default(const struct transport *transport, const char *name)
{
	if (!strcmp(name, "send_headlines"))
		return transport->service.send_headlines;
	if (!strcmp(name, "stay_connected"))
		return transport->service.stay_connected;
	if (!strcmp(name, "display_name"))
		return transport->service.display_name;
	if (!strcmp(name, "delivery"))
		return transport->service.delivery;
	return true;
}

void command_prefill_settings(const struct command_call *call, struct map *values)
{
	struct user *user = command_caller(call);

	for (size_t i = 0; i < ARRAY_SIZE(setting_switches); i++) {
		const char *name = setting_switches[i].name;
		bool on = setting_default(call->transport, name);

		if (user)
			on = user_setting_bool(user, name, on);
		mem_free(map_put(values, name, mem_strdup(on ? "1" : "0")));
	}
}

static void write_setting(void *context, int err, const struct store_account *account)
{
	struct command_call *call = context;

	if (err) {
		command_reply(call, err == TP_ERR_NOT_FOUND ? TP_ERR_NOT_REGISTERED : err, "%s",
			      err == TP_ERR_NOT_FOUND ? "You are not registered here." : tp_error_text(err));
		return;
	}
	struct user *user = user_find(call->transport, account->key);
	bool enabled = true, was_enabled = true;

	for (size_t i = 0; i < ARRAY_SIZE(setting_switches); i++) {
		const char *name = setting_switches[i].name;
		bool on;

		if (!config_parse_bool(command_value(call, name), &on))
			continue;
		if (i == 0) {
			enabled = on;
			was_enabled = !user || user_setting_bool(user, name, true);
		}
		if (user)
			user_set_setting(user, name, on ? "1" : "0");
		else
			store_set_setting(call->transport->store, account->id, name, on ? "1" : "0", NULL, NULL);
	}
	if (user && enabled != was_enabled) {
		if (enabled)
			user_login(user);
		else
			user_logout(user);
	}
	command_reply(call, 0, "Settings saved.");
}

void command_run_settings(struct command_call *call)
{
	struct buf text = {0};
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(setting_switches); i++) {
		const char *value = command_value(call, setting_switches[i].name);
		bool on;

		if (!*value)
			continue;
		any = true;
		if (!config_parse_bool(value, &on)) {
			command_reply(call, TP_ERR_INVALID, "%s must be on or off.", setting_switches[i].name);
			return;
		}
	}
	if (any) {
		store_find_account(call->transport->store, call->frontend->ops->name, call->address, write_setting,
				   call);
		return;
	}
	struct map *now = map_create();

	command_prefill_settings(call, now);
	buf_puts(&text, "Your settings:");
	for (size_t i = 0; i < ARRAY_SIZE(setting_switches); i++) {
		const struct frontend_ops *ops = call->frontend->ops;
		const char *name = setting_switches[i].name, *value = map_get(now, name);
		const char *label = ops->setting_label ? ops->setting_label(name) : setting_switches[i].label;

		if (label)
			buf_printf(&text, "\n%s: %s (%s)", name, *value == '1' ? "on" : "off", label);
	}
	map_destroy(&now, mem_free);
	reply_with_addresses(call, &text);
}

/* Who is asked for an account comes online by nothing but a word. */
static const char *way_in(const struct command_call *call)
{
	return call->frontend->ops->accounts_on_request
		       ? "Say: login"
		       : "Come online; if you have no account yet, register first.";
}

void command_run_join(struct command_call *call)
{
	const char *room = command_value(call, "room");
	struct user *user = command_caller(call);

	if (!user) {
		command_reply(call, TP_ERR_NOT_CONNECTED, "You are not logged in. %s", way_in(call));
		return;
	}
	if (strlen(room) > LIMIT_NAME_BYTES) {
		command_reply(call, TP_ERR_INVALID, "That name is too long.");
		return;
	}
	const char *nickname = command_value(call, "nickname"), *password = command_value(call, "password");

	if (strlen(nickname) > LIMIT_NAME_BYTES || strlen(password) > LIMIT_NAME_BYTES || strpbrk(nickname, "\r\n") ||
	    strpbrk(password, "\r\n")) {
		command_reply(call, TP_ERR_INVALID, "That cannot be a nickname, or a password.");
		return;
	}
	if (call->frontend->ops->offer_room) {
		if (call->frontend->ops->shares_rooms)
			room_key_put(user, room, nickname, password);
		call->frontend->ops->offer_room(call->frontend, call->address, call->resource, room,
						*password ? password : NULL);
		command_reply(call, 0,
			      call->frontend->ops->tells_of_offers ? "I look for the place that %s has here."
								   : "I have invited you to %s.",
			      room);
		return;
	}
	struct resource *resource =
		session_find(call->transport, call->frontend, call->address, call->resource);
	const struct event join = {.type = EVENT_ROOM_JOIN,
				   .room = {.name = room, .nickname = *nickname ? nickname : user->legacy_name,
					    .password = *password ? password : NULL}};
	int err = resource ? router_from_frontend(resource, &join) : TP_ERR_NOT_CONNECTED;

	command_reply(call, err, err ? "Could not join %s: %s." : "Joining %s.", room, tp_error_text(err));
}

static const char *state_sentence(const struct user *user)
{
	switch (user->state) {
	case USER_IDLE:
		return "logged out";
	case USER_WAITING:
		return "waiting for a free place";
	case USER_CONNECTING:
		return "connecting";
	case USER_CONNECTED:
		return "connected";
	case USER_RETRYING:
		return "connection lost, trying again";
	case USER_FAILED:
		return "not connected";
	}
	return "unknown";
}

/* One on a line. */
static void put_rooms(struct buf *text, const struct user *user, const char *indent)
{
	struct map_iter it = {0};

	while (map_next(user->rooms, &it)) {
		const struct room *room = it.value;

		buf_printf(text, "\n%s%s as %s%s", indent, room->name, room->nickname,
			   room->state == ROOM_JOINED ? "" : " (not joined yet)");
	}
}

void command_run_status(struct command_call *call)
{
	const struct user *user = command_caller(call);
	struct buf text = {0};

	if (!user) {
		command_reply(call, 0, "You are not logged in. %s", way_in(call));
		return;
	}
	buf_printf(&text, "%s: %s", user->legacy_name, state_sentence(user));
	if (user->state != USER_CONNECTED && user->last_error_text && *user->last_error_text)
		buf_printf(&text, " (%s)", user->last_error_text);
	buf_printf(&text, "\ncontacts: %zu\nrooms: %zu", contacts_count(user->roster->contacts),
		   map_count(user->rooms));
	put_rooms(&text, user, "  ");
	reply_with_addresses(call, &text);
}

struct user *command_caller_for_login(struct command_call *call)
{
	struct user *user = command_caller(call);

	if (!user)
		command_reply(call, TP_ERR_NOT_CONNECTED, "You are not logged in. %s", way_in(call));
	return user;
}

/* At once, not when the login has begun. True: that was the answer. */
static bool refuse_kept_out(struct command_call *call, const char *key, bool vip)
{
	const char *text = user_kept_out(call->transport, key, vip);

	if (text)
		command_reply(call, TP_ERR_NOT_ALLOWED, "%s", *text ? text : "This account may not log in at the moment.");
	return text != NULL;
}

/* Who has no account is asked for what one needs, where he can be asked. */
static void begin_registration(struct command_call *call)
{
	const char *ban = ban_of_address(call);

	if (ban) {
		command_reply(call, TP_ERR_NOT_ALLOWED, "%s", ban);
		return;
	}
	if (!account_is_open_to(call->transport, call->address)) {
		command_reply(call, TP_ERR_NOT_ALLOWED,
			      "You have no account here, and registration is not open to your server.");
		return;
	}
	call->command = command_find("register");
	const struct command_field *field = call->asks ? command_missing(call) : NULL;

	if (!field || !command_question_ask(call, field, "You have no account here yet. "))
		command_reply(call, TP_ERR_NOT_REGISTERED, "You have no account here yet. Say: register <username>%s",
			      account_requires_password(call->transport, call->frontend) ? " <password>" : "");
}

/* Somebody who has logged out, and of whom no session was left. */
static void log_in_stored(struct command_call *call, const struct store_account *account)
{
	struct frontend *frontend = call->frontend;

	if (refuse_kept_out(call, account->key, account->vip))
		return;
	store_set_setting(call->transport->store, account->id, "enable_transport", "1", NULL, NULL);
	if (frontend->ops->probe)
		frontend->ops->probe(frontend, call->address);
	command_reply(call, 0, "You are being logged in.");
}

static void log_in(struct command_call *call, struct user *user);

static void found_to_log_in(void *context, int err, const struct store_account *account)
{
	struct command_call *call = context;
	struct user *user = command_caller(call);

	if (user)
		log_in(call, user);
	else if (err == TP_ERR_NOT_FOUND)
		begin_registration(call);
	else if (err)
		command_reply(call, err, "Your account could not be read.");
	else
		log_in_stored(call, account);
}

void command_run_login(struct command_call *call)
{
	struct user *user = command_caller(call);

	if (user)
		log_in(call, user);
	else
		store_find_account(call->transport->store, call->frontend->ops->name, call->address, found_to_log_in, call);
}

static void log_in(struct command_call *call, struct user *user)
{
	struct buf text = {0};
	struct event event;

	if (refuse_kept_out(call, user->key, user->vip))
		return;
	user_set_setting(user, "enable_transport", "1");
	bool again = login_step_begin_again(user);

	if (!again && (user->state == USER_IDLE || user->state == USER_FAILED))
		user_login(user);
	if (login_step_event(user, &event))
		login_step_describe(&text, &event.login_step, true);
	else if (user->state == USER_CONNECTED)
		buf_puts(&text, "You are logged in.");
	else if (user->state == USER_IDLE)
		buf_puts(&text, "This account may not log in at the moment.");
	else
		buf_puts(&text, "You are being logged in.");
	command_reply(call, user->state == USER_IDLE ? TP_ERR_NOT_ALLOWED : 0, "%s", buf_text(&text));
	buf_finish(&text);
}

void command_run_logout(struct command_call *call)
{
	struct user *user = command_caller_for_login(call);

	if (!user)
		return;
	user_set_setting(user, "enable_transport", "0");
	user_logout(user);
	command_reply(call, 0, "You are logged out until you say: login");
}

void command_run_rooms(struct command_call *call)
{
	const struct user *user = command_caller_for_login(call);
	struct buf text = {0};

	if (!user)
		return;
	buf_puts(&text, map_count(user->rooms) ? "Your rooms:" : "You are in no room.");
	put_rooms(&text, user, "");
	command_reply(call, 0, "%s", buf_text(&text));
	buf_finish(&text);
}

void command_run_answer(struct command_call *call)
{
	struct user *user = command_caller_for_login(call);
	struct buf problem = {0};

	if (!user)
		return;
	int err = login_step_answer(user, command_value(call, "answer"), &problem);

	command_reply(call, err, "%s", err ? buf_text(&problem) : "One moment, please.");
	buf_finish(&problem);
}

void command_run_cancel(struct command_call *call)
{
	struct user *user = command_caller_for_login(call);

	if (!user)
		return;
	bool ended = login_step_give_up(user);

	command_reply(call, ended ? 0 : TP_ERR_NOT_FOUND,
		      ended ? "The login is given up." : "There is no login that waits for you.");
}
