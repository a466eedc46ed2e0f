/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/xml_stream.h"

#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/xmpp/stream/xml_lexer.h"

#define NS_STREAMS "http://etherx.jabber.org/streams"
#define NS_SEPARATOR '|' /* not allowed in a URI, so expat refuses namespaces that contain it */
#define FEED_MAX (1u << 20)
#define HELD_KEEP (16u << 10)
/*
 * expat keeps every name of an element or attribute that it has ever seen until its parser is freed, and a stream
 * may live for months: after so many bytes of tags the parser is replaced between two stanzas.
 */
#define RETAINED_MAX (1u << 20)

struct xml_stream {
	const struct xml_handler *handler;
	void *context;
	XML_Parser parser;
	struct xml_lexer lexer;
	struct buf held;        /* the unfinished token */
	struct buf header;      /* the stream header's tag, for a new parser */
	struct buf name;        /* of the element at hand */
	unsigned depth;         /* open elements, as the parser knows them */
	bool replaying;         /* the header goes through a new parser: no events */
	bool stopped;           /* by a handler, or </stream:stream> */
	bool skip_oversized;
	size_t skipped_bytes;
	size_t parser_fed;      /* bytes given to this parser */
	size_t stop_index;      /* where in the parser's input it was stopped */
	const char *condition;  /* set by our expat handlers */
	void (*foreseen)(void *context, const struct map_key *senders, size_t count); /* NULL */
	void *foreseen_context;
};

static void stop_with(struct xml_stream *stream, const char *condition)
{
	if (!stream->condition)
		stream->condition = condition;
	XML_StopParser(stream->parser, XML_FALSE);
}

/* The local part of expat's "ns|local"; *ns becomes "" if there is none. Good until the next call. */
static const char *split_name(struct xml_stream *stream, const char *full, const char **ns)
{
	const char *separator = strrchr(full, NS_SEPARATOR);

	*ns = "";
	if (!separator)
		return full;
	buf_clear(&stream->name);
	buf_append(&stream->name, full, (size_t)(separator - full));
	*ns = buf_text(&stream->name);
	return separator + 1;
}

static bool header_is_stream(struct xml_stream *stream, const char *ns, const char *name)
{
	if (strcmp(ns, NS_STREAMS) != 0)
		stop_with(stream, "invalid-namespace");
	else if (strcmp(name, "stream") != 0)
		stop_with(stream, "bad-format");
	return !stream->condition;
}

static void on_start(void *data, const XML_Char *full, const XML_Char **attributes)
{
	struct xml_stream *stream = data;
	unsigned depth = stream->depth++;
	const char *ns, *name;

	if (stream->replaying || stream->stopped || stream->condition)
		return;
	if (depth > LIMIT_STANZA_DEPTH) {
		stop_with(stream, "policy-violation");
		return;
	}
	name = split_name(stream, full, &ns);
	if (depth > 0 || header_is_stream(stream, ns, name))
		stream->handler->start(stream->context, depth, ns, name, (const char **)attributes);
}

static void on_end(void *data, const XML_Char *full)
{
	struct xml_stream *stream = data;
	const char *ns, *name;

	stream->depth--;
	if (stream->stopped || stream->condition)
		return;
	name = split_name(stream, full, &ns);
	stream->handler->end(stream->context, stream->depth, ns, name);
	if (stream->depth == 0)
		xml_stream_stop(stream);
}

static void on_text(void *data, const XML_Char *text, int length)
{
	struct xml_stream *stream = data;

	if (stream->depth > 0 && !stream->replaying && !stream->stopped && !stream->condition)
		stream->handler->text(stream->context, stream->depth - 1, text, (size_t)length);
}

static void on_instruction(void *data, const XML_Char *target, const XML_Char *text)
{
	(void)target;
	(void)text;
	stop_with(data, "restricted-xml");
}

/* The lexer refuses it already. Without one there are no entities, nor any that are skipped. */
static void on_doctype(void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop_with(data, "restricted-xml");
}

static void parser_free(struct xml_stream *stream)
{
	if (stream->parser)
		XML_ParserFree(stream->parser);
	stream->parser = NULL;
}

static void parser_new(struct xml_stream *stream)
{
	parser_free(stream);
	stream->parser = XML_ParserCreateNS("UTF-8", NS_SEPARATOR);
	if (!stream->parser)
		abort(); /* out of memory: base/mem.h */
#ifdef HAVE_XML_SETREPARSEDEFERRALENABLED
	XML_SetReparseDeferralEnabled(stream->parser, XML_FALSE);
#endif
	XML_SetUserData(stream->parser, stream);
	XML_SetElementHandler(stream->parser, on_start, on_end);
	XML_SetCharacterDataHandler(stream->parser, on_text);
	XML_SetProcessingInstructionHandler(stream->parser, on_instruction);
	XML_SetStartDoctypeDeclHandler(stream->parser, on_doctype);
	stream->parser_fed = 0;
	stream->depth = 0;
}

/* A fresh parser that stands behind the stream header, between two stanzas. */
static void parser_renew(struct xml_stream *stream)
{
	parser_new(stream);
	stream->replaying = true;
	XML_Parse(stream->parser, stream->header.data, (int)stream->header.len, XML_FALSE);
	stream->replaying = false;
	stream->parser_fed = stream->header.len;
	stream->lexer.retained = 0;
}

struct xml_stream *xml_stream_create(const struct xml_handler *handler, void *context, size_t stanza_limit)
{
	struct xml_stream *stream = MEM_NEW(struct xml_stream);

	stream->handler = handler;
	stream->context = context;
	stream->lexer.limit = stanza_limit;
	stream->lexer.renew_at = RETAINED_MAX;
	xml_stream_reset(stream);
	return stream;
}

void xml_stream_destroy(struct xml_stream **stream)
{
	if (!*stream)
		return;
	parser_free(*stream);
	buf_finish(&(*stream)->held);
	buf_finish(&(*stream)->header);
	buf_finish(&(*stream)->name);
	mem_free((*stream)->lexer.senders);
	MEM_FREE(*stream);
}

void xml_stream_set_limit(struct xml_stream *stream, size_t stanza_limit)
{
	stream->lexer.limit = stanza_limit;
}

void xml_stream_foresee(struct xml_stream *stream,
			void (*foreseen)(void *context, const struct map_key *senders, size_t count), void *context)
{
	stream->foreseen = foreseen;
	stream->foreseen_context = context;
	stream->lexer.senders = MEM_NEW(struct xml_senders);
}

void xml_stream_skip_oversized(struct xml_stream *stream, bool skip)
{
	stream->skip_oversized = skip;
}

void xml_stream_reset(struct xml_stream *stream)
{
	parser_new(stream);
	xml_lexer_reset(&stream->lexer);
	buf_clear(&stream->held);
	buf_clear(&stream->header);
	stream->stopped = false;
	stream->condition = NULL;
	stream->skipped_bytes = 0;
}

bool xml_stream_is_between(const struct xml_stream *stream)
{
	return stream->depth == 1 && stream->lexer.depth == 1 && stream->lexer.state == XML_LEX_TEXT &&
	       !stream->held.len && !stream->stopped && !stream->condition;
}

void xml_stream_stop(struct xml_stream *stream)
{
	if (stream->stopped)
		return;
	stream->stopped = true;
	stream->stop_index = (size_t)XML_GetCurrentByteIndex(stream->parser) +
			     (size_t)XML_GetCurrentByteCount(stream->parser);
	XML_StopParser(stream->parser, XML_FALSE);
}

static const char *condition_of(enum XML_Error error)
{
	switch (error) {
	case XML_ERROR_UNDEFINED_ENTITY:
	case XML_ERROR_MISPLACED_XML_PI:
	case XML_ERROR_RECURSIVE_ENTITY_REF:
	case XML_ERROR_ENTITY_DECLARED_IN_PE:
		return "restricted-xml";
	default:
		return "not-well-formed";
	}
}

/* False: the parser has been stopped, or stream->condition is set. */
static bool push(struct xml_stream *stream, const char *bytes, size_t count)
{
	while (count) {
		size_t chunk = count < FEED_MAX ? count : FEED_MAX;
		enum XML_Status status = XML_Parse(stream->parser, bytes, (int)chunk, XML_FALSE);

		if (stream->stopped && !stream->condition)
			return false;
		if (status != XML_STATUS_OK && !stream->condition)
			stream->condition = condition_of(XML_GetErrorCode(stream->parser));
		if (stream->condition)
			return false;
		stream->parser_fed += chunk;
		bytes += chunk;
		count -= chunk;
	}
	return true;
}

/* Gives the parser all whole tokens that there are: the held beginning of one and `safe` bytes. False as push.
 * *used: how many of `safe` the parser had taken when it was stopped. */
static bool push_whole(struct xml_stream *stream, const char *bytes, size_t safe, size_t *used)
{
	*used = 0;
	if (safe == 0)
		return true;
	if (stream->held.len) {
		if (!push(stream, stream->held.data, stream->held.len))
			return false;
		buf_clear(&stream->held);
		buf_shrink(&stream->held, HELD_KEEP);
	}
	size_t before = stream->parser_fed;
	bool going = push(stream, bytes, safe);

	*used = safe;
	if (!going && stream->stopped)
		*used = stream->stop_index > before ? stream->stop_index - before : 0;
	if (*used > safe)
		*used = safe;
	return going;
}

/* Keeps the stream header: the last token of what is held and the `safe` bytes. Before these are pushed. */
static void keep_header(struct xml_stream *stream, const char *bytes, size_t safe)
{
	size_t length = stream->lexer.token_bytes;
	size_t here = length < safe ? length : safe;
	size_t earlier = length - here;

	buf_clear(&stream->header);
	if (earlier && earlier <= stream->held.len)
		buf_append(&stream->header, stream->held.data + stream->held.len - earlier, earlier);
	buf_append(&stream->header, bytes + safe - here, here);
}

static int fail(const struct xml_stream *stream, const char **condition)
{
	*condition = stream->condition;
	return strcmp(stream->condition, "policy-violation") == 0 ? TP_ERR_LIMIT : TP_ERR_INVALID;
}

/* A stanza exceeds a limit. True: it is being skipped. */
static bool begin_skip(struct xml_stream *stream)
{
	if (!stream->skip_oversized || stream->header.len == 0 || stream->lexer.depth == 0) {
		stream->condition = "policy-violation";
		return false;
	}
	buf_clear(&stream->held);
	buf_shrink(&stream->held, HELD_KEEP);
	parser_new(stream); /* what was built of the stanza is freed now */
	stream->lexer.skipping = true;
	stream->skipped_bytes = 0;
	if (stream->handler->skipped)
		stream->handler->skipped(stream->context);
	return true;
}

/* What the lexer found; everything before it has been parsed. False: stream->condition is set. */
static bool act(struct xml_stream *stream, enum xml_lex_result result)
{
	switch (result) {
	case XML_LEX_MORE:
	case XML_LEX_HEADER:
		return true;
	case XML_LEX_STANZA:
		if (stream->lexer.depth == 0) {
			stream->condition = "not-well-formed";
			return false;
		}
		stream->lexer.skipping = false;
		parser_renew(stream);
		return true;
	case XML_LEX_LIMIT:
		return begin_skip(stream);
	case XML_LEX_RESTRICTED:
		stream->condition = "restricted-xml";
		return false;
	case XML_LEX_MALFORMED:
		break;
	}
	stream->condition = "not-well-formed";
	return false;
}

static void tell_senders(struct xml_stream *stream)
{
	struct xml_senders *senders = stream->lexer.senders;

	if (!senders || !senders->count)
		return;
	stream->foreseen(stream->foreseen_context, senders->values, senders->count);
	senders->count = 0;
}

static bool skip_more(struct xml_stream *stream, size_t count)
{
	stream->skipped_bytes += count;
	if (stream->skipped_bytes <= stream->lexer.limit * XML_STREAM_SKIP_FACTOR)
		return true;
	stream->condition = "policy-violation";
	return false;
}

int xml_stream_feed(struct xml_stream *stream, const char *bytes, size_t count, size_t *consumed,
		    const char **condition)
{
	size_t at = 0;

	*consumed = 0;
	while (at < count && !stream->stopped) {
		size_t scanned, safe, used;
		bool skipping = stream->lexer.skipping;
		enum xml_lex_result result =
			xml_lexer_scan(&stream->lexer, bytes + at, count - at, &scanned, &safe);

		tell_senders(stream);
		if (skipping) {
			if (!skip_more(stream, scanned))
				return fail(stream, condition);
		} else {
			if (result == XML_LEX_HEADER)
				keep_header(stream, bytes + at, safe);
			if (!push_whole(stream, bytes + at, safe, &used)) {
				*consumed = at + used;
				return stream->condition ? fail(stream, condition) : 0;
			}
			if (result == XML_LEX_MORE)
				buf_append(&stream->held, bytes + at + safe, scanned - safe);
		}
		if (!act(stream, result))
			return fail(stream, condition);
		at += scanned;
	}
	*consumed = at;
	return 0;
}
