/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_format.h"

#include <ctype.h>
#include <string.h>

#include "base/markup.h"
#include "base/text.h"

const struct irc_style irc_style_none = {.foreground = -1, .background = -1};

static const long palette[16] = {
        0xffffff, 0x000000, 0x00007f, 0x009300, 0xff0000, 0x7f0000, 0x9c009c, 0xfc7f00,
        0xffff00, 0x00fc00, 0x009393, 0x00ffff, 0x0000fc, 0xff00ff, 0x7f7f7f, 0xd2d2d2,
};

bool irc_style_equal(const struct irc_style *a, const struct irc_style *b)
{
	return a->bold == b->bold && a->italic == b->italic && a->underline == b->underline &&
	       a->strike == b->strike && a->monospace == b->monospace && a->reverse == b->reverse &&
	       a->foreground == b->foreground && a->background == b->background;
}

long irc_color_value(int number)
{
	return number >= 0 && number < 16 ? palette[number] : -1;
}

int irc_color_nearest(long rgb)
{
	long best = -1;
	int found = 1;

	for (int i = 0; i < 16; i++) {
		long red = (rgb >> 16 & 0xff) - (palette[i] >> 16 & 0xff);
		long green = (rgb >> 8 & 0xff) - (palette[i] >> 8 & 0xff);
		long blue = (rgb & 0xff) - (palette[i] & 0xff);
		long distance = red * red + green * green + blue * blue;

		if (best >= 0 && distance >= best)
			continue;
		best = distance;
		found = i;
	}
	return found;
}

/* Up to two digits; -1 if there is none. */
static int read_number(const char **text)
{
	int number = 0, digits = 0;

	while (digits < 2 && isdigit((unsigned char)**text)) {
		number = number * 10 + (**text - '0');
		(*text)++;
		digits++;
	}
	return digits ? number : -1;
}

static void read_color(const char **text, struct irc_style *style)
{
	int number = read_number(text);

	if (number < 0) {
		style->foreground = style->background = -1;
		return;
	}
	style->foreground = irc_color_value(number);
	if (**text != ',' || !isdigit((unsigned char)(*text)[1]))
		return;
	(*text)++;
	style->background = irc_color_value(read_number(text));
}

static bool read_hex(const char **text, long *rgb)
{
	long value = 0;

	for (int i = 0; i < 6; i++) {
		unsigned char c = (unsigned char)(*text)[i];

		if (!isxdigit(c))
			return false;
		value = value * 16 + (isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	*text += 6;
	*rgb = value;
	return true;
}

static void read_hex_color(const char **text, struct irc_style *style)
{
	const char *after;

	if (!read_hex(text, &style->foreground)) {
		style->foreground = style->background = -1;
		return;
	}
	after = *text + 1;
	if (**text == ',' && read_hex(&after, &style->background))
		*text = after;
}

/* Takes one formatting character, with its numbers, off *text. False: it is none. */
static bool read_control(const char **text, struct irc_style *style)
{
	char c = *(*text)++;

	switch (c) {
	case '\x02':
		style->bold = !style->bold;
		return true;
	case '\x03':
		read_color(text, style);
		return true;
	case '\x04':
		read_hex_color(text, style);
		return true;
	case '\x0f':
		*style = irc_style_none;
		return true;
	case '\x11':
		style->monospace = !style->monospace;
		return true;
	case '\x16':
		style->reverse = !style->reverse;
		return true;
	case '\x1d':
		style->italic = !style->italic;
		return true;
	case '\x1e':
		style->strike = !style->strike;
		return true;
	case '\x1f':
		style->underline = !style->underline;
		return true;
	default:
		(*text)--;
		return false;
	}
}

static void put_css(struct buf *out, const struct irc_style *style)
{
	long foreground = style->foreground, background = style->background;

	if (style->reverse) {
		foreground = style->background >= 0 ? style->background : 0xffffff;
		background = style->foreground >= 0 ? style->foreground : 0x000000;
	}
	if (foreground >= 0)
		buf_printf(out, "color: #%06lx; ", (unsigned long)foreground);
	if (background >= 0)
		buf_printf(out, "background-color: #%06lx; ", (unsigned long)background);
	if (style->underline || style->strike)
		buf_printf(out, "text-decoration:%s%s; ", style->underline ? " underline" : "",
		           style->strike ? " line-through" : "");
	if (style->monospace)
		buf_puts(out, "font-family: monospace; ");
}

static void put_run(struct buf *xhtml, const struct irc_style *style, const char *text, size_t length)
{
	struct buf css = {0};

	put_css(&css, style);
	if (css.len)
		buf_printf(xhtml, "<span style='%.*s'>", (int)(css.len - 1), css.data);
	if (style->bold)
		buf_puts(xhtml, "<strong>");
	if (style->italic)
		buf_puts(xhtml, "<em>");
	markup_put_characters(xhtml, text, length);
	if (style->italic)
		buf_puts(xhtml, "</em>");
	if (style->bold)
		buf_puts(xhtml, "</strong>");
	if (css.len)
		buf_puts(xhtml, "</span>");
	buf_finish(&css);
}

bool irc_format_read(const char *text, struct buf *plain, struct buf *xhtml)
{
	struct irc_style style = irc_style_none;
	bool formatted = false;

	while (*text) {
		size_t start = plain->len, length;

		if (read_control(&text, &style))
			continue;
		length = strcspn(text, "\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f");
		text_clean(plain, text, length, TEXT_LINE);
		put_run(xhtml, &style, plain->data + start, plain->len - start);
		formatted = formatted || !irc_style_equal(&style, &irc_style_none);
		text += length;
	}
	return formatted;
}
