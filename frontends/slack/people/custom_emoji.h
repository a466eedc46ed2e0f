/* SPDX-License-Identifier: MIT */
/* Emoji that a workspace has made itself: asked for as a whole (emoji.list) when the first one is met, then
 * followed. */
#pragma once

#include "frontends/slack/workspace.h"

/* Its picture's URL, or "alias:NAME" if it is another name of a standard one. NULL: there is none of that name,
 * or it is not known yet; then *missing becomes true, and incoming_go_on follows. Good until the next call. */
const char *custom_emoji_find(struct workspace *workspace, const char *name, bool *missing);
/* emoji_changed: what is known follows. */
void custom_emoji_changed(struct workspace *workspace, const struct cJSON *event);
void custom_emoji_free(struct workspace *workspace);
