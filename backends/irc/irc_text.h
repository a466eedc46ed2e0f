/* SPDX-License-Identifier: MIT */
/* Bytes of an IRC server as text, and text cut into what fits one line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends `bytes` as UTF-8: unchanged if they are that, else read as Windows-1252. Control characters that
 * mean nothing on IRC become '?'. */
void irc_text_decode(struct buf *out, const char *bytes, size_t length);

/*
 * Cuts the next piece of at most `max` bytes off a message: up to the end of its line, at a space if there is
 * one near the end, never inside a UTF-8 sequence. Empty lines are passed over. On return *piece and *length
 * are the piece and *rest is what follows it; false when nothing is left. `max` of less than 4 is taken as 4.
 */
bool irc_text_next_piece(const char **rest, size_t max, const char **piece, size_t *length);
