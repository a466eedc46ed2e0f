/* SPDX-License-Identifier: MIT */
/*
 * Who of a room's people is one of ours, who are seen in Slack: of one who has left the room the network tells when he
 * is not in the portal any more.
 */
#pragma once

#include <stdbool.h>

struct slack_frontend;

/* Notes that he is, or is not. Case does not count. Of more than LIMIT_SLACK_OURS some are forgotten. True: that he is
 * was noted before. */
bool ours_note(struct slack_frontend *frontend, const char *room, const char *nickname, bool ours);
