/* SPDX-License-Identifier: MIT */
/*
 * Rooms that were replaced (m.room.tombstone, specification v1.15, room upgrades): what was tied to the old
 * one is tied to the new one, if that names the old one as its predecessor. Who may send a tombstone the
 * homeserver has decided; that the other end agrees keeps somebody from tying our rooms to any room of his.
 */
#pragma once

#include "frontends/matrix/matrix_room.h"

void upgrade_follow(struct matrix_frontend *frontend, struct matrix_room *room, const char *replacement);
/* We were invited to a room: if it replaces one of ours it is followed now. False: it does not. */
bool upgrade_invited(struct matrix_frontend *frontend, const char *room);
/* Whether this state (an array of events) is of a room that replaces `room`. */
bool upgrade_is_successor(const struct cJSON *state, const char *room);
