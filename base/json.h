/* SPDX-License-Identifier: MIT */
/* Writing JSON (RFC 8259), where a few values are all that is needed. */
#pragma once

struct buf;

/* Appends `text`, which is valid UTF-8, as a JSON string in its quotes; NULL as null. What a terminal would
 * obey (control characters) is escaped. */
void json_put_string(struct buf *out, const char *text);
