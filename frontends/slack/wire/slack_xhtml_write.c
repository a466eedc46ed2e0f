/* SPDX-License-Identifier: MIT */
/* To the core's forms: plain text, and XHTML-IM (XEP-0071). */
#include <stdio.h>
#include <string.h>

#include "base/markup.h"
#include "base/mem.h"
#include "frontends/slack/wire/slack_doc.h"

#define ITEM_WIDTH 2 /* columns that a list inside of a list is further to the right */
#define STRIKE "<span style='text-decoration: line-through;'>"

struct writer {
	struct buf *text, *xhtml;
	const struct doc *doc;
	unsigned look;      /* that is open in the markup */
	bool says;          /* the markup says more than the text */
	const char *prefix; /* of each line of the text */
	unsigned lists;     /* that are open; `ordered` says of which sort */
	bool ordered[DOC_INDENT_MAX + 1];
	char before; /* of the markup: the character written last; '\n' at the beginning of a line */
};

static void put_text(struct writer *w, const char *text, size_t length)
{
	const char *end = text + length, *stop;

	for (; (stop = memchr(text, '\n', (size_t)(end - text))); text = stop + 1) {
		buf_append(w->text, text, (size_t)(stop + 1 - text));
		buf_puts(w->text, w->prefix);
	}
	buf_append(w->text, text, (size_t)(end - text));
}

/* Readers of XHTML make one space of several. */
static void put_space(struct writer *w, bool at_end)
{
	buf_puts(w->xhtml, at_end || w->before == ' ' || w->before == '\n' ? "\xc2\xa0" : " ");
	w->before = ' ';
}

static void put_characters(struct writer *w, const char *text, size_t length, bool verbatim, bool last)
{
	for (size_t i = 0; i < length; i++) {
		size_t run = i;

		while (run < length && text[run] != '\n' && (verbatim || text[run] != ' '))
			run++;
		if (run > i) {
			markup_put_text(w->xhtml, text + i, run - i);
			w->before = 'x';
			i = run - 1;
		} else if (text[i] == '\n') {
			buf_puts(w->xhtml, "<br/>");
			w->before = '\n';
		} else {
			put_space(w, i + 1 == length ? last : text[i + 1] == '\n');
		}
	}
}

static const struct {
	unsigned look;
	const char *open, *close;
} look_tags[] = {
        {DOC_BOLD, "<strong>", "</strong>"},
        {DOC_ITALIC, "<em>", "</em>"},
        {DOC_STRIKE, STRIKE, "</span>"},
        {DOC_CODE, "<code>", "</code>"},
};

/* Nothing is closed only to be opened again. */
static void set_look(struct writer *w, unsigned look)
{
	if (look == w->look)
		return;
	for (size_t i = DOC_LOOKS; i > 0; i--)
		if (w->look & look_tags[i - 1].look)
			buf_puts(w->xhtml, look_tags[i - 1].close);
	for (size_t i = 0; i < DOC_LOOKS; i++)
		if (look & look_tags[i].look)
			buf_puts(w->xhtml, look_tags[i].open);
	w->look = look;
	w->says = w->says || look;
}

static void put_image(struct writer *w, const struct doc_span *span)
{
	char *name = mem_strndup(doc_text(w->doc, span), span->length);

	buf_puts(w->xhtml, "<img");
	markup_put_attribute(w->xhtml, "alt", name);
	markup_put_attribute(w->xhtml, "src", span->image);
	buf_puts(w->xhtml, "/>");
	w->before = 'x';
	w->says = true;
	mem_free(name);
}

static void open_link(struct writer *w, const struct doc_span *span)
{
	buf_puts(w->xhtml, "<a");
	markup_put_attribute(w->xhtml, "href", span->url);
	buf_putc(w->xhtml, '>');
}

/* The text of spans of one link is one label. */
static void end_link(struct writer *w, const struct doc_span *span, size_t label)
{
	buf_puts(w->xhtml, "</a>");
	if (markup_is_same_address(w->text->data + label, w->text->len - label, span->url))
		return;
	w->says = true;
	buf_printf(w->text, " (%s)", span->url);
}

static bool is_same_link(const struct doc_span *a, const struct doc_span *b)
{
	return a->url && b->url && !strcmp(a->url, b->url);
}

static void put_spans(struct writer *w, const struct doc_block *block)
{
	const struct doc_span *spans = block->count ? w->doc->spans + block->first : NULL;
	size_t label = 0;

	w->before = '\n';
	for (size_t i = 0; i < block->count; i++) {
		const struct doc_span *span = &spans[i];
		bool begins = span->url && (i == 0 || !is_same_link(span, span - 1));
		bool ends = span->url && (i + 1 == block->count || !is_same_link(span, span + 1));

		if (begins) {
			set_look(w, 0);
			label = w->text->len;
			open_link(w, span);
		}
		set_look(w, span->look);
		put_text(w, doc_text(w->doc, span), span->length);
		if (span->image)
			put_image(w, span);
		else
			put_characters(w, doc_text(w->doc, span), span->length, block->kind == DOC_PRE,
			               i + 1 == block->count || *doc_text(w->doc, span + 1) == '\n');
		if (ends) {
			set_look(w, 0);
			end_link(w, span, label);
		}
	}
	set_look(w, 0);
	/* At the end of a block the last one does not count; without any there is no block. */
	if (w->before == '\n' && block->kind != DOC_ITEM)
		buf_puts(w->xhtml, "<br/>");
}

static void close_list(struct writer *w)
{
	w->lists--;
	buf_puts(w->xhtml, w->ordered[w->lists] ? "</li></ol>" : "</li></ul>");
}

static void open_list(struct writer *w, const struct doc_block *item)
{
	w->ordered[w->lists] = item->ordered;
	buf_puts(w->xhtml, item->ordered ? "<ol" : "<ul");
	if (item->ordered && item->number > 1)
		buf_printf(w->xhtml, " start='%u'", item->number);
	buf_putc(w->xhtml, '>');
	w->lists++;
}

/* So that the item is the next one of the innermost list. */
static void enter_list(struct writer *w, const struct doc_block *item)
{
	while (w->lists > item->indent + 1)
		close_list(w);
	if (w->lists == item->indent + 1 && w->ordered[item->indent] != item->ordered)
		close_list(w);
	if (w->lists == item->indent + 1)
		buf_puts(w->xhtml, "</li>");
	while (w->lists <= item->indent) {
		open_list(w, item);
		if (w->lists <= item->indent)
			buf_puts(w->xhtml, "<li>");
	}
	buf_puts(w->xhtml, "<li>");
}

static void put_item(struct writer *w, const struct doc_block *item)
{
	char mark[24], prefix[DOC_INDENT_MAX * ITEM_WIDTH + sizeof(mark)];
	int indent = (int)item->indent * ITEM_WIDTH;

	snprintf(mark, sizeof(mark), "* ");
	if (item->ordered)
		snprintf(mark, sizeof(mark), "%u. ", item->number);
	snprintf(prefix, sizeof(prefix), "%*s", indent + (int)strlen(mark), "");
	buf_printf(w->text, "%*s%s", indent, "", mark);
	w->prefix = prefix;
	enter_list(w, item);
	put_spans(w, item);
	w->prefix = "";
}

static void put_block(struct writer *w, const struct doc_block *block, bool in_middle)
{
	w->prefix = block->kind == DOC_QUOTE ? "> " : "";
	buf_puts(w->text, w->prefix);
	w->says = w->says || block->kind != DOC_LINES;
	switch (block->kind) {
	case DOC_LINES:
		if (in_middle)
			buf_puts(w->xhtml, "<div>");
		put_spans(w, block);
		if (in_middle)
			buf_puts(w->xhtml, "</div>");
		break;
	case DOC_QUOTE:
		buf_puts(w->xhtml, "<blockquote>");
		put_spans(w, block);
		buf_puts(w->xhtml, "</blockquote>");
		break;
	case DOC_PRE:
		buf_puts(w->xhtml, "<pre>");
		put_spans(w, block);
		buf_puts(w->xhtml, "</pre>");
		break;
	case DOC_ITEM:
		put_item(w, block);
		break;
	}
}

void doc_write_text(struct buf *text, struct buf *xhtml, const struct doc *doc)
{
	struct writer w = {.text = text, .xhtml = xhtml, .doc = doc};
	size_t markup_start = xhtml->len;

	buf_puts(xhtml, "");
	for (size_t i = 0; i < doc->blocks_count; i++) {
		if (i)
			buf_putc(text, '\n');
		while (doc->blocks[i].kind != DOC_ITEM && w.lists)
			close_list(&w);
		put_block(&w, &doc->blocks[i], doc->blocks_count > 1);
	}
	while (w.lists)
		close_list(&w);
	if (!w.says) {
		xhtml->len = markup_start;
		xhtml->data[markup_start] = '\0';
	}
}
