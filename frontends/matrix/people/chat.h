/* SPDX-License-Identifier: MIT */
/* Chats of a person with a legacy contact: a Matrix room with the two of them, made by either side. */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

struct identity;

/* The chat of this person with the contact (in_room: with "room/nickname"). NULL: it is being made, and what
 * waits for the person is delivered when it is there. */
struct matrix_room *chat_open(struct matrix_frontend *frontend, const char *owner, const char *name,
                              bool in_room);
/* A person has invited a ghost into a room that we do not know, or know as a chat. */
void chat_invited(struct matrix_frontend *frontend, const struct matrix_event *event);
/* Declines an invitation; `ghost` NULL: of the bot. */
void chat_refuse(struct matrix_frontend *frontend, const char *room, const char *ghost, const char *why);
/* The person has left it. */
void chat_left(struct matrix_frontend *frontend, struct matrix_room *room);
/* What the process before was opening: matrix_recovered for each of frontend->recovering. */
void chats_recover(struct matrix_frontend *frontend);
/* There is no account any more: the person's chats and space are given up, on our side. */
void chats_forget(struct matrix_frontend *frontend, const char *owner);
void chats_free(struct matrix_frontend *frontend);
