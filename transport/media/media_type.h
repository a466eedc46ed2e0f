/* SPDX-License-Identifier: MIT */
/* What a file is, by its first bytes alone: nobody's word is taken for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MEDIA_HEAD_BYTES 512 /* as much of a file as media_type_of wants to see */

/* A media type of pictures, sound and video, application/pdf, "text/plain; charset=utf-8" (what begins with clean
 * UTF-8), or application/octet-stream. Never one that a browser would run. */
const char *media_type_of(const void *bytes, size_t count);
/* Pictures, sound, video: what may be shown where it was asked for. */
bool media_type_is_shown(const char *type);
/* From the header of a PNG, JPEG, GIF or WebP. False: none of them, or the size is not in these bytes. */
bool media_picture_size(const void *bytes, size_t count, unsigned *width, unsigned *height);
