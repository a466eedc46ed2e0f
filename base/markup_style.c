/* SPDX-License-Identifier: MIT */
#include "base/markup_style.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/markup.h"
#include "base/mem.h"
#include "base/text.h"

long markup_color(const char *text)
{
	static const struct {
		const char *name;
		long value;
	} names[] = {
		{"aqua", 0x00ffff},   {"black", 0x000000}, {"blue", 0x0000ff},   {"cyan", 0x00ffff},    {"fuchsia", 0xff00ff},
		{"gray", 0x808080},   {"green", 0x008000}, {"grey", 0x808080},   {"lime", 0x00ff00},    {"magenta", 0xff00ff},
		{"maroon", 0x800000}, {"navy", 0x000080},  {"olive", 0x808000},  {"orange", 0xffa500},  {"pink", 0xffc0cb},
		{"purple", 0x800080}, {"red", 0xff0000},   {"silver", 0xc0c0c0}, {"teal", 0x008080},    {"white", 0xffffff},
		{"yellow", 0xffff00},
	};
	size_t digits;
	long value;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_equal_nocase(text, names[i].name))
			return names[i].value;
	if (*text != '#')
		return -1;
	digits = strspn(text + 1, "0123456789abcdefABCDEF");
	if ((digits != 3 && digits != 6) || text[1 + digits])
		return -1;
	value = strtol(text + 1, NULL, 16);
	if (digits == 6)
		return value;
	return (value >> 8 & 0xf) * 0x110000 + (value >> 4 & 0xf) * 0x1100 + (value & 0xf) * 0x11;
}

static void read_declaration(struct markup_style *style, const char *property, const char *value)
{
	if (!strcmp(property, "color"))
		style->color = markup_color(value);
	else if (!strcmp(property, "background-color") || !strcmp(property, "background"))
		style->background = markup_color(value);
	else if (!strcmp(property, "font-weight"))
		style->bold = !strncasecmp(value, "bold", 4) || (*value >= '6' && *value <= '9');
	else if (!strcmp(property, "font-style"))
		style->italic = text_equal_nocase(value, "italic") || text_equal_nocase(value, "oblique");
	else if (!strcmp(property, "font-family"))
		style->monospace = strcasestr(value, "mono") || strcasestr(value, "courier");
	else if (!strcmp(property, "text-decoration")) {
		style->underline = strcasestr(value, "underline") != NULL;
		style->strike = strcasestr(value, "line-through") != NULL;
	}
}

struct markup_style markup_style_read(const char *text)
{
	struct markup_style style = {.color = -1, .background = -1};
	struct buf property = {0}, value = {0};

	while ((text = markup_declaration(text, &property, &value))) {
		read_declaration(&style, buf_text(&property), buf_text(&value));
		buf_clear(&property);
		buf_clear(&value);
	}
	buf_finish(&property);
	buf_finish(&value);
	return style;
}
