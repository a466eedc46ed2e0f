/* SPDX-License-Identifier: MIT */
#include "frontends/slack/people/administration.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/slack/channels/portal_channel.h"
#include "frontends/slack/wire/slack_id.h"
#include "frontends/slack/workspace.h"

/* "T0123ABC" or "T0123ABC/U0456DEF". NULL: it is not served. */
static struct workspace *workspace_of_word(struct slack_frontend *frontend, const char *who)
{
	return slack_is_id(who) ? workspace_find(frontend, who) : workspace_of(frontend, who);
}

int slack_ties(struct slack_frontend *frontend, const char *who,
	       void (*each)(void *context, const struct frontend_tie *tie), void *context)
{
	const struct workspace *workspace = workspace_of_word(frontend, who);
	struct map_iter it = {0};

	if (!workspace)
		return TP_ERR_NOT_FOUND;
	while (map_next(frontend->channels, &it)) {
		const struct channel *channel = it.value;

		if (channel_is_portal_of(channel, workspace->team))
			each(context, &(struct frontend_tie){.place = channel->at.id,
							     .name = channel->called ? channel->called : "",
							     .room = channel->name,
							     .closed = channel->archived});
	}
	return 0;
}

struct tying {
	struct slack_frontend *frontend;
	char *team, *channel, *room;
};

static void tying_free(void *context)
{
	struct tying *tying = context;

	mem_free(tying->team);
	mem_free(tying->channel);
	mem_free(tying->room);
	mem_free(tying);
}

static void on_joined(void *context, const struct web_reply *reply)
{
	struct tying *tying = context;
	struct slack_frontend *frontend = tying->frontend;
	struct workspace *workspace = workspace_find(frontend, tying->team);
	bool in = !reply->err || reply->err == TP_ERR_EXISTS;
	struct arena arena = {0};

	if (!in)
		log_warning(&frontend->base.log, "channel %s is not tied to %s, since the app cannot come into it: %s",
			    tying->channel, log_quote(tying->room), reply->problem);
	else if (workspace && !channel_find(frontend, tying->team, tying->channel, NULL))
		portal_channel_tie(workspace, tying->channel, tying->room,
				   json_line(json_object(reply->json, "channel"), "name", &arena), false);
	arena_finish(&arena);
	tying_free(tying);
}

static int untie(struct slack_frontend *frontend, struct channel *channel)
{
	if (!channel || channel->kind != CHANNEL_PORTAL)
		return TP_ERR_INVALID;
	portal_channel_untie(frontend, &channel);
	return 0;
}

int slack_tie(struct slack_frontend *frontend, const char *who, const char *id, const char *room)
{
	struct workspace *workspace = frontend->stopping ? NULL : workspace_of_word(frontend, who);

	if (!workspace)
		return TP_ERR_NOT_FOUND;
	struct channel *channel = slack_is_id(id) ? channel_find(frontend, workspace->team, id, NULL) : NULL;

	if (!room)
		return untie(frontend, channel);
	if (!slack_is_id(id) || (*id != 'C' && *id != 'G') || !*room || strlen(room) > LIMIT_NAME_BYTES)
		return TP_ERR_INVALID;
	if (channel)
		return TP_ERR_EXISTS;
	struct tying *tying = MEM_NEW(struct tying);
	const struct web_argument arguments[] = {{"channel", id}};

	*tying = (struct tying){frontend, mem_strdup(workspace->team), mem_strdup(id), mem_strdup(room)};
	web_api_call(frontend->api, &(struct web_call){.method = "conversations.join",
						       .token = &workspace->token,
						       .arguments = arguments,
						       .arguments_count = ARRAY_SIZE(arguments),
						       .done = on_joined,
						       .context = tying,
						       .drop = tying_free});
	return 0;
}
