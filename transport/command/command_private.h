/* SPDX-License-Identifier: MIT */
/* The command table from the inside: what its files share. command.c runs lines and forms, command_table.c has the
 * table, command_person.c and command_contact.c what people's own commands do. */
#pragma once

#include "transport/command/command.h"

struct resource;
struct user;

/* "" if the field was not filled in. */
const char *command_value(const struct command_call *call, const char *name);
/* The live user behind the caller; NULL. */
struct user *command_caller(const struct command_call *call);

/* The same; NULL, and the caller is told. */
struct user *command_caller_for_login(struct command_call *call);

/* The client that asks; a command as a form may come from one that has no presence here. NULL: there is none. */
struct resource *command_client(const struct command_call *call);

struct command_call *command_call_create(struct transport *transport, struct frontend *frontend, const char *address,
					 const char *resource, command_done *done, void *context);
/* The call's values are set. */
void command_call_start(struct command_call *call, const struct command *command, bool asks);

typedef void command_run_function(struct command_call *call);
command_run_function command_run_help, command_run_register, command_run_unregister, command_run_settings,
	command_run_join, command_run_status, command_run_login, command_run_logout, command_run_contacts,
	command_run_rooms, command_run_answer, command_run_cancel, command_run_link, command_run_unlink,
	command_run_add, command_run_remove, command_run_accept, command_run_refuse, command_run_room_bans,
	command_run_room_unban;
const char *command_register_closed(const struct command_call *call);
void command_prefill_settings(const struct command_call *call, struct map *values);
