/* SPDX-License-Identifier: MIT */
/* What people say in channels and chats, on its way to the network: in their own name, or the workspace's
 * account's. */
#pragma once

#include "frontends/slack/channels/channel.h"
#include "frontends/slack/workspace.h"

/* Whether names or accounts are not known yet that it needs; they are asked for, and incoming_go_on follows.
 */
bool said_has_to_wait(struct workspace *workspace, struct channel *channel, const struct slack_event *event);
/* A MESSAGE, EDIT, DELETE, REACTION, TOPIC or RENAME of somebody in a portal or chat. */
void said_take(struct workspace *workspace, struct channel *channel, const struct slack_event *event);
/* A RENAME that the network has not followed: told there as what somebody says. */
void said_rename_in_words(struct workspace *workspace, struct channel *channel, const struct slack_event *event);
