/* SPDX-License-Identifier: MIT */
/*
 * Formatted text: Matrix's HTML subset (specification v1.15, m.room.message) and the core's (XHTML-IM, XEP-0071).
 * Either input is a stranger's and may be any sort of tag soup in clean UTF-8; either output is well-formed and of an
 * allow-list of elements, attributes and URL schemes. Elements deeper than 100 lose their tags; of what becomes more
 * than about 256 KiB the rest is left out. What was read once and written is read as the same again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct matrix_html_names {
	/* What a link to this user, room or alias is called on the other side; NULL: the link's text stays, the link
	 * does not, but for a room's. The text is used before the next call. */
	const char *(*name)(void *context, const char *id);
	/* Appends where others find a picture of Matrix (mxc://...). False: nowhere. NULL: none is found. */
	bool (*picture)(void *context, const char *mxc, struct buf *url);
	void *context;
};

/*
 * org.matrix.custom.html to plain text for networks without formatting (*text*: line breaks, lists with "* " or "1. ",
 * quotes with "> ", rows of tables as lines with " | ", code as it is, a link as "text (url)" unless both are the same,
 * "[spoiler: reason] " in front of one, images as their alt text and address (emoji, ":name:", without it), mentions
 * as names; <mx-reply> and what is in it left out) and to XHTML-IM (*xhtml*, nothing if it would say no more than the
 * text). Appends to both. A spoiler of XHTML-IM is text in the colour of its background, its reason the title.
 */
void matrix_html_read(struct buf *text, struct buf *xhtml, const char *html, size_t length,
		      const struct matrix_html_names *names);

/* XHTML-IM to org.matrix.custom.html; styles as elements, colours as data-mx-color, images of the web as links.
 * Appends. False: nothing is left that the plain text would not say, and nothing was appended. */
bool matrix_html_write(struct buf *html, const char *xhtml, size_t length);
