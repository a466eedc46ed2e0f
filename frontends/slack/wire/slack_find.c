/* SPDX-License-Identifier: MIT */
/* What plain text names: people, and web addresses. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "frontends/slack/wire/slack_doc.h"

#define MENTIONS_MAX 64      /* @ signs of a message that are looked at */
#define MENTION_BYTES_MAX 80 /* of a name */
#define MENTION_ENDS_MAX 8   /* places where it may end */

struct finder {
	struct doc *to;
	const struct slack_mentions *mentions;
	unsigned looked;
	bool first; /* nothing was put yet */
	const char *url_behind; /* the link that follows what is looked through; NULL */
};

static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static const char *user_called(struct finder *f, const char *name, size_t length)
{
	char *text = mem_strndup(name, length);
	const char *id = f->mentions->user(f->mentions->context, text);

	mem_free(text);
	return id;
}

/* The longest name at `name` that means somebody: its length; 0: nobody. */
static size_t find_name(struct finder *f, const char *name, size_t length, const char **id)
{
	size_t ends[MENTION_ENDS_MAX], count = 0;

	for (size_t i = 1;
	     i <= length && i <= MENTION_BYTES_MAX && name[i - 1] != '\n' && count < MENTION_ENDS_MAX; i++)
		if (is_letter(name[i - 1]) && (i == length || !is_letter(name[i])))
			ends[count++] = i;
	while (count > 0) {
		*id = user_called(f, name, ends[--count]);
		if (*id)
			return ends[count];
	}
	return 0;
}

static void put_mention(struct finder *f, const struct doc_span *like, const char *id, const char *name,
                        size_t length)
{
	struct doc_span span = *like;
	struct buf text = {0};

	span.user = id;
	buf_putc(&text, '@');
	buf_append(&text, name, length);
	doc_put(f->to, &span, text.data, text.len);
	buf_finish(&text);
}

/* "carol: hello", as people of IRC address each other. */
static size_t find_addressed(struct finder *f, const struct doc_span *span, const char *text)
{
	size_t length = 0;
	const char *id;

	while (length < span->length && length < MENTION_BYTES_MAX && !strchr(":,\n", text[length]))
		length++;
	if (!length || length + 1 >= span->length || text[length + 1] != ' ' || !strchr(":,", text[length]) ||
	    *text == '@')
		return 0;
	id = user_called(f, text, length);
	if (id)
		put_mention(f, span, id, text, length);
	return id ? length : 0;
}

static bool begins_host(char c)
{
	return is_letter(c) || c == '[';
}

/* An address that begins here: its length; 0: none. What ends a sentence, or closes a bracket before it, is not
 * of it. Its end is only looked for when it is one: no text is looked through again and again. */
static size_t find_url(const char *text, size_t length)
{
	static const char *const schemes[] = {"https://", "http://"};
	size_t begin = 0, end;

	for (size_t i = 0; i < ARRAY_SIZE(schemes) && !begin; i++)
		if (length > strlen(schemes[i]) && !strncasecmp(text, schemes[i], strlen(schemes[i])))
			begin = strlen(schemes[i]);
	if (!begin || !begins_host(text[begin]))
		return 0;
	for (end = begin; end < length && (unsigned char)text[end] > ' ' && !strchr("<>\"|`", text[end]); end++)
		;
	while (end > begin && strchr(".,;:!?'", text[end - 1]))
		end--;
	if (text[end - 1] == ')' && !memchr(text, '(', end))
		end--;
	return end;
}

static void put_url(struct finder *f, const struct doc_span *like, const char *text, size_t length)
{
	struct doc_span span = *like;
	char *url = mem_strndup(text, length);

	span.url = url;
	doc_put(f->to, &span, text, length);
	mem_free(url);
}

static bool is_same(const char *url, const char *text, size_t length)
{
	return url && strlen(url) == length && !memcmp(url, text, length);
}

/* Directly beside a link to the same place it would become more of that link's label. */
static bool touches_link(const struct finder *f, const struct doc_span *span, const char *text, size_t from,
                         size_t at, size_t length)
{
	const struct doc *doc = f->to;
	const struct doc_block *block = doc->blocks_count ? &doc->blocks[doc->blocks_count - 1] : NULL;

	if (at + length == span->length && is_same(f->url_behind, text + at, length))
		return true;
	return at == from && block && block->count &&
	       is_same(doc->spans[doc->spans_count - 1].url, text + at, length);
}

/* A mention or an address at this place, which is put: its length; 0: neither. */
static size_t put_found(struct finder *f, const struct doc_span *span, const char *text, size_t from, size_t at)
{
	const char *id = NULL;
	bool person = text[at] == '@' && f->mentions && f->looked < MENTIONS_MAX;
	size_t length;

	if ((!person && text[at] != 'h' && text[at] != 'H') || (at > 0 && is_letter(text[at - 1])))
		return 0;
	f->looked += person;
	length = person ? find_name(f, text + at + 1, span->length - at - 1, &id) : find_url(text + at, span->length - at);
	if (!length || (!person && touches_link(f, span, text, from, at, length)))
		return 0;
	doc_put(f->to, span, text + from, at - from);
	if (person)
		put_mention(f, span, id, text + at + 1, length);
	else
		put_url(f, span, text + at, length);
	return length + person;
}

static size_t may_be_found(const char *text, size_t from, size_t length)
{
	while (from < length && text[from] != '@' && text[from] != 'h' && text[from] != 'H')
		from++;
	return from;
}

static void find_in_span(struct finder *f, const struct doc_span *span, const char *text)
{
	size_t at = f->first && f->mentions ? find_addressed(f, span, text) : 0, from = at;

	while ((at = may_be_found(text, at, span->length)) < span->length) {
		size_t length = put_found(f, span, text, from, at);

		at += length ? length : 1;
		from = length ? at : from;
	}
	doc_put(f->to, span, text + from, span->length - from);
}

static bool is_looked_through(const struct doc_block *block, const struct doc_span *span)
{
	return block->kind != DOC_PRE && !span->url && !span->user && !(span->look & DOC_CODE);
}

/* Whether there is a sign that all which is looked for has one of. */
static bool has_sign(const struct doc *doc)
{
	static const char signs[] = {':', ',', '@'};

	for (size_t i = 0; i < sizeof(signs); i++)
		if (doc->text.len && memchr(doc->text.data, signs[i], doc->text.len))
			return true;
	return false;
}

void doc_find(struct doc *doc, const struct slack_mentions *mentions)
{
	struct doc found = {0};
	struct finder f = {.to = &found, .mentions = mentions, .first = true};

	if (!has_sign(doc))
		return;
	for (size_t i = 0; i < doc->blocks_count; i++) {
		const struct doc_block *block = &doc->blocks[i];

		doc_begin(&found, *block);
		for (size_t j = 0; j < block->count; j++) {
			const struct doc_span *span = &doc->spans[block->first + j];

			f.url_behind = j + 1 < block->count ? span[1].url : NULL;
			if (is_looked_through(block, span))
				find_in_span(&f, span, doc_text(doc, span));
			else
				doc_put(&found, span, doc_text(doc, span), span->length);
			f.first = false;
		}
	}
	doc_finish(doc);
	*doc = found;
}
