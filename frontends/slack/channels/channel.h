/* SPDX-License-Identifier: MIT */
/* Conversations of Slack that stand for something: what each is for. Kept in the store as places. */
#pragma once

#include <stdbool.h>

#include "frontends/slack/slack.h"
#include "protocol/event.h"

enum channel_kind {
	CHANNEL_CONTROL, /* DM of `owner` and the bot */
	CHANNEL_CHAT,    /* a thread in such a DM: `owner` and the contact `name` */
	CHANNEL_PORTAL,  /* of the legacy room `name` */
};

struct channel {
	char *place;             /* "TEAM/CHANNEL", of a chat "TEAM/CHANNEL/TS" */
	struct slack_address at; /* its parts */
	enum channel_kind kind;
	char *owner;      /* CONTROL, CHAT: "TEAM/USER" */
	char *name;       /* CHAT: contact, or "room/nickname" if in_room; PORTAL: legacy room */
	bool in_room;     /* CHAT with somebody whom one knows from a room only */
	bool archived;    /* PORTAL: nobody can say anything there */
	uint64_t archived_ms; /* PORTAL, clock_ms: when we heard last of archiving or opening it; 0: not since the start */
	bool left_out;    /* PORTAL: the workspace's account is in as many rooms as it can be, and not in this one */
	bool closed;      /* PORTAL: refuses what is posted; told to administrators */
	bool made;        /* PORTAL: by us, for the room (bot.c) */
	char *called;     /* PORTAL: its name at Slack, without #; NULL: not known */
	char *called_asked; /* the one that it is to have, on its way to Slack (channel_name.c); NULL */
	char *topic;      /* PORTAL: as people know it; NULL */
	char *topic_asked; /* the network's, on its way to Slack; NULL */
	bool catching_up; /* its history is being read: what comes meanwhile waits (history.c) */
	uint64_t catching_since_ms; /* clock_ms */
	struct known *known; /* its last messages (known.c); NULL: not needed so far */
	bool behind;      /* and has to be read once more then */
};

/* Of the name of a chat: the nickname in it, NULL: it is a contact's. */
const char *channel_chat_nickname(const struct channel *channel);
/* What a chat with whoever said this is called. To be freed. */
char *channel_chat_name(const struct event_message *message);
/* As which this chat is known in maps. To be freed. */
char *channel_chat_key(const char *owner, const char *name);

/* NULL: it stands for nothing. `thread` NULL: the conversation itself. */
struct channel *channel_find(const struct slack_frontend *frontend, const char *team, const char *id,
                             const char *thread);
struct channel *channel_at(const struct slack_frontend *frontend, const char *place);
struct channel *channel_chat(const struct slack_frontend *frontend, const char *owner, const char *name);
/* The DM of this person and the bot; NULL: not known. */
struct channel *channel_control(const struct slack_frontend *frontend, const char *owner);
/* The first of this workspace that is tied to the legacy room, and not archived if there is such a one; NULL. Without
 * those in `hidden` (hidden.h), unless that is NULL. */
struct channel *channel_portal(const struct slack_frontend *frontend, const char *team, const char *room,
			       const struct map *hidden);
/* Whether it is a portal of this workspace. */
bool channel_is_portal_of(const struct channel *channel, const char *team);
/* Whether the legacy room of this portal is tied to other channels as well. */
bool channel_has_sisters(const struct slack_frontend *frontend, const struct channel *channel);
/* Whether a channel that is tied to the legacy room is of a workspace that is served. */
bool channel_room_is_served(const struct slack_frontend *frontend, const char *room);
typedef void channel_each(struct slack_frontend *frontend, struct channel *channel, void *context);
void channel_each_portal(struct slack_frontend *frontend, const char *room, channel_each *each,
                         void *context);
/* Makes it known as this, or what was known into this; owner and name may be NULL. Stored. */
struct channel *channel_set(struct slack_frontend *frontend, const char *place, enum channel_kind kind,
                            const char *owner, const char *name);
void channel_store(struct slack_frontend *frontend,
                   const struct channel *channel); /* after a change of other fields */
void channel_forget(struct slack_frontend *frontend, struct channel **channel);

/* Reads the stored places; `ready` when they are known. */
void channels_load(struct slack_frontend *frontend, void (*ready)(struct slack_frontend *frontend));
void channels_free(struct slack_frontend *frontend);
