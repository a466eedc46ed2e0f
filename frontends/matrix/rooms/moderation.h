/* SPDX-License-Identifier: MIT */
/*
 * What people of the homeserver do to ghosts in a portal, and to each other: invitations, kicks, bans and power levels
 * become invitations, kicks, bans and roles on the network, by the account of whoever did it. If the network does not
 * do it the person is told, and in a portal that we have made it is undone; in a room of the people's own a ghost stays
 * out of it.
 */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"
#include "protocol/event.h"

struct matrix_event;

/* m.room.member by a person: a ghost is put out, banned, or allowed to come back. `was_in`: it was a member. */
void moderation_ghost_put_out(struct matrix_frontend *frontend, struct matrix_room *room,
                              const struct matrix_event *event, bool was_in);
/* A person invites a ghost into a portal. If it is in the room of the network it comes, else it is invited there, and
 * comes when it has come. */
void moderation_ghost_invited(struct matrix_frontend *frontend, struct matrix_room *room,
                              const struct matrix_event *event);
/* m.room.power_levels by a person. */
void moderation_power_levels(struct matrix_frontend *frontend, struct matrix_room *room,
                             const struct matrix_event *event);
/* Why the core did not take what somebody asked for, for him to read. */
const char *moderation_problem(int err);
/* The network has not done it; from undelivered. `reason`: a sentence. */
void moderation_refused(struct matrix_frontend *frontend, const char *person, const struct event_message *message,
                        const char *reason);
