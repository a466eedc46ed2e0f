/* SPDX-License-Identifier: MIT */
#include "frontends/slack/messages/recent.h"

#include <string.h>

#include "base/text.h"
#include "config/limits.h"

#define QUOTED_BYTES 200 /* a quotation shows no more */

static void recent_finish(void *value)
{
	struct recent *recent = value;

	mem_free(recent->author);
	mem_free(recent->text);
	mem_free(recent->place);
	map_destroy(&recent->reactions, mem_free);
	mem_free(recent);
}

static struct recent *remember(struct slack_frontend *frontend, const char *id)
{
	struct recent *recent = map_get(frontend->recent, id);
	struct map_iter it = {0};

	if (recent)
		return recent;
	if (map_count(frontend->recent) >= LIMIT_SLACK_RECENT && map_next(frontend->recent, &it))
		recent_finish(map_remove(frontend->recent, it.key));
	recent = MEM_NEW(struct recent);
	map_set(&frontend->recent, id, recent);
	return recent;
}

void slack_recent_note(struct slack_frontend *frontend, const char *id, const char *author, const char *text,
                       const char *place)
{
	struct recent *recent = remember(frontend, id);

	mem_replace(&recent->author, author);
	mem_replace(&recent->place, place);
	mem_free(recent->text);
	recent->text = mem_strndup(text, text_cut(text, strlen(text), QUOTED_BYTES));
}

const struct recent *slack_recent_find(const struct slack_frontend *frontend, const char *id)
{
	return id ? map_get(frontend->recent, id) : NULL;
}

size_t slack_recent_react(struct slack_frontend *frontend, const char *id, const char *user,
                          const char *emoji, bool added, const char **all, size_t max)
{
	struct recent *recent = remember(frontend, id);
	char *key = mem_printf("%s\n%s", user, emoji);
	size_t length = strlen(user) + 1, count = 0;
	struct map_iter it = {0};

	if (added &&
	    (map_get(recent->reactions, key) || map_count(recent->reactions) < LIMIT_SLACK_REACTIONS))
		mem_free(map_set(&recent->reactions, key, mem_strdup(emoji)));
	else if (!added)
		mem_free(map_remove(recent->reactions, key));
	while (map_next(recent->reactions, &it) && count < max)
		if (!strncmp(it.key, key, length))
			all[count++] = it.value;
	mem_free(key);
	return count;
}

void slack_recent_free(struct slack_frontend *frontend)
{
	map_destroy(&frontend->recent, recent_finish);
}
