/* SPDX-License-Identifier: MIT */
/*
 * The two entries. The router is the only file that knows users, rosters, rooms, conversations, frontends and
 * backends at once; what each event does is one function here.
 */
#pragma once

#include "protocol/event.h"

struct backend;
struct frontend;
struct identity;
struct resource;
struct transport;
struct user;

/*
 * A person did something. event->user is ignored: the identity decides. Taken:
 *  MESSAGE, SUBJECT, ATTENTION, CHAT_STATE
 *                   a message may correct, retract, answer or react to another, named by the id that this identity
 *                   knows it by; a network that has none of that gets it as text
 *  MODERATION, ROOM_CHANGE
 *                   in a room that the resource is in; what the network refuses comes back as undelivered
 *  READ_MARKER      all up to this message was read; name is a contact, or a room that the resource is in
 *  CONTACT          add or change (alias, groups), or accept a request; the core stores it and tells the backend
 *  CONTACT_REMOVED  remove, or refuse a request
 *  ROOM_JOIN        works before login as well: remembered and sent when connected. A second resource is given
 *                   the participants and the subject at once. Another nickname in a joined room asks for a change.
 *  ROOM_LEAVE       this resource leaves; the backend is told when it was the last. Nothing is delivered for
 *                   it: the frontend confirms.
 *  VCARD_REQUEST    vcard.id is the frontend's own: the answer is a VCARD with that id to this resource
 *  VCARD            the user's own card
 *  RAW_XML          event->raw: a stanza that none of these says, for backends with features.rawxml. To them any of
 *                   MESSAGE, SUBJECT, ROOM_JOIN and ROOM_LEAVE may come with event->raw, and is checked and remembered
 *                   here as without it
 * 0, or the reason why it was not taken, for the frontend to tell: TP_ERR_NOT_CONNECTED (no legacy session now),
 * TP_ERR_NOT_FOUND (not in that room, no such contact), TP_ERR_UNSUPPORTED, TP_ERR_LIMIT (queues are full),
 * TP_ERR_INVALID (empty or overlong name).
 */
int router_from_frontend(struct resource *from, const struct event *event);

/*
 * A backend sent an event, which is changed on its way: a copy of so large a structure would cost more than most
 * events. It is refused (counted and logged) unless event->user is bound to this backend.
 * PING, PONG, STATS, BACKEND_CONFIG, QUERY and ROOM_LIST without user are handled before, by the connection.
 */
void router_from_backend(struct backend *backend, struct event *event);

/* The user no longer is on this backend: what it still sends for a while is late, not forged. For user.c. */
void router_note_departed(struct user *user);
/* Forgets whom it need not remember any longer. */
void router_expire_departed(struct transport *transport, uint64_t now_ms);

/* To one identity, or one resource of it. Nothing is shown while the instance stops: frontends have said goodbye. */
int router_deliver_to(struct identity *identity, struct resource *only, const struct event *event); /* as deliver */
/* To every identity of the user and all its resources (only NULL). For user.c, roster.c, room.c. */
void router_deliver(struct user *user, struct resource *only, const struct event *event);
/* To every resource that has presence (contact presences). */
void router_deliver_present(struct user *user, const struct event *event);
