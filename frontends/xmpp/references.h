/* SPDX-License-Identifier: MIT */
/*
 * What refers to other messages: correction (XEP-0308), retraction (XEP-0424), reply (XEP-0461, quoted as
 * XEP-0428 says), reactions (XEP-0444), thread (XEP-0201), and who really says it. Messages of the network
 * are shown under the network's ids, so that what people refer to means the same there.
 */
#pragma once

#include "frontends/xmpp/address.h"

#define NS_REPLY "urn:xmpp:reply:0"
#define NS_REACTIONS "urn:xmpp:reactions:0"
#define NS_RETRACT "urn:xmpp:message-retract:1"
#define NS_CORRECT "urn:xmpp:message-correct:0"
#define NS_FALLBACK "urn:xmpp:fallback:0"
#define NS_MARKERS "urn:xmpp:chat-markers:0"
#define NS_STANZA_ID "urn:xmpp:sid:0"

/* From a person's stanza into an event whose text is set: what it refers to; of a reply the quotation is
 * taken out of the text. True: it says something even without a text. New texts live in frontend->texts. */
bool references_read(struct xmpp_frontend *frontend, const struct message_stanza *message,
                     struct event_message *event);

/* What is put before the text so that clients which know none of this show it readably; the caller clears
 * `out` before. How many characters of it belong to a quotation, which other clients take off. */
size_t references_preface(struct buf *out, const struct event_message *message);
/* Into an open <message/> of type `type` from `from`. `quoted`: what references_preface said. */
void references_write(struct xml_writer *writer, const char *from, const char *type,
                      const struct event_message *message, size_t quoted);
