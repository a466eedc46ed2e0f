/* SPDX-License-Identifier: MIT */
/*
 * Slack's identifiers, and what we call its people and places.
 *
 *   T0123ABC / U0456DEF      a person: the address of an identity is "T0123ABC/U0456DEF"
 *   T0123ABC / C0789GHI      a conversation: the name of a place is "T0123ABC/C0789GHI"; one thread of it is
 *                            "T0123ABC/D0789GHI/1610241741.000200"
 *   1610241741.000200        a message of a conversation: its time stamp, always text, never a number
 *
 * The kind of thing is not told by an id's first letter; what is checked here is the alphabet only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SLACK_ID_MAX 32 /* bytes of one id or time stamp */

/* 2 to SLACK_ID_MAX letters A-Z and digits, the first a letter. NULL is none. */
bool slack_is_id(const char *id);
/* Digits, a point, digits; at most SLACK_ID_MAX bytes. NULL is none. */
bool slack_is_ts(const char *ts);
/* By time, as numbers of any length: below 0, 0 or above, as strcmp. Both are slack_is_ts. */
int slack_ts_compare(const char *a, const char *b);
#define SLACK_TS_WHOLE_MAX 12 /* digits before the point: a time of the next 30,000 years */
#define SLACK_TS_MS_MAX 999999999999999LL
/* Unix milliseconds, rounded down; SLACK_TS_MS_MAX at most. `ts` is slack_is_ts. */
long long slack_ts_ms(const char *ts);

/* "TEAM/ID", to be freed. */
char *slack_address(const char *team, const char *id);
/* "TEAM/CHANNEL/TS", to be freed. */
char *slack_thread_place(const char *team, const char *channel, const char *ts);

struct slack_address {
	char team[SLACK_ID_MAX + 1];
	char id[SLACK_ID_MAX + 1];
	char thread[SLACK_ID_MAX + 1]; /* ""; of a place that is a thread */
};
/* False: it is no address (or place) in this form. */
bool slack_address_read(struct slack_address *out, const char *text);
