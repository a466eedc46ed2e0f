/* SPDX-License-Identifier: MIT */
/* What the network says, as events in Matrix rooms. Each as deliver (transport/frontend.h). */
#pragma once

#include "frontends/matrix/matrix.h"

struct identity;

int show_message(struct matrix_frontend *frontend, struct identity *to, const struct event *event);
/* EVENT_ATTENTION: as a message. */
int show_attention(struct matrix_frontend *frontend, struct identity *to, const struct event *event);
/* UNDELIVERED: a notice behind the event that will not arrive. */
int show_undelivered(struct matrix_frontend *frontend, const char *address, const struct event *event);
void show_chat_state(struct matrix_frontend *frontend, struct identity *to,
                     const struct event_chat_state *state);
void show_read_marker(struct matrix_frontend *frontend, struct identity *to,
                      const struct event_read_marker *marker);
/* For homeserver_watch_calls: whether more is taken from backends again, where too much waited for the homeserver. The
 * last to be answered of that may be no message. */
void show_go_on(void *frontend);
