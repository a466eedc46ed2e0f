/* SPDX-License-Identifier: MIT */
/*
 * An XMPP stream's parser (RFC 6120 section 4): expat, namespace-aware, with everything bounded before it is built:
 * bytes of one stanza (an unfinished token included), depth, attributes of one element. Forbidden by RFC 6120
 * section 11.1 and refused with restricted-xml: comments, processing instructions, DTDs, entities other than the
 * five. Partial tags are not held back (XML_SetReparseDeferralEnabled).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"

struct xml_stream;

/* An element's name as it comes: local name and namespace ("" none), both borrowed for the call. Attributes: name
 * (of a namespaced attribute: "ns|local"), value, ..., NULL. */
struct xml_handler {
	/* depth 0: the stream header. */
	void (*start)(void *context, unsigned depth, const char *ns, const char *name, const char **attributes);
	/* depth 1: a stanza is complete. depth 0: </stream:stream>. */
	void (*end)(void *context, unsigned depth, const char *ns, const char *name);
	void (*text)(void *context, unsigned depth, const char *text, size_t length); /* depth of the element it is in */
	/* Optional; see xml_stream_skip_oversized. What was begun of the stanza is to be forgotten. */
	void (*skipped)(void *context);
};

struct xml_stream *xml_stream_create(const struct xml_handler *handler, void *context, size_t stanza_limit);
void xml_stream_destroy(struct xml_stream **stream);
void xml_stream_set_limit(struct xml_stream *stream, size_t stanza_limit);
/*
 * A stanza above a limit is left out (handler->skipped) instead of ending the stream, so that no stranger can cut a
 * stream that is shared with others. It may be XML_STREAM_SKIP_FACTOR limits long; nothing of it is kept meanwhile.
 */
#define XML_STREAM_SKIP_FACTOR 8
void xml_stream_skip_oversized(struct xml_stream *stream, bool skip);
/*
 * For who can make use of knowing whose stanzas are about to be parsed: `foreseen` is called before they are, with the
 * values of their "from" as they stand there, unchecked and perhaps not of all; they are gone when it returns. It does
 * nothing to the stream. Once, before anything is fed.
 */
void xml_stream_foresee(struct xml_stream *stream,
			void (*foreseen)(void *context, const struct map_key *senders, size_t count), void *context);
/* A new document begins (stream restart after STARTTLS and SASL). Not from inside a handler: use xml_stream_stop
 * there. */
void xml_stream_reset(struct xml_stream *stream);
/* Between two stanzas: the header was read, and nothing of a stanza has been. */
bool xml_stream_is_between(const struct xml_stream *stream);
/* From a handler: parse no further; xml_stream_feed returns 0 and *consumed of it. */
void xml_stream_stop(struct xml_stream *stream);

/*
 * 0, or TP_ERR_INVALID / TP_ERR_LIMIT: the stream cannot go on; *condition is then the stream error to send
 * ("not-well-formed", "restricted-xml", "policy-violation", "invalid-namespace", "bad-format"). After an error only
 * destroy or reset is allowed. After </stream:stream> or a stop nothing is consumed any more until a reset.
 */
int xml_stream_feed(struct xml_stream *stream, const char *bytes, size_t count, size_t *consumed,
		    const char **condition);
