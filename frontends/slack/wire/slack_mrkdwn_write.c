/* SPDX-License-Identifier: MIT */
/* Each line is written in the shortest way that is read as what was meant: first as it is, then with care. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/markup.h"
#include "base/mem.h"
#include "frontends/slack/wire/slack_doc.h"
#include "frontends/slack/wire/slack_emoji.h"
#include "frontends/slack/wire/slack_mrkdwn.h"

enum care {
	CARE_NONE,  /* letters as they are */
	CARE_TICKS, /* backticks that would make a fence are kept apart */
	CARE_MARKS, /* what would be a mark is kept from it */
	CARE_ALL,   /* and nothing has a look */
};

struct line_writer {
	struct buf *out;
	size_t start; /* of the line in it */
	enum care care;
	char open[DOC_LOOKS]; /* marks, innermost last */
	unsigned opened;
	bool closed; /* a mark that closes was written last */
};

void slack_escape(struct buf *out, const char *text)
{
	markup_put_characters(out, text, strlen(text));
}

static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static bool ends_with_letter(const struct line_writer *w)
{
	size_t length = w->out->len - w->start;
	const char *end = buf_text(w->out) + w->out->len;

	if (!length || (length >= GUARD_BYTES && mrkdwn_is_guard(end - GUARD_BYTES, end)))
		return false;
	return is_letter(end[-1]);
}

static void put_mark(struct line_writer *w, char mark)
{
	if (ends_with_letter(w))
		buf_puts(w->out, GUARD);
	buf_putc(w->out, mark);
	w->closed = false;
}

static void close_mark(struct line_writer *w)
{
	buf_putc(w->out, w->open[--w->opened]);
	w->closed = true;
}

/* Over how many spans from this one on a look lasts. */
static size_t lasts(const struct doc *line, size_t index, unsigned look)
{
	size_t count = 0;

	while (index + count < line->spans_count && (line->spans[index + count].look & look))
		count++;
	return count;
}

/* The mark to be opened first of those that are missing: what lasts longest is outside. */
static char next_mark(const struct doc *line, size_t index, unsigned missing)
{
	static const char marks[] = {'*', '_', '~'};
	size_t longest = 0;
	char next = '\0';

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		size_t count =
		        missing & mrkdwn_look(marks[i]) ? lasts(line, index, mrkdwn_look(marks[i])) : 0;

		if (count > longest) {
			longest = count;
			next = marks[i];
		}
	}
	return next;
}

static unsigned open_looks(const struct line_writer *w)
{
	unsigned looks = 0;

	for (unsigned i = 0; i < w->opened; i++)
		looks |= mrkdwn_look(w->open[i]);
	return looks;
}

static void set_look(struct line_writer *w, const struct doc *line, size_t index, unsigned look)
{
	char mark;

	while (open_looks(w) & ~look)
		close_mark(w);
	while ((mark = next_mark(line, index, look & ~open_looks(w)))) {
		put_mark(w, mark);
		w->open[w->opened++] = mark;
	}
}

/* Whether what begins here would be read as an emoji that it is not. */
static bool is_emoji_name(const char *text, size_t length)
{
	char name[EMOJI_NAME_MAX + 1];
	struct buf characters = {0};
	bool found = *text == ':' && mrkdwn_emoji_end(text, text + length, name) &&
	             slack_emoji_put(&characters, name);

	buf_finish(&characters);
	return found;
}

/* Guards on both sides, but for that of the mark which this text begins or ends at. */
static void put_guarded(struct line_writer *w, char c, bool first, bool last)
{
	if (!first)
		buf_puts(w->out, GUARD);
	buf_putc(w->out, c);
	if (!last)
		buf_puts(w->out, GUARD);
}

static void put_careful(struct line_writer *w, const char *text, size_t length, bool marked)
{
	for (size_t i = 0; i < length; i++) {
		bool inside = i > 0 && i + 1 < length && is_letter(text[i - 1]) && is_letter(text[i + 1]);

		if (text[i] == ':' && is_emoji_name(text + i, length - i))
			buf_puts(w->out, ":" GUARD);
		else if (strchr("*_~`", text[i]) && !inside)
			put_guarded(w, text[i], marked && i == 0, marked && i + 1 == length);
		else
			markup_put_characters(w->out, text + i, 1);
	}
}

static void put_ticks_apart(struct line_writer *w, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '`' && w->out->len > w->start && w->out->data[w->out->len - 1] == '`')
			buf_puts(w->out, GUARD);
		markup_put_characters(w->out, text + i, 1);
	}
}

static void put_token(struct line_writer *w, const struct doc *doc, const struct doc_span *span)
{
	bool same =
	        span->length == strlen(span->url) && !memcmp(doc_text(doc, span), span->url, span->length);

	buf_putc(w->out, '<');
	slack_escape(w->out, span->url);
	if (!same) {
		buf_putc(w->out, '|');
		put_ticks_apart(w, doc_text(doc, span), span->length);
	}
	buf_putc(w->out, '>');
}

static bool is_code(const struct doc *doc, const struct doc_span *span)
{
	const char *text = doc_text(doc, span);

	if (!(span->look & DOC_CODE) || span->url || span->user || span->image ||
	    memchr(text, '`', span->length))
		return false;
	for (size_t i = 0; i < span->length; i++)
		if (text[i] != ' ')
			return true;
	return false;
}

static void put_span(struct line_writer *w, const struct doc *doc, size_t index)
{
	const struct doc_span *span = &doc->spans[index];
	const char *text = doc_text(doc, span);
	bool code = is_code(doc, span) && w->care < CARE_ALL;

	set_look(w, doc, index, w->care < CARE_ALL ? span->look & ~(unsigned)DOC_CODE : 0);
	if (w->closed && !span->url && !span->user && is_letter(*text))
		buf_puts(w->out, GUARD);
	w->closed = false;
	if (span->user) {
		buf_printf(w->out, "<@%s>", span->user);
	} else if (span->url) {
		put_token(w, doc, span);
	} else if (code) {
		put_mark(w, '`');
		markup_put_characters(w->out, text, span->length);
		buf_putc(w->out, '`');
		w->closed = true;
	} else if (w->care == CARE_NONE || span->image) {
		markup_put_characters(w->out, text, span->length);
	} else if (w->care == CARE_TICKS) {
		put_ticks_apart(w, text, span->length);
	} else {
		put_careful(w, text, span->length, span->look && w->care < CARE_ALL);
	}
}

static void write_line_as(struct buf *out, const struct doc *line, enum care care)
{
	struct line_writer w = {.out = out, .start = out->len, .care = care};

	for (size_t i = 0; i < line->spans_count; i++)
		put_span(&w, line, i);
	while (w.opened)
		close_mark(&w);
}

/* Whether what was written is read as what was meant. */
static bool is_read_so(const char *written, const struct doc *line)
{
	struct doc again = {0}, meant = {0};
	bool same;

	if (strstr(written, FENCE))
		return false;
	doc_begin(&again, (struct doc_block){.kind = DOC_LINES});
	doc_read_mrkdwn_line(&again, written, strlen(written), NULL);
	doc_begin(&meant, (struct doc_block){.kind = DOC_LINES});
	for (size_t i = 0; i < line->spans_count; i++) {
		struct doc_span span = line->spans[i];

		span.image = NULL;
		doc_put(&meant, &span, doc_text(line, &line->spans[i]), span.length);
	}
	doc_settle(&again);
	doc_settle(&meant);
	same = doc_equal(&again, &meant);
	doc_finish(&again);
	doc_finish(&meant);
	return same;
}

static bool is_simple(const struct doc *line)
{
	for (size_t i = 0; i < line->spans_count; i++)
		if (line->spans[i].look || line->spans[i].image)
			return false;
	return !line->text.len || !strpbrk(line->text.data, MARKS);
}

/* One that is long is written with all care at once: nobody can make us try for long. */
#define TRIAL_MAX (16u << 10)

static void write_line(struct buf *out, const struct doc *line)
{
	struct buf trial = {0};
	enum care care = is_simple(line) ? CARE_ALL : line->text.len > TRIAL_MAX ? CARE_MARKS : CARE_NONE;

	if (care == CARE_ALL) {
		write_line_as(out, line, CARE_NONE);
		return;
	}
	for (; care < CARE_ALL; care++) {
		buf_clear(&trial);
		write_line_as(&trial, line, care);
		if (is_read_so(buf_text(&trial), line))
			break;
	}
	if (care == CARE_ALL) {
		buf_clear(&trial);
		write_line_as(&trial, line, CARE_ALL);
	}
	buf_puts(out, buf_text(&trial));
	buf_finish(&trial);
}

/* A line that would be read as another block than it is. */
static void write_block_line(struct buf *out, const struct doc *line, enum doc_kind kind)
{
	const char *start = line->text.len ? line->text.data : "";

	if (kind == DOC_LINES && (*start == '>' || mrkdwn_bullet(start, line->text.len, NULL)))
		buf_puts(out, GUARD);
	write_line(out, line);
}

/* Writes line by line; `prefix` in front of each but the first. */
static void write_lines(struct buf *out, const struct doc *doc, const struct doc_block *block,
                        const char *prefix)
{
	struct doc line = {0};

	for (size_t i = 0; i < block->count; i++) {
		const struct doc_span *span = &doc->spans[block->first + i];
		const char *text = doc_text(doc, span), *end = text + span->length, *stop;

		for (; (stop = memchr(text, '\n', (size_t)(end - text))); text = stop + 1) {
			doc_put(&line, span, text, (size_t)(stop - text));
			write_block_line(out, &line, block->kind);
			doc_finish(&line);
			buf_putc(out, '\n');
			buf_puts(out, prefix);
		}
		doc_put(&line, span, text, (size_t)(end - text));
	}
	write_block_line(out, &line, block->kind);
	doc_finish(&line);
}

static void write_pre(struct buf *out, const struct doc *doc, const struct doc_block *block)
{
	unsigned ticks = 0;

	buf_puts(out, FENCE "\n");
	for (size_t i = 0; i < block->count; i++) {
		const struct doc_span *span = &doc->spans[block->first + i];

		for (size_t j = 0; j < span->length; j++) {
			const char *c = doc_text(doc, span) + j;

			ticks = *c == '`' ? ticks + 1 : 0;
			if (ticks == FENCE_BYTES) {
				buf_puts(out, GUARD);
				ticks = 1;
			}
			markup_put_characters(out, c, 1);
		}
	}
	buf_puts(out, "\n" FENCE);
}

static void write_item(struct buf *out, const struct doc *doc, const struct doc_block *item)
{
	char prefix[DOC_INDENT_MAX * 4 + 4];

	snprintf(prefix, sizeof(prefix), "%*s", (int)item->indent * 4 + 2, "");
	buf_printf(out, "%*s", (int)item->indent * 4, "");
	if (item->ordered)
		buf_printf(out, "%u. ", item->number);
	else
		buf_puts(out, "\xe2\x80\xa2 ");
	write_lines(out, doc, item, prefix);
}

void doc_write_mrkdwn(struct buf *out, const struct doc *doc)
{
	for (size_t i = 0; i < doc->blocks_count; i++) {
		const struct doc_block *block = &doc->blocks[i];

		if (i)
			buf_putc(out, '\n');
		switch (block->kind) {
		case DOC_LINES:
			write_lines(out, doc, block, "");
			break;
		case DOC_QUOTE:
			buf_puts(out, "&gt; ");
			write_lines(out, doc, block, "&gt; ");
			break;
		case DOC_PRE:
			write_pre(out, doc, block);
			break;
		case DOC_ITEM:
			write_item(out, doc, block);
			break;
		}
	}
}
