/* SPDX-License-Identifier: MIT */
/*
 * Rooms that were replaced (m.room.tombstone, specification v1.15, room upgrades): what was tied to the old
 * one is tied to the new one, if whoever says so may change the old one's state and the new one names it as its
 * predecessor: so nobody ties our rooms to any room of his. Of a chat it is the ghost that follows. A new room that it
 * may not enter is followed when an invitation comes. Then all of ours leave the old one.
 *
 * Homeservers close the old room at once. What the network says meanwhile waits for the new one, and what people have
 * said there before it was tied is read back from its beginning, as far as it may be read.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

struct event;
struct identity;

/* `sender` says that `replacement` replaces this room. */
void upgrade_follow(struct matrix_frontend *frontend, struct matrix_room *room, const char *sender,
                    const char *replacement);
/* We were invited to a room: if it replaces one of ours it is followed now. False: it does not. */
bool upgrade_invited(struct matrix_frontend *frontend, const char *room);
/* Those that the process before was about to follow. */
void upgrades_recover(struct matrix_frontend *frontend);
/* The homeserver does not let one of ours speak in this room. True: it is replaced, or was just now: what was to be
 * said is to be shown again (delivery_not_shown), and will be when the new room is tied. */
bool upgrade_refused(struct matrix_frontend *frontend, const char *room);
/* Whether a message for one of these rooms has to wait for that. */
bool upgrade_is_under_way(struct matrix_frontend *frontend, const struct identity *to, const struct event *event);
/* Whether this state (an array of events) is of a room that replaces `room`. */
bool upgrade_is_successor(const struct cJSON *state, const char *room);
