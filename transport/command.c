/* SPDX-License-Identifier: MIT */
#include "transport/command.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "config/limits.h"
#include "transport/account.h"
#include "transport/admin.h"
#include "transport/admin_table.h"
#include "transport/conversation.h"
#include "transport/frontend.h"
#include "transport/login_step.h"
#include "transport/room.h"
#include "transport/roster.h"
#include "transport/router.h"
#include "transport/session.h"
#include "transport/transport.h"
#include "transport/user.h"

#define COMMAND_WORDS 16

static const char *value_of(const struct command_call *call, const char *name)
{
	const char *value = map_get(call->values, name);

	return value ? value : "";
}

static struct user *live_user(struct transport *transport, const struct frontend *frontend, const char *address)
{
	const struct identity *identity = session_find_identity(transport, frontend, address);

	return identity && identity->state == IDENTITY_READY ? identity->user : NULL;
}

/* The live user behind the caller, or NULL. */
static struct user *caller(const struct command_call *call)
{
	return live_user(call->transport, call->frontend, call->address);
}

static void run_help(struct command_call *call)
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

static void run_register(struct command_call *call)
{
	account_register(call->transport, call->frontend, call->address, value_of(call, "username"),
			 value_of(call, "password"), NULL, false, account_changed, call);
}

static void run_unregister(struct command_call *call)
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
};

static bool setting_default(const struct transport *transport, const char *name)
{
	if (!strcmp(name, "send_headlines"))
		return transport->service.send_headlines;
	if (!strcmp(name, "stay_connected"))
		return transport->service.stay_connected;
	if (!strcmp(name, "display_name"))
		return transport->service.display_name;
	return true;
}

static void prefill_settings(const struct command_call *call, struct map *values)
{
	struct user *user = caller(call);

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

		if (!config_parse_bool(value_of(call, name), &on))
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

static void run_settings(struct command_call *call)
{
	struct buf text = {0};
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(setting_switches); i++) {
		const char *value = value_of(call, setting_switches[i].name);
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

	prefill_settings(call, now);
	buf_puts(&text, "Your settings:");
	for (size_t i = 0; i < ARRAY_SIZE(setting_switches); i++) {
		const char *value = map_get(now, setting_switches[i].name);

		buf_printf(&text, "\n%s: %s (%s)", setting_switches[i].name, *value == '1' ? "on" : "off",
			   setting_switches[i].label);
	}
	map_destroy(&now, mem_free);
	command_reply(call, 0, "%s", buf_text(&text));
	buf_finish(&text);
}

static void run_join(struct command_call *call)
{
	const char *room = value_of(call, "room");
	struct user *user = caller(call);

	if (!user) {
		command_reply(call, TP_ERR_NOT_CONNECTED, "You are not logged in: come online first.");
		return;
	}
	if (strlen(room) > LIMIT_NAME_BYTES) {
		command_reply(call, TP_ERR_INVALID, "That name is too long.");
		return;
	}
	if (call->frontend->ops->offer_room) {
		call->frontend->ops->offer_room(call->frontend, call->address, call->resource, room);
		command_reply(call, 0, "I have invited you to %s.", room);
		return;
	}
	const char *nickname = value_of(call, "nickname");
	struct resource *resource =
		session_find(call->transport, call->frontend, call->address, call->resource);
	const struct event join = {.type = EVENT_ROOM_JOIN,
				   .room = {.name = room, .nickname = *nickname ? nickname : user->legacy_name}};
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

static void run_status(struct command_call *call)
{
	const struct user *user = caller(call);
	struct buf text = {0};

	if (!user) {
		command_reply(call, 0, "You are not logged in.");
		return;
	}
	buf_printf(&text, "%s: %s", user->legacy_name, state_sentence(user));
	if (user->state != USER_CONNECTED && user->last_error_text && *user->last_error_text)
		buf_printf(&text, " (%s)", user->last_error_text);
	buf_printf(&text, "\ncontacts: %zu\nrooms: %zu", contacts_count(user->roster->contacts),
		   map_count(user->rooms));
	put_rooms(&text, user, "  ");
	command_reply(call, 0, "%s", buf_text(&text));
	buf_finish(&text);
}

/* The user of the caller; NULL, and the caller is told. */
static struct user *caller_for_login(struct command_call *call)
{
	struct user *user = caller(call);

	if (!user)
		command_reply(call, TP_ERR_NOT_CONNECTED, "You are not here: register if you have not yet, and come online.");
	return user;
}

static void run_login(struct command_call *call)
{
	struct user *user = caller_for_login(call);
	struct buf text = {0};
	struct event event;

	if (!user)
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

static void run_logout(struct command_call *call)
{
	struct user *user = caller_for_login(call);

	if (!user)
		return;
	user_set_setting(user, "enable_transport", "0");
	user_logout(user);
	command_reply(call, 0, "You are logged out until you say: login");
}

static void run_contacts(struct command_call *call)
{
	const struct user *user = caller_for_login(call);
	struct buf text = {0};
	struct contacts_iter contacts = {0};
	struct map_iter it = {0};
	bool others = false;

	if (!user)
		return;
	buf_puts(&text, contacts_count(user->roster->contacts) ? "Your contacts:" : "You have no contacts.");
	while (contacts_next(user->roster->contacts, &contacts)) {
		const struct contact *contact = contacts.contact;

		buf_printf(&text, "\n%s", contact->name);
		if (contact->alias && *contact->alias && strcmp(contact->alias, contact->name) != 0)
			buf_printf(&text, " (%s)", contact->alias);
		buf_puts(&text, contact->status == STATUS_OFFLINE ? "" : ": there");
	}
	while (map_next(user->conversations, &it)) {
		const struct conversation *conversation = it.value;

		if (roster_find(user->roster, conversation->contact))
			continue;
		buf_printf(&text, "%s\n%s", others ? "" : "\nYou talk with:", conversation->contact);
		others = true;
	}
	command_reply(call, 0, "%s", buf_text(&text));
	buf_finish(&text);
}

static void run_rooms(struct command_call *call)
{
	const struct user *user = caller_for_login(call);
	struct buf text = {0};

	if (!user)
		return;
	buf_puts(&text, map_count(user->rooms) ? "Your rooms:" : "You are in no room.");
	put_rooms(&text, user, "");
	command_reply(call, 0, "%s", buf_text(&text));
	buf_finish(&text);
}

static void run_answer(struct command_call *call)
{
	struct user *user = caller_for_login(call);
	struct buf problem = {0};

	if (!user)
		return;
	int err = login_step_answer(user, value_of(call, "answer"), &problem);

	command_reply(call, err, "%s", err ? buf_text(&problem) : "One moment, please.");
	buf_finish(&problem);
}

static void run_cancel(struct command_call *call)
{
	struct user *user = caller_for_login(call);

	if (!user)
		return;
	bool ended = login_step_give_up(user);

	command_reply(call, ended ? 0 : TP_ERR_NOT_FOUND,
		      ended ? "The login is given up." : "There is no login that waits for you.");
}

static const struct command_field answer_fields[] = {
	{"answer", "Answer to what the network asks", FIELD_SECRET, true},
};

static const struct command_field register_fields[] = {
	{"username", "User name on the network", FIELD_TEXT, true},
	{"password", "Password on the network", FIELD_SECRET, false},
};

static const struct command_field settings_fields[] = {
	{"enable_transport", "Log in to the network when I come online", FIELD_BOOL, false},
	{"send_headlines", "Deliver announcements (headlines) as well", FIELD_BOOL, false},
	{"stay_connected", "Stay connected while I am offline", FIELD_BOOL, false},
	{"display_name", "On Matrix: in rooms I am called as I am called there", FIELD_BOOL, false},
};

static const struct command_field join_fields[] = {
	{"room", "Room", FIELD_TEXT, true},
	{"nickname", "Nickname in the room", FIELD_TEXT, false},
};

static const struct command commands[] = {
	{"help", "Help", "what I can do for you", ROLE_ANYONE, NULL, 0, NULL, run_help},
	{"register", "Register", "register, or change your login data", ROLE_ANYONE, register_fields,
	 ARRAY_SIZE(register_fields), NULL, run_register},
	{"unregister", "Unregister", "remove your registration and all that is stored of you", ROLE_REGISTERED, NULL,
	 0, NULL, run_unregister},
	{"settings", "Transport settings", "show or change your settings (on, off)", ROLE_REGISTERED,
	 settings_fields, ARRAY_SIZE(settings_fields), prefill_settings, run_settings},
	{"join", "Join a room", "join a room of the network", ROLE_REGISTERED, join_fields, ARRAY_SIZE(join_fields),
	 NULL, run_join},
	{"status", "Status", "whether you are connected, and your rooms", ROLE_REGISTERED, NULL, 0, NULL,
	 run_status},
	{"login", "Log in", "log in to the network, step by step where it asks for more than a password",
	 ROLE_REGISTERED, NULL, 0, NULL, run_login, .dialogue = true},
	{"logout", "Log out", "end the session until you log in again", ROLE_REGISTERED, NULL, 0, NULL, run_logout},
	{"contacts", "Contacts", "list your contacts", ROLE_REGISTERED, NULL, 0, NULL, run_contacts},
	{"rooms", "Rooms", "list your rooms", ROLE_REGISTERED, NULL, 0, NULL, run_rooms},
	{"answer", "Answer", "answer what the network asks during a login", ROLE_REGISTERED, answer_fields,
	 ARRAY_SIZE(answer_fields), NULL, run_answer},
	{"cancel", "Give up the login", "give up a login that waits for you", ROLE_REGISTERED, NULL, 0, NULL,
	 run_cancel},
};

/* ------------------------------------------------------------------------------------ administrators'
 * commands */

static void admin_replied(void *context, const char *answer)
{
	command_reply(context, text_starts(answer, "Error:") ? TP_ERR_INVALID : 0, "%s", answer);
}

static void run_admin(struct command_call *call)
{
	const struct command *command = call->command;
	struct buf line = {0};

	/* Tabs part the words, so that a form's field may have spaces. */
	buf_printf(&line, "%s\t", command->admin->name);
	for (size_t i = 0; i < command->fields_count; i++) {
		const char *value = value_of(call, command->fields[i].name);
		size_t start = line.len + (i ? 1 : 0);

		buf_printf(&line, "%s%s", i ? "\t" : "", value);
		for (char *c = line.data + start; *c; c++)
			if (*c == '\t' || *c == '\n' || *c == '\r')
				*c = ' ';
	}
	admin_execute(call->transport, buf_text(&line), admin_replied, call);
	mem_free_secret(buf_take(&line));
}

/* What makes no sense in a form: lists for programs, numbers (status has them), and what does not end. */
static bool is_offered(const struct admin_entry *entry)
{
	static const enum admin_id left_out[] = {ADMIN_HELP, ADMIN_COMMANDS, ADMIN_VARIABLES, ADMIN_ARGS};

	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
		if (entry == &admin_table[left_out[i]])
			return false;
	return !entry->streams && (entry->kind == ADMIN_COMMAND || entry == &admin_table[ADMIN_STATUS]);
}

static enum command_field_type field_type(const struct admin_argument *argument)
{
	if (argument->kind == ADMIN_SECRET)
		return FIELD_SECRET;
	return argument->kind == ADMIN_USER ? FIELD_ADDRESS : FIELD_TEXT;
}

/* Where a person's own command has the name already. */
static const char *admin_name(const struct admin_entry *entry)
{
	static const struct {
		const char *own, *admin;
	} renamed[] = {{"register", "admin-register"},
	               {"unregister", "admin-unregister"},
	               {"rooms", "admin-rooms"},
	               {"status", "admin-status"}};

	for (size_t i = 0; i < ARRAY_SIZE(renamed); i++)
		if (!strcmp(renamed[i].own, entry->name))
			return renamed[i].admin;
	return entry->name;
}

static struct command admin_commands[ADMIN_COUNT];
static size_t admin_commands_count;

static void make_admin_commands(void)
{
	static struct command_field fields[ADMIN_COUNT][ADMIN_ARGUMENTS];

	for (size_t i = 0; i < ADMIN_COUNT; i++) {
		const struct admin_entry *entry = &admin_table[i];
		size_t count = entry->kind == ADMIN_COMMAND ? admin_arguments_count(entry, true) : 0;

		if (!is_offered(entry))
			continue;
		for (size_t f = 0; f < count; f++)
			fields[i][f] = (struct command_field){
			        entry->arguments[f].name, entry->arguments[f].label,
			        field_type(&entry->arguments[f]), !entry->arguments[f].optional};
		admin_commands[admin_commands_count++] = (struct command){.name = admin_name(entry),
		                                                          .title = entry->label,
		                                                          .help = entry->description,
		                                                          .role = ROLE_ADMIN,
		                                                          .fields = fields[i],
		                                                          .fields_count = count,
		                                                          .run = run_admin,
		                                                          .admin = entry};
	}
}

const struct command *command_at(size_t index)
{
	if (!admin_commands_count)
		make_admin_commands();
	if (index < ARRAY_SIZE(commands))
		return &commands[index];
	index -= ARRAY_SIZE(commands);
	return index < admin_commands_count ? &admin_commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

/* Whether somebody is registered is known to the store only; commands that need it answer for themselves, so that
 * this stays an answer at once. */
bool command_allowed(const struct transport *transport, const struct command *command, const struct frontend *frontend,
		     const char *address)
{
	return command->role != ROLE_ADMIN || transport_is_admin(transport, frontend->ops->name, address);
}

static void call_free(struct command_call *call)
{
	struct map_iter it = {0};

	while (map_next(call->values, &it))
		mem_free_secret(it.value);
	map_destroy(&call->values, NULL);
	mem_free(call->address);
	mem_free(call->resource);
	mem_free(call);
}

void command_reply(struct command_call *call, int err, const char *format, ...)
{
	struct buf text = {0};
	va_list args;

	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	call->done(call->context, err, buf_text(&text));
	buf_finish(&text);
	call_free(call);
}

static struct command_call *call_create(struct transport *transport, struct frontend *frontend, const char *address,
					const char *resource, command_done *done, void *context)
{
	struct command_call *call = MEM_NEW(struct command_call);

	call->transport = transport;
	call->frontend = frontend;
	call->address = mem_strdup(address);
	call->resource = mem_strdup(resource ? resource : "");
	call->values = map_create();
	call->done = done;
	call->context = context;
	return call;
}

static void call_start(struct command_call *call, const struct command *command)
{
	call->command = command;
	if (!command_allowed(call->transport, command, call->frontend, call->address)) {
		command_reply(call, TP_ERR_NOT_ALLOWED, "You may not do that.");
		return;
	}
	for (size_t i = 0; i < command->fields_count; i++) {
		const struct command_field *field = &command->fields[i];

		if (field->required && !*value_of(call, field->name)) {
			command_reply(call, TP_ERR_INVALID, "%s is missing: %s.", field->name, field->label);
			return;
		}
	}
	command->run(call);
}

void command_run(struct transport *transport, struct frontend *frontend, const char *address, const char *resource,
		 const struct command *command, struct map *values, command_done *done, void *context)
{
	struct command_call *call = call_create(transport, frontend, address, resource, done, context);
	struct map_iter it = {0};

	while (values && map_next(values, &it))
		mem_free_secret(map_put(call->values, it.key, mem_strdup(it.value)));
	call_start(call, command);
}

/* Splits in place: spaces part words, '…' and "…" keep them together, a backslash takes the next character as it is.
 * Returns the number of words, or -1 for a quote that does not end or too many words. */
static int split_words(char *line, char *words[COMMAND_WORDS])
{
	int count = 0;
	char *in = line, *out = line;

	for (;;) {
		while (*in == ' ' || *in == '\t' || *in == '\n')
			in++;
		if (!*in)
			return count;
		if (count == COMMAND_WORDS)
			return -1;
		words[count++] = out;
		char quote = 0;

		while (*in && (quote || !isspace((unsigned char)*in))) {
			if (*in == quote) {
				quote = 0;
				in++;
			} else if (!quote && (*in == '"' || *in == '\'')) {
				quote = *in++;
			} else {
				if (*in == '\\' && in[1])
					in++;
				*out++ = *in++;
			}
		}
		if (quote)
			return -1;
		if (*in)
			in++;
		*out++ = '\0';
	}
}

struct admin_call {
	command_done *done;
	void *context;
};

static void admin_answered(void *context, const char *answer)
{
	struct admin_call *call = context;

	call->done(call->context, text_starts(answer, "Error:") ? TP_ERR_INVALID : 0, answer);
	mem_free(call);
}

static void run_unknown(struct transport *transport, struct frontend *frontend, const char *address, const char *line,
			command_done *done, void *context)
{
	if (transport_is_admin(transport, frontend->ops->name, address)) {
		struct admin_call *admin = MEM_NEW(struct admin_call);

		*admin = (struct admin_call){done, context};
		admin_execute(transport, line, admin_answered, admin);
		return;
	}
	struct buf text = {0};

	buf_puts(&text, "I do not understand that. Try: help. I know");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (command_allowed(transport, &commands[i], frontend, address))
			buf_printf(&text, "%s %s", i ? "," : "", commands[i].name);
	buf_putc(&text, '.');
	done(context, TP_ERR_NOT_FOUND, buf_text(&text));
	buf_finish(&text);
}

/* "settings stay_connected on" names the field, other commands take their fields in order. */
static bool take_words(struct command_call *call, const struct command *command, char **words, int count)
{
	if (command->run == run_settings) {
		for (int i = 0; i + 1 < count; i += 2) {
			size_t f = 0;

			while (f < command->fields_count && strcmp(command->fields[f].name, words[i]) != 0)
				f++;
			if (f == command->fields_count)
				return false;
			mem_free(map_put(call->values, words[i], mem_strdup(words[i + 1])));
		}
		return count % 2 == 0;
	}
	if ((size_t)count > command->fields_count)
		return false;
	for (int i = 0; i < count; i++)
		mem_free_secret(map_put(call->values, command->fields[i].name, mem_strdup(words[i])));
	return true;
}

/* What an administrator writes is taken as in Spectrum 2, without quoting, if it begins with a name that is
 * known there. Where a person's own command has the name, an argument more than that one takes makes the
 * difference; `status` is the instance's. */
static bool is_admin_line(const char *line)
{
	char *copy = mem_strdup(line), *state = NULL;
	const char *word = strtok_r(copy, " \t\r\n", &state);
	const struct command *own = NULL;
	size_t arguments = 0;

	while (word && (text_starts(word, "--") || !strcmp(word, "get") || !strcmp(word, "set")))
		word = strtok_r(NULL, " \t\r\n", &state);
	bool known = word && admin_find(word);

	for (size_t i = 0; known && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, word))
			own = &commands[i];
	bool is_status = known && !strcmp(word, "status");

	while (strtok_r(NULL, " \t\r\n", &state))
		arguments++;
	mem_free_secret(copy);
	return known && (!own || is_status || arguments > own->fields_count);
}

static const struct command *command_of_line(const char *line)
{
	size_t start = strspn(line, " \t\n");
	char *word = mem_strndup(line + start, strcspn(line + start, " \t\n"));

	text_lower(word);
	const struct command *command = command_find(word);

	mem_free_secret(word);
	return command;
}

static bool is_only_word(const char *line, const char *word)
{
	size_t start = strspn(line, " \t\n"), length = strlen(word);
	char *first = mem_strndup(line + start, length);
	bool same = text_equal_nocase(first, word) && !line[start + length + strspn(line + start + length, " \t\n")];

	mem_free_secret(first);
	return same;
}

/* What is written while a login waits for an answer is that answer, whatever it looks like. True: it was taken. */
static bool take_answer(struct user *user, const char *line, command_done *done, void *context)
{
	struct buf problem = {0};
	int err;

	if (login_step_is_open(user) && !is_only_word(line, "cancel")) {
		err = login_step_answer(user, line, &problem);
		done(context, err, err ? buf_text(&problem) : "One moment, please.");
		buf_finish(&problem);
		return true;
	}
	/* It may be a secret that was meant for a question which is gone: nobody else gets it. */
	if (!user->question_lost || login_step_is_open(user) || command_of_line(line))
		return false;
	done(context, TP_ERR_NOT_FOUND,
	     user->state == USER_IDLE || user->state == USER_FAILED
		     ? "What was asked is not asked any more. Write \"login\" to begin anew."
		     : "The login was interrupted and begins anew: please wait until you are asked again.");
	return true;
}

void command_run_line(struct transport *transport, struct frontend *frontend, const char *address,
		      const char *resource, const char *line, command_done *done, void *context)
{
	struct user *user = live_user(transport, frontend, address);

	if (user && take_answer(user, line, done, context))
		return;
	if (transport_is_admin(transport, frontend->ops->name, address) && is_admin_line(line)) {
		run_unknown(transport, frontend, address, line, done, context);
		return;
	}
	char *copy = mem_strdup(line);
	char *words[COMMAND_WORDS];
	int count = split_words(copy, words);
	const struct command *command = NULL;

	if (count < 0) {
		done(context, TP_ERR_INVALID, "That has a quote without its end, or too many words. Try: help");
		mem_free_secret(copy);
		return;
	}
	if (count > 0) {
		text_lower(words[0]);
		command = command_find(words[0]);
	}
	/* What is for administrators does not exist for others. */
	if (command && !command_allowed(transport, command, frontend, address))
		command = NULL;
	if (!command) {
		run_unknown(transport, frontend, address, line, done, context);
		mem_free_secret(copy);
		return;
	}
	struct command_call *call = call_create(transport, frontend, address, resource, done, context);

	if (take_words(call, command, words + 1, count - 1))
		call_start(call, command);
	else
		command_reply(call, TP_ERR_INVALID, "I cannot make sense of that. Try: help");
	mem_free_secret(copy);
}

void command_prefill(struct transport *transport, struct frontend *frontend, const char *address,
		     const struct command *command, struct map *values)
{
	const struct command_call call = {.transport = transport,
					  .frontend = frontend,
					  .address = (char *)address,
					  .resource = (char *)"",
					  .command = command};

	if (command->prefill)
		command->prefill(&call, values);
}
