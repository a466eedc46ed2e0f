/* SPDX-License-Identifier: MIT */
/* The app manifest, read back as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "frontends/slack/wire/manifest.h"

static struct cJSON *made(const char *name, const char *redirect_url)
{
	struct buf text = {0};

	slack_manifest_put(&text, &(struct slack_manifest){name, redirect_url});
	struct cJSON *json = json_read(text.data, text.len);

	assert_non_null(json);
	buf_finish(&text);
	return json;
}

static unsigned count_of(const struct cJSON *list, const char *wanted)
{
	struct arena arena = {0};
	unsigned count = 0;

	for (const struct cJSON *item = json_first(list); item; item = json_next(item))
		count += !strcmp(json_text(item, NULL, &arena), wanted);
	arena_finish(&arena);
	return count;
}

static void has_what_the_frontend_uses(void **state)
{
	static const char *const scopes[] = {"channels:history", "groups:history", "im:history",
	                                     "mpim:history",     "chat:write",     "chat:write.customize",
	                                     "commands",         "files:write"};
	static const char *const wanted[] = {"message.channels", "message.groups", "message.im",
	                                     "message.mpim",     "reaction_added", "tokens_revoked",
	                                     "app_uninstalled"};
	struct cJSON *json = made("a \"bridge\"", NULL);
	struct arena arena = {0};
	const struct cJSON *settings = json_object(json, "settings"),
	                   *oauth = json_object(json, "oauth_config");
	const struct cJSON *bot = json_array(json_object(oauth, "scopes"), "bot");
	const struct cJSON *events = json_array(json_object(settings, "event_subscriptions"), "bot_events");
	const struct cJSON *command = json_first(json_array(json_object(json, "features"), "slash_commands"));

	(void)state;
	for (size_t i = 0; i < sizeof(scopes) / sizeof(*scopes); i++)
		assert_int_equal(count_of(bot, scopes[i]), 1);
	for (size_t i = 0; slack_scopes[i]; i++)
		assert_int_equal(count_of(bot, slack_scopes[i]), 1);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		assert_int_equal(count_of(events, wanted[i]), 1);
	assert_true(json_bool(settings, "socket_mode_enabled", false));
	assert_true(json_bool(json_object(settings, "interactivity"), "is_enabled", false));
	assert_string_equal(json_text(command, "command", &arena), "/bridge");
	assert_string_equal(json_text(json_object(json, "display_information"), "name", &arena),
	                    "a \"bridge\"");
	assert_null(json_array(oauth, "redirect_urls"));
	json_free(&json);
	arena_finish(&arena);
}

static void names_where_the_browser_returns(void **state)
{
	struct cJSON *json = made("bridge", "https://b.example.org/slack/callback");

	(void)state;
	assert_int_equal(count_of(json_array(json_object(json, "oauth_config"), "redirect_urls"),
	                          "https://b.example.org/slack/callback"),
	                 1);
	json_free(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(has_what_the_frontend_uses),
	        cmocka_unit_test(names_where_the_browser_returns),
	};

	return cmocka_run_group_tests_name("slack: manifest", tests, NULL, NULL);
}
