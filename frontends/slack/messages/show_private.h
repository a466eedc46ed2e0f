/* SPDX-License-Identifier: MIT */
/*
 * What the files of show share, for nobody else:
 *
 *   show.c (where it belongs) -> show_say.c, show_change.c (what becomes of it) -> show_post.c (one call each)
 */
#pragma once

#include "frontends/slack/messages/show_outcome.h"
#include "frontends/slack/slack.h"
#include "frontends/slack/workspace.h"
#include "protocol/event.h"

struct identity;
struct web_pending;

/* One message in several parts: all that is known of them. */
struct series {
	unsigned references;
	char *first;        /* time stamp of the one that others refer to; NULL: not known yet */
	struct buf further; /* SHOW_FURTHER */
	bool had_further;   /* before it was edited */
};

enum part {
	PART_TEXT,
	PART_FILE = 'F',       /* the rest of a text, which cannot be edited */
	PART_ATTACHMENT = 'A', /* an attachment, which stays when the text is edited */
};

/* One call: a post, an update, a deletion, a reaction. */
struct post {
	struct list link; /* frontend->finished */
	struct workspace *workspace;
	struct landing *landing; /* NULL once its end is told */
	uint64_t trace;
	int64_t since_ms;
	char *address; /* whose */
	char *room;    /* the legacy room that it was said in; NULL: none */
	char *channel, *thread;
	char *key;                           /* of a post: how it is found again; NULL */
	char *found;                         /* it was posted before: its time stamp */
	char *mrkdwn, *username, *icon_url;  /* of a post; icon_url NULL: none */
	char *network, *network_id;          /* of the message; NULL: it has no id there */
	char *in_flight;                     /* as what it is on its way (show_parts_id); NULL likewise */
	char *people;                        /* of what others refer to; else NULL */
	char *unnamed;                       /* its conversation, while it has no time stamp (show_post.c); NULL */
	char *place, *author, *text;         /* for quotations; NULL: none */
	char *reacts_to, *who, *reaction;    /* of a reaction (reactions_put.h); NULL: it is none */
	bool added;                          /* it */
	bool was_tried;                      /* its record: some of it may be there (post_is_old) */
	bool is_file;                        /* it may be noted as which (SHOW_UPLOAD) */
	bool is_copy;                        /* other channels show the same message */
	bool is_first;                       /* of its series */
	enum part part;
	struct series *series;               /* NULL */
	unsigned references;                 /* two while it is looked up */
	struct web_pending *pending;         /* of its call; NULL once that has ended */
};

/* One event that is being shown, in one conversation after the other. */
struct speaking {
	struct slack_frontend *frontend;
	struct identity *to;
	const struct event *event;
	const char *name; /* who speaks */
	struct outcome *outcome;
	/* where */
	struct workspace *workspace;
	struct landing *landing;
	const char *place, *channel, *thread;
	bool is_copy; /* others of the room show the same */
	int made;     /* calls there: other conversations may come and go before it is shown again */
};

/* A text in several messages. */
struct parting {
	struct speaking *speaking;
	struct series *series;
	const char *known; /* time stamps of parts that are there, with spaces between them; "" */
};

/* show.c */
/* What the message that the core calls so is called in this conversation: each channel of a room has a copy of its own.
 * NULL: it is not there. In the arena, or points into `id`. */
const char *show_ts_of(const struct speaking *speaking, const char *id, struct arena *arena);

/* show_post.c */
#define SHOW_PARTS "slack parts"     /* places of the message map: the first part of a long message ... */
#define SHOW_FURTHER "slack further" /* ... and the others, with spaces between them, before each but texts enum part */
#define SHOW_UPLOAD "slack upload"   /* note of the spool: key of a post -> the file that it is on its way as */
#define SHOW_COPY "slack in "        /* and a channel's place: what a message of the network is called there */

/* As which the further parts of a message are in flight. To be freed. */
char *show_parts_id(const char *id);
struct series *series_create(void);
void series_release(struct series *series);
struct post *post_create(struct speaking *speaking);
/* A part of its series, which gets a reference. */
void post_join(struct post *post, struct series *series, bool first, enum part part);
/* A post, which can be found again. `series` NULL: it is the only one. `first`: others refer to it by the
 * message's id. */
struct post *post_keyed(struct speaking *speaking, const char *mrkdwn, struct series *series, bool first,
                        enum part part);
/* What it says may be quoted. */
void post_quote(struct post *post, const struct speaking *speaking);
/* The record is of before this process, or this token, was there, or a dead letter that is tried again: what has become
 * of it has to be looked up. */
bool post_is_old(const struct speaking *speaking, const struct workspace *workspace);
/* One that was made before is not made again: true. */
bool post_was_made(struct post *post, const struct speaking *speaking);
void post_send(struct post *post);
void post_text(struct speaking *speaking, const char *mrkdwn, struct series *series, bool first);
void post_call(struct post *post, const char *method, const struct web_argument *arguments, size_t count);
/* Slack has it, though no call of the post's own says so. */
void post_settle(struct post *post, const char *ts);
/* It has not. */
void post_end(struct post *post, const struct web_reply *reply);
/* A further message of what it says is there. `ts` NULL: Slack does not say as which. */
void post_note_part(struct post *post, const char *ts);
/* Its call has ended. */
void post_release(void *context);

/* show_pieces.c */
/* In place of the file that it was to be. */
void show_in_pieces(struct post *post);

/* show_say.c */
/* The text as mrkdwn. */
void show_put_text(struct buf *out, const struct speaking *speaking);
/* Calls back for each part of a text that is too long for one message. */
void show_each_part(const char *mrkdwn, void (*part)(void *context, const char *text, bool first), void *context);
void show_text(struct speaking *speaking, const char *prefix, struct series *series);
/* Whether it is too long for LIMIT_SLACK_PARTS messages: then it is its beginning, and all of it as a file
 * (`rest`: what is said if there can be no file). */
bool show_is_for_file(const char *mrkdwn);
void show_text_as_file(struct speaking *speaking, const char *rest, struct series *series);
/* As a file, or as its link if it cannot be had. */
void show_attachment(struct speaking *speaking, const struct event_attachment *attachment, struct series *series,
                     bool first);

/* show_change.c: of the message with this time stamp */
void show_edit(struct speaking *speaking, const char *ts);
void show_take_back(struct speaking *speaking, const char *ts);
void show_react(struct speaking *speaking, const char *ts);
