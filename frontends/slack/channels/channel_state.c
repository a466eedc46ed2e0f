/* SPDX-License-Identifier: MIT */
#include "frontends/slack/channels/channel_state.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "frontends/slack/channels/channel_name.h"
#include "frontends/slack/channels/history.h"
#include "frontends/slack/channels/portal_channel.h"

#define PAGE 200 /* channels */

/* The channels of one workspace, or one of them. */
struct reading {
	struct slack_frontend *frontend;
	uint64_t since_ms;  /* clock_ms: what an event told later is newer */
	struct map *named;  /* place -> frontend: those that Slack has named */
	struct slack_address at; /* of the one; the team */
};

static void reading_free(void *context)
{
	struct reading *reading = context;

	map_destroy(&reading->named, NULL);
	mem_free(reading);
}

static struct reading *reading_create(struct workspace *workspace)
{
	struct reading *reading = MEM_NEW(struct reading);

	reading->frontend = workspace->frontend;
	reading->since_ms = clock_ms();
	reading->named = map_create();
	memcpy(reading->at.team, workspace->team, strlen(workspace->team) + 1);
	return reading;
}

static void take(const struct reading *reading, struct channel *channel, const struct slack_channel *found)
{
	channel_name_note(reading->frontend, channel, found->name);
	if (channel->archived == found->is_archived || channel->archived_ms > reading->since_ms)
		return;
	portal_channel_archive(reading->frontend, channel, found->is_archived);
	/* What has been said there since it was opened. */
	if (!found->is_archived)
		history_catch_up_at(reading->frontend, channel);
}

static struct channel *portal_of(const struct reading *reading, const char *id)
{
	struct channel *channel = channel_find(reading->frontend, reading->at.team, id, NULL);

	return channel && channel->kind == CHANNEL_PORTAL ? channel : NULL;
}

/* --------------------------------------------------------------------------------------------- one of them */

/* Opened again, and we are not in it: an archived channel loses its apps. */
static void on_joined(void *context, const struct web_reply *reply)
{
	struct reading *reading = context;
	struct workspace *workspace = workspace_find(reading->frontend, reading->at.team);
	struct channel *channel = portal_of(reading, reading->at.id);

	if (workspace && channel && !reply->err) {
		portal_channel_archive(reading->frontend, channel, false);
		history_catch_up_at(reading->frontend, channel);
	} else if (workspace && channel && reply->err == TP_ERR_NOT_ALLOWED) {
		portal_channel_lost(workspace, &channel, true);
	}
	reading_free(reading);
}

static void ask_about(struct workspace *workspace, struct reading *reading, const char *method, web_done *done)
{
	const struct web_argument arguments[] = {{"channel", reading->at.id}};
	char *lane = mem_printf("state %s", workspace->team);

	web_api_call(workspace->frontend->api, &(struct web_call){.method = method,
								  .token = &workspace->token,
								  .arguments = arguments,
								  .arguments_count = ARRAY_SIZE(arguments),
								  .lane = lane,
								  .done = done,
								  .context = reading,
								  .drop = reading_free});
	mem_free(lane);
}

static void on_info(void *context, const struct web_reply *reply)
{
	struct reading *reading = context;
	struct workspace *workspace = workspace_find(reading->frontend, reading->at.team);
	struct channel *channel = portal_of(reading, reading->at.id);
	struct arena arena = {0};
	struct slack_channel found;
	bool known = !reply->err && slack_channel_read(&found, json_object(reply->json, "channel"), &arena);

	if (!workspace || !channel) {
		reading_free(reading);
	} else if (known && !found.is_archived && !found.is_member && channel->archived) {
		ask_about(workspace, reading, "conversations.join", on_joined);
	} else {
		if (known && (found.is_archived || found.is_member))
			take(reading, channel, &found);
		else if (known || reply->err == TP_ERR_NOT_FOUND)
			portal_channel_lost(workspace, &channel, known);
		else
			log_info(&workspace->log, "what has become of %s is not known: %s", channel->place,
				 reply->problem);
		reading_free(reading);
	}
	arena_finish(&arena);
}

/* ---------------------------------------------------------------------------------------------- all of them */

static bool on_page(void *context, const struct cJSON *json)
{
	struct reading *reading = context;
	const struct cJSON *channels = json_array(json, "channels");

	for (const struct cJSON *item = json_first(channels); item; item = json_next(item)) {
		struct arena arena = {0};
		struct slack_channel found;
		struct channel *channel = slack_channel_read(&found, item, &arena) ? portal_of(reading, found.id) : NULL;

		if (channel) {
			map_set(&reading->named, channel->place, reading);
			take(reading, channel, &found);
		}
		arena_finish(&arena);
	}
	return true;
}

static void on_read(void *context, const struct web_reply *reply)
{
	struct reading *reading = context;
	struct slack_frontend *frontend = reading->frontend;
	struct workspace *workspace = workspace_find(frontend, reading->at.team);
	struct map_iter it = {0};

	if (reply->err)
		log_info(&frontend->base.log, "what has become of the channels of %s is not known: %s", reading->at.team,
			 reply->problem);
	while (!reply->err && workspace && map_next(frontend->channels, &it)) {
		const struct channel *channel = it.value;

		if (!channel_is_portal_of(channel, workspace->team) || map_get(reading->named, channel->place))
			continue;
		struct reading *one = reading_create(workspace);

		one->at = channel->at;
		ask_about(workspace, one, "conversations.info", on_info);
	}
	reading_free(reading);
}

/* The other way: what rooms have become. False: it has no portals. */
static bool catch_up(const struct workspace *workspace)
{
	struct map_iter it = {0};
	bool has = false;

	while (map_next(workspace->frontend->channels, &it)) {
		if (!channel_is_portal_of(it.value, workspace->team))
			continue;
		portal_channel_catch_up(workspace->frontend, it.value);
		has = true;
	}
	return has;
}

void channel_states_read(struct slack_frontend *frontend, const char *team)
{
	static const struct web_argument arguments[] = {{"types", "public_channel,private_channel,mpim"}};

	LIST_EACH (link, &frontend->workspaces) {
		struct workspace *workspace = CONTAINER_OF(link, struct workspace, link);

		if (workspace->state != WORKSPACE_READY || (team && strcmp(workspace->team, team) != 0) || !catch_up(workspace))
			continue;
		char *lane = mem_printf("state %s", workspace->team);

		web_api_pages(frontend->api,
			      &(struct web_call){.method = "users.conversations",
						 .token = &workspace->token,
						 .arguments = arguments,
						 .arguments_count = ARRAY_SIZE(arguments),
						 .lane = lane,
						 .done = on_read,
						 .context = reading_create(workspace),
						 .drop = reading_free},
			      PAGE, on_page);
		mem_free(lane);
	}
}
