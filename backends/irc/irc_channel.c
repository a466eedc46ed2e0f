/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_channel.h"

#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_bans.h"
#include "backends/irc/irc_connection.h"
#include "backends/irc/irc_line.h"
#include "backends/irc/irc_mask.h"
#include "backends/irc/irc_user.h"
#include "base/mem.h"
#include "config/limits.h"
#include "plugin/plugin.h"

static void free_member(void *value)
{
	struct irc_member *member = value;

	mem_free(member->nick);
	mem_free(member->host);
	mem_free(member);
}

struct irc_channel *irc_channel_create(struct irc_connection *connection, const char *name, const char *room)
{
	struct irc_channel *channel = MEM_NEW(struct irc_channel);

	channel->connection = connection;
	channel->name = mem_strdup(name);
	channel->room = mem_strdup(room);
	channel->casemap = connection->support.casemap;
	channel->members = map_create();
	list_init(&channel->waiting);
	list_append(&connection->channels, &channel->link);
	return channel;
}

void irc_channel_destroy(struct irc_channel **slot)
{
	struct irc_channel *channel = *slot;

	if (!channel)
		return;
	channel->state = IRC_CHANNEL_WANTED;
	irc_bans_fail(channel, HANDOVER_NOT_FOUND, "You are not in this channel any more.");
	irc_outgoing_abandon_room(channel, "Not sent: you are not in this channel any more.");
	list_remove(&channel->link);
	map_destroy(&channel->members, free_member);
	map_destroy(&channel->former, free_member);
	map_destroy(&channel->bans, mem_free);
	map_destroy(&channel->masks, NULL);
	mem_free(channel->name);
	mem_free(channel->room);
	mem_free_secret(channel->key);
	mem_free(channel->told_nick);
	mem_free(channel->topic);
	mem_free(channel->topic_author);
	MEM_FREE(*slot);
}

struct irc_member *irc_channel_find(const struct irc_channel *channel, const char *nick)
{
	char *key = irc_fold_name(channel->casemap, nick);
	struct irc_member *member = map_get(channel->members, key);

	mem_free(key);
	return member;
}

struct irc_member *irc_channel_add(struct irc_channel *channel, const char *nick)
{
	struct irc_member *member = irc_channel_find(channel, nick);
	char *key;

	if (member)
		return member;
	if (map_count(channel->members) >= LIMIT_PARTICIPANTS_PER_ROOM)
		return NULL;
	member = MEM_NEW(struct irc_member);
	member->nick = mem_strdup(nick);
	key = irc_fold_name(channel->casemap, nick);
	map_put(channel->members, key, member);
	mem_free(key);
	return member;
}

bool irc_channel_remove(struct irc_channel *channel, const char *nick)
{
	char *key = irc_fold_name(channel->casemap, nick);
	struct irc_member *member = map_remove(channel->members, key);

	mem_free(key);
	if (!member)
		return false;
	free_member(member);
	return true;
}

bool irc_channel_rename(struct irc_channel *channel, const char *old_nick, const char *new_nick)
{
	char *key = irc_fold_name(channel->casemap, old_nick);
	struct irc_member *member = map_remove(channel->members, key), *other;

	mem_free(key);
	if (!member)
		return false;
	mem_replace(&member->nick, new_nick);
	key = irc_fold_name(channel->casemap, new_nick);
	other = map_put(channel->members, key, member);
	mem_free(key);
	if (other)
		free_member(other);
	return true;
}

void irc_member_note_host(struct irc_member *member, const char *userhost)
{
	const char *at = strchr(userhost, '@');

	/* What could not stand in a mask is no host. */
	if (at && irc_middle_is_valid(at + 1) && !strpbrk(at + 1, "!@*?"))
		mem_replace(&member->host, at + 1);
}

void irc_channel_note_ban(struct irc_channel *channel, const char *nick, const char *mask)
{
	char *key = irc_fold_name(channel->casemap, nick);

	if (map_count(channel->bans) < LIMIT_IRC_BANS || map_get(channel->bans, key))
		mem_free(map_set(&channel->bans, key, mem_strdup(mask)));
	mem_free(key);
}

char *irc_channel_take_ban(struct irc_channel *channel, const char *nick)
{
	char *key = irc_fold_name(channel->casemap, nick);
	char *mask = map_remove(channel->bans, key);

	mem_free(key);
	return mask;
}

const char *irc_channel_ban_of(const struct irc_channel *channel, const char *nick)
{
	char *key = irc_fold_name(channel->casemap, nick);
	const char *mask = map_get(channel->bans, key);

	mem_free(key);
	return mask;
}

const char *irc_channel_banned_by(const struct irc_channel *channel, const char *mask)
{
	struct map_iter it = {0};

	while (map_next(channel->bans, &it))
		if (irc_same_name(channel->casemap, it.value, mask))
			return it.key;
	return NULL;
}

void irc_channel_note_mask(struct irc_channel *channel, const char *mask, bool set)
{
	if (!set)
		map_remove(channel->masks, mask);
	else if (map_count(channel->masks) < LIMIT_IRC_BANS)
		map_set(&channel->masks, mask, channel);
}

const char *irc_channel_mask_of(const struct irc_channel *channel, const struct irc_member *member)
{
	struct map_iter it = {0};

	while (map_next(channel->masks, &it))
		if (irc_mask_matches(it.key, channel->casemap, member->nick, member->host))
			return it.key;
	return NULL;
}

void irc_channel_begin(struct irc_channel *channel)
{
	channel->state = IRC_CHANNEL_JOINING;
	map_destroy(&channel->members, free_member);
	channel->members = map_create();
	map_destroy(&channel->masks, NULL);
	channel->casemap = channel->connection->support.casemap;
	channel->modes_known = false;
	channel->closed = 0;
	MEM_FREE(channel->topic);
	MEM_FREE(channel->topic_author);
}

void irc_channel_note_mode(struct irc_channel *channel, char mode, bool set)
{
	static const char closing[] = "iksp";
	const char *found = mode ? strchr(closing, mode) : NULL;

	if (found && set)
		channel->closed |= 1u << (found - closing);
	else if (found)
		channel->closed &= ~(1u << (found - closing));
}

static void tell_info(struct irc_channel *channel, bool away)
{
	struct irc_user *user = channel->connection->user;

	plug_room_info(user->irc->plug, user->key,
	               &(struct event_room_info){
	                       .room = channel->room, .is_private = channel->told_private, .is_away = away});
}

void irc_channel_tell_privacy(struct irc_channel *channel)
{
	bool is_private = channel->closed != 0, is_sure = is_private || channel->modes_known;
	bool is_news = !channel->privacy_told || is_private != channel->told_private;

	if (channel->state != IRC_CHANNEL_JOINED || !is_sure || !is_news)
		return;
	channel->told_private = is_private;
	channel->privacy_told = true;
	tell_info(channel, false);
}

void irc_channel_suspend(struct irc_channel *channel)
{
	if (channel->state == IRC_CHANNEL_JOINED) {
		tell_info(channel, true);
		map_destroy(&channel->former, free_member);
		channel->former = channel->members;
		channel->members = map_create();
	}
	channel->state = IRC_CHANNEL_WANTED;
	irc_bans_fail(channel, HANDOVER_FAILED, "The connection to the network was lost.");
}

static void tell_participant(struct irc_channel *channel, const struct event_participant *participant)
{
	struct irc_user *user = channel->connection->user;

	plug_participant(user->irc->plug, user->key, participant);
}

static struct event_participant describe(const struct irc_channel *channel, const struct irc_member *member)
{
	struct event_participant participant = {
	        .room = channel->room,
	        .nickname = member->nick,
	        .status = member->away ? STATUS_AWAY : STATUS_ONLINE,
	};

	participant.role = irc_prefix_role(&channel->connection->support, member->prefixes);
	if (irc_prefix_moderates(&channel->connection->support, member->prefixes))
		participant.flags |= PARTICIPANT_MODERATOR;
	if (irc_connection_is_me(channel->connection, member->nick))
		participant.flags |= PARTICIPANT_ME;
	return participant;
}

void irc_channel_tell_member(struct irc_channel *channel, const struct irc_member *member)
{
	struct event_participant participant;

	if (channel->state != IRC_CHANNEL_JOINED)
		return;
	participant = describe(channel, member);
	tell_participant(channel, &participant);
}

void irc_channel_tell_left(struct irc_channel *channel, const char *nick, int flags, const char *reason)
{
	if (channel->state != IRC_CHANNEL_JOINED)
		return;
	if (irc_connection_is_me(channel->connection, nick))
		flags |= PARTICIPANT_ME;
	tell_participant(channel, &(struct event_participant){.room = channel->room,
	                                                      .nickname = nick,
	                                                      .flags = flags,
	                                                      .status = STATUS_OFFLINE,
	                                                      .status_text = reason});
}

void irc_channel_tell_renamed(struct irc_channel *channel, const struct irc_member *member,
                              const char *old_nick)
{
	struct event_participant participant;
	struct irc_user *user = channel->connection->user;

	if (channel->state != IRC_CHANNEL_JOINED)
		return;
	participant = describe(channel, member);
	participant.nickname = old_nick;
	participant.new_nickname = member->nick;
	tell_participant(channel, &participant);
	if (!irc_connection_is_me(channel->connection, member->nick))
		return;
	mem_replace(&channel->told_nick, member->nick);
	plug_room_nickname(user->irc->plug, user->key, channel->room, member->nick);
}

/* What the gateway still has of the time before the connection was lost and is no more. */
static void tell_former(struct irc_channel *channel)
{
	struct map_iter it = {0};

	if (!channel->former)
		return;
	while (map_next(channel->former, &it)) {
		const struct irc_member *member = it.value;

		if (!irc_channel_find(channel, member->nick) &&
		    !irc_same_name(channel->casemap, member->nick, channel->told_nick))
			irc_channel_tell_left(channel, member->nick, 0, NULL);
	}
	map_destroy(&channel->former, free_member);
}

/* The user's own nickname may be another one than he asked for or had. */
static void tell_own_nick(struct irc_channel *channel, bool known)
{
	struct irc_connection *connection = channel->connection;
	struct irc_user *user = connection->user;
	struct irc_member *me = irc_channel_find(channel, connection->nick);

	if (strcmp(channel->told_nick, connection->nick) == 0)
		return;
	if (known && me) {
		char *old = mem_strdup(channel->told_nick);

		irc_channel_tell_renamed(channel, me, old);
		mem_free(old);
		return;
	}
	mem_replace(&channel->told_nick, connection->nick);
	plug_room_nickname(user->irc->plug, user->key, channel->room, connection->nick);
}

/* All of them at once, the user (of that nickname) last. */
static void tell_members(struct irc_channel *channel, const struct map *members, const char *own_nick)
{
	const struct irc_user *user = channel->connection->user;
	struct event_participant *all = mem_alloc((map_count(members) + 1) * sizeof(*all));
	struct event_participant own = {.nickname = own_nick, .flags = PARTICIPANT_ME};
	struct map_iter it = {0};
	size_t count = 0;

	while (map_next(members, &it)) {
		const struct irc_member *member = it.value;

		all[count] = describe(channel, member);
		if (irc_same_name(channel->casemap, member->nick, own_nick)) {
			own = all[count];
			own.flags |= PARTICIPANT_ME;
		} else {
			count++;
		}
	}
	all[count++] = own;
	plug_participants(user->irc->plug, user->key, channel->room, all, count);
	mem_free(all);
}

void irc_channel_complete(struct irc_channel *channel)
{
	struct irc_connection *connection = channel->connection;
	struct irc_member *me = irc_channel_add(channel, connection->nick);
	bool known = channel->former != NULL;

	channel->state = IRC_CHANNEL_JOINED;
	tell_former(channel);
	tell_own_nick(channel, known);
	tell_members(channel, channel->members, me ? me->nick : channel->told_nick);
	if (known)
		tell_info(channel, false);
	/* Nobody says it of himself. The answer comes behind this. */
	irc_send(connection, "MODE", channel->name, NULL);
	irc_channel_tell_topic(channel);
	if (known)
		irc_channel_tell_notice(channel, "Connected again.");
	irc_outgoing_joined(channel);
}

void irc_channel_tell_all(struct irc_channel *channel)
{
	if (channel->state == IRC_CHANNEL_JOINED) {
		tell_members(channel, channel->members, channel->connection->nick);
		if (channel->told_private)
			tell_info(channel, false);
	} else if (channel->former) {
		tell_members(channel, channel->former, channel->told_nick);
		tell_info(channel, true);
	}
	irc_channel_tell_topic(channel);
}

void irc_channel_tell_notice(struct irc_channel *channel, const char *text)
{
	struct irc_user *user = channel->connection->user;

	plug_room_message(user->irc->plug, user->key, channel->room,
	                  irc_connection_label(channel->connection), text, NULL);
}

void irc_channel_tell_refused(struct irc_channel *channel, int flags, const char *text)
{
	irc_outgoing_abandon_room(channel, text);
	tell_participant(channel, &(struct event_participant){.room = channel->room,
	                                                      .nickname = channel->told_nick,
	                                                      .flags = flags | PARTICIPANT_ME,
	                                                      .status = STATUS_OFFLINE,
	                                                      .status_text = text});
}

void irc_channel_tell_topic(struct irc_channel *channel)
{
	struct irc_user *user = channel->connection->user;
	const char *author = channel->topic_author;

	if (channel->state != IRC_CHANNEL_JOINED)
		return;
	plug_subject(user->irc->plug, user->key, channel->room,
	             author ? author : irc_connection_label(channel->connection),
	             channel->topic ? channel->topic : "");
}
