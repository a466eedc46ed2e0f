/* SPDX-License-Identifier: MIT */
/* What a style attribute (CSS) asks for, as far as formatted text of networks can say it. */
#pragma once

#include <stdbool.h>

struct markup_style {
	bool bold, italic, underline, strike, monospace;
	long color, background; /* 0xrrggbb; -1: none */
};

struct markup_style markup_style_read(const char *style);
/* "#rgb", "#rrggbb" or a common name; -1: something else. */
long markup_color(const char *text);
