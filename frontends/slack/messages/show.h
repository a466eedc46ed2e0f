/* SPDX-License-Identifier: MIT */
/*
 * What the network says, as messages of Slack. Each as deliver (transport/frontend.h).
 *
 * A post carries the number of its record (metadata), so that one whose answer was lost, or whose process was
 * killed before it could note the answer, is found in the channel's history (posted.h) and neither lost nor
 * said twice.
 */
#pragma once

#include "frontends/slack/slack.h"

struct identity;

int slack_show_message(struct slack_frontend *frontend, struct identity *to, const struct event *event);
/* EVENT_ATTENTION: as a message. */
int slack_show_attention(struct slack_frontend *frontend, struct identity *to, const struct event *event);
/* UNDELIVERED: only whoever said it is told. */
int slack_show_undelivered(struct slack_frontend *frontend, const char *address, const struct event *event);
/* Whether this may be a message of ours whose post is not answered yet: no call has told its time stamp. */
bool slack_show_is_unnamed(const struct slack_frontend *frontend, const char *team, const char *channel,
                           const char *ts);
void slack_show_free(struct slack_frontend *frontend);
