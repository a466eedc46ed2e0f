/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_moderate.h"

#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_bans.h"
#include "backends/irc/irc_connection.h"
#include "backends/irc/irc_line.h"
#include "backends/irc/irc_mask.h"
#include "backends/irc/irc_user.h"
#include "base/mem.h"
#include "plugin/plugin.h"

#define LINES_MAX (IRC_PREFIXES_MAX + 1)

/* What it is on IRC: each change a line of its own, as servers differ in how many they take in one. */
struct lines {
	struct irc_channel *channel;
	const char *nick;
	char *all[LINES_MAX];
	size_t count;
};

static void put_line(struct lines *lines, const char *command, const char *const *middle, size_t count,
                     const char *trailing)
{
	struct buf line = {0};

	if (lines->count == LINES_MAX ||
	    irc_line_build(&line, lines->channel->connection->support.line_length, command, middle, count, trailing))
		return;
	lines->all[lines->count++] = buf_take(&line);
}

static void put_mode(struct lines *lines, char sign, char letter, const char *argument)
{
	const char mode[] = {sign, letter, '\0'};

	put_line(lines, "MODE", (const char *const[]){lines->channel->name, mode, argument}, 3, NULL);
}

static void kick(struct lines *lines, const char *reason)
{
	put_line(lines, "KICK", (const char *const[]){lines->channel->name, lines->nick}, 2, *reason ? reason : NULL);
}

/* By the host where it is known, so that another nickname does not help. Whom a mask means is put out by nobody. */
static void ban(struct lines *lines, const char *reason)
{
	struct irc_channel *channel = lines->channel;
	const struct irc_member *member = irc_channel_find(channel, lines->nick);
	char *mask;

	if (irc_mask_is_valid(lines->nick)) {
		put_mode(lines, '+', 'b', lines->nick);
		return;
	}
	mask = member && member->host ? mem_printf("*!*@%s", member->host) : mem_printf("%s!*@*", lines->nick);
	put_mode(lines, '+', 'b', mask);
	irc_channel_note_ban(channel, lines->nick, mask);
	if (member)
		kick(lines, reason);
	mem_free(mask);
}

/* Also one that an earlier process has set by the name alone. */
static void unban(struct lines *lines)
{
	char *by_name = mem_printf("%s!*@*", lines->nick), *mask = irc_channel_take_ban(lines->channel, lines->nick);

	if (irc_mask_is_valid(lines->nick))
		mem_replace(&by_name, lines->nick);
	put_mode(lines, '-', 'b', by_name);
	if (mask && strcmp(mask, by_name) != 0 && !irc_mask_is_wide(mask))
		put_mode(lines, '-', 'b', mask);
	mem_free(mask);
	mem_free(by_name);
}

/* The first of these ranks that the server has; '\0': none. */
static char rank_of(const struct irc_isupport *support, enum participant_role role)
{
	static const char *const ranks[] = {
	        [ROLE_NONE] = "", [ROLE_VOICE] = "v", [ROLE_HELPER] = "hv", [ROLE_MODERATOR] = "o", [ROLE_OWNER] = "qao"};

	for (const char *mode = ranks[role]; *mode; mode++)
		if (irc_prefix_bit_of_mode(support, *mode))
			return *mode;
	return '\0';
}

/* What is given comes first: whoever takes his own rank away can give nothing any more. */
static void set_role(struct lines *lines, const struct irc_member *member, enum participant_role role)
{
	const struct irc_isupport *support = &lines->channel->connection->support;
	char rank = rank_of(support, role);
	unsigned bit = rank ? irc_prefix_bit_of_mode(support, rank) : 0;
	/* lower bits rank higher */
	unsigned above = bit ? bit - 1 : ~0u;

	if (bit && !(member->prefixes & bit))
		put_mode(lines, '+', rank, member->nick);
	for (size_t i = strlen(support->prefix_modes); i-- > 0;)
		if (member->prefixes & above & (1u << i))
			put_mode(lines, '-', support->prefix_modes[i], member->nick);
}

static void make_lines(struct lines *lines, const struct event_message *message)
{
	const struct irc_member *member = irc_channel_find(lines->channel, lines->nick);

	switch (message->moderation.action) {
	case MODERATION_KICK:
		kick(lines, message->text);
		break;
	case MODERATION_BAN:
		ban(lines, message->text);
		break;
	case MODERATION_UNBAN: /* irc_bans_forgive */
		break;
	case MODERATION_ROLE:
		if (member)
			set_role(lines, member, message->moderation.role);
		break;
	case MODERATION_INVITE:
		put_line(lines, "INVITE", (const char *const[]){lines->nick, lines->channel->name}, 2, NULL);
		break;
	case MODERATION_NONE:
		break;
	}
}

static const char *command_of(enum moderation_action action)
{
	return action == MODERATION_KICK ? "KICK" : action == MODERATION_INVITE ? "INVITE" : "MODE";
}

static void submit(const struct lines *lines, uint64_t handover, enum moderation_action action, const char *text)
{
	struct irc_channel *channel = lines->channel;
	struct irc_outgoing *outgoing = irc_outgoing_create(handover, command_of(action), lines->count);

	outgoing->whole = true;
	outgoing->target = mem_strdup(channel->name);
	outgoing->name = mem_strdup(channel->room);
	outgoing->room = mem_strdup(channel->room);
	outgoing->about = mem_strdup(lines->nick);
	outgoing->text = mem_strdup(text);
	memcpy(outgoing->lines, lines->all, lines->count * sizeof(*outgoing->lines));
	irc_outgoing_submit(channel->connection, outgoing);
}

void irc_moderate_unban(struct irc_channel *channel, const char *nick, uint64_t handover, const char *const *masks,
                        size_t count)
{
	struct lines lines = {.channel = channel, .nick = nick};

	if (!count)
		unban(&lines);
	else
		mem_free(irc_channel_take_ban(channel, nick));
	for (size_t i = 0; i < count; i++)
		put_mode(&lines, '-', 'b', masks[i]);
	submit(&lines, handover, MODERATION_UNBAN, "");
}

/* A nickname; or of bans a mask as well. */
static bool is_valid(const struct event_message *message)
{
	enum moderation_action action = message->moderation.action;

	return irc_nick_is_valid(message->nickname) ||
	       ((action == MODERATION_BAN || action == MODERATION_UNBAN) && irc_mask_is_valid(message->nickname));
}

enum plug_verdict irc_on_moderate(struct plug *plug, const char *key, const struct event_message *message)
{
	struct irc_user *user = irc_user_get(plug_context(plug), key);
	struct irc_channel *channel = user ? irc_user_channel(user, message->name) : NULL;
	struct lines lines = {.channel = channel, .nick = message->nickname};
	bool needs_member =
	        message->moderation.action == MODERATION_KICK || message->moderation.action == MODERATION_ROLE;
	uint64_t handover = plug_handover(plug);

	if (!channel) {
		plug_message_refused(plug, handover, HANDOVER_NOT_FOUND, "You are not in this channel.");
		return PLUG_PENDING;
	}
	if (!is_valid(message) || (needs_member && !irc_channel_find(channel, message->nickname))) {
		plug_message_refused(plug, handover, HANDOVER_NOT_FOUND, "Nobody of that name is in this channel.");
		return PLUG_PENDING;
	}
	if (message->moderation.action == MODERATION_UNBAN) {
		irc_bans_forgive(channel, message->nickname, handover);
		return PLUG_PENDING;
	}
	make_lines(&lines, message);
	if (!lines.count)
		return PLUG_DONE; /* it is so already */
	submit(&lines, handover, message->moderation.action, message->text);
	return PLUG_PENDING;
}

void irc_on_bans(struct plug *plug, const char *key, const char *room)
{
	struct irc_user *user = irc_user_get(plug_context(plug), key);
	struct irc_channel *channel = user ? irc_user_channel(user, room) : NULL;

	if (channel)
		irc_bans_tell(channel);
	else
		plug_bans_refused(plug, key, room, HANDOVER_NOT_FOUND, "You are not in this channel.");
}
