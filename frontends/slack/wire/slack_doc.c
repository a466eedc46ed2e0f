/* SPDX-License-Identifier: MIT */
#include "frontends/slack/wire/slack_doc.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "frontends/slack/wire/slack_mrkdwn.h"

void doc_clear(struct doc *doc)
{
	arena_reset(&doc->arena);
	buf_clear(&doc->text);
	doc->addresses = doc->spans_count = doc->blocks_count = 0;
}

void doc_finish(struct doc *doc)
{
	arena_finish(&doc->arena);
	buf_finish(&doc->text);
	mem_free(doc->spans);
	mem_free(doc->blocks);
	*doc = (struct doc){0};
}

static struct doc_block *last_block(struct doc *doc)
{
	return doc->blocks_count ? &doc->blocks[doc->blocks_count - 1] : NULL;
}

void doc_begin(struct doc *doc, struct doc_block block)
{
	struct doc_block *last = last_block(doc);

	if (last && last->kind == block.kind && (block.kind == DOC_LINES || block.kind == DOC_QUOTE)) {
		doc_put(doc, &(struct doc_span){0}, "\n", 1);
		return;
	}
	if (!doc->blocks || doc->blocks_count == doc->blocks_room) {
		doc->blocks_room = doc->blocks_room ? doc->blocks_room * 2 : 8;
		doc->blocks = mem_realloc(doc->blocks, doc->blocks_room * sizeof(*doc->blocks));
	}
	block.first = doc->spans_count;
	block.count = 0;
	if (block.indent > DOC_INDENT_MAX)
		block.indent = DOC_INDENT_MAX;
	doc->blocks[doc->blocks_count++] = block;
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool looks_alike(const struct doc_span *a, const struct doc_span *b)
{
	return a->look == b->look && is_same_text(a->url, b->url) && !a->user && !b->user && !a->image &&
	       !b->image;
}

static const char *keep(struct doc *doc, const char *text, const char *before)
{
	if (!text)
		return NULL;
	return before && !strcmp(text, before) ? before : arena_strdup(&doc->arena, text);
}

const char *doc_url(struct doc *doc, const char *url)
{
	struct buf out = {0};
	const char *kept;

	if (!url || !strpbrk(url, "|<>`"))
		return url;
	for (; *url; url++) {
		if (strchr("|<>`", *url))
			buf_printf(&out, "%%%02X", (unsigned)*url);
		else
			buf_putc(&out, *url);
	}
	kept = arena_strdup(&doc->arena, buf_text(&out));
	buf_finish(&out);
	return kept;
}

static void add_span(struct doc *doc, const struct doc_span *like, size_t start)
{
	struct doc_span none = {0};
	const struct doc_span *before = doc->spans_count ? &doc->spans[doc->spans_count - 1] : &none;
	struct doc_span span = *like;

	span.start = start;
	span.length = 0;
	span.url = keep(doc, like->url, before->url);
	span.user = keep(doc, like->user, before->user);
	span.image = keep(doc, like->image, before->image);
	if (doc->spans_count == doc->spans_room) {
		doc->spans_room = doc->spans_room ? doc->spans_room * 2 : 16;
		doc->spans = mem_realloc(doc->spans, doc->spans_room * sizeof(*doc->spans));
	}
	doc->spans[doc->spans_count++] = span;
	doc->addresses += span.url ? strlen(span.url) : 0;
	last_block(doc)->count++;
}

static bool begins_span(const struct doc *doc, const struct doc_block *block, const struct doc_span *like)
{
	return !block->count || !looks_alike(&doc->spans[doc->spans_count - 1], like);
}

/* mrkdwn has the address of a link with each of its spans. */
static bool has_room(const struct doc *doc, const char *url)
{
	return !url || strlen(url) <= DOC_TEXT_MAX - doc->addresses;
}

#define RUN_MAX 256 /* so that nothing is looked through again and again for what stands far behind */

/* Characters in which there is neither a tab nor the beginning of a space of another sort. */
static size_t plain_run(const char *text, size_t length)
{
	static const char ends[] = {'\t', '\xc2', '\xe2'};
	const char *end;

	if (length > RUN_MAX)
		length = RUN_MAX;
	for (size_t i = 0; i < sizeof(ends); i++) {
		end = memchr(text, ends[i], length);
		if (end)
			length = (size_t)(end - text);
	}
	return length;
}

/* Outside of what is preformatted there is one sort of space. Zero-width spaces keep marks apart that are not
 * meant so, and are nothing else. */
static void append(struct buf *out, const char *text, size_t length, bool verbatim)
{
	const char *end = text + length;

	while (text < end) {
		size_t run = plain_run(text, (size_t)(end - text));

		buf_append(out, text, run);
		text += run;
		if (text == end)
			return;
		if (run == RUN_MAX)
			continue;
		bool guard = end - text > 2 && !memcmp(text, "\xe2\x80\x8b", 3);
		bool unbreakable = !verbatim && end - text > 1 && !memcmp(text, "\xc2\xa0", 2);

		if (!guard)
			buf_putc(out, unbreakable || (!verbatim && *text == '\t') ? ' ' : *text);
		text += guard ? 3 : unbreakable ? 2 : 1;
	}
}

void doc_put(struct doc *doc, const struct doc_span *span, const char *text, size_t length)
{
	struct doc_block *block = last_block(doc);
	struct doc_span like = *span;
	size_t start;
	bool begins;

	if (!length || doc->spans_count == DOC_SPANS_MAX)
		return;
	if (span->url)
		like.url = doc_url(doc, span->url);
	if (!block) {
		doc_begin(doc, (struct doc_block){.kind = DOC_LINES});
		block = last_block(doc);
	}
	if (length > DOC_TEXT_MAX - doc->text.len)
		length = text_cut(text, length, DOC_TEXT_MAX - doc->text.len);
	if (!length)
		return;
	if (block->kind == DOC_PRE)
		like = (struct doc_span){0};
	start = doc->text.len;
	append(&doc->text, text, length, block->kind == DOC_PRE);
	if (doc->text.len == start)
		return;
	begins = begins_span(doc, block, &like);
	if (begins && !has_room(doc, like.url)) {
		like.url = NULL;
		begins = begins_span(doc, block, &like);
	}
	if (begins)
		add_span(doc, &like, start);
	doc->spans[doc->spans_count - 1].length += doc->text.len - start;
}

const char *doc_text(const struct doc *doc, const struct doc_span *span)
{
	return doc->text.data + span->start;
}

/* Cuts white space away at an end of the block; whether nothing is left of it. */
static bool trim_block(struct doc *doc, struct doc_block *block, bool front, const char *space)
{
	while (block->count) {
		struct doc_span *span = &doc->spans[front ? block->first : block->first + block->count - 1];
		const char *text = doc_text(doc, span);

		while (span->length && strchr(space, text[front ? 0 : span->length - 1])) {
			text += front;
			span->start += front;
			span->length--;
		}
		if (span->length)
			return false;
		block->first += front;
		block->count--;
	}
	return true;
}

static bool is_trimmed(const struct doc_block *block)
{
	return block->kind == DOC_LINES || block->kind == DOC_QUOTE;
}

static void trim(struct doc *doc)
{
	size_t first = 0;

	while (doc->blocks_count && is_trimmed(last_block(doc)) &&
	       trim_block(doc, last_block(doc), false, " \n"))
		doc->blocks_count--;
	while (first < doc->blocks_count && doc->blocks[first].kind == DOC_LINES &&
	       trim_block(doc, &doc->blocks[first], true, "\n"))
		first++;
	if (first)
		memmove(doc->blocks, doc->blocks + first, (doc->blocks_count - first) * sizeof(*doc->blocks));
	doc->blocks_count -= first;
}

/* The block is put together anew: white space between two spans has what both have, at a line's end it has
 * nothing. */
struct settling {
	struct doc *to;
	struct doc_span
	        before; /* of what was put last and is no white space; look 0 at the beginning of a line */
};

static bool is_plain(const struct doc_span *span)
{
	return !span->url && !span->user && !span->image && !(span->look & DOC_CODE);
}

static struct doc_span between(const struct doc_span *a, const struct doc_span *b)
{
	return (struct doc_span){.look = a->look & b->look & ~(unsigned)DOC_CODE};
}

struct run {
	const struct doc_span *span;
	const char *text;
	size_t length;
	bool space;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\n';
}

/* White space within a text of one look has that as well, but for line ends, which have none: it is one run with what
 * is around it. */
static size_t words_length(const char *text, size_t length, unsigned look)
{
	const char *stop = look ? memchr(text, '\n', length) : NULL;

	if (stop)
		length = (size_t)(stop - text);
	while (length > 1 && is_space(text[length - 1]))
		length--;
	return length;
}

/* The next run of white space or of other characters from a place in the spans. */
static bool next_run(const struct doc *doc, const struct doc_block *block, size_t *index, size_t *offset,
                     struct run *run)
{
	const struct doc_span *span;
	const char *text;
	size_t length = 0;

	if (*index == block->count)
		return false;
	span = &doc->spans[block->first + *index];
	text = doc_text(doc, span) + *offset;
	bool plain = is_plain(span), space = plain && is_space(*text);

	if (plain && !space)
		length = words_length(text, span->length - *offset, span->look);
	while (*offset + length < span->length && space == (plain && is_space(text[length])))
		length++;
	*run = (struct run){span, text, length, space};
	*offset += length;
	if (*offset == span->length) {
		*offset = 0;
		(*index)++;
	}
	return true;
}

static void put_space(struct settling *s, const struct buf *space, const struct doc_span *after)
{
	static const struct doc_span none = {0};
	struct doc_span look = between(&s->before, after ? after : &none);
	bool lines;

	if (!space->len)
		return;
	lines = memchr(space->data, '\n', space->len);
	doc_put(s->to, lines ? &none : &look, space->data, space->len);
}

static void settle_block(struct settling *s, const struct doc *doc, const struct doc_block *block)
{
	size_t index = 0, offset = 0;
	struct buf space = {0};
	struct run run;

	s->before = (struct doc_span){0};
	doc_begin(s->to, *block);
	while (next_run(doc, block, &index, &offset, &run)) {
		if (run.space && block->kind != DOC_PRE) {
			buf_append(&space, run.text, run.length);
			continue;
		}
		put_space(s, &space, run.span);
		buf_clear(&space);
		doc_put(s->to, run.span, run.text, run.length);
		s->before = *run.span;
	}
	put_space(s, &space, NULL);
	buf_finish(&space);
}

/* No white space in it would get another look: there is none at an end of what has a look, and what has none is more
 * than white space between two that have one. */
static bool is_settled_span(const struct doc *doc, const struct doc_span *span)
{
	const char *text = doc_text(doc, span);
	size_t last = span->length - 1;

	if (!is_plain(span))
		return true;
	if (span->look)
		return !is_space(text[0]) && !is_space(text[last]) && !memchr(text, '\n', last);
	return !is_space(text[words_length(text, span->length, 0) - 1]);
}

static bool is_settled(const struct doc *doc, const struct doc_block *block)
{
	for (size_t i = 0; i < block->count && block->kind != DOC_PRE; i++)
		if (!is_settled_span(doc, &doc->spans[block->first + i]))
			return false;
	return true;
}

static bool all_settled(const struct doc *doc)
{
	for (size_t i = 0; i < doc->blocks_count; i++)
		if (!is_settled(doc, &doc->blocks[i]))
			return false;
	return true;
}

static bool is_empty_pre(const struct doc *doc, const struct doc_block *block)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct doc_span *span = &doc->spans[block->first + i];
		const char *text = doc_text(doc, span);

		if (mrkdwn_says_something(text, text + span->length))
			return false;
	}
	return block->kind == DOC_PRE;
}

/* A fence around nothing would be read as its marks: it is lines like others. Whether there was one. */
static bool unfence(struct doc *doc)
{
	bool found = false;

	for (size_t i = 0; i < doc->blocks_count; i++) {
		if (!is_empty_pre(doc, &doc->blocks[i]))
			continue;
		doc->blocks[i].kind = DOC_LINES;
		found = true;
	}
	return found;
}

void doc_settle(struct doc *doc)
{
	struct doc settled = {0};
	struct settling s = {.to = &settled};
	bool unfenced = unfence(doc);

	trim(doc);
	if (!unfenced && all_settled(doc))
		return;
	for (size_t i = 0; i < doc->blocks_count; i++)
		settle_block(&s, doc, &doc->blocks[i]);
	doc_finish(doc);
	*doc = settled;
	/* Tabs and the like in it are spaces only now. */
	if (unfenced)
		trim(doc);
}

static bool is_same_span(const struct doc *a, const struct doc_span *x, const struct doc *b,
                         const struct doc_span *y)
{
	if (x->look != y->look || !is_same_text(x->url, y->url))
		return false;
	if (x->user || y->user)
		return is_same_text(x->user, y->user);
	return x->length == y->length && !memcmp(doc_text(a, x), doc_text(b, y), x->length);
}

bool doc_equal(const struct doc *a, const struct doc *b)
{
	if (a->blocks_count != b->blocks_count)
		return false;
	for (size_t i = 0; i < a->blocks_count; i++) {
		const struct doc_block *x = &a->blocks[i], *y = &b->blocks[i];

		if (x->kind != y->kind || x->count != y->count)
			return false;
		for (size_t j = 0; j < x->count; j++)
			if (!is_same_span(a, &a->spans[x->first + j], b, &b->spans[y->first + j]))
				return false;
	}
	return true;
}
