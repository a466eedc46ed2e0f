/* SPDX-License-Identifier: MIT */
/* What formatted text is without formatting: white space collapses, blocks are lines of their own, quotes and items of
 * lists have their marks in front of each line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define HTML_TEXT_LEVELS 8   /* quotes and items whose marks are shown; those inside of them go without */
#define HTML_TEXT_BREAKS 100 /* line ends in a row: each may be as long as all the marks */

struct html_text {
	struct buf *out;
	size_t start;    /* of ours in `out` */
	bool in_line;    /* something is on the line that is being written */
	bool space;      /* white space that is written when something follows */
	bool verbatim;   /* preformatted: white space counts */
	unsigned breaks; /* line ends to be written when something follows */
	unsigned blank_level; /* levels that the blank lines among them belong to */
	unsigned levels;
	struct {
		char mark[16];
		bool shown; /* an item's mark is in front of its first line only */
		bool quote;
	} level[HTML_TEXT_LEVELS];
	size_t *began; /* gets the place of the next character, once */
};

void html_text_put(struct html_text *text, const char *characters, size_t length);
void html_text_break(struct html_text *text);
/* A block begins or ends here; `lines` 2: with a blank line, if it is in the middle. */
void html_text_block(struct html_text *text, unsigned lines);
void html_text_quote(struct html_text *text);
void html_text_item(struct html_text *text, const char *mark);
void html_text_leave(struct html_text *text); /* the innermost quote or item */
