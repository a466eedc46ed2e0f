/* SPDX-License-Identifier: MIT */
#include "frontends/slack/messages/said.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/channels/channel_name.h"
#include "frontends/slack/channels/history.h"
#include "frontends/slack/channels/known.h"
#include "frontends/slack/channels/portal_channel.h"
#include "frontends/slack/messages/recent.h"
#include "frontends/slack/messages/show.h"
#include "frontends/slack/people/custom_emoji.h"
#include "frontends/slack/people/person.h"
#include "frontends/slack/wire/slack_emoji.h"
#include "frontends/slack/wire/slack_file.h"
#include "frontends/slack/wire/slack_text.h"
#include "transport/people/session.h"
#include "transport/routing/router.h"

struct saying {
	struct workspace *workspace;
	struct channel *channel;
	const struct slack_event *source;
	char *address;    /* whose; of a bot with a name of its own "TEAM/BOT" */
	const char *name; /* and what he is called */
	struct buf text, xhtml;
	struct arena arena;
	struct event_attachment *files; /* those that others may fetch */
	size_t files_count;
};

static void saying_begin(struct saying *saying, struct workspace *workspace, struct channel *channel,
                         const struct slack_event *event)
{
	const char *id = event->user ? event->user : event->bot_id ? event->bot_id : "B0";

	*saying = (struct saying){.workspace = workspace, .channel = channel, .source = event};
	saying->address = slack_address(workspace->team, id);
	/* Of those whom the text names some may be forgotten for others, he as well. */
	saying->name = arena_strdup(&saying->arena, event->username && *event->username ? event->username
	                                            : event->user ? member_name(workspace, event->user)
	                                                          : "a bot");
}

static void saying_end(struct saying *saying)
{
	mem_free(saying->address);
	buf_finish(&saying->text);
	buf_finish(&saying->xhtml);
	arena_finish(&saying->arena);
}

/* A custom one by its name, unless it is another name of one that everybody has. */
static void put_reaction(struct buf *out, struct workspace *workspace, const char *name)
{
	bool unused = false;

	if (slack_emoji_put(out, name))
		return;
	const char *custom = custom_emoji_find(workspace, name, &unused);

	if (!slack_emoji_put_alias(out, &custom))
		buf_printf(out, ":%s:", name);
}

static bool has_to_wait_for_emoji(struct workspace *workspace, const char *name)
{
	struct buf standard = {0};
	bool missing = false;

	if (name && !slack_emoji_put(&standard, name))
		custom_emoji_find(workspace, name, &missing);
	buf_finish(&standard);
	return missing;
}

/* ----------------------------------------------------------------------------------------------- waiting */

static bool is_loading(struct slack_frontend *frontend, const char *address)
{
	const struct resource *resource = slack_person_attach(frontend, address);

	return resource && resource->identity->state == IDENTITY_LOADING;
}

/* It is about a message of the network that Slack has, and has not told us the name of: what it is called there is not
 * known before that. */
static bool refers_to_unnamed(const struct workspace *workspace, const struct channel *channel,
                              const struct slack_event *event)
{
	const char *about = event->kind == SLACK_REACTION          ? event->ts
	                    : channel->kind == CHANNEL_PORTAL ? event->thread_ts
	                                                      : NULL;

	return about && slack_show_is_unnamed(workspace->frontend, workspace->team, event->channel, about);
}

bool said_has_to_wait(struct workspace *workspace, struct channel *channel, const struct slack_event *event)
{
	struct slack_frontend *frontend = workspace->frontend;
	struct member_names names = {.workspace = workspace, .outside = true};
	const struct slack_names callbacks = member_names(&names);
	struct buf unused = {0};
	bool waits = false;

	/* All of them are asked at once. */
	if (event->user) {
		char *address = slack_address(workspace->team, event->user);

		waits = is_loading(frontend, address);
		waits = !member_known(workspace, event->user) || waits;
		mem_free(address);
	}
	if (channel->kind == CHANNEL_PORTAL)
		waits = is_loading(frontend, workspace->relay) || waits;
	if ((event->kind == SLACK_MESSAGE || event->kind == SLACK_EDIT) && slack_text_names(event))
		slack_text_read(&unused, NULL, event, &callbacks);
	else if (event->kind == SLACK_TOPIC)
		slack_mrkdwn_read(&unused, NULL, event->text, &callbacks);
	else if (event->kind == SLACK_REACTION)
		waits = has_to_wait_for_emoji(workspace, event->reaction) || waits;
	waits = refers_to_unnamed(workspace, channel, event) || waits;
	buf_finish(&unused);
	buf_finish(&names.text);
	return waits || names.missing;
}

/* ----------------------------------------------------------------------------------------------- routing */

static const char *refusal(const struct channel *channel, int err)
{
	if (channel->left_out && err == TP_ERR_NOT_FOUND)
		return "the account that speaks for people here is in too many rooms of the network. Say \"login\" to the bot "
		       "to have one of your own, or ask an administrator";
	switch (err) {
	case TP_ERR_NOT_CONNECTED:
		return "there is no connection to the network now. Ask the bot: status";
	case TP_ERR_NOT_FOUND:
		return "the room of the network is not joined";
	case TP_ERR_NOT_REGISTERED:
		return "nobody on the network hears you. Say \"login\" to the bot, or ask an administrator "
		       "for an account "
		       "that speaks for everybody";
	case TP_ERR_LIMIT:
		return "too much waits already, or it is too long";
	default:
		return tp_error_text(err);
	}
}

static void complain(struct saying *saying, int err)
{
	const struct slack_event *source = saying->source;
	struct workspace *workspace = saying->workspace;
	struct member *member = source->user ? member_of(workspace, source->user) : NULL;

	log_info(&workspace->log, "what %s says is not taken: %s", saying->address, tp_error_text(err));
	if (!member || (err == TP_ERR_NOT_REGISTERED && member->told_unheard))
		return;
	/* Once, as others can go on without an account. */
	member->told_unheard = err == TP_ERR_NOT_REGISTERED;
	char *text = mem_printf("Not delivered: %s.", refusal(saying->channel, err));

	if (saying->channel->kind == CHANNEL_CHAT)
		slack_notice(workspace, source->channel, saying->channel->at.thread, text);
	else
		slack_whisper(workspace, source->channel, source->thread_ts, source->user, text, 0);
	mem_free(text);
}

/* In the person's own name, or that of the workspace's account. */
static struct resource *speaker(struct saying *saying, struct event_message *message)
{
	struct workspace *workspace = saying->workspace;
	struct slack_frontend *frontend = workspace->frontend;
	struct resource *own = saying->source->user ? slack_person_ready(frontend, saying->address) : NULL;

	if (own || saying->channel->kind != CHANNEL_PORTAL)
		return own;
	message->author.name = saying->name;
	message->author.id = saying->address;
	message->author.avatar_url =
	        saying->source->user ? member_of(workspace, saying->source->user)->avatar : NULL;
	return slack_person_ready(frontend, workspace->relay);
}

static int send_on(struct saying *saying, struct resource *from, const struct event *event)
{
	if (!from)
		return TP_ERR_NOT_REGISTERED;
	/* After a start the room may not have been asked for yet: what is said waits for it. */
	if (saying->channel->kind == CHANNEL_PORTAL)
		portal_channel_join(saying->workspace->frontend, saying->channel, from);
	return router_from_frontend(from, event);
}

static void route(struct saying *saying, enum event_type type, struct event_message *message)
{
	const struct channel *channel = saying->channel;
	const char *nickname = channel_chat_nickname(channel);
	char *room = nickname ? mem_strndup(channel->name, (size_t)(nickname - 1 - channel->name)) : NULL;
	struct event event = {.type = type, .message = *message};

	event.message.kind = channel->kind == CHANNEL_PORTAL ? MESSAGE_ROOM
	                     : room                          ? MESSAGE_ROOM_PRIVATE
	                                                     : MESSAGE_CHAT;
	event.message.name = room ? room : channel->name;
	event.message.nickname = nickname;
	if (channel->kind == CHANNEL_PORTAL && channel_has_sisters(saying->workspace->frontend, channel))
		event.message.said_in = channel->place;
	int err = send_on(saying, speaker(saying, &event.message), &event);

	if (err)
		complain(saying, err);
	mem_free(room);
}

/* -------------------------------------------------------------------------------------------- messages */

/* Behind what is said about them. A link is text for every network, so there is no markup beside it. */
static void put_files(struct saying *saying)
{
	const struct slack_event *source = saying->source;
	struct buf line = {0};

	saying->files = arena_alloc(&saying->arena, source->files_count * sizeof(*saying->files));
	for (size_t i = 0; i < source->files_count; i++) {
		const struct slack_file *file = &source->files[i];
		const char *name = slack_file_name(file);

		buf_clear(&line);
		if (slack_files_put_words(saying->workspace->frontend->files, saying->workspace->team, file, saying->address,
		                          &line))
			saying->files[saying->files_count++] = (struct event_attachment){
			        .url = arena_strdup(&saying->arena, buf_text(&line) + strlen(name) + strlen(": ")),
			        .mime_type = file->mime_type,
			        .description = name};
		if (saying->text.len)
			buf_putc(&saying->text, '\n');
		buf_puts(&saying->text, buf_text(&line));
	}
	if (source->files_count)
		buf_clear(&saying->xhtml);
	buf_finish(&line);
}

static void read_text(struct saying *saying)
{
	const struct slack_event *source = saying->source;
	struct member_names names = {.workspace = saying->workspace, .outside = true};
	const struct slack_names callbacks = member_names(&names);
	size_t before;

	if (source->me) {
		buf_puts(&saying->text, "/me ");
		buf_puts(&saying->xhtml, "/me ");
	}
	before = saying->xhtml.len;
	slack_text_read(&saying->text, &saying->xhtml, source, &callbacks);
	if (saying->xhtml.len == before)
		buf_clear(&saying->xhtml);
	put_files(saying);
	buf_finish(&names.text);
}

/* A link that Slack unfolds, a counter of replies: nobody has said anything. */
static bool says_nothing(const struct saying *saying)
{
	return saying->text.data == NULL || !*saying->text.data;
}

static void say(struct saying *saying)
{
	struct slack_frontend *frontend = saying->workspace->frontend;
	const struct slack_event *source = saying->source;
	bool edit = source->kind == SLACK_EDIT, portal = saying->channel->kind == CHANNEL_PORTAL;
	bool in_thread = portal && source->thread_ts && strcmp(source->thread_ts, source->ts) != 0;

	read_text(saying);
	if (says_nothing(saying))
		return;
	char *original = slack_message_id(source->channel, source->ts);
	char *id = edit && source->event_ts ? slack_message_id(source->channel, source->event_ts)
	                                    : mem_strdup(original);
	char *thread = in_thread ? slack_message_id(source->channel, source->thread_ts) : NULL;
	const struct recent *quoted = slack_recent_find(frontend, thread);
	struct event_message message = {.text = buf_text(&saying->text),
	                                .xhtml = saying->xhtml.len ? buf_text(&saying->xhtml) : NULL,
	                                .id = id,
	                                .replaces = edit ? original : NULL,
	                                .reply_to = edit ? NULL : thread,
	                                .reply_text = quoted && !edit ? quoted->text : NULL,
	                                .reply_author = quoted && !edit ? quoted->author : NULL,
	                                .thread = thread,
	                                .attachments = saying->files,
	                                .attachments_count = saying->files_count};

	route(saying, EVENT_MESSAGE, &message);
	/* What is quoted may be the oldest that is remembered. */
	slack_recent_note(frontend, original, saying->name, message.text, saying->channel->place);
	mem_free(original);
	mem_free(id);
	mem_free(thread);
}

static void take_back(struct saying *saying)
{
	const struct slack_event *source = saying->source;
	char *original = slack_message_id(source->channel, source->ts);
	char *id = slack_message_id(source->channel, source->event_ts ? source->event_ts : source->ts);
	const struct recent *known = slack_recent_find(saying->workspace->frontend, original);

	if (known && known->text)
		buf_printf(&saying->text, "(takes back: %s)", known->text);
	else
		buf_puts(&saying->text, "(takes back a message)");
	route(saying, EVENT_MESSAGE,
	      &(struct event_message){.text = buf_text(&saying->text), .id = id, .retracts = original});
	mem_free(original);
	mem_free(id);
}

/* The core wants all reactions that somebody has: those of before this process, too. */
static void remember_reaction(void *context, const char *ts, const char *user, const char *name)
{
	const struct saying *saying = context;
	const struct slack_event *source = saying->source;
	char *id = slack_message_id(source->channel, ts);
	struct buf emoji = {0};

	put_reaction(&emoji, saying->workspace, name);
	if (!strcmp(user, source->user))
		slack_recent_react(saying->workspace->frontend, id, user, buf_text(&emoji), true, NULL, 0);
	buf_finish(&emoji);
	mem_free(id);
}

static void react(struct saying *saying)
{
	const struct slack_event *source = saying->source;
	const char *all[LIMIT_SLACK_REACTIONS];
	struct buf emoji = {0};

	if (!source->reaction || !source->user)
		return;
	put_reaction(&emoji, saying->workspace, source->reaction);
	known_reactions(saying->workspace->frontend, saying->workspace->team, source->channel, source->ts, remember_reaction,
	                saying);
	char *original = slack_message_id(source->channel, source->ts);
	char *id = source->event_ts ? slack_message_id(source->channel, source->event_ts) : NULL;
	size_t count = slack_recent_react(saying->workspace->frontend, original, source->user,
	                                  buf_text(&emoji), source->added, all, ARRAY_SIZE(all));

	if (source->added)
		buf_puts(&saying->text, buf_text(&emoji));
	else
		buf_printf(&saying->text, "(takes back: %s)", buf_text(&emoji));
	route(saying, EVENT_MESSAGE,
	      &(struct event_message){.text = buf_text(&saying->text),
	                              .id = id,
	                              .reacts_to = original,
	                              .reactions = all,
	                              .reactions_count = count});
	mem_free(original);
	mem_free(id);
	buf_finish(&emoji);
}

static void set_topic(struct saying *saying)
{
	const struct slack_event *source = saying->source;
	struct member_names names = {.workspace = saying->workspace, .outside = true};
	const struct slack_names callbacks = member_names(&names);
	char *id = source->ts ? slack_message_id(source->channel, source->ts) : NULL;

	slack_mrkdwn_read(&saying->text, NULL, source->text, &callbacks);
	mem_replace(&saying->channel->topic, buf_text(&saying->text));
	channel_store(saying->workspace->frontend, saying->channel);
	route(saying, EVENT_SUBJECT, &(struct event_message){.text = buf_text(&saying->text), .id = id});
	mem_free(id);
	buf_finish(&names.text);
}

static void rename_in_words(struct saying *saying)
{
	const struct slack_event *source = saying->source;
	char *id = slack_message_id(source->channel, source->ts);

	/* Outside of it nobody learns what a private channel is called. */
	if (source->is_private)
		buf_puts(&saying->text, "/me has given the channel another name");
	else
		buf_printf(&saying->text, "/me has renamed the channel to %s", source->text);
	route(saying, EVENT_MESSAGE, &(struct event_message){.text = buf_text(&saying->text), .id = id});
	mem_free(id);
}

/* A channel that was made for a room has one name with it. */
static void rename_room(struct saying *saying)
{
	const struct slack_event *source = saying->source;
	struct slack_frontend *frontend = saying->workspace->frontend;
	char *id = slack_message_id(source->channel, source->ts);
	struct event event = {.type = EVENT_ROOM_CHANGE,
	                      .message = {.kind = MESSAGE_ROOM,
	                                  .name = saying->channel->name,
	                                  .text = "",
	                                  .id = id,
	                                  .change = {.title = source->text}}};
	struct event_message unused = {0};

	if (!saying->channel->made || source->is_private || send_on(saying, speaker(saying, &unused), &event))
		rename_in_words(saying);
	else
		channel_name_asked(frontend, saying->channel, source);
	mem_free(id);
}

void said_rename_in_words(struct workspace *workspace, struct channel *channel, const struct slack_event *event)
{
	struct saying saying;

	saying_begin(&saying, workspace, channel, event);
	rename_in_words(&saying);
	saying_end(&saying);
}

/* A reaction does not say in which thread of a DM the message is. */
static struct channel *chat_of_reaction(const struct workspace *workspace, const struct slack_event *event)
{
	struct slack_frontend *frontend = workspace->frontend;

	if (event->kind != SLACK_REACTION || !event->channel || !event->ts)
		return NULL;
	char *id = slack_message_id(event->channel, event->ts);
	const struct recent *recent = slack_recent_find(frontend, id);
	const char *place = recent ? recent->place : NULL;

	mem_free(id);
	return place ? channel_at(frontend, place) : history_chat_of(frontend, workspace->team, event->channel, event->ts);
}

void said_take(struct workspace *workspace, struct channel *channel, const struct slack_event *event)
{
	struct saying saying;

	if (channel->kind == CHANNEL_CONTROL)
		channel = chat_of_reaction(workspace, event);
	if (!channel || channel->kind == CHANNEL_CONTROL || !event->channel ||
	    (!event->ts && event->kind != SLACK_TOPIC))
		return;
	saying_begin(&saying, workspace, channel, event);
	switch (event->kind) {
	case SLACK_MESSAGE:
	case SLACK_EDIT:
		say(&saying);
		break;
	case SLACK_DELETE:
		take_back(&saying);
		break;
	case SLACK_REACTION:
		react(&saying);
		break;
	case SLACK_TOPIC:
		if (channel->kind == CHANNEL_PORTAL)
			set_topic(&saying);
		break;
	case SLACK_RENAME:
		if (channel->kind == CHANNEL_PORTAL && event->user && *event->text)
			rename_room(&saying);
		break;
	default:
		break;
	}
	saying_end(&saying);
}
