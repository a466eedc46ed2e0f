/* SPDX-License-Identifier: MIT */
/*
 * The command table: what a person can ask of the gateway. A frontend renders it in its own way (XMPP: ad-hoc
 * commands and chat with the gateway; Matrix: bot dialogue; Slack: slash command). One table, no copies:
 * administrators' commands (admin_table.h) are in it too, behind everybody's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"

struct buf;
struct frontend;
struct transport;

enum command_field_type { FIELD_TEXT, FIELD_SECRET, FIELD_BOOL, FIELD_ADDRESS };

struct command_field {
	const char *name;
	const char *label;
	enum command_field_type type;
	bool required;
	/* Or that says so; NULL. */
	bool (*needed)(const struct transport *transport, const struct frontend *frontend);
};

enum command_role { ROLE_ANYONE, ROLE_REGISTERED, ROLE_ADMIN };

struct admin_entry;
struct command_call;
struct command {
	const char *name;  /* "register": ad-hoc node, first word in a chat */
	const char *title; /* "Register": shown in lists */
	const char *help;
	enum command_role role;
	const struct command_field *fields;
	size_t fields_count;
	/* Fills *values (name -> char *) with what a form shows at first. NULL: nothing. */
	void (*prefill)(const struct command_call *call, struct map *values);
	/* Must end with command_reply, now or later. */
	void (*run)(struct command_call *call);
	const struct admin_entry *admin; /* what run_admin does; NULL for a person's own commands */
	/* It begins something that goes on in steps (login_step.h). A frontend that can shows them as one dialogue:
	 * runs it, then "answer" or "cancel" for each EVENT_LOGIN_STEP, until EVENT_SESSION says how it ended. These
	 * three commands reply at once. */
	bool dialogue;
	bool asks; /* in a chat it asks for what is missing (command_question.h) */
	/* Why the caller cannot have it whatever he says, before he is asked for anything; NULL: nothing. May be NULL. */
	const char *(*closed)(const struct command_call *call);
	bool takes_names; /* in a line "FIELD=VALUE" gives that field, in whatever place: "join #room password=secret" */
	bool names_fields; /* in a line each value has its field's name before it: "settings stay_connected on" */
};

/* A reply: err 0 or negative; text is what the person reads. */
typedef void command_done(void *context, int err, const char *text);

struct command_call {
	struct transport *transport;
	struct frontend *frontend;
	char *address;
	char *resource; /* of the client, "" if unknown: join puts this one into the room */
	const struct command *command;
	struct map *values; /* name -> char *; owned */
	bool asks;          /* the caller can be asked for what is missing (command_question.h) */
	command_done *done;
	void *context;
};

/* Commands in the order of the table; `role` decides which (an admin sees all). NULL after the last. */
const struct command *command_at(size_t index);
const struct command *command_find(const char *name);
bool command_allowed(const struct transport *transport, const struct command *command, const struct frontend *frontend,
		     const char *address);

/* Runs with form values (copied). Missing required fields and missing rights are answered as errors. */
void command_run(struct transport *transport, struct frontend *frontend, const char *address, const char *resource,
		 const struct command *command, struct map *values, command_done *done, void *context);
/* What the next line of this address will be taken as, whatever it looks like. */
struct command_asked {
	bool open;   /* an answer */
	bool secret; /* that nobody else should read */
	const struct command *command; /* whose field it is; NULL: a step of a login */
};
struct command_asked command_asked(struct transport *transport, const struct frontend *frontend, const char *address);

/* Runs a line as typed in a chat. `asks`: what the command lacks is asked for, and the next line is the answer; false
 * where others are, too. While a login waits for an answer the line is that answer (only "cancel" gives
 * the login up); the frontend keeps it out of logs. Else: first word the command, the others its fields in order
 * (quotes as in a shell). Unknown input is answered with help. Administrators may also use Spectrum's admin
 * commands (admin.h). */
void command_run_line(struct transport *transport, struct frontend *frontend, const char *address,
		      const char *resource, const char *line, bool asks, command_done *done, void *context);
/* Whether a line as typed has a secret in it, or is nearly one that has (a slip in the command's name): what should
 * not be left where it was said. */
bool command_line_has_secret(const char *line);
/* Whether somebody who wrote this word may have meant that name: a letter or two wrong, missing or in another place. */
bool command_is_nearly(const char *word, size_t length, const char *name);
/* Fills what a form shows at first; the caller destroys values with mem_free. */
void command_prefill(struct transport *transport, struct frontend *frontend, const char *address,
		     const struct command *command, struct map *values);
/* A word as it is written in a line: in quotes where it has to be. */
void command_put_word(struct buf *out, const char *word);
/* That a contact asks for something (AUTH_REQUEST), and what to say. */
void command_describe_request(struct buf *out, const char *contact);
void command_reply(struct command_call *call, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
