/* SPDX-License-Identifier: MIT */
/*
 * Redactions of messages whose author this process does not remember: the homeserver is asked, as what somebody takes
 * back himself is told to the network otherwise than what a moderator removes. Until that is done they are notes of
 * the spool, for the next process: the event itself never comes again.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

/* `event` is a redaction in a room that is tied. Beyond LIMIT_MATRIX_REDACTIONS the network is not told (logged). */
void redactions_ask(struct matrix_frontend *frontend, const struct matrix_event *event);
/* Those of the process before; when rooms are known. */
void redactions_recover(struct matrix_frontend *frontend);
/* matrix_later: an account was read, for which one may wait. */
void redactions_go_on(struct matrix_frontend *frontend, const char *unused, const char *unused_too);
void redactions_free(struct matrix_frontend *frontend);
