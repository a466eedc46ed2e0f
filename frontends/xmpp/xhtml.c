/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/xhtml.h"

#include <ctype.h>
#include <string.h>

#include "base/markup.h"
#include "base/mem.h"

#define MAX_DEPTH 32
#define MAX_OUTPUT (256u << 10)

struct element {
	const char *name;
	const char *written; /* in the output */
	bool empty;          /* has no content */
};

static const struct element elements[] = {
        {"a", "a", false},       {"abbr", "abbr", false},
        {"b", "strong", false},  {"blockquote", "blockquote", false},
        {"br", "br", true},      {"cite", "cite", false},
        {"code", "code", false}, {"dd", "dd", false},
        {"del", "span", false},  {"div", "div", false},
        {"dl", "dl", false},     {"dt", "dt", false},
        {"em", "em", false},     {"h1", "h1", false},
        {"h2", "h2", false},     {"h3", "h3", false},
        {"h4", "h4", false},     {"h5", "h5", false},
        {"h6", "h6", false},     {"i", "em", false},
        {"img", "img", true},    {"kbd", "kbd", false},
        {"li", "li", false},     {"ol", "ol", false},
        {"p", "p", false},       {"pre", "pre", false},
        {"q", "q", false},       {"samp", "samp", false},
        {"span", "span", false}, {"strong", "strong", false},
        {"ul", "ul", false},     {"var", "var", false},
};

static const char *const style_properties[] = {
        "background-color", "color",       "font-family",  "font-size",  "font-style",
        "font-weight",      "margin-left", "margin-right", "text-align", "text-decoration"};

struct sanitiser {
	struct markup_reader reader;
	struct markup_writer writer;
	bool words; /* pictures are left out, but emoji */
	bool emoji; /* the element's `alt` says so */
	bool any; /* an element was written */
};

static const struct element *element_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++)
		if (!strcmp(elements[i].name, name))
			return &elements[i];
	return NULL;
}

static bool url_is_safe(const char *url, bool image)
{
	static const char *const schemes[] = {"http://", "https://", "mailto:", "xmpp:"};

	return markup_is_url(url, schemes, image ? 2 : ARRAY_SIZE(schemes));
}

static bool is_plain_style_value(const char *value, size_t length)
{
	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)value[i]) && !strchr(" #.,%-", value[i]))
			return false;
	return true;
}

static bool is_style_property(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(style_properties); i++)
		if (!strcmp(style_properties[i], name))
			return true;
	return false;
}

static void filter_style(struct buf *out, const char *style)
{
	struct buf property = {0}, value = {0};

	while ((style = markup_declaration(style, &property, &value))) {
		if (is_style_property(buf_text(&property)) && is_plain_style_value(buf_text(&value), value.len)) {
			if (out->len)
				buf_putc(out, ' ');
			buf_printf(out, "%s: %s;", property.data, value.data);
		}
		buf_clear(&property);
		buf_clear(&value);
	}
	buf_finish(&property);
	buf_finish(&value);
}

static void filter_attribute(struct buf *out, const char *element, const char *name, struct buf *value)
{
	bool image = !strcmp(element, "img");
	const char *text = buf_text(value);

	if (!strcmp(name, "style")) {
		struct buf style = {0};

		filter_style(&style, text);
		if (style.len)
			markup_put_attribute(out, name, buf_text(&style));
		buf_finish(&style);
	} else if ((!strcmp(element, "a") && !strcmp(name, "href")) || (image && !strcmp(name, "src"))) {
		if (url_is_safe(text, image))
			markup_put_attribute(out, name, text);
	} else if (image && !strcmp(name, "alt")) {
		markup_put_attribute(out, name, text);
	} else if (image && (!strcmp(name, "width") || !strcmp(name, "height"))) {
		if (markup_is_number(text))
			markup_put_attribute(out, name, text);
	}
}

/* Reads the attributes; what is allowed goes to `out`. An attribute's second occurrence is dropped. */
static void take_attributes(struct sanitiser *in, const char *element, struct buf *out)
{
	static const char *const known[] = {"style", "href", "src", "alt", "width", "height"};
	char name[MARKUP_NAME_BYTES];
	struct buf value = {0};
	unsigned seen = 0;

	in->emoji = false;
	while (markup_attribute(&in->reader, name, &value)) {
		in->emoji = in->emoji || (!strcmp(name, "alt") && markup_is_emoji_name(buf_text(&value)));
		for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
			size_t length = out->len;

			if (strcmp(name, known[i]) != 0 || (seen & 1u << i) || !value.len)
				continue;
			filter_attribute(out, element, name, &value);
			if (out->len > length)
				seen |= 1u << i;
		}
	}
	buf_finish(&value);
}

static void close_element(struct sanitiser *in, const char *name)
{
	int index = markup_find(&in->writer, name);

	while (index >= 0 && (int)in->writer.depth > index)
		markup_close_last(&in->writer);
}

static void open_element(struct sanitiser *in, const char *name)
{
	const struct element *element = element_find(name);
	struct buf attributes = {0};
	bool no_picture;

	take_attributes(in, element ? element->name : "", &attributes);
	no_picture = element && !strcmp(name, "img") &&
		     (!strstr(buf_text(&attributes), " src='") || (in->words && !in->emoji));
	if (!element || !in->reader.ended || no_picture || (!element->empty && in->writer.depth == MAX_DEPTH)) {
		if (in->reader.ended && !in->reader.self_closed && markup_is_dropped(name))
			markup_skip_content(&in->reader, name);
	} else {
		in->any = true;
		if (element->empty || in->reader.self_closed)
			markup_put_empty(&in->writer, element->written, buf_text(&attributes));
		else
			markup_open(&in->writer, element->name, element->written, buf_text(&attributes));
	}
	buf_finish(&attributes);
}

static bool sanitise(struct buf *out, const char *markup, size_t length, bool words)
{
	struct sanitiser in = {
		.reader = {.next = markup, .end = markup + length}, .writer = {.out = out}, .words = words};
	size_t start = out->len;
	struct markup_piece piece;
	enum markup_token token = MARKUP_TEXT;

	while (out->len - start < MAX_OUTPUT && (token = markup_next(&in.reader, &piece)) != MARKUP_END) {
		if (token == MARKUP_OPEN)
			open_element(&in, piece.name);
		else if (token == MARKUP_CLOSE)
			close_element(&in, piece.name);
		else
			markup_put_text(out, piece.text, piece.length);
	}
	while (in.writer.depth > 0)
		markup_close_last(&in.writer);
	if (in.any)
		return true;
	if (out->data) {
		out->len = start;
		out->data[out->len] = '\0';
	}
	return false;
}

bool xhtml_sanitise(struct buf *out, const char *markup, size_t length)
{
	return sanitise(out, markup, length, false);
}

bool xhtml_sanitise_words(struct buf *out, const char *markup, size_t length)
{
	return sanitise(out, markup, length, true);
}
