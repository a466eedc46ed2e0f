/* SPDX-License-Identifier: MIT */
/* Faces of people of the network: their cards' pictures, at a public URL of ours (transport/media) that Slack
 * fetches. */
#pragma once

#include "frontends/slack/slack.h"

struct identity;

/* Appends the URL of the picture of who says this; nothing if there is none. One that is not known yet is
 * asked for, and there for what is said later. */
void avatar_put_url(struct slack_frontend *frontend, const struct identity *to,
                    const struct event_message *message, struct buf *url);
/* EVENT_VCARD: the answer. */
void avatar_take_card(struct slack_frontend *frontend, const struct identity *to,
                      const struct event_vcard *card);
void avatars_free(struct slack_frontend *frontend);
