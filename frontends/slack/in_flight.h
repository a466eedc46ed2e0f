/* SPDX-License-Identifier: MIT */
/* What refers to a message whose time stamp Slack has not told yet waits for that. Messages are named by the
 * network's place and id (delivery_places). */
#pragma once

#include "frontends/slack/slack.h"

void in_flight_begin(struct slack_frontend *frontend, const char *place, const char *id);
/* One of its posts is done: those who wait are shown what waits for them when it was the last. */
void in_flight_end(struct slack_frontend *frontend, const char *place, const char *id);
/* Whether it is under way; then this address waits for it. `id` may be NULL. */
bool in_flight_waits(struct slack_frontend *frontend, const char *place, const char *id, const char *address);
void in_flight_free(struct slack_frontend *frontend);
