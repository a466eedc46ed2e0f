/* SPDX-License-Identifier: MIT */
/*
 * Formatted text as Slack sees it, between the forms that it is read from and written to: blocks one below
 * the other, each of spans of one look. slack_mrkdwn.c, slack_rich_text.c and slack_xhtml.c read it,
 * slack_mrkdwn_write.c and slack_xhtml_write.c write it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "frontends/slack/wire/slack_text.h"

#define DOC_INDENT_MAX 8
#define DOC_TEXT_MAX (256u << 10) /* bytes; of what is longer the rest is left out */
#define DOC_SPANS_MAX 16384

enum doc_look { DOC_BOLD = 1, DOC_ITALIC = 2, DOC_STRIKE = 4, DOC_CODE = 8, DOC_LOOKS = 4 /* bits */ };

enum doc_kind {
	DOC_LINES, /* ordinary text; '\n' in it */
	DOC_QUOTE, /* likewise */
	DOC_PRE,   /* its spans have no look */
	DOC_ITEM,  /* of a list */
};

struct doc_span {
	size_t start, length; /* of its text in the document's */
	unsigned look;        /* of doc_look */
	const char *url;      /* a link; NULL */
	const char *user;     /* a mention: the id, its text the name that is shown; NULL */
	const char *image;    /* a custom emoji: its picture's URL, its text the name with colons; NULL */
};

struct doc_block {
	enum doc_kind kind;
	bool ordered;
	unsigned indent, number; /* of an ITEM; indent at most DOC_INDENT_MAX */
	size_t first, count;     /* of the document's spans */
};

/* Zero-initialised is an empty one. */
struct doc {
	struct arena arena; /* of urls and ids */
	struct buf text;
	size_t addresses; /* bytes of the urls of all spans: at most DOC_TEXT_MAX, others have none */
	struct doc_span *spans;
	size_t spans_count, spans_room;
	struct doc_block *blocks;
	size_t blocks_count, blocks_room;
};

void doc_finish(struct doc *doc);
void doc_clear(struct doc *doc); /* empty, memory kept */
/* What follows belongs to a new block. Two of LINES, or two QUOTEs, one behind the other become one with a
 * line end between. */
void doc_begin(struct doc *doc, struct doc_block block);
/* Appends to the last block; `span`: how it looks (start and length aside), its texts copied. White
 * space becomes spaces and line ends (as it is in PRE), zero-width spaces go. */
void doc_put(struct doc *doc, const struct doc_span *span, const char *text, size_t length);
/* The URL without what would end its token or mark code; lives as long as `url` or the document. doc_put does
 * the same. */
const char *doc_url(struct doc *doc, const char *url);
/* When all is there: white space looks as what is on both its sides, a PRE of nothing else is LINES, empty lines at the
 * beginning and end go. */
void doc_settle(struct doc *doc);
const char *doc_text(const struct doc *doc, const struct doc_span *span); /* no NUL at its end */
bool doc_equal(const struct doc *a, const struct doc *b);

/* The parts; each appends to the document, whose last block it may continue. `names` may be NULL. */
void doc_read_mrkdwn(struct doc *doc, const char *mrkdwn, const struct slack_names *names);
/* One line of it, as part of the last block: no quotes, no lists, no fences. */
void doc_read_mrkdwn_line(struct doc *doc, const char *line, size_t length, const struct slack_names *names);
/* The same without marks: tokens, and what is escaped. */
void doc_read_unmarked(struct doc *doc, const char *text, const struct slack_names *names);
void doc_read_rich_text(struct doc *doc, const struct cJSON *block, const struct slack_names *names);
void doc_read_xhtml(struct doc *doc, const char *xhtml);
void doc_read_text(struct doc *doc, const char *text);
/* In plain text, names with an @ in front (and "carol: " at the beginning) become mentions, unless `mentions` is
 * NULL, and web addresses links. */
void doc_find(struct doc *doc, const struct slack_mentions *mentions);

void doc_write_mrkdwn(struct buf *out, const struct doc *doc);
/* *xhtml is left alone if it would say no more than the text. */
void doc_write_text(struct buf *text, struct buf *xhtml, const struct doc *doc);
