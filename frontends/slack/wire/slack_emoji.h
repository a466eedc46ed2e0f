/* SPDX-License-Identifier: MIT */
/*
 * Names of emoji as Slack has them ("+1", "wave::skin-tone-3", "handshake::skin-tone-2-5"), and what Unicode
 * writes. The table is in the program: looked up in O(log n), no memory is taken but the buffer's.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/* Appends the characters of a name without colons, skin tone and all (left out where there is none of it).
 * False: not a Unicode emoji (a custom one). */
bool slack_emoji_put(struct buf *out, const char *name);
/* Of a custom one (slack_names.emoji): true, and its characters are appended, if it is another name of one of
 * Unicode's. Else *picture is its URL, or NULL. */
bool slack_emoji_put_alias(struct buf *out, const char **picture);
/* Appends the first name of these characters (with or without U+FE0F), without colons. False: they are not
 * one emoji. */
bool slack_emoji_put_name(struct buf *out, const char *characters);
