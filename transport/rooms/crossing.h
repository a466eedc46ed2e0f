/* SPDX-License-Identifier: MIT */
/*
 * From one place to the others that are tied to the same legacy room (architecture: portal): a Matrix room, a Slack
 * channel, two Matrix rooms. What somebody says in one of them goes to the network by his own connection, or the
 * relay's, and to the other places straight from here: with its true author, its formatting and what it refers to,
 * whatever the network could carry of it. There it is kept in the spool like anything else, for the listener of that
 * frontend's portal (portal.h). Its echoes from the network are dropped by all portals (portal_admits). Somebody else's
 * words it does not change there (crossing_author.h): such an edit is said in words, "* text".
 *
 * The author's id gets the frontend's name in front ("slack:T1/U1"). The event's id is what the frontend calls it
 * where it was said; references_translate knows how these lead to the other places' names. Loop thread.
 */
#pragma once

#include "protocol/event.h"

struct identity;
struct resource;
struct room;

/* A room message of this client was taken (0 from delivery_to_network). */
void crossing_of_person(struct resource *from, struct room *room, const struct event *event);
/* The network has brought what the person of this identity said in the room elsewhere (carbon), as the portal of the
 * identity's frontend was told. */
void crossing_of_carbon(struct identity *identity, struct room *room, const struct event *event,
			const char *network_id);
