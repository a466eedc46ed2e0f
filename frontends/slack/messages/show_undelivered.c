/* SPDX-License-Identifier: MIT */
/* What will not arrive on the network, told to whoever said it. */
#include <string.h>

#include "base/text.h"
#include "frontends/slack/channels/channel.h"
#include "frontends/slack/channels/channel_name.h"
#include "frontends/slack/messages/show.h"
#include "frontends/slack/people/person.h"
#include "frontends/slack/workspace.h"

static const char *reason_text(enum undelivered_reason reason)
{
	static const char *const texts[] = {
	        [UNDELIVERED_OFFLINE] = "there is no connection to the network",
	        [UNDELIVERED_ROOM] = "the room of the network is not joined",
	        [UNDELIVERED_REFUSED] = "the network refused it",
	        [UNDELIVERED_UNSUPPORTED] = "the network cannot carry it",
	        [UNDELIVERED_TOO_LONG] = "it is too long for the network",
	        [UNDELIVERED_DROPPED] = "it was dropped by an administrator",
	};

	return texts[reason];
}

int slack_show_undelivered(struct slack_frontend *frontend, const char *address, const struct event *event)
{
	const struct event_undelivered *undelivered = &event->undelivered;
	const struct event_message *message = &undelivered->message;

	if (message->change.title) {
		channel_name_refused(frontend, undelivered);
		return 0;
	}
	struct workspace *workspace = workspace_of(frontend, address);
	bool room = message->kind == MESSAGE_ROOM, said = undelivered->text && *undelivered->text;
	char *name = room ? NULL : channel_chat_name(message);
	const struct channel *channel = !workspace ? NULL
	                                : room     ? channel_portal(frontend, workspace->team, message->name, NULL)
	                                           : channel_chat(frontend, address, name);
	const char *what = said ? undelivered->text : reason_text(undelivered->reason);
	char *text = *message->text ? mem_printf("Not delivered: %s (%.*s)", what,
	                                         (int)text_cut(message->text, strlen(message->text), 80),
	                                         message->text)
	                            : mem_printf("Not delivered: %s", what);
	struct slack_address person;

	if (channel && room && slack_address_read(&person, address) && strcmp(address, workspace->relay) != 0)
		slack_whisper(workspace, channel->at.id, NULL, person.id, text, event->trace);
	else if (channel)
		slack_notice_about(workspace, channel->at.id, room ? NULL : channel->at.thread, text, event->trace);
	else
		slack_person_tell_about(frontend, address, text, event->trace);
	mem_free(text);
	mem_free(name);
	/* It is in Slack's lane, and the person has the message before his eyes. */
	return 0;
}
