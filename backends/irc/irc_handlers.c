/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_handlers.h"

#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_user.h"
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

void irc_handle_line(struct irc_connection *connection, char *text)
{
	const struct irc_handler *handler;
	struct irc_line line;

	if (irc_line_parse(&line, text) < 0)
		return;
	/* Names with control characters or what XML cannot hold are nobody's. */
	if (!text_is_clean(line.nick, strlen(line.nick), TEXT_LINE))
		return;
	handler = map_get(connection->user->irc->handlers, line.command);
	if (!handler)
		handler = fallback(connection, &line);
	if (!handler || line.count < handler->params) {
		log_debug(&connection->log, "%s: not understood", line.command);
		return;
	}
	handler->handle(connection, &line);
}
