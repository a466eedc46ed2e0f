/* SPDX-License-Identifier: MIT */
/* Messages: what somebody says, what Slack says in a conversation, and what changes later. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "frontends/slack/wire/slack_id.h"
#include "frontends/slack/wire/slack_read.h"

struct reader {
	struct slack_event *event;
	const struct cJSON *json;
	struct arena *arena;
};

static void read_said(struct reader *in, const char *subtype)
{
	(void)subtype;
	in->event->kind = SLACK_MESSAGE;
}

static void read_me(struct reader *in, const char *subtype)
{
	read_said(in, subtype);
	in->event->me = true;
}

static void read_join(struct reader *in, const char *subtype)
{
	(void)subtype;
	in->event->kind = SLACK_JOIN;
}

static void read_leave(struct reader *in, const char *subtype)
{
	(void)subtype;
	in->event->kind = SLACK_LEAVE;
}

static void read_topic(struct reader *in, const char *subtype)
{
	(void)subtype;
	in->event->kind = SLACK_TOPIC;
	in->event->text = slack_read_text(in->json, "topic", in->arena);
}

static void read_purpose(struct reader *in, const char *subtype)
{
	(void)subtype;
	in->event->kind = SLACK_PURPOSE;
	in->event->text = slack_read_text(in->json, "purpose", in->arena);
}

static void read_name(struct reader *in, const char *subtype)
{
	const char *name = slack_read_line(in->json, "name", in->arena), *type = in->event->channel_type;

	in->event->kind = SLACK_RENAME;
	in->event->is_private = text_starts(subtype, "group") || slack_text_is(type, "group") || slack_text_is(type, "mpim");
	in->event->text = name ? name : "";
}

static void read_archive(struct reader *in, const char *subtype)
{
	in->event->kind = SLACK_ARCHIVE;
	in->event->added = !strstr(subtype, "unarchive");
}

static void read_tombstone(struct reader *in, const char *subtype)
{
	(void)subtype;
	in->event->kind = SLACK_DELETE;
}

/* Messages about messages that carry nothing of their own. */
static void read_nothing(struct reader *in, const char *subtype)
{
	(void)subtype;
	in->event->kind = SLACK_OTHER;
}

static void read_changed(struct reader *in, const char *subtype);
static void read_deleted(struct reader *in, const char *subtype);

static const struct {
	const char *subtype;
	void (*read)(struct reader *in, const char *subtype);
} subtypes[] = {
        {"bot_message", read_said},
        {"file_share", read_said},
        {"slackbot_response", read_said},
        {"me_message", read_me},
        {"thread_broadcast", read_said},
        {"channel_join", read_join},
        {"group_join", read_join},
        {"channel_leave", read_leave},
        {"group_leave", read_leave},
        {"channel_topic", read_topic},
        {"group_topic", read_topic},
        {"channel_purpose", read_purpose},
        {"group_purpose", read_purpose},
        {"channel_name", read_name},
        {"group_name", read_name},
        {"channel_archive", read_archive},
        {"group_archive", read_archive},
        {"channel_unarchive", read_archive},
        {"group_unarchive", read_archive},
        {"message_changed", read_changed},
        {"message_deleted", read_deleted},
        {"message_replied", read_nothing},
        {"tombstone", read_tombstone},
};

static void read_by_subtype(struct reader *in)
{
	const char *subtype = slack_read_line(in->json, "subtype", in->arena);

	if (!subtype) {
		read_said(in, "");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(subtypes); i++) {
		if (strcmp(subtype, subtypes[i].subtype) != 0)
			continue;
		subtypes[i].read(in, subtype);
		return;
	}
	read_said(in, subtype);
	in->event->hidden_type = true;
}

static void read_files(struct reader *in)
{
	const struct cJSON *list = json_array(in->json, "files");
	struct slack_file *files = arena_alloc(in->arena, slack_count(list) * sizeof(*files));
	size_t count = 0;

	for (const struct cJSON *item = json_first(list); item; item = json_next(item))
		count += slack_file_read(&files[count], item, in->arena);
	in->event->files = files;
	in->event->files_count = count;
}

static void read_author(struct reader *in)
{
	struct slack_event *event = in->event;
	const struct cJSON *bot = json_object(in->json, "bot_profile");

	event->user = slack_read_id(in->json, "user", in->arena);
	event->bot_id = slack_read_id(in->json, "bot_id", in->arena);
	event->app_id = slack_read_id(in->json, "app_id", in->arena);
	if (!event->app_id)
		event->app_id = slack_read_id(bot, "app_id", in->arena);
	if (event->user)
		return;
	event->username = slack_read_line(in->json, "username", in->arena);
	if (!event->username)
		event->username = slack_read_line(bot, "name", in->arena);
}

static void read_thread(struct reader *in)
{
	const char *parent = slack_read_ts(in->json, "thread_ts", in->arena);

	if (parent && !slack_text_is(in->event->ts, parent))
		in->event->thread_ts = parent;
}

void slack_message_read(struct slack_event *event, const struct cJSON *json, struct arena *arena)
{
	struct reader in = {.event = event, .json = json, .arena = arena};

	event->ts = slack_read_ts(json, "ts", arena);
	event->edited_ts = slack_read_ts(json_object(json, "edited"), "ts", arena);
	event->text = slack_read_text(json, "text", arena);
	event->blocks = json_array(json, "blocks");
	event->attachments = json_array(json, "attachments");
	read_author(&in);
	read_thread(&in);
	read_files(&in);
	read_by_subtype(&in);
}

/* The message inside of a message_changed or message_deleted, in place of what is around it. */
static void read_inner(struct reader *in, const struct cJSON *message)
{
	struct slack_event around = *in->event;
	struct slack_event *event = in->event;

	*event = (struct slack_event){.type = around.type,
	                              .event_id = around.event_id,
	                              .team = around.team,
	                              .channel = around.channel,
	                              .channel_type = around.channel_type,
	                              .event_ts = around.event_ts};
	slack_message_read(event, message, in->arena);
}

static bool is_same(const struct cJSON *a, const struct cJSON *b, struct arena *arena);

/* Slack numbers the blocks of a message anew when it likes. */
static const struct cJSON *without_block_id(const struct cJSON *item, struct arena *arena)
{
	while (item && slack_text_is(json_name(item, arena), "block_id"))
		item = json_next(item);
	return item;
}

static bool is_same_value(const struct cJSON *a, const struct cJSON *b)
{
	struct buf first = {0}, second = {0};
	bool same;

	json_put(&first, a);
	json_put(&second, b);
	same = !strcmp(buf_text(&first), buf_text(&second));
	buf_finish(&first);
	buf_finish(&second);
	return same;
}

static bool is_same_name(const struct cJSON *a, const struct cJSON *b, struct arena *arena)
{
	const char *first = json_name(a, arena), *second = json_name(b, arena);

	return first ? slack_text_is(second, first) : !second;
}

static bool is_same(const struct cJSON *a, const struct cJSON *b, struct arena *arena)
{
	const struct cJSON *first = json_first(a), *second = json_first(b);

	if (!first || !second)
		return is_same_value(a, b);
	while (true) {
		first = without_block_id(first, arena);
		second = without_block_id(second, arena);
		if (!first || !second)
			return first == second;
		if (!is_same_name(first, second, arena) || !is_same(first, second, arena))
			return false;
		first = json_next(first);
		second = json_next(second);
	}
}

static bool has_same_files(const struct slack_event *a, const struct slack_event *b)
{
	if (a->files_count != b->files_count)
		return false;
	for (size_t i = 0; i < a->files_count; i++)
		if (strcmp(a->files[i].id, b->files[i].id) != 0 ||
		    (a->files[i].mode == SLACK_FILE_DELETED) != (b->files[i].mode == SLACK_FILE_DELETED))
			return false;
	return true;
}

/* Unfurled links, counts of replies and files that are ready change a message, too; what was said stays. */
static bool is_edit(const struct reader *in, const struct cJSON *before)
{
	const struct slack_event *event = in->event;
	struct slack_event old = {0};

	if (!before)
		return event->edited_ts != NULL;
	slack_message_read(&old, before, in->arena);
	if (event->edited_ts && !slack_text_is(old.edited_ts, event->edited_ts))
		return true;
	return strcmp(event->text, old.text) != 0 || !has_same_files(event, &old) ||
	       !is_same(event->blocks, old.blocks, in->arena);
}

static bool is_about_messages(const struct cJSON *message, struct arena *arena)
{
	const char *subtype = json_text(message, "subtype", arena);

	return slack_text_is(subtype, "message_changed") || slack_text_is(subtype, "message_deleted");
}

/* Whose message it was: a tombstone is Slackbot's. */
static void read_lost(struct reader *in, const struct cJSON *before)
{
	const char *ts = in->event->ts;

	if (before && !is_about_messages(before, in->arena))
		read_inner(in, before);
	in->event->ts = ts;
	/* What it was may claim another time than the one that is deleted. */
	if (ts && slack_text_is(in->event->thread_ts, ts))
		in->event->thread_ts = NULL;
	in->event->kind = SLACK_DELETE;
}

static void read_changed(struct reader *in, const char *subtype)
{
	const struct cJSON *message = json_object(in->json, "message");
	const struct cJSON *before = json_object(in->json, "previous_message");

	const char *edited = slack_read_ts(json_object(before, "edited"), "ts", in->arena);

	(void)subtype;
	in->event->kind = SLACK_OTHER;
	if (!message || is_about_messages(message, in->arena) || is_about_messages(before, in->arena))
		return;
	read_inner(in, message);
	if (in->event->kind == SLACK_DELETE)
		read_lost(in, before);
	else if (in->event->kind == SLACK_MESSAGE && is_edit(in, before))
		in->event->kind = SLACK_EDIT;
	else
		in->event->kind = SLACK_OTHER;
	/* A file that was taken away is a change without a time. */
	if (edited && slack_text_is(in->event->edited_ts, edited))
		in->event->edited_ts = NULL;
}

static void read_deleted(struct reader *in, const char *subtype)
{
	(void)subtype;
	in->event->ts = slack_read_ts(in->json, "deleted_ts", in->arena);
	read_lost(in, json_object(in->json, "previous_message"));
}

static void read_reactions(const struct cJSON *list, struct arena *arena,
                           const struct slack_reaction **reactions, size_t *reactions_count)
{
	struct slack_reaction *read = arena_alloc(arena, slack_count(list) * sizeof(*read));
	size_t count = 0;

	for (const struct cJSON *item = json_first(list); item; item = json_next(item)) {
		const struct cJSON *people = json_array(item, "users");
		const char **users = arena_alloc(arena, slack_count(people) * sizeof(*users));
		const char *name = slack_read_line(item, "name", arena);

		if (!name)
			continue;
		struct slack_reaction *reaction = &read[count++];

		*reaction = (struct slack_reaction){
		        .name = name, .users = users, .users_count = slack_read_ids(users, people, arena)};
		reaction->all_named = json_number(item, "count", 0) <= (int64_t)reaction->users_count;
	}
	*reactions = count ? read : NULL;
	*reactions_count = count;
}

bool slack_history_read(struct slack_event *event, const struct cJSON *message, const char *channel,
                        struct arena *arena, const struct slack_reaction **reactions, size_t *reactions_count)
{
	*event = (struct slack_event){.type = "message", .text = "", .channel = channel};
	*reactions = NULL;
	*reactions_count = 0;
	if (!json_is_object(message))
		return false;
	if (!is_about_messages(message, arena))
		slack_message_read(event, message, arena);
	event->ts = slack_read_ts(message, "ts", arena);
	read_reactions(json_array(message, "reactions"), arena, reactions, reactions_count);
	return true;
}
