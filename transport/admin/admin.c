/* SPDX-License-Identifier: MIT */
/* From a line to a command, and from its result to an answer. */
#include "transport/admin/admin.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/admin/admin_call.h"
#include "transport/frontend.h"
#include "transport/transport.h"

#define ERROR_PREFIX "Error: "
#define WIDTH_MAX 10000

/* ------------------------------------------------------------------------------------------------ answers */

static void finish(struct admin_call *call, const char *text)
{
	if (text)
		call->caller.done(call->caller.context, text);
	mem_free(call->address);
	mem_free(call->kept);
	mem_free_secret(call->line);
	mem_free(call);
}

/* {"command":NAME,"KEY": */
static void begin_object(const struct admin_call *call, const char *key, struct buf *out)
{
	buf_puts(out, "{\"command\":");
	json_put_string(out, call->entry->name);
	buf_printf(out, ",\"%s\":", key);
}

void admin_answer_json(struct admin_call *call, struct buf *object)
{
	finish(call, buf_text(object));
	buf_finish(object);
}

/* NULL: answered in another way. */
void admin_answer(struct admin_call *call, const char *text)
{
	struct buf object = {0};

	if (!text || !call->json) {
		finish(call, text);
		return;
	}
	begin_object(call, "answer", &object);
	json_put_string(&object, text);
	buf_putc(&object, '}');
	admin_answer_json(call, &object);
}

void admin_answer_buf(struct admin_call *call, struct buf *text)
{
	admin_answer(call, buf_text(text));
	buf_finish(text);
}

void admin_answer_number(struct admin_call *call, uint64_t number)
{
	struct buf text = {0};

	if (call->json)
		begin_object(call, "value", &text);
	buf_printf(&text, "%" PRIu64, number);
	if (call->json)
		buf_putc(&text, '}');
	admin_answer_json(call, &text);
}

void admin_answer_table(struct admin_call *call, struct table **table)
{
	struct buf text = {0};

	if (call->json) {
		begin_object(call, "rows", &text);
		table_print_json(*table, &text);
		buf_putc(&text, '}');
	} else {
		table_print(*table, call->width, &text);
	}
	table_destroy(table);
	admin_answer_json(call, &text);
}

void admin_answer_error(struct admin_call *call, const char *format, ...)
{
	struct buf text = {0}, whole = {0};
	va_list args;

	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	if (call->json) {
		buf_puts(&whole, "{\"error\":");
		json_put_string(&whole, buf_text(&text));
		buf_putc(&whole, '}');
	} else {
		buf_printf(&whole, ERROR_PREFIX "%s", buf_text(&text));
	}
	buf_finish(&text);
	admin_answer_json(call, &whole);
}

/* ------------------------------------------------------------------------------- what the table itself tells
 */

static void put_separated(struct buf *out, const char *separator)
{
	if (out->len)
		buf_puts(out, separator);
}

static void run_help(struct admin_call *call)
{
	static const char *const headings[] = {
	        [ADMIN_COMMAND] = "Commands:", [ADMIN_VARIABLE] = "Variables:"};
	struct buf text = {0};

	for (int kind = ADMIN_COMMAND; kind <= ADMIN_VARIABLE; kind++) {
		put_separated(&text, "\n");
		buf_puts(&text, headings[kind]);
		for (size_t i = 0; i < ADMIN_COUNT; i++) {
			const struct admin_entry *entry = &admin_table[i];

			if ((int)entry->kind != kind)
				continue;
			buf_printf(&text, "\n  %s", entry->name);
			admin_put_usage(&text, entry);
			buf_printf(&text, " - %s", entry->description);
		}
	}
	admin_answer_buf(call, &text);
}

/* The tokenizer of Spectrum 2's web interface splits at quotation marks. */
static void put_command(const struct admin_entry *entry, struct buf *text)
{
	buf_printf(text, "%s - \"%s\" Category: %s AccesMode: %s Context: %s Label: \"%s\"", entry->name,
	           entry->description, entry->category, entry->by_user ? "User" : "Admin",
	           entry->of_user ? "User" : "Global", entry->label);
}

static struct table *commands_table(void)
{
	static const struct table_column columns[] = {{"name", TABLE_TEXT},   {"category", TABLE_TEXT},
	                                              {"access", TABLE_TEXT}, {"context", TABLE_TEXT},
	                                              {"label", TABLE_TEXT},  {"description", TABLE_TEXT}};
	struct table *table = table_create(columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < ADMIN_COUNT; i++) {
		const struct admin_entry *entry = &admin_table[i];

		if (entry->kind != ADMIN_COMMAND)
			continue;
		table_put_text(table, entry->name);
		table_put_text(table, entry->category);
		table_put_text(table, entry->by_user ? "User" : "Admin");
		table_put_text(table, entry->of_user ? "User" : "Global");
		table_put_text(table, entry->label);
		table_put_text(table, entry->description);
	}
	return table;
}

static void run_commands(struct admin_call *call)
{
	struct buf text = {0};

	if (call->json) {
		struct table *table = commands_table();

		admin_answer_table(call, &table);
		return;
	}
	for (size_t i = 0; i < ADMIN_COUNT; i++) {
		if (admin_table[i].kind != ADMIN_COMMAND)
			continue;
		put_separated(&text, "\n");
		put_command(&admin_table[i], &text);
	}
	admin_answer_buf(call, &text);
}

static void put_variable(const struct admin_call *call, size_t id, struct buf *text)
{
	const struct admin_entry *entry = &admin_table[id];
	struct buf value = {0};

	admin_put_variable(call->transport, (enum admin_id)id, &value);
	buf_printf(text,
	           "%s - \"%s\" Value: \"%s\" Read-only: %s Category: %s AccesMode: Admin Context: Global",
	           entry->name, entry->description, buf_text(&value),
	           admin_arguments_count(entry, true) ? "false" : "true", entry->category);
	buf_finish(&value);
}

static struct table *variables_table(const struct admin_call *call)
{
	static const struct table_column columns[] = {{"name", TABLE_TEXT},
	                                              {"value", TABLE_TEXT},
	                                              {"category", TABLE_TEXT},
	                                              {"description", TABLE_TEXT}};
	struct table *table = table_create(columns, ARRAY_SIZE(columns));
	struct buf value = {0};

	for (size_t i = 0; i < ADMIN_COUNT; i++) {
		if (admin_table[i].kind != ADMIN_VARIABLE)
			continue;
		buf_clear(&value);
		admin_put_variable(call->transport, (enum admin_id)i, &value);
		table_put_text(table, admin_table[i].name);
		table_put_text(table, buf_text(&value));
		table_put_text(table, admin_table[i].category);
		table_put_text(table, admin_table[i].description);
	}
	buf_finish(&value);
	return table;
}

static void run_variables(struct admin_call *call)
{
	struct buf text = {0};

	if (call->json) {
		struct table *table = variables_table(call);

		admin_answer_table(call, &table);
		return;
	}
	for (size_t i = 0; i < ADMIN_COUNT; i++) {
		if (admin_table[i].kind != ADMIN_VARIABLE)
			continue;
		put_separated(&text, "\n");
		put_variable(call, i, &text);
	}
	admin_answer_buf(call, &text);
}

static struct table *args_table(const struct admin_entry *entry, size_t first)
{
	static const struct table_column columns[] = {
	        {"name", TABLE_TEXT}, {"label", TABLE_TEXT}, {"example", TABLE_TEXT}, {"type", TABLE_TEXT}};
	struct table *table = table_create(columns, ARRAY_SIZE(columns));

	for (size_t i = first; i < admin_arguments_count(entry, true); i++) {
		table_put_text(table, entry->arguments[i].name);
		table_put_text(table, entry->arguments[i].label);
		table_put_text(table, entry->arguments[i].example);
		table_put_text(table, entry->arguments[i].kind == ADMIN_SECRET ? "password" : "string");
	}
	return table;
}

static void run_args(struct admin_call *call)
{
	const struct admin_entry *entry = admin_find(call->words[0]);
	struct buf text = {0};

	if (!entry || entry->kind != ADMIN_COMMAND) {
		admin_answer_error(call, "Unknown command passed as an argument.");
		return;
	}
	size_t first = entry->of_user ? 1 : 0;

	if (call->json) {
		struct table *table = args_table(entry, first);

		admin_answer_table(call, &table);
		return;
	}
	for (size_t i = first; i < admin_arguments_count(entry, true); i++) {
		const struct admin_argument *argument = &entry->arguments[i];

		put_separated(&text, "\n");
		buf_printf(&text, "%s - \"%s\" Example: \"%s\" Type: \"%s\"", argument->name, argument->label,
		           argument->example, argument->kind == ADMIN_SECRET ? "password" : "string");
	}
	admin_answer_buf(call, &text);
}

/* ------------------------------------------------------------------------------------------ from line to
 * call */

/* Commands; NULL for variables. */
static void (*const runs[ADMIN_COUNT])(struct admin_call *call) = {
        [ADMIN_HELP] = run_help,
        [ADMIN_COMMANDS] = run_commands,
        [ADMIN_VARIABLES] = run_variables,
        [ADMIN_ARGS] = run_args,
        [ADMIN_RELOAD] = admin_reload,
        [ADMIN_RESTART] = admin_restart,
        [ADMIN_DRAIN] = admin_drain,
        [ADMIN_UNDRAIN] = admin_undrain,
        [ADMIN_USER_LOG_LEVEL] = admin_user_log_level,
        [ADMIN_FOLLOW] = admin_follow,
        [ADMIN_ONLINE_USERS] = admin_show_online_users,
        [ADMIN_HAS_ONLINE_USER] = admin_show_has_online_user,
        [ADMIN_USERS] = admin_show_users,
        [ADMIN_ROOMS] = admin_show_rooms,
        [ADMIN_REGISTER] = admin_register,
        [ADMIN_UNREGISTER] = admin_unregister,
        [ADMIN_KICK] = admin_kick,
        [ADMIN_BAN] = admin_ban,
        [ADMIN_UNBAN] = admin_unban,
        [ADMIN_BANS] = admin_show_bans,
        [ADMIN_MESSAGE] = admin_message,
        [ADMIN_BROADCAST] = admin_broadcast,
        [ADMIN_WORKSPACES] = admin_show_workspaces,
        [ADMIN_WORKSPACE_STOP] = admin_workspace_stop,
        [ADMIN_WORKSPACE_REMOVE] = admin_workspace_remove,
        [ADMIN_GET_OAUTH2_URL] = admin_get_oauth2_url,
        [ADMIN_SET_OAUTH2_CODE] = admin_set_oauth2_code,
        [ADMIN_LIST_ROOMS] = admin_list_rooms,
        [ADMIN_JOIN_ROOM] = admin_join_room,
        [ADMIN_LEAVE_ROOM] = admin_leave_room,
        [ADMIN_BACKENDS] = admin_show_backends,
        [ADMIN_FRONTENDS] = admin_show_frontends,
        [ADMIN_QUEUES] = admin_show_queues,
        [ADMIN_SPOOL] = admin_show_spool,
        [ADMIN_SPOOL_STATUS] = admin_show_spool_status,
        [ADMIN_SPOOL_RETRY] = admin_spool_retry,
        [ADMIN_SPOOL_BOUNCE] = admin_spool_bounce,
        [ADMIN_SPOOL_DROP] = admin_spool_drop,
};

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static void get(struct admin_call *call, enum admin_id id)
{
	struct buf value = {0}, object = {0};

	if (id == ADMIN_STATUS) {
		admin_show_status(call);
		return;
	}
	admin_put_variable(call->transport, id, &value);
	if (!call->json) {
		admin_answer_buf(call, &value);
		return;
	}
	begin_object(call, "value", &object);
	/* ids, one a line, are text however many there are */
	if (id != ADMIN_CRASHED_BACKENDS && is_number(buf_text(&value)))
		buf_puts(&object, buf_text(&value));
	else
		json_put_string(&object, buf_text(&value));
	buf_putc(&object, '}');
	buf_finish(&value);
	admin_answer_json(call, &object);
}

/* Words of a line, in place. */
struct reader {
	char *at;
	const char *separators;
	bool tabs;
};

static bool is_separator(const struct reader *reader, char c)
{
	return c && strchr(reader->separators, c);
}

/* With tabs a word may be empty. */
static char *next_word(struct reader *reader)
{
	while (!reader->tabs && is_separator(reader, *reader->at))
		reader->at++;
	if (!*reader->at)
		return NULL;
	char *word = reader->at;

	while (*reader->at && !is_separator(reader, *reader->at))
		reader->at++;
	if (*reader->at)
		*reader->at++ = '\0';
	return word;
}

static char *rest_of_line(struct reader *reader)
{
	char *rest = reader->at;

	for (char *c = rest; reader->tabs && *c; c++)
		if (*c == '\t')
			*c = ' ';
	while (!reader->tabs && is_separator(reader, *rest))
		rest++;
	reader->at += strlen(reader->at);
	return *rest ? rest : NULL;
}

static bool take_option(struct admin_call *call, const char *word)
{
	if (!strcmp(word, "--json")) {
		call->json = true;
	} else if (!strcmp(word, "--bodies")) {
		call->bodies = true;
	} else if (text_starts(word, "--width=") && is_number(word + 8)) {
		unsigned long width = strtoul(word + 8, NULL, 10);

		call->width = width > WIDTH_MAX ? WIDTH_MAX : (unsigned)width;
	} else {
		return false;
	}
	return true;
}

/* NULL, or what is wrong with their number. */
static const char *take_arguments(struct admin_call *call, struct reader *reader, size_t least, size_t most)
{
	for (size_t i = 0; i < ADMIN_ARGUMENTS; i++)
		call->words[i] = "";
	while (call->count < most) {
		bool rest = call->entry->arguments[call->count].kind == ADMIN_REST;
		const char *word = rest ? rest_of_line(reader) : next_word(reader);

		if (!word)
			break;
		call->words[call->count++] = word;
	}
	if (next_word(reader))
		return "Too many arguments.";
	/* Empty words are there, but say nothing. */
	size_t said = 0;

	while (said < call->count && *call->words[said])
		said++;
	if (said >= least)
		return NULL;
	if (call->entry->of_user && said == 0)
		return "No username given";
	return call->entry == &admin_table[ADMIN_REGISTER] ? "Bad argument count" : "Argument is missing.";
}

/* The user whom the arguments name, if any. False: that is no address. */
static bool take_address(struct admin_call *call)
{
	for (size_t i = 0; i < call->count; i++)
		if (call->entry->arguments[i].kind == ADMIN_USER && *call->words[i])
			return admin_name_person(call, i);
	return true;
}

enum action { ACTION_NONE, ACTION_GET, ACTION_SET };

static void execute_variable(struct admin_call *call, struct reader *reader, enum action action)
{
	enum admin_id id = (enum admin_id)(call->entry - admin_table);
	size_t settable = admin_arguments_count(call->entry, true);
	const char *problem = take_arguments(call, reader, 0, action == ACTION_SET ? settable : 0);

	if (action == ACTION_SET && !settable)
		admin_answer_error(call, "This variable cannot be set.");
	else if (problem)
		admin_answer_error(call, "%s", problem);
	else if (action == ACTION_SET && !*call->words[0])
		admin_answer_error(call, "Value is missing.");
	else if (action == ACTION_SET)
		admin_set_log_level(call);
	else
		get(call, id);
}

/* Spectrum 2's words, and behind them how it is done. */
static void answer_problem(struct admin_call *call, const char *problem)
{
	struct buf usage = {0};

	admin_put_usage(&usage, call->entry);
	if (problem[strlen(problem) - 1] == '.')
		admin_answer_error(call, "%s Usage: %s%s", problem, call->entry->name, buf_text(&usage));
	else
		admin_answer_error(call, "%s", problem);
	buf_finish(&usage);
}

static void execute_command(struct admin_call *call, struct reader *reader, enum action action)
{
	const struct admin_entry *entry = call->entry;

	if (action != ACTION_NONE) {
		admin_answer_error(call, action == ACTION_GET ? "This variable cannot be get."
		                                              : "This variable cannot be set.");
		return;
	}
	if (entry->streams && !call->caller.following) {
		admin_answer_error(call, "%s works with transportctl only", entry->name);
		return;
	}
	const char *problem = take_arguments(call, reader, admin_arguments_count(entry, false),
	                                     admin_arguments_count(entry, true));

	if (problem)
		answer_problem(call, problem);
	else if (!take_address(call))
		admin_answer_error(call, "%s is no address of a person here", call->words[0]);
	else
		runs[entry - admin_table](call);
}

static void execute(struct admin_call *call)
{
	bool good = text_is_clean(call->line, strlen(call->line), TEXT_LINES);
	bool tabs = strchr(call->line, '\t') != NULL;
	struct reader reader = {.at = call->line, .separators = tabs ? "\t\r\n" : " \r\n", .tabs = tabs};
	const char *word = next_word(&reader);
	enum action action = ACTION_NONE;

	while (word && text_starts(word, "--") && take_option(call, word))
		word = next_word(&reader);
	if (!good) {
		admin_answer_error(call, "This is no UTF-8 text, or has control characters in it");
		return;
	}
	if (word && text_starts(word, "--")) {
		admin_answer_error(call, "Unknown option %s", word);
		return;
	}
	if (word && (!strcmp(word, "get") || !strcmp(word, "set"))) {
		action = *word == 'g' ? ACTION_GET : ACTION_SET;
		word = next_word(&reader);
	}
	call->entry = word ? admin_find(word) : NULL;
	if (!call->entry)
		admin_answer_error(call, "Unknown variable or command");
	else if (call->entry->kind == ADMIN_VARIABLE)
		execute_variable(call, &reader, action);
	else
		execute_command(call, &reader, action);
}

void admin_execute_for(struct transport *transport, const char *line, const struct admin_caller *caller)
{
	struct admin_call *call = MEM_NEW(struct admin_call);

	size_t length = strlen(line);

	while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		length--;
	call->transport = transport;
	call->line = mem_strndup(line, length);
	call->caller = *caller;
	execute(call);
}

void admin_execute(struct transport *transport, const char *line, void (*done)(void *context, const char *answer),
		   void *context)
{
	const struct admin_caller caller = {.done = done, .context = context};

	admin_execute_for(transport, line, &caller);
}
