/* SPDX-License-Identifier: MIT */
/*
 * What Slack hands us: each event once (by its id, messages also by channel and time stamp, over restarts),
 * in order, and to whom it belongs. An envelope is acknowledged when all that it brought is on record, and
 * within three seconds: names and accounts that it needs are waited for no longer than
 * LIMIT_SLACK_PATIENCE_MS. A message that waits longer, behind the history of a gap, is acknowledged all the same: it
 * does not count as seen yet, so that whoever comes after us reads it there. Other events come again, and count once.
 */
#pragma once

#include "frontends/slack/workspace.h"

/* socket_ops of the frontend. */
void incoming_envelope(void *context, socket_number socket, const struct slack_frame *frame);
void incoming_batch(void *context);
/* A message of history (a JSON object), which comes like one of an event and before all events that wait.
 * Oldest first; incoming_go_on follows. */
void incoming_history(struct workspace *workspace, const char *channel, const struct cJSON *message);
/* What history shows to have changed: a payload as of an event, which comes in the same way. */
void incoming_missed(struct workspace *workspace, const struct cJSON *payload);
/* It is READY: what came for it while it was asked who we are there. */
void incoming_begin(struct workspace *workspace);
/* slack_later: accounts, names or history that were waited for may be there. */
void incoming_go_on(struct slack_frontend *frontend, const char *unused);
/* What waits is not acknowledged, and comes again. */
void incoming_forget(struct slack_frontend *frontend);
void incoming_forget_workspace(struct workspace *workspace);
