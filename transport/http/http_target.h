/* SPDX-License-Identifier: MIT */
/* The target of a request line (RFC 9112 3.2), as it was sent. */
#pragma once

#include <stddef.h>

#include "base/arena.h"

/*
 * Decoded up to the '?' or the end; NULL: there are percent signs without two digits, it does not begin with '/', or it
 * is no text (base/text.h, TEXT_LINE). `resolved`: "//", "/./" and "/../" as well, also where they were written with
 * percent signs; nothing leads above "/".
 */
const char *http_target_decode(struct arena *arena, const char *target);
const char *http_target_resolved(struct arena *arena, const char *target);
/* What follows "?": the first "name=VALUE" between "&": the value, decoded ("+" is a blank). NULL: none, or no text. */
const char *http_target_query(struct arena *arena, const char *target, const char *name);
