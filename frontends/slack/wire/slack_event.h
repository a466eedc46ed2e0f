/* SPDX-License-Identifier: MIT */
/*
 * What comes through a socket of Socket Mode, read from its JSON: frames, and the events in them (Slack's
 * Events API), checked: what we act on. All texts are clean (base/text.h) and live in the arena; JSON that is
 * lent lives as long as the document. What is missing or of another type than it should be is NULL, 0, false
 * or an OTHER; ids and time stamps that are none (slack_id.h) are NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct cJSON;

enum slack_frame_kind {
	SLACK_FRAME_OTHER, /* unknown: to be acknowledged if it has an id, and ignored */
	SLACK_FRAME_HELLO,
	SLACK_FRAME_DISCONNECT,
	SLACK_FRAME_EVENT,       /* events_api: payload is for slack_event_read */
	SLACK_FRAME_COMMAND,     /* slash_commands: payload is for slack_command_read */
	SLACK_FRAME_INTERACTIVE,
};

enum slack_disconnect {
	SLACK_DISCONNECT_OTHER,
	SLACK_DISCONNECT_WARNING,   /* the cut comes in about 10 s */
	SLACK_DISCONNECT_REFRESH,
	SLACK_DISCONNECT_DISABLED,  /* link_disabled: Socket Mode was switched off */
	SLACK_DISCONNECT_TOO_MANY,  /* too_many_websockets */
};

struct slack_frame {
	enum slack_frame_kind kind;
	const char *type;           /* as it was said; "" */
	const char *id;             /* envelope_id; NULL: nothing to acknowledge */
	const struct cJSON *payload; /* an object; NULL */
	/* HELLO; and TOO_MANY */
	unsigned connections;       /* num_connections; 0: not said */
	/* DISCONNECT */
	enum slack_disconnect reason;
	const char *reason_text;    /* as it was said; "" */
};

/* False: not an object. */
bool slack_frame_read(struct slack_frame *frame, const struct cJSON *json, struct arena *arena);

enum slack_event_kind {
	SLACK_OTHER,           /* also app_mention: the same message comes as MESSAGE */
	SLACK_MESSAGE,         /* somebody says something, also /me, a file, a broadcast reply */
	SLACK_EDIT,            /* message_changed that somebody made, not an unfurl or a count of replies: what it is now */
	SLACK_DELETE,          /* message_deleted, and a thread's parent that became a tombstone: what it was before */
	SLACK_REACTION,        /* added or removed: reaction, item ts, user */
	SLACK_JOIN, SLACK_LEAVE, /* member_joined_channel, channel_join and their like: channel, user */
	SLACK_TOPIC,           /* channel_topic: text */
	SLACK_PURPOSE,
	SLACK_RENAME,          /* channel, text = new name */
	SLACK_ARCHIVE,         /* archived (added) or unarchived */
	SLACK_CHANNEL_CREATED, /* channel, text = name */
	SLACK_CHANNEL_GONE,    /* channel_deleted, channel_left, group_left: `left` says which */
	SLACK_USER,            /* user_change, team_join and their like: `object` is the user */
	SLACK_EMOJI,           /* emoji_changed */
	SLACK_TOKENS_REVOKED,  /* ids in users */
	SLACK_UNINSTALLED,
	SLACK_RATE_LIMITED,    /* app_rate_limited: events were left out */
};

struct slack_file {
	const char *id;        /* never NULL */
	const char *name;      /* of one line; "" */
	const char *title;     /* of one line; "" */
	const char *mime_type; /* NULL: not known (yet) */
	const char *url;       /* url_private_download, else url_private, https or http; NULL */
	const char *permalink; /* for people who are logged in; NULL */
	const char *user;      /* who uploaded it; NULL */
	uint64_t size;         /* 0: not known */
	enum slack_file_mode {
		SLACK_FILE_HOSTED,   /* at Slack; there is a url */
		SLACK_FILE_ASK,      /* a stub: files.info knows more */
		SLACK_FILE_EXTERNAL, /* a link to elsewhere, or to be seen at permalink only */
		SLACK_FILE_DELETED,
		SLACK_FILE_HIDDEN,   /* by the free plan's limit, or not for us */
	} mode;
};

struct slack_reaction {
	const char *name; /* without colons; with "::skin-tone-3" behind it */
	const char *const *users;
	size_t users_count;
	bool all_named; /* in users: Slack leaves some out if there are many */
};

struct slack_event {
	enum slack_event_kind kind;
	const char *type;      /* inner type as it was said; "" */
	const char *event_id;  /* of the payload; NULL */
	const char *team;      /* of the payload: team_id; NULL */
	const char *channel;
	const char *channel_type; /* "channel", "group", "im", "mpim"; NULL: not said, or something else */
	const char *ts;        /* MESSAGE, EDIT, DELETE, REACTION: the message that it is about; JOIN, TOPIC ... that stand in
	                        * the conversation as a message (they come as an event besides): that; else NULL */
	const char *event_ts;  /* when it happened; NULL */
	const char *thread_ts; /* of the message: the parent's ts, if it is a reply; NULL */
	const char *edited_ts; /* of the message: when it was edited last, EDIT: by that; NULL: never, or not said */
	const char *user;      /* who did it; EDIT, DELETE: whose message it is; NULL: a bot with a name of its own */
	const char *bot_id, *app_id; /* of the message, also in EDIT and DELETE; NULL */
	const char *username;  /* of a bot message with a name of its own, of one line; NULL */
	bool me;               /* me_message */
	bool hidden_type;      /* a message of Slack's own that nobody wrote (a subtype that we do not know) */
	const char *text;      /* mrkdwn, still escaped (slack_text.h); TOPIC, PURPOSE, RENAME: the new one; "" */
	const struct cJSON *blocks;      /* array; NULL */
	const struct cJSON *attachments; /* array; NULL */
	const struct slack_file *files;
	size_t files_count;
	const char *reaction;  /* REACTION: name without colons */
	bool added;            /* REACTION, ARCHIVE, EMOJI */
	bool is_private;       /* RENAME, by its message: whoever is not in the conversation does not see it */
	bool left;             /* CHANNEL_GONE: we were put out, the channel is there */
	const struct cJSON *object; /* USER: the user; EMOJI: the event */
	const char *const *users;   /* TOKENS_REVOKED: of tokens of people and bots */
	size_t users_count;
};

/* The payload of an EVENT frame (or body of the Events API, or app_rate_limited, which has no event inside).
 * False: not an object with an event. */
bool slack_event_read(struct slack_event *event, const struct cJSON *payload, struct arena *arena);
/* A message of conversations.history or .replies, as if it had come as an event: `channel` (an id) as given,
 * lent. `ts` is the message's, whatever its kind. False: not an object. Reactions on it (NULL and 0: none)
 * into *reactions; Slack may not name all who reacted. */
bool slack_history_read(struct slack_event *event, const struct cJSON *message, const char *channel,
			struct arena *arena, const struct slack_reaction **reactions, size_t *reactions_count);
/* A file object, of a message or of files.info. False: not an object with an id. */
bool slack_file_read(struct slack_file *file, const struct cJSON *json, struct arena *arena);

struct slack_user {
	const char *id;     /* never NULL */
	const char *name;   /* what it is shown as: profile.display_name, else real_name, else name, else id; of one line */
	const char *avatar; /* https or http URL of image_192 or the next best; NULL */
	bool deleted;
};
/* False: not an object with an id; likewise below. */
bool slack_user_read(struct slack_user *user, const struct cJSON *json, struct arena *arena);

struct slack_channel {
	const char *id;   /* never NULL */
	const char *name; /* without #, of one line; "" for DMs */
	const char *topic; /* mrkdwn, still escaped; "" */
	const char *user; /* of a DM: the other one; NULL */
	bool is_im, is_archived, is_member;
	bool is_private; /* whoever is not in it does not see that it is there; chats of several too */
};
bool slack_channel_read(struct slack_channel *channel, const struct cJSON *json, struct arena *arena);

/* A slash command, or a button of ours. */
struct slack_command {
	const char *team, *channel, *user; /* NULL: missing */
	const char *command; /* "/bridge"; of a button "" */
	const char *text;    /* of a button its value; "" */
	const char *response_url; /* https or http; NULL */
};
/* False: neither (another interactive payload: nothing that we have shown to anybody). */
bool slack_command_read(struct slack_command *command, const struct cJSON *payload, struct arena *arena);
