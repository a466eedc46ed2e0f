/* SPDX-License-Identifier: MIT */
/* Time: monotonic for intervals, wall clock for what people see. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

uint64_t clock_ms(void);   /* monotonic milliseconds, never 0 */
int64_t clock_wall_ms(void); /* Unix time in milliseconds */

/* ISO 8601 basic UTC "YYYYMMDDTHHMMSS" (the backend protocol's timestamp), or a plain count of seconds since
 * 1970 (libpurple's file path sends that). False for anything else and for years outside 1970-9999. */
bool clock_parse_stamp(const char *text, int64_t *wall_ms);
void clock_format_stamp(int64_t wall_ms, char out[16]);
/* XEP-0082: "2026-01-31T12:00:00Z". */
void clock_format_xmpp(int64_t wall_ms, char out[32]);
bool clock_parse_xmpp(const char *text, int64_t *wall_ms);
