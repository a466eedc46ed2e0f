/* SPDX-License-Identifier: MIT */
/* The content of m.room.message, from what is said elsewhere (Matrix specification v1.15, client-server API 11.2.1). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "protocol/event.h"

/* Appends the object: text and markup, what it edits, answers, or which thread it is in, by ids of events; others are
 * left out. `mentions`: the object of m.mentions; NULL: nobody. */
void message_content_put(struct buf *out, const struct event_message *message, const char *mentions);
/* How much of a text makes no more than one event, in which an edit has it `twice`. Rather to the end of a line,
 * or of a word. */
size_t message_content_piece(const char *text, bool twice);
