/* SPDX-License-Identifier: MIT */
/* Matrix rooms that are tied to a legacy room: making them, people and participants coming and going, topic
 * and title. */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"
#include "protocol/event.h"

struct identity;
struct resource;
struct room;

/* `room` NULL: it could not be made, and `problem` says why. */
typedef void portal_room_done(void *context, struct matrix_room *room, const char *problem);
/* Its name, until the network has one for it. */
void portal_room_call(struct matrix_frontend *frontend, struct matrix_room *room, const char *title);
/* The portal of this legacy room, made if there is none. */
void portal_room_open(struct matrix_frontend *frontend, const char *name, portal_room_done *done,
                      void *context);
/* The next of room->arrivals.waiting becomes a member, unless one is on the way. */
void portal_room_next_arrival(struct matrix_frontend *frontend, struct matrix_room *room);
/* What the process before was making: matrix_recovered for each of frontend->recovering. */
void portal_rooms_recover(struct matrix_frontend *frontend);
void portal_rooms_free(struct matrix_frontend *frontend);

/* A person has come into the Matrix room: into the legacy room as well, now or when the account is logged in.
 */
void portal_room_person_in(struct matrix_frontend *frontend, struct matrix_room *room, const char *id);
void portal_room_person_out(struct matrix_frontend *frontend, struct matrix_room *room, const char *id);
/* All ghosts go. When the last person has gone the room waits so for the next who comes by its alias. */
void portal_room_empty(struct matrix_frontend *frontend, struct matrix_room *room);
/* Into the legacy room with this client of a person whose account has been read, unless it is there or on its
 * way. */
void portal_room_join(struct matrix_frontend *frontend, const struct matrix_room *room,
                      struct resource *resource);
/* By the bot; he is taken as gone at once. */
void portal_room_kick(struct matrix_frontend *frontend, struct matrix_room *room, const char *id, const char *reason);
/* All who are in the Matrix room. */
void portal_room_join_people(struct matrix_frontend *frontend, struct matrix_room *room);
/* matrix_later: person `id` is logged in: into all legacy rooms whose portals he is in. */
void portal_rooms_join_again(struct matrix_frontend *frontend, const char *id, const char *unused);
/* matrix_later: the ghosts in the portals of legacy room `name` become those whom the listener sees. */
void portal_rooms_sync(struct matrix_frontend *frontend, const char *name, const char *unused);

/* The network has not taken a topic: the room shows again what is there. */
void portal_room_put_back_topic(struct matrix_frontend *frontend, struct matrix_room *room);

/* From deliver. */
void portal_room_show_participant(struct matrix_frontend *frontend, struct identity *to,
                                  const struct event_participant *participant);
void portal_room_show_subject(struct matrix_frontend *frontend, struct identity *to,
                              const struct event_message *subject);
void portal_room_show_info(struct matrix_frontend *frontend, struct identity *to,
                           const struct event_room_info *info);
void portal_room_show_leave(struct matrix_frontend *frontend, struct identity *to,
                            const struct event_room *room);
