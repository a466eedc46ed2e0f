/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/xml_lexer.h"

#include <string.h>

#include "config/limits.h"

/* The longest reference that means something is "&#1114111;". */
#define REFERENCE_MAX 32
/* What expat keeps for a name beside its bytes. */
#define NAME_OVERHEAD 64

static const char cdata_open[] = "[CDATA[";

void xml_lexer_reset(struct xml_lexer *lexer)
{
	size_t limit = lexer->limit, renew_at = lexer->renew_at;

	memset(lexer, 0, sizeof(*lexer));
	lexer->limit = limit;
	lexer->renew_at = renew_at;
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

/* Bytes that end a run, in character data and within a tag. */
static const bool ends_text[256] = {['<'] = true, ['&'] = true, ['\0'] = true};
static const bool ends_tag_run[256] = {['<'] = true, ['>'] = true, ['\''] = true, ['"'] = true, ['\0'] = true};

static size_t run_until(const bool ends[256], const char *bytes, size_t count)
{
	size_t run = 0;

	while (run < count && !ends[(unsigned char)bytes[run]])
		run++;
	return run;
}

/* How many of the next bytes change nothing but the counts. */
static size_t plain_run(struct xml_lexer *lexer, const char *bytes, size_t count)
{
	const char *found;
	size_t run;

	if (!lexer->skipping) {
		size_t left = lexer->limit > lexer->stanza_bytes ? lexer->limit - lexer->stanza_bytes : 0;

		count = count < left ? count : left;
	}
	if (lexer->state == XML_LEX_VALUE) {
		found = count ? memchr(bytes, lexer->quote, count) : NULL;
		return found ? (size_t)(found - bytes) : count;
	}
	if (lexer->state == XML_LEX_TEXT && lexer->depth > 0)
		return run_until(ends_text, bytes, count);
	if (lexer->state != XML_LEX_TAG)
		return 0;
	run = run_until(ends_tag_run, bytes, count);
	if (run > 0)
		lexer->previous = bytes[run - 1];
	return run;
}

enum xml_lex_result xml_lexer_scan(struct xml_lexer *lexer, const char *bytes, size_t count, size_t *scanned,
				   size_t *safe)
{
	size_t at = 0;
	enum xml_lex_result result = XML_LEX_MORE;

	*safe = 0;
	while (at < count && result == XML_LEX_MORE) {
		size_t run;

		if (lexer->state == XML_LEX_TEXT && lexer->depth == 1)
			lexer->stanza_bytes = 0; /* keep-alive spaces belong to no stanza */
		run = plain_run(lexer, bytes + at, count - at);
		lexer->stanza_bytes += run;
		lexer->token_bytes += run;
		at += run;
		if (run == 0) {
			if (++lexer->stanza_bytes > lexer->limit && !lexer->skipping) {
				result = XML_LEX_LIMIT;
				break;
			}
			lexer->token_bytes++;
			result = step(lexer, bytes[at++]);
		}
		if (lexer->state != XML_LEX_OPEN)
			lexer->begun = true;
		if (between_tokens(lexer) && result != XML_LEX_LIMIT && result != XML_LEX_MALFORMED)
			*safe = at;
	}
	*scanned = at;
	return result;
}
