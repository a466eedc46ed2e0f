/* SPDX-License-Identifier: MIT */
#include "frontends/slack/wire/manifest.h"

#include "base/json.h"

const char *const slack_scopes[] = {
        "channels:history",
        "channels:read",
        "channels:join",
        "channels:manage",
        "groups:history",
        "groups:read",
        "groups:write",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "mpim:write",
        "chat:write",
        "chat:write.customize",
        "chat:write.public",
        "reactions:read",
        "reactions:write",
        "files:read",
        "files:write",
        "users:read",
        "emoji:read",
        "team:read",
        "commands",
        NULL,
};

static const char *const events[] = {
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
        "reaction_added",
        "reaction_removed",
        "member_joined_channel",
        "member_left_channel",
        "channel_rename",
        "channel_archive",
        "channel_unarchive",
        "channel_deleted",
        "channel_left",
        "group_rename",
        "group_archive",
        "group_unarchive",
        "group_deleted",
        "group_left",
        "user_change",
        "team_join",
        "emoji_changed",
        "tokens_revoked",
        "app_uninstalled",
        NULL,
};

static void put_list(struct buf *out, const char *const *texts, const char *indent)
{
	for (size_t i = 0; texts[i]; i++) {
		buf_printf(out, "%s\n%s", i ? "," : "", indent);
		json_put_string(out, texts[i]);
	}
}

void slack_manifest_put(struct buf *out, const struct slack_manifest *manifest)
{
	const char *const redirects[] = {manifest->redirect_url, NULL};

	buf_puts(out, "{\n  \"display_information\": {\n    \"name\": ");
	json_put_string(out, manifest->name);
	buf_puts(out, ",\n    \"description\": \"Joins channels and people of this workspace to other "
	              "networks\"\n  },\n"
	              "  \"features\": {\n"
	              "    \"app_home\": {\n"
	              "      \"home_tab_enabled\": false,\n"
	              "      \"messages_tab_enabled\": true,\n"
	              "      \"messages_tab_read_only_enabled\": false\n    },\n"
	              "    \"bot_user\": {\n      \"display_name\": ");
	json_put_string(out, manifest->name);
	buf_puts(out, ",\n      \"always_online\": true\n    },\n"
	              "    \"slash_commands\": [\n      {\n"
	              "        \"command\": \"/bridge\",\n"
	              "        \"description\": \"Ties channels to rooms of the network; logs in and out\",\n"
	              "        \"usage_hint\": \"help\",\n"
	              "        \"should_escape\": false\n      }\n    ]\n  },\n"
	              "  \"oauth_config\": {\n");
	if (redirects[0] && *redirects[0]) {
		buf_puts(out, "    \"redirect_urls\": [");
		put_list(out, redirects, "      ");
		buf_puts(out, "\n    ],\n");
	}
	buf_puts(out, "    \"scopes\": {\n      \"bot\": [");
	put_list(out, slack_scopes, "        ");
	buf_puts(out, "\n      ]\n    }\n  },\n  \"settings\": {\n    \"event_subscriptions\": {\n      "
	              "\"bot_events\": [");
	put_list(out, events, "        ");
	buf_puts(out, "\n      ]\n    },\n"
	              "    \"interactivity\": {\n      \"is_enabled\": true\n    },\n"
	              "    \"org_deploy_enabled\": false,\n"
	              "    \"socket_mode_enabled\": true,\n"
	              "    \"token_rotation_enabled\": false\n  }\n}\n");
}
