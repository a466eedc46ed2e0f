/* SPDX-License-Identifier: MIT */
/*
 * People and ghosts who came and went: with federation, nicknames that change and large channels they are without end.
 * What is known of somebody (struct person, struct ghost) is forgotten where he is in no room that we know, has no
 * session, chat with the bot or anything under way. If he comes again, the homeserver and the store are asked again.
 *
 * They are looked for when LIMIT_MATRIX_PASSERS_BY may have become that, or a quarter of those who stay where that is
 * more; so there are never more of them than that.
 */
#pragma once

#include "frontends/matrix/matrix.h"

/* So many have come to be known, or left a room, or have no session any more. Also from inside deliver. */
void passers_by_note(struct matrix_frontend *frontend, size_t count);
