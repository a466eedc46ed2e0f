/* SPDX-License-Identifier: MIT */
/*
 * People's own voice: what they say with other clients of the network appears as theirs, where the homeserver lets us
 * speak for them. That is with an access token that the person has given to the bot (sealed in the store, and checked
 * with the homeserver), or as their user id, if the registration covers them (matrix.masquerade).
 *
 * What is said so comes back in a transaction like all that they say. It has a mark, which says which gateway wrote it
 * and for which room, so that it goes no further.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

struct identity;
struct person;

/* How the homeserver is called in somebody's name. */
struct voice {
	const char *as;     /* NULL with a token */
	const char *bearer; /* NULL without */
};

/* Whether the store is being asked whether there is a token: delivery_identity_ready follows. */
bool puppet_is_loading(struct matrix_frontend *frontend, const struct identity *identity);
/* False: nobody may speak for this person, or not in this room. Texts are lent. */
bool puppet_voice(struct matrix_frontend *frontend, const char *id, const struct matrix_room *room,
                  struct voice *voice);
/* What was said with the voice was refused: `err` TP_ERR_AUTH (the token is forgotten, and the person told) or
 * TP_ERR_NOT_ALLOWED (the room is entered, the first time; then others speak there). It is to be shown again. */
void puppet_refused(struct matrix_frontend *frontend, const char *id, const char *room, int err);
/* The person has come into the room, and may speak there now. */
void puppet_entered(struct matrix_frontend *frontend, const char *id, const char *room);
/* Appends `"KEY":"VALUE"`. */
void puppet_put_mark(const struct matrix_frontend *frontend, const char *room, struct buf *out);
bool puppet_is_mark(const struct matrix_frontend *frontend, const char *room, const char *mark);

/* `puppet`, `puppet TOKEN`, `puppet off`, said to the bot in this room. */
void puppet_command(struct matrix_frontend *frontend, const char *room, const char *sender,
                    const char *argument);
/* The account is gone, or another one is there. */
void puppet_forget(struct person *person);
