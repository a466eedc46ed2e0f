/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_mask.h"

#include <string.h>

#include "backends/irc/irc_line.h"
#include "base/mem.h"

/* One star at a time is enough: an earlier one need never take more once a later one has matched. */
static bool glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

bool irc_mask_matches(const char *mask, enum irc_casemap map, const char *nick, const char *host)
{
	char *parts = irc_fold_name(map, mask), *folded = irc_fold_name(map, nick);
	char *there = irc_fold_name(map, host ? host : "");
	char *user = strchr(parts, '!'), *at = user ? strchr(user, '@') : NULL;
	bool matches = false;

	if (at) {
		*user++ = '\0';
		*at++ = '\0';
		matches = *user && !user[strspn(user, "*")] && glob(parts, folded) && glob(at, there);
	}
	mem_free(parts);
	mem_free(folded);
	mem_free(there);
	return matches;
}

bool irc_mask_is_wide(const char *mask)
{
	size_t nick = strcspn(mask, "!");
	const char *at = strchr(mask + nick, '@');

	/* A host with a slash may be a network, "2001:db8::/32". */
	return mask[nick] && at && strcspn(mask, "*?") < nick && strpbrk(at, "*?/");
}

bool irc_mask_is_valid(const char *mask)
{
	return irc_middle_is_valid(mask) && strpbrk(mask, "!@*?$~:") != NULL;
}
