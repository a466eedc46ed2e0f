/* SPDX-License-Identifier: MIT */
/* Each line is written in the shortest way that is read as what was meant: first as it is, then with care. */
#include <ctype.h>
#include <limits.h>
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

/* Behind a colon and such letters: '_' as well may be one, and custom emoji can be called anything. */
static bool may_be_in_emoji(const struct line_writer *w)
{
	const char *end = buf_text(w->out) + w->out->len, *at = end;
	size_t length = w->out->len - w->start;

	for (size_t i = 0; i < length && i <= EMOJI_NAME_MAX; i++)
		if (*--at == ':' || !mrkdwn_is_emoji_letter(at, end))
			return *at == ':';
	return false;
}

static void put_mark(struct line_writer *w, char mark)
{
	if (ends_with_letter(w) || (mark == '_' && may_be_in_emoji(w)))
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

/* Characters from `from` on that mean nothing, whatever stands beside them. */
static size_t meaningless(const char *text, size_t from, size_t length)
{
	static const bool means[UCHAR_MAX + 1] = {['*'] = true, ['_'] = true, ['~'] = true, ['`'] = true, [':'] = true};
	size_t at = from;

	while (at < length && !means[(unsigned char)text[at]])
		at++;
	return at - from;
}

/* `end`: of the line, as an emoji can reach into what has another look. */
static void put_careful(struct line_writer *w, const char *text, size_t length, const char *end, bool marked)
{
	for (size_t i = 0, run; i < length; i++) {
		run = meaningless(text, i, length);
		markup_put_characters(w->out, text + i, run);
		i += run;
		if (i == length)
			return;

		bool inside = i > 0 && i + 1 < length && is_letter(text[i - 1]) && is_letter(text[i + 1]);

		if (text[i] == ':' && is_emoji_name(text + i, (size_t)(end - text) - i))
			buf_puts(w->out, ":" GUARD);
		else if (text[i] != ':' && !inside)
			put_guarded(w, text[i], marked && i == 0, marked && i + 1 == length);
		else
			buf_putc(w->out, text[i]);
	}
}

static void put_ticks_apart(struct line_writer *w, const char *text, size_t length)
{
	const char *end = text + length, *tick;

	for (; (tick = memchr(text, '`', (size_t)(end - text))); text = tick + 1) {
		markup_put_characters(w->out, text, (size_t)(tick - text));
		if (w->out->len > w->start && w->out->data[w->out->len - 1] == '`')
			buf_puts(w->out, GUARD);
		buf_putc(w->out, '`');
	}
	markup_put_characters(w->out, text, (size_t)(end - text));
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
	if (w->closed && !span->url && !span->user && (is_letter(*text) || may_be_in_emoji(w)))
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
		put_careful(w, text, span->length, doc->text.data + doc->text.len,
		            span->look && w->care < CARE_ALL);
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

/* What serves each line of a document. */
struct scribe {
	struct buf *out;
	struct doc line, meant, again;
	struct buf trial, before;
};

static void scribe_finish(struct scribe *s)
{
	doc_finish(&s->line);
	doc_finish(&s->meant);
	doc_finish(&s->again);
	buf_finish(&s->trial);
	buf_finish(&s->before);
}

/* The line as a reader should have it, in `meant`. */
static void settle_meant(struct scribe *s)
{
	const struct doc *line = &s->line;

	doc_clear(&s->meant);
	doc_begin(&s->meant, (struct doc_block){.kind = DOC_LINES});
	for (size_t i = 0; i < line->spans_count; i++) {
		struct doc_span span = line->spans[i];

		span.image = NULL;
		doc_put(&s->meant, &span, doc_text(line, &line->spans[i]), span.length);
	}
	doc_settle(&s->meant);
}

/* Whether what was written on trial is read as what was meant. */
static bool is_read_so(struct scribe *s)
{
	const char *written = buf_text(&s->trial);

	if (strstr(written, FENCE))
		return false;
	doc_clear(&s->again);
	doc_begin(&s->again, (struct doc_block){.kind = DOC_LINES});
	doc_read_mrkdwn_line(&s->again, written, s->trial.len, NULL);
	doc_settle(&s->again);
	return doc_equal(&s->again, &s->meant);
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

/* On trial, unless nothing comes of it but what the trial before has shown to be none. */
static bool try_care(struct scribe *s, enum care care)
{
	struct buf before = s->before;

	s->before = s->trial;
	s->trial = before;
	buf_clear(&s->trial);
	write_line_as(&s->trial, &s->line, care);
	if (s->trial.len && s->trial.len == s->before.len && !memcmp(s->trial.data, s->before.data, s->trial.len))
		return false;
	return is_read_so(s);
}

static void write_line(struct scribe *s)
{
	const struct doc *line = &s->line;
	enum care care = is_simple(line) ? CARE_ALL : line->text.len > TRIAL_MAX ? CARE_MARKS : CARE_NONE;

	if (care == CARE_ALL) {
		write_line_as(s->out, line, CARE_NONE);
		return;
	}
	settle_meant(s);
	buf_clear(&s->trial);
	while (care < CARE_ALL && !try_care(s, care))
		care++;
	if (care == CARE_ALL) {
		buf_clear(&s->trial);
		write_line_as(&s->trial, line, CARE_ALL);
	}
	buf_append(s->out, buf_text(&s->trial), s->trial.len);
}

/* A line that would be read as another block than it is. */
static void write_block_line(struct scribe *s, enum doc_kind kind)
{
	const struct doc *line = &s->line;
	const char *start = line->text.len ? line->text.data : "";

	if (kind == DOC_LINES && (*start == '>' || mrkdwn_bullet(start, line->text.len, NULL)))
		buf_puts(s->out, GUARD);
	write_line(s);
	doc_clear(&s->line);
}

/* Writes line by line; `prefix` in front of each but the first. */
static void write_lines(struct scribe *s, const struct doc *doc, const struct doc_block *block, const char *prefix)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct doc_span *span = &doc->spans[block->first + i];
		const char *text = doc_text(doc, span), *end = text + span->length, *stop;

		for (; (stop = memchr(text, '\n', (size_t)(end - text))); text = stop + 1) {
			doc_put(&s->line, span, text, (size_t)(stop - text));
			write_block_line(s, block->kind);
			buf_putc(s->out, '\n');
			buf_puts(s->out, prefix);
		}
		doc_put(&s->line, span, text, (size_t)(end - text));
	}
	write_block_line(s, block->kind);
}

static void write_pre(struct buf *out, const struct doc *doc, const struct doc_block *block)
{
	unsigned ticks = 0;

	buf_puts(out, FENCE "\n");
	for (size_t i = 0; i < block->count; i++) {
		const struct doc_span *span = &doc->spans[block->first + i];
		const char *text = doc_text(doc, span), *end = text + span->length;

		while (text < end) {
			const char *tick = memchr(text, '`', (size_t)(end - text));
			size_t run = (size_t)((tick ? tick : end) - text);

			markup_put_characters(out, text, run);
			ticks = run ? 0 : ticks;
			text += run;
			if (!tick)
				break;
			if (++ticks == FENCE_BYTES) {
				buf_puts(out, GUARD);
				ticks = 1;
			}
			buf_putc(out, '`');
			text++;
		}
	}
	buf_puts(out, "\n" FENCE);
}

static void write_item(struct scribe *s, const struct doc *doc, const struct doc_block *item)
{
	struct buf *out = s->out;
	char prefix[DOC_INDENT_MAX * 4 + 4];

	snprintf(prefix, sizeof(prefix), "%*s", (int)item->indent * 4 + 2, "");
	buf_printf(out, "%*s", (int)item->indent * 4, "");
	if (item->ordered)
		buf_printf(out, "%u. ", item->number);
	else
		buf_puts(out, "\xe2\x80\xa2 ");
	write_lines(s, doc, item, prefix);
}

void doc_write_mrkdwn(struct buf *out, const struct doc *doc)
{
	struct scribe s = {.out = out};

	for (size_t i = 0; i < doc->blocks_count; i++) {
		const struct doc_block *block = &doc->blocks[i];

		if (i)
			buf_putc(out, '\n');
		switch (block->kind) {
		case DOC_LINES:
			write_lines(&s, doc, block, "");
			break;
		case DOC_QUOTE:
			buf_puts(out, "&gt; ");
			write_lines(&s, doc, block, "&gt; ");
			break;
		case DOC_PRE:
			write_pre(out, doc, block);
			break;
		case DOC_ITEM:
			write_item(&s, doc, block);
			break;
		}
	}
	scribe_finish(&s);
}
