/* SPDX-License-Identifier: MIT */
/*
 * What people are called in the rooms of the network: as on Matrix, if they have chosen a name there (one
 * that is not just the local part of their id), the network lets them (features.room_nickname_change) and
 * their setting display_name is on. They come in under their account's name and change it then; where that is
 * refused it stays.
 */
#pragma once

#include "frontends/matrix/matrix.h"

struct event_participant;
struct identity;
struct user;

/* The setting display_name. */
bool nickname_wanted(const struct matrix_frontend *frontend, const struct user *user);
/* matrix_later: person `id` is in the legacy room `name`. */
void nickname_follow(struct matrix_frontend *frontend, const char *id, const char *name);
/* matrix_later: person `id` is called something else on Matrix: in all rooms. */
void nickname_changed(struct matrix_frontend *frontend, const char *id, const char *unused);
/* From deliver: whether it says that a change was refused, which the person is told once. */
bool nickname_refused(struct matrix_frontend *frontend, const struct identity *to,
                      const struct event_participant *participant);
