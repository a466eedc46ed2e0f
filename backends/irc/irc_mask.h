/* SPDX-License-Identifier: MIT */
/* Masks of bans, "nick!user@host" with "*" and "?" (RFC 2812, 2.5). */
#pragma once

#include <stdbool.h>

#include "backends/irc/irc_casemap.h"

/* Whether somebody of this nickname and host (NULL: not known) is meant. His user name is not known here: a mask that
 * has one matches nobody, nor does what is no such mask (extended bans, "$a:name"). */
bool irc_mask_matches(const char *mask, enum irc_casemap map, const char *nick, const char *host);
/* Whether it means more than one nickname and more than one host. Of what is no such mask nobody knows: false. */
bool irc_mask_is_wide(const char *mask);
/* Whether a server can have it as a ban, extended ones included, and it is no nickname. */
bool irc_mask_is_valid(const char *mask);
