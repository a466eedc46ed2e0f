/* SPDX-License-Identifier: MIT */
/* XHTML-IM to IRC: the writing half of irc_format.h. */
#include "backends/irc/irc_format.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define DEPTH_MAX 64
#define NAME_MAX_BYTES 16

struct open_element {
	char name[NAME_MAX_BYTES];
	struct irc_style before; /* what to go back to */
	size_t text_start;       /* of a link's text in `out` */
	char *href;
};

struct writer {
	struct buf *out;
	struct irc_style style, written;
	struct open_element open[DEPTH_MAX];
	size_t depth;
	size_t muted; /* open elements whose text is not for people */
	bool visible; /* something was written that can be seen */
};

static const struct {
	const char *name;
	long rgb;
} color_names[] = {
        {"white", 0xffffff},  {"black", 0x000000},  {"navy", 0x000080},    {"green", 0x008000},
        {"red", 0xff0000},    {"maroon", 0x800000}, {"purple", 0x800080},  {"orange", 0xffa500},
        {"yellow", 0xffff00}, {"lime", 0x00ff00},   {"teal", 0x008080},    {"aqua", 0x00ffff},
        {"cyan", 0x00ffff},   {"blue", 0x0000ff},   {"fuchsia", 0xff00ff}, {"magenta", 0xff00ff},
        {"gray", 0x808080},   {"grey", 0x808080},   {"silver", 0xc0c0c0},
};

static long parse_color(const char *text)
{
	size_t length = strlen(text);
	char *end;
	long value;

	for (size_t i = 0; i < ARRAY_SIZE(color_names); i++)
		if (text_equal_nocase(text, color_names[i].name))
			return color_names[i].rgb;
	if (*text != '#' || (length != 4 && length != 7) || !isxdigit((unsigned char)text[1]))
		return -1;
	value = strtol(text + 1, &end, 16);
	if (*end)
		return -1;
	if (length == 7)
		return value;
	return (value >> 8 & 0xf) * 0x110000 + (value >> 4 & 0xf) * 0x1100 + (value & 0xf) * 0x11;
}

static void apply_property(struct irc_style *style, const char *name, const char *value)
{
	if (text_equal_nocase(name, "color"))
		style->foreground = parse_color(value);
	else if (text_equal_nocase(name, "background-color") || text_equal_nocase(name, "background"))
		style->background = parse_color(value);
	else if (text_equal_nocase(name, "font-weight"))
		style->bold = text_equal_nocase(value, "bold") || text_equal_nocase(value, "bolder") ||
		              (isdigit((unsigned char)*value) && *value >= '6');
	else if (text_equal_nocase(name, "font-style"))
		style->italic = text_equal_nocase(value, "italic") || text_equal_nocase(value, "oblique");
	else if (text_equal_nocase(name, "font-family"))
		style->monospace = strstr(value, "mono") != NULL || strstr(value, "ourier") != NULL;
	else if (text_equal_nocase(name, "text-decoration")) {
		style->underline = strstr(value, "underline") != NULL;
		style->strike = strstr(value, "line-through") != NULL;
	}
}

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

static void apply_css(struct irc_style *style, char *css)
{
	while (css) {
		char *next = strchr(css, ';'), *colon;

		if (next)
			*next++ = '\0';
		colon = strchr(css, ':');
		if (colon) {
			*colon = '\0';
			apply_property(style, trim(css), trim(colon + 1));
		}
		css = next;
	}
}

/* Brings the receiver's state to the current style; `next` is the character that follows. */
static void write_style(struct writer *w, char next)
{
	struct irc_style *now = &w->written;
	const struct irc_style *want = &w->style;

	if (irc_style_equal(now, want))
		return;
	if ((now->bold && !want->bold) || (now->italic && !want->italic) ||
	    (now->underline && !want->underline) || (now->strike && !want->strike) ||
	    (now->monospace && !want->monospace) || (now->foreground >= 0 && want->foreground < 0) ||
	    (now->background >= 0 && want->background < 0)) {
		buf_putc(w->out, '\x0f');
		*now = irc_style_none;
	}
	if (want->bold && !now->bold)
		buf_putc(w->out, '\x02');
	if (want->italic && !now->italic)
		buf_putc(w->out, '\x1d');
	if (want->underline && !now->underline)
		buf_putc(w->out, '\x1f');
	if (want->strike && !now->strike)
		buf_putc(w->out, '\x1e');
	if (want->monospace && !now->monospace)
		buf_putc(w->out, '\x11');
	if (want->foreground != now->foreground || want->background != now->background) {
		/* A background cannot be had without a foreground. */
		buf_printf(w->out, "\x03%02d",
		           want->foreground >= 0 ? irc_color_nearest(want->foreground) : 1);
		if (want->background >= 0)
			buf_printf(w->out, ",%02d", irc_color_nearest(want->background));
		else if (next == ',')
			buf_puts(w->out, "\x02\x02"); /* or the text's comma would announce a background */
	}
	*now = *want;
}

static bool at_line_start(const struct writer *w)
{
	return w->out->len == 0 || w->out->data[w->out->len - 1] == '\n';
}

static void break_line(struct writer *w)
{
	buf_putc(w->out, '\n');
	w->written = irc_style_none; /* formatting ends with the line */
}

static void put_char(struct writer *w, char c)
{
	if (w->muted)
		return;
	if (c == '\n' || c == '\r' || c == '\t')
		c = ' ';
	if ((unsigned char)c < ' ' || c == 0x7f || (c == ' ' && at_line_start(w)))
		return;
	write_style(w, c);
	buf_putc(w->out, c);
	w->visible = w->visible || c != ' ';
}

static void put_text(struct writer *w, const char *text)
{
	for (; *text; text++)
		put_char(w, *text);
}

static void put_code_point(struct writer *w, unsigned long code)
{
	char bytes[5] = {0};

	if (code < 0x110000 && text_is_utf8(bytes, text_encode((uint32_t)code, bytes)))
		put_text(w, bytes);
}

/* Writes the character that "&...;" stands for; returns what is behind it, or NULL if it is no reference. */
static const char *put_reference(struct writer *w, const char *text)
{
	static const struct {
		const char *name;
		unsigned code;
	} names[] = {
	        {"&amp;", '&'},  {"&lt;", '<'},    {"&gt;", '>'},
	        {"&quot;", '"'}, {"&apos;", '\''}, {"&nbsp;", ' '},
	};
	unsigned long code;
	char *end;
	bool hex;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!text_starts(text, names[i].name))
			continue;
		put_code_point(w, names[i].code);
		return text + strlen(names[i].name);
	}
	if (text[1] != '#')
		return NULL;
	hex = text[2] == 'x';
	if (!isxdigit((unsigned char)text[hex ? 3 : 2]))
		return NULL;
	code = strtoul(text + (hex ? 3 : 2), &end, hex ? 16 : 10);
	if (*end != ';')
		return NULL;
	put_code_point(w, code);
	return end + 1;
}

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

static bool is_block(const char *name)
{
	static const char *const names[] = {"p",  "div", "li", "ul", "ol", "blockquote", "pre",   "h1",
	                                    "h2", "h3",  "h4", "h5", "h6", "tr",         "table", NULL};

	return is_one_of(name, names);
}

static bool is_muted(const char *name)
{
	static const char *const names[] = {"script", "style", "head", "title", NULL};

	return is_one_of(name, names);
}

static void apply_element(struct irc_style *style, const char *name)
{
	static const char *const bold[] = {"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", NULL};
	static const char *const italic[] = {"i", "em", "cite", "var", "dfn", NULL};
	static const char *const monospace[] = {"code", "tt", "pre", "kbd", "samp", NULL};
	static const char *const strike[] = {"s", "del", "strike", NULL};
	static const char *const underline[] = {"u", "ins", NULL};

	style->bold = style->bold || is_one_of(name, bold);
	style->italic = style->italic || is_one_of(name, italic);
	style->monospace = style->monospace || is_one_of(name, monospace);
	style->strike = style->strike || is_one_of(name, strike);
	style->underline = style->underline || is_one_of(name, underline);
}

/* A text with its references resolved; caller frees. */
static char *resolve(const char *raw, size_t length)
{
	struct buf text = {0};
	struct writer w = {.out = &text, .style = irc_style_none, .written = irc_style_none};
	char *copy = mem_strndup(raw, length);

	for (const char *c = copy; *c;) {
		const char *after = *c == '&' ? put_reference(&w, c) : NULL;

		if (!after)
			put_char(&w, *c);
		c = after ? after : c + 1;
	}
	mem_free(copy);
	buf_text(&text);
	return buf_take(&text);
}

/* The value of an attribute in the text between a tag's name and its end; NULL if it has none; caller frees.
 */
static char *find_attribute(const char *tag, const char *end, const char *wanted)
{
	while (tag < end) {
		const char *name, *value;
		size_t name_length;
		char quote;

		while (tag < end && (isspace((unsigned char)*tag) || *tag == '/'))
			tag++;
		name = tag;
		while (tag < end && *tag != '=' && !isspace((unsigned char)*tag))
			tag++;
		name_length = (size_t)(tag - name);
		while (tag < end && *tag != '"' && *tag != '\'')
			tag++;
		if (tag >= end)
			return NULL;
		quote = *tag++;
		value = tag;
		while (tag < end && *tag != quote)
			tag++;
		if (name_length == strlen(wanted) && strncmp(name, wanted, name_length) == 0)
			return resolve(value, (size_t)(tag - value));
		tag++;
	}
	return NULL;
}

/* Of an emoji that a network has of its own the name says enough: ":bowtie:". */
static bool is_emoji_name(const char *text)
{
	size_t length = strlen(text);

	return length > 2 && text[0] == ':' && text[length - 1] == ':' && strcspn(text + 1, ": \n") == length - 2;
}

static void write_image(struct writer *w, const char *attributes, const char *end)
{
	char *source = find_attribute(attributes, end, "src");
	char *text = find_attribute(attributes, end, "alt");

	bool emoji = text && is_emoji_name(text);

	if (text && *text) {
		put_text(w, text);
		if (!emoji)
			put_char(w, ' ');
	}
	if (source && !emoji && text_is_web_url(source))
		put_text(w, source);
	mem_free(source);
	mem_free(text);
}

static bool open_tag(struct writer *w, const char *name, const char *attributes, const char *end)
{
	struct open_element *element;
	char *css;

	if (w->depth == DEPTH_MAX)
		return false;
	if (is_block(name) && !at_line_start(w))
		break_line(w);
	element = &w->open[w->depth++];
	memset(element, 0, sizeof(*element));
	memcpy(element->name, name, strlen(name) + 1);
	element->before = w->style;
	if (is_muted(name))
		w->muted++;
	apply_element(&w->style, name);
	css = find_attribute(attributes, end, "style");
	if (css)
		apply_css(&w->style, css);
	mem_free(css);
	if (strcmp(name, "a") == 0)
		element->href = find_attribute(attributes, end, "href");
	if (strcmp(name, "li") == 0)
		put_text(w, "- ");
	if (strcmp(name, "blockquote") == 0)
		put_text(w, "> ");
	element->text_start = w->out->len;
	return true;
}

static bool close_tag(struct writer *w, const char *name)
{
	struct open_element *element = w->depth ? &w->open[w->depth - 1] : NULL;
	const char *href;

	if (!element || strcmp(element->name, name) != 0)
		return false;
	w->depth--;
	if (is_muted(name))
		w->muted--;
	w->style = element->before;
	href = element->href;
	if (href &&
	    (text_is_web_url(href) || text_starts(href, "xmpp:")) &&
	    !strstr(buf_text(w->out) + element->text_start, href)) {
		put_text(w, " (");
		put_text(w, href);
		put_char(w, ')');
	}
	MEM_FREE(element->href);
	if (is_block(name) && !at_line_start(w))
		break_line(w);
	return true;
}

/* `text` is behind '<'; returns what is behind '>', or NULL if this is no markup. */
static const char *read_tag(struct writer *w, const char *text)
{
	bool closing = *text == '/';
	const char *end, *at;
	char name[NAME_MAX_BYTES];
	size_t length;

	if (closing)
		text++;
	length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	if (length == 0 || length >= sizeof(name))
		return NULL;
	memcpy(name, text, length);
	name[length] = '\0';
	text_lower(name);
	at = text + length;
	for (end = at; *end && *end != '>'; end++) {
		if (*end != '"' && *end != '\'')
			continue;
		end = strchr(end + 1, *end);
		if (!end)
			return NULL;
	}
	if (*end != '>')
		return NULL;
	if (closing)
		return close_tag(w, name) ? end + 1 : NULL;
	if (strcmp(name, "br") == 0) {
		break_line(w);
	} else if (strcmp(name, "img") == 0) {
		write_image(w, at, end);
	} else {
		if (!open_tag(w, name, at, end))
			return NULL;
		if (end[-1] == '/')
			return close_tag(w, name) ? end + 1 : NULL;
	}
	/* "<br></br>" is XML for the same thing. */
	if (strcmp(name, "br") == 0 && text_starts(end + 1, "</br>"))
		return end + 6;
	if (strcmp(name, "img") == 0 && text_starts(end + 1, "</img>"))
		return end + 7;
	return end + 1;
}

static bool write_all(struct writer *w, const char *text)
{
	while (*text) {
		if (*text == '<') {
			text = read_tag(w, text + 1);
			if (!text)
				return false;
			continue;
		}
		if (*text == '&') {
			const char *after = put_reference(w, text);

			if (after) {
				text = after;
				continue;
			}
		}
		put_char(w, *text++);
	}
	return w->depth == 0;
}

bool irc_format_write(const char *xhtml, struct buf *out)
{
	struct writer w = {.out = out, .style = irc_style_none, .written = irc_style_none};
	size_t start = out->len;
	bool good = write_all(&w, xhtml);

	while (w.depth)
		mem_free(w.open[--w.depth].href);
	if (good && w.visible) {
		while (out->len > start &&
		       (out->data[out->len - 1] == '\n' || out->data[out->len - 1] == ' '))
			out->data[--out->len] = '\0';
		return true;
	}
	out->len = start;
	buf_text(out);
	return false;
}
