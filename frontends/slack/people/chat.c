/* SPDX-License-Identifier: MIT */
#include "frontends/slack/people/chat.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "frontends/slack/channels/history.h"
#include "frontends/slack/people/person.h"
#include "frontends/slack/wire/slack_text.h"
#include "frontends/slack/workspace.h"

struct opening {
	struct slack_frontend *frontend;
	char *key;
	char *owner, *name;
	char *dm; /* its channel, once the thread is being begun; NULL */
	bool in_room;
};

static void opening_free(void *value)
{
	struct opening *opening = value;

	mem_free(opening->key);
	mem_free(opening->owner);
	mem_free(opening->name);
	mem_free(opening->dm);
	mem_free(opening);
}

static void made(struct opening *opening, const char *team, const char *ts)
{
	struct slack_frontend *frontend = opening->frontend;
	char *place = slack_thread_place(team, opening->dm, ts);
	struct channel *channel = channel_set(frontend, place, CHANNEL_CHAT, opening->owner, opening->name);

	channel->in_room = opening->in_room;
	channel_store(frontend, channel);
	history_begin(frontend, channel);
	slack_later(frontend, slack_person_show_waiting, opening->owner);
	mem_free(place);
}

static void on_begun(void *context, const struct web_reply *reply)
{
	struct opening *opening = context;
	struct slack_frontend *frontend = opening->frontend;
	const struct workspace *workspace = workspace_of(frontend, opening->owner);
	struct arena arena = {0};
	const char *ts = json_text(reply->json, "ts", &arena);

	map_remove(frontend->openings, opening->key);
	if (reply->err || !slack_is_ts(ts) || !workspace)
		log_warning(&frontend->base.log, "no chat of %s with %s could be begun: %s",
		            log_quote(opening->owner), log_quote(opening->name), reply->problem);
	else
		made(opening, workspace->team, ts);
	arena_finish(&arena);
	opening_free(opening);
}

/* Whoever is named in the first message of a thread is told of what is said in it. */
static void begin(struct opening *opening, const char *dm)
{
	struct slack_frontend *frontend = opening->frontend;
	struct workspace *workspace = workspace_of(frontend, opening->owner);
	struct slack_address owner;
	struct buf text = {0};

	slack_address_read(&owner, opening->owner);
	opening->dm = mem_strdup(dm);
	buf_printf(&text, "<@%s> Your chat with *", owner.id);
	slack_escape(&text, opening->name);
	buf_puts(&text, "*: what you say in this thread goes there, and the answers come here.");
	const struct web_argument arguments[] = {{"channel", dm}, {"text", buf_text(&text)}};
	char *lane = slack_address(workspace->team, dm);

	web_api_call(frontend->api, &(struct web_call){.method = "chat.postMessage",
	                                               .token = &workspace->token,
	                                               .arguments = arguments,
	                                               .arguments_count = ARRAY_SIZE(arguments),
	                                               .lane = lane,
	                                               .done = on_begun,
	                                               .context = opening});
	mem_free(lane);
	buf_finish(&text);
}

struct channel *slack_chat_open(struct slack_frontend *frontend, const char *owner, const char *name,
                                bool in_room)
{
	struct channel *chat = channel_chat(frontend, owner, name);
	char *key = channel_chat_key(owner, name);

	if (chat || map_get(frontend->openings, key) || !workspace_of(frontend, owner)) {
		mem_free(key);
		return chat;
	}
	struct opening *opening = MEM_NEW(struct opening);
	const struct channel *control = channel_control(frontend, owner);

	opening->frontend = frontend;
	opening->key = key;
	opening->owner = mem_strdup(owner);
	opening->name = mem_strdup(name);
	opening->in_room = in_room;
	map_set(&frontend->openings, key, opening);
	if (control)
		begin(opening, control->at.id);
	else
		slack_person_open_control(frontend, owner);
	return NULL;
}

void slack_chats_go_on(struct slack_frontend *frontend, const char *owner)
{
	const struct channel *control = channel_control(frontend, owner);
	struct map_iter it = {0};

	while (control && map_next(frontend->openings, &it)) {
		struct opening *opening = it.value;

		if (!opening->dm && !strcmp(opening->owner, owner))
			begin(opening, control->at.id);
	}
}

void slack_chats_free(struct slack_frontend *frontend)
{
	map_destroy(&frontend->openings, opening_free);
}
