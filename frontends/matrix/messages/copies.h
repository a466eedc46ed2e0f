/* SPDX-License-Identifier: MIT */
/*
 * Where several Matrix rooms are tied to one room of the network, each shows the same messages, as events of its own.
 * Here is what a message is called in each of them, so that what refers to it refers in every room to the event there.
 * Kept in the message map; nothing is kept of rooms without such sisters.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

struct event;
struct identity;

/* A name that all copies of this room message share. To be freed; NULL: there is none. */
char *copies_name(const struct matrix_frontend *frontend, const struct event *event);
/* In this room it is this event. */
void copies_note(const struct matrix_frontend *frontend, const struct matrix_room *room, const char *name,
                 const char *event_id);
/* The message is about to be shown in this room: what it refers to is called here so. New ids live in the arena. */
void copies_translate(const struct matrix_frontend *frontend, const struct matrix_room *room,
                      struct event_message *message, struct arena *arena);
/* The call that shows a copy begins, and has ended; and whether this one refers to some that have not: then it is
 * shown again when they have. */
void copies_begin(struct matrix_frontend *frontend, const char *name);
void copies_end(struct matrix_frontend *frontend, const char *name);
bool copies_wait(struct matrix_frontend *frontend, const struct identity *to, const struct event *event);
