/* SPDX-License-Identifier: MIT */
#include "frontends/slack/wire/slack_event.h"

#include <string.h>

#include "base/mem.h"
#include "frontends/slack/wire/slack_read.h"

static unsigned small_number(const struct cJSON *object, const char *name)
{
	int64_t number = json_number(object, name, 0);

	return number < 0 ? 0 : number > INT32_MAX ? INT32_MAX : (unsigned)number;
}

static enum slack_frame_kind frame_kind(const char *type)
{
	static const struct {
		const char *type;
		enum slack_frame_kind kind;
	} kinds[] = {{"hello", SLACK_FRAME_HELLO},
	             {"disconnect", SLACK_FRAME_DISCONNECT},
	             {"events_api", SLACK_FRAME_EVENT},
	             {"slash_commands", SLACK_FRAME_COMMAND},
	             {"interactive", SLACK_FRAME_INTERACTIVE}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(type, kinds[i].type))
			return kinds[i].kind;
	return SLACK_FRAME_OTHER;
}

static enum slack_disconnect disconnect_reason(const char *text)
{
	static const struct {
		const char *text;
		enum slack_disconnect reason;
	} reasons[] = {{"warning", SLACK_DISCONNECT_WARNING},
	               {"refresh_requested", SLACK_DISCONNECT_REFRESH},
	               {"link_disabled", SLACK_DISCONNECT_DISABLED},
	               {"too_many_websockets", SLACK_DISCONNECT_TOO_MANY}};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (!strcmp(text, reasons[i].text))
			return reasons[i].reason;
	return SLACK_DISCONNECT_OTHER;
}

bool slack_frame_read(struct slack_frame *frame, const struct cJSON *json, struct arena *arena)
{
	const char *type = json_line(json, "type", arena), *reason;

	*frame = (struct slack_frame){.type = type ? type : "", .reason_text = ""};
	if (!json_is_object(json))
		return false;
	frame->kind = frame_kind(frame->type);
	frame->id = slack_read_line(json, "envelope_id", arena);
	frame->payload = json_object(json, "payload");
	frame->connections = small_number(json, "num_connections");
	if (frame->kind != SLACK_FRAME_DISCONNECT)
		return true;
	reason = json_line(json, "reason", arena);
	frame->reason_text = reason ? reason : "";
	frame->reason = disconnect_reason(frame->reason_text);
	return true;
}

struct reader {
	struct slack_event *event;
	const struct cJSON *json; /* of the inner event */
	struct arena *arena;
};

static void read_message(struct reader *in)
{
	slack_message_read(in->event, in->json, in->arena);
}

static void read_nothing(struct reader *in)
{
	(void)in;
}

static void read_user(struct reader *in)
{
	in->event->user = slack_read_id(in->json, "user", in->arena);
}

static void read_reaction(struct reader *in)
{
	const struct cJSON *item = json_object(in->json, "item");

	read_user(in);
	in->event->channel = slack_read_id(item, "channel", in->arena);
	in->event->ts = slack_read_ts(item, "ts", in->arena);
	in->event->reaction = slack_read_line(in->json, "reaction", in->arena);
	in->event->added = !strcmp(in->event->type, "reaction_added");
	/* Files had reactions of their own once. */
	if (!in->event->ts || !in->event->reaction)
		in->event->kind = SLACK_OTHER;
}

/* Here the channel is an object. */
static void read_channel(struct reader *in)
{
	const struct cJSON *channel = json_object(in->json, "channel");
	const char *name = slack_read_line(channel, "name", in->arena);

	in->event->channel = slack_read_id(channel, "id", in->arena);
	in->event->user = slack_read_id(channel, "creator", in->arena);
	in->event->text = name ? name : "";
}

static void read_archive(struct reader *in)
{
	read_user(in);
	in->event->added = !strstr(in->event->type, "unarchive");
}

static void read_gone(struct reader *in)
{
	in->event->left = strstr(in->event->type, "_left") != NULL;
}

static void read_person(struct reader *in)
{
	in->event->object = json_object(in->json, "user");
	in->event->user = slack_read_id(in->event->object, "id", in->arena);
}

static void read_emoji(struct reader *in)
{
	in->event->object = in->json;
	in->event->added = !slack_text_is(json_text(in->json, "subtype", in->arena), "remove");
}

static void read_tokens(struct reader *in)
{
	const struct cJSON *tokens = json_object(in->json, "tokens");
	const struct cJSON *people = json_array(tokens, "oauth"), *bots = json_array(tokens, "bot");
	const char **users =
	        arena_alloc(in->arena, (slack_count(people) + slack_count(bots)) * sizeof(*users));
	size_t count = slack_read_ids(users, people, in->arena);

	in->event->users_count = count + slack_read_ids(users + count, bots, in->arena);
	in->event->users = users;
}

static const struct {
	const char *type;
	enum slack_event_kind kind;
	void (*read)(struct reader *in);
} event_types[] = {
        {"message", SLACK_MESSAGE, read_message},
        {"reaction_added", SLACK_REACTION, read_reaction},
        {"reaction_removed", SLACK_REACTION, read_reaction},
        {"member_joined_channel", SLACK_JOIN, read_user},
        {"member_left_channel", SLACK_LEAVE, read_user},
        {"channel_rename", SLACK_RENAME, read_channel},
        {"group_rename", SLACK_RENAME, read_channel},
        {"channel_archive", SLACK_ARCHIVE, read_archive},
        {"channel_unarchive", SLACK_ARCHIVE, read_archive},
        {"group_archive", SLACK_ARCHIVE, read_archive},
        {"group_unarchive", SLACK_ARCHIVE, read_archive},
        {"channel_created", SLACK_CHANNEL_CREATED, read_channel},
        {"channel_deleted", SLACK_CHANNEL_GONE, read_gone},
        {"group_deleted", SLACK_CHANNEL_GONE, read_gone},
        {"channel_left", SLACK_CHANNEL_GONE, read_gone},
        {"group_left", SLACK_CHANNEL_GONE, read_gone},
        {"user_change", SLACK_USER, read_person},
        {"user_profile_changed", SLACK_USER, read_person},
        {"user_status_changed", SLACK_USER, read_person},
        {"team_join", SLACK_USER, read_person},
        {"emoji_changed", SLACK_EMOJI, read_emoji},
        {"tokens_revoked", SLACK_TOKENS_REVOKED, read_tokens},
        {"app_uninstalled", SLACK_UNINSTALLED, read_nothing},
        {"app_rate_limited", SLACK_RATE_LIMITED, read_nothing},
};

/* Member events have a letter there. */
static const char *channel_type(const char *text)
{
	static const struct {
		const char *said, *type;
	} types[] = {{"channel", "channel"}, {"group", "group"}, {"im", "im"},  {"mpim", "mpim"},
	             {"app_home", "im"},     {"C", "channel"},   {"G", "group"}};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (slack_text_is(text, types[i].said))
			return types[i].type;
	return NULL;
}

static void read_by_type(struct reader *in)
{
	for (size_t i = 0; i < ARRAY_SIZE(event_types); i++) {
		if (strcmp(in->event->type, event_types[i].type) != 0)
			continue;
		in->event->kind = event_types[i].kind;
		event_types[i].read(in);
		return;
	}
}

bool slack_event_read(struct slack_event *event, const struct cJSON *payload, struct arena *arena)
{
	const struct cJSON *inner = json_object(payload, "event");
	const char *type;

	*event = (struct slack_event){.type = "", .text = ""};
	if (!inner && slack_text_is(json_text(payload, "type", arena), "app_rate_limited"))
		inner = payload;
	if (!inner)
		return false;
	type = json_line(inner, "type", arena);
	event->type = type ? type : "";
	event->event_id = slack_read_line(payload, "event_id", arena);
	event->team = slack_read_id(payload, "team_id", arena);
	event->channel = slack_read_id(inner, "channel", arena);
	event->channel_type = channel_type(json_text(inner, "channel_type", arena));
	event->event_ts = slack_read_ts(inner, "event_ts", arena);
	read_by_type(&(struct reader){.event = event, .json = inner, .arena = arena});
	return true;
}
