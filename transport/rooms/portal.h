/* SPDX-License-Identifier: MIT */
/*
 * A portal: one frontend's shared view of a legacy room that several of its people are in (architecture:
 * portal). Each of them has a connection of his own to the network, so what is said there arrives once for
 * each. One connection, the listener, is shown; the others' copies are matched with what it showed, by the
 * network's message id, else as the n-th time that this person said this within a minute. A copy that the
 * listener does not bring within LIMIT_PORTAL_HOLD_SECONDS (it is on the other side of a netsplit) is shown
 * after all; when the listener goes, the next one begins with what had not been shown. What the listener shows
 * of somebody comes behind what others have heard before that of the same person: networks keep the order of one
 * person's words, so that the listener has missed those.
 *
 * What one of the people of any portal of this room says is shown by his frontend itself, and in the other places
 * by crossing.h; its echoes, on every connection, are dropped.
 *
 * Only for frontends with ops->shares_rooms. Loop thread.
 */
#pragma once

#include <stdbool.h>

#include "protocol/event.h"

struct frontend;
struct identity;
struct room;
struct transport;

/* Something about who is in this room, or whether it is joined, has changed. Cheap where no frontend shares
 * rooms. */
void portal_update(struct room *room);
/* Its own nickname has changed. */
void portal_renamed(const struct room *room);
/* The room is about to be freed. */
void portal_forget_room(struct room *room);
/*
 * A message of the room, about to be put on record for this identity, whose frontend shares rooms. True: go
 * on. False: it is not to be shown now, by this one; delivery_accept_for is called if that changes.
 */
bool portal_admits(struct identity *identity, struct room *room, const struct event *event,
                   const char *network_id);
/* Whether one of the people in the portal has this nickname there. */
bool portal_has_nickname(const struct frontend *frontend, const char *name, const char *nickname);
/* Whose nickname that is there; NULL: of nobody in the portal. */
const struct identity *portal_person(const struct frontend *frontend, const char *name, const char *nickname);
/* All people of portals of the room with this name, and their nicknames there. */
void portal_each_person(const struct transport *transport, const char *name,
                        void (*each)(void *context, const struct identity *identity, const char *nickname),
                        void *context);
/* The connection that is shown, of the room with this name; NULL: none now. */
struct room *portal_listener(const struct frontend *frontend, const char *name);
/* Whether the listener is this identity's: only what that one sees is shown, or it would come once for each person in
 * the portal. */
bool portal_is_listener(const struct identity *identity, const char *name);
/* Who is to be given what comes from elsewhere than the network for this portal: the listener, or if there is none now,
 * any of the frontend's people with the room. False: nobody. */
bool portal_exit(const struct frontend *frontend, const char *name, struct identity **identity, struct room **room);
/* The account whose connection was shown by the process before this one, where it is not back yet. To be freed;
 * NULL. */
char *portal_awaited(const struct frontend *frontend, const char *name);
/* For transport.c. */
void portal_forget_all(struct transport *transport);
