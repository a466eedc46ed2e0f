/* SPDX-License-Identifier: MIT */
/*
 * What people have changed while no socket was open: messages that were edited, that are not there any more, and
 * reactions, as a conversation's history shows it beside what is known of it (known.h). Each comes once, as an
 * event that Slack might have sent.
 */
#pragma once

#include "frontends/slack/channels/known.h"

struct cJSON;
struct missed;

/* What is read of a conversation after a gap; `since`: the last message that was taken before. */
struct missed *missed_create(struct slack_frontend *frontend, const char *place, const char *since);
void missed_destroy(struct missed **missed);
/* A message that Slack has, whatever its age. */
void missed_note(struct missed *missed, const struct cJSON *message);
/* Everything from that message on was read, of a thread unless NULL: what is missing was deleted. */
void missed_complete(struct missed *missed, const char *thread, const char *from);
/* Hands it on, behind the messages of history. */
void missed_hand_over(struct missed *missed, struct workspace *workspace, struct channel *channel);
