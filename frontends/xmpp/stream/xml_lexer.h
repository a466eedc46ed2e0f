/* SPDX-License-Identifier: MIT */
/*
 * Finds the borders of XML tokens, so that the real parser is never given half a tag (which it would scan again
 * with every byte that follows), and counts what has to be bounded before anything is built from it: bytes,
 * depth, attributes. It does not check that the text is well-formed: what it lets through goes to expat.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"

enum xml_lex_state {
	XML_LEX_TEXT,
	XML_LEX_OPEN,  /* after '<' */
	XML_LEX_TAG,
	XML_LEX_VALUE, /* in a quoted attribute value */
	XML_LEX_BANG,  /* in "<![CDATA[" */
	XML_LEX_CDATA,
	XML_LEX_PI,    /* in "<?xml ... ?>" */
	XML_LEX_REF,   /* in "&amp;" */
};

enum xml_lex_result {
	XML_LEX_MORE,       /* all was scanned, nothing special */
	XML_LEX_HEADER,     /* the stream header has ended: token_bytes is its length */
	XML_LEX_STANZA,     /* a stanza has ended, and the parser should be renewed or skipping is over */
	XML_LEX_LIMIT,      /* too many bytes, levels or attributes */
	XML_LEX_RESTRICTED, /* comment, processing instruction, DTD */
	XML_LEX_MALFORMED,
};

/* Values of "from" of stanzas that are about to be parsed, as they stand in the bytes that were scanned. */
#define XML_SENDERS 64
struct xml_senders {
	struct map_key values[XML_SENDERS];
	size_t count;
};

struct xml_lexer {
	enum xml_lex_state state;
	char quote, previous;
	bool begun;            /* something came before the current token */
	bool closing;          /* the current tag is an end tag */
	bool skipping;         /* set by the owner: limits rest until the stanza has ended */
	unsigned depth;        /* open elements */
	unsigned attributes;   /* of the current tag, namespace declarations included */
	unsigned matched;      /* characters of a fixed delimiter seen */
	size_t limit;          /* bytes of one stanza */
	size_t stanza_bytes;   /* since the last stanza ended */
	size_t token_bytes;    /* of the current or, after a result, of the last token */
	size_t retained;       /* rough upper bound of names that expat keeps until it is freed */
	size_t renew_at;       /* `retained` for which XML_LEX_STANZA is reported */
	struct xml_senders *senders; /* the owner's; found ones are added, the first XML_SENDERS of them; NULL: nobody asks */
};

void xml_lexer_reset(struct xml_lexer *lexer); /* limits are kept */

/*
 * Scans until something has to be done. *scanned: bytes looked at; *safe: how many of them end with a whole token
 * (or text): those may be given to the parser, the rest belongs to an unfinished token. After LIMIT, RESTRICTED and
 * MALFORMED the offending token begins at *safe.
 */
enum xml_lex_result xml_lexer_scan(struct xml_lexer *lexer, const char *bytes, size_t count, size_t *scanned,
				   size_t *safe);
