/* SPDX-License-Identifier: MIT */
/*
 * Whom the network means by a name: a person of a workspace who is in the room with an account of his own, by the
 * nickname that he has there; else whoever is shown by that name, as far as people of the workspace are known
 * (member.h).
 */
#pragma once

#include "frontends/slack/wire/slack_text.h"
#include "frontends/slack/workspace.h"

struct mention_place {
	const struct workspace *workspace;
	const char *room; /* of the network */
	char id[SLACK_ID_MAX + 1]; /* what an answer lives in */
};

/* For slack_mrkdwn_write. `place` is lent. */
struct slack_mentions mention_in(struct mention_place *place);
