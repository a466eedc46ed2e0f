/* SPDX-License-Identifier: MIT */
/* Messages between people and contacts or the gateway. message.c: from people; message_show.c: to people. */
#pragma once

#include "frontends/xmpp/address.h"

void message_handle(struct xmpp_frontend *frontend, const struct message_stanza *message);
/* Text, xhtml, id and so on of a stanza into an event. False: there is nothing to say in it. The event
 * borrows from the stanza and from *xhtml. */
bool message_fill(struct xmpp_frontend *frontend, const struct message_stanza *message,
                  struct event_message *event, struct buf *xhtml);
/* The client has shown everything up to this message. */
void message_read(struct resource *resource, const char *name, const char *id);
/* Tells somebody without a live session why nothing can be done: not registered, or not logged in. kind
 * "message" or "iq"; the answer comes when the store has been asked. */
void refuse_without_session(struct xmpp_frontend *frontend, const struct route *route, const char *kind,
                            const char *id);

/* The stanzas of one message; from and to as they are to be. */
void message_send(struct xmpp_frontend *frontend, const char *from, const char *to, const char *type,
                  const struct event_message *message);
void write_delay(struct xmpp_frontend *frontend, struct xml_writer *writer,
                 int64_t stamp_ms); /* 0: nothing */
void message_show(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                  const struct event_message *message);
/* An error to the client of this address that sent a message which will not arrive. */
const struct stanza_error *message_bounce_condition(enum undelivered_reason reason);
void message_bounce(struct xmpp_frontend *frontend, const char *address,
                    const struct event_undelivered *undelivered);
void message_show_attention(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                            const struct event_message *message);
void message_show_receipt(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                          const struct event_receipt *receipt);
void message_show_chat_state(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                             const struct event_chat_state *state);
void message_show_read_marker(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                              const struct event_read_marker *marker);
/* The stanza of a read marker (XEP-0333). */
void message_write_read_marker(struct xml_writer *writer, const char *from, const char *to, const char *type,
                               const char *id);
/* The stanza of a chat state (XEP-0085). */
void message_write_chat_state(struct xml_writer *writer, const char *from, const char *to, const char *type,
                              enum chat_state state);
/* A client's chat state to a contact or room. */
void message_tell_chat_state(struct resource *resource, const char *name, const char *state);
/* A text from the gateway itself. */
void message_notify(struct xmpp_frontend *frontend, const char *to, const char *text);
