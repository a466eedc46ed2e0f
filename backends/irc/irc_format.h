/* SPDX-License-Identifier: MIT */
/* mIRC formatting (bold, italic, underline, strikethrough, monospace, reverse, colours) and XHTML-IM. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* One look of text. */
struct irc_style {
	bool bold, italic, underline, strike, monospace, reverse;
	long foreground, background; /* 0xRRGGBB, or -1: none */
};
extern const struct irc_style irc_style_none;
bool irc_style_equal(const struct irc_style *a, const struct irc_style *b);
/* One of mIRC's colours 0-15 as 0xRRGGBB, -1 for other numbers; and the nearest of them. */
long irc_color_value(int number);
int irc_color_nearest(long rgb);

/* Appends the text without formatting to `plain`, and with it as XHTML-IM to `xhtml`. False if there was none
 * (then `xhtml` is of no use). What comes out is fit for XML (base/text.h). */
bool irc_format_read(const char *text, struct buf *plain, struct buf *xhtml);

/* Appends the body markup of XHTML-IM as IRC text: lines are separated by LF and each carries its formatting.
 * False if it is not well-formed enough or has no text: the plain text is the better source then. */
bool irc_format_write(const char *xhtml, struct buf *out);
