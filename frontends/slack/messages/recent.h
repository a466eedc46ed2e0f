/* SPDX-License-Identifier: MIT */
/* The last LIMIT_SLACK_RECENT messages with text, both ways: what a reply quotes, and a deletion takes back,
 * for networks that know of neither. And which reactions people of Slack have put on them, as the core wants all
 * that somebody has. */
#pragma once

#include "frontends/slack/slack.h"

struct recent {
	char *author, *text;   /* NULL: not known */
	char *place;           /* of the channel or chat that it was said in; NULL: not known */
	struct map *reactions; /* "USER\nEMOJI" -> emoji; NULL */
};

void slack_recent_note(struct slack_frontend *frontend, const char *id, const char *author, const char *text,
                       const char *place);
/* NULL: not known (any more). */
const struct recent *slack_recent_find(const struct slack_frontend *frontend, const char *id);
/* A reaction was added or removed; appends all that the user has on the message now to `emoji`, up to `max`
 * lent texts, and returns how many. */
size_t slack_recent_react(struct slack_frontend *frontend, const char *id, const char *user,
                          const char *emoji, bool added, const char **all, size_t max);
void slack_recent_free(struct slack_frontend *frontend);
