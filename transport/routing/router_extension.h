/* SPDX-License-Identifier: MIT */
/* What only the extension can say (docs/protocol.md, section 8): for the router's own files. */
#pragma once

#include "protocol/event.h"

struct resource;
struct user;

void network_read_marker(struct user *user, struct event *event);
void network_room_info(struct user *user, struct event *event);
/* 0, or an error as router_from_frontend gives it. */
int person_read_marker(struct user *user, struct resource *from, const struct event *event);
