/* SPDX-License-Identifier: MIT */
/*
 * What may have changed while no socket was open, and history does not tell: whether tied channels are archived or open
 * again, what they are called, whether we are still in them (users.conversations; of those that it does not name
 * conversations.info). And the other way round: what rooms are called, and their topics.
 */
#pragma once

#include "frontends/slack/workspace.h"

/* After a gap, beside history_catch_up; `team` NULL: in all workspaces that are served. */
void channel_states_read(struct slack_frontend *frontend, const char *team);
