/* SPDX-License-Identifier: MIT */
/*
 * Encrypted rooms, which we cannot read: people are told so, once, and the way out. An encrypted chat with a contact,
 * or with the bot, is none of those that the network or the bot speak in: they go to one without encryption.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

/* Something encrypted was said there, or that it will be. */
void encryption_found(struct matrix_frontend *frontend, struct matrix_room *room);
