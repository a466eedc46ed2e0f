/* SPDX-License-Identifier: MIT */
/*
 * The Slack frontend from the inside: what its files share. People are known by "TEAM/USER" (the address of their
 * identity), conversations by "TEAM/CHANNEL", one thread of them by "TEAM/CHANNEL/TS" (slack_id.h). A message is
 * "CHANNEL/TS" to the core.
 *
 *   Slack -> socket_mode.c -> incoming.c (or history.c) -> bot.c, portal_channel.c -> router
 *   core -> slack.c (deliver) -> show.c, person.c -> web_api.c -> Slack
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "frontends/slack/channels/ghosts.h"
#include "frontends/slack/frontend.h"
#include "frontends/slack/wire/slack_event.h"
#include "frontends/slack/wire/slack_id.h"
#include "frontends/slack/wire/socket_mode.h"
#include "frontends/slack/wire/web_api.h"
#include "transport/frontend.h"
#include "transport/routing/later.h"
#include "transport/transport.h"

struct channel;
struct workspace;

struct slack_config {
	const char *api;
	const char *app_token;
	const char *client_id, *client_secret, *public_url, *host;
	long port;
	struct config_list bot_tokens;
	struct config_list admins;
	bool show_joins;
};

struct slack_frontend {
	struct frontend base;
	struct slack_config config;
	struct http_client *http;
	struct web_api *api;
	struct web_token app_token;
	struct socket_mode *socket;
	bool has_socket; /* of Slack's, open */
	struct ghosts ghosts;
	struct slack_tokens *tokens;
	struct slack_install *install; /* NULL: no such page */
	struct slack_files *files;
	struct map *pictures;    /* asked for (avatar.c): "ACCOUNT HASH" */
	struct map *cards;       /* number of a question for a card -> hash of its picture */
	uint32_t cards_asked;
	struct list fetching;    /* struct fetching.link (member_picture.c) */
	struct list workspaces;  /* struct workspace.link */
	struct map *channels;    /* place -> struct channel */
	struct map *portals;     /* lower-case legacy room -> struct portal_channels (channel.c) */
	struct map *chats;       /* channel_chat_key -> the struct channel of kind CHAT */
	struct map *openings;    /* channel_chat_key -> struct opening: chats on their way (chat.c) */
	struct map *ours;        /* "ROOM NICKNAME" in lower case -> frontend: people of ours in rooms (ours.h) */
	struct map *recent;      /* message -> struct recent */
	struct reactions_put *reactions;
	struct map *in_flight;   /* messages whose time stamp is not known yet (in_flight.h) */
	struct map *unnamed;     /* "TEAM/CHANNEL" -> struct unnamed (show_post.c) */
	struct map *lookups;     /* place -> struct lookup (posted.c) */
	struct list acknowledgements; /* struct acknowledgement.link (incoming.c): envelopes that are not durable yet */
	struct list finished;    /* struct post.link (show.c): found to be posted already */
	struct later_queue later; /* what must not be done from inside deliver */
	uv_timer_t *patience;    /* while envelopes wait (incoming.c) */
	unsigned letters_noted, letters_swept; /* notes since the last sweep, and until the next (show_outcome.c) */
	char *records;           /* begins the keys of posts: one for each spool */
	int64_t oldest_ms;       /* Unix milliseconds: of the oldest record that may have been posted before (posted.h) */
	void (*serve)(struct slack_frontend *frontend); /* workspaces_start; NULL: it was called */
	unsigned starting;       /* tokens of which it is not known whether they are good */
	uint64_t asked_ms;       /* clock_ms: since when */
	bool loaded;             /* the stored places are known */
	bool asked;              /* the stored tokens too: new ones are of people who install the app now */
	bool settled;            /* it is known of each workspace that was there at the start whether it is served */
	bool looking;              /* at people one by one (slack_people_look_again) */
	bool stopping;
	void (*stopped)(void *context);
	void *stopped_context;
	unsigned stop_waits;
};

static inline struct slack_frontend *slack_frontend_of(struct frontend *base)
{
	return CONTAINER_OF(base, struct slack_frontend, base);
}

/* Soon, from the loop: `text` is copied, and may be NULL. */
typedef void slack_later_run(struct slack_frontend *frontend, const char *text);
void slack_later(struct slack_frontend *frontend, slack_later_run *run, const char *text);

/* A message of the bot's own, by its own name: into a conversation, and a thread of it unless NULL. */
void slack_notice(struct workspace *workspace, const char *channel, const char *thread, const char *text);
/* The same about something that was said; its trace number is for the log, 0: there is none. */
void slack_notice_about(struct workspace *workspace, const char *channel, const char *thread, const char *text,
			uint64_t trace);
/* The same, that only this person sees. */
void slack_whisper(struct workspace *workspace, const char *channel, const char *thread, const char *user,
		   const char *text, uint64_t trace);
/* What a message is called towards the core: "CHANNEL/TS". To be freed. */
char *slack_message_id(const char *channel, const char *ts);
/* The time stamp in it, if it is of that channel; NULL. Points into `id`. */
const char *slack_message_ts(const char *id, const char *channel);
/* Too much waits for Slack: nothing more is taken from backends until it has become less. */
void slack_hold(struct slack_frontend *frontend);
