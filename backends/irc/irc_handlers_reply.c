/* SPDX-License-Identifier: MIT */
/* Answers to what the user asked for, and errors, which are never silent. */
#include "backends/irc/irc_handlers.h"

#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_format.h"
#include "backends/irc/irc_user.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/plugin.h"

static void on_whois_user(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_whois *whois = irc_whois_find(connection, line->params[1]);
	struct buf plain = {0}, xhtml = {0};

	if (!whois)
		return;
	irc_format_read(line->params[5], &plain, &xhtml);
	mem_replace(&whois->real_name, buf_text(&plain));
	mem_replace(&whois->nick, line->params[1]);
	buf_finish(&plain);
	buf_finish(&xhtml);
}

static void on_whois_end(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_whois *whois;

	while ((whois = irc_whois_find(connection, line->params[1])))
		irc_whois_answer(connection, whois);
}

static void on_list(struct irc_connection *connection, struct irc_line *line)
{
	irc_list_add(connection, line->params[1], line->params[2]);
}

static void on_list_end(struct irc_connection *connection, struct irc_line *line)
{
	(void)line;
	irc_list_end(connection);
}

/* Where the user looks when something about that nickname goes wrong. */
static void tell_about_nick(struct irc_connection *connection, const char *nick, const char *text)
{
	struct irc_user *user = connection->user;
	const char *room = irc_route_get(connection, nick);
	struct buf contact = {0};

	if (room) {
		plug_room_private_message(user->irc->plug, user->key, room, nick, text, NULL);
		return;
	}
	irc_contact_name(&contact, connection, nick);
	irc_user_tell(user, contact.data, text);
	buf_finish(&contact);
}

static void on_no_such_nick(struct irc_connection *connection, struct irc_line *line)
{
	const char *nick = line->params[1];
	struct irc_channel *channel = irc_connection_channel(connection, nick);

	/* A network without services: the person did not write that message, and need not hear of it. */
	if (connection->identify_service && text_equal_nocase(connection->identify_service, nick)) {
		log_info(&connection->log, "there is no %s to tell the password to", log_quote(nick));
		MEM_FREE(connection->identify_service);
		return;
	}
	if (irc_whois_find(connection, nick)) {
		on_whois_end(connection, line);
	} else if (channel) {
		irc_channel_tell_notice(channel, line->params[line->count - 1]);
	} else if (irc_nick_is_valid(nick) && text_is_clean(nick, strlen(nick), TEXT_LINE)) {
		char *text = mem_printf("Not delivered: %s", line->params[line->count - 1]);

		tell_about_nick(connection, nick, text);
		mem_free(text);
	}
}

static void on_auto_reply(struct irc_connection *connection, struct irc_line *line)
{
	struct buf plain = {0}, xhtml = {0};
	char *text;

	if (irc_whois_find(connection, line->params[1]) || !irc_nick_is_valid(line->params[1]))
		return;
	irc_format_read(line->params[2], &plain, &xhtml);
	text = mem_printf("(is away: %s)", buf_text(&plain));
	tell_about_nick(connection, line->params[1], text);
	mem_free(text);
	buf_finish(&plain);
	buf_finish(&xhtml);
}

/* Any 4xx and 5xx that has no line of its own. */
static void on_failure(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[1]);
	const char *reason = line->params[line->count - 1];
	struct buf plain = {0}, xhtml = {0};

	if (connection->state < IRC_WELCOME || line->count < 2)
		return;
	irc_format_read(reason, &plain, &xhtml);
	if (channel && channel->state == IRC_CHANNEL_JOINED) {
		irc_channel_tell_notice(channel, buf_text(&plain));
		/* A topic that was refused: show the one that holds. */
		if (strcmp(line->command, "482") == 0)
			irc_channel_tell_topic(channel);
	} else if (channel) {
		irc_channel_tell_refused(channel, PARTICIPANT_NOT_AUTHORIZED, buf_text(&plain));
		irc_channel_destroy(&channel);
	} else if (line->count > 2 && irc_nick_is_valid(line->params[1]) &&
	           !irc_connection_is_me(connection, line->params[1]) &&
	           irc_route_get(connection, line->params[1])) {
		tell_about_nick(connection, line->params[1], buf_text(&plain));
	} else {
		log_info(&connection->log, "%s: %s", line->command, log_quote(buf_text(&plain)));
	}
	buf_finish(&plain);
	buf_finish(&xhtml);
}

/* The server knows no CAP, or no command that this program sends only if it may. */
static void on_unknown_command(struct irc_connection *connection, struct irc_line *line)
{
	log_debug(&connection->log, "the server does not know %s", log_quote(line->params[1]));
}

static const struct irc_handler handlers[] = {
        {"301", 3, on_auto_reply},   {"311", 6, on_whois_user},   {"318", 2, on_whois_end},
        {"322", 3, on_list},         {"323", 0, on_list_end},     {"400", 2, on_failure},
        {"401", 3, on_no_such_nick}, {"402", 3, on_no_such_nick}, {"406", 3, on_no_such_nick},
        {"486", 3, on_no_such_nick}, {"716", 3, on_no_such_nick}, {"421", 2, on_unknown_command},
};
const struct irc_handler_table irc_handlers_reply = {handlers, ARRAY_SIZE(handlers)};
