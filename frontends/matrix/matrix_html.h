/* SPDX-License-Identifier: MIT */
/*
 * Formatted text: Matrix's HTML subset (specification v1.15, m.room.message) and the core's (XHTML-IM, XEP-0071). Either
 * input is a stranger's and may be any sort of tag soup in clean UTF-8; either output is well-formed and of an allow-list
 * of elements, attributes and URL schemes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct matrix_html_names {
	/* What a link to this user (or room alias) is called on the other side; NULL: leave the link's text. */
	const char *(*name)(void *context, const char *id);
	void *context;
};

/*
 * org.matrix.custom.html to plain text for networks without formatting (*text*: line breaks, lists with "* " or "1. ",
 * quotes with "> ", code as it is, a link as "text (url)" unless both are the same, mentions as names; <mx-reply> and what
 * is in it left out) and to XHTML-IM (*xhtml*, left empty if it would say no more than the text). Appends to both.
 */
void matrix_html_read(struct buf *text, struct buf *xhtml, const char *html, size_t length,
		      const struct matrix_html_names *names);

/* XHTML-IM to org.matrix.custom.html; colours of style attributes as data-mx-color. Appends; false: nothing is left that
 * the plain text would not say. */
bool matrix_html_write(struct buf *html, const char *xhtml, size_t length);
