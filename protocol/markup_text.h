/* SPDX-License-Identifier: MIT */
/* What markup (XHTML-IM, or any tag soup) says to those who do not see markup. */
#pragma once

#include "base/buf.h"

struct event_message;

/* Appends: lines of blocks, marks of quotes and lists, a link as "text (address)" unless both are the same, a picture
 * as what it is called and its address (an emoji, ":name:", without it); nothing if it says nothing. As marks and
 * addresses come out of little markup, it ends soon after LIMIT_MESSAGE_BYTES: then it is a text that is too long. */
void markup_text(struct buf *out, const char *xhtml);
/* A message that says nothing but in its markup gets that as its text, as clients and networks drop what has none: to
 * be freed when the message is done with. NULL: it stays as it is. */
char *markup_give_text(struct event_message *message);
