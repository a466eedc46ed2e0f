/* SPDX-License-Identifier: MIT */
#include "frontends/slack/channels/hidden.h"

#include "base/error.h"
#include "base/json.h"
#include "base/map.h"
#include "frontends/slack/workspace.h"

#define PAGE 200

struct looking {
	struct workspace *workspace;
	char *user;
	struct map *hidden;
	hidden_done *done;
	void *context;
	void (*drop)(void *context);
};

static void looking_free(struct looking *looking)
{
	map_destroy(&looking->hidden, NULL);
	mem_free(looking->user);
	mem_free(looking);
}

static void on_dropped(void *context)
{
	struct looking *looking = context;

	looking->drop(looking->context);
	looking_free(looking);
}

static void each_id(struct looking *looking, const struct cJSON *json, bool hides)
{
	for (const struct cJSON *item = json_first(json_array(json, "channels")); item; item = json_next(item)) {
		struct arena arena = {0};
		const char *id = json_text(item, "id", &arena);

		if (id && hides)
			map_set(&looking->hidden, id, looking);
		else if (id)
			map_remove(looking->hidden, id);
		arena_finish(&arena);
	}
}

static bool on_ours(void *context, const struct cJSON *json)
{
	each_id(context, json, true);
	return true;
}

static bool on_theirs(void *context, const struct cJSON *json)
{
	each_id(context, json, false);
	return true;
}

static void on_known(void *context, const struct web_reply *reply)
{
	struct looking *looking = context;

	looking->done(looking->context, reply->err, reply->problem, reply->err ? NULL : looking->hidden);
	looking_free(looking);
}

static void look(struct looking *looking, const char *user, web_done *done,
		 bool (*page)(void *context, const struct cJSON *json))
{
	const struct web_argument arguments[] = {{"types", "private_channel,mpim"}, {"user", user}};

	web_api_pages(looking->workspace->frontend->api, &(struct web_call){.method = "users.conversations",
									    .token = &looking->workspace->token,
									    .arguments = arguments,
									    .arguments_count = user ? 2 : 1,
									    .done = done,
									    .context = looking,
									    .drop = on_dropped},
		      PAGE, page);
}

static void on_ours_known(void *context, const struct web_reply *reply)
{
	struct looking *looking = context;

	if (reply->err || !map_count(looking->hidden))
		on_known(looking, reply);
	else
		look(looking, looking->user, on_known, on_theirs);
}

void hidden_ask(struct workspace *workspace, const char *user, hidden_done *done, void *context,
		void (*drop)(void *context))
{
	struct looking *looking = MEM_NEW(struct looking);

	*looking = (struct looking){workspace, mem_strdup(user), map_create(), done, context, drop};
	look(looking, NULL, on_ours_known, on_ours);
}
