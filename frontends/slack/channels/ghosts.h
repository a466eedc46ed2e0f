/* SPDX-License-Identifier: MIT */
/*
 * Ghosts: sockets that Slack counts for the app and that we do not hold. What Slack hands to them we do not see: it
 * comes again if nobody acknowledges it, and is lost to us if another gateway does. Slack says how many there are at
 * each hello only. A socket whose connection broke, or whose process was killed, is counted on for a while, so those
 * that are there LIMIT_SLACK_GHOST_SECONDS later as well are worth an administrator's time. To know, and to see them
 * go, they are counted anew by another socket: at first after that time, then after twice as long each time, up to
 * LIMIT_SLACK_GHOST_LAST_SECONDS.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ghosts {
	unsigned count;   /* as Slack has counted last */
	bool told;        /* of these */
	uint64_t since_ms; /* clock_ms; while there are any */
	uint64_t due_ms, wait_ms;
};

enum ghosts_news {
	GHOSTS_NOTHING,
	GHOSTS_SEEN,  /* there are some now */
	GHOSTS_STAY,  /* and they do not go: once until GHOSTS_GONE */
	GHOSTS_GONE,
};

/* Slack has counted: `connections` in all, of which `ours` are ours. */
enum ghosts_news ghosts_counted(struct ghosts *ghosts, unsigned connections, unsigned ours, uint64_t now_ms);
/* Whether they are to be counted anew now; once each time. */
bool ghosts_due(struct ghosts *ghosts, uint64_t now_ms);
