/* SPDX-License-Identifier: MIT */
/* What people say in rooms that are known, on its way to the network or the bot. What is not taken its author is
 * told. */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"
#include "protocol/event.h"

/* Each with an event of its kind. */
void said_message(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event);
/* A vote, or the end of a poll. */
void said_poll(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event);
void said_reaction(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event);
void said_redaction(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event);
/* A redaction of a message whose author is known now: `own`, it was the redaction's sender. */
void said_taken_back(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event,
                     bool own);
/* Whether it takes back what somebody else has said: that this is refused nobody needs to know. */
bool said_is_moderation(const struct event_message *message);
void said_topic(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event);
