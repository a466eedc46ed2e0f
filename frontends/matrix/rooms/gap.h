/* SPDX-License-Identifier: MIT */
/*
 * What the homeserver has accepted and never tells. Synapse keeps in memory what waits behind a transaction that is
 * under way: when it ends then, nothing is ever pushed of it. So where it was away, or its transactions show that it
 * has begun anew, the last messages of each chat, portal and control room are read; what was not seen before is taken
 * as if it had been pushed, and what is pushed meanwhile waits for that, so that the order is kept.
 *
 * At most LIMIT_MATRIX_GAP_EVENTS of a room, from LIMIT_MATRIX_GAP_MS before the trouble on, and none from before one
 * of ours came in; of a room that replaces another, from its beginning. Who is there is asked anew where somebody came
 * or went.
 *
 * Where it leaves a transaction behind (transaction_order.h) and nothing newer comes, nothing shows that. It does so
 * when it has caught up: after our start, after a transaction that we refused, and where it was away. So when no
 * transaction has come for LIMIT_MATRIX_AGAIN_MS after that, rooms are looked at again, which nothing waits for: one
 * after the other, LIMIT_MATRIX_AGAIN_PAUSE_MS apart, at most LIMIT_MATRIX_AGAIN_ROOMS, those first in which somebody
 * has spoken last; quiet ones too, as what is left behind may be the first word there. Only then a room is left for
 * another of which nothing but its state tells: what was said before that is taken by then.
 */
#pragma once

#include "frontends/matrix/matrix.h"

struct matrix_room;

/* Something may be missing: it does what it does after a start. More than one call in a row without an answer says so,
 * too; a single one may be anything. */
void gaps_suspect(struct matrix_frontend *frontend);
/* What the process before suspected, and had not looked through to the end. */
void gaps_remember(struct matrix_frontend *frontend);
/* It speaks: rooms are read if something may be missing and they are not being read already. */
void gaps_look(struct matrix_frontend *frontend);
/* The same of one room, which continues another: from its beginning. */
void gaps_read(struct matrix_frontend *frontend, const struct matrix_room *room);
/* The same of one that the bot has come into: what was said since then. */
void gaps_read_since_joined(struct matrix_frontend *frontend, const struct matrix_room *room);
/* Whether rooms are being read; transactions_go_on is called when they have been. */
bool gaps_are_looked_for(const struct matrix_frontend *frontend);
/* Whether what is pushed now waits for them: not where the homeserver, which pushes, has answered none of these calls
 * for LIMIT_MATRIX_POSTPONED_MS. */
bool gaps_hold_up(const struct matrix_frontend *frontend);
/* It may leave one behind now: rooms are looked at again, later. gaps_suspect does it, too. */
void gaps_look_again(struct matrix_frontend *frontend);
/* A transaction has come: not yet. */
void gaps_put_off(struct matrix_frontend *frontend);
/* All that was found has been taken: a process after this one need not look. */
void gaps_taken(struct matrix_frontend *frontend);
void gaps_free(struct matrix_frontend *frontend);
