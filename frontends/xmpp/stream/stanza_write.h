/* SPDX-License-Identifier: MIT */
/*
 * A stanza that was read into a tree, as text for another stream. The namespace of the stream that it came by
 * (client, component or server) is not written: the text belongs into a stream of any of these. Attributes of
 * foreign namespaces are lost, as trees do not have them.
 */
#pragma once

#include <strophe.h>

#include "base/buf.h"

/* Appended. `from` and `to` take the place of the stanza's own; NULL: none is written. */
void stanza_write(struct buf *out, xmpp_stanza_t *stanza, const char *from, const char *to);
/* The same for text that stanza_write has written without addresses: appended with these. */
void stanza_address(struct buf *out, const char *text, size_t length, const char *from, const char *to);
