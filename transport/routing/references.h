/* SPDX-License-Identifier: MIT */
/*
 * What messages are called. A message has one id on the network and may have another at each identity; what
 * refers to messages (corrections, replies, reactions, retractions, read markers) is translated on the way,
 * in one place each way: router_from_frontend, and router_deliver_to.
 */
#pragma once

#include "base/arena.h"
#include "protocol/event.h"

struct identity;

enum reference_direction { REFERENCE_TO_NETWORK, REFERENCE_TO_PEOPLE };

/* Whether the event refers to a message, so that it has to be translated. */
bool references_any(const struct event *event);
/* All of an event: MESSAGE or READ_MARKER; others are left alone. New ids live in the arena. The identity is
 * whose client says it, or is to be shown it. */
void references_translate(struct event *event, enum reference_direction direction, struct identity *identity,
                          struct arena *arena);
