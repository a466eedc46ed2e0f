/* SPDX-License-Identifier: MIT */
#include "frontends/slack/show.h"

#include <string.h>

#include "base/error.h"
#include "frontends/slack/channel.h"
#include "frontends/slack/chat.h"
#include "frontends/slack/posted.h"
#include "frontends/slack/show_private.h"
#include "frontends/slack/workspace.h"
#include "transport/in_flight.h"
#include "transport/session.h"

static void speak(struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;
	const char *reacts_to = slack_message_ts(message->reacts_to, speaking->channel);
	const char *retracts = slack_message_ts(message->retracts, speaking->channel);
	const char *replaces = slack_message_ts(message->replaces, speaking->channel);
	bool says = *message->text || message->xhtml || !message->attachments_count;

	if (reacts_to) {
		show_react(speaking, reacts_to);
	} else if (retracts) {
		show_take_back(speaking, retracts);
	} else if (replaces) {
		show_edit(speaking, replaces);
	} else {
		if (says)
			show_text(speaking, message->replaces ? "* " : "");
		for (size_t i = 0; i < message->attachments_count; i++)
			show_attachment(speaking, &message->attachments[i], !says && i == 0);
	}
}

/* Where what is said in the channel belongs: NULL, or a thread of it. */
static const char *thread_of(const struct event_message *message, const struct channel *channel)
{
	return channel->kind == CHANNEL_CHAT ? channel->at.thread
	                                     : slack_message_ts(message->thread, channel->at.id);
}

/* Whether it can be said there now: what a process before this one has posted has to be known. */
static bool is_looked_up(struct speaking *speaking, const struct channel *channel)
{
	const char *ts;
	struct workspace *workspace = workspace_find(speaking->frontend, channel->at.team);

	return !workspace || !post_is_old(speaking, workspace) ||
	       posted_before(speaking->frontend, workspace, channel->at.id,
	                     thread_of(&speaking->event->message, channel), "", &ts) != POSTED_UNKNOWN;
}

static void speak_in(struct speaking *speaking, const struct channel *channel)
{
	speaking->workspace = workspace_find(speaking->frontend, channel->at.team);
	speaking->place = channel->place;
	speaking->channel = channel->at.id;
	speaking->made = 0;
	speaking->thread = thread_of(&speaking->event->message, channel);
	/* Nobody can say anything in an archived channel. */
	if (speaking->workspace && !channel->archived)
		speak(speaking);
}

static bool was_said_in(const struct speaking *speaking, const struct channel *channel)
{
	const char *said_in = speaking->event->message.said_in;

	return said_in && !strcmp(said_in, channel->place);
}

static void speak_in_portal(struct slack_frontend *frontend, struct channel *channel, void *context)
{
	(void)frontend;
	if (!was_said_in(context, channel))
		speak_in(context, channel);
}

struct checking {
	struct speaking *speaking;
	bool known;
};

static void check_portal(struct slack_frontend *frontend, struct channel *channel, void *context)
{
	struct checking *checking = context;

	(void)frontend;
	checking->known = is_looked_up(checking->speaking, channel) && checking->known;
}

static int show_in_portal(struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;
	struct checking checking = {speaking, true};

	speaking->name = message->author.name                      ? message->author.name
	                 : message->nickname && *message->nickname ? message->nickname
	                                                           : message->name;
	channel_each_portal(speaking->frontend, message->name, check_portal, &checking);
	if (!checking.known)
		return TP_ERR_NOT_CONNECTED;
	channel_each_portal(speaking->frontend, message->name, speak_in_portal, speaking);
	return speaking->promised;
}

static int show_in_chat(struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;
	bool in_room = message->kind == MESSAGE_ROOM_PRIVATE;
	char *name = channel_chat_name(message);
	const struct channel *channel =
	        slack_chat_open(speaking->frontend, speaking->to->address, name, in_room);

	speaking->name = in_room ? message->nickname : name;
	bool ready = channel && is_looked_up(speaking, channel);

	if (ready)
		speak_in(speaking, channel);
	mem_free(name);
	return ready ? speaking->promised : TP_ERR_NOT_CONNECTED;
}

int slack_show_message(struct slack_frontend *frontend, struct identity *to, const struct event *event)
{
	struct speaking speaking = {.frontend = frontend, .to = to, .event = event};

	if (in_flight_waits(frontend->in_flight, to, event))
		return TP_ERR_NOT_CONNECTED;
	int shown = event->message.kind == MESSAGE_ROOM ? show_in_portal(&speaking) : show_in_chat(&speaking);

	slack_hold(frontend);
	return shown;
}

int slack_show_attention(struct slack_frontend *frontend, struct identity *to, const struct event *event)
{
	struct event message = *event;

	message.type = EVENT_MESSAGE;
	message.message.kind = MESSAGE_CHAT;
	if (!message.message.text || !*message.message.text)
		message.message.text = "/me wants your attention.";
	return slack_show_message(frontend, to, &message);
}
