/* SPDX-License-Identifier: MIT */
/*
 * Stanzas as they are, both ways: for backends whose network is XMPP itself (features.rawxml). What the core
 * understands of a stanza goes through it as any event, with the stanza beside it (event->raw), so that
 * rooms, contacts and conversations are known as for other networks; what has no words there is
 * EVENT_RAW_XML.
 *
 * Raw: messages to contacts, rooms and their participants; presence to these, but for subscriptions; all IQs
 * to them but rosters, registration and statistics. Not raw: what is for the gateway itself, contacts being
 * added and removed (BUDDY_CHANGED, BUDDY_REMOVED), the person's own status and card.
 */
#pragma once

#include "frontends/xmpp/address.h"
#include "frontends/xmpp/iq.h"

bool raw_is_on(const struct xmpp_frontend *frontend);

/* raw_send.c: from people */

struct raw_out {
	struct event_raw raw;
	struct buf name, text;
};
/* The stanza for the backend: `from` begins with the account's key, `to` is the network's. NULL where raw is
 * off. To be finished in either case. */
const struct event_raw *raw_out_fill(struct raw_out *out, struct xmpp_frontend *frontend,
                                     const struct route *route, const struct resource *resource,
                                     enum raw_kind kind, xmpp_stanza_t *tree);
void raw_out_finish(struct raw_out *out);

/* Each is for stanzas to contacts, rooms and participants, with raw on. */
void raw_message(struct xmpp_frontend *frontend, const struct route *route,
                 const struct message_stanza *message);
void raw_presence(struct xmpp_frontend *frontend, const struct route *route,
                  const struct presence_stanza *presence);
void raw_answer(struct xmpp_frontend *frontend, const struct route *route, xmpp_stanza_t *iq);
/* False: this gateway answers such a request itself. */
bool raw_request(const struct iq_request *request, xmpp_stanza_t *iq);
/* The client goes without a word: its rooms must hear of it. May use the core. */
void raw_leave_rooms(struct xmpp_frontend *frontend, struct resource *resource);

/* raw_read.c: frontend_ops.read_raw */

struct raw_reader;
int raw_read(struct frontend *frontend, const char *bytes, size_t length, const struct raw_sink *sink,
             void *context, const char **fault);
void raw_reader_destroy(struct raw_reader **reader);

/* raw_show.c: to people. event->raw is set. */

void raw_show(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
              const struct event *event);
void raw_show_in_room(struct xmpp_frontend *frontend, struct resource *to, const struct event *event);
/* EVENT_RAW_XML */
void raw_show_other(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                    const struct event *event);
/* EVENT_CONTACT, with event->raw or without. */
void raw_show_contact(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                      const struct event *event);
/* identity NULL: there is no session. */
void raw_answer_probe(struct xmpp_frontend *frontend, const struct identity *identity, const char *to,
                      const char *name);

/* raw_contact.c: the presences of a contact's clients, for clients of ours that come later */

/* For every identity of the user here; text NULL: that client is gone. */
void raw_contact_note(struct xmpp_frontend *frontend, const struct user *user, const char *name,
                      const char *resource, const char *text, size_t length);
/* resource -> presence without addresses (char *), of one contact; NULL: none. */
const struct map *raw_contact_presences(const struct identity *identity, const char *name);
void raw_contact_forget(struct identity *identity, const char *name);
void raw_contacts_forget(struct identity *identity);
/* Of any identity of the user: whether a client other than this one is there. */
bool raw_contact_has_other(struct xmpp_frontend *frontend, const struct user *user, const char *name,
                           const char *resource);

/* raw_query.c: who asked what. Remembered by account and id. */

struct raw_query {
	char *key;
	char *address, *resource; /* the client */
	char *asked;              /* the JID that it asked, in the client's spelling */
	char *id;
	uint64_t deadline;
	struct list link;     /* frontend->raw_queries_due, oldest first */
	struct list own_link; /* xmpp_identity.raw_queries */
};
/* NULL, or why not: no more than LIMIT_XMPP_QUERIES are under way, LIMIT_XMPP_QUERIES_EACH of one person; or
 * one with this id is, of another client or to somebody else. */
const struct stanza_error *raw_query_open(const struct iq_request *request, struct resource *resource);
struct raw_query *raw_query_find(struct xmpp_frontend *frontend, const struct identity *identity,
                                 const char *id);
void raw_query_close(struct xmpp_frontend *frontend, struct raw_query *query);
/* Answers those that took LIMIT_XMPP_QUERY_SECONDS with an error. */
void raw_queries_expire(struct xmpp_frontend *frontend);
void raw_queries_forget(struct xmpp_frontend *frontend, struct identity *identity);
