/* SPDX-License-Identifier: MIT */
/* QR codes (ISO/IEC 18004), by libqrencode and libpng. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/* Appends a picture in PNG. False: too long for a code, nothing is appended. */
bool qr_png(struct buf *out, const char *text);
/* Appends lines of block characters, two rows of modules each, dark on light: for a font whose characters
 * have one width. False: as above. */
bool qr_text(struct buf *out, const char *text);
