/* SPDX-License-Identifier: MIT */
/*
 * JIDs (RFC 7622), and legacy names inside them: XEP-0106 escaping, or Spectrum's `%` for the last `@`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define JID_PART_MAX 1023

struct jid {
	char node[JID_PART_MAX + 1];     /* "" none; lower case as Nodeprep does it */
	char domain[JID_PART_MAX + 1];   /* lower case */
	char resource[JID_PART_MAX + 1]; /* "" none */
};

/* Parses and normalises (Stringprep profiles by libidn; ASCII fast path). 0 or TP_ERR_INVALID. */
int jid_parse(struct jid *jid, const char *text);
void jid_bare(const struct jid *jid, struct buf *out);
void jid_full(const struct jid *jid, struct buf *out);
/* bare form of a text that is a valid JID: up to the '/'. */
size_t jid_bare_length(const char *text);

/* XEP-0106, appended. Injective for names that fit. */
void jid_escape(struct buf *out, const char *name);
void jid_unescape(struct buf *out, const char *node);

/* A legacy name as a node, and back. `escaping` is service.jid_escaping (and not disable_jid_escaping): then
 * contacts are XEP-0106; otherwise the last '@' becomes '%'. Rooms always use '%' for the last '@' and XEP-0106
 * for the rest (wire facts: room%server@gateway). Decoding: a node without escapes turns its last '%' into '@';
 * otherwise it is unescaped. */
void jid_from_contact(struct buf *out, const char *name, bool escaping);
void jid_from_room(struct buf *out, const char *room, bool escaping);
void jid_to_legacy(struct buf *out, const char *node);
