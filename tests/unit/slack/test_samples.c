/* SPDX-License-Identifier: MIT */
/*
 * Slack's own answers and events with their values taken out, in the folder that LIBTRANSPORT_SLACK_API names
 * (api/ and events/ are in its samples/): each is read, and what we act on is found where it stands there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "frontends/slack/wire/slack_event.h"

static struct arena arena;

static const char *folder(void)
{
	const char *path = getenv("LIBTRANSPORT_SLACK_API");

	return path && *path ? path : NULL;
}

static bool read_file(struct buf *out, const char *path)
{
	FILE *file = fopen(path, "re");
	char chunk[4096];
	size_t count;

	if (!file)
		return false;
	while ((count = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_append(out, chunk, count);
	fclose(file);
	return true;
}

/* A value in place of the empty one: what a member of this name has. */
static const char *value_of(const char *name, size_t length)
{
	static const struct {
		const char *name, *value;
	} values[] = {
	        {"channel", "C1"},
	        {"channel_id", "C1"},
	        {"id", "X1"},
	        {"user", "U1"},
	        {"user_id", "U1"},
	        {"ts", "5.1"},
	        {"event_ts", "9.1"},
	        {"deleted_ts", "5.1"},
	        {"team_id", "T1"},
	        {"file_id", "F1"},
	        {"event_id", "Ev1"},
	        {"bot_id", "B1"},
	        {"username", "carol"},
	        {"topic", "news"},
	        {"purpose", "news"},
	        {"name", "news"},
	        {"url_private", "https://f/x"},
	        {"channel_type", "channel"},
	        {"reaction", "wave"},
	        {"thread_ts", "4.1"},
	        {"text", "words"},
	        {"command", "/bridge"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (strlen(values[i].name) == length && !memcmp(values[i].name, name, length))
			return values[i].value;
	return "";
}

static void fill_in(struct buf *out, const char *json)
{
	static const char empty[] = "\": \"\"";
	const char *at;

	while ((at = strstr(json, empty))) {
		const char *name = at;

		while (name > json && name[-1] != '"')
			name--;
		buf_append(out, json, (size_t)(at - json) + 4);
		buf_puts(out, value_of(name, (size_t)(at - name)));
		buf_putc(out, '"');
		json = at + strlen(empty);
	}
	buf_puts(out, json);
}

/* To be freed with json_free. */
static struct cJSON *load(const char *path)
{
	struct buf text = {0}, filled = {0};
	struct cJSON *document;

	if (!read_file(&text, path))
		fail_msg("cannot read %s", path);
	fill_in(&filled, buf_text(&text));
	document = json_read(buf_text(&filled), filled.len);
	if (!document)
		fail_msg("no JSON: %s", path);
	buf_finish(&text);
	buf_finish(&filled);
	return document;
}

/* Calls `each` with every file of a folder of the samples; how many. */
static int each_file(const char *part, void (*each)(const char *name, const struct cJSON *document))
{
	char *path = mem_printf("%s/samples/%s", folder(), part);
	DIR *directory = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!directory)
		fail_msg("there is no folder %s", path);
	while ((entry = readdir(directory))) {
		char *file = mem_printf("%s/%s", path, entry->d_name);
		struct cJSON *document = strstr(entry->d_name, ".json") ? load(file) : NULL;

		if (document) {
			each(entry->d_name, document);
			count++;
		}
		json_free(&document);
		arena_reset(&arena);
		mem_free(file);
	}
	closedir(directory);
	mem_free(path);
	return count;
}

enum needs { CHANNEL = 1, USER = 2, TS = 4, TEXT = 8 };

static const struct known {
	const char *file;
	enum slack_event_kind kind;
	int needs;
} known[] = {
        {"MessagePayload", SLACK_MESSAGE, CHANNEL | USER | TS | TEXT},
        {"MessageBotPayload", SLACK_MESSAGE, CHANNEL | TS | TEXT},
        {"MessageMePayload", SLACK_MESSAGE, CHANNEL | USER | TS | TEXT},
        {"MessageFileSharePayload", SLACK_MESSAGE, CHANNEL | USER | TS | TEXT},
        {"MessageThreadBroadcastPayload", SLACK_MESSAGE, CHANNEL | USER | TS | TEXT},
        {"MessageChannelPostingPermissionsPayload", SLACK_MESSAGE, CHANNEL | USER | TS},
        {"MessageEkmAccessDeniedPayload", SLACK_MESSAGE, CHANNEL | TS},
        {"MessageDeletedPayload", SLACK_DELETE, CHANNEL | USER | TS | TEXT},
        {"MessageChannelJoinPayload", SLACK_JOIN, CHANNEL | USER | TS},
        {"MessageChannelLeavePayload", SLACK_LEAVE, CHANNEL | USER | TS},
        {"MessageChannelTopicPayload", SLACK_TOPIC, CHANNEL | USER | TS | TEXT},
        {"MessageGroupTopicPayload", SLACK_TOPIC, CHANNEL | USER | TS | TEXT},
        {"MessageChannelPurposePayload", SLACK_PURPOSE, CHANNEL | USER | TS | TEXT},
        {"MessageChannelNamePayload", SLACK_RENAME, CHANNEL | USER | TS | TEXT},
        {"MessageChannelArchivePayload", SLACK_ARCHIVE, CHANNEL | USER | TS},
        {"MessageChannelUnarchivePayload", SLACK_ARCHIVE, CHANNEL | USER | TS},
        {"ReactionAddedPayload", SLACK_REACTION, CHANNEL | USER | TS},
        {"ReactionRemovedPayload", SLACK_REACTION, CHANNEL | USER | TS},
        {"MemberJoinedChannelPayload", SLACK_JOIN, CHANNEL | USER},
        {"MemberLeftChannelPayload", SLACK_LEAVE, CHANNEL | USER},
        {"ChannelRenamePayload", SLACK_RENAME, CHANNEL | TEXT},
        {"GroupRenamePayload", SLACK_RENAME, CHANNEL | TEXT},
        {"ChannelArchivePayload", SLACK_ARCHIVE, CHANNEL | USER},
        {"ChannelUnarchivePayload", SLACK_ARCHIVE, CHANNEL | USER},
        {"GroupArchivePayload", SLACK_ARCHIVE, CHANNEL | USER},
        {"GroupUnarchivePayload", SLACK_ARCHIVE, CHANNEL},
        {"ChannelCreatedPayload", SLACK_CHANNEL_CREATED, CHANNEL | TEXT},
        {"ChannelDeletedPayload", SLACK_CHANNEL_GONE, CHANNEL},
        {"GroupDeletedPayload", SLACK_CHANNEL_GONE, CHANNEL},
        {"ChannelLeftPayload", SLACK_CHANNEL_GONE, CHANNEL},
        {"GroupLeftPayload", SLACK_CHANNEL_GONE, CHANNEL},
        {"UserChangePayload", SLACK_USER, USER},
        {"UserProfileChangedPayload", SLACK_USER, USER},
        {"UserStatusChangedPayload", SLACK_USER, USER},
        {"TeamJoinPayload", SLACK_USER, USER},
        {"EmojiChangedPayload", SLACK_EMOJI, 0},
        {"TokensRevokedPayload", SLACK_TOKENS_REVOKED, 0},
        {"AppUninstalledPayload", SLACK_UNINSTALLED, 0},
        {"AppRateLimitedPayload", SLACK_RATE_LIMITED, 0},
};

static const struct known *known_find(const char *file)
{
	static const struct known other = {.kind = SLACK_OTHER};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strlen(known[i].file) + strlen(".json") == strlen(file) &&
		    !strncmp(known[i].file, file, strlen(known[i].file)))
			return &known[i];
	return &other;
}

static unsigned known_seen;

static void check_event(const char *name, const struct cJSON *document)
{
	const struct known *expected = known_find(name);
	struct slack_event event;
	struct slack_user user;

	known_seen += expected->file != NULL;
	if (!slack_event_read(&event, document, &arena) || event.kind != expected->kind)
		fail_msg("%s is read as kind %d", name, event.kind);
	assert_string_equal(event.team, "T1");
	if ((expected->needs & CHANNEL && !event.channel) || (expected->needs & USER && !event.user) ||
	    (expected->needs & TS && !event.ts) || (expected->needs & TEXT && !*event.text))
		fail_msg("%s: channel %s, user %s, ts %s, text %s", name, event.channel, event.user, event.ts,
		         event.text);
	if (event.kind == SLACK_USER)
		assert_true(slack_user_read(&user, event.object, &arena));
}

static void test_events(void **state)
{
	(void)state;
	known_seen = 0;
	assert_true(each_file("events", check_event) > 90);
	assert_int_equal(known_seen, ARRAY_SIZE(known));
}

static void check_messages(const char *name, const struct cJSON *list)
{
	for (const struct cJSON *item = json_first(list); item; item = json_next(item)) {
		const struct slack_reaction *reactions;
		struct slack_event event;
		size_t count;

		if (!slack_history_read(&event, item, "C1", &arena, &reactions, &count) || !event.ts)
			fail_msg("%s: a message is not read", name);
	}
}

static unsigned objects;

static void check_answer(const char *name, const struct cJSON *document)
{
	const struct cJSON *channel = json_object(document, "channel"), *user = json_object(document, "user");
	const struct cJSON *file = json_object(document, "file");
	struct slack_channel read_channel;
	struct slack_user read_user;
	struct slack_file read_file_object;

	check_messages(name, json_array(document, "messages"));
	for (const struct cJSON *item = json_first(json_array(document, "channels")); item;
	     item = json_next(item), objects++)
		assert_true(slack_channel_read(&read_channel, item, &arena));
	for (const struct cJSON *item = json_first(json_array(document, "members")); item;
	     item = json_next(item), objects++)
		assert_true(!json_is_object(item) || slack_user_read(&read_user, item, &arena));
	if (channel && ++objects)
		assert_true(slack_channel_read(&read_channel, channel, &arena));
	if (user && json_member(user, "id") && ++objects)
		assert_true(slack_user_read(&read_user, user, &arena));
	if (file && ++objects)
		assert_true(slack_file_read(&read_file_object, file, &arena));
}

static void test_answers(void **state)
{
	(void)state;
	objects = 0;
	assert_true(each_file("api", check_answer) > 40);
	assert_true(objects >= 14);
}

static void check_command(const char *name, const struct cJSON *document)
{
	bool ours = strstr(name, "SlashCommand") || strstr(name, "BlockAction") ||
	            strstr(name, "AttachmentAction");
	struct slack_command command;

	assert_int_equal(slack_command_read(&command, document, &arena), ours);
	if (ours && (!command.user || !command.channel || !command.command))
		fail_msg("%s: user %s, channel %s", name, command.user, command.channel);
}

static void test_commands(void **state)
{
	(void)state;
	assert_int_equal(each_file("app-backend/slash-commands", check_command), 1);
	assert_true(each_file("app-backend/interactive-components", check_command) >= 3);
	assert_true(each_file("app-backend/views", check_command) >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_events),
	        cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_commands),
	};

	if (!folder()) {
		puts("1..0 # SKIP LIBTRANSPORT_SLACK_API does not name a folder with Slack's samples");
		return 0;
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_finish(&arena);
	return failed;
}
