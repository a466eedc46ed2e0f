/* SPDX-License-Identifier: MIT */
/* Events, messages of history, people, conversations and files: whatever is read keeps what the header
 * promises. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "frontends/slack/wire/slack_event.h"
#include "frontends/slack/wire/slack_id.h"
#include "frontends/slack/wire/slack_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_text(const char *text)
{
	check(text && text_is_clean(text, strlen(text), TEXT_LINES));
}

static void check_line(const char *text)
{
	check(!text || text_is_clean(text, strlen(text), TEXT_LINE));
}

static void check_id(const char *id)
{
	check(!id || slack_is_id(id));
}

static void check_ts(const char *ts)
{
	check(!ts || slack_is_ts(ts));
}

static void check_file(const struct slack_file *file)
{
	check(file->id && slack_is_id(file->id) && file->name && file->title);
	check_line(file->name);
	check_line(file->title);
	check_line(file->mime_type);
	check(file->mode != SLACK_FILE_HOSTED || file->url);
}

static void check_shown(const struct slack_event *event)
{
	struct buf text = {0}, xhtml = {0};

	slack_text_read(&text, &xhtml, event, NULL);
	check_text(buf_text(&text));
	check_text(buf_text(&xhtml));
	buf_finish(&text);
	buf_finish(&xhtml);
}

static void check_event(const struct slack_event *event)
{
	check(event->type != NULL);
	check_text(event->text);
	check_line(event->type);
	check_line(event->event_id);
	check_line(event->username);
	check_line(event->reaction);
	check_id(event->team);
	check_id(event->channel);
	check_id(event->user);
	check_id(event->bot_id);
	check_id(event->app_id);
	check_ts(event->ts);
	check_ts(event->event_ts);
	check_ts(event->thread_ts);
	check_ts(event->edited_ts);
	check(!event->thread_ts || !event->ts || strcmp(event->thread_ts, event->ts) != 0);
	check(event->kind != SLACK_REACTION || (event->ts && event->reaction));
	for (size_t i = 0; i < event->users_count; i++)
		check(slack_is_id(event->users[i]));
	for (size_t i = 0; i < event->files_count; i++)
		check_file(&event->files[i]);
	check_shown(event);
}

static void check_history(const struct cJSON *json, struct arena *arena)
{
	const struct slack_reaction *reactions;
	struct slack_event event;
	size_t count;

	if (!slack_history_read(&event, json, "C1", arena, &reactions, &count))
		return;
	check(!strcmp(event.channel, "C1") && (count == 0) == (reactions == NULL));
	check_event(&event);
	for (size_t i = 0; i < count; i++) {
		check(reactions[i].name && *reactions[i].name);
		check_line(reactions[i].name);
		for (size_t j = 0; j < reactions[i].users_count; j++)
			check(slack_is_id(reactions[i].users[j]));
	}
}

static void check_objects(const struct cJSON *json, struct arena *arena)
{
	struct slack_user user;
	struct slack_channel channel;
	struct slack_file file;

	if (slack_user_read(&user, json, arena)) {
		check(slack_is_id(user.id) && user.name && *user.name);
		check_line(user.name);
	}
	if (slack_channel_read(&channel, json, arena)) {
		check(slack_is_id(channel.id) && channel.name);
		check_line(channel.name);
		check_text(channel.topic);
		check_id(channel.user);
	}
	if (slack_file_read(&file, json, arena))
		check_file(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cJSON *document = json_read((const char *)data, size);
	struct arena arena = {0};
	struct slack_event event;

	if (slack_event_read(&event, document, &arena)) {
		check_event(&event);
		if (event.object)
			check_objects(event.object, &arena);
	}
	check_history(document, &arena);
	check_objects(document, &arena);
	json_free(&document);
	arena_finish(&arena);
	return 0;
}
