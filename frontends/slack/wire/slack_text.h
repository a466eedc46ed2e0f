/* SPDX-License-Identifier: MIT */
/*
 * Formatted text: Slack's mrkdwn and rich_text blocks, and the core's plain text and XHTML-IM subset. Input
 * is a stranger's either way. What was read and is written again is read as the same text, and in the same
 * formatting unless stray marks stand in heaps around it.
 *
 * In mrkdwn & < > are escaped and <...> are tokens: users, channels, links, dates, special mentions. They are
 * unescaped once, after the tokens were cut. Nothing that comes from outside becomes a token when it is
 * written: what a remote person calls <!channel> is text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct cJSON;
struct slack_event;

#define SLACK_TEXT_POST_MAX 4000 /* characters of one message: longer ones cannot be edited in one piece */

/* What ids are called; each answer is used before the next call, NULL: not known. Any of the functions may be
 * NULL. */
struct slack_names {
	const char *(*user)(void *context, const char *id);      /* "carol": shown as @carol */
	const char *(*channel)(void *context, const char *id);   /* "general": shown as #general */
	const char *(*usergroup)(void *context, const char *id); /* "team-leads": shown as @team-leads */
	/* A custom one: its picture's URL, or "alias:NAME" of one of Unicode's, which are known. */
	const char *(*emoji)(void *context, const char *name);
	void *context;
};

/*
 * Appends what was said, as plain text for networks without formatting (*text*: line breaks, "* " and "1. "
 * lists, "> " quotes, links as "label (url)", mentions as names) and as XHTML-IM (*xhtml*, nothing if it
 * would say no more; NULL: unwanted). rich_text blocks are preferred; without them `text`; an app's message
 * that has neither:
 * its other blocks' texts. Attachments follow (pretext, title, text, fields, or the fallback; a forwarded
 * message as a quote), but for those that Slack made of links. `names` may be NULL; what is not known by name
 * is shown by the token's label or by its id.
 */
void slack_text_read(struct buf *text, struct buf *xhtml, const struct slack_event *event,
		     const struct slack_names *names);
/* False: whoever reads it asks for no user, no channel, and no emoji. */
bool slack_text_names(const struct slack_event *event);
/* What was typed behind a slash command: tokens and escaped characters, and no marks, as it is nobody's text to look at
 * ("*!*@host", "pass*word*"). */
void slack_typed_read(struct buf *text, const char *command, const struct slack_names *names);
/* mrkdwn alone: of topics. */
void slack_mrkdwn_read(struct buf *text, struct buf *xhtml, const char *mrkdwn, const struct slack_names *names);

/* Who and what may be named in what is written. */
struct slack_mentions {
	/* The user that this name (as people of the workspace see it, without @) means, if it is to be a mention; NULL. Asked
	 * for "@name", the longest first as names may be of several words, and for "name: " where the text begins. */
	const char *(*user)(void *context, const char *name);
	void *context;
};

/*
 * Appends mrkdwn: of the XHTML-IM if there is any, else of the text. `mentions` NULL: nobody is mentioned. Web
 * addresses become links, so that nothing in them is taken for a mark. Characters that mrkdwn would take for marks
 * and that were not meant so get zero-width spaces, which slack_text_read takes away again; formatting that cannot
 * be said is left out. To be posted with link_names=false and parse=none, or Slack itself makes mentions of
 * "@here" (chat.update parses unless it is told not to).
 */
void slack_mrkdwn_write(struct buf *mrkdwn, const char *text, const char *xhtml, const struct slack_mentions *mentions);
/* Escapes & < > only. */
void slack_escape(struct buf *out, const char *text);

/* How many bytes of this mrkdwn are one message of at most `max` characters (at least 16): cut behind a line,
 * else a word, never within a token or character (a token that is longer than a message aside). *fence says
 * whether a fence of code is open there. The whole length if it fits. */
size_t slack_text_cut(const char *mrkdwn, size_t max, bool *fence);
/* Appends the next message of at most `max` characters (at least 32) to *piece*, with fences closed at its
 * end and opened again in the next one (*fence: false before the first). Returns what is left; NULL: nothing. */
const char *slack_text_piece(struct buf *piece, const char *mrkdwn, size_t max, bool *fence);
/* How many pieces that makes. Above LIMIT_SLACK_PARTS a message is better said as a file (slack_file.h, `bytes`). */
size_t slack_text_pieces(const char *mrkdwn, size_t max);
