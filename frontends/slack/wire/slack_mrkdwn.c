/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/markup.h"
#include "base/mem.h"
#include "base/text.h"
#include "frontends/slack/wire/slack_doc.h"
#include "frontends/slack/wire/slack_emoji.h"
#include "frontends/slack/wire/slack_id.h"
#include "frontends/slack/wire/slack_mrkdwn.h"

#define TOKEN_MAX 8192 /* bytes */

/* What may be more than a character: "<", and MARKS. */
static bool begins_piece(char c)
{
	static const bool begins[UCHAR_MAX + 1] = {
	        ['<'] = true, ['*'] = true, ['_'] = true, ['~'] = true, ['`'] = true, [':'] = true};

	return begins[(unsigned char)c];
}

struct line_reader {
	struct doc *doc;
	const char *start, *end;
	const struct slack_names *names;
	const char *pending; /* from here on what was passed is characters, and not put yet */
	unsigned unclosed; /* looks whose marks are known not to close in the range that is being read */
};

/* What is escaped at `text`, where an '&' stands: its length; 0: nothing. */
static size_t entity_length(const char *text, size_t length, char *character)
{
	static const struct {
		const char *name;
		size_t length;
		char character;
	} entities[] = {{"&amp;", 5, '&'}, {"&lt;", 4, '<'}, {"&gt;", 4, '>'}};

	for (size_t i = 0; i < ARRAY_SIZE(entities); i++) {
		if (length < entities[i].length || memcmp(text, entities[i].name, entities[i].length) != 0)
			continue;
		*character = entities[i].character;
		return entities[i].length;
	}
	return 0;
}

/* & < > and nothing else, once. */
static void put_unescaped(struct doc *doc, const struct doc_span *span, const char *text, size_t length)
{
	const char *end = text + length, *at = length ? memchr(text, '&', length) : NULL;
	struct buf out = {0};

	if (!at) {
		doc_put(doc, span, text, length);
		return;
	}
	for (; at; at = memchr(text, '&', (size_t)(end - text))) {
		char character = '&';
		size_t entity = entity_length(at, (size_t)(end - at), &character);

		buf_append(&out, text, (size_t)(at - text));
		buf_putc(&out, character);
		text = at + (entity ? entity : 1);
	}
	buf_append(&out, text, (size_t)(end - text));
	doc_put(doc, span, out.data, out.len);
	buf_finish(&out);
}

/* What means more begins at `at`. */
static void put_pending(struct line_reader *r, const struct doc_span *span, const char *at)
{
	if (at > r->pending)
		put_unescaped(r->doc, span, r->pending, (size_t)(at - r->pending));
	r->pending = at;
}

static void put_plain(struct doc *doc, const struct doc_span *span, const char *text)
{
	doc_put(doc, span, text, strlen(text));
}

/* What somebody or something is called: the name that is known, else the token's label, else its id. */
static void put_named(struct doc *doc, const struct doc_span *span, const char *sign, const char *name,
                      const char *label, size_t label_length, const char *id)
{
	struct buf text = {0};

	buf_puts(&text, sign);
	if (!name && label_length && *label == *sign) {
		label++;
		label_length--;
	}
	if (name)
		buf_puts(&text, name);
	else if (label_length)
		buf_append(&text, label, label_length);
	else
		buf_puts(&text, id);
	if (name)
		put_plain(doc, span, text.data);
	else
		put_unescaped(doc, span, text.data, text.len);
	buf_finish(&text);
}

static void take_special(struct line_reader *r, const struct doc_span *span, const char *what,
                         const char *label, size_t label_length)
{
	const char *group = text_starts(what, "subteam^") ? what + strlen("subteam^") : NULL;
	const struct slack_names *names = r->names;

	if (group)
		put_named(r->doc, span, "@",
		          names && names->usergroup && slack_is_id(group)
		                  ? names->usergroup(names->context, group)
		                  : NULL,
		          label, label_length, group);
	else if (!strcmp(what, "here") || !strcmp(what, "channel") || !strcmp(what, "everyone"))
		put_named(r->doc, span, "@", what, NULL, 0, NULL);
	else if (label_length)
		put_unescaped(r->doc, span, label, label_length);
	else
		put_named(r->doc, span, "", NULL, what, strlen(what), "");
}

static void take_link(struct line_reader *r, const struct doc_span *like, const char *address,
                      const char *label, size_t label_length)
{
	static const char *const schemes[] = {"https://", "http://", "mailto:", "ftp://", "tel:"};
	struct doc_span span = *like;
	struct doc url = {0};

	put_unescaped(&url, &(struct doc_span){0}, address, strlen(address));
	span.url = buf_text(&url.text);
	span.url = markup_is_url(span.url, schemes, ARRAY_SIZE(schemes)) ? doc_url(&url, span.url) : NULL;
	if (label_length)
		put_unescaped(r->doc, &span, label, label_length);
	else if (span.url && text_starts(span.url, "mailto:"))
		put_plain(r->doc, &span, span.url + strlen("mailto:"));
	else
		put_plain(r->doc, &span, span.url ? span.url : buf_text(&url.text));
	doc_finish(&url);
}

static void take_person(struct line_reader *r, const struct doc_span *like, const char *id, const char *label,
                        size_t label_length)
{
	const struct slack_names *names = r->names;
	struct doc_span span = *like;

	span.user = slack_is_id(id) ? id : NULL;
	put_named(r->doc, &span, "@",
	          span.user && names && names->user ? names->user(names->context, id) : NULL, label,
	          label_length, id);
}

static void take_channel(struct line_reader *r, const struct doc_span *span, const char *id,
                         const char *label, size_t label_length)
{
	const struct slack_names *names = r->names;

	put_named(r->doc, span, "#",
	          slack_is_id(id) && names && names->channel ? names->channel(names->context, id) : NULL,
	          label, label_length, id);
}

/* "<...>" at `at`, on one line; its end. NULL: it is none. */
static const char *token_end(const char *at, const char *end)
{
	const char *last = end - at < TOKEN_MAX ? end : at + TOKEN_MAX;

	if (at >= end || *at != '<')
		return NULL;
	for (const char *c = at + 1; c < last && *c != '<' && *c != '\n'; c++)
		if (*c == '>')
			return c > at + 1 ? c + 1 : NULL;
	return NULL;
}

static void take_token(struct line_reader *r, const struct doc_span *span, const char *at, const char *end)
{
	char *what = mem_strndup(at + 1, (size_t)(end - at - 2)), *label, *bar = strchr(what, '|');
	size_t label_length;

	if (bar)
		*bar = '\0';
	label = bar ? bar + 1 : what + strlen(what);
	label_length = strlen(label);
	if (*what == '@')
		take_person(r, span, what + 1, label, label_length);
	else if (*what == '#')
		take_channel(r, span, what + 1, label, label_length);
	else if (*what == '!')
		take_special(r, span, what + 1, label, label_length);
	else
		take_link(r, span, what, label, label_length);
	mem_free(what);
}

/* Letters and digits, also those that are not ASCII, keep a mark from counting; a guard does not. */
static bool is_letter_before(const struct line_reader *r, const char *at)
{
	unsigned char before;

	if (at == r->start)
		return false;
	if (at - r->start >= GUARD_BYTES && mrkdwn_is_guard(at - GUARD_BYTES, at))
		return false;
	before = (unsigned char)at[-1];
	return isalnum(before) || before >= 0x80;
}

static bool is_letter_after(const struct line_reader *r, const char *at)
{
	return at < r->end && !mrkdwn_is_guard(at, r->end) &&
	       (isalnum((unsigned char)*at) || (unsigned char)*at >= 0x80);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_unbreakable(const char *at, const char *end)
{
	return end - at >= 2 && !memcmp(at, "\xc2\xa0", 2);
}

static bool is_space_at(const struct line_reader *r, const char *at)
{
	return at >= r->end || is_blank(*at) || mrkdwn_is_guard(at, r->end) || is_unbreakable(at, r->end);
}

static bool is_space_before(const struct line_reader *r, const char *at)
{
	return at == r->start || is_blank(at[-1]) ||
	       (at - r->start >= GUARD_BYTES && mrkdwn_is_guard(at - GUARD_BYTES, at)) ||
	       (at - r->start >= 2 && !memcmp(at - 2, "\xc2\xa0", 2));
}

/* The end of inline code that begins at `at`, behind its mark; NULL. */
static const char *code_end(const struct line_reader *r, const char *at)
{
	const char *close;

	if (at >= r->end || *at != '`' || is_letter_before(r, at))
		return NULL;
	close = memchr(at + 1, '`', (size_t)(r->end - at - 1));
	if (!close || close == at + 1 || is_letter_after(r, close + 1))
		return NULL;
	if (mrkdwn_is_guard(at + 1, close) ||
	    (close - at > GUARD_BYTES && mrkdwn_is_guard(close - GUARD_BYTES, close)))
		return NULL;
	for (const char *c = at + 1; c < close; c++)
		if (!is_blank(*c))
			return close + 1;
	return NULL;
}

static bool opens(const struct line_reader *r, const char *at)
{
	return mrkdwn_look(*at) && !is_letter_before(r, at) && !is_space_at(r, at + 1) && at[1] != *at;
}

/* Where the mark that opens at `at` closes before `end`; NULL: it does not. */
static const char *mark_end(const struct line_reader *r, const char *at, const char *end)
{
	const char *next;

	for (const char *c = at + 1; c < end; c = next) {
		next = c + 1;
		if (!begins_piece(*c))
			continue;
		next = token_end(c, end);
		if (!next)
			next = code_end(r, c);
		if (next)
			continue;
		next = c + 1;
		if (*c == *at && c > at + 1 && !is_space_before(r, c) && !is_letter_after(r, c + 1))
			return c;
	}
	return NULL;
}

bool mrkdwn_is_emoji_letter(const char *at, const char *end)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+'-";

	if ((unsigned char)*at < 0x80)
		return *at && strchr(letters, *at);
	return !mrkdwn_is_guard(at, end) && !is_unbreakable(at, end);
}

/* The second colon of ":a::skin-tone-2:" ends nothing. */
const char *mrkdwn_emoji_end(const char *at, const char *end, char name[EMOJI_NAME_MAX + 1])
{
	const char *c = at + 1;

	while (c < end && mrkdwn_is_emoji_letter(c, end))
		c++;
	if (c == at + 1 || c >= end || *c != ':')
		return NULL;
	if (end - c > 12 && !memcmp(c, "::skin-tone-", 12)) {
		const char *tone = c + 12;

		while (tone < end && (isdigit((unsigned char)*tone) || *tone == '-'))
			tone++;
		if (tone < end && *tone == ':')
			c = tone;
	}
	if (c - at - 1 > EMOJI_NAME_MAX)
		return NULL;
	memcpy(name, at + 1, (size_t)(c - at - 1));
	name[c - at - 1] = '\0';
	return c + 1;
}

static const char *take_emoji(struct line_reader *r, const struct doc_span *like, const char *at,
                              const char *range_end)
{
	const struct slack_names *names = r->names;
	char name[EMOJI_NAME_MAX + 1];
	struct doc_span span = *like;
	struct buf characters = {0};
	const char *end = mrkdwn_emoji_end(at, r->end, name);

	if (!end || end > range_end)
		return NULL;
	if (!slack_emoji_put(&characters, name)) {
		span.image = names && names->emoji ? names->emoji(names->context, name) : NULL;
		if (!slack_emoji_put_alias(&characters, &span.image) && !span.image)
			end = NULL;
	}
	if (end)
		put_pending(r, like, at);
	if (end && span.image)
		doc_put(r->doc, &span, at, (size_t)(end - at));
	else if (end)
		put_plain(r->doc, &span, characters.data);
	buf_finish(&characters);
	return end;
}

static void read_range(struct line_reader *r, const struct doc_span *span, const char *at, const char *end);

static const char *take_marked(struct line_reader *r, const struct doc_span *like, const char *at,
                               const char *end)
{
	unsigned look = mrkdwn_look(*at), unclosed = r->unclosed;
	struct doc_span span = *like;
	const char *close;

	if (((span.look | unclosed) & look) || !opens(r, at))
		return NULL;
	close = mark_end(r, at, end);
	if (!close) {
		r->unclosed |= look;
		return NULL;
	}
	put_pending(r, like, at);
	span.look |= look;
	r->unclosed = 0;
	read_range(r, &span, at + 1, close);
	r->unclosed = unclosed;
	return close + 1;
}

/* Tokens, and all else as it stands. */
static void read_unmarked(struct line_reader *r, const struct doc_span *span, const char *at, const char *end)
{
	while (at < end) {
		const char *next = token_end(at, end);

		if (next) {
			take_token(r, span, at, next);
		} else {
			next = memchr(at + 1, '<', (size_t)(end - at - 1));
			next = next ? next : end;
			put_unescaped(r->doc, span, at, (size_t)(next - at));
		}
		at = next;
	}
}

/* Tokens in code are shown as what they are called, and are no links there. */
static void read_code(struct line_reader *r, const struct doc_span *like, const char *at, const char *end)
{
	struct doc inner = {0};
	struct line_reader reader = {.doc = &inner, .start = at, .end = end, .names = r->names};
	struct doc_span span = *like;

	doc_begin(&inner, (struct doc_block){.kind = DOC_PRE});
	read_unmarked(&reader, &(struct doc_span){0}, at, end);
	span.url = span.user = NULL;
	doc_put(r->doc, &span, inner.text.data, inner.text.len);
	doc_finish(&inner);
}

/* What means more than its characters, at `at`; where it ends. NULL: there is no such thing. */
static const char *take_piece(struct line_reader *r, const struct doc_span *span, const char *at,
                              const char *end)
{
	struct doc_span code = *span;
	const char *next;

	switch (*at) {
	case '<':
		next = token_end(at, end);
		if (!next)
			return NULL;
		put_pending(r, span, at);
		take_token(r, span, at, next);
		return next;
	case '`':
		next = code_end(r, at);
		if (!next || next > end)
			return NULL;
		put_pending(r, span, at);
		code.look |= DOC_CODE;
		read_code(r, &code, at + 1, next - 1);
		return next;
	case ':':
		return take_emoji(r, span, at, end);
	default:
		return take_marked(r, span, at, end);
	}
}

static void read_range(struct line_reader *r, const struct doc_span *span, const char *at, const char *end)
{
	r->pending = at;
	while (at < end) {
		const char *next = begins_piece(*at) ? take_piece(r, span, at, end) : NULL;

		if (next)
			r->pending = next;
		at = next ? next : at + 1;
	}
	put_pending(r, span, end);
}

void doc_read_mrkdwn_line(struct doc *doc, const char *line, size_t length, const struct slack_names *names)
{
	struct line_reader r = {.doc = doc, .start = line, .end = line + length, .names = names};

	read_range(&r, &(struct doc_span){0}, line, line + length);
}

void doc_read_unmarked(struct doc *doc, const char *text, const struct slack_names *names)
{
	const char *end = text + strlen(text);
	struct line_reader r = {.doc = doc, .start = text, .end = end, .names = names};

	doc_begin(doc, (struct doc_block){.kind = DOC_LINES});
	read_unmarked(&r, &(struct doc_span){0}, text, end);
}

/* Of what is no text at this place; 0: it is. */
static size_t blank_bytes(const char *at, const char *end)
{
	if (mrkdwn_is_guard(at, end))
		return GUARD_BYTES;
	if (is_unbreakable(at, end))
		return 2;
	return strchr(" \t\n", *at) ? 1 : 0;
}

bool mrkdwn_says_something(const char *at, const char *end)
{
	size_t blank;

	while (at < end && (blank = blank_bytes(at, end)) > 0)
		at += blank;
	return at < end;
}

size_t mrkdwn_bullet(const char *line, size_t length, unsigned *indent)
{
	static const char *const marks[] = {"\xe2\x80\xa2 ", "\xe2\x97\xa6 ", "\xe2\x96\xaa\xef\xb8\x8e ",
	                                    "\xe2\x96\xaa "};
	size_t spaces = 0;

	while (spaces < length && line[spaces] == ' ')
		spaces++;
	if (indent)
		*indent = (unsigned)(spaces / 4 < DOC_INDENT_MAX ? spaces / 4 : DOC_INDENT_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		size_t mark = strlen(marks[i]);

		if (length - spaces > mark && !memcmp(line + spaces, marks[i], mark) &&
		    mrkdwn_says_something(line + spaces + mark, line + length))
			return spaces + mark;
	}
	return 0;
}

static size_t quote_mark(const char *line, size_t length)
{
	static const char mark[] = "&gt;";
	size_t bytes = 0;

	if (length && *line == '>')
		bytes = 1;
	else if (length >= strlen(mark) && !memcmp(line, mark, strlen(mark)))
		bytes = strlen(mark);
	return bytes + (bytes && bytes < length && line[bytes] == ' ');
}

static bool quotes_all(const char *line, size_t length)
{
	return (length >= 3 && !memcmp(line, ">>>", 3)) ||
	       (length >= 12 && !memcmp(line, "&gt;&gt;&gt;", 12));
}

static void read_line(struct doc *doc, const char *line, size_t length, const struct slack_names *names,
                      bool *quote)
{
	size_t mark = quote_mark(line, length);
	unsigned indent;

	if (*quote || mark) {
		if (!*quote && quotes_all(line, length)) {
			mark = *line == '>' ? 3 : 12;
			mark += mark < length && line[mark] == ' ';
			*quote = true;
		} else if (*quote) {
			mark = 0;
		}
		doc_begin(doc, (struct doc_block){.kind = DOC_QUOTE});
	} else {
		mark = mrkdwn_bullet(line, length, &indent);
		doc_begin(doc, mark ? (struct doc_block){.kind = DOC_ITEM, .indent = indent}
		                    : (struct doc_block){.kind = DOC_LINES});
	}
	doc_read_mrkdwn_line(doc, line + mark, length - mark, names);
}

static void read_lines(struct doc *doc, const char *text, size_t length, const struct slack_names *names,
                       bool *quote)
{
	while (true) {
		const char *end = memchr(text, '\n', length);
		size_t line = end ? (size_t)(end - text) : length;

		read_line(doc, text, line, names, quote);
		if (line == length)
			return;
		text += line + 1;
		length -= line + 1;
	}
}

/* The next mark of a fence that is in no token; NULL: there is none. */
static const char *next_fence(const char *at)
{
	const char *end = at + strlen(at), *token;

	for (; (at = strpbrk(at, "<`")); at = token ? token : at + 1) {
		token = token_end(at, end);
		if (!token && text_starts(at, FENCE))
			return at;
	}
	return NULL;
}

/* The next fenced text: from its first mark to behind its last. Without anything in it it is none. */
static bool find_fence(const char *at, const char **open, const char **close)
{
	while ((at = next_fence(at))) {
		const char *inner = at + FENCE_BYTES, *end = next_fence(inner);

		if (!end)
			return false;
		/* Behind more than three, the last three are the mark. */
		while (end[FENCE_BYTES] == '`')
			end++;
		if (mrkdwn_says_something(inner, end)) {
			*open = at;
			*close = end + FENCE_BYTES;
			return true;
		}
		at++;
	}
	return false;
}

static void read_fenced(struct doc *doc, const char *at, const char *end, const struct slack_names *names)
{
	struct line_reader r = {.doc = doc, .start = at, .end = end, .names = names};

	at += FENCE_BYTES;
	end -= FENCE_BYTES;
	at += *at == '\n';
	if (end > at && end[-1] == '\n')
		end--;
	doc_begin(doc, (struct doc_block){.kind = DOC_PRE});
	r.start = at;
	r.end = end;
	read_code(&r, &(struct doc_span){0}, at, end);
}

void doc_read_mrkdwn(struct doc *doc, const char *mrkdwn, const struct slack_names *names)
{
	const char *open, *close;
	bool quote = false;

	while (find_fence(mrkdwn, &open, &close)) {
		size_t before = (size_t)(open - mrkdwn);

		if (before && mrkdwn[before - 1] == '\n')
			before--;
		if (open > mrkdwn)
			read_lines(doc, mrkdwn, before, names, &quote);
		read_fenced(doc, open, close, names);
		mrkdwn = close;
		if (!*mrkdwn)
			return;
		mrkdwn += *mrkdwn == '\n';
	}
	read_lines(doc, mrkdwn, strlen(mrkdwn), names, &quote);
}
