/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a record on its way to Slack. A message of a room goes to each of its channels on its own: one may
 * refuse it for good while the others have it. When all have answered, the core is told once: it is shown, or it waits
 * for another token, or it is a dead letter of those that refused it. Which channels have such a letter is kept in a
 * note of the spool, so that it is tried again only where it was refused, by whatever process.
 */
#pragma once

#include "frontends/slack/channels/channel.h"

enum landing_end {
	LANDING_TAKEN,
	LANDING_LEFT_OUT, /* the channel's workspace is lost, and others are shown the message */
	LANDING_WAITS,    /* for another token of the only workspace */
	LANDING_REFUSED,
	LANDING_DROPPED,  /* the process ends: what becomes of it is found out by the next one */
};

struct outcome;
struct landing; /* in one channel */

/* Of the record with this number; 0: of none, and only the channels' administrators are told what is refused. */
struct outcome *outcome_begin(struct slack_frontend *frontend, uint64_t number);
/* Whether the channel has it since an earlier try. */
bool outcome_has(const struct outcome *outcome, const struct channel *channel);
struct landing *outcome_land_in(struct outcome *outcome, const struct channel *channel);
/* A call of it is made; and each ends once. `problem`: why it is refused; `closed`: as would be all others. */
void landing_expect(struct landing *landing);
void landing_end(struct landing *landing, enum landing_end end, const char *problem, bool closed);
/* All calls are made; or it cannot be shown now (`ready` false), and none is. The result is that of deliver
 * (transport/frontend.h). The outcome may be gone. */
int outcome_settle(struct outcome *outcome, bool ready);
