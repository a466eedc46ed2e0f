/* SPDX-License-Identifier: MIT */
#include "frontends/slack/channels/channel_name.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "frontends/slack/messages/said.h"
#include "frontends/slack/people/member.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"
#include "transport/spool/spool.h"

#define TITLE "slack title" /* notes of the spool: place -> the room's title that was followed last */
#define RENAMED "slack renamed" /* place -> who has renamed the channel, the message about it, and the name */

void channel_name_put(struct buf *out, const char *room)
{
	for (const char *c = room; *c && out->len < CHANNEL_NAME_MAX; c++) {
		unsigned char letter = (unsigned char)*c;

		if (letter >= 'A' && letter <= 'Z')
			buf_putc(out, (char)(letter - 'A' + 'a'));
		else if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || strchr("-_", *c))
			buf_putc(out, *c);
		else if (out->len && out->data[out->len - 1] != '-')
			buf_putc(out, '-');
	}
	while (out->len && out->data[out->len - 1] == '-')
		out->data[--out->len] = '\0';
}

static void note_title(struct slack_frontend *frontend, const struct channel *channel, const char *title)
{
	spool_note_set_text(frontend->base.transport->spool, TITLE, channel->place, title);
}

void channel_name_note(struct slack_frontend *frontend, struct channel *channel, const char *called)
{
	struct workspace *workspace = workspace_find(frontend, channel->at.team);

	/* One with a space in it is none of Slack's, and channel_store has no place for it. */
	if (!called || !*called || strpbrk(called, " \t\n"))
		return;
	if (channel->called && !strcmp(channel->called, called))
		return;
	if (workspace)
		member_title_changed(workspace, channel->at.id);
	mem_replace(&channel->called, called);
	channel_store(frontend, channel);
}

void channel_name_begin(struct slack_frontend *frontend, struct channel *channel, const char *called, bool made)
{
	const struct room *room = portal_listener(&frontend->base, channel->name);

	channel->made = made;
	note_title(frontend, channel, room ? room->title : NULL);
	channel_name_note(frontend, channel, called);
	channel_store(frontend, channel);
}

void channel_name_forget(struct slack_frontend *frontend, const struct channel *channel)
{
	note_title(frontend, channel, NULL);
	spool_note_set(frontend->base.transport->spool, RENAMED, channel->place, NULL, 0);
}

/* ------------------------------------------------------------------------------------------ from the network */

struct renaming {
	struct workspace *workspace;
	char *title, *name;
	char place[];
};

static void renaming_free(void *context)
{
	struct renaming *renaming = context;

	mem_free(renaming->title);
	mem_free(renaming->name);
	mem_free(renaming);
}

/* `problem`: why Slack does not call the channel so, too; NULL: it is not to. */
static void say_title(struct workspace *workspace, const struct channel *channel, const char *title,
		      const char *problem)
{
	char *text = mem_printf("%s is called %s on the network now%s%s%s.", channel->name, title,
				problem ? " (Slack does not let me call this channel so: " : "", problem ? problem : "",
				problem ? ")" : "");

	slack_notice(workspace, channel->at.id, NULL, text);
	mem_free(text);
}

static void on_renamed(void *context, const struct web_reply *reply)
{
	struct renaming *renaming = context;
	struct slack_frontend *frontend = renaming->workspace->frontend;
	struct channel *channel = channel_at(frontend, renaming->place);
	bool last = channel && channel->called_asked && !strcmp(channel->called_asked, renaming->name);

	if (last)
		mem_replace(&channel->called_asked, NULL);
	/* Of a lost workspace it is not known. */
	if (!channel || frontend->stopping || reply->err == TP_ERR_AUTH) {
		renaming_free(renaming);
		return;
	}
	note_title(frontend, channel, renaming->title);
	if (!reply->err)
		channel_name_note(frontend, channel, renaming->name);
	/* An answer that was lost: it is called so by us. */
	else if (!channel->called || strcmp(channel->called, renaming->name) != 0)
		say_title(renaming->workspace, channel, renaming->title, reply->problem);
	renaming_free(renaming);
}

static void rename_channel(struct workspace *workspace, struct channel *channel, const char *title, const char *name)
{
	struct renaming *renaming = MEM_NEW_TEXT(struct renaming, place, channel->place);
	const struct web_argument arguments[] = {{"channel", channel->at.id}, {"name", name}};

	renaming->workspace = workspace;
	renaming->title = mem_strdup(title);
	renaming->name = mem_strdup(name);
	mem_replace(&channel->called_asked, name);
	web_api_call(workspace->frontend->api, &(struct web_call){.method = "conversations.rename",
								  .token = &workspace->token,
								  .arguments = arguments,
								  .arguments_count = ARRAY_SIZE(arguments),
								  .lane = channel->place,
								  .done = on_renamed,
								  .context = renaming,
								  .drop = renaming_free});
}

/* Whether the title is another one than that followed last, or on its way to Slack. The first one is no news, and is
 * noted. */
static bool is_news(struct slack_frontend *frontend, const struct channel *channel, const char *title)
{
	char *followed = spool_note_text(frontend->base.transport->spool, TITLE, channel->place);
	bool is = followed && (channel->called_asked || strcmp(followed, title) != 0);

	if (!followed)
		note_title(frontend, channel, title);
	mem_free(followed);
	return is;
}

void channel_name_follow(struct slack_frontend *frontend, struct channel *channel, const char *title)
{
	struct workspace *workspace = workspace_find(frontend, channel->at.team);
	const char *known = channel->called_asked ? channel->called_asked : channel->called;
	struct buf name = {0};

	/* Later: of a room that is joined again it is told again. */
	if (!title || !*title || !workspace || channel->archived || !is_news(frontend, channel, title))
		return;
	channel_name_put(&name, title);
	bool renames = channel->made && name.len && (!known || strcmp(known, buf_text(&name)) != 0);

	if (!channel->made || !name.len)
		say_title(workspace, channel, title, channel->made ? "it takes letters a to z, digits, - and _" : NULL);
	/* Until Slack has answered it is not followed: should we be killed, the next process does it. */
	if (renames)
		rename_channel(workspace, channel, title, buf_text(&name));
	else if (!channel->called_asked)
		note_title(frontend, channel, title);
	buf_finish(&name);
}

static void follow_in(struct slack_frontend *frontend, struct channel *channel, void *context)
{
	channel_name_follow(frontend, channel, context);
}

void channel_name_show(struct slack_frontend *frontend, const struct identity *to,
		       const struct event_room_info *info)
{
	if (info->title && portal_is_listener(to, info->room))
		channel_each_portal(frontend, info->room, follow_in, (void *)(uintptr_t)info->title);
}

/* -------------------------------------------------------------------------------------------- from Slack */

void channel_name_asked(struct slack_frontend *frontend, const struct channel *channel,
			const struct slack_event *event)
{
	char *text = mem_printf("%s %s %s", event->user, event->ts, event->text);

	spool_note_set_text(frontend->base.transport->spool, RENAMED, channel->place, text);
	mem_free(text);
}

static void say_in_words(struct slack_frontend *frontend, const char *place)
{
	struct channel *channel = channel_at(frontend, place);
	struct workspace *workspace = workspace_of(frontend, place);
	char *text = spool_note_text(frontend->base.transport->spool, RENAMED, place), *rest = text;
	const char *user = strsep(&rest, " "), *ts = strsep(&rest, " ");

	if (channel && workspace && rest)
		said_rename_in_words(workspace, channel,
				     &(struct slack_event){.kind = SLACK_RENAME,
							   .channel = channel->at.id,
							   .ts = ts,
							   .user = user,
							   .text = rest});
	spool_note_set(frontend->base.transport->spool, RENAMED, place, NULL, 0);
	mem_free(text);
}

static void refuse(struct slack_frontend *frontend, struct channel *channel, void *context)
{
	const struct event_undelivered *undelivered = context;
	struct workspace *workspace = workspace_find(frontend, channel->at.team);

	if (!workspace || !slack_message_ts(undelivered->message.id, channel->at.id))
		return;
	/* Where rooms have no such thing there is nothing to tell in Slack. */
	if (undelivered->reason != UNDELIVERED_UNSUPPORTED) {
		char *text = mem_printf("On the network the room's name is not changed: %s",
					undelivered->text && *undelivered->text ? undelivered->text
										: "nobody could be asked there.");

		slack_notice(workspace, channel->at.id, NULL, text);
		mem_free(text);
	}
	slack_later(frontend, say_in_words, channel->place);
}

void channel_name_refused(struct slack_frontend *frontend, const struct event_undelivered *undelivered)
{
	channel_each_portal(frontend, undelivered->message.name, refuse, (void *)(uintptr_t)undelivered);
}
