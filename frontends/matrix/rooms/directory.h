/* SPDX-License-Identifier: MIT */
/*
 * The network as clients browse it (Application Service API v1.15, third-party lookups): what it is, the alias of a
 * room's portal, the ghost of a name, and back. Rooms are found by their whole name, whether they are there or not, and
 * by a part of it among those that the network lists; people by their whole name.
 */
#pragma once

#include "base/buf.h"
#include "frontends/matrix/matrix.h"

/* Fields of a room, and of a person. */
#define DIRECTORY_ROOM "channel"
#define DIRECTORY_PERSON "nickname"

/* The protocol's description, appended. False: it is not ours. */
bool directory_protocol(const struct matrix_frontend *frontend, const char *protocol, struct buf *json);
/* Arrays, appended; up to LIMIT_MATRIX_FOUND rooms. `protocol` NULL: by `id`, an alias or a user id; else by `name`,
 * NULL or "": all rooms that the network lists, and nobody. False: no such protocol, or nothing found. */
bool directory_rooms(const struct matrix_frontend *frontend, const char *protocol, const char *id, const char *name,
                     struct buf *json);
bool directory_people(const struct matrix_frontend *frontend, const char *protocol, const char *id, const char *name,
                      struct buf *json);
