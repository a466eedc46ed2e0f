/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/xhtml.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

#define MAX_DEPTH 32
#define MAX_NAME 15
#define MAX_VALUE 2048
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

/* Their content is no text. */
static const char *const dropped[] = {"applet", "embed",  "head",  "iframe", "math",     "noscript",
                                      "object", "script", "style", "svg",    "template", "textarea",
                                      "title",  "video",  "audio", "xmp"};

static const char *const style_properties[] = {
        "background-color", "color",       "font-family",  "font-size",  "font-style",
        "font-weight",      "margin-left", "margin-right", "text-align", "text-decoration"};

struct sanitiser {
	struct buf *out;
	const char *next, *end;
	const struct element *open[MAX_DEPTH];
	unsigned depth;
	size_t start;
	bool any; /* an element was written */
};

static void put_escaped(struct buf *out, char c)
{
	switch (c) {
	case '<':
		buf_puts(out, "&lt;");
		break;
	case '>':
		buf_puts(out, "&gt;");
		break;
	case '&':
		buf_puts(out, "&amp;");
		break;
	case '"':
		buf_puts(out, "&quot;");
		break;
	case '\'':
		buf_puts(out, "&apos;");
		break;
	default:
		buf_putc(out, c);
		break;
	}
}

static bool is_xml_char(uint32_t c)
{
	return c == 0x9 || c == 0xa || c == 0xd || (c >= 0x20 && c <= 0xd7ff) ||
	       (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

static size_t encode_utf8(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The character of "&#...;" between its '#' and ';'. */
static uint32_t numeric_reference(const char *digits, const char *end)
{
	bool hex = digits < end && (*digits == 'x' || *digits == 'X');
	uint32_t value = 0;
	if (hex)
		digits++;
	if (digits == end)
		return 0xfffd;
	for (; digits < end; digits++) {
		unsigned char c = (unsigned char)*digits;
		if (!(hex ? isxdigit(c) : isdigit(c)) || value > 0x10ffff)
			return 0xfffd;
		value = value * (hex ? 16 : 10) + (uint32_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	return is_xml_char(value) ? value : 0xfffd;
}

/* One character, references resolved, from [*at, end): into `one`, with its length. An '&' that begins
 * nothing is itself. */
static size_t take_character(const char **at, const char *end, char one[4])
{
	static const struct {
		const char *name;
		const char *text;
	} names[] = {{"amp", "&"},   {"lt", "<"},   {"gt", ">"},
	             {"quot", "\""}, {"apos", "'"}, {"nbsp", "\xc2\xa0"}};
	const char *p = *at;
	one[0] = *p;
	*at = p + 1;
	if (*p != '&')
		return 1;
	size_t room = (size_t)(end - p) < 12 ? (size_t)(end - p) : 12;
	const char *semicolon = memchr(p, ';', room);
	if (!semicolon)
		return 1;
	if (p[1] == '#') {
		*at = semicolon + 1;
		return encode_utf8(numeric_reference(p + 2, semicolon), one);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i].name);
		if ((size_t)(semicolon - p - 1) != length || memcmp(p + 1, names[i].name, length) != 0)
			continue;
		*at = semicolon + 1;
		memcpy(one, names[i].text, strlen(names[i].text));
		return strlen(names[i].text);
	}
	return 1;
}

static void put_character(struct buf *out, const char *one, size_t length)
{
	if (length == 1)
		put_escaped(out, one[0]);
	else
		buf_append(out, one, length);
}

static const struct element *element_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++)
		if (!strcmp(elements[i].name, name))
			return &elements[i];
	return NULL;
}

static bool in_list(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], text))
			return true;
	return false;
}

/* Lower-cased; too long a name becomes "", which nothing is called. */
static void take_name(struct sanitiser *in, char name[MAX_NAME + 1])
{
	size_t length = 0;
	while (in->next < in->end && (isalnum((unsigned char)*in->next) || strchr("-_:", *in->next)) &&
	       *in->next) {
		if (length <= MAX_NAME)
			name[length < MAX_NAME ? length : MAX_NAME] = (char)tolower((unsigned char)*in->next);
		length++;
		in->next++;
	}
	name[length <= MAX_NAME ? length : 0] = '\0';
}

static void skip_space(struct sanitiser *in)
{
	while (in->next < in->end && isspace((unsigned char)*in->next))
		in->next++;
}

/* An attribute's value, references resolved. */
static void take_value(struct sanitiser *in, struct buf *value)
{
	char quote = in->next < in->end && (*in->next == '"' || *in->next == '\'') ? *in->next : '\0';
	if (quote)
		in->next++;
	const char *start = in->next;
	while (in->next < in->end) {
		char c = *in->next;
		if (quote ? c == quote : (isspace((unsigned char)c) || c == '>'))
			break;
		in->next++;
	}
	const char *stop = in->next;
	if (quote && in->next < in->end)
		in->next++;
	while (start < stop && value->len < MAX_VALUE) {
		char one[4];
		size_t length = take_character(&start, stop, one);
		buf_append(value, one, length);
	}
	if (value->len >= MAX_VALUE)
		buf_clear(value);
}

static bool url_is_safe(const char *url, bool image)
{
	static const char *const schemes[] = {"http://", "https://", "mailto:", "xmpp:"};
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f)
			return false;
	for (size_t i = 0; i < (image ? 2 : ARRAY_SIZE(schemes)); i++)
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])))
			return true;
	return false;
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

static void filter_declaration(struct buf *out, const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length);
	if (!colon)
		return;
	const char *value = colon + 1, *end = text + length;
	char property[32];
	while (text < colon && isspace((unsigned char)*text))
		text++;
	size_t name = (size_t)(colon - text);
	while (name && isspace((unsigned char)text[name - 1]))
		name--;
	if (name >= sizeof(property))
		return;
	memcpy(property, text, name);
	property[name] = '\0';
	text_lower(property);
	while (value < end && isspace((unsigned char)*value))
		value++;
	while (end > value && isspace((unsigned char)end[-1]))
		end--;
	if (!in_list(style_properties, ARRAY_SIZE(style_properties), property) ||
	    !is_plain_style_value(value, (size_t)(end - value)))
		return;
	buf_puts(out, property);
	buf_puts(out, ": ");
	buf_append(out, value, (size_t)(end - value));
	buf_puts(out, "; ");
}

static void filter_style(struct buf *out, const char *style)
{
	while (*style) {
		size_t length = strcspn(style, ";");
		filter_declaration(out, style, length);
		style += length;
		if (*style)
			style++;
	}
	while (out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
}

static void put_attribute(struct buf *out, const char *name, const char *value)
{
	buf_putc(out, ' ');
	buf_puts(out, name);
	buf_puts(out, "='");
	for (; *value; value++)
		put_escaped(out, *value);
	buf_putc(out, '\'');
}

static bool is_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	return digits > 0 && digits <= 5 && !text[digits];
}

static void filter_attribute(struct buf *out, const char *element, const char *name, struct buf *value)
{
	bool image = !strcmp(element, "img");
	const char *text = buf_text(value);
	if (!strcmp(name, "style")) {
		struct buf style = {0};
		filter_style(&style, text);
		if (style.len)
			put_attribute(out, name, buf_text(&style));
		buf_finish(&style);
	} else if ((!strcmp(element, "a") && !strcmp(name, "href")) || (image && !strcmp(name, "src"))) {
		if (url_is_safe(text, image))
			put_attribute(out, name, text);
	} else if (image && !strcmp(name, "alt")) {
		put_attribute(out, name, text);
	} else if (image && (!strcmp(name, "width") || !strcmp(name, "height"))) {
		if (is_number(text))
			put_attribute(out, name, text);
	}
}

/* Reads the attributes up to and with '>'; what is allowed goes to `out`. An attribute's second occurrence is
 * dropped. False: the tag never ends. */
static bool take_attributes(struct sanitiser *in, const char *element, struct buf *out)
{
	static const char *const known[] = {"style", "href", "src", "alt", "width", "height"};
	unsigned seen = 0;
	while (in->next < in->end) {
		skip_space(in);
		if (in->next >= in->end)
			break;
		if (*in->next == '>') {
			in->next++;
			return true;
		}
		char name[MAX_NAME + 1];
		const char *before = in->next;
		take_name(in, name);
		if (in->next == before) {
			in->next++;
			continue;
		}
		skip_space(in);
		if (in->next >= in->end || *in->next != '=')
			continue;
		in->next++;
		skip_space(in);
		struct buf value = {0};
		take_value(in, &value);
		for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
			if (strcmp(name, known[i]) != 0 || (seen & 1u << i) || !value.len)
				continue;
			size_t length = out->len;
			filter_attribute(out, element, name, &value);
			if (out->len > length)
				seen |= 1u << i;
		}
		buf_finish(&value);
	}
	return false;
}

static void close_one(struct sanitiser *in)
{
	buf_puts(in->out, "</");
	buf_puts(in->out, in->open[--in->depth]->written);
	buf_putc(in->out, '>');
}

static void close_element(struct sanitiser *in, const char *name)
{
	unsigned depth = in->depth;
	while (depth > 0 && strcmp(in->open[depth - 1]->name, name) != 0)
		depth--;
	if (depth == 0)
		return;
	while (in->depth >= depth)
		close_one(in);
}

/* Behind the matching end tag of an element whose content is dropped; the end if there is none. */
static void skip_content(struct sanitiser *in, const char *name)
{
	size_t length = strlen(name);
	for (; in->next < in->end; in->next++) {
		if (*in->next != '<' || (size_t)(in->end - in->next) < length + 2 || in->next[1] != '/' ||
		    strncasecmp(in->next + 2, name, length) != 0)
			continue;
		const char *close = memchr(in->next, '>', (size_t)(in->end - in->next));
		in->next = close ? close + 1 : in->end;
		return;
	}
}

static void open_element(struct sanitiser *in, const char *name)
{
	const struct element *element = element_find(name);
	struct buf attributes = {0};
	bool ended = take_attributes(in, element ? element->name : "", &attributes);
	bool self_closed = ended && in->next[-2] == '/';
	bool image_without_source =
	        element && !strcmp(name, "img") && !strstr(buf_text(&attributes), " src='");
	if (!element || !ended || image_without_source || (!element->empty && in->depth == MAX_DEPTH)) {
		if (ended && !self_closed && in_list(dropped, ARRAY_SIZE(dropped), name))
			skip_content(in, name);
		buf_finish(&attributes);
		return;
	}
	in->any = true;
	buf_putc(in->out, '<');
	buf_puts(in->out, element->written);
	buf_append(in->out, buf_text(&attributes), attributes.len);
	if (element->empty || self_closed) {
		buf_puts(in->out, "/>");
	} else {
		buf_putc(in->out, '>');
		in->open[in->depth++] = element;
	}
	buf_finish(&attributes);
}

static void skip_declaration(struct sanitiser *in)
{
	bool comment = in->end - in->next >= 4 && !memcmp(in->next, "<!--", 4);
	const char *from = in->next + (comment ? 4 : 0);
	const char *stop = comment ? memmem(from, (size_t)(in->end - from), "-->", 3)
	                           : memchr(from, '>', (size_t)(in->end - from));
	in->next = stop ? stop + (comment ? 3 : 1) : in->end;
}

static void take_markup(struct sanitiser *in)
{
	char name[MAX_NAME + 1];
	char second = in->end - in->next > 1 ? in->next[1] : '\0';
	if (second == '!' || second == '?') {
		skip_declaration(in);
	} else if (second == '/') {
		in->next += 2;
		take_name(in, name);
		const char *close = memchr(in->next, '>', (size_t)(in->end - in->next));
		in->next = close ? close + 1 : in->end;
		close_element(in, name);
	} else if (isalpha((unsigned char)second)) {
		in->next++;
		take_name(in, name);
		open_element(in, name);
	} else {
		buf_puts(in->out, "&lt;");
		in->next++;
	}
}

bool xhtml_sanitise(struct buf *out, const char *markup, size_t length)
{
	struct sanitiser in = {.out = out, .next = markup, .end = markup + length, .start = out->len};
	while (in.next < in.end && out->len - in.start < MAX_OUTPUT) {
		if (*in.next == '<') {
			take_markup(&in);
			continue;
		}
		char one[4];
		size_t count = take_character(&in.next, in.end, one);
		put_character(out, one, count);
	}
	while (in.depth > 0)
		close_one(&in);
	if (in.any)
		return true;
	if (out->data) {
		out->len = in.start;
		out->data[out->len] = '\0';
	}
	return false;
}
