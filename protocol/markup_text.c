/* SPDX-License-Identifier: MIT */
#include "protocol/markup_text.h"

#include <stdio.h>
#include <string.h>

#include "base/html_text.h"
#include "base/markup.h"
#include "base/mem.h"
#include "config/limits.h"
#include "protocol/event.h"

struct reader {
	struct markup_reader markup;
	struct html_text text;
	struct buf *out;
	struct buf href;   /* of the link that is open; empty: none */
	size_t link_start; /* of its text in `out` */
	unsigned list;     /* the next item's number; 0: it has none */
};

static const char *const schemes[] = {"https://", "http://", "mailto:", "xmpp:"};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool is_block(const char *name)
{
	static const char *const names[] = {"div", "dd", "dl", "dt", "h1",    "h2", "h3", "h4", "h5", "h6",
					    "hr",  "ol", "p",  "tr", "table", "ul", "pre"};

	return is_one_of(name, names, ARRAY_SIZE(names));
}

static void put(struct reader *r, const char *text)
{
	html_text_put(&r->text, text, strlen(text));
}

static void end_link(struct reader *r)
{
	const char *href = buf_text(&r->href);

	if (!r->href.len)
		return;
	bool said = !r->text.began;

	r->text.began = NULL;
	if (!said || !markup_is_same_address(r->out->data + r->link_start, r->out->len - r->link_start, href)) {
		put(r, said ? " (" : "");
		put(r, href);
		put(r, said ? ")" : "");
	}
	buf_clear(&r->href);
}

static void take_picture(struct reader *r, const char *source, const char *name)
{
	bool has_address = markup_is_url(source, schemes, 2) && !markup_is_emoji_name(name);

	put(r, name);
	put(r, *name && has_address ? " " : "");
	put(r, has_address ? source : "");
}

/* Attributes have to be read of any. */
static void take_attributes(struct reader *r, struct buf *href, struct buf *source, struct buf *name)
{
	char attribute[MARKUP_NAME_BYTES];
	struct buf value = {0};

	while (markup_attribute(&r->markup, attribute, &value)) {
		struct buf *slot = !strcmp(attribute, "href")  ? href
				   : !strcmp(attribute, "src") ? source
				   : !strcmp(attribute, "alt") ? name
							       : NULL;

		if (slot && !slot->len)
			buf_puts(slot, buf_text(&value));
	}
	buf_finish(&value);
}

static void open_element(struct reader *r, const char *element)
{
	struct buf href = {0}, source = {0}, name = {0};
	char mark[16] = "* ";

	take_attributes(r, &href, &source, &name);
	if (markup_is_dropped(element)) {
		if (r->markup.ended && !r->markup.self_closed)
			markup_skip_content(&r->markup, element);
	} else if (!strcmp(element, "img")) {
		take_picture(r, buf_text(&source), buf_text(&name));
	} else if (!strcmp(element, "br")) {
		html_text_break(&r->text);
	} else if (!strcmp(element, "blockquote")) {
		html_text_block(&r->text, 1);
		html_text_quote(&r->text);
	} else if (!strcmp(element, "li")) {
		if (r->list)
			snprintf(mark, sizeof(mark), "%u. ", r->list++);
		html_text_block(&r->text, 1);
		html_text_item(&r->text, mark);
	} else if (!strcmp(element, "a") && markup_is_url(buf_text(&href), schemes, ARRAY_SIZE(schemes))) {
		end_link(r);
		buf_puts(&r->href, buf_text(&href));
		r->link_start = r->out->len;
		r->text.began = &r->link_start;
	} else if (is_block(element)) {
		html_text_block(&r->text, 1);
		if (!strcmp(element, "ol") || !strcmp(element, "ul"))
			r->list = element[0] == 'o';
	}
	buf_finish(&href);
	buf_finish(&source);
	buf_finish(&name);
}

static void close_element(struct reader *r, const char *element)
{
	bool leaves = !strcmp(element, "blockquote") || !strcmp(element, "li");

	if (!strcmp(element, "a"))
		end_link(r);
	if (leaves && r->text.levels)
		html_text_leave(&r->text);
	if (leaves || is_block(element))
		html_text_block(&r->text, 1);
}

void markup_text(struct buf *out, const char *xhtml)
{
	struct reader r = {.markup = {.next = xhtml, .end = xhtml + strlen(xhtml)},
			   .text = {.out = out, .start = out->len},
			   .out = out};
	struct markup_piece piece;
	enum markup_token token;

	while (out->len - r.text.start <= LIMIT_MESSAGE_BYTES && (token = markup_next(&r.markup, &piece)) != MARKUP_END) {
		if (token == MARKUP_TEXT)
			html_text_put(&r.text, piece.text, piece.length);
		else if (token == MARKUP_OPEN)
			open_element(&r, piece.name);
		else
			close_element(&r, piece.name);
	}
	end_link(&r);
	buf_finish(&r.href);
}

char *markup_give_text(struct event_message *message)
{
	bool says = (message->text && *message->text) || message->attachments_count || message->retracts || message->reacts_to;
	struct buf text = {0};
	char *given;

	if (says || !message->xhtml || !*message->xhtml)
		return NULL;
	markup_text(&text, message->xhtml);
	message->text = given = mem_strdup(buf_text(&text));
	buf_finish(&text);
	return given;
}
