/* SPDX-License-Identifier: MIT */
/*
 * Formatted text from strangers, reduced to the harmless part of XHTML-IM (XEP-0071): an allow-list of
 * elements, attributes, URL schemes and style properties; everything else loses its tags and keeps its text.
 * The input may be any sort of tag soup, in clean UTF-8 (base/text.h); the output is always well-formed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends. False: no element is left, so that the plain body says it all; nothing is appended then. */
bool xhtml_sanitise(struct buf *out, const char *markup, size_t length);
/* The same without pictures, which are shown in another way, but those that are emoji. */
bool xhtml_sanitise_words(struct buf *out, const char *markup, size_t length);
