/* SPDX-License-Identifier: MIT */
/*
 * Messages on their way, in both directions: each is a record of the spool (spool/spool.h) from the moment it is
 * accepted until the other end has taken it. What is state and not a message (presence, participants, subjects that
 * a room tells) goes straight through the router.
 *
 * To the network: accepted from a person when there is a session or one is on its way; handed to the backend when
 * the user is connected and the room joined; done when the backend says so (extension), or when the kernel has
 * taken its frame. What will not arrive goes back to the client that sent it (frontend_ops.undelivered).
 * To people: one record for each identity that is to see it; shown when its frontend can; done when the frontend has
 * confirmed as often as deliver promised.
 *
 * Order is kept within a conversation: a message never overtakes one that waits before it.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "protocol/event.h"

struct backend;
struct conversation;
struct frontend;
struct identity;
struct resource;
struct room;
struct transport;
struct user;

/* A number for an event, under which the log has its whole way. None comes again as long as the spool is the same,
 * also after a start. */
uint64_t delivery_next_trace(struct transport *transport);
/*
 * MESSAGE, SUBJECT, ATTENTION, MODERATION or ROOM_CHANGE of a person, names and ids as the network knows them.
 * 0: accepted. TP_ERR_NOT_CONNECTED: there is no session and none is on its way; TP_ERR_LIMIT: too much waits already,
 * or the disk is full.
 */
int delivery_to_network(struct user *user, struct resource *from, const struct event *event);
/* HANDOVER of a backend. Numbers of users that are not its own are refused. */
void delivery_answered(struct backend *backend, const struct event_handover *answer);
/* The kernel has the frame with this number; for backends that do not answer. */
void delivery_written(struct backend *backend, uint64_t number);
/* The user is connected, or the backend takes more again: what waits is handed on. */
void delivery_user_ready(struct user *user);
/* The same for what waits for this room. */
void delivery_room_joined(struct room *room);
/* The session is interrupted: what was handed and not answered waits for the next one. */
void delivery_user_lost(struct user *user);
/* The session is over and nobody tries again: what waits goes back to its senders. `text` may be NULL. */
void delivery_user_gone(struct user *user, const char *text);
/* The user is being freed, after all of these. */
void delivery_user_freed(struct user *user);
/* The room is about to go: what waits for it goes back to its senders, what waits for people in it is forgotten, unless
 * they will be back (session_detach_for_now). `text` may be NULL. */
void delivery_room_gone(struct room *room, const char *text);
/* After a restart: what was said in rooms and may come back as an echo is remembered again. */
void delivery_expect_echoes(struct user *user);

/* MESSAGE, ATTENTION or RECEIPT of the network, as people are to see it: to those in `room`, or to all
 * addresses; at the one that speaks with the contact in `conversation` to the client that wrote last. A RECEIPT goes to
 * that address alone. network_id: what
 * the network calls it if it must not come twice; NULL. */
void delivery_to_people(struct user *user, struct room *room, const struct conversation *conversation,
			const struct event *event, const char *network_id);
/* By frontends: one of the confirmations that deliver or undelivered promised for event->handover. */
void delivery_shown(struct transport *transport, uint64_t number);
/* By frontends: it will not be shown, as the connection was lost; it is delivered again when there is another. */
void delivery_not_shown(struct transport *transport, uint64_t number);
/* By frontends: their server will never take it. It is kept for administrators to see, and holds up nothing. */
void delivery_refused(struct transport *transport, uint64_t number, const char *reason);
/* By frontends: what `server` has told makes no sense, and cannot come again: a dead letter, in the name of the server,
 * for an administrator to look at. `bytes`: as it came; what is too long is cut. Bounded like other dead letters. */
void delivery_keep_nonsense(struct frontend *frontend, const char *server, const char *bytes, size_t length,
			    const char *reason);
/* By frontends whose server names messages itself: where the messages of a conversation (`room`: a room) have their
 * names (message_map.h), on the people's side and on the network's. Into the two, which are cleared. Tie the two ids
 * before delivery_shown. The identity is ready. */
void delivery_places(const struct identity *identity, const char *conversation, bool room, struct buf *people,
		     struct buf *network);
/* The frontend can show things (again). Not from inside deliver. */
void delivery_frontend_ready(struct frontend *frontend);
/* Somebody of this identity is there (again). */
void delivery_identity_ready(struct identity *identity);
/* The address is about to leave its account: what waits for it is nobody's. */
void delivery_identity_unlinked(struct identity *identity);
/* A client has come into the room, and has been shown the participants: what was said while nobody was there
 * follows. */
void delivery_room_entered(struct room *room, struct resource *resource);

/* Periodically: what has waited too long. */
void delivery_expire(struct transport *transport);
/* For administrators: a record goes back to its sender, or is dropped, or a dead letter is tried again. 0 or
 * TP_ERR_NOT_FOUND. */
int delivery_bounce(struct transport *transport, uint64_t number);
int delivery_drop(struct transport *transport, uint64_t number);
int delivery_retry(struct transport *transport, uint64_t number);
