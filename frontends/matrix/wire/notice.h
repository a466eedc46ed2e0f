/* SPDX-License-Identifier: MIT */
/* The content of an m.notice: what the bot says (Matrix specification v1.15, client-server API 11.2.1.4). */
#pragma once

#include <stddef.h>

#include "base/buf.h"

/* Appends the object. What is in columns (tables for administrators) is shown by clients in letters of one width, too,
 * if there is room for it in an event. `reply_to`: an event; NULL. */
void notice_put(struct buf *content, const char *reply_to, const char *text);
/* How many bytes of a text make no more than one notice, rather to the end of a line. 0 at its end. */
size_t notice_piece(const char *text);
