/* SPDX-License-Identifier: MIT */
/*
 * Tag soup of strangers, in clean UTF-8 (base/text.h): reading it piece by piece, and writing markup that is
 * well-formed XML and HTML at once. Which elements and attributes mean something is the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define MARKUP_NAME_BYTES 24    /* with NUL; a longer name reads as "", which nothing is called */
#define MARKUP_VALUE_BYTES 2048 /* of an attribute; a longer one reads as "" */
#define MARKUP_DEPTH 100

enum markup_token {
	MARKUP_END,
	MARKUP_TEXT,
	MARKUP_OPEN,  /* the attributes have to be taken, until there is none, before anything else */
	MARKUP_CLOSE,
};

struct markup_reader {
	const char *next, *end;
	/* After the last attribute: whether the tag has its '>' (without it, it reaches to the end of the text), and whether
	 * that is "/>". */
	bool ended, self_closed;
};

struct markup_piece {
	const char *text; /* characters, references resolved; valid UTF-8 that is legal in XML, but CR may be among it */
	size_t length;
	char name[MARKUP_NAME_BYTES]; /* of the tag, in lower case */
	char character[4];
};

/* Comments, declarations and processing instructions are passed over. */
enum markup_token markup_next(struct markup_reader *reader, struct markup_piece *piece);
/* The next attribute of the tag that was just read, its value cleared and filled ("" also if it has none). False: that
 * was all. */
bool markup_attribute(struct markup_reader *reader, char name[MARKUP_NAME_BYTES], struct buf *value);
/* Behind the end tag of this name, or to the end if there is none: for elements whose content is no text. */
void markup_skip_content(struct markup_reader *reader, const char *name);
/* Whether an element's content is no text for people: scripts, styles, embedded things. */
bool markup_is_dropped(const char *name);

/* The address begins with one of the schemes ("https://"), in any case, and has no white space or control character. */
bool markup_is_url(const char *url, const char *const *schemes, size_t count);
/* Whether a link's text is its address, without what nobody writes ("https://", a last '/'). */
bool markup_is_same_address(const char *text, size_t length, const char *href);
/* ":name:": what an emoji that is a picture is called, in its `alt`. */
bool markup_is_emoji_name(const char *name);
/* Up to five digits. */
bool markup_is_number(const char *text);

void markup_put_text(struct buf *out, const char *text, size_t length);
/* The same with '<', '>' and '&' only: between tags, and where Slack's mrkdwn is written. */
void markup_put_characters(struct buf *out, const char *text, size_t length);
void markup_put_attribute(struct buf *out, const char *name, const char *value);

/* One declaration "property: value" of a style attribute, in lower case (the property) and trimmed, appended to both.
 * Returns what is left of the style; NULL: there was nothing more. */
const char *markup_declaration(const char *style, struct buf *property, struct buf *value);

/*
 * The elements that are open in the output. `name` is what an end tag closes it by, and `written` what is in the
 * output; neither is copied. "" as name: closes with the one below it. NULL as written: nothing is in the output.
 */
struct markup_writer {
	struct buf *out;
	unsigned depth;
	struct {
		const char *name, *written;
	} open[MARKUP_DEPTH];
};

/* `attributes`: as markup_put_attribute wrote them. depth < MARKUP_DEPTH. */
void markup_open(struct markup_writer *writer, const char *name, const char *written, const char *attributes);
/* "<br/>" */
void markup_put_empty(struct markup_writer *writer, const char *written, const char *attributes);
/* The index of the innermost open element of this name; -1: none. */
int markup_find(const struct markup_writer *writer, const char *name);
void markup_close_last(struct markup_writer *writer);
