/* SPDX-License-Identifier: MIT */
#include "transport/command/command.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/admin/admin.h"
#include "transport/admin/admin_table.h"
#include "transport/command/command_private.h"
#include "transport/command/command_question.h"
#include "transport/frontend.h"
#include "transport/people/login_step.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/transport.h"

#define COMMAND_WORDS 16

static struct user *live_user(struct transport *transport, const struct frontend *frontend, const char *address)
{
	const struct identity *identity = session_find_identity(transport, frontend, address);

	return identity && identity->state == IDENTITY_READY ? identity->user : NULL;
}

const char *command_value(const struct command_call *call, const char *name)
{
	const char *value = map_get(call->values, name);

	return value ? value : "";
}

struct user *command_caller(const struct command_call *call)
{
	return live_user(call->transport, call->frontend, call->address);
}

struct resource *command_client(const struct command_call *call)
{
	const struct identity *identity = session_find_identity(call->transport, call->frontend, call->address);
	struct resource *own = identity ? session_find_resource(identity, call->resource) : NULL;

	if (own || !identity || list_empty(&identity->resources))
		return own;
	return CONTAINER_OF(identity->resources.next, struct resource, link);
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

static size_t lines_in(const char *text)
{
	size_t count = 1;

	while ((text = strchr(text, '\n'))) {
		count++;
		text++;
	}
	return count;
}

/* Servers cut off whoever sends them a message of any length, and with it everybody behind him. */
static void tell(command_done *done, void *context, int err, const char *text, bool admin)
{
	size_t length = text_cut(text, strlen(text), LIMIT_COMMAND_ANSWER_BYTES);
	struct buf answer = {0};

	if (!text[length]) {
		done(context, err, admin && !*text ? "(none)" : text);
		return;
	}
	if (*text == '{') {
		done(context, TP_ERR_LIMIT, "{\"error\":\"The answer is too long for a chat: ask with transportctl\"}");
		return;
	}
	size_t cut = length;

	while (cut > 0 && text[cut] != '\n')
		cut--;
	if (!cut)
		cut = length;
	buf_append(&answer, text, cut);
	buf_printf(&answer, "\n(%zu more lines are left out here.%s)",
		   lines_in(text + cut + (text[cut] == '\n')), admin ? " transportctl shows them all." : "");
	done(context, err, buf_text(&answer));
	buf_finish(&answer);
}

void command_reply(struct command_call *call, int err, const char *format, ...)
{
	struct buf text = {0};
	va_list args;

	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	tell(call->done, call->context, err, buf_text(&text), call->command && call->command->admin);
	buf_finish(&text);
	call_free(call);
}

struct command_call *command_call_create(struct transport *transport, struct frontend *frontend, const char *address,
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

void command_call_start(struct command_call *call, const struct command *command, bool asks)
{
	call->command = command;
	call->asks = asks;
	if (!command_allowed(call->transport, command, call->frontend, call->address)) {
		command_reply(call, TP_ERR_NOT_ALLOWED, "You may not do that.");
		return;
	}
	const char *closed = command->closed ? command->closed(call) : NULL;

	if (closed) {
		command_reply(call, TP_ERR_NOT_ALLOWED, "%s", closed);
		return;
	}
	const struct command_field *field = command_missing(call);

	if (field && asks && command->asks && command_question_ask(call, field, ""))
		return;
	/* What else is needed the command says itself. */
	if (field && field->required) {
		command_reply(call, TP_ERR_INVALID, "%s is missing: %s.", field->name, field->label);
		return;
	}
	command->run(call);
}

void command_run(struct transport *transport, struct frontend *frontend, const char *address, const char *resource,
		 const struct command *command, struct map *values, command_done *done, void *context)
{
	struct command_call *call = command_call_create(transport, frontend, address, resource, done, context);
	struct map_iter it = {0};

	while (values && map_next(values, &it))
		mem_free_secret(map_put(call->values, it.key, mem_strdup(it.value)));
	command_call_start(call, command, false);
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

	tell(call->done, call->context, text_starts(answer, "Error:") ? TP_ERR_INVALID : 0, answer, true);
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
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		if (command_allowed(transport, command, frontend, address))
			buf_printf(&text, "%s %s", i ? "," : "", command->name);
	buf_putc(&text, '.');
	done(context, TP_ERR_NOT_FOUND, buf_text(&text));
	buf_finish(&text);
}

/* The field that a word names, where this command takes such; *word is its value then. NULL: none. */
static const struct command_field *named_field(const struct command *command, const char **word)
{
	const char *value = command->takes_names ? strchr(*word, '=') : NULL;

	for (size_t i = 0; value && i < command->fields_count; i++) {
		const char *name = command->fields[i].name;

		if (!text_is_word(*word, (size_t)(value - *word), name))
			continue;
		*word = value + 1;
		return &command->fields[i];
	}
	return NULL;
}

/* "settings stay_connected on" names the field, other commands take their fields in order. */
static bool take_words(struct command_call *call, const struct command *command, char **words, int count)
{
	if (command->names_fields) {
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
	size_t next = 0;

	for (int i = 0; i < count; i++) {
		const char *value = words[i];
		const struct command_field *field = named_field(command, &value);

		if (!field && next == command->fields_count)
			return false;
		if (!field)
			field = &command->fields[next++];
		mem_free_secret(map_put(call->values, field->name, mem_strdup(value)));
	}
	return true;
}

static void explain_names(struct command_call *call, const struct command *command)
{
	const struct frontend_ops *ops = call->frontend->ops;
	struct buf names = {0};

	for (size_t i = 0; i < command->fields_count; i++) {
		const char *name = command->fields[i].name;

		if (!ops->setting_label || ops->setting_label(name))
			buf_printf(&names, "%s %s", names.len ? "," : "", name);
	}
	command_reply(call, TP_ERR_INVALID, "Say: %s NAME on, or: %s NAME off. Names are%s.", command->name, command->name,
		      buf_text(&names));
	buf_finish(&names);
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

	if (known)
		own = command_find(word);
	if (own && own->admin)
		own = NULL;
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
		      const char *resource, const char *line, bool asks, command_done *done, void *context)
{
	struct user *user = live_user(transport, frontend, address);

	if (user && take_answer(user, line, done, context))
		return;
	if (asks && command_question_answer(transport, frontend, address, resource, line, done, context))
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
	struct command_call *call = command_call_create(transport, frontend, address, resource, done, context);

	if (take_words(call, command, words + 1, count - 1))
		command_call_start(call, command, asks);
	else if (command->names_fields)
		explain_names(call, command);
	else
		command_reply(call, TP_ERR_INVALID, "I cannot make sense of that. Try: help");
	mem_free_secret(copy);
}

/* ----------------------------------------------------------------------------------------------- secrets */

#define NEAR_LETTERS 24

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to change, put in, take out or exchange with their neighbour: optimal string alignment. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[NEAR_LETTERS + 1][NEAR_LETTERS + 1];

	for (size_t i = 0; i <= a_length; i++)
		rows[i][0] = i;
	for (size_t k = 0; k <= b_length; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= a_length; i++)
		for (size_t k = 1; k <= b_length; k++) {
			size_t other = rows[i - 1][k - 1] + (a[i - 1] != b[k - 1]);

			rows[i][k] = least(other, least(rows[i - 1][k], rows[i][k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				rows[i][k] = least(rows[i][k], rows[i - 2][k - 2] + 1);
		}
	return rows[a_length][b_length];
}

bool command_is_nearly(const char *word, size_t length, const char *name)
{
	size_t wanted = strlen(name), allowed = wanted > 4 ? 2 : 1;

	if (length > NEAR_LETTERS || wanted > NEAR_LETTERS || length + allowed < wanted || wanted + allowed < length)
		return false;
	char *lower = mem_strndup(word, length);

	text_lower(lower);
	bool near = distance(lower, length, name, wanted) <= allowed;

	mem_free(lower);
	return near;
}

/* As if it were this command: whether what follows reaches a field that is secret. */
static bool reaches_secret(const struct command *command, char **words, int count)
{
	size_t next = 0;

	for (int i = 0; i < count; i++) {
		const char *value = words[i];
		const struct command_field *field = named_field(command, &value);

		if (!field && next < command->fields_count)
			field = &command->fields[next++];
		/* What is too much may be anything. */
		if (!field || field->type == FIELD_SECRET)
			return true;
	}
	return false;
}

static bool has_secret_field(const struct command *command)
{
	for (size_t i = 0; i < command->fields_count; i++)
		if (command->fields[i].type == FIELD_SECRET)
			return true;
	return false;
}

bool command_line_has_secret(const char *line)
{
	char *copy = mem_strdup(line), *words[COMMAND_WORDS];
	int count = split_words(copy, words);
	const struct command *command, *exact = count > 0 ? command_of_line(line) : NULL;
	/* Another word for it in chats (docs/matrix.md), which takes nothing by itself. */
	bool login = count > 2 && (!exact || !strcmp(exact->name, "login")) &&
		     command_is_nearly(words[0], strlen(words[0]), "login");
	bool found = login;

	if (count < 0) {
		/* A quote without its end: whatever it is, it is not to be read by others. */
		size_t start = strspn(line, " \t\n"), length = strcspn(line + start, " \t\n");

		for (size_t i = 0; !found && (command = command_at(i)); i++)
			found = has_secret_field(command) && command_is_nearly(line + start, length, command->name);
	}
	for (size_t i = 0; count > 1 && !found && (command = command_at(i)); i++) {
		bool meant = exact ? command == exact : command_is_nearly(words[0], strlen(words[0]), command->name);

		found = meant && has_secret_field(command) && reaches_secret(command, words + 1, count - 1);
	}
	mem_free_secret(copy);
	return found;
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
