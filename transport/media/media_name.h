/* SPDX-License-Identifier: MIT */
/* What a file is called, by people who may mean harm. */
#pragma once

#include "base/buf.h"

/* Appends the last part of the path, of clean UTF-8, without control characters, bidirectional overrides and what has a
 * meaning in paths, shells, URLs and headers; without dots, spaces and minus signs in front; at most
 * LIMIT_MEDIA_NAME_BYTES, its end kept; "file" if nothing is left. NULL is fine. What was cleaned stays as it is. */
void media_name_clean(struct buf *out, const char *name);
/* Appends the value of Content-Disposition (RFC 6266) for a cleaned name. */
void media_name_put_disposition(struct buf *out, const char *name, bool shown);
