/* SPDX-License-Identifier: MIT */
/*
 * Any tag soup, in both directions: what comes out is well-formed and has nothing but allowed elements, attributes and
 * addresses; what was read, written and read again is the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "frontends/matrix/wire/matrix_html.h"
#include "frontends/matrix/wire/matrix_id.h"
#include "tests/fuzz/good_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const html_elements[] = {
        "a", "blockquote", "br", "caption", "code", "del", "details", "div", "em", "h1", "h2", "h3",
        "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre", "span", "strong", "sub", "summary",
        "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", NULL};
static const char *const html_attributes[] = {
        "href", "src", "alt", "class", "start", "data-mx-color", "data-mx-bg-color",
        "data-mx-spoiler", NULL};
static const char *const xhtml_elements[] = {
        "a", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "li",
        "ol", "p", "pre", "span", "strong", "ul", NULL};
static const char *const xhtml_attributes[] = {
        "href", "style", "class", "start", "title", NULL};
static const char *const schemes[] = {"http://", "https://", "ftp://", "mailto:", "magnet:", NULL};

struct allowed {
	const char *const *elements, *const *attributes;
};

static const struct allowed html_allowed = {html_elements, html_attributes};
static const struct allowed xhtml_allowed = {xhtml_elements, xhtml_attributes};

static void check(bool good)
{
	if (!good)
		abort();
}

static bool is_listed(const char *const *list, const char *text)
{
	while (*list && strcmp(*list, text) != 0)
		list++;
	return *list != NULL;
}

static bool is_safe(const char *url)
{
	for (size_t i = 0; schemes[i]; i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

static void check_style(const char *style)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789#:;- ";

	check(style[strspn(style, characters)] == '\0');
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	const struct allowed *allowed = context;

	check(!strcmp(name, "body") || is_listed(allowed->elements, name));
	for (; *attributes; attributes += 2) {
		check(is_listed(allowed->attributes, attributes[0]));
		if (!strcmp(attributes[0], "href"))
			check(is_safe(attributes[1]));
		if (!strcmp(attributes[0], "src"))
			check(matrix_is_media_url(attributes[1]));
		if (!strcmp(attributes[0], "style") || !strncmp(attributes[0], "data-mx-c", 9))
			check_style(attributes[1]);
	}
}

static void check_markup(struct buf *markup, const struct allowed *allowed)
{
	check(good_xml(markup, on_start, (void *)(uintptr_t)allowed));
}

/* Names of people of the network may be anything. */
static const char *name_of(void *context, const char *id)
{
	(void)context;
	return strstr(id, "bob") ? "<b>&'\"" : NULL;
}

static const struct matrix_html_names names = {.name = name_of};

static void read_html(struct buf *xhtml, struct buf *html)
{
	struct buf text = {0};

	matrix_html_read(&text, xhtml, buf_text(html), html->len, &names);
	check(text_is_clean(buf_text(&text), text.len, TEXT_LINES));
	check_markup(xhtml, &xhtml_allowed);
	buf_finish(&text);
}

/* What was read is written so that it reads as the same. */
static void check_again(struct buf *xhtml)
{
	struct buf html = {0}, again = {0};

	check(matrix_html_write(&html, buf_text(xhtml), xhtml->len) == (xhtml->len > 0));
	check_markup(&html, &html_allowed);
	read_html(&again, &html);
	check(strcmp(buf_text(xhtml), buf_text(&again)) == 0);
	buf_finish(&html);
	buf_finish(&again);
}

static void check_reading(struct buf *html)
{
	struct buf xhtml = {0};

	read_html(&xhtml, html);
	check_again(&xhtml);
	buf_finish(&xhtml);
}

static void check_writing(struct buf *xhtml)
{
	struct buf html = {0};

	if (matrix_html_write(&html, buf_text(xhtml), xhtml->len)) {
		check_markup(&html, &html_allowed);
		check_reading(&html);
	} else {
		check(html.len == 0);
	}
	buf_finish(&html);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf clean = {0};

	text_clean(&clean, (const char *)data, size, TEXT_LINES);
	check_reading(&clean);
	check_writing(&clean);
	buf_finish(&clean);
	return 0;
}
