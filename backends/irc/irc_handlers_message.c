/* SPDX-License-Identifier: MIT */
/* PRIVMSG and NOTICE. */
#include "backends/irc/irc_handlers.h"

#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_format.h"
#include "backends/irc/irc_user.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/plugin.h"

#define REPLAYED_MS 10000 /* older messages carry their time */

/* The text of an ACTION, or NULL; `text` is written to. */
static char *action_text(char *text)
{
	size_t length;

	if (strncmp(text,
	            "\x01"
	            "ACTION",
	            7) != 0 ||
	    (text[7] != ' ' && text[7] != '\x01'))
		return NULL;
	text += text[7] == ' ' ? 8 : 7;
	length = strlen(text);
	if (length && text[length - 1] == '\x01')
		text[length - 1] = '\0';
	return text;
}

static int64_t stamp_of(const struct irc_line *line)
{
	int64_t now = clock_wall_ms();

	return line->time_ms && line->time_ms < now - REPLAYED_MS ? line->time_ms : 0;
}

/* Fills in what was said and sends it; everything else of the message is set. */
static void deliver(struct irc_connection *connection, const struct irc_line *line,
                    struct event_message *message)
{
	struct irc_user *user = connection->user;
	struct buf plain = {0}, xhtml = {0};
	char *copy = mem_strdup(line->params[1]), *action = action_text(copy);
	struct event event = {.type = EVENT_MESSAGE, .user = user->key};

	if (action) {
		buf_puts(&plain, "/me ");
		buf_puts(&xhtml, "/me ");
	}
	if (irc_format_read(action ? action : copy, &plain, &xhtml))
		message->xhtml = xhtml.data;
	message->text = buf_text(&plain);
	message->stamp_ms = stamp_of(line);
	message->id = irc_message_id_is_valid(line->message_id) ? line->message_id : NULL;
	event.message = *message;
	if (plain.len)
		plug_send(user->irc->plug, &event);
	buf_finish(&plain);
	buf_finish(&xhtml);
	mem_free(copy);
}

static void deliver_to_room(struct irc_connection *connection, const struct irc_line *line,
                            const char *target)
{
	const struct irc_channel *channel = irc_connection_channel(connection, target);

	if (!channel || channel->state != IRC_CHANNEL_JOINED)
		return;
	deliver(connection, line,
	        &(struct event_message){.kind = MESSAGE_ROOM,
	                                .name = channel->room,
	                                .nickname =
	                                        *line->nick ? line->nick : irc_connection_label(connection)});
}

static void deliver_to_user(struct irc_connection *connection, const struct irc_line *line)
{
	const char *room = irc_route_get(connection, line->nick);
	struct buf contact = {0};

	connection->used_at = connection->received_at;
	if (room) {
		deliver(connection, line,
		        &(struct event_message){
		                .kind = MESSAGE_ROOM_PRIVATE, .name = room, .nickname = line->nick});
		return;
	}
	irc_contact_name(&contact, connection, line->nick);
	deliver(connection, line,
	        &(struct event_message){
	                .kind = MESSAGE_CHAT, .name = contact.data, .headline = !line->from_user});
	buf_finish(&contact);
}

/* Said by the same user from elsewhere: a bouncer tells. */
static void deliver_own(struct irc_connection *connection, const struct irc_line *line)
{
	struct buf contact = {0};

	if (!irc_nick_is_valid(line->params[0]) ||
	    !text_is_clean(line->params[0], strlen(line->params[0]), TEXT_LINE))
		return;
	irc_contact_name(&contact, connection, line->params[0]);
	deliver(connection, line,
	        &(struct event_message){.kind = MESSAGE_CHAT, .name = contact.data, .carbon = true});
	buf_finish(&contact);
}

static void dispatch(struct irc_connection *connection, const struct irc_line *line)
{
	const struct irc_isupport *support = &connection->support;
	const char *target = line->params[0];

	/* "@#chan": to those of a rank. */
	if (irc_prefix_bit_of_char(support, *target) && irc_is_channel(support, target + 1))
		target++;
	if (irc_is_channel(support, target))
		deliver_to_room(connection, line, target);
	else if (irc_connection_is_me(connection, target))
		deliver_to_user(connection, line);
	else if (irc_connection_is_me(connection, line->nick))
		deliver_own(connection, line);
}

static void on_privmsg(struct irc_connection *connection, struct irc_line *line)
{
	if (*line->nick == '\0' || connection->state < IRC_WELCOME)
		return;
	if (irc_connection_is_me(connection, line->nick) && irc_outgoing_echo(connection, line))
		return;
	if (line->params[1][0] == '\x01' && strncmp(line->params[1],
	                                            "\x01"
	                                            "ACTION",
	                                            7) != 0) {
		if (irc_connection_is_me(connection, line->params[0]) && line->from_user)
			irc_ctcp_request(connection, line->nick, line->params[1]);
		return;
	}
	dispatch(connection, line);
}

static void on_notice(struct irc_connection *connection, struct irc_line *line)
{
	/* Before the welcome servers talk about looking up the host name; CTCP answers are for nobody. */
	if (*line->nick == '\0' || connection->state < IRC_WELCOME || line->params[1][0] == '\x01')
		return;
	dispatch(connection, line);
}

static const struct irc_handler handlers[] = {
        {"PRIVMSG", 2, on_privmsg},
        {"NOTICE", 2, on_notice},
};
const struct irc_handler_table irc_handlers_message = {handlers, ARRAY_SIZE(handlers)};
