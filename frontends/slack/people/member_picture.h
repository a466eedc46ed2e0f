/* SPDX-License-Identifier: MIT */
/* Pictures of people of a workspace, for those who use XMPP in the same room of the network (frontend_ops.card): the
 * one that Slack names for the member. */
#pragma once

#include "frontends/slack/slack.h"

bool member_picture_card(struct frontend *base, const char *address, size_t max, frontend_card_done *done,
			 void *context);
/* What is under way ends without a word. */
void member_pictures_end(struct slack_frontend *frontend);
