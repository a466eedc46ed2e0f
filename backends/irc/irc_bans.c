/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_bans.h"

#include <stdlib.h>
#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_connection.h"
#include "backends/irc/irc_format.h"
#include "backends/irc/irc_mask.h"
#include "backends/irc/irc_moderate.h"
#include "backends/irc/irc_user.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "plugin/plugin.h"

#define BANS_MS 30000

struct unban {
	struct list link;
	uint64_t handover;
	char *nick; /* or a mask */
};

struct irc_bans {
	struct event_ban *all; /* owned texts, but `nickname` */
	size_t count, space;
	bool cut;             /* there were more */
	bool wanted;          /* by the gateway */
	struct list unbans;   /* that wait for it */
	uint64_t deadline;
};

static void free_unban(struct unban *unban)
{
	list_remove(&unban->link);
	mem_free(unban->nick);
	mem_free(unban);
}

static void free_bans(struct irc_bans *bans)
{
	LIST_EACH(link, &bans->unbans)
	free_unban(CONTAINER_OF(link, struct unban, link));
	for (size_t i = 0; i < bans->count; i++) {
		mem_free((char *)bans->all[i].mask);
		mem_free((char *)bans->all[i].set_by);
	}
	mem_free(bans->all);
	mem_free(bans);
}

/* The question that is under way, or a new one; NULL: it cannot be asked. */
static struct irc_bans *ask(struct irc_channel *channel)
{
	const char *const middle[] = {channel->name, "b"};

	if (channel->listing)
		return channel->listing;
	if (irc_send_line(channel->connection, "MODE", middle, ARRAY_SIZE(middle), NULL) < 0)
		return NULL;
	channel->listing = MEM_NEW(struct irc_bans);
	channel->listing->deadline = clock_ms() + BANS_MS;
	list_init(&channel->listing->unbans);
	return channel->listing;
}

void irc_bans_tell(struct irc_channel *channel)
{
	struct irc_user *user = channel->connection->user;
	struct irc_bans *bans = channel->state == IRC_CHANNEL_JOINED ? ask(channel) : NULL;

	if (bans)
		bans->wanted = true;
	else
		plug_bans_refused(user->irc->plug, user->key, channel->room, HANDOVER_FAILED,
		                  "The network cannot be asked now.");
}

void irc_bans_forgive(struct irc_channel *channel, const char *nick, uint64_t handover)
{
	struct irc_bans *bans = channel->state == IRC_CHANNEL_JOINED ? ask(channel) : NULL;
	struct unban *unban;

	if (!bans) {
		irc_moderate_unban(channel, nick, handover, NULL, 0);
		return;
	}
	unban = MEM_NEW(struct unban);
	unban->handover = handover;
	unban->nick = mem_strdup(nick);
	list_append(&bans->unbans, &unban->link);
}

/* A name in it that nothing can show is left out; of who has set it only the nickname is told. */
void irc_bans_add(struct irc_channel *channel, const struct irc_line *line)
{
	struct irc_bans *bans = channel->listing;
	const char *mask = line->params[2], *by = line->params[3];
	struct event_ban *ban;

	if (!bans || !irc_mask_is_valid(mask) || !text_is_clean(mask, strlen(mask), TEXT_LINE))
		return;
	if (bans->count == LIMIT_BANS_PER_ROOM) {
		bans->cut = true;
		return;
	}
	if (bans->count == bans->space) {
		bans->space = bans->space ? 2 * bans->space : 16;
		bans->all = mem_realloc(bans->all, bans->space * sizeof(*bans->all));
	}
	ban = &bans->all[bans->count++];
	*ban = (struct event_ban){.mask = mem_strdup(mask)};
	if (*by && text_is_clean(by, strlen(by), TEXT_LINE))
		ban->set_by = mem_strndup(by, strcspn(by, "!"));
	ban->at = strtoll(line->params[4], NULL, 10);
}

/* ---- whose a ban is ---- */

/* The host that a mask means, if it is one; NULL. */
static const char *host_of(const char *mask)
{
	const char *at = mask ? strrchr(mask, '@') : NULL;

	return at && at[1] && !strpbrk(at, "*?/") ? at + 1 : NULL;
}

struct forgiven {
	const char *nick, *known, *host; /* known: the mask that he was banned with; NULL */
	const char *masks[IRC_UNBAN_MASKS];
	size_t count;
	const char *wide; /* that means others as well; NULL */
};

static void look_at(const struct irc_channel *channel, struct forgiven *who, const char *mask)
{
	bool fits = (who->known && irc_same_name(channel->casemap, who->known, mask)) ||
	            irc_mask_matches(mask, channel->casemap, who->nick, who->host);

	if (!fits)
		return;
	if (irc_mask_is_wide(mask))
		who->wide = mask;
	else if (who->count < ARRAY_SIZE(who->masks))
		who->masks[who->count++] = mask;
}

/* As a command of the gateway takes it. */
static void put_word(struct buf *out, const char *word)
{
	bool plain = !strpbrk(word, "'\"\\");

	buf_puts(out, plain ? "" : "\"");
	for (; *word; word++)
		buf_printf(out, "%s%c", strchr("\"\\", *word) ? "\\" : "", *word);
	buf_puts(out, plain ? "" : "\"");
}

static void refuse_wide(struct irc_channel *channel, const struct unban *unban, const char *mask)
{
	struct buf text = {0};

	buf_printf(&text, "%s is banned by %s, which means others as well. The command room-unban ", unban->nick, mask);
	put_word(&text, channel->room);
	buf_putc(&text, ' ');
	put_word(&text, mask);
	buf_puts(&text, " takes it back.");
	plug_message_refused(channel->connection->user->irc->plug, unban->handover, HANDOVER_FORBIDDEN, buf_text(&text));
	buf_finish(&text);
}

static void take_back(struct irc_channel *channel, const struct irc_bans *bans, const struct unban *unban)
{
	const char *mask = bans->cut ? unban->nick : NULL;

	for (size_t i = 0; i < bans->count && !mask; i++)
		if (irc_same_name(channel->casemap, bans->all[i].mask, unban->nick))
			mask = bans->all[i].mask;
	if (mask)
		irc_moderate_unban(channel, unban->nick, unban->handover, &mask, 1);
	else
		plug_message_refused(channel->connection->user->irc->plug, unban->handover, HANDOVER_NOT_FOUND,
		                     "This channel has no such ban.");
}

static void forgive(struct irc_channel *channel, const struct irc_bans *bans, const struct unban *unban)
{
	const struct irc_member *member = irc_channel_find(channel, unban->nick);
	struct forgiven who = {.nick = unban->nick, .known = irc_channel_ban_of(channel, unban->nick)};

	who.host = member && member->host ? member->host : host_of(who.known);
	for (size_t i = 0; i < bans->count; i++)
		look_at(channel, &who, bans->all[i].mask);
	if (who.wide)
		refuse_wide(channel, unban, who.wide);
	else if (who.count || bans->cut)
		irc_moderate_unban(channel, unban->nick, unban->handover, who.masks, who.count);
	else
		plug_message_refused(channel->connection->user->irc->plug, unban->handover, HANDOVER_NOT_FOUND,
		                     "No ban of this channel is known to mean that nickname.");
}

/* ---- the end of it ---- */

void irc_bans_end(struct irc_channel *channel)
{
	struct irc_user *user = channel->connection->user;
	struct irc_bans *bans = channel->listing;

	if (!bans)
		return;
	channel->listing = NULL;
	for (size_t i = 0; i < bans->count; i++)
		bans->all[i].nickname = irc_channel_banned_by(channel, bans->all[i].mask);
	if (bans->wanted)
		plug_bans(user->irc->plug, user->key, channel->room, bans->all, bans->count);
	LIST_EACH(link, &bans->unbans)
	{
		const struct unban *unban = CONTAINER_OF(link, struct unban, link);

		if (irc_mask_is_valid(unban->nick))
			take_back(channel, bans, unban);
		else
			forgive(channel, bans, unban);
	}
	free_bans(bans);
}

void irc_bans_fail(struct irc_channel *channel, enum handover_error error, const char *sentence)
{
	struct irc_user *user = channel->connection->user;
	struct irc_bans *bans = channel->listing;

	if (!bans)
		return;
	channel->listing = NULL;
	if (bans->wanted)
		plug_bans_refused(user->irc->plug, user->key, channel->room, error, sentence);
	LIST_EACH(link, &bans->unbans)
	{
		const struct unban *unban = CONTAINER_OF(link, struct unban, link);

		/* Who may not see the list may still be let change it. */
		if (channel->state == IRC_CHANNEL_JOINED)
			irc_moderate_unban(channel, unban->nick, unban->handover, NULL, 0);
		else
			plug_message_refused(user->irc->plug, unban->handover, error, sentence);
	}
	free_bans(bans);
}

void irc_bans_drop(struct irc_channel *channel)
{
	if (channel->listing)
		free_bans(channel->listing);
	channel->listing = NULL;
}

/* While something is said no answer tells whether it is about that. A text is never refused with 482. */
static bool may_be_ours(const struct irc_connection *connection, const struct irc_line *line)
{
	const struct irc_outgoing *flying = connection->flying;

	if (strcmp(line->command, "482") == 0)
		return !flying || strcmp(flying->command, "PRIVMSG") == 0;
	return !flying && (strcmp(line->command, "403") == 0 || strcmp(line->command, "442") == 0);
}

bool irc_bans_error(struct irc_connection *connection, const struct irc_line *line)
{
	struct irc_channel *channel =
	        line->count > 2 && may_be_ours(connection, line) ? irc_connection_channel(connection, line->params[1]) : NULL;
	struct buf sentence = {0}, xhtml = {0};

	if (!channel || !channel->listing)
		return false;
	irc_format_read(line->params[line->count - 1], &sentence, &xhtml);
	irc_bans_fail(channel, strcmp(line->command, "482") == 0 ? HANDOVER_FORBIDDEN : HANDOVER_NOT_FOUND,
	              buf_text(&sentence));
	buf_finish(&sentence);
	buf_finish(&xhtml);
	return true;
}

void irc_bans_tick(struct irc_connection *connection, uint64_t now)
{
	LIST_EACH(link, &connection->channels)
	{
		struct irc_channel *channel = CONTAINER_OF(link, struct irc_channel, link);

		if (channel->listing && now >= channel->listing->deadline)
			irc_bans_fail(channel, HANDOVER_FAILED, "The network does not answer.");
	}
}
