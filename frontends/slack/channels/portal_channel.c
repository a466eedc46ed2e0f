/* SPDX-License-Identifier: MIT */
#include "frontends/slack/channels/portal_channel.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/channels/channel_name.h"
#include "frontends/slack/channels/history.h"
#include "frontends/slack/channels/ours.h"
#include "frontends/slack/people/person.h"
#include "frontends/slack/wire/slack_text.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"
#include "transport/rooms/room_key.h"
#include "transport/routing/router.h"

/* ------------------------------------------------------------------------------------- more than there is room for */

static bool is_relay(const struct workspace *workspace, const char *address)
{
	return workspace && !strcmp(workspace->relay, address);
}

static void tell_left_out(struct slack_frontend *frontend, const char *team)
{
	struct workspace *workspace = workspace_find(frontend, team);

	if (!workspace)
		return;
	char *text = mem_printf("Channels of %s that cannot be served: %u. The account that speaks for people there is in "
				"%d rooms of the network, and can be in no more; only people with an account of their own are "
				"heard. Untie channels that are not needed (/bridge unlink): those that are left out, as list "
				"shows them, follow.",
				workspace->name, workspace->left_out, LIMIT_ROOMS_PER_USER);

	workspace->left_out = 0;
	workspace_tell_admins(frontend, workspace, LOG_LEVEL_WARNING, text);
	mem_free(text);
}

static void leave_out(struct slack_frontend *frontend, struct channel *channel)
{
	struct workspace *workspace = workspace_find(frontend, channel->at.team);

	if (channel->left_out || !workspace)
		return;
	channel->left_out = true;
	channel_store(frontend, channel);
	char *text = mem_printf("The account that speaks for people here cannot be in %s: it is in %d rooms of the network "
				"already. So nothing passes between here and there, but for people with an account of their own, "
				"until another channel is untied.",
				channel->name, LIMIT_ROOMS_PER_USER);

	slack_notice(workspace, channel->at.id, NULL, text);
	mem_free(text);
	/* Of all that are found now at once. */
	if (!workspace->left_out++)
		slack_later(frontend, tell_left_out, workspace->team);
}

static void let_in(struct slack_frontend *frontend, struct channel *channel)
{
	struct workspace *workspace = workspace_find(frontend, channel->at.team);

	if (!channel->left_out || !workspace)
		return;
	channel->left_out = false;
	channel_store(frontend, channel);
	char *text = mem_printf("What is said here is heard now in %s.", channel->name);

	slack_notice(workspace, channel->at.id, NULL, text);
	mem_free(text);
}

/* A place has become free: those that were left out are tried again. */
static void fill(struct slack_frontend *frontend, const char *team)
{
	const struct workspace *workspace = workspace_find(frontend, team);
	struct map_iter it = {0};

	while (workspace && map_next(frontend->channels, &it)) {
		const struct channel *channel = it.value;

		if (!channel_is_portal_of(channel, team) || !channel->left_out || channel->archived)
			continue;
		slack_later(frontend, portal_channels_join_again, workspace->relay);
		return;
	}
}

bool portal_channel_fits(const struct workspace *workspace, const char *room)
{
	struct slack_frontend *frontend = workspace->frontend;
	const struct resource *relay = slack_person_ready(frontend, workspace->relay);
	struct map *rooms = map_create();
	struct map_iter it = {0};
	struct text_key key;

	while (map_next(frontend->channels, &it)) {
		const struct channel *channel = it.value;

		if (!channel_is_portal_of(channel, workspace->team) || channel->archived || channel->left_out)
			continue;
		map_set(&rooms, text_key_lower(&key, channel->name), frontend);
		text_key_finish(&key);
	}
	it = (struct map_iter){0};
	while (relay && map_next(relay->identity->user->rooms, &it))
		map_set(&rooms, it.key, frontend);
	bool fits = map_get(rooms, text_key_lower(&key, room)) || map_count(rooms) < LIMIT_ROOMS_PER_USER;

	text_key_finish(&key);
	map_destroy(&rooms, NULL);
	return fits;
}

/* ------------------------------------------------------------------------------------------------- people */

static int enter(struct slack_frontend *frontend, const struct channel *channel, struct resource *resource)
{
	char *nickname = room_key_nickname(resource->identity->user, channel->name);
	int err = router_from_frontend(
	        resource, &(struct event){.type = EVENT_ROOM_JOIN,
	                                  .room = {.name = channel->name, .nickname = nickname}});

	if (err)
		log_info(&frontend->base.log, "%s is not brought into %s: %s",
		         log_quote(resource->identity->address), log_quote(channel->name),
		         tp_error_text(err));
	mem_free(nickname);
	return err;
}

void portal_channel_join(struct slack_frontend *frontend, struct channel *channel,
                         struct resource *resource)
{
	const struct user *user = resource->identity->user;
	const struct room *room = room_find(user, channel->name);
	bool full = !room && map_count(user->rooms) >= LIMIT_ROOMS_PER_USER;

	if (channel->archived)
		return;
	int err = room && room_has(room, resource) ? 0 : enter(frontend, channel, resource);

	if (!is_relay(workspace_find(frontend, channel->at.team), resource->identity->address))
		return;
	if (err == TP_ERR_LIMIT && full)
		leave_out(frontend, channel);
	else if (!err)
		let_in(frontend, channel);
}

static void leave(struct resource *resource, const char *name, bool for_now)
{
	const struct room *room = room_find(resource->identity->user, name);

	if (room && room_has(room, resource))
		router_from_frontend(
		        resource, &(struct event){.type = EVENT_ROOM_LEAVE,
		                                  .room = {.name = name, .nickname = "", .for_now = for_now}});
}

/* Whose channels are asked for. */
struct looking {
	struct slack_frontend *frontend;
	char address[];
};

static bool on_conversations(void *context, const struct cJSON *json)
{
	struct looking *looking = context;
	struct slack_frontend *frontend = looking->frontend;
	struct resource *resource = slack_person_ready(frontend, looking->address);
	const struct workspace *workspace = workspace_of(frontend, looking->address);
	const struct cJSON *channels = json_array(json, "channels");

	for (const struct cJSON *item = json_first(channels); item && resource && workspace;
	     item = json_next(item)) {
		struct arena arena = {0};
		const char *id = json_text(item, "id", &arena);
		struct channel *channel = channel_find(frontend, workspace->team, id, NULL);

		if (channel && channel->kind == CHANNEL_PORTAL)
			portal_channel_join(frontend, channel, resource);
		arena_finish(&arena);
	}
	return resource != NULL;
}

static void on_conversations_done(void *context, const struct web_reply *reply)
{
	struct looking *looking = context;

	if (reply->err)
		log_info(&looking->frontend->base.log, "the channels of %s are not known: %s",
		         log_quote(looking->address), reply->problem);
	mem_free(looking);
}

/* Those that were left out come last, so that no others are because of them. */
static void join_all(struct slack_frontend *frontend, const struct workspace *workspace,
                     struct resource *resource)
{
	for (int left_out = 0; left_out < 2; left_out++) {
		struct map_iter it = {0};

		while (map_next(frontend->channels, &it)) {
			struct channel *channel = it.value;

			if (channel_is_portal_of(channel, workspace->team) && channel->left_out == left_out)
				portal_channel_join(frontend, channel, resource);
		}
	}
}

void portal_channels_join_again(struct slack_frontend *frontend, const char *address)
{
	struct resource *resource = slack_person_ready(frontend, address);
	struct member *member = resource ? slack_person_of(frontend, address) : NULL;

	if (!member)
		return;
	if (is_relay(member->workspace, address)) {
		join_all(frontend, member->workspace, resource);
		return;
	}
	const struct web_argument arguments[] = {{"user", member->id},
	                                         {"types", "public_channel,private_channel,mpim"},
	                                         {"exclude_archived", "true"}};
	struct looking *looking = MEM_NEW_TEXT(struct looking, address, address);

	looking->frontend = frontend;
	web_api_pages(frontend->api,
	              &(struct web_call){.method = "users.conversations",
	                                 .token = &member->workspace->token,
	                                 .arguments = arguments,
	                                 .arguments_count = ARRAY_SIZE(arguments),
	                                 .done = on_conversations_done,
	                                 .context = looking,
	                                 .drop = mem_free},
	              200, on_conversations);
}

static void join_again(struct slack_frontend *frontend, const char *address, void *unused)
{
	(void)unused;
	portal_channels_join_again(frontend, address);
}

void portal_channel_person_in(struct slack_frontend *frontend, struct channel *channel, const char *address)
{
	struct resource *resource = slack_person_attach(frontend, address);

	/* Else it follows when the account has been read: portal_channels_join_again. */
	if (resource && resource->identity->state == IDENTITY_READY)
		portal_channel_join(frontend, channel, resource);
}

void portal_channel_person_out(struct slack_frontend *frontend, struct channel *channel, const char *address)
{
	struct resource *resource = slack_person_ready(frontend, address);
	/* He may be in another channel of that room. */
	bool has_sisters = channel_has_sisters(frontend, channel);

	if (!resource)
		return;
	leave(resource, channel->name, channel->archived || has_sisters);
	if (has_sisters)
		slack_later(frontend, portal_channels_join_again, address);
}

static void take_out(struct slack_frontend *frontend, const char *address, void *context)
{
	portal_channel_person_out(frontend, context, address);
}

/* ------------------------------------------------------------------------------------------------- tying */

static void bring_in(struct slack_frontend *frontend, const struct workspace *workspace)
{
	slack_person_attach(frontend, workspace->relay);
	slack_people_each(frontend, workspace->team, join_again, NULL);
}

struct channel *portal_channel_tie(struct workspace *workspace, const char *id, const char *room,
                                   const char *called, bool made)
{
	struct slack_frontend *frontend = workspace->frontend;
	char *place = slack_address(workspace->team, id);
	struct channel *channel = channel_set(frontend, place, CHANNEL_PORTAL, NULL, room);

	mem_free(place);
	channel_name_begin(frontend, channel, called, made);
	history_begin(frontend, channel);
	bring_in(frontend, workspace);
	return channel;
}

void portal_channel_untie(struct slack_frontend *frontend, struct channel **channel)
{
	slack_people_each(frontend, (*channel)->at.team, take_out, *channel);
	history_forget(frontend, *channel);
	channel_name_forget(frontend, *channel);
	fill(frontend, (*channel)->at.team);
	channel_forget(frontend, channel);
}

void portal_channel_lost(struct workspace *workspace, struct channel **channel, bool put_out)
{
	struct slack_frontend *frontend = workspace->frontend;
	const char *called = (*channel)->called;
	char *text = mem_printf("%s of the network is not tied to the channel %s any more: %s.", (*channel)->name,
	                        called ? called : (*channel)->at.id,
	                        put_out ? "the bot was put out of it" : "the channel is gone");

	workspace_tell_admins(frontend, workspace, LOG_LEVEL_WARNING, text);
	mem_free(text);
	portal_channel_untie(frontend, channel);
}

void portal_channel_archive(struct slack_frontend *frontend, struct channel *channel, bool archived)
{
	const struct workspace *workspace = workspace_find(frontend, channel->at.team);

	channel->archived_ms = clock_ms();
	/* An event and a message tell of it. */
	if (channel->archived == archived)
		return;
	channel->archived = archived;
	channel_store(frontend, channel);
	if (archived) {
		slack_people_each(frontend, channel->at.team, take_out, channel);
		fill(frontend, channel->at.team);
	} else if (workspace) {
		bring_in(frontend, workspace);
	}
}

/* ------------------------------------------------------------------------------------------- participants */

static void tell_removed(struct slack_frontend *frontend, const struct identity *to,
                         const struct event_participant *participant)
{
	static const struct {
		int flag;
		const char *text;
	} reasons[] = {{PARTICIPANT_KICKED, "you were put out"},
	               {PARTICIPANT_BANNED, "you were banned"},
	               {PARTICIPANT_CONFLICT, "your nickname is taken there"},
	               {PARTICIPANT_NOT_AUTHORIZED, "you may not enter"},
	               {PARTICIPANT_ROOM_NOT_FOUND, "there is no such room"}};
	const char *reason = "you are not there any more", *said = participant->status_text;

	for (size_t i = ARRAY_SIZE(reasons); i-- > 0;)
		if (participant->flags & reasons[i].flag)
			reason = reasons[i].text;
	bool more = said && *said;
	char *text = mem_printf("You are not in %s: %s%s%s.", participant->room, reason, more ? ": " : "",
	                        more ? said : "");

	slack_person_tell(frontend, to->address, text);
	mem_free(text);
}

static void say_line(struct slack_frontend *frontend, struct channel *channel, void *context)
{
	struct workspace *workspace = workspace_find(frontend, channel->at.team);

	if (workspace && !channel->archived)
		slack_notice(workspace, channel->at.id, NULL, context);
}

/* Who was there when we came is no news. */
static bool is_new(struct slack_frontend *frontend, const struct event_participant *participant)
{
	const struct room *room = portal_listener(&frontend->base, participant->room);
	const char *name = participant->new_nickname && *participant->new_nickname ? participant->new_nickname
	                                                                           : participant->nickname;
	bool ours = portal_has_nickname(&frontend->base, participant->room, name);
	bool was_ours = ours_note(frontend, participant->room, participant->nickname, false);

	/* Somebody else may have the nickname of one who is gone. */
	if (ours)
		ours_note(frontend, participant->room, name, true);
	return room && room->state == ROOM_JOINED && !ours && !(was_ours && participant->status == STATUS_OFFLINE);
}

void portal_channel_show_participant(struct slack_frontend *frontend, struct identity *to,
                                     const struct event_participant *participant)
{
	bool gone = participant->status == STATUS_OFFLINE;
	bool renamed = participant->new_nickname && *participant->new_nickname;
	char *text;

	if (participant->self && gone && !renamed)
		tell_removed(frontend, to, participant);
	/* The network may call ours otherwise as often as it likes. */
	if (participant->self && renamed)
		ours_note(frontend, participant->room, participant->nickname, false);
	if (participant->self && !gone)
		ours_note(frontend, participant->room, renamed ? participant->new_nickname : participant->nickname, true);
	if (participant->self || !portal_is_listener(to, participant->room) || !is_new(frontend, participant) ||
	    !frontend->config.show_joins)
		return;
	if (renamed)
		text = mem_printf("%s is now called %s.", participant->nickname, participant->new_nickname);
	else
		text = mem_printf("%s has %s %s.", participant->nickname, gone ? "left" : "come into",
		                  participant->room);
	channel_each_portal(frontend, participant->room, say_line, text);
	mem_free(text);
}

/* ------------------------------------------------------------------------------------------------- topic */

#define TOPIC_MAX 250 /* characters that Slack takes */

/* Its beginning, if it is too long. Whether Slack counts an escaped character as one is not known: here it counts as
 * all that stand for it. */
static void put_topic(struct buf *mrkdwn, const char *topic)
{
	size_t used = 0, end = 0;

	for (size_t at = 0, next; topic[at]; at = next) {
		for (next = at + 1; ((unsigned char)topic[next] & 0xc0) == 0x80; next++)
			;
		used += topic[at] == '&' ? strlen("&amp;") : strchr("<>", topic[at]) ? strlen("&lt;") : 1;
		if (used < TOPIC_MAX)
			end = next;
	}
	char *shown = mem_strndup(topic, used > TOPIC_MAX ? end : strlen(topic));

	slack_escape(mrkdwn, shown);
	if (used > TOPIC_MAX)
		buf_puts(mrkdwn, "\xe2\x80\xa6");
	mem_free(shown);
}

struct setting {
	struct workspace *workspace;
	char *topic;
	char place[];
};

static void setting_free(void *context)
{
	struct setting *setting = context;

	mem_free(setting->topic);
	mem_free(setting);
}

static void on_topic(void *context, const struct web_reply *reply)
{
	struct setting *setting = context;
	struct slack_frontend *frontend = setting->workspace->frontend;
	struct channel *channel = channel_at(frontend, setting->place);
	bool last = channel && channel->topic_asked && !strcmp(channel->topic_asked, setting->topic);

	/* What was asked for later comes behind it; of a lost workspace it is not known. */
	if (last)
		mem_replace(&channel->topic_asked, NULL);
	if (last && reply->err != TP_ERR_AUTH && !frontend->stopping) {
		mem_replace(&channel->topic, setting->topic);
		channel_store(frontend, channel);
	}
	if (last && reply->err && reply->err != TP_ERR_AUTH && !frontend->stopping) {
		char *text = mem_printf("The topic of %s is: %s (Slack does not let me set it: %s)", channel->name,
		                        setting->topic, reply->problem);

		slack_notice(setting->workspace, channel->at.id, NULL, text);
		mem_free(text);
	}
	setting_free(setting);
}

static void set_topic(struct slack_frontend *frontend, struct channel *channel, void *context)
{
	struct workspace *workspace = workspace_find(frontend, channel->at.team);
	const char *topic = context, *known = channel->topic_asked ? channel->topic_asked : channel->topic;
	struct buf mrkdwn = {0};

	if (!workspace || channel->archived || (known ? !strcmp(known, topic) : !*topic))
		return;
	struct setting *setting = MEM_NEW_TEXT(struct setting, place, channel->place);

	setting->workspace = workspace;
	setting->topic = mem_strdup(topic);
	mem_replace(&channel->topic_asked, topic);
	put_topic(&mrkdwn, topic);
	const struct web_argument arguments[] = {{"channel", channel->at.id}, {"topic", buf_text(&mrkdwn)}};

	web_api_call(frontend->api, &(struct web_call){.method = "conversations.setTopic",
	                                               .token = &workspace->token,
	                                               .arguments = arguments,
	                                               .arguments_count = ARRAY_SIZE(arguments),
	                                               .lane = channel->place,
	                                               .done = on_topic,
	                                               .context = setting,
	                                               .drop = setting_free});
	buf_finish(&mrkdwn);
}

void portal_channel_show_subject(struct slack_frontend *frontend, struct identity *to,
                                 const struct event_message *subject)
{
	if (portal_is_listener(to, subject->name))
		channel_each_portal(frontend, subject->name, set_topic, (void *)(uintptr_t)subject->text);
}

void portal_channel_catch_up(struct slack_frontend *frontend, struct channel *channel)
{
	const struct room *room = portal_listener(&frontend->base, channel->name);

	if (!room)
		return;
	channel_name_follow(frontend, channel, room->title);
	if (room->subject)
		set_topic(frontend, channel, room->subject);
}

void portal_channel_show_leave(struct slack_frontend *frontend, struct identity *to,
                               const struct event_room *room)
{
	if (!room->reason || !*room->reason)
		return;
	char *text = mem_printf("You are not in %s any more: %s", room->name, room->reason);

	slack_person_tell(frontend, to->address, text);
	mem_free(text);
}
