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

/* One part by itself, after Nodeprep or Resourceprep. Appended; false (nothing appended) if the text is empty, too
 * long or holds what such a part may not. */
bool jid_prepare_node(struct buf *out, const char *node);
bool jid_prepare_resource(struct buf *out, const char *resource);

/* A legacy name as a node, and back. `escaping` is service.jid_escaping (and not disable_jid_escaping): then
 * contacts are XEP-0106, else as rooms are, always: the '@' becomes '%', the rest is XEP-0106 (room%server@gateway).
 * A name with several '@', or with a '%' behind it, is escaped as a whole. Decoding: a node without \40 turns its
 * last '%' into '@'; the rest is unescaped. */
void jid_from_contact(struct buf *out, const char *name, bool escaping);
void jid_from_room(struct buf *out, const char *room, bool escaping);
void jid_to_legacy(struct buf *out, const char *node);
/* Of a name that needs no more than lower case, and no escaping anywhere: its node, appended. False (nothing appended):
 * it is to be made by the two steps above. */
bool jid_from_plain_name(struct buf *out, const char *name);
