/* SPDX-License-Identifier: MIT */
#include "frontends/slack/slack.h"

#define KEY(field, type, name, fallback, help) CONFIG_KEY(struct slack_config, field, type, name, fallback, help)

static const struct config_key slack_keys[] = {
	KEY(app_token, CONFIG_STRING, "slack.app_token", "",
	    "The app-level token (xapp-...) with the scope connections:write: it opens the socket that brings events."),
	KEY(bot_tokens, CONFIG_LIST, "slack.bot_token", NULL,
	    "The bot token (xoxb-...) of a workspace that has installed the app. May be repeated, one for each workspace."),
	CONFIG_LIVE_KEY(struct slack_config, admins, CONFIG_LIST, "slack.admin", NULL,
			"An administrator, as TEAM/USER (T0123ABC/U0456DEF), who may give administrators' commands to the bot, "
			"and is told when a workspace is lost. May be repeated."),
	CONFIG_LIVE_KEY(struct slack_config, show_joins, CONFIG_BOOL, "slack.show_joins", "0",
			"Say in a channel who comes into its room of the network and who leaves it."),
	KEY(client_id, CONFIG_STRING, "slack.client_id", "",
	    "Client ID of the app (Basic Information), for slack.public_url/slack/install, where the app is installed into "
	    "workspaces whose tokens are then kept in the database, sealed. Empty: there is no such page."),
	KEY(client_secret, CONFIG_STRING, "slack.client_secret", "", "The app's Client Secret, for slack.client_id."),
	KEY(public_url, CONFIG_STRING, "slack.public_url", "",
	    "Where browsers reach slack.port, through a reverse proxy that does TLS: "
	    "\"https://bridge.example.org\". Below it, only /slack/install and /slack/callback are used."),
	KEY(host, CONFIG_STRING, "slack.host", "127.0.0.1", "Numeric address to listen on for it."),
	CONFIG_INT_KEY(struct slack_config, port, "slack.port", "29003", 1, 65535, "Port to listen on for it."),
	KEY(api, CONFIG_STRING, "slack.api", "https://slack.com/api",
	    "Where Slack's Web API is. https, or http on this machine (a test)."),
};

const struct config_table slack_config_table = CONFIG_TABLE("slack", slack_keys);
