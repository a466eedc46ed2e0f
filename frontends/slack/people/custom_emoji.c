/* SPDX-License-Identifier: MIT */
#include "frontends/slack/people/custom_emoji.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/messages/incoming.h"

#define ALIAS "alias:"
#define ALIASES 4 /* of each other: Slack has one; a circle ends here */

struct custom_emoji {
	struct map *known; /* name -> URL, or "alias:NAME" */
	bool there;        /* emoji.list was answered */
};

static bool is_name(const char *name)
{
	return name && *name && !strpbrk(name, ": \t\n");
}

static void forget(struct custom_emoji *emoji, const char *name)
{
	if (name)
		mem_free(map_remove(emoji->known, name));
}

static void note(struct custom_emoji *emoji, const char *name, const char *value)
{
	bool good = value && (text_starts(value, "https://") || text_starts(value, "http://") || text_starts(value, ALIAS));

	if (is_name(name) && good && (map_count(emoji->known) < LIMIT_SLACK_EMOJI || map_get(emoji->known, name)))
		mem_free(map_set(&emoji->known, name, mem_strdup(value)));
}

static void on_list(void *context, const struct web_reply *reply)
{
	struct workspace *workspace = context;
	const struct cJSON *list = json_object(reply->json, "emoji");

	if (reply->err)
		log_info(&workspace->log, "its own emoji are shown by their names: %s", reply->problem);
	for (const struct cJSON *item = reply->err ? NULL : json_first(list); item; item = json_next(item)) {
		struct arena arena = {0};

		note(workspace->emoji, json_name(item, &arena), json_text(item, NULL, &arena));
		arena_finish(&arena);
	}
	workspace->emoji->there = true;
	slack_later(workspace->frontend, incoming_go_on, NULL);
}

const char *custom_emoji_find(struct workspace *workspace, const char *name, bool *missing)
{
	const char *value = NULL;

	if (!workspace->emoji) {
		workspace->emoji = MEM_NEW(struct custom_emoji);
		web_api_call(workspace->frontend->api, &(struct web_call){.method = "emoji.list",
									  .token = &workspace->token,
									  .done = on_list,
									  .context = workspace});
	}
	*missing = *missing || !workspace->emoji->there;
	for (unsigned i = 0; i < ALIASES; i++) {
		const char *next = map_get(workspace->emoji->known, value ? value + strlen(ALIAS) : name);

		if (!next)
			break;
		value = next;
		if (!text_starts(value, ALIAS))
			break;
	}
	return value;
}

void custom_emoji_changed(struct workspace *workspace, const struct cJSON *event)
{
	struct arena arena = {0};
	const char *change = json_text(event, "subtype", &arena), *name = json_text(event, "name", &arena);
	const char *value = json_text(event, "value", &arena), *new_name = json_text(event, "new_name", &arena);
	const struct cJSON *names = json_array(event, "names");

	if (workspace->emoji && change && !strcmp(change, "add")) {
		note(workspace->emoji, name, value);
	} else if (workspace->emoji && change && !strcmp(change, "rename")) {
		forget(workspace->emoji, json_text(event, "old_name", &arena));
		note(workspace->emoji, new_name, value);
	} else if (workspace->emoji && change && !strcmp(change, "remove")) {
		for (const struct cJSON *item = json_first(names); item; item = json_next(item))
			forget(workspace->emoji, json_text(item, NULL, &arena));
	}
	arena_finish(&arena);
}

void custom_emoji_free(struct workspace *workspace)
{
	if (workspace->emoji)
		map_destroy(&workspace->emoji->known, mem_free);
	mem_free(workspace->emoji);
	workspace->emoji = NULL;
}
