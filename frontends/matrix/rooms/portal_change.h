/* SPDX-License-Identifier: MIT */
/*
 * Name and picture of a portal that we have made, when somebody who may do so changes them in Matrix: they go to the
 * network by his own account. What the network tells then (EVENT_ROOM_INFO) is what the portal shows already. If the
 * network does not do it the bot says so in the portal, and puts back what the network has. A room of the people's own
 * has a name and a picture of its own: nothing of it is told.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"
#include "protocol/event.h"

struct matrix_event;

/* m.room.name by a person. */
void portal_change_name(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event);
/* m.room.avatar by a person: it is fetched from the homeserver first. The last one counts. */
void portal_change_picture(struct matrix_frontend *frontend, struct matrix_room *room,
                           const struct matrix_event *event);
/* matrix_later: person `id` is connected: pictures that the process before was fetching for him. */
void portal_changes_go_on(struct matrix_frontend *frontend, const char *id, const char *unused);
/* The network has not done it; from undelivered. `reason`: a sentence. */
void portal_change_refused(struct matrix_frontend *frontend, const char *person, const struct event_message *message,
                           const char *reason);
