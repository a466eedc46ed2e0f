/* SPDX-License-Identifier: MIT */
/* Who is logged in: what ATTACHED tells to a new gateway. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

struct session {
	char *legacy_name;
	bool connected;
	/* DISCONNECTED was said, in the frame of this number: until the gateway has taken it, a new
	 * gateway has to take the session over, and with it what is kept of the user. 0: it was not said. */
	uint64_t gone;
	bool offered, resumed; /* told by ATTACHED; named by RESUME */
};

struct sessions {
	struct map *by_user;
	size_t gone; /* sessions that are kept because of `gone` */
};

void sessions_init(struct sessions *sessions);
void sessions_finish(struct sessions *sessions);
struct session *sessions_find(const struct sessions *sessions, const char *user); /* NULL: none, or it is gone */
void sessions_login(struct sessions *sessions, const char *user, const char *legacy_name);
void sessions_logout(struct sessions *sessions, const char *user);
void sessions_connected(struct sessions *sessions, const char *user);
/* frame 0: the gateway does not number frames, the session is forgotten at once. */
void sessions_disconnected(struct sessions *sessions, const char *user, uint64_t frame);
/* The gateway has taken our frames up to this one. */
void sessions_taken(struct sessions *sessions, uint64_t up_to);
