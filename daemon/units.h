/* SPDX-License-Identifier: MIT */
/*
 * Instances as units of systemd, transportd@NAME.service: started and stopped by systemctl(1), and with their lines of
 * journald where a start fails. For transportctl; what there is to be said goes to stderr.
 */
#pragma once

#include <stdbool.h>

enum unit_state {
	UNIT_UNKNOWN,  /* no systemd runs here, or it does not answer */
	UNIT_INACTIVE, /* not started, or stopped on purpose */
	UNIT_STARTING, /* or waiting to be tried again */
	UNIT_ACTIVE,
	UNIT_FAILED, /* ended, and is not tried again */
};

/* Asks systemd; blocks until it has answered. */
enum unit_state unit_state(const char *name);

/* verb: "start", "stop" or "restart". Waits for the end of it. folder: where the instance's NAME.cfg is, for what is
 * proposed. 0; or 1 and it was said why, if systemd or the instance itself told, and what can be done. */
int unit_control(const char *folder, const char *verb, const char *name);
