/* SPDX-License-Identifier: MIT */
/*
 * The display name and avatar of one of our people as the card that the network has of him. Only what he changes while
 * he is here is told: a card that was made on the network is not replaced by a login. Whether names are (nickname.h),
 * and with them cards, is the setting display_name. A card has a picture, or says that there is none: so a new name is
 * told together with the avatar, and not of somebody without one, whose picture on the network would go.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

struct matrix_event;

/* m.room.member by the person himself: it comes once for each room that he is in. */
void profile_changed(struct matrix_frontend *frontend, const struct matrix_event *event);
/* matrix_later: the session is up, which was not when something changed. */
void profile_follow(struct matrix_frontend *frontend, const char *id, const char *unused);
