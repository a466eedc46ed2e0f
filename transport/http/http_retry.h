/* SPDX-License-Identifier: MIT */
/* When something may be asked again (RFC 9110, section 10.2.3). */
#pragma once

#include <stdint.h>

/* Milliseconds from `now_ms` (since 1970): of a Retry-After in seconds, or a date (0 if it is over); about INT32_MAX
 * seconds at most. -1: it is neither, or NULL. */
int64_t http_retry_after_ms(const char *value, int64_t now_ms);
