/* SPDX-License-Identifier: MIT */
/* The service manager's notification socket (sd_notify(3)), without linking libsystemd. */
#pragma once

#include <stdint.h>

/* Sends "READY=1", "STOPPING=1", "STATUS=..."; does nothing where NOTIFY_SOCKET is not set. */
void notify_service_manager(const char *state);
/* "RELOADING=1", with the time that newer service managers want beside it; to be followed by "READY=1". */
void notify_reloading(void);
/* How often "WATCHDOG=1" is expected, in milliseconds, halved to be on the safe side; 0: it is not. */
uint64_t notify_watchdog_interval(void);
