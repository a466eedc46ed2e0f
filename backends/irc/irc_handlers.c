/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_handlers.h"

#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_bans.h"
#include "backends/irc/irc_user.h"
#include "base/mem.h"
#include "base/text.h"

struct map *irc_handlers_create(void)
{
	const struct irc_handler_table *const tables[] = {
	        &irc_handlers_registration,
	        &irc_handlers_channel,
	        &irc_handlers_message,
	        &irc_handlers_reply,
	        &irc_handlers_presence,
	};
	struct map *map = map_create();

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (size_t j = 0; j < tables[i]->count; j++)
			map_put(map, tables[i]->handlers[j].command, (void *)&tables[i]->handlers[j]);
	return map;
}

/* Numerics that nobody handles: errors are still said in words. */
static const struct irc_handler *fallback(const struct irc_connection *connection,
                                          const struct irc_line *line)
{
	char c = line->command[0];

	if ((c != '4' && c != '5') || line->command[3] != '\0')
		return NULL;
	return map_get(connection->user->irc->handlers, "400");
}

static struct irc_batch *find_batch(struct irc_connection *connection, const char *reference)
{
	for (size_t i = 0; *reference && i < IRC_BATCHES; i++)
		if (connection->batches[i].reference && strcmp(connection->batches[i].reference, reference) == 0)
			return &connection->batches[i];
	return NULL;
}

static void open_batch(struct irc_connection *connection, const char *reference, const char *label)
{
	struct irc_batch *batch = &connection->batches[connection->batch_next++ % IRC_BATCHES];

	mem_replace(&batch->reference, reference);
	mem_replace(&batch->label, label);
}

static void close_batch(struct irc_connection *connection, const char *reference)
{
	struct irc_batch *batch = find_batch(connection, reference);

	if (!batch)
		return;
	MEM_FREE(batch->reference);
	MEM_FREE(batch->label);
}

/* An answer is one line with the label, or a batch whose first line has it. True: the answer ends with this line. */
static bool take_label(struct irc_connection *connection, struct irc_line *line)
{
	bool is_batch = strcmp(line->command, "BATCH") == 0;
	const char *reference = line->params[0];
	struct irc_batch *batch;

	if (is_batch && *reference == '+' && *line->label) {
		open_batch(connection, reference + 1, line->label);
		return false;
	}
	batch = find_batch(connection, is_batch && *reference == '-' ? reference + 1 : line->batch);
	if (!batch)
		return *line->label != '\0';
	line->label = batch->label;
	return is_batch && *reference == '-';
}

/* The connection may be dead afterwards, but it is there. */
static void handle(struct irc_connection *connection, struct irc_line *line)
{
	const struct irc_handler *handler;

	if (irc_bans_error(connection, line))
		return;
	/* Who asks who somebody is learns from the same error that there is nobody. */
	if (irc_outgoing_error(connection, line) && !irc_whois_find(connection, line->params[1]))
		return;
	handler = map_get(connection->user->irc->handlers, line->command);
	if (!handler)
		handler = fallback(connection, line);
	if (!handler || line->count < handler->params)
		log_debug(&connection->log, "%s: not understood", line->command);
	else
		handler->handle(connection, line);
}

void irc_handle_line(struct irc_connection *connection, char *text)
{
	struct irc_line line;
	bool is_answer;

	if (irc_line_parse(&line, text) < 0)
		return;
	/* Names with control characters or what XML cannot hold are nobody's. */
	if (!text_is_clean(line.nick, strlen(line.nick), TEXT_LINE))
		return;
	is_answer = take_label(connection, &line);
	handle(connection, &line);
	if (is_answer && !connection->dead)
		irc_outgoing_answered(connection, &line);
	if (!connection->dead && strcmp(line.command, "BATCH") == 0 && *line.params[0] == '-')
		close_batch(connection, line.params[0] + 1);
}
