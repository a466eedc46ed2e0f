/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/matrix_html.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/html_text.h"
#include "base/markup.h"
#include "base/markup_style.h"
#include "base/mem.h"
#include "base/text.h"
#include "frontends/matrix/wire/matrix_id.h"

#define MAX_OUTPUT (256u << 10) /* of each of text and markup */

enum kind {
	INLINE,
	STYLED,
	CODE,
	LINK,
	IMAGE,
	BREAK,
	RULE,
	BLOCK,
	PARAGRAPH,
	QUOTE,
	PRE,
	LIST,
	ITEM,
	TABLE,
	ROW,
	CELL,
};

struct element {
	const char *name;
	enum kind kind;
	const char *html, *xhtml; /* what it becomes; NULL: nothing, its content stays */
	const char *style;        /* of the XHTML */
};

static const struct element elements[] = {
	{"a", LINK, "a", "a"},
	{"b", INLINE, "strong", "strong"},
	{"blockquote", QUOTE, "blockquote", "blockquote"},
	{"br", BREAK},
	{"caption", BLOCK, "caption", "div"},
	{"cite", INLINE, "em", "em"},
	{"code", CODE, "code", "code"},
	{"dd", BLOCK, "div", "div"},
	{"del", INLINE, "del", "span", "text-decoration: line-through;"},
	{"details", BLOCK, "details", "div"},
	{"dfn", INLINE, "em", "em"},
	{"div", BLOCK, "div", "div"},
	{"dl", BLOCK, "div", "div"},
	{"dt", BLOCK, "div", "div"},
	{"em", INLINE, "em", "em"},
	{"font", STYLED, "span", "span"},
	{"h1", BLOCK, "h1", "h1"},
	{"h2", BLOCK, "h2", "h2"},
	{"h3", BLOCK, "h3", "h3"},
	{"h4", BLOCK, "h4", "h4"},
	{"h5", BLOCK, "h5", "h5"},
	{"h6", BLOCK, "h6", "h6"},
	{"hr", RULE},
	{"i", INLINE, "em", "em"},
	{"img", IMAGE},
	{"ins", INLINE, "u", "span", "text-decoration: underline;"},
	{"kbd", CODE, "code", "code"},
	{"li", ITEM, "li", "li"},
	{"ol", LIST, "ol", "ol"},
	{"p", PARAGRAPH, "p", "p"},
	{"pre", PRE, "pre", "pre"},
	{"s", INLINE, "del", "span", "text-decoration: line-through;"},
	{"samp", CODE, "code", "code"},
	{"span", STYLED, "span", "span"},
	{"strike", INLINE, "del", "span", "text-decoration: line-through;"},
	{"strong", INLINE, "strong", "strong"},
	{"sub", INLINE, "sub", NULL},
	{"summary", BLOCK, "summary", "div"},
	{"sup", INLINE, "sup", NULL},
	{"table", TABLE, "table", "div"},
	{"tbody", INLINE, "tbody", NULL},
	{"td", CELL, "td", NULL},
	{"tfoot", INLINE, "tfoot", NULL},
	{"th", CELL, "th", "strong"},
	{"thead", INLINE, "thead", NULL},
	{"tr", ROW, "tr", "div"},
	{"tt", CODE, "code", "code"},
	{"u", INLINE, "u", "span", "text-decoration: underline;"},
	{"ul", LIST, "ul", "ul"},
	{"var", INLINE, "em", "em"},
};

enum attribute { HREF, SRC, ALT, TITLE, STYLE, CLASS, START, COLOR, MX_COLOR, MX_BACKGROUND, MX_SPOILER, ATTRIBUTES };

static const char *const attribute_names[ATTRIBUTES] = {
	[HREF] = "href",   [SRC] = "src",     [ALT] = "alt",
	[TITLE] = "title", [STYLE] = "style", [CLASS] = "class",
	[START] = "start", [COLOR] = "color", [MX_COLOR] = "data-mx-color",
	[MX_BACKGROUND] = "data-mx-bg-color", [MX_SPOILER] = "data-mx-spoiler",
};

/* What is to be known of each open element beside what markup_writer knows. */
struct open {
	enum kind kind;
	bool ordered, cells; /* of a LIST; of a ROW that has some already */
	long number;         /* of the LIST's next item */
};

struct converter {
	struct markup_reader reader;
	struct markup_writer writer;
	struct html_text text;
	const struct matrix_html_names *names;
	bool to_html;
	bool says;          /* the markup says more than the text */
	bool after_pre;     /* "<pre>" was just read: a line end there does not count */
	unsigned pre, items;
	unsigned muted;     /* depth of the mention whose text was replaced; 0: none */
	char *href;         /* of the open link; there is only one */
	size_t link_text;   /* where its text begins; SIZE_MAX: it has none so far */
	struct buf values[ATTRIBUTES];
	bool present[ATTRIBUTES];
	struct open open[MARKUP_DEPTH];
};

/* Formatting that a style attribute, or one of Matrix's own, asks for. */
struct look {
	struct markup_style style;
	bool spoiler;
	const char *reason; /* of the spoiler */
};

static int compare_names(const void *name, const void *element)
{
	return strcmp(name, ((const struct element *)element)->name);
}

static const struct element *element_find(const char *name)
{
	return bsearch(name, elements, ARRAY_SIZE(elements), sizeof(elements[0]), compare_names);
}

static const char *value_of(struct converter *c, enum attribute attribute)
{
	return buf_text(&c->values[attribute]);
}

/* White space of an attribute is spaces (XML 1.0, 3.3.3), carriage returns of references included. */
static void put_value(struct buf *out, const char *value)
{
	for (; *value; value++)
		buf_putc(out, strchr("\r\n\t", *value) ? ' ' : *value);
}

/* Of an attribute that is there twice the first counts. */
static void take_attributes(struct converter *c)
{
	char name[MARKUP_NAME_BYTES];
	struct buf value = {0};

	for (size_t i = 0; i < ATTRIBUTES; i++) {
		c->present[i] = false;
		buf_clear(&c->values[i]);
	}
	while (markup_attribute(&c->reader, name, &value)) {
		for (size_t i = 0; i < ATTRIBUTES; i++) {
			if (c->present[i] || strcmp(name, attribute_names[i]) != 0)
				continue;
			c->present[i] = true;
			put_value(&c->values[i], buf_text(&value));
		}
	}
	buf_finish(&value);
}

static struct look read_style(struct converter *c)
{
	struct look look = {.style = markup_style_read(value_of(c, STYLE)), .reason = value_of(c, TITLE)};

	/* Networks without spoilers hide a text in its background. */
	look.spoiler = look.style.color >= 0 && look.style.color == look.style.background;
	return look;
}

static struct look read_matrix_look(struct converter *c)
{
	struct look look = {.style.background = markup_color(value_of(c, MX_BACKGROUND))};

	look.style.color = markup_color(value_of(c, c->present[MX_COLOR] ? MX_COLOR : COLOR));
	look.spoiler = c->present[MX_SPOILER] || (look.style.color >= 0 && look.style.color == look.style.background);
	look.reason = value_of(c, MX_SPOILER);
	if (look.spoiler)
		look.style.color = look.style.background = 0;
	return look;
}

static void put_text(struct converter *c, const char *text)
{
	html_text_put(&c->text, text, strlen(text));
}

static bool ends_with_pre(const struct buf *out)
{
	return out->len >= 5 && !memcmp(out->data + out->len - 5, "<pre>", 5);
}

/* In preformatted text: HTML has line ends there, but the core's readers take them for white space. */
static void put_line_end(struct converter *c)
{
	struct buf *out = c->writer.out;

	if (!c->to_html)
		markup_put_empty(&c->writer, "br", "");
	else
		buf_puts(out, ends_with_pre(out) ? "\n\n" : "\n");
	html_text_break(&c->text);
}

static void put_preformatted(struct converter *c, const char *text, size_t length)
{
	if (c->after_pre && length && *text == '\n') {
		text++;
		length--;
	}
	while (length) {
		const char *end = memchr(text, '\n', length);
		size_t run = end ? (size_t)(end - text) : length;

		html_text_put(&c->text, text, run);
		markup_put_text(c->writer.out, text, run);
		if (end)
			put_line_end(c);
		text += run + (end != NULL);
		length -= run + (end != NULL);
	}
}

static void put_both(struct converter *c, const char *text, size_t length)
{
	if (c->pre) {
		put_preformatted(c, text, length);
		return;
	}
	html_text_put(&c->text, text, length);
	markup_put_text(c->writer.out, text, length);
}

static void take_text(struct converter *c, const char *text, size_t length)
{
	if (length == 1 && *text == '\r') /* from a reference: it is in no clean text */
		text = "\n";
	if (!c->muted)
		put_both(c, text, length);
}

static void end_link(struct converter *c)
{
	bool empty = c->link_text == SIZE_MAX;
	char *href = c->href;

	c->href = NULL;
	c->text.began = NULL;
	if (!href)
		return;
	if (empty) {
		put_text(c, href);
	} else if (!markup_is_same_address(c->text.out->data + c->link_text, c->text.out->len - c->link_text, href)) {
		c->says = true;
		put_text(c, " (");
		put_text(c, href);
		put_text(c, ")");
	}
	mem_free(href);
}

static void close_last(struct converter *c)
{
	const struct open *open = &c->open[c->writer.depth - 1];

	switch (open->kind) {
	case LINK:
		end_link(c);
		break;
	case PARAGRAPH:
		html_text_block(&c->text, c->items ? 1 : 2);
		break;
	case QUOTE:
	case ITEM:
		c->items -= open->kind == ITEM;
		html_text_leave(&c->text);
		break;
	case PRE:
		c->pre--;
		c->text.verbatim = c->pre > 0;
		html_text_block(&c->text, 1);
		break;
	case BLOCK:
	case LIST:
	case TABLE:
	case ROW:
		html_text_block(&c->text, 1);
		break;
	default:
		break;
	}
	if (c->muted == c->writer.depth)
		c->muted = 0;
	markup_close_last(&c->writer);
}

static void close_from(struct converter *c, int index)
{
	while (index >= 0 && (int)c->writer.depth > index)
		close_last(c);
}

/* By what is written, so that a second reading comes to the same. */
static bool holds_paragraphs(const char *written)
{
	static const char *const names[] = {"div", "blockquote", "ul",      "ol",      "li",     "table",
					    "tr",  "td",         "details", "summary", "caption", "th"};

	for (size_t i = 0; written && i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], written))
			return true;
	return false;
}

static bool ends_search(const struct converter *c, unsigned index, enum kind kind)
{
	enum kind found = c->open[index].kind;

	switch (kind) {
	case PARAGRAPH:
		return holds_paragraphs(c->writer.open[index].written);
	case ITEM:
		return found == LIST;
	case CELL:
		return found == ROW || found == TABLE;
	default:
		return found == TABLE;
	}
}

/* A paragraph ends where the next one begins, and so on: authors may leave the end tags out. */
static void close_sibling(struct converter *c, enum kind kind)
{
	if (kind != LINK && kind != PARAGRAPH && kind != ITEM && kind != CELL && kind != ROW)
		return;
	for (unsigned i = c->writer.depth; i > 0; i--) {
		if (c->open[i - 1].kind == kind) {
			close_from(c, (int)i - 1);
			return;
		}
		if (kind != LINK && ends_search(c, i - 1, kind))
			return;
	}
}

static struct open *push(struct converter *c, enum kind kind, const char *name, const char *written,
			 const char *attributes)
{
	struct open *open = &c->open[c->writer.depth];

	*open = (struct open){.kind = kind};
	markup_open(&c->writer, name, written, attributes);
	return open;
}

static void put_color(struct buf *attributes, const char *name, long color)
{
	char text[8];

	if (color < 0)
		return;
	snprintf(text, sizeof(text), "#%06x", (unsigned)color & 0xffffff);
	markup_put_attribute(attributes, name, text);
}

static void put_spoiler_mark(struct converter *c, const char *reason)
{
	put_text(c, "[spoiler");
	if (*reason) {
		put_text(c, ": ");
		put_text(c, reason);
	}
	put_text(c, "] ");
}

/* The first of what a look needs is closed by `name`, the rest with it. */
static void push_html_look(struct converter *c, const char *name, const struct look *look)
{
	const struct markup_style *style = &look->style;
	const struct {
		bool wanted;
		const char *written;
	} parts[] = {
		{style->bold, "strong"}, {style->italic, "em"},      {style->underline, "u"},
		{style->strike, "del"},  {style->monospace, "code"}, {style->color >= 0 || style->background >= 0, "span"},
	};
	struct buf attributes = {0};
	bool any = false;

	if (look->spoiler) {
		markup_put_attribute(&attributes, "data-mx-spoiler", look->reason);
		put_spoiler_mark(c, look->reason);
	} else {
		put_color(&attributes, "data-mx-color", style->color);
		put_color(&attributes, "data-mx-bg-color", style->background);
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].wanted || c->writer.depth == MARKUP_DEPTH)
			continue;
		push(c, INLINE, any ? "" : name, parts[i].written,
		     !strcmp(parts[i].written, "span") ? buf_text(&attributes) : "");
		c->says = any = true;
	}
	if (!any && *name && c->writer.depth < MARKUP_DEPTH)
		push(c, INLINE, name, NULL, "");
	buf_finish(&attributes);
}

static void push_xhtml_look(struct converter *c, const char *name, const struct look *look)
{
	struct buf attributes = {0}, style = {0};

	if (look->style.color >= 0)
		buf_printf(&style, "color: #%06lx;", (unsigned long)look->style.color);
	if (look->style.background >= 0)
		buf_printf(&style, "%sbackground-color: #%06lx;", style.len ? " " : "",
			   (unsigned long)look->style.background);
	if (look->spoiler) {
		if (*look->reason)
			markup_put_attribute(&attributes, "title", look->reason);
		put_spoiler_mark(c, look->reason);
	}
	if (style.len) {
		markup_put_attribute(&attributes, "style", style.data);
		c->says = true;
	}
	push(c, INLINE, name, style.len ? "span" : NULL, buf_text(&attributes));
	buf_finish(&attributes);
	buf_finish(&style);
}

static void open_styled(struct converter *c, const struct element *element)
{
	struct look look = c->to_html ? read_style(c) : read_matrix_look(c);

	if (c->to_html)
		push_html_look(c, element->name, &look);
	else
		push_xhtml_look(c, element->name, &look);
}

static bool takes_style(enum kind kind)
{
	return kind != LIST && kind != TABLE && kind != ROW && kind != PRE;
}

static char *percent_decode(const char *text, size_t length)
{
	struct buf out = {0};

	for (size_t i = 0; i < length; i++) {
		int byte = text[i] == '%' && i + 2 < length ? text_hex_byte(text + i + 1) : -1;

		buf_putc(&out, byte < 0 ? text[i] : (char)byte);
		if (byte >= 0)
			i += 2;
	}
	buf_reserve(&out, 0);
	return buf_take(&out);
}

/* The user, room or its alias that a link names, to be freed; NULL: it names something else. */
static char *mentioned(const char *href)
{
	static const struct {
		const char *before, *sign;
	} forms[] = {
		{"https://matrix.to/#/", ""}, {"matrix:u/", "@"},    {"matrix:user/", "@"},
		{"matrix:r/", "#"},           {"matrix:room/", "#"}, {"matrix:roomid/", "!"},
	};
	char *id = NULL, *rest;
	size_t length;

	for (size_t i = 0; i < ARRAY_SIZE(forms) && !id; i++) {
		if (strncasecmp(href, forms[i].before, strlen(forms[i].before)) != 0)
			continue;
		href += strlen(forms[i].before);
		length = strcspn(href, "?");
		/* A link to an event of the room is no mention of the room. */
		if (memmem(href, length, "/$", 2) || memmem(href, length, "/%24", 4) || memmem(href, length, "/e/", 3) ||
		    memmem(href, length, "/event/", 7))
			return NULL;
		rest = percent_decode(href, length);
		id = mem_printf("%s%s", forms[i].sign, rest);
		mem_free(rest);
	}
	if (id && !matrix_is_user_id(id) && !matrix_is_alias(id) && !matrix_is_room_id(id))
		MEM_FREE(id);
	return id;
}


static void open_link(struct converter *c, const char *href)
{
	static const char *const schemes[] = {"https://", "http://", "ftp://", "mailto:", "magnet:"};
	struct buf attributes = {0};

	if (!markup_is_url(href, schemes, ARRAY_SIZE(schemes))) {
		push(c, LINK, "a", NULL, "");
		return;
	}
	markup_put_attribute(&attributes, "href", href);
	push(c, LINK, "a", "a", buf_text(&attributes));
	buf_finish(&attributes);
	c->href = mem_strdup(href);
	c->link_text = SIZE_MAX;
	c->text.began = &c->link_text;
}

/* False: the id of a room says nothing to anybody, so that the link stays. */
static bool open_mention(struct converter *c, const char *id)
{
	const char *name = c->names && c->names->name ? c->names->name(c->names->context, id) : NULL;

	if (!name && *id == '!')
		return false;
	push(c, LINK, "a", NULL, "");
	if (name) {
		put_both(c, name, strlen(name));
		c->muted = c->writer.depth;
	}
	return true;
}

static void take_link(struct converter *c)
{
	const char *href = value_of(c, HREF);
	char *id = c->to_html ? NULL : mentioned(href);

	if (!id || !open_mention(c, id))
		open_link(c, href);
	mem_free(id);
}

/* Of Matrix, for others. */
static bool put_picture(struct converter *c, const char *source, const char *name)
{
	struct buf url = {0}, attributes = {0};
	bool found = matrix_is_media_url(source) && c->names && c->names->picture &&
		     c->names->picture(c->names->context, source, &url);

	if (found) {
		markup_put_attribute(&attributes, "src", buf_text(&url));
		markup_put_attribute(&attributes, "alt", name);
		markup_put_empty(&c->writer, "img", buf_text(&attributes));
		put_text(c, name);
		if (!markup_is_emoji_name(name)) {
			put_text(c, *name ? " " : "");
			put_text(c, buf_text(&url));
		}
		c->says = true;
	}
	buf_finish(&url);
	buf_finish(&attributes);
	return found;
}

static void take_image(struct converter *c)
{
	static const char *const schemes[] = {"https://", "http://"};
	const char *source = value_of(c, SRC), *name = value_of(c, ALT);
	struct buf attributes = {0};

	if (!*name)
		name = value_of(c, TITLE);
	if (c->to_html && matrix_is_media_url(source)) {
		markup_put_attribute(&attributes, "src", source);
		markup_put_attribute(&attributes, "alt", name);
		markup_put_empty(&c->writer, "img", buf_text(&attributes));
		put_text(c, name);
		c->says = true;
	} else if (c->to_html && !c->href && c->writer.depth < MARKUP_DEPTH &&
		   markup_is_url(source, schemes, ARRAY_SIZE(schemes))) {
		open_link(c, source);
		name = *name ? name : source;
		put_both(c, name, strlen(name));
		close_last(c);
	} else if (c->to_html || !put_picture(c, source, name)) {
		put_both(c, name, strlen(name));
	}
	buf_finish(&attributes);
}

static void take_break(struct converter *c)
{
	if (c->pre) {
		put_line_end(c);
		return;
	}
	markup_put_empty(&c->writer, "br", "");
	html_text_break(&c->text);
}

static void take_rule(struct converter *c)
{
	html_text_block(&c->text, 1);
	put_text(c, "---");
	html_text_block(&c->text, 1);
	if (c->to_html) {
		markup_put_empty(&c->writer, "hr", "");
		c->says = true;
		return;
	}
	buf_puts(c->writer.out, "<br/>---<br/>");
}

/* "language-c" of a class attribute. */
static void put_language(struct buf *attributes, const char *class)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+#.-";

	while (*class) {
		size_t length = strcspn(class, " \t\n\r\f\v");

		if (length > 9 && length <= 48 && text_starts(class, "language-") && strspn(class, allowed) == length) {
			char *name = mem_strndup(class, length);

			markup_put_attribute(attributes, "class", name);
			mem_free(name);
			return;
		}
		class += length;
		class += strspn(class, " \t\n\r\f\v");
	}
}

static void start_item(struct converter *c)
{
	char mark[16] = "* ";

	for (unsigned i = c->writer.depth; i > 0; i--) {
		struct open *list = &c->open[i - 1];

		if (list->kind != LIST)
			continue;
		if (list->ordered)
			snprintf(mark, sizeof(mark), "%ld. ", list->number++);
		break;
	}
	html_text_item(&c->text, mark);
	c->items++;
}

static void start_cell(struct converter *c)
{
	for (unsigned i = c->writer.depth; i > 0; i--) {
		struct open *row = &c->open[i - 1];

		if (row->kind != ROW)
			continue;
		if (row->cells)
			put_text(c, " | ");
		if (row->cells && !c->to_html)
			buf_puts(c->writer.out, " | ");
		row->cells = true;
		return;
	}
}

/* What an element does to the text before its content. */
static void start_text(struct converter *c, enum kind kind)
{
	switch (kind) {
	case QUOTE:
		html_text_quote(&c->text);
		break;
	case ITEM:
		start_item(c);
		break;
	case CELL:
		start_cell(c);
		break;
	case BLOCK:
	case PARAGRAPH:
	case PRE:
	case LIST:
	case TABLE:
	case ROW:
		html_text_block(&c->text, 1);
		break;
	default:
		break;
	}
}

static void open_element(struct converter *c, const struct element *element)
{
	const char *written = c->to_html ? element->html : element->xhtml;
	bool ordered = !strcmp(element->name, "ol");
	const char *number = ordered && markup_is_number(value_of(c, START)) ? value_of(c, START) : NULL;
	struct buf attributes = {0};
	struct open *open;

	start_text(c, element->kind);
	if (!c->to_html && element->style)
		markup_put_attribute(&attributes, "style", element->style);
	if (element->kind == CODE)
		put_language(&attributes, value_of(c, CLASS));
	if (number)
		markup_put_attribute(&attributes, "start", number);
	open = push(c, element->kind, element->name, written, buf_text(&attributes));
	buf_finish(&attributes);
	open->ordered = ordered;
	open->number = number ? strtol(number, NULL, 10) : 1;
	c->says = c->says || (written && strcmp(written, "p") != 0 && strcmp(written, "div") != 0);
	if (element->kind == PRE) {
		c->pre++;
		c->text.verbatim = c->after_pre = true;
	}
	if (c->to_html && takes_style(element->kind)) {
		struct look look = read_style(c);

		push_html_look(c, "", &look);
	}
}

static void take_element(struct converter *c, const struct element *element)
{
	close_sibling(c, element->kind);
	if (element->kind == IMAGE) {
		take_image(c);
	} else if (element->kind == BREAK) {
		take_break(c);
	} else if (element->kind == RULE) {
		take_rule(c);
	} else if (c->writer.depth < MARKUP_DEPTH) {
		unsigned depth = c->writer.depth;

		if (element->kind == LINK)
			take_link(c);
		else if (element->kind == STYLED)
			open_styled(c, element);
		else
			open_element(c, element);
		if (c->reader.self_closed)
			close_from(c, (int)depth);
	}
}

static void take_start_tag(struct converter *c, const char *name)
{
	const struct element *element = element_find(name);

	take_attributes(c);
	if (!c->reader.ended)
		return;
	if (element && (!c->muted || element->kind == LINK))
		take_element(c, element);
	else if (!element && !c->reader.self_closed && (markup_is_dropped(name) || !strcmp(name, "mx-reply")))
		markup_skip_content(&c->reader, name);
}

static void take_piece(struct converter *c, enum markup_token token, const struct markup_piece *piece)
{
	if (token == MARKUP_TEXT) {
		take_text(c, piece->text, piece->length);
		c->after_pre = false;
		return;
	}
	c->after_pre = false;
	if (token == MARKUP_OPEN)
		take_start_tag(c, piece->name);
	else
		close_from(c, markup_find(&c->writer, piece->name));
}

static void convert(struct converter *c, const char *input, size_t length)
{
	size_t text_start = c->text.out->len, markup_start = c->writer.out->len;
	enum markup_token token;
	struct markup_piece piece;

	c->text.start = text_start;
	c->reader.next = input;
	c->reader.end = input + length;
	while (c->text.out->len - text_start < MAX_OUTPUT && c->writer.out->len - markup_start < MAX_OUTPUT &&
	       (token = markup_next(&c->reader, &piece)) != MARKUP_END)
		take_piece(c, token, &piece);
	while (c->writer.depth)
		close_last(c);
	for (size_t i = 0; i < ATTRIBUTES; i++)
		buf_finish(&c->values[i]);
	if (!c->says && c->writer.out->data) {
		c->writer.out->len = markup_start;
		c->writer.out->data[markup_start] = '\0';
	}
}

void matrix_html_read(struct buf *text, struct buf *xhtml, const char *html, size_t length,
		      const struct matrix_html_names *names)
{
	struct converter c = {.writer = {.out = xhtml}, .text = {.out = text}, .names = names};

	convert(&c, html, length);
}

bool matrix_html_write(struct buf *html, const char *xhtml, size_t length)
{
	struct buf text = {0};
	struct converter c = {.writer = {.out = html}, .text = {.out = &text}, .to_html = true};

	convert(&c, xhtml, length);
	buf_finish(&text);
	return c.says;
}
