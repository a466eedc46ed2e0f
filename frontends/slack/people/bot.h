/* SPDX-License-Identifier: MIT */
/* The bot: what people say to it in a DM, and by its slash command. */
#pragma once

#include "frontends/slack/channels/channel.h"
#include "frontends/slack/people/member.h"
#include "frontends/slack/workspace.h"

/* Where it was asked, and so where the answer goes. */
struct bot_place {
	const char *channel;
	const char *thread;       /* NULL */
	const char *response_url; /* of a slash command; NULL: a DM */
};

void slack_bot_line(struct workspace *workspace, const char *user, const struct bot_place *place,
                    const char *line);
void slack_bot_command(struct workspace *workspace, const struct slack_command *command);
/* frontend_ops.offer_room */
void slack_bot_offer_room(struct slack_frontend *frontend, const char *address, const char *room);
/* Whether somebody calls the bot in a conversation; and where that stands for nothing: he is told how to talk to us. */
bool slack_bot_is_called(const struct workspace *workspace, const struct slack_event *event);
void slack_bot_called(struct workspace *workspace, const struct slack_event *event);
