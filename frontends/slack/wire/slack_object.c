/* SPDX-License-Identifier: MIT */
/* Files, people, conversations and commands, as answers and events describe them. */
#include <string.h>

#include "base/markup.h"
#include "base/mem.h"
#include "frontends/slack/wire/slack_id.h"
#include "frontends/slack/wire/slack_read.h"

const char *slack_read_id(const struct cJSON *object, const char *name, struct arena *arena)
{
	const char *id = json_text(object, name, arena);

	return slack_is_id(id) ? id : NULL;
}

const char *slack_read_ts(const struct cJSON *object, const char *name, struct arena *arena)
{
	const char *ts = json_text(object, name, arena);

	return slack_is_ts(ts) ? ts : NULL;
}

const char *slack_read_url(const struct cJSON *object, const char *name, struct arena *arena)
{
	static const char *const schemes[] = {"https://", "http://"};
	const char *url = json_text(object, name, arena);

	return url && markup_is_url(url, schemes, ARRAY_SIZE(schemes)) ? url : NULL;
}

const char *slack_read_line(const struct cJSON *object, const char *name, struct arena *arena)
{
	const char *line = json_line(object, name, arena);

	return line && *line ? line : NULL;
}

const char *slack_read_text(const struct cJSON *object, const char *name, struct arena *arena)
{
	const char *text = json_text(object, name, arena);

	return text ? text : "";
}

bool slack_text_is(const char *text, const char *expected)
{
	return text && !strcmp(text, expected);
}

size_t slack_count(const struct cJSON *list)
{
	size_t count = 0;

	for (const struct cJSON *item = json_first(list); item; item = json_next(item))
		count++;
	return count;
}

size_t slack_read_ids(const char **ids, const struct cJSON *list, struct arena *arena)
{
	size_t count = 0;

	for (const struct cJSON *item = json_first(list); item; item = json_next(item)) {
		ids[count] = slack_read_id(item, NULL, arena);
		if (ids[count])
			count++;
	}
	return count;
}

static enum slack_file_mode file_mode(const struct slack_file *file, const struct cJSON *json,
                                      struct arena *arena)
{
	const char *mode = json_text(json, "mode", arena), *access = json_text(json, "file_access", arena);

	if (slack_text_is(mode, "tombstone") || slack_text_is(access, "file_not_found"))
		return SLACK_FILE_DELETED;
	if (slack_text_is(mode, "hidden_by_limit") || slack_text_is(access, "access_denied"))
		return SLACK_FILE_HIDDEN;
	if (slack_text_is(mode, "file_access") || slack_text_is(access, "check_file_info"))
		return SLACK_FILE_ASK;
	if (slack_text_is(mode, "external") || json_bool(json, "is_external", false))
		return SLACK_FILE_EXTERNAL;
	return file->url ? SLACK_FILE_HOSTED : SLACK_FILE_ASK;
}

bool slack_file_read(struct slack_file *file, const struct cJSON *json, struct arena *arena)
{
	int64_t size = json_number(json, "size", 0);
	const char *name = slack_read_line(json, "name", arena),
	           *title = slack_read_line(json, "title", arena);

	*file = (struct slack_file){.id = slack_read_id(json_is_object(json) ? json : NULL, "id", arena)};
	file->name = name ? name : "";
	file->title = title ? title : "";
	file->mime_type = slack_read_line(json, "mimetype", arena);
	file->url = slack_read_url(json, "url_private_download", arena);
	if (!file->url)
		file->url = slack_read_url(json, "url_private", arena);
	file->permalink = slack_read_url(json, "permalink", arena);
	file->user = slack_read_id(json, "user", arena);
	file->size = size > 0 ? (uint64_t)size : 0;
	file->mode = file_mode(file, json, arena);
	return file->id != NULL;
}

/* The first of these members that has something. */
static const char *first_line(const struct cJSON *object, const char *const *names, size_t count,
                              struct arena *arena,
                              const char *(*read)(const struct cJSON *, const char *, struct arena *))
{
	const char *found = NULL;

	for (size_t i = 0; i < count && !found; i++)
		found = read(object, names[i], arena);
	return found;
}

bool slack_user_read(struct slack_user *user, const struct cJSON *json, struct arena *arena)
{
	static const char *const names[] = {"display_name", "real_name"}, *const outer[] = {"real_name",
	                                                                                    "name", "id"};
	static const char *const images[] = {"image_192", "image_512", "image_72", "image_original",
	                                     "image_48",  "image_32",  "image_24"};
	const struct cJSON *profile = json_object(json, "profile");

	*user = (struct slack_user){.id = slack_read_id(json_is_object(json) ? json : NULL, "id", arena)};
	if (!user->id)
		return false;
	user->name = first_line(profile, names, ARRAY_SIZE(names), arena, slack_read_line);
	if (!user->name)
		user->name = first_line(json, outer, ARRAY_SIZE(outer), arena, slack_read_line);
	user->avatar = first_line(profile, images, ARRAY_SIZE(images), arena, slack_read_url);
	user->deleted = json_bool(json, "deleted", false);
	return true;
}

bool slack_channel_read(struct slack_channel *channel, const struct cJSON *json, struct arena *arena)
{
	const char *name;

	*channel =
	        (struct slack_channel){.id = slack_read_id(json_is_object(json) ? json : NULL, "id", arena)};
	if (!channel->id)
		return false;
	channel->is_im = json_bool(json, "is_im", false);
	channel->is_private = json_bool(json, "is_private", false) || json_bool(json, "is_mpim", false);
	channel->is_archived = json_bool(json, "is_archived", false);
	channel->is_member = json_bool(json, "is_member", false);
	name = channel->is_im ? NULL : slack_read_line(json, "name", arena);
	channel->name = name ? name : "";
	channel->topic = slack_read_text(json_object(json, "topic"), "value", arena);
	channel->user = slack_read_id(json, "user", arena);
	return true;
}

static void read_slash_command(struct slack_command *command, const struct cJSON *json, struct arena *arena)
{
	command->team = slack_read_id(json, "team_id", arena);
	command->channel = slack_read_id(json, "channel_id", arena);
	command->user = slack_read_id(json, "user_id", arena);
	command->text = slack_read_text(json, "text", arena);
}

/* Of the first action: a message has as many as were done at once, and ours are buttons. */
static void read_button(struct slack_command *command, const struct cJSON *json, struct arena *arena)
{
	const struct cJSON *team = json_object(json, "team"), *channel = json_object(json, "channel");
	const struct cJSON *user = json_object(json, "user"),
	                   *action = json_first(json_array(json, "actions"));
	const struct cJSON *chosen = json_object(action, "selected_option");

	command->team = slack_read_id(team, "id", arena);
	command->channel = slack_read_id(channel, "id", arena);
	command->user = slack_read_id(user, "id", arena);
	command->command = "";
	command->text = slack_read_text(chosen ? chosen : action, "value", arena);
}

bool slack_command_read(struct slack_command *command, const struct cJSON *payload, struct arena *arena)
{
	const char *type = json_text(payload, "type", arena);

	*command = (struct slack_command){.command = slack_read_line(payload, "command", arena), .text = ""};
	if (!json_is_object(payload))
		return false;
	command->response_url = slack_read_url(payload, "response_url", arena);
	if (command->command)
		read_slash_command(command, payload, arena);
	else if (slack_text_is(type, "block_actions") || slack_text_is(type, "interactive_message"))
		read_button(command, payload, arena);
	return command->command != NULL;
}
