/* SPDX-License-Identifier: MIT */
/*
 * Formatted text: Slack's mrkdwn and rich_text blocks, and the core's plain text and XHTML-IM subset. Input is a
 * stranger's either way. What was read and is written again is read as the same.
 *
 * In mrkdwn & < > are escaped and <...> are tokens: users, channels, links, dates, special mentions. They are
 * unescaped once, after the tokens were cut. Nothing that comes from outside becomes a token when it is written: what
 * a remote person calls <!channel> is text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct cJSON;
struct slack_event;

#define SLACK_TEXT_POST_MAX 4000 /* characters of one message: longer ones cannot be edited in one piece */

/* What ids are called; each answer is used before the next call, NULL: not known. */
struct slack_names {
	const char *(*user)(void *context, const char *id);      /* "carol": shown as @carol, or as carol on her network */
	const char *(*channel)(void *context, const char *id);   /* "general" */
	const char *(*usergroup)(void *context, const char *id); /* "team-leads" */
	const char *(*emoji)(void *context, const char *name);   /* a custom one: its picture's URL; Unicode's are known */
	void *context;
};

/*
 * Appends what was said, as plain text for networks without formatting (*text*: line breaks, "* " and "1. " lists,
 * "> " quotes, links as "label (url)", mentions as names) and as XHTML-IM (*xhtml*, nothing if it would say no more).
 * rich_text blocks are preferred; without them `text`; an app's message that has neither: its other blocks' and
 * attachments' texts (fallback, title, text, fields).
 */
void slack_text_read(struct buf *text, struct buf *xhtml, const struct slack_event *event,
		     const struct slack_names *names);
/* mrkdwn alone: of topics and commands. */
void slack_mrkdwn_read(struct buf *text, struct buf *xhtml, const char *mrkdwn, const struct slack_names *names);

/* Who and what may be named in what is written. */
struct slack_mentions {
	/* The user that this name (as people of the workspace see it, without @) means, if it is to be a mention; NULL. */
	const char *(*user)(void *context, const char *name);
	void *context;
};

/* Appends mrkdwn: of the XHTML-IM if there is any, else of the text. `mentions` NULL: nobody is mentioned. Characters
 * that mrkdwn would take for formatting and that were not meant so get a zero-width space or are left as they are
 * where Slack does not act on them. */
void slack_mrkdwn_write(struct buf *mrkdwn, const char *text, const char *xhtml, const struct slack_mentions *mentions);
/* Escapes & < > only. */
void slack_escape(struct buf *out, const char *text);

/* How many bytes of this mrkdwn are one message of at most `max` characters: cut behind a line, else a word, never
 * within a token or character; fences of code that are open are the caller's: *fence says whether one is open at the
 * cut. The whole length if it fits. */
size_t slack_text_cut(const char *mrkdwn, size_t max, bool *fence);
