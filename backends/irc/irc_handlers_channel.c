/* SPDX-License-Identifier: MIT */
/* Who is in which channel, as what and under which name; topics; joins that failed. */
#include "backends/irc/irc_handlers.h"

#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_bans.h"
#include "backends/irc/irc_format.h"
#include "backends/irc/irc_user.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/plugin.h"

static void on_join(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[0]);
	struct irc_member *member;

	if (irc_connection_is_me(connection, line->nick)) {
		if (*line->userhost)
			mem_replace(&connection->userhost, line->userhost);
		if (!channel) {
			/* Somebody else put us there, and no room of the gateway shows it. */
			irc_send(connection, "PART", line->params[0], NULL);
			return;
		}
		mem_replace(&channel->name, line->params[0]);
		irc_channel_begin(channel);
		irc_channel_add(channel, connection->nick);
		return;
	}
	if (!channel || !(member = irc_channel_add(channel, line->nick)))
		return;
	irc_member_note_host(member, line->userhost);
	irc_channel_tell_member(channel, member);
}

/* The user is out, whoever did it. */
static void end_channel(struct irc_channel *channel, int flags, const char *reason)
{
	if (channel->state <= IRC_CHANNEL_ASKED)
		return; /* the end of an earlier stay; the answer to our JOIN is still to come */
	irc_channel_tell_left(channel, channel->connection->nick, flags, reason);
	if (channel->state != IRC_CHANNEL_JOINED)
		irc_channel_tell_refused(channel, PARTICIPANT_NOT_AUTHORIZED, reason);
	channel->connection->used_at = channel->connection->received_at;
	irc_channel_destroy(&channel);
}

static void put_reason(struct buf *plain, const char *text)
{
	struct buf xhtml = {0};

	irc_format_read(text, plain, &xhtml);
	buf_finish(&xhtml);
}

static void on_part(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[0]);
	struct buf reason = {0};

	if (!channel)
		return;
	put_reason(&reason, line->params[1]);
	if (irc_connection_is_me(connection, line->nick))
		end_channel(channel, 0, buf_text(&reason));
	else if (irc_channel_remove(channel, line->nick))
		irc_channel_tell_left(channel, line->nick, 0, buf_text(&reason));
	buf_finish(&reason);
}

/* A ban that means somebody who is put out is his, to be taken back when he is forgiven. */
static int flags_of_kick(struct irc_channel *channel, const char *nick)
{
	const struct irc_member *member = irc_channel_find(channel, nick);
	const char *mask = member ? irc_channel_mask_of(channel, member) : NULL;

	if (!mask)
		return PARTICIPANT_KICKED;
	irc_channel_note_ban(channel, nick, mask);
	return PARTICIPANT_KICKED | PARTICIPANT_BANNED;
}

static void on_kick(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[0]);
	const char *nick = line->params[1];
	struct buf reason = {0};
	char *text;

	if (!channel)
		return;
	put_reason(&reason, line->params[2]);
	text = mem_printf("Kicked by %s%s%s", line->nick, reason.len ? ": " : "", buf_text(&reason));
	buf_finish(&reason);
	if (irc_connection_is_me(connection, nick)) {
		if (channel->state == IRC_CHANNEL_JOINED)
			irc_channel_tell_notice(channel, text);
		end_channel(channel, PARTICIPANT_KICKED, text);
	} else {
		int flags = flags_of_kick(channel, nick);

		if (irc_channel_remove(channel, nick))
			irc_channel_tell_left(channel, nick, flags, text);
	}
	mem_free(text);
}

static void on_quit(struct irc_connection *connection, struct irc_line *line)
{
	struct buf reason = {0};

	if (irc_connection_is_me(connection, line->nick))
		return; /* the end of the connection says the rest */
	put_reason(&reason, line->params[0]);
	LIST_EACH(link, &connection->channels)
	{
		struct irc_channel *channel = CONTAINER_OF(link, struct irc_channel, link);

		if (irc_channel_remove(channel, line->nick))
			irc_channel_tell_left(channel, line->nick, 0, buf_text(&reason));
	}
	irc_route_forget(connection, line->nick);
	buf_finish(&reason);
}

static void on_kill(struct irc_connection *connection, struct irc_line *line)
{
	if (irc_connection_is_me(connection, line->params[0]))
		mem_replace(&connection->last_error, line->params[1]);
}

void irc_nick_changed(struct irc_connection *connection, const char *old_nick, const char *new_nick)
{
	if (irc_connection_is_me(connection, old_nick)) {
		mem_replace(&connection->nick, new_nick);
		connection->nick_asked = false;
	}
	LIST_EACH(link, &connection->channels)
	{
		struct irc_channel *channel = CONTAINER_OF(link, struct irc_channel, link);

		if (irc_channel_rename(channel, old_nick, new_nick))
			irc_channel_tell_renamed(channel, irc_channel_find(channel, new_nick), old_nick);
	}
}

static void on_nick(struct irc_connection *connection, struct irc_line *line)
{
	const char *nick = line->params[0], *room;

	if (*line->nick == '\0' || *nick == '\0' || !text_is_clean(nick, strlen(nick), TEXT_LINE))
		return;
	room = irc_route_get(connection, line->nick);
	if (room)
		irc_route_set(connection, nick, room);
	irc_nick_changed(connection, line->nick, nick);
}

/* "@+nick!user@host" of a NAMES reply. */
static void add_name(struct irc_channel *channel, char *name)
{
	const struct irc_isupport *support = &channel->connection->support;
	struct irc_member *member;
	unsigned prefixes = 0, bit;

	while ((bit = irc_prefix_bit_of_char(support, *name))) {
		prefixes |= bit;
		name++;
	}
	const char *userhost = name + strcspn(name, "!");

	if (*userhost)
		name[userhost++ - name] = '\0';
	if (*name == '\0' || !text_is_clean(name, strlen(name), TEXT_LINE))
		return;
	member = irc_channel_add(channel, name);
	if (!member)
		return;
	member->prefixes = prefixes;
	irc_member_note_host(member, userhost);
	if (channel->state == IRC_CHANNEL_JOINED)
		irc_channel_tell_member(channel, member);
}

static void on_names(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[2]);
	char *names, *next;

	if (!channel || channel->state < IRC_CHANNEL_JOINING)
		return;
	names = mem_strdup(line->params[3]);
	for (char *name = names; *name; name = next) {
		next = name + strcspn(name, " ");
		if (*next)
			*next++ = '\0';
		add_name(channel, name);
	}
	mem_free(names);
}

static void on_names_end(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[1]);

	if (channel && channel->state == IRC_CHANNEL_JOINING)
		irc_channel_complete(channel);
}

static void set_topic(struct irc_channel *channel, const char *text)
{
	struct buf plain = {0};

	put_reason(&plain, text);
	mem_replace(&channel->topic, buf_text(&plain));
	buf_finish(&plain);
}

static void on_topic(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[0]);

	if (!channel)
		return;
	set_topic(channel, line->params[1]);
	mem_replace(&channel->topic_author, *line->nick ? line->nick : NULL);
	irc_channel_tell_topic(channel);
}

static void on_topic_reply(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[1]);

	if (!channel)
		return;
	set_topic(channel, line->params[2]);
	irc_channel_tell_topic(channel);
}

static void on_topic_author(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[1]);
	char *nick;

	if (!channel)
		return;
	nick = mem_strndup(line->params[2], strcspn(line->params[2], "!"));
	if (*nick && text_is_clean(nick, strlen(nick), TEXT_LINE))
		mem_replace(&channel->topic_author, nick);
	mem_free(nick);
}

static void on_mode(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[0]);
	struct irc_mode_walk walk = {0};
	struct irc_mode_change change;

	if (!channel)
		return;
	while (irc_mode_next(&connection->support, line->params + 1, line->count - 1, &walk, &change)) {
		struct irc_member *member =
		        change.prefix_bit ? irc_channel_find(channel, change.argument) : NULL;

		if (!change.prefix_bit)
			irc_channel_note_mode(channel, change.mode, change.set);
		if (change.mode == 'b' && !change.prefix_bit && change.argument)
			irc_channel_note_mask(channel, change.argument, change.set);
		if (!member)
			continue;
		if (change.set)
			member->prefixes |= change.prefix_bit;
		else
			member->prefixes &= ~change.prefix_bit;
		irc_channel_tell_member(channel, member);
	}
	irc_channel_tell_privacy(channel);
}

/* All that are set: the answer to our question. */
static void on_modes(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[1]);

	if (!channel)
		return;
	channel->closed = 0;
	channel->modes_known = true;
	/* Their arguments, of which a key may be left out, mean nothing here. */
	for (const char *mode = line->params[2]; *mode; mode++)
		irc_channel_note_mode(channel, *mode, true);
	irc_channel_tell_privacy(channel);
}

static void on_ban(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[1]);

	if (channel)
		irc_bans_add(channel, line);
}

static void on_bans_end(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[1]);

	if (channel)
		irc_bans_end(channel);
}

static void on_away(struct irc_connection *connection, struct irc_line *line)
{
	LIST_EACH(link, &connection->channels)
	{
		struct irc_channel *channel = CONTAINER_OF(link, struct irc_channel, link);
		struct irc_member *member = irc_channel_find(channel, line->nick);

		if (!member || member->away == (*line->params[0] != '\0'))
			continue;
		member->away = *line->params[0] != '\0';
		irc_channel_tell_member(channel, member);
	}
}

static void on_invite(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_user *user = connection->user;
	struct buf contact = {0};
	char *room, *text;

	if (!irc_connection_is_me(connection, line->params[0]) || *line->nick == '\0' ||
	    !text_is_clean(line->params[1], strlen(line->params[1]), TEXT_LINE))
		return;
	room = mem_printf("%s%s%s", line->params[1], *connection->name ? "@" : "", connection->name);
	text = mem_printf("%s invites you to %s. To come in, tell the gateway: join %s", line->nick, room, room);
	mem_free(room);
	irc_contact_name(&contact, connection, line->nick);
	irc_user_tell(user, contact.data, text);
	buf_finish(&contact);
	mem_free(text);
}

/* The words are the server's, which knows why; the flag is what people's clients understand. */
static void on_join_refused(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[1]);
	const char *command = line->command;
	int flags = PARTICIPANT_NOT_AUTHORIZED;
	struct buf reason = {0};
	char *text;

	if (!channel)
		return;
	if (channel->state == IRC_CHANNEL_JOINED) {
		irc_channel_tell_notice(channel, line->params[line->count - 1]);
		return;
	}
	if (strcmp(command, "474") == 0)
		flags |= PARTICIPANT_BANNED;
	if (strcmp(command, "403") == 0 || strcmp(command, "405") == 0 || strcmp(command, "476") == 0 ||
	    strcmp(command, "479") == 0 || strcmp(command, "407") == 0)
		flags = PARTICIPANT_ROOM_NOT_FOUND;
	put_reason(&reason, line->params[line->count - 1]);
	text = mem_printf("%s: %s", channel->name, buf_text(&reason));
	irc_channel_tell_refused(channel, flags, text);
	mem_free(text);
	buf_finish(&reason);
	irc_channel_destroy(&channel);
}

static void on_forward(struct irc_connection *connection, struct irc_line *line)
{
	struct irc_channel *channel = irc_connection_channel(connection, line->params[1]);
	char *text;

	if (!channel)
		return;
	text = mem_printf("%s leads to %s: join that one.", channel->name, line->params[2]);
	irc_channel_tell_refused(channel, PARTICIPANT_ROOM_NOT_FOUND, text);
	mem_free(text);
	irc_channel_destroy(&channel);
}

static const struct irc_handler handlers[] = {
        {"JOIN", 1, on_join},        {"PART", 1, on_part},        {"KICK", 2, on_kick},
        {"QUIT", 0, on_quit},        {"KILL", 1, on_kill},        {"NICK", 1, on_nick},
        {"MODE", 2, on_mode},        {"TOPIC", 2, on_topic},      {"AWAY", 0, on_away},
        {"INVITE", 2, on_invite},    {"324", 3, on_modes},
        {"367", 3, on_ban},          {"368", 2, on_bans_end},
        {"332", 3, on_topic_reply},  {"333", 3, on_topic_author},
        {"353", 4, on_names},        {"366", 2, on_names_end},    {"403", 2, on_join_refused},
        {"405", 2, on_join_refused}, {"407", 2, on_join_refused}, {"470", 3, on_forward},
        {"471", 2, on_join_refused}, {"473", 2, on_join_refused}, {"474", 2, on_join_refused},
        {"475", 2, on_join_refused}, {"476", 2, on_join_refused}, {"477", 2, on_join_refused},
        {"479", 2, on_join_refused}, {"480", 2, on_join_refused}, {"489", 2, on_join_refused},
        {"520", 2, on_join_refused},
};
const struct irc_handler_table irc_handlers_channel = {handlers, ARRAY_SIZE(handlers)};
