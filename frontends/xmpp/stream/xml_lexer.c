/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/xml_lexer.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "config/limits.h"

/* The longest reference that means something is "&#1114111;". */
#define REFERENCE_MAX 32
/* What expat keeps for a name beside its bytes. */
#define NAME_OVERHEAD 64

static const char cdata_open[] = "[CDATA[";

void xml_lexer_reset(struct xml_lexer *lexer)
{
	*lexer = (struct xml_lexer){.limit = lexer->limit, .renew_at = lexer->renew_at, .senders = lexer->senders};
}

static enum xml_lex_result tag_ended(struct xml_lexer *lexer)
{
	bool empty = !lexer->closing && lexer->previous == '/';
	bool header = lexer->depth == 0 && !lexer->closing && !empty;

	lexer->state = XML_LEX_TEXT;
	lexer->retained += lexer->token_bytes + NAME_OVERHEAD;
	if (!lexer->closing && lexer->depth > LIMIT_STANZA_DEPTH && !lexer->skipping) {
		lexer->depth += !empty;
		return XML_LEX_LIMIT;
	}
	if (lexer->closing && lexer->depth > 0)
		lexer->depth--;
	else if (!lexer->closing && !empty)
		lexer->depth++;
	if (lexer->depth > 1)
		return XML_LEX_MORE;
	lexer->stanza_bytes = 0;
	if (header)
		return XML_LEX_HEADER;
	if (lexer->skipping || (lexer->depth == 1 && lexer->retained > lexer->renew_at))
		return XML_LEX_STANZA;
	return XML_LEX_MORE;
}

static enum xml_lex_result step_open(struct xml_lexer *lexer, char c)
{
	lexer->closing = c == '/';
	lexer->attributes = 0;
	lexer->matched = 0;
	if (c == '!') {
		lexer->state = XML_LEX_BANG;
		return XML_LEX_MORE;
	}
	if (c == '?') {
		lexer->state = XML_LEX_PI;
		return lexer->begun ? XML_LEX_RESTRICTED : XML_LEX_MORE;
	}
	if (c == '<' || c == '>')
		return XML_LEX_MALFORMED;
	lexer->state = XML_LEX_TAG;
	lexer->previous = lexer->closing ? ' ' : c;
	return XML_LEX_MORE;
}

static enum xml_lex_result step_tag(struct xml_lexer *lexer, char c)
{
	if (c == '>')
		return tag_ended(lexer);
	lexer->previous = c;
	if (c == '<')
		return XML_LEX_MALFORMED;
	if (c != '\'' && c != '"')
		return XML_LEX_MORE;
	lexer->quote = c;
	lexer->state = XML_LEX_VALUE;
	if (++lexer->attributes > LIMIT_STANZA_ATTRIBUTES && !lexer->skipping)
		return XML_LEX_LIMIT;
	return XML_LEX_MORE;
}

static enum xml_lex_result step_bang(struct xml_lexer *lexer, char c)
{
	if (lexer->matched == 0 && c != '[')
		return XML_LEX_RESTRICTED;
	if (c != cdata_open[lexer->matched])
		return XML_LEX_MALFORMED;
	if (!cdata_open[++lexer->matched]) {
		lexer->state = XML_LEX_CDATA;
		lexer->matched = 0;
	}
	return XML_LEX_MORE;
}

static void step_cdata(struct xml_lexer *lexer, char c)
{
	if (c == ']') {
		lexer->matched += lexer->matched < 2;
		return;
	}
	if (c == '>' && lexer->matched == 2)
		lexer->state = XML_LEX_TEXT;
	lexer->matched = 0;
}

/* Before the first tag only space may come, which keeps byte order marks and with them UTF-16 out. */
static enum xml_lex_result step_text(struct xml_lexer *lexer, char c)
{
	if (lexer->depth == 0 && c != '<' && c != ' ' && c != '\t' && c != '\r' && c != '\n')
		return XML_LEX_MALFORMED;
	if (c != '<' && c != '&')
		return XML_LEX_MORE;
	lexer->state = c == '<' ? XML_LEX_OPEN : XML_LEX_REF;
	lexer->token_bytes = 1;
	return XML_LEX_MORE;
}

/* One byte. The state afterwards says whether a token is unfinished. */
static enum xml_lex_result step(struct xml_lexer *lexer, char c)
{
	if (c == '\0')
		return XML_LEX_MALFORMED;
	switch (lexer->state) {
	case XML_LEX_TEXT:
		return step_text(lexer, c);
	case XML_LEX_OPEN:
		return step_open(lexer, c);
	case XML_LEX_TAG:
		return step_tag(lexer, c);
	case XML_LEX_VALUE:
		if (c == lexer->quote)
			lexer->state = XML_LEX_TAG;
		return XML_LEX_MORE;
	case XML_LEX_BANG:
		return step_bang(lexer, c);
	case XML_LEX_CDATA:
		step_cdata(lexer, c);
		return XML_LEX_MORE;
	case XML_LEX_PI:
		if (c == '>' && lexer->previous == '?')
			lexer->state = XML_LEX_TEXT;
		lexer->previous = c;
		return XML_LEX_MORE;
	case XML_LEX_REF:
		if (c == ';')
			lexer->state = XML_LEX_TEXT;
		return c == '<' || lexer->token_bytes > REFERENCE_MAX ? XML_LEX_MALFORMED : XML_LEX_MORE;
	}
	return XML_LEX_MALFORMED;
}

static bool between_tokens(const struct xml_lexer *lexer)
{
	return lexer->state == XML_LEX_TEXT || lexer->state == XML_LEX_CDATA;
}

/* Bytes that end a run are looked for many at a time: compilers make of these what the processor has. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));

enum run { RUN_TEXT, RUN_TAG, RUN_VALUE };

static inline bool ends_run(enum run run, char quote, char c)
{
	switch (run) {
	case RUN_TEXT:
		return c == '<' || c == '&' || c == '\0';
	case RUN_TAG:
		return c == '<' || c == '>' || c == '\'' || c == '"' || c == '\0';
	case RUN_VALUE:
		break;
	}
	return c == quote;
}

/* 0xff in place of those that end it. */
static inline bytes16 mark_ends(enum run run, char quote, bytes16 bytes)
{
	switch (run) {
	case RUN_TEXT:
		return (bytes16)((bytes == '<') | (bytes == '&') | (bytes == '\0'));
	case RUN_TAG:
		return (bytes16)((bytes == '<') | (bytes == '>') | (bytes == '\'') | (bytes == '"') | (bytes == '\0'));
	case RUN_VALUE:
		break;
	}
	return (bytes16)(bytes == (uint8_t)quote);
}

/* Bytes before the first one that ends the run. */
static inline size_t run_until(enum run how, char quote, const char *bytes, size_t count)
{
	size_t run = 0;

	for (; count - run >= sizeof(bytes16); run += sizeof(bytes16)) {
		bytes16 piece, ends;
		uint64_t half[2];

		memcpy(&piece, bytes + run, sizeof(piece));
		ends = mark_ends(how, quote, piece);
		memcpy(half, &ends, sizeof(half));
		if (half[0])
			return run + (size_t)__builtin_ctzll(le64toh(half[0])) / 8;
		if (half[1])
			return run + 8 + (size_t)__builtin_ctzll(le64toh(half[1])) / 8;
	}
	while (run < count && !ends_run(how, quote, bytes[run]))
		run++;
	return run;
}

/* How many of the next bytes change nothing but the counts. */
static inline size_t plain_run(struct xml_lexer *lexer, const char *bytes, size_t count)
{
	size_t run;

	if (!lexer->skipping) {
		size_t left = lexer->limit > lexer->stanza_bytes ? lexer->limit - lexer->stanza_bytes : 0;

		count = count < left ? count : left;
	}
	if (lexer->state == XML_LEX_VALUE)
		return run_until(RUN_VALUE, lexer->quote, bytes, count);
	if (lexer->state == XML_LEX_TEXT && lexer->depth > 0)
		return run_until(RUN_TEXT, 0, bytes, count);
	if (lexer->state != XML_LEX_TAG)
		return 0;
	run = run_until(RUN_TAG, 0, bytes, count);
	if (run > 0)
		lexer->previous = bytes[run - 1];
	return run;
}

/* Who says something, if this value of a stanza's own tag tells. */
static inline void note_sender(struct xml_lexer *lexer, const char *tag, const char *value, size_t length)
{
	static const char name[] = "from=";
	const size_t before = sizeof(name); /* with the quotation mark */
	struct xml_senders *senders = lexer->senders;

	if (senders && lexer->depth == 1 && senders->count < XML_SENDERS && (size_t)(value - tag) > before &&
	    memcmp(value - before, name, sizeof(name) - 1) == 0)
		senders->values[senders->count++] = (struct map_key){.text = value, .length = length};
}

/* What most of a stream consists of: a tag that is all there and within the limits. Its length; 0: something else
 * begins here, and `lexer` is as it was. */
static size_t whole_tag(struct xml_lexer *lexer, const char *bytes, size_t count, enum xml_lex_result *result)
{
	size_t left = lexer->limit > lexer->stanza_bytes ? lexer->limit - lexer->stanza_bytes : 0, at, length;
	unsigned attributes = 0;

	count = count < left ? count : left;
	if (count < 3 || memchr("!?<>", bytes[1], sizeof("!?<>")))
		return 0;
	/* the first character is a name's, whatever it is: see step_open */
	for (at = 2;; at++) {
		at += run_until(RUN_TAG, 0, bytes + at, count - at);
		if (at == count || bytes[at] == '<' || bytes[at] == '\0')
			return 0;
		if (bytes[at] == '>')
			break;
		length = run_until(RUN_VALUE, bytes[at], bytes + at + 1, count - at - 1);
		if (length == count - at - 1 || ++attributes > LIMIT_STANZA_ATTRIBUTES)
			return 0;
		note_sender(lexer, bytes, bytes + at + 1, length);
		at += length + 1;
	}
	lexer->closing = bytes[1] == '/';
	lexer->attributes = attributes;
	lexer->previous = bytes[at - 1];
	lexer->token_bytes = at + 1;
	lexer->stanza_bytes += at + 1;
	lexer->begun = true;
	*result = tag_ended(lexer);
	return at + 1;
}

/* Keep-alive spaces belong to no stanza. */
static inline void forget_spaces(struct xml_lexer *lexer)
{
	if (lexer->state == XML_LEX_TEXT && lexer->depth == 1)
		lexer->stanza_bytes = 0;
}

enum xml_lex_result xml_lexer_scan(struct xml_lexer *lexer, const char *bytes, size_t count, size_t *scanned,
				   size_t *safe)
{
	size_t at = 0;
	enum xml_lex_result result = XML_LEX_MORE;

	*safe = 0;
	while (at < count && result == XML_LEX_MORE) {
		size_t run;

		forget_spaces(lexer);
		if (lexer->state == XML_LEX_TEXT && lexer->depth > 0 && bytes[at] == '<' && !lexer->skipping) {
			run = whole_tag(lexer, bytes + at, count - at, &result);
			at += run;
			if (run > 0 && result != XML_LEX_LIMIT)
				*safe = at;
			if (run > 0)
				continue;
		}
		run = plain_run(lexer, bytes + at, count - at);
		lexer->stanza_bytes += run;
		lexer->token_bytes += run;
		at += run;
		if (run > 0 && between_tokens(lexer))
			*safe = at;
		if (run > 0)
			lexer->begun = true;
		if (at == count)
			break;
		if (run > 0)
			continue;
		forget_spaces(lexer);
		if (++lexer->stanza_bytes > lexer->limit && !lexer->skipping) {
			result = XML_LEX_LIMIT;
			break;
		}
		lexer->token_bytes++;
		result = step(lexer, bytes[at++]);
		if (lexer->state != XML_LEX_OPEN)
			lexer->begun = true;
		if (between_tokens(lexer) && result != XML_LEX_LIMIT && result != XML_LEX_MALFORMED)
			*safe = at;
	}
	*scanned = at;
	return result;
}
