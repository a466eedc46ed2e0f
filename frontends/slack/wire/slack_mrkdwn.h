/* SPDX-License-Identifier: MIT */
/*
 * mrkdwn. Slack says what its marks are, not exactly where they count. Here: a mark opens behind no letter
 * and before no white space, closes behind no white space and before no letter, on one line. A zero-width
 * space is white space to the marks beside it, and nothing to the reader: it keeps apart what is not meant
 * so.
 */
#pragma once

#include <string.h>

#include "frontends/slack/wire/slack_doc.h"

#define GUARD "\xe2\x80\x8b" /* U+200B */
#define GUARD_BYTES 3
#define FENCE "```"
#define FENCE_BYTES 3
#define MARKS "*_~`:"
#define EMOJI_NAME_MAX 100

static inline bool mrkdwn_is_guard(const char *text, const char *end)
{
	return end - text >= GUARD_BYTES && !memcmp(text, GUARD, GUARD_BYTES);
}

/* What a mark stands for; 0: it is none of these. */
static inline unsigned mrkdwn_look(char mark)
{
	return mark == '*' ? DOC_BOLD : mark == '_' ? DOC_ITALIC : mark == '~' ? DOC_STRIKE : 0;
}

/* Whether it can be in an emoji's name. */
bool mrkdwn_is_emoji_letter(const char *at, const char *end);
/* ":name:" at `at`: its end; NULL: it is none. */
const char *mrkdwn_emoji_end(const char *at, const char *end, char name[EMOJI_NAME_MAX + 1]);
/* Whether a reader sees any of it: blanks and guards are nothing, in a fence or behind the mark of an item. */
bool mrkdwn_says_something(const char *at, const char *end);
/* "• " in front of a line, behind spaces of which four are a level (indent; NULL: unwanted): how many bytes;
 * 0: it is no item of a list. */
size_t mrkdwn_bullet(const char *line, size_t length, unsigned *indent);
