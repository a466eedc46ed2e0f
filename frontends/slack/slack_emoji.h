/* SPDX-License-Identifier: MIT */
/* Names of emoji as Slack has them ("+1", "wave::skin-tone-3"), and what Unicode writes. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/* Appends the characters of a name without colons, skin tone and all. False: not a Unicode emoji (a custom one). */
bool slack_emoji_put(struct buf *out, const char *name);
/* Appends the name of these characters (with or without U+FE0F), without colons. False: they have none. */
bool slack_emoji_put_name(struct buf *out, const char *characters);
