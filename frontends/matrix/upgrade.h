/* SPDX-License-Identifier: MIT */
/*
 * Rooms that were replaced (m.room.tombstone, specification v1.15, room upgrades): what was tied to the old
 * one is tied to the new one, if whoever says so may change the old one's state and the new one names it as its
 * predecessor: so nobody ties our rooms to any room of his. Of a chat it is the ghost that follows. A new room that it
 * may not enter is followed when an invitation comes. Then all of ours leave the old one.
 */
#pragma once

#include "frontends/matrix/matrix_room.h"

/* `sender` says that `replacement` replaces this room. */
void upgrade_follow(struct matrix_frontend *frontend, struct matrix_room *room, const char *sender,
                    const char *replacement);
/* We were invited to a room: if it replaces one of ours it is followed now. False: it does not. */
bool upgrade_invited(struct matrix_frontend *frontend, const char *room);
/* Whether this state (an array of events) is of a room that replaces `room`. */
bool upgrade_is_successor(const struct cJSON *state, const char *room);
