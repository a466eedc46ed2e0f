/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_text.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* Windows-1252 from 0x80 to 0x9f; what it leaves undefined is U+FFFD. */
static const uint16_t high_controls[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

/* CTCP, bold, colours, reset, monospace, reverse, italic, strikethrough, underline. */
static bool is_meant(unsigned char c)
{
	return c && strchr("\x01\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f", c);
}

void irc_text_decode(struct buf *out, const char *bytes, size_t length)
{
	bool utf8 = text_is_utf8(bytes, length);

	buf_reserve(out, length + 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];
		char character[4];

		if ((c < 0x20 && !is_meant(c)) || c == 0x7f)
			buf_putc(out, '?');
		else if (c < 0x80 || utf8)
			buf_putc(out, (char)c);
		else
			buf_append(out, character, text_encode(c < 0xa0 ? high_controls[c - 0x80] : c, character));
	}
}

bool irc_text_next_piece(const char **rest, size_t max, const char **piece, size_t *length)
{
	const char *text = *rest;
	size_t line, cut;

	text += strspn(text, "\r\n");
	if (*text == '\0') {
		*rest = text;
		return false;
	}
	if (max < 4)
		max = 4;
	line = strcspn(text, "\r\n");
	*piece = text;
	if (line <= max) {
		*length = line;
		*rest = text + line;
		return true;
	}
	cut = text_cut(text, line, max);
	if (cut == 0)
		cut = max;
	for (size_t i = cut; i > cut - cut / 4; i--) {
		if (text[i - 1] != ' ')
			continue;
		cut = i;
		break;
	}
	*length = cut;
	*rest = text + cut;
	return true;
}
