/* SPDX-License-Identifier: MIT */
/*
 * For frontends whose server names messages itself (delivery_places): messages of the network that are on their way
 * there. What refers to one of them waits until its name is known.
 *
 * A frontend has one map of them, which is NULL at first. Messages go by the network's place and id.
 */
#pragma once

#include <stdbool.h>

#include "base/map.h"

struct event;
struct frontend;
struct identity;

/* One of the calls that show the message is on its way. */
void in_flight_begin(struct map **messages, const char *place, const char *id);
/* It has ended. `landed`, when it was the message's last: once for each address that waits; it must not show anything
 * before it has returned to the loop. */
void in_flight_end(struct map *messages, const char *place, const char *id,
		   void (*landed)(struct frontend *frontend, const char *address), struct frontend *frontend);
/* Whether this MESSAGE refers to one that is on its way; then the identity waits for that. False also for what is no
 * record (event->handover), and could not be shown later. */
bool in_flight_waits(struct map *messages, const struct identity *to, const struct event *event);
/* The same of one message. */
bool in_flight_waits_for(struct map *messages, const char *place, const char *id, const char *address);
void in_flight_free(struct map **messages);
