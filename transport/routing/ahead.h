/* SPDX-License-Identifier: MIT */
/*
 * Messages come many at a time and are handled one by one, each for somebody else, whose structures nobody has looked
 * at for long: every step would wait for memory that only the one before names. Who has many at hand says here whose
 * they are, and what all of them will need is asked for at once. Only time depends on it, so names are taken as they
 * stand in what came, unchecked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"

struct frontend;
struct transport;
struct user;

/* Zeroed at first, and again after ahead_..._end. */
struct ahead {
	struct map_key names[MAP_SEVERAL];
	size_t count;
};

/* Whether there are so many people that they are not all near anyway. */
bool ahead_pays(const struct transport *transport);
/* Those of the users below who are here, in the order in which they will be spoken of. Kept in the transport. */
struct foreseen {
	struct user *users[MAP_SEVERAL]; /* NULL: has gone since */
	size_t next, count;
};

/* A backend will speak of this user. The name stays where it is until ahead_users_end. */
void ahead_user(struct ahead *ahead, struct transport *transport, const char *key, size_t length);
void ahead_users_end(struct ahead *ahead, struct transport *transport);
/* It does now; whoever was to come before is passed over. NULL: was not foreseen, or has gone. */
struct user *ahead_find(struct transport *transport, const char *key);
/* The user goes. */
void ahead_forget(struct transport *transport, const struct user *user);
/* This address will say something. */
void ahead_address(struct ahead *ahead, const struct frontend *frontend, const char *address, size_t length);
void ahead_addresses_end(struct ahead *ahead, const struct frontend *frontend);
