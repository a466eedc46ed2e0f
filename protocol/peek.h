/* SPDX-License-Identifier: MIT */
/* A look at a frame before its turn, so that memory can be asked for what it will need. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose user the frame (without its length) speaks of, as most frames say it: *user points into it. It may be anything:
 * a hint, never an answer. False: it does not say. */
bool peek_user(const uint8_t *frame, size_t length, const char **user, size_t *user_length);
