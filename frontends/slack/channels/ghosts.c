/* SPDX-License-Identifier: MIT */
#include "frontends/slack/channels/ghosts.h"

#include "config/limits.h"

enum ghosts_news ghosts_counted(struct ghosts *ghosts, unsigned connections, unsigned ours, uint64_t now_ms)
{
	bool were = ghosts->count > 0;

	if (connections <= ours) {
		*ghosts = (struct ghosts){0};
		return were ? GHOSTS_GONE : GHOSTS_NOTHING;
	}
	ghosts->count = connections - ours;
	if (!were) {
		ghosts->since_ms = now_ms;
		ghosts->wait_ms = LIMIT_SLACK_GHOST_SECONDS * 1000u;
		ghosts->due_ms = now_ms + ghosts->wait_ms;
		return GHOSTS_SEEN;
	}
	if (ghosts->told || now_ms - ghosts->since_ms < LIMIT_SLACK_GHOST_SECONDS * 1000u)
		return GHOSTS_NOTHING;
	ghosts->told = true;
	return GHOSTS_STAY;
}

bool ghosts_due(struct ghosts *ghosts, uint64_t now_ms)
{
	if (!ghosts->count || now_ms < ghosts->due_ms)
		return false;
	if (ghosts->wait_ms < LIMIT_SLACK_GHOST_LAST_SECONDS * 1000u)
		ghosts->wait_ms *= 2;
	ghosts->due_ms = now_ms + ghosts->wait_ms;
	return true;
}
