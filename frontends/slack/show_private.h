/* SPDX-License-Identifier: MIT */
/* What show.c keeps of a message on its way to Slack. For nobody else. */
#pragma once

#include "frontends/slack/slack.h"

struct identity;
struct web_pending;

/* One message in several parts: all that is known of them. */
struct series {
	unsigned references;
	char *first; /* time stamp; NULL: not known yet */
	struct buf further;
};

struct post {
	struct list link; /* frontend->finished */
	struct workspace *workspace;
	uint64_t number; /* of the record; 0: none */
	int64_t since_ms;
	char *address; /* whose */
	char *channel, *thread;
	char *key;                           /* of a post: how it is found again; NULL */
	char *found;                         /* it was posted before: its time stamp */
	char *mrkdwn, *username, *icon_url;  /* of a post; icon_url NULL: none */
	char *people, *network, *network_id; /* NULL: the message has no id there */
	char *place, *author, *text;         /* for quotations; NULL: none */
	struct series *series;               /* NULL */
	unsigned references;                 /* two while it is looked up */
	struct web_pending *pending;         /* of its call; NULL once that has ended */
};

struct speaking {
	struct slack_frontend *frontend;
	struct identity *to;
	const struct event *event;
	const char *name; /* who speaks */
	int promised;
	/* where */
	struct workspace *workspace;
	const char *place, *channel, *thread;
};
