/* SPDX-License-Identifier: MIT */
/*
 * One event of a transaction, read from its JSON: what we act on, checked. All texts are clean (base/text.h) and live
 * in the arena. Whatever is missing or of another type than it should be is NULL, 0 or an OTHER: no event is an error
 * as long as it is an object.
 *
 * Whoever is in a room can send events of any type into it. So what says something about a room's state (CREATE to
 * JOIN_RULES) has its state key ("", but for MEMBER, where it is a user id), what is ephemeral has no id, and the
 * rest has no state key: other events are OTHER.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct cJSON;

#define PUPPET_MARK "org.libtransport.puppet" /* of the content of what we say as a person (puppet.h) */

#define MAKING_MARK "org.libtransport.made" /* of the content of the m.room.create of rooms that we make (making.h) */

enum matrix_event_kind {
	MATRIX_OTHER,
	MATRIX_MESSAGE,      /* m.room.message, m.sticker, polls and locations in their text form */
	MATRIX_ENCRYPTED,    /* m.room.encrypted */
	MATRIX_POLL_VOTE,
	MATRIX_POLL_END,
	MATRIX_REACTION,
	MATRIX_REDACTION,
	MATRIX_CREATE,
	MATRIX_MEMBER,
	MATRIX_TOPIC,
	MATRIX_NAME,         /* m.room.name */
	MATRIX_AVATAR,       /* m.room.avatar */
	MATRIX_ENCRYPTION,   /* m.room.encryption: from now on */
	MATRIX_TOMBSTONE,
	MATRIX_POWER_LEVELS,
	MATRIX_JOIN_RULES,
	/* ephemeral */
	MATRIX_TYPING,
	MATRIX_RECEIPT,
	MATRIX_PRESENCE, /* of no room */
};

enum matrix_message_type {
	MATRIX_TEXT,
	MATRIX_NOTICE,
	MATRIX_EMOTE,
	MATRIX_FILE, /* m.image, m.audio, m.video, m.file, m.sticker: there is something to fetch */
};

enum matrix_membership { MATRIX_MEMBERSHIP_NONE, MATRIX_INVITE, MATRIX_JOIN, MATRIX_LEAVE, MATRIX_BAN, MATRIX_KNOCK };

struct matrix_receipt {
	const char *event_id, *user_id;
	const char *thread; /* NULL: unthreaded */
};

struct matrix_answer {
	const char *id, *text;
};

/* What a poll asks. */
struct matrix_poll {
	const char *question; /* of one line; NULL: not said */
	const struct matrix_answer *answers; /* at most LIMIT_MATRIX_ANSWERS */
	size_t answers_count;
	unsigned most;  /* answers that one may choose; at least 1 */
	bool is_hidden; /* who has voted for what is shown at the end only */
};

struct matrix_event {
	enum matrix_event_kind kind;
	const char *type;    /* as it was said; never NULL */
	const char *id;      /* NULL: none, or not an event id */
	const char *room;    /* NULL: none */
	const char *sender;  /* NULL: none, or no user id */
	const char *state_key;
	const char *mark;    /* puppet.h; CREATE: making.h; NULL */
	/* MESSAGE: of the new content if it is an edit */
	enum matrix_message_type message_type;
	/* "" if it is missing; without the quotation that older clients put in front of a reply. FILE: the caption; NULL:
	 * none. A poll: its question and answers */
	const char *body;
	const char *html;    /* formatted_body of org.matrix.custom.html; NULL */
	const struct matrix_poll *poll; /* of a poll; NULL */
	/* POLL_VOTE: ids of answers. Of it and of POLL_END reply_to is the poll; POLL_END: body is what is said for clients
	 * without polls, or "" */
	const char *const *selections;
	size_t selections_count;
	const char *file_name; /* FILE, of one line */
	/* matrix_is_media_url. FILE: NULL if it is encrypted, and its key is not for us; AVATAR and MEMBER: NULL if there is
	 * none */
	const char *url;
	const char *replaces;  /* m.replace: the event */
	const char *reply_to;  /* m.in_reply_to, unless it is a thread's fallback */
	const char *thread;    /* m.thread: its root */
	/* REACTION: reply_to is the event */
	const char *key;
	/* REDACTION: `replaces` is the event; body the reason or "" */
	/* MEMBER: state_key is who; body the reason or "" */
	enum matrix_membership membership, before;
	bool is_direct, is_encrypted; /* of an invitation: as it says of the room */
	const char *display_name, *display_name_before; /* MEMBER; url: the avatar */
	const char *avatar_before;
	/* TOPIC, NAME: body, or "". AVATAR: url. TOMBSTONE: room that replaces this one: replaces; body */
	/* POWER_LEVELS: lent, like the JSON that the event was read from; before: NULL if it is not said */
	const struct cJSON *content, *content_before;
	/* TYPING; MESSAGE: who is meant (m.mentions), unless it is an edit, at most LIMIT_MATRIX_MENTIONS */
	const char *const *users;
	size_t users_count;
	/* RECEIPT */
	const struct matrix_receipt *receipts;
	size_t receipts_count;
	/* PRESENCE: sender is who; body the status message or "" */
	bool is_online;
};

/* False: not an object. */
bool matrix_event_read(struct matrix_event *event, const struct cJSON *json, struct arena *arena);
