/* SPDX-License-Identifier: MIT */
/* Presence of people towards the gateway and its contacts, and of these towards people. */
#pragma once

#include "frontends/xmpp/address.h"

void presence_handle(struct xmpp_frontend *frontend, const struct presence_stanza *presence);
/* Server mode: a client's stream ended. */
void presence_client_gone(struct xmpp_frontend *frontend, const struct route *route);
/* EVENT_SESSION. */
void presence_show_session(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                           const struct event_session *session);
/* The instance stops: the gateway and everything behind it goes offline for everybody. */
void presence_say_goodbye(struct xmpp_frontend *frontend);

/* contact_presence.c */
struct contact;
void write_status(struct xml_writer *writer, enum status status, const char *text);
void write_caps(struct xmpp_frontend *frontend, struct xml_writer *writer);
void write_photo(struct xml_writer *writer, const char *icon_hash);
const char *status_show(enum status status); /* NULL: none is written */
/* EVENT_CONTACT: to the one resource, or to each that has presence. */
void contact_presence_show(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                           const struct event_contact *contact);
void contact_presence_send(struct xmpp_frontend *frontend, const char *to, const struct contact *contact);
/* EVENT_AUTH_REQUEST, and the fallback of a roster that we may not change: the contact asks to be subscribed
 * to. */
void contact_presence_ask(struct xmpp_frontend *frontend, struct identity *to,
                          const struct event_contact *contact);
/* A presence of a type ("subscribe" ...) without content. nick may be NULL (XEP-0172). */
void presence_send_type(struct xmpp_frontend *frontend, const char *from, const char *to, const char *type,
                        const char *nick);
/* A presence of any kind to a contact (not to a room). */
void contact_presence_handle(struct xmpp_frontend *frontend, const struct route *route,
                             const struct presence_stanza *presence);
