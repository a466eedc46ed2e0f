/* SPDX-License-Identifier: MIT */
#include "base/html_text.h"

#include <stdio.h>
#include <string.h>

static void put_marks(struct html_text *text, unsigned levels, bool blank)
{
	size_t start = text->out->len;

	for (unsigned i = 0; i < levels && i < HTML_TEXT_LEVELS; i++) {
		size_t width = strlen(text->level[i].mark);

		if (text->level[i].quote || (!text->level[i].shown && !blank))
			buf_append(text->out, text->level[i].mark, width);
		else
			buf_printf(text->out, "%*s", (int)width, "");
		text->level[i].shown = text->level[i].shown || !blank;
	}
	while (blank && text->out->len > start && text->out->data[text->out->len - 1] == ' ')
		text->out->len--;
}

static void start_line(struct html_text *text)
{
	bool first = text->out->len == text->start;

	for (unsigned i = 1; !first && i < text->breaks; i++) {
		buf_putc(text->out, '\n');
		put_marks(text, text->blank_level, true);
	}
	if (!first)
		buf_putc(text->out, '\n');
	put_marks(text, text->levels, false);
	text->in_line = true;
	text->breaks = 0;
}

static void put_visible(struct html_text *text, char c)
{
	if (!text->in_line)
		start_line(text);
	else if (text->space)
		buf_putc(text->out, ' ');
	text->space = false;
	if (text->began)
		*text->began = text->out->len;
	text->began = NULL;
	buf_putc(text->out, c);
}

static void end_line(struct html_text *text)
{
	if (text->in_line) {
		text->blank_level = text->levels;
		text->breaks = 0;
	}
	text->in_line = text->space = false;
}

void html_text_put(struct html_text *text, const char *characters, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		char c = characters[i];

		if (text->verbatim && c == '\n')
			html_text_break(text);
		else if (text->verbatim || !strchr(" \n\t", c))
			put_visible(text, c);
		else
			text->space = text->in_line;
	}
}

void html_text_break(struct html_text *text)
{
	end_line(text);
	if (text->breaks < HTML_TEXT_BREAKS)
		text->breaks++;
}

void html_text_block(struct html_text *text, unsigned lines)
{
	end_line(text);
	if (text->breaks < lines)
		text->breaks = lines;
}

static void enter(struct html_text *text, const char *mark, bool quote)
{
	html_text_block(text, 1);
	if (text->levels < HTML_TEXT_LEVELS) {
		snprintf(text->level[text->levels].mark, sizeof(text->level[0].mark), "%s", mark);
		text->level[text->levels].quote = quote;
		text->level[text->levels].shown = false;
	}
	text->levels++;
}

void html_text_quote(struct html_text *text)
{
	enter(text, "> ", true);
}

void html_text_item(struct html_text *text, const char *mark)
{
	enter(text, mark, false);
}

void html_text_leave(struct html_text *text)
{
	html_text_block(text, 1);
	text->levels--;
	if (text->blank_level > text->levels)
		text->blank_level = text->levels;
}
