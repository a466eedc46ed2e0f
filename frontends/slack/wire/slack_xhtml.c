/* SPDX-License-Identifier: MIT */
/* From the core's forms: plain text, and XHTML-IM (XEP-0071), any tag soup of which may come. */
#include <stdlib.h>
#include <string.h>

#include "base/markup.h"
#include "base/markup_style.h"
#include "base/mem.h"
#include "base/text.h"
#include "frontends/slack/wire/slack_doc.h"

enum element_kind {
	INLINE,
	BLOCK,
	PARAGRAPH,
	HEADING,
	QUOTE,
	PRE,
	LIST,
	ITEM,
	LINK,
	IMAGE,
	BREAK,
	RULE,
	CELL
};

static const struct element {
	const char *name;
	enum element_kind kind;
	unsigned look;
} elements[] = {
        {"a", LINK, 0},
        {"b", INLINE, DOC_BOLD},
        {"blockquote", QUOTE, 0},
        {"br", BREAK, 0},
        {"cite", INLINE, DOC_ITALIC},
        {"code", INLINE, DOC_CODE},
        {"dd", BLOCK, 0},
        {"del", INLINE, DOC_STRIKE},
        {"dfn", INLINE, DOC_ITALIC},
        {"div", BLOCK, 0},
        {"dl", BLOCK, 0},
        {"dt", BLOCK, 0},
        {"em", INLINE, DOC_ITALIC},
        {"font", INLINE, 0},
        {"h1", HEADING, DOC_BOLD},
        {"h2", HEADING, DOC_BOLD},
        {"h3", HEADING, DOC_BOLD},
        {"h4", HEADING, DOC_BOLD},
        {"h5", HEADING, DOC_BOLD},
        {"h6", HEADING, DOC_BOLD},
        {"hr", RULE, 0},
        {"i", INLINE, DOC_ITALIC},
        {"img", IMAGE, 0},
        {"kbd", INLINE, DOC_CODE},
        {"li", ITEM, 0},
        {"ol", LIST, 0},
        {"p", PARAGRAPH, 0},
        {"pre", PRE, 0},
        {"q", INLINE, 0},
        {"s", INLINE, DOC_STRIKE},
        {"samp", INLINE, DOC_CODE},
        {"span", INLINE, 0},
        {"strike", INLINE, DOC_STRIKE},
        {"strong", INLINE, DOC_BOLD},
        {"table", BLOCK, 0},
        {"td", CELL, 0},
        {"th", CELL, DOC_BOLD},
        {"tr", BLOCK, 0},
        {"tt", INLINE, DOC_CODE},
        {"ul", LIST, 0},
        {"var", INLINE, DOC_ITALIC},
};

struct open {
	const char *name;
	enum element_kind kind;
	unsigned look_before;
	bool ordered;
	unsigned number; /* of the LIST's next item */
};

struct reader {
	struct markup_reader markup;
	struct doc *doc;
	struct doc_span span; /* how text looks here */
	char *url;
	unsigned depth, quotes, pres, lists;
	bool in_block;       /* what comes next continues the document's last block */
	unsigned lines;      /* else: line ends in front of it */
	unsigned breaks;     /* that were read and mean something if more of the block follows */
	bool item;           /* an item has begun and has no text */
	bool fresh;          /* nothing is on this line: white space does not count */
	bool space;          /* white space before the next character */
	struct doc_span gap; /* how that looks */
	bool spaced;            /* it was put already */
	struct open *open;      /* MARKUP_DEPTH of them */
};

static const struct element *element_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++)
		if (*elements[i].name == *name && !strcmp(elements[i].name, name))
			return &elements[i];
	return NULL;
}

static struct open *innermost(struct reader *r, enum element_kind kind)
{
	for (unsigned i = r->depth; i > 0; i--)
		if (r->open[i - 1].kind == kind)
			return &r->open[i - 1];
	return NULL;
}

static struct doc_block item_block(struct reader *r)
{
	struct open *list = innermost(r, LIST);
	struct doc_block block = {.kind = DOC_ITEM, .indent = r->lists ? r->lists - 1 : 0};

	if (list && list->ordered) {
		block.ordered = true;
		block.number = list->number++;
	}
	return block;
}

static void put_line_ends(struct reader *r, unsigned count)
{
	struct doc_span none = {0};

	for (; count > 0; count--)
		doc_put(r->doc, &none, "\n", 1);
}

static bool is_last(const struct reader *r, enum doc_kind kind)
{
	return r->doc->blocks_count && r->doc->blocks[r->doc->blocks_count - 1].kind == kind;
}

/* Before a character: the block that it belongs to. */
static void begin_block(struct reader *r)
{
	struct doc_block block = {.kind = r->pres ? DOC_PRE : r->quotes ? DOC_QUOTE : DOC_LINES};
	bool continues = block.kind == DOC_LINES && is_last(r, DOC_LINES);

	if (r->item) {
		doc_begin(r->doc, item_block(r));
	} else if (block.kind == DOC_LINES && is_last(r, DOC_ITEM) && innermost(r, ITEM)) {
		put_line_ends(r, 1);
	} else {
		doc_begin(r->doc, block);
		put_line_ends(r, continues && r->lines > 1 ? r->lines - 1 : 0);
	}
	r->in_block = r->fresh = true;
	r->item = false;
	r->lines = 0;
}

/* A block begins or ends here; 2: with an empty line if it is in the middle. */
static void end_block(struct reader *r, unsigned lines)
{
	if (r->breaks > 1)
		put_line_ends(r, r->breaks - 1);
	if (r->lines < lines)
		r->lines = lines;
	r->breaks = 0;
	r->in_block = r->space = false;
}

/* In a link that has ended since it is none of it. */
static void put_gap(struct reader *r)
{
	if (r->gap.url != r->span.url)
		r->gap.url = NULL;
	doc_put(r->doc, &r->gap, " ", 1);
}

static void put_word(struct reader *r, const char *text, size_t length)
{
	if (!r->in_block)
		begin_block(r);
	put_line_ends(r, r->breaks);
	if (r->space)
		put_gap(r);
	r->breaks = 0;
	r->space = r->spaced = r->fresh = false;
	doc_put(r->doc, &r->span, text, length);
}

static void put_break(struct reader *r)
{
	if (!r->in_block)
		begin_block(r);
	r->breaks++;
	r->fresh = true;
	r->space = false;
}

static void see_space(struct reader *r)
{
	if (!r->space)
		r->gap = r->span;
	r->space = r->in_block && !r->fresh && !r->spaced;
}

/* White space in front of its end belongs to a link. */
static void end_link(struct reader *r)
{
	if (!r->space || !r->span.url)
		return;
	put_gap(r);
	r->space = false;
	r->spaced = true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Words with one space between them are put at once: the space would look as they do. */
static bool goes_on(const struct reader *r, const char *text, size_t from, size_t at, size_t length)
{
	if (r->pres)
		return text[at] != '\n' && text[at] != '\r';
	return !is_space(text[at]) || (text[at] == ' ' && at > from && at + 1 < length && !is_space(text[at + 1]));
}

static void take_text(struct reader *r, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		size_t run = i;

		while (run < length && goes_on(r, text, i, run, length))
			run++;
		if (run > i) {
			put_word(r, text + i, run - i);
			i = run - 1;
		} else if (r->pres && text[i] == '\r') { /* from a reference: it is in no clean text */
			put_word(r, " ", 1);
		} else if (r->pres) {
			put_break(r);
		} else {
			see_space(r);
		}
	}
}

static void close_last(struct reader *r)
{
	struct open *open = &r->open[--r->depth];

	r->span.look = open->look_before;
	switch (open->kind) {
	case LINK:
		end_link(r);
		r->span.url = NULL;
		MEM_FREE(r->url);
		break;
	case QUOTE:
		r->quotes--;
		end_block(r, 1);
		break;
	case PRE:
		r->pres--;
		end_block(r, 1);
		break;
	case LIST:
		r->lists--;
		end_block(r, 1);
		break;
	case ITEM:
		if (r->item)
			begin_block(r);
		end_block(r, 1);
		break;
	case PARAGRAPH:
		end_block(r, r->lists || r->quotes ? 1 : 2);
		break;
	case BLOCK:
	case HEADING:
		end_block(r, 1);
		break;
	default:
		break;
	}
}

static void take_image(struct reader *r, const char *source, const char *name)
{
	static const char *const schemes[] = {"https://", "http://"};
	size_t length = strlen(name);

	if (markup_is_emoji_name(name)) {
		put_word(r, name, length);
	} else if (*name) {
		take_text(r, name, length);
	} else if (!r->span.url && markup_is_url(source, schemes, ARRAY_SIZE(schemes))) {
		r->span.url = source;
		put_word(r, source, strlen(source));
		r->span.url = NULL;
	}
}

static void open_link(struct reader *r, const char *href)
{
	static const char *const schemes[] = {"https://", "http://", "mailto:", "ftp://", "tel:"};

	if (!r->span.url && markup_is_url(href, schemes, ARRAY_SIZE(schemes)))
		r->span.url = r->url = mem_strdup(href);
}

static unsigned styled_look(const char *style)
{
	struct markup_style read = markup_style_read(style);

	return (read.bold ? DOC_BOLD : 0u) | (read.italic ? DOC_ITALIC : 0u) |
	       (read.strike ? DOC_STRIKE : 0u) | (read.monospace ? DOC_CODE : 0u);
}

enum attribute { HREF, SRC, ALT, STYLE, START, ATTRIBUTES };

static void open_element(struct reader *r, const struct element *element, struct buf values[ATTRIBUTES])
{
	struct open *open = &r->open[r->depth++];

	*open = (struct open){.name = element->name, .kind = element->kind, .look_before = r->span.look, .number = 1};
	r->span.look |= element->look | styled_look(buf_text(&values[STYLE]));
	switch (element->kind) {
	case LINK:
		open_link(r, buf_text(&values[HREF]));
		break;
	case QUOTE:
		end_block(r, 1);
		r->quotes++;
		break;
	case PRE:
		end_block(r, 1);
		r->pres++;
		break;
	case LIST:
		end_block(r, 1);
		r->item = false;
		r->lists++;
		open->ordered = !strcmp(element->name, "ol");
		if (markup_is_number(buf_text(&values[START])))
			open->number = (unsigned)strtoul(buf_text(&values[START]), NULL, 10);
		break;
	case ITEM:
		if (r->item)
			begin_block(r);
		end_block(r, 1);
		r->item = true;
		break;
	case BLOCK:
	case PARAGRAPH:
	case HEADING:
		end_block(r, 1);
		break;
	case CELL:
		see_space(r);
		break;
	default:
		break;
	}
}

static void take_element(struct reader *r, const struct element *element, struct buf values[ATTRIBUTES])
{
	if (element->kind == IMAGE) {
		take_image(r, buf_text(&values[SRC]), buf_text(&values[ALT]));
	} else if (element->kind == BREAK) {
		put_break(r);
	} else if (element->kind == RULE) {
		end_block(r, 1);
		put_word(r, "---", 3);
		end_block(r, 1);
	} else if (r->depth < MARKUP_DEPTH) {
		open_element(r, element, values);
		if (r->markup.self_closed)
			close_last(r);
	}
}

static void take_start_tag(struct reader *r, const char *name)
{
	static const char *const names[ATTRIBUTES] = {"href", "src", "alt", "style", "start"};
	const struct element *element = element_find(name);
	char attribute[MARKUP_NAME_BYTES];
	struct buf values[ATTRIBUTES] = {0}, value = {0};
	unsigned given = 0;

	while (markup_attribute(&r->markup, attribute, &value))
		for (size_t i = 0; i < ATTRIBUTES; i++)
			if (!strcmp(attribute, names[i]) && !(given & 1u << i)) {
				given |= 1u << i;
				buf_puts(&values[i], buf_text(&value));
			}
	if (element && r->markup.ended)
		take_element(r, element, values);
	else if (!element && r->markup.ended && !r->markup.self_closed && markup_is_dropped(name))
		markup_skip_content(&r->markup, name);
	for (size_t i = 0; i < ATTRIBUTES; i++)
		buf_finish(&values[i]);
	buf_finish(&value);
}

static void take_end_tag(struct reader *r, const char *name)
{
	unsigned index = r->depth;

	while (index > 0 && strcmp(r->open[index - 1].name, name) != 0)
		index--;
	while (index > 0 && r->depth >= index)
		close_last(r);
}

void doc_read_xhtml(struct doc *doc, const char *xhtml)
{
	struct open open[MARKUP_DEPTH];
	struct reader r = {.doc = doc, .markup = {.next = xhtml, .end = xhtml + strlen(xhtml)}, .open = open};
	enum markup_token token;
	struct markup_piece piece;

	while ((token = markup_next(&r.markup, &piece)) != MARKUP_END) {
		if (token == MARKUP_TEXT)
			take_text(&r, piece.text, piece.length);
		else if (token == MARKUP_OPEN)
			take_start_tag(&r, piece.name);
		else
			take_end_tag(&r, piece.name);
	}
	while (r.depth)
		close_last(&r);
}

/* Quotes of plain text are Slack's as well. */
void doc_read_text(struct doc *doc, const char *text)
{
	while (true) {
		size_t length = strcspn(text, "\n");
		bool quote = text_starts(text, "> ");
		size_t mark = quote ? 2 : 0;

		doc_begin(doc, (struct doc_block){.kind = quote ? DOC_QUOTE : DOC_LINES});
		doc_put(doc, &(struct doc_span){0}, text + mark, length - mark);
		if (!text[length])
			return;
		text += length + 1;
	}
}
