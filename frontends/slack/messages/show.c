/* SPDX-License-Identifier: MIT */
#include "frontends/slack/messages/show.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "frontends/slack/channels/channel.h"
#include "frontends/slack/messages/posted.h"
#include "frontends/slack/messages/show_private.h"
#include "frontends/slack/people/chat.h"
#include "frontends/slack/workspace.h"
#include "protocol/degrade.h"
#include "protocol/picture_markup.h"
#include "transport/people/session.h"
#include "transport/routing/delivery.h"
#include "transport/routing/in_flight.h"
#include "transport/spool/message_map.h"

static const char *find_copy(const struct speaking *speaking, const char *network, const char *id, struct arena *arena)
{
	char *copy = mem_printf(SHOW_COPY "%s", speaking->place);
	const char *found = message_map_find(speaking->frontend->base.transport->spool, arena, network, id, copy, NULL, NULL);

	mem_free(copy);
	return slack_message_ts(found, speaking->channel);
}

const char *show_ts_of(const struct speaking *speaking, const char *id, struct arena *arena)
{
	const struct event_message *message = &speaking->event->message;
	const char *ts = slack_message_ts(id, speaking->channel), *theirs;
	struct buf people = {0}, network = {0};

	if (!id || ts || message->kind != MESSAGE_ROOM)
		return ts;
	/* It is called what another channel calls it; or what it is called where it was said, if that is one of ours. */
	delivery_places(speaking->to, message->name, true, &people, &network);
	theirs = message_map_find(speaking->frontend->base.transport->spool, arena, buf_text(&people), id, buf_text(&network),
	                          NULL, NULL);
	ts = slack_message_ts(theirs, speaking->channel);
	if (!ts && theirs)
		ts = find_copy(speaking, buf_text(&network), theirs, arena);
	if (!ts)
		ts = find_copy(speaking, buf_text(&network), id, arena);
	buf_finish(&people);
	buf_finish(&network);
	return ts;
}

static void speak(struct speaking *speaking, struct arena *arena)
{
	const struct event_message *message = &speaking->event->message;
	const char *reacts_to = show_ts_of(speaking, message->reacts_to, arena);
	const char *retracts = show_ts_of(speaking, message->retracts, arena);
	const char *replaces = show_ts_of(speaking, message->replaces, arena);
	bool says = !event_text_is_file(message);

	if (reacts_to) {
		show_react(speaking, reacts_to);
	} else if (retracts) {
		show_take_back(speaking, retracts);
	} else if (replaces) {
		show_edit(speaking, replaces);
	} else {
		struct series *series = series_create();

		if (says)
			show_text(speaking, message->replaces ? "* " : "", series);
		for (size_t i = 0; i < message->attachments_count; i++)
			show_attachment(speaking, &message->attachments[i], series, !says && i == 0);
		series_release(series);
	}
}

static void enter(struct speaking *speaking, const struct channel *channel, struct arena *arena)
{
	speaking->workspace = workspace_find(speaking->frontend, channel->at.team);
	speaking->place = channel->place;
	speaking->channel = channel->at.id;
	speaking->thread = channel->kind == CHANNEL_CHAT ? channel->at.thread
	                                                 : show_ts_of(speaking, speaking->event->message.thread, arena);
	speaking->is_copy = channel->kind == CHANNEL_PORTAL && channel_has_sisters(speaking->frontend, channel);
	speaking->made = 0;
}

/* Whether it can be said there now: what a process before this one has posted has to be known. */
static bool is_looked_up(struct speaking *speaking, const struct channel *channel)
{
	struct arena arena = {0};
	const char *ts;

	enter(speaking, channel, &arena);
	bool known = !speaking->workspace || !post_is_old(speaking, speaking->workspace) ||
	             posted_before(speaking->workspace, speaking->channel, speaking->thread, "",
	                           spool_find(speaking->frontend->base.transport->spool, speaking->event->handover),
	                           &ts) != POSTED_UNKNOWN;

	arena_finish(&arena);
	return known;
}

static void speak_in(struct speaking *speaking, const struct channel *channel)
{
	struct arena arena = {0};

	enter(speaking, channel, &arena);
	/* Nobody can say anything in an archived channel. */
	if (speaking->workspace && !channel->archived) {
		speaking->landing = outcome_land_in(speaking->outcome, channel);
		speak(speaking, &arena);
	}
	arena_finish(&arena);
}

/* It was said there, or came there before other channels were to have it again. */
static bool has_it(const struct speaking *speaking, const struct channel *channel)
{
	const char *said_in = speaking->event->message.said_in;

	return (said_in && !strcmp(said_in, channel->place)) || outcome_has(speaking->outcome, channel);
}

static void speak_in_portal(struct slack_frontend *frontend, struct channel *channel, void *context)
{
	(void)frontend;
	if (!has_it(context, channel))
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
	if (!has_it(checking->speaking, channel))
		checking->known = is_looked_up(checking->speaking, channel) && checking->known;
}

/* False: not now. */
static bool show_in_portal(struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;
	struct checking checking = {speaking, true};

	speaking->name = message->author.name                      ? message->author.name
	                 : message->nickname && *message->nickname ? message->nickname
	                                                           : message->name;
	channel_each_portal(speaking->frontend, message->name, check_portal, &checking);
	if (checking.known)
		channel_each_portal(speaking->frontend, message->name, speak_in_portal, speaking);
	return checking.known;
}

static bool show_in_chat(struct speaking *speaking)
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
	return ready;
}

/* While one of the channels of a room has not named what it refers to, it goes by the network's name for that. */
static bool waits_for_copy(struct slack_frontend *frontend, const struct identity *to, const struct event *event)
{
	struct event copy = *event;
	struct event_message *message = &copy.message;
	const char **const slots[] = {&message->replaces, &message->retracts, &message->reply_to, &message->reacts_to,
	                              &message->thread};
	struct buf people = {0}, network = {0};
	struct arena arena = {0};

	if (message->kind != MESSAGE_ROOM || !map_count(frontend->in_flight))
		return false;
	delivery_places(to, message->name, true, &people, &network);
	for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
		if (*slots[i])
			*slots[i] = message_map_find(frontend->base.transport->spool, &arena, buf_text(&people), *slots[i],
			                             buf_text(&network), NULL, NULL);
	bool waits = in_flight_waits(frontend->in_flight, to, &copy);

	buf_finish(&people);
	buf_finish(&network);
	arena_finish(&arena);
	return waits;
}

/* What is changed has to be there as a whole. */
static bool waits_for_parts(struct slack_frontend *frontend, const struct identity *to, const struct event *event)
{
	const struct event_message *message = &event->message;
	const char *id = message->retracts ? message->retracts : message->replaces, *theirs;
	struct buf people = {0}, network = {0};
	struct arena arena = {0};

	if (!id || !event->handover || !map_count(frontend->in_flight))
		return false;
	delivery_places(to, message->name, message->kind == MESSAGE_ROOM, &people, &network);
	theirs = message_map_find(frontend->base.transport->spool, &arena, buf_text(&people), id, buf_text(&network), NULL,
	                          NULL);
	char *parts = show_parts_id(theirs ? theirs : id);
	bool waits = in_flight_waits_for(frontend->in_flight, buf_text(&network), parts, to->address);

	mem_free(parts);
	buf_finish(&people);
	buf_finish(&network);
	arena_finish(&arena);
	return waits;
}

#define PASSED_ON_MAX 2000 /* bytes of a text */

/* What is said to the account that speaks for people, and to it alone: a chat with that account nobody would read. */
static bool pass_to_admins(struct slack_frontend *frontend, const struct identity *to,
			   const struct event_message *message)
{
	struct workspace *workspace = workspace_of(frontend, to->address);

	if (message->kind == MESSAGE_ROOM || !workspace || strcmp(workspace->relay, to->address) != 0)
		return false;
	size_t length = strlen(message->text), shown = text_cut(message->text, length, PASSED_ON_MAX);
	char *text = mem_printf("%s says to the account that speaks for people of %s: %.*s%s",
				message->kind == MESSAGE_ROOM_PRIVATE ? message->nickname : message->name, workspace->name,
				(int)shown, message->text, shown < length ? "…" : "");

	if (!message->carbon)
		workspace_tell_all_admins(frontend, workspace, text);
	mem_free(text);
	return true;
}

static int speak_out(struct speaking *speaking)
{
	struct slack_frontend *frontend = speaking->frontend;

	speaking->outcome = outcome_begin(frontend, speaking->event->handover);
	bool ready = speaking->event->message.kind == MESSAGE_ROOM ? show_in_portal(speaking) : show_in_chat(speaking);
	int answer = outcome_settle(speaking->outcome, ready);

	slack_hold(frontend);
	return answer;
}

int slack_show_message(struct slack_frontend *frontend, struct identity *to, const struct event *event)
{
	struct speaking speaking = {.frontend = frontend, .to = to};
	struct arena arena = {0};
	struct event copy;
	int answer = TP_ERR_NOT_CONNECTED;

	speaking.event = event = picture_markup_read(event, &copy, &arena);
	if (pass_to_admins(frontend, to, &event->message))
		answer = 0;
	else if (!in_flight_waits(frontend->in_flight, to, event) && !waits_for_copy(frontend, to, event) &&
		 !waits_for_parts(frontend, to, event))
		answer = speak_out(&speaking);
	arena_finish(&arena);
	return answer;
}

int slack_show_attention(struct slack_frontend *frontend, struct identity *to, const struct event *event)
{
	const struct event message = degrade_attention(event);

	return slack_show_message(frontend, to, &message);
}
