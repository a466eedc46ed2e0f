/* SPDX-License-Identifier: MIT */
/* What the gateway asks for on behalf of a user. */
#include <string.h>

#include "backends/irc/irc_connection.h"
#include "backends/irc/irc_format.h"
#include "backends/irc/irc_text.h"
#include "backends/irc/irc_user.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "plugin/plugin.h"

#define USERHOST_BYTES 74 /* while the own one is not known: "~" and 9 of a user, "@", 63 of a host */
#define WHOIS_MS 30000
#define WHOIS_MAX 64 /* under way on one connection */

/* Where a message goes on IRC, and where its sender looks for what became of it. */
struct destination {
	struct irc_connection *connection;
	struct irc_channel *channel; /* the room, or the room of a private message; NULL: a contact */
	char *target;                /* owned */
	bool private;                /* in a room, to one nickname */
	const char *name;            /* as the gateway wrote it */
};

/* "room/nickname": split at the last slash, which no nickname can hold. */
static struct irc_channel *find_private(const struct irc_user *user, const char *name, char **nick)
{
	const char *slash = strrchr(name, '/');
	struct irc_channel *channel;
	char *room;

	if (!slash)
		return NULL;
	room = mem_strndup(name, (size_t)(slash - name));
	channel = irc_user_channel(user, room);
	mem_free(room);
	if (channel)
		*nick = mem_strdup(slash + 1);
	return channel;
}

/* A contact; opens the connection if need be. */
static void find_contact(struct irc_user *user, struct destination *to, struct buf *error)
{
	struct buf local = {0};
	const char *server = irc_name_split(to->name, &local);

	to->connection = irc_user_connection(user, to->name, &local);
	if (!irc_nick_is_valid(buf_text(&local)))
		buf_puts(error, "This is not the name of anybody on IRC, nor of a room that you are in.");
	else if (!to->connection && irc_one_network(user->irc))
		buf_puts(error, "Not connected.");
	else if (!to->connection)
		to->connection = irc_user_connect(user, server, user->nick, error);
	to->target = mem_strdup(buf_text(&local));
	buf_finish(&local);
}

/* `error` says why there is none. */
static void find_destination(struct irc_user *user, struct destination *to, struct buf *error)
{
	to->channel = irc_user_channel(user, to->name);
	if (to->channel) {
		to->connection = to->channel->connection;
		to->target = mem_strdup(to->channel->name);
		return;
	}
	to->channel = find_private(user, to->name, &to->target);
	if (!to->channel) {
		find_contact(user, to, error);
		return;
	}
	to->connection = to->channel->connection;
	to->private = true;
	if (!irc_nick_is_valid(to->target))
		buf_puts(error, "This is not the name of anybody in this channel.");
}

/* IRC text of a message, with formatting if there is some. *action: without its "/me ". Caller frees. */
static char *make_body(const struct irc *irc, const struct event_message *message, bool *action)
{
	struct buf formatted = {0};
	const char *text = message->text;

	*action = text_starts(text, "/me ");
	if (irc->config.formatting && message->xhtml && *message->xhtml &&
	    irc_format_write(message->xhtml, &formatted) && (!*action || text_starts(formatted.data, "/me ")))
		text = formatted.data;
	text = mem_strdup(*action ? text + 4 : text);
	buf_finish(&formatted);
	/* What begins with this character would be a request and no message. */
	for (char *c = (char *)text; (c = strchr(c, '\x01'));)
		*c = ' ';
	return (char *)text;
}

/* What of a line of the network is left for the text. */
static size_t room_for_text(const struct irc_connection *connection, const char *target, bool action)
{
	size_t limit = connection->support.line_length;
	size_t taken = strlen(":! PRIVMSG  :\r\n") + strlen(connection->nick) + strlen(target) +
	               (connection->userhost ? strlen(connection->userhost) : USERHOST_BYTES) +
	               (action ? strlen("\x01"
	                                "ACTION \x01")
	                       : 0);

	return taken + 64 < limit ? limit - taken : 64;
}

static size_t count_pieces(const char *body, size_t max)
{
	const char *piece;
	size_t length, count = 0;

	while (irc_text_next_piece(&body, max, &piece, &length))
		count++;
	return count;
}

static void refuse(struct irc_user *user, const struct destination *to, uint64_t handover, enum handover_error error,
                   const char *sentence)
{
	if (handover)
		plug_message_refused(user->irc->plug, handover, error, sentence);
	else if (to->channel)
		irc_channel_tell_notice(to->channel, sentence);
	else
		irc_user_tell(user, to->name, sentence);
}

static struct irc_outgoing *make_outgoing(const struct destination *to, uint64_t handover, const char *command,
                                          size_t count)
{
	struct irc_outgoing *outgoing = irc_outgoing_create(handover, command, count);

	outgoing->target = mem_strdup(to->target);
	outgoing->name = mem_strdup(to->name);
	outgoing->room = to->channel ? mem_strdup(to->channel->room) : NULL;
	outgoing->private = to->private;
	return outgoing;
}

static void send_pieces(struct irc_user *user, const struct destination *to, uint64_t handover,
                        const struct event_message *message)
{
	bool action;
	char *body = make_body(user->irc, message, &action);
	size_t max = room_for_text(to->connection, to->target, action), length;
	size_t count = count_pieces(body, max);
	const char *piece, *rest = body;
	struct irc_outgoing *outgoing;

	if (count > (size_t)user->irc->config.lines_max) {
		refuse(user, to, handover, HANDOVER_TOO_LONG, "Not sent: the message has too many lines for IRC.");
	} else if (count > 0) {
		outgoing = make_outgoing(to, handover, "PRIVMSG", count);
		outgoing->text = mem_strdup(message->text);
		outgoing->xhtml = message->xhtml && *message->xhtml ? mem_strdup(message->xhtml) : NULL;
		for (size_t i = 0; irc_text_next_piece(&rest, max, &piece, &length); i++)
			outgoing->lines[i] = action ? mem_printf("\x01"
			                                         "ACTION %.*s\x01",
			                                         (int)length, piece)
			                            : mem_strndup(piece, length);
		irc_outgoing_submit(to->connection, outgoing);
	} else {
		plug_message_done(user->irc->plug, handover, NULL); /* empty lines are nothing on IRC */
	}
	mem_free(body);
}

enum plug_verdict irc_on_message(struct plug *plug, const char *key, const struct event_message *message)
{
	struct irc_user *user = irc_user_get(plug_context(plug), key);
	struct destination to = {.name = message->name};
	uint64_t handover = plug_handover(plug);
	struct buf error = {0};

	if (!user)
		return PLUG_PENDING; /* given back at the next login */
	find_destination(user, &to, &error);
	if (error.len) {
		refuse(user, &to, handover, HANDOVER_NOT_FOUND, error.data);
	} else {
		to.connection->used_at = clock_ms();
		if (to.private)
			irc_route_set(to.connection, to.target, to.channel->room);
		else if (!to.channel)
			irc_route_forget(to.connection, to.target);
		send_pieces(user, &to, handover, message);
	}
	mem_free(to.target);
	buf_finish(&error);
	return PLUG_PENDING;
}

enum plug_verdict irc_on_subject(struct plug *plug, const char *key, const char *room, const char *subject)
{
	struct irc_user *user = irc_user_get(plug_context(plug), key);
	struct destination to = {.name = room, .channel = user ? irc_user_channel(user, room) : NULL};
	uint64_t handover = plug_handover(plug);
	struct irc_outgoing *outgoing;

	if (!to.channel) {
		plug_message_refused(plug, handover, HANDOVER_NOT_FOUND, "You are not in this channel.");
		return PLUG_DONE;
	}
	to.target = mem_strdup(to.channel->name);
	outgoing = make_outgoing(&to, handover, "TOPIC", 1);
	outgoing->text = mem_strdup(subject);
	outgoing->lines[0] = mem_strdup(subject);
	irc_outgoing_submit(to.channel->connection, outgoing);
	mem_free(to.target);
	return PLUG_PENDING;
}

static void refuse_join(struct irc_user *user, const struct event_room *room, const char *text)
{
	plug_participant(user->irc->plug, user->key,
	                 &(struct event_participant){.room = room->name,
	                                             .nickname = room->nickname,
	                                             .flags = PARTICIPANT_ROOM_NOT_FOUND | PARTICIPANT_ME,
	                                             .status = STATUS_OFFLINE,
	                                             .status_text = text});
}

static void change_nick(struct irc_channel *channel, const char *nickname)
{
	struct irc_connection *connection = channel->connection;
	struct buf nick = {0};

	irc_nick_make(&nick, nickname);
	mem_replace(&connection->wanted_nick, nick.data);
	if (connection->state >= IRC_WELCOME) {
		connection->nick_asked = true;
		irc_send(connection, "NICK", nick.data, NULL);
	}
	buf_finish(&nick);
}

/* The room is known: a second look at it, or another nickname. */
static void join_again(struct irc_channel *channel, const struct event_room *room)
{
	if (channel->state != IRC_CHANNEL_JOINED) {
		mem_replace(&channel->told_nick, room->nickname);
		if (room->password && *room->password)
			mem_replace(&channel->key, room->password);
		return; /* under way */
	}
	if (*room->nickname && strcmp(room->nickname, channel->connection->nick) != 0 &&
	    strcmp(room->nickname, channel->told_nick) != 0) {
		change_nick(channel, room->nickname);
		return;
	}
	irc_channel_complete(channel);
}

static void join_new(struct irc_user *user, const struct event_room *room)
{
	struct buf local = {0}, error = {0};
	struct irc_connection *connection = irc_user_connection(user, room->name, &local);
	struct irc_channel *channel;
	size_t rooms = 0;

	if (!irc_channel_is_valid(buf_text(&local)))
		buf_puts(&error, "This is not the name of an IRC channel: they begin with #.");
	else if (!connection && irc_one_network(user->irc))
		buf_puts(&error, "Not connected.");
	else if (!connection)
		connection =
		        irc_user_connect(user, irc_name_split(room->name, &local), room->nickname, &error);
	if (connection && !error.len) {
		channel = irc_connection_channel(connection, local.data);
		if (channel)
			buf_printf(&error, "You are in this channel already, as %s.", channel->room);
		LIST_EACH(link, &connection->channels)
		rooms++;
		if (rooms >= LIMIT_ROOMS_PER_USER)
			buf_puts(&error, "You are in too many channels.");
	}
	if (!connection || error.len) {
		refuse_join(user, room, buf_text(&error));
	} else {
		channel = irc_channel_create(connection, local.data, room->name);
		channel->told_nick = mem_strdup(room->nickname);
		channel->key = room->password && *room->password ? mem_strdup(room->password) : NULL;
		connection->used_at = clock_ms();
		irc_connection_join(connection, channel);
	}
	buf_finish(&local);
	buf_finish(&error);
}

void irc_on_resync(struct plug *plug, const char *key)
{
	struct irc_user *user = irc_user_get(plug_context(plug), key);

	if (!user)
		return;
	LIST_EACH(link, &user->connections)
	{
		struct irc_connection *connection = CONTAINER_OF(link, struct irc_connection, link);

		LIST_EACH(at, &connection->channels)
		irc_channel_tell_all(CONTAINER_OF(at, struct irc_channel, link));
	}
}

void irc_on_room_join(struct plug *plug, const char *key, const struct event_room *room)
{
	struct irc_user *user = irc_user_get(plug_context(plug), key);
	struct irc_channel *channel = user ? irc_user_channel(user, room->name) : NULL;

	if (channel)
		join_again(channel, room);
	else if (user)
		join_new(user, room);
}

void irc_on_room_leave(struct plug *plug, const char *key, const char *room)
{
	struct irc_user *user = irc_user_get(plug_context(plug), key);
	struct irc_channel *channel = user ? irc_user_channel(user, room) : NULL;

	if (!channel)
		return;
	if (channel->state >= IRC_CHANNEL_ASKED)
		irc_send(channel->connection, "PART", channel->name, NULL);
	channel->connection->used_at = clock_ms();
	irc_channel_destroy(&channel);
}

void irc_on_vcard_request(struct plug *plug, const char *key, const char *contact, uint32_t id)
{
	struct irc_user *user = irc_user_get(plug_context(plug), key);
	struct irc_connection *connection = NULL;
	struct irc_channel *channel;
	struct irc_whois *whois;
	struct buf local = {0};
	char *nick = NULL;

	if (user) {
		channel = find_private(user, contact, &nick);
		connection = channel ? channel->connection : irc_user_connection(user, contact, &local);
		if (!nick)
			nick = mem_strdup(buf_text(&local));
	}
	if (!connection || connection->state != IRC_READY || connection->whois_count >= WHOIS_MAX ||
	    !irc_nick_is_valid(nick)) {
		plug_vcard(plug, key, contact, id, NULL, NULL, NULL, 0);
	} else {
		whois = MEM_NEW(struct irc_whois);
		whois->id = id;
		whois->contact = mem_strdup(contact);
		whois->nick = mem_strdup(nick);
		whois->deadline = clock_ms() + WHOIS_MS;
		list_append(&connection->whois, &whois->link);
		connection->whois_count++;
		irc_send(connection, "WHOIS", nick, NULL);
	}
	mem_free(nick);
	buf_finish(&local);
}
