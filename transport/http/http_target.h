/* SPDX-License-Identifier: MIT */
/* The target of a request line (RFC 9112 3.2), as it was sent. */
#pragma once

#include <stddef.h>

#include "base/arena.h"

/* "/a%2Fb?c" of "GET /a%2Fb?c HTTP/1.1\r\n..."; NULL: there is no such line. In the arena. */
const char *http_target_read(struct arena *arena, const char *head, size_t length);
/*
 * Decoded up to the '?' or the end; NULL: there are percent signs without two digits, it does not begin with '/', or it
 * is no text (base/text.h, TEXT_LINE). `resolved`: "//", "/./" and "/../" as well, also where they were written with
 * percent signs; nothing leads above "/".
 */
const char *http_target_decode(struct arena *arena, const char *target);
const char *http_target_resolved(struct arena *arena, const char *target);
