/* SPDX-License-Identifier: MIT */
/*
 * A space for each person (specification v1.15, m.space): his chats, and the portals that he is in. Made by the
 * bot when the first of them comes, and kept as a place; what is in it is read from the homeserver once a process.
 * A chat names its space as its parent; a portal, which many people's spaces have, names none. A person's space is
 * his own to change. Off with matrix.spaces = 0: then spaces that exist stay as they are.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

/* This chat or portal belongs into the space of `owner`, or does not any more. Cheap if that is known. */
void space_add(struct matrix_frontend *frontend, const char *owner, const struct matrix_room *room);
void space_remove(struct matrix_frontend *frontend, const char *owner, const char *room);
/* Invites the person to it; made if there is none. False: there are no spaces here. */
bool space_offer(struct matrix_frontend *frontend, const char *owner);
/* A stored place; or the place is forgotten (`id` NULL). */
void space_known(struct matrix_frontend *frontend, const char *owner, const char *id);
/* What the process before was making (matrix_recovered for each of frontend->recovering), and had not told yet. */
void spaces_recover(struct matrix_frontend *frontend);
void spaces_free(struct matrix_frontend *frontend);
