/* SPDX-License-Identifier: MIT */
/* The service manager's notification socket (sd_notify(3)), without linking libsystemd. */
#pragma once

/* Sends "READY=1", "STOPPING=1", "STATUS=..."; does nothing where NOTIFY_SOCKET is not set. */
void notify_service_manager(const char *state);
