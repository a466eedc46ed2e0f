/* SPDX-License-Identifier: MIT */
/* The table itself: people's commands, and behind them the administrators'. */
#include "transport/command/command_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/admin/admin.h"
#include "transport/admin/admin_table.h"
#include "transport/frontend.h"
#include "transport/people/account.h"
#include "transport/transport.h"

static const struct command_field answer_fields[] = {
	{"answer", "Answer to what the network asks", FIELD_SECRET, true},
};

static const struct command_field register_fields[] = {
	{"username", "User name on the network", FIELD_TEXT, true},
	{"password", "Password on the network", FIELD_SECRET, false, account_requires_password},
};

static const struct command_field settings_fields[] = {
	{"enable_transport", "Log in to the network when I come online", FIELD_BOOL, false},
	{"send_headlines", "Deliver announcements (headlines) as well", FIELD_BOOL, false},
	{"stay_connected", "Stay connected while I am offline", FIELD_BOOL, false},
	{"display_name", "On Matrix: in rooms I am called as I am called there", FIELD_BOOL, false},
	{"delivery", "On Matrix: what has arrived at a contact is marked", FIELD_BOOL, false},
};

static const struct command_field join_fields[] = {
	{"room", "Room", FIELD_TEXT, true},
	{"nickname", "Nickname in the room", FIELD_TEXT, false},
	{"password", "Password of the room, if it has one", FIELD_SECRET, false},
};

static const struct command_field add_fields[] = {
	{"name", "Name on the network", FIELD_TEXT, true},
	{"alias", "What you call the contact", FIELD_TEXT, false},
};

static const struct command_field contact_fields[] = {
	{"name", "Name on the network", FIELD_TEXT, true},
};

static const struct command_field room_fields[] = {
	{"room", "Room", FIELD_TEXT, true},
};

static const struct command_field room_ban_fields[] = {
	{"room", "Room", FIELD_TEXT, true},
	{"ban", "Ban, as it is listed", FIELD_TEXT, true},
};

static const struct command_field link_fields[] = {
	{"code", "Code that you got where you have your account; none: get one", FIELD_TEXT, false},
};

static const struct command_field unlink_fields[] = {
	{"address", "Address that is to leave the account; none: this one", FIELD_TEXT, false},
};

static const struct command commands[] = {
	{"help", "Help", "what I can do for you", ROLE_ANYONE, NULL, 0, NULL, command_run_help},
	{"register", "Register", "register, or change your login data", ROLE_ANYONE, register_fields,
	 ARRAY_SIZE(register_fields), NULL, command_run_register, .asks = true, .closed = command_register_closed},
	{"unregister", "Unregister", "remove your registration and all that is stored of you", ROLE_REGISTERED, NULL,
	 0, NULL, command_run_unregister},
	{"link", "Link an address",
	 "use this account from another address as well: get a code here, and say link CODE there", ROLE_ANYONE, link_fields,
	 ARRAY_SIZE(link_fields), NULL, command_run_link},
	{"unlink", "Unlink an address", "take this address, or another one of yours, away from the account", ROLE_REGISTERED,
	 unlink_fields, ARRAY_SIZE(unlink_fields), NULL, command_run_unlink},
	{"settings", "Transport settings", "show or change your settings (on, off)", ROLE_REGISTERED,
	 settings_fields, ARRAY_SIZE(settings_fields), command_prefill_settings, command_run_settings,
	 .names_fields = true},
	{"join", "Join a room", "join a room of the network", ROLE_REGISTERED, join_fields, ARRAY_SIZE(join_fields),
	 NULL, command_run_join, .asks = true, .takes_names = true},
	{"status", "Status", "whether you are connected, and your rooms", ROLE_REGISTERED, NULL, 0, NULL,
	 command_run_status},
	{"login", "Log in", "log in to the network, step by step where it asks for more than a password",
	 ROLE_REGISTERED, NULL, 0, NULL, command_run_login, .dialogue = true},
	{"logout", "Log out", "end the session until you log in again", ROLE_REGISTERED, NULL, 0, NULL, command_run_logout},
	{"contacts", "Contacts", "list your contacts", ROLE_REGISTERED, NULL, 0, NULL, command_run_contacts},
	{"add", "Add a contact", "put somebody among your contacts, or give a contact another name", ROLE_REGISTERED,
	 add_fields, ARRAY_SIZE(add_fields), NULL, command_run_add, .asks = true},
	{"remove", "Remove a contact", "take somebody out of your contacts", ROLE_REGISTERED, contact_fields,
	 ARRAY_SIZE(contact_fields), NULL, command_run_remove, .asks = true},
	{"accept", "Accept a request", "let somebody see when you are there who has asked for it", ROLE_REGISTERED,
	 contact_fields, ARRAY_SIZE(contact_fields), NULL, command_run_accept, .asks = true},
	{"refuse", "Refuse a request", "do not let somebody see that", ROLE_REGISTERED, contact_fields,
	 ARRAY_SIZE(contact_fields), NULL, command_run_refuse, .asks = true},
	{"rooms", "Rooms", "list your rooms", ROLE_REGISTERED, NULL, 0, NULL, command_run_rooms},
	{"room-bans", "Bans of a room", "list who is banned from a room that you are in", ROLE_REGISTERED, room_fields,
	 ARRAY_SIZE(room_fields), NULL, command_run_room_bans, .asks = true},
	{"room-unban", "Take a ban back", "take back a ban of a room that you are in, as room-bans lists it", ROLE_REGISTERED,
	 room_ban_fields, ARRAY_SIZE(room_ban_fields), NULL, command_run_room_unban, .asks = true},
	{"answer", "Answer", "answer what the network asks during a login", ROLE_REGISTERED, answer_fields,
	 ARRAY_SIZE(answer_fields), NULL, command_run_answer},
	{"cancel", "Give up the login", "give up a login that waits for you", ROLE_REGISTERED, NULL, 0, NULL,
	 command_run_cancel},
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
		const char *value = command_value(call, command->fields[i].name);
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
