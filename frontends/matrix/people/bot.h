/* SPDX-License-Identifier: MIT */
/* The bot: what people write to it, in the chat with it or addressed to it elsewhere. */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

/* A line in the control room, or behind the bot's name in another room. */
void bot_line(struct matrix_frontend *frontend, struct matrix_room *room, const char *sender,
              const char *event_id, const char *line);
/* Somebody has changed what he had written in the control room: nothing is done, and what may have a secret in it is
 * redacted. */
void bot_edited(struct matrix_frontend *frontend, const struct matrix_room *room, const struct matrix_event *event);
/* The part of a text that is meant for the bot: behind its name and a colon, or a command about this room.
 * NULL: it is not addressed. */
const char *bot_addressed(const struct matrix_frontend *frontend, const struct matrix_room *room,
                          const char *text);
/* Somebody has invited the bot. */
void bot_invited(struct matrix_frontend *frontend, const struct matrix_event *event);
/* frontend_ops.offer_room */
void bot_offer_room(struct matrix_frontend *frontend, const char *address, const char *room);
