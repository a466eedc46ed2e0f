/* SPDX-License-Identifier: MIT */
/* What the files of web_api share; nobody else includes it (but tests). */
#pragma once

#include "base/list.h"
#include "frontends/slack/wire/web_api.h"
#include "frontends/slack/wire/web_gate.h"

struct web_lane {
	struct list link;  /* web_api.turns, or to itself */
	struct list calls; /* struct web_pending.link: those that wait for their turn, the next first */
	char *name;        /* NULL: of those without */
	unsigned under_way, at_once; /* calls taken from it and not ended; how many may be */
	size_t count;                /* both */
};

struct web_pending {
	struct web_api *api;
	struct web_lane *lane;
	struct list link;        /* where it is: lane.calls, a list of web_api, or web_gate.waiting */
	struct list all_link;    /* web_api.all, or to itself once it has its answer */
	uint64_t since_ms;       /* uv_now: when it was given */
	bool holds;              /* its lane waits for it */
	struct http_call *http;  /* NULL: not under way */
	struct web_gate *trying; /* that let it through */
	struct web_token *token;
	unsigned token_refreshed; /* when it was asked */
	char *method, *url;       /* url NULL: of the method */
	char *body;               /* to be wiped */
	const char *type;
	char *channel; /* of a post; NULL: not paced */
	int fd;        /* a file instead of a body; -1: none */
	uint64_t size;
	uint64_t trace;
	bool once, paced;          /* paced: it has its time already */
	unsigned tries, tries_max; /* 0: for ever */
	bool rests_for_silence;
	uint64_t due_ms; /* uv_now, while it rests */
	int end_err;     /* of one that is to end */
	void (*unsure)(void *context, struct web_api *api, struct web_pending *pending);
	web_done *done;
	void *context;
	void (*drop)(void *context);
};

struct web_api {
	struct http_client *client;
	struct log log;
	char *base;
	bool base_is_loopback;
	unsigned retry_ms, retry_last_ms, post_ms;
	struct map *lanes; /* name -> struct web_lane */
	struct web_lane free, uploads;
	struct list turns;
	struct list under_way;
	struct list resting; /* soonest first */
	struct list waiting_for_token;
	struct list unsure;
	struct list ending;
	struct list all; /* by all_link, oldest first */
	struct web_gates gates;
	struct web_paces paces;
	uv_timer_t *timer;
	size_t waiting;
	unsigned calls; /* under way */
	unsigned silences; /* in a row */
	int64_t ahead_ms;  /* web_api_ahead_ms */
	void (*expired)(void *context, struct web_token *token);
	void *expired_context;
	void (*dead)(void *context, struct web_token *token, const char *error);
	void *dead_context;
	void (*ended)(void *context);
	void *ended_context;
	unsigned inside;
	bool destroyed; /* from inside of a callback */
};

/* For tests: milliseconds until a call that failed is made again, at first and at most, and between posts. */
void web_api_set_times(struct web_api *api, unsigned first_ms, unsigned last_ms, unsigned post_ms);

/* web_api.c */
struct web_pending *web_pending_create(struct web_api *api, const char *method);
void web_pending_enqueue(struct web_pending *call, struct web_lane *lane);
/* Ends it with this error, in the loop's next turn. */
void web_pending_end(struct web_pending *call, int err);
