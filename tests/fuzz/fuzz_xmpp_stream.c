/* SPDX-License-Identifier: MIT */
/*
 * What a peer can send on an XMPP stream, behind a stream header: once as a whole and once in pieces, which must
 * come out the same. The first byte chooses the size of the pieces and whether stanzas above the limits are skipped.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "frontends/xmpp/stream/stanza.h"

#define HEADER                                                                                          \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
#define STANZA_LIMIT 4096

struct outcome {
	uint64_t hash;
	unsigned stanzas;
	int err;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct outcome *outcome, const char *text)
{
	for (; text && *text; text++)
		outcome->hash = (outcome->hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	outcome->hash = (outcome->hash + (text != NULL)) * UINT64_C(1099511628211);
}

static void on_message(void *context, const struct message_stanza *message)
{
	struct outcome *outcome = context;

	outcome->stanzas++;
	add(outcome, message->from);
	add(outcome, message->id);
	add(outcome, message->type);
	add(outcome, message->body);
	add(outcome, message->subject);
	add(outcome, message->xhtml);
	add(outcome, message->oob_url);
	add(outcome, message->muc_invite_reason);
	add(outcome, message->replaces);
	add(outcome, message->retracts);
	add(outcome, message->reply_to);
	add(outcome, message->reply_jid);
	add(outcome, message->displayed);
	add(outcome, message->reacts_to);
	for (size_t i = 0; i < message->reactions_count; i++)
		add(outcome, message->reactions[i]);
	outcome->hash += message->fallback_start + 3 * message->fallback_end + message->reply_fallback;
}

static void on_presence(void *context, const struct presence_stanza *presence)
{
	struct outcome *outcome = context;

	outcome->stanzas++;
	add(outcome, presence->show);
	add(outcome, presence->status);
	add(outcome, presence->photo_hash);
	add(outcome, presence->muc_password);
	add(outcome, presence->error_condition);
	outcome->hash += (unsigned)presence->priority;
}

static void on_tree(void *context, xmpp_stanza_t *tree)
{
	struct outcome *outcome = context;
	char *text = NULL;
	size_t length;

	outcome->stanzas++;
	if (xmpp_stanza_to_text(tree, &text, &length) != XMPP_EOK)
		return;
	/* Attributes come in the order of a hash table: only the length is the same. */
	outcome->hash += length;
	xmpp_free(xmpp_stanza_get_context(tree), text);
}

static void on_stream_start(void *context, const char **attributes)
{
	(void)context;
	(void)attributes;
}

static void on_stream_end(void *context)
{
	struct outcome *outcome = context;

	outcome->stanzas++;
}

static void on_rejected(void *context, const struct rejected_stanza *stanza)
{
	struct outcome *outcome = context;

	outcome->stanzas += 1000;
	add(outcome, stanza->kind);
	add(outcome, stanza->from);
}

/* What is foreseen lies in what was fed. */
static void on_foreseen(void *context, const struct map_key *senders, size_t count)
{
	const char *bytes = context;

	for (size_t i = 0; i < count; i++)
		if (senders[i].text < bytes || senders[i].text[-1] != senders[i].text[senders[i].length])
			abort(); /* the same quotation mark on both sides */
}

static const struct stanza_handler handler = {
	.message = on_message,
	.presence = on_presence,
	.iq = on_tree,
	.other = on_tree,
	.stream_start = on_stream_start,
	.stream_end = on_stream_end,
	.rejected = on_rejected,
};

static struct outcome run(xmpp_ctx_t *strophe, const uint8_t *data, size_t size, size_t piece, bool skip)
{
	struct outcome outcome = {0};
	struct stanza_reader *reader = stanza_reader_create(strophe, &handler, &outcome);
	struct xml_stream *stream = xml_stream_create(&stanza_reader_xml, reader, STANZA_LIMIT);
	const char *condition;
	size_t consumed;

	xml_stream_skip_oversized(stream, skip);
	if (skip) /* a component's, which also looks ahead */
		xml_stream_foresee(stream, on_foreseen, (void *)data);
	outcome.err = xml_stream_feed(stream, HEADER, sizeof(HEADER) - 1, &consumed, &condition);
	for (size_t at = 0; at < size && outcome.err == 0; at += piece) {
		size_t count = size - at < piece ? size - at : piece;

		outcome.err = xml_stream_feed(stream, (const char *)data + at, count, &consumed, &condition);
	}
	xml_stream_destroy(&stream);
	stanza_reader_destroy(&reader);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static xmpp_ctx_t *strophe; /* keeps nothing of a stream */
	struct outcome whole, pieces;

	if (size < 2)
		return 0;
	if (!strophe)
		strophe = xmpp_ctx_new(NULL, NULL);
	whole = run(strophe, data + 1, size - 1, size, data[0] & 1);
	pieces = run(strophe, data + 1, size - 1, 1 + data[0] / 2, data[0] & 1);
	if (whole.err != pieces.err || whole.stanzas != pieces.stanzas || whole.hash != pieces.hash)
		abort();
	return 0;
}
