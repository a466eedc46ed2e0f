/* SPDX-License-Identifier: MIT */
/* What an administrator of the gateway does with channels from outside of Slack: ties and tie of frontend.h. */
#pragma once

#include "transport/frontend.h"

struct slack_frontend;

int slack_ties(struct slack_frontend *frontend, const char *who,
	       void (*each)(void *context, const struct frontend_tie *tie), void *context);
int slack_tie(struct slack_frontend *frontend, const char *who, const char *channel, const char *room);
