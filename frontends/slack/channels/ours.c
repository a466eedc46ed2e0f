/* SPDX-License-Identifier: MIT */
#include "frontends/slack/channels/ours.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/slack.h"

bool ours_note(struct slack_frontend *frontend, const char *room, const char *nickname, bool ours)
{
	char *name = mem_printf("%s %s", room, nickname);
	struct text_key key;
	const char *lower = text_key_lower(&key, name);
	bool noted = map_get(frontend->ours, lower) != NULL;
	struct map_iter it = {0};

	if (noted && !ours)
		map_remove(frontend->ours, lower);
	if (!noted && ours && map_count(frontend->ours) >= LIMIT_SLACK_OURS && map_next(frontend->ours, &it))
		map_remove(frontend->ours, it.key);
	if (ours)
		map_set(&frontend->ours, lower, frontend);
	text_key_finish(&key);
	mem_free(name);
	return noted;
}
