/* SPDX-License-Identifier: MIT */
/* What slack_event.c, slack_message.c and slack_object.c read alike. */
#pragma once

#include "base/json.h"
#include "frontends/slack/wire/slack_event.h"

/* Members of an object; with NULL as name the value itself. NULL: missing, or not of that form. */
const char *slack_read_id(const struct cJSON *object, const char *name, struct arena *arena);
const char *slack_read_ts(const struct cJSON *object, const char *name, struct arena *arena);
const char *slack_read_url(const struct cJSON *object, const char *name, struct arena *arena); /* https or http */
/* "" is NULL. */
const char *slack_read_line(const struct cJSON *object, const char *name, struct arena *arena);
/* Never NULL. */
const char *slack_read_text(const struct cJSON *object, const char *name, struct arena *arena);
bool slack_text_is(const char *text, const char *expected); /* NULL is nothing */
size_t slack_count(const struct cJSON *list);
/* Appends the ids of a list to `ids`, which has room; how many. */
size_t slack_read_ids(const char **ids, const struct cJSON *list, struct arena *arena);

/* An event of type "message", or a message of history: fills in what it says. */
void slack_message_read(struct slack_event *event, const struct cJSON *json, struct arena *arena);
