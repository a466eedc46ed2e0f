/* SPDX-License-Identifier: MIT */
/* What a user does to others in a channel: KICK, and MODE for bans and ranks. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct irc_channel;

#define IRC_UNBAN_MASKS 8

/* Takes these bans back, for the sake of who has this nickname; none: those that he would have of us, or if `nick` is a
 * mask that one. */
void irc_moderate_unban(struct irc_channel *channel, const char *nick, uint64_t handover, const char *const *masks,
                        size_t count);
