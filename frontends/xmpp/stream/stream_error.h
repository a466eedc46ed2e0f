/* SPDX-License-Identifier: MIT */
/* Stream errors (RFC 6120 section 4.9) and the stanza error for what was left out. */
#pragma once

#include <stdbool.h>
#include <strophe.h>

#include "base/buf.h"
#include "frontends/xmpp/stream/stanza.h"

#define STREAM_NS "http://etherx.jabber.org/streams"

/* <stream:error/> and </stream:stream>; text may be NULL. */
void stream_error_write(struct buf *out, const char *condition, const char *text);
bool stream_error_is(xmpp_stanza_t *element);
/* The condition, never NULL; *text is NULL if the peer gave none. Both belong to the element. */
const char *stream_error_read(xmpp_stanza_t *error, const char **text);
/* The answer to a stanza that was refused. False: this kind gets none. */
bool stanza_error_write(struct buf *out, const struct rejected_stanza *stanza, const char *condition);
