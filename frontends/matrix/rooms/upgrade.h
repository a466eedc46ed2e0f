/* SPDX-License-Identifier: MIT */
/*
 * Rooms that were replaced (m.room.tombstone, specification v1.15, room upgrades): what was tied to the old
 * one is tied to the new one, if whoever says so may change the old one's state and the new one names it as its
 * predecessor: so nobody ties our rooms to any room of his. Of a chat it is the ghost that follows. A new room that it
 * may not enter is followed when an invitation comes. Then all of ours leave the old one.
 *
 * Homeservers close the old room at once. What the network says meanwhile waits for the new one, and what people have
 * said there before it was tied is read back from its beginning, as far as it may be read.
 *
 * A new room that was replaced itself before it was tied is tied, read to its end, and then followed: its tombstone
 * stands in its state, whether its event is seen or not. One that cannot be entered may be skipped (continuation.h).
 * At most LIMIT_MATRIX_REPLACED rooms in a row are followed by their state alone.
 *
 * On record is who is said to replace a room (`claim`), until that is checked, and what does and waits for an
 * invitation (`successor`); a claim that proves bad takes nothing away.
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
/* The room's state may name a successor of which no event has told. `taken`: all that was said in it, which continues
 * another, has been taken by now, so that it is `unread` no more; else such a room is left alone. */
void upgrade_look(struct matrix_frontend *frontend, const struct matrix_room *room, bool taken);
/* A room, but no chat, of which this one is said, or known, to be the successor: others may say so of theirs. `behind`:
 * the next one after that; NULL: the first. NULL: none. */
const struct matrix_room *upgrade_waiting_for(const struct matrix_frontend *frontend, const char *successor,
                                              const char *behind);
/* Something is being checked, or waits for an invitation. */
static inline bool upgrade_is_expected(const struct matrix_room *room)
{
	return room->upgrade.claim || room->upgrade.successor;
}
/* Tries to enter the successor that cannot be entered. If that is still so, `further` continues it as its m.room.create
 * says: it is tied instead if `creator`, who sent that, may change the state of this room, or of one behind it that
 * waits for the same. Ends in continuation_found, continuation_refused or continuation_open. */
void upgrade_skip(struct matrix_frontend *frontend, const struct matrix_room *room, const char *further,
                  const char *creator);
/* Those that the process before was about to follow. */
void upgrades_recover(struct matrix_frontend *frontend);
/* The homeserver does not let one of ours speak in this room. True: it is replaced, or was just now: what was to be
 * said is to be shown again (delivery_not_shown), and will be when the new room is tied. */
bool upgrade_refused(struct matrix_frontend *frontend, const char *room);
/* Whether a message for one of these rooms has to wait for that. */
bool upgrade_is_under_way(struct matrix_frontend *frontend, const struct identity *to, const struct event *event);
