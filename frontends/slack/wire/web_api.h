/* SPDX-License-Identifier: MIT */
/*
 * Calls of Slack's Web API: POST BASE/METHOD with a bearer token. An answer is HTTP 200 with "ok": true or an
 * error's code; other statuses are the transport's. What may pass (no connection, 5xx, and the codes that
 * Slack means for that: ratelimited, service_unavailable, fatal_error, internal_error, request_timeout ...)
 * is asked again with jitter; what is said in `once` calls is not.
 *
 * A 429 blocks that method for that workspace until its Retry-After is over, other methods go on; then calls
 * are let through one, two, four ... at a time. chat.postMessage is paced by channel besides, as Slack says
 * (about one a second, bursts allowed): within LIMIT_SLACK_POST_BURST.
 *
 * Calls of one lane are made one after the other, each when the one before has been answered for good: what
 * is said in one channel keeps its order, and a channel that waits holds up no other.
 *
 * Posting is not idempotent at Slack: a call whose answer was lost may have been carried out. `unsure` is
 * called then instead of asking again, so that the caller can look (history) before it decides.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/log.h"
#include "transport/http/http_client.h"

struct cJSON;
struct web_api;
struct web_pending; /* a call that may or may not have been carried out */

/* A token, shared by the calls that use it; rotated by slack_token.c. Owned by whoever made it, longer than
 * its calls (web_api_forget_token). */
struct web_token {
	char *text;         /* never logged */
	const char *label;  /* for the log and the rate limits: the workspace's id or "app" */
	bool refreshing;    /* calls that need it wait; web_api_token_ready */
	bool dead;          /* revoked: calls end with TP_ERR_AUTH */
	unsigned refreshed; /* how often: by web_api_token_ready */
};

struct web_reply {
	/* 0: ok. TP_ERR_AUTH: the token is revoked or its account gone (every later call of it ends so too);
	 * TP_ERR_NOT_FOUND (channel_not_found, message_not_found, user_not_found ...); TP_ERR_NOT_ALLOWED
	 * (missing_scope, not_in_channel, restricted_action, is_archived ...); TP_ERR_LIMIT (too long, too
	 * many); TP_ERR_EXISTS (already_reacted, already_in_channel, name_taken, no_reaction); TP_ERR_INVALID
	 * (others). For calls made once also TP_ERR_IO, TP_ERR_TIMEOUT, and TP_ERR_LIMIT for rate limits. */
	int err;
	const char *error;        /* Slack's code; "" if all went well or nothing was said */
	const char *problem;      /* a sentence for the log; "" if all went well */
	const struct cJSON *json; /* the answer, lent; NULL: none */
};

typedef void web_done(void *context, const struct web_reply *reply);

struct web_argument {
	const char *name, *value; /* value NULL: left out */
};

struct web_call {
	const char *method;                   /* "chat.postMessage" */
	struct web_token *token;              /* NULL: without (oauth.v2.access) */
	const struct web_argument *arguments; /* form fields; structured ones are JSON text */
	size_t arguments_count;
	const char *lane; /* workspace and channel; NULL: waits for nobody */
	bool once;        /* not again, whatever comes: what is stale later */
	uint64_t trace;   /* of the message that it is about: at the end of the log's lines; 0: none */
	/* It may not be carried out twice: if it is not known whether it was, `unsure` is called in place of
	 * another try, and the call ends with web_call_settle. NULL: it may. The lane waits meanwhile. Never
	 * from inside web_api_call. A call made `once` ends instead. */
	void (*unsure)(void *context, struct web_api *api, struct web_pending *pending);
	web_done *done; /* once, never from inside web_api_call; it may call anything here. NULL: unwanted */
	void *context;
	void (*drop)(void *context); /* frees the context if web_api_destroy comes before `done`; NULL */
};

/* `base`: "https://slack.com/api", without a slash behind it. The client must outlive it. */
struct web_api *web_api_create(struct http_client *client, const char *base, const struct log *parent);
/* Without calling anybody but `drop`. *api becomes NULL; NULL is fine. */
void web_api_destroy(struct web_api **api);
uv_loop_t *web_api_loop(const struct web_api *api);
/* Whether a URL that Slack gave may be used: https://, or where the base is on loopback http:// on loopback.
 * With `websocket` the same of wss:// and ws://. */
bool web_api_may_use(const struct web_api *api, const char *url, bool websocket);
/* Everything but the token is copied. */
void web_api_call(struct web_api *api, const struct web_call *call);
/* The answer to `unsure`, then or later, before web_api_destroy: it was carried out (`json` as its answer,
 * lent; may be NULL), or make it again. *pending becomes NULL. */
void web_call_settle(struct web_pending **pending, const struct cJSON *json);
void web_call_again(struct web_pending **pending);
/* The token was refreshed, or has died: those that wait for it go on. */
void web_api_token_ready(struct web_api *api, struct web_token *token);
/* Its calls end now with TP_ERR_AUTH, before this returns; those that are unsure too, whose pending is good
 * no more. */
void web_api_forget_token(struct web_api *api, struct web_token *token);
/* Called when a token is refused as expired (token_expired): refresh it; its calls wait. Without it such a
 * token is dead. */
void web_api_on_expired(struct web_api *api, void (*expired)(void *context, struct web_token *token),
                        void *context);
/* Called once when a token is refused for good. */
void web_api_on_dead(struct web_api *api,
                     void (*dead)(void *context, struct web_token *token, const char *error), void *context);
/* `ended` is called for each call that has come to its end, of whatever kind, just before its `done`: fewer are
 * waiting. It calls nothing here but web_api_waiting. */
void web_api_on_ended(struct web_api *api, void (*ended)(void *context), void *context);
/* What Slack's time of day is more than ours (less: negative), but for a second or so, as its last answer says. 0 at
 * first. */
int64_t web_api_ahead_ms(const struct web_api *api);
/* Calls that wait or are under way. */
size_t web_api_waiting(const struct web_api *api);
struct web_load {
	const char *lane; /* NULL: all calls together */
	size_t calls, bytes; /* of their bodies */
	uint64_t oldest_ms; /* since when (uv_now) the oldest waits; 0: there is none */
};
/* `each` for all of them together, and for up to so many lanes in which something waits. Looks at each call. */
void web_api_loads(const struct web_api *api, unsigned lanes, void (*each)(void *context, const struct web_load *load),
                   void *context);

/* POSTs bytes of a regular file (closed in any case) to an upload URL that Slack gave (web_api_may_use). At
 * most LIMIT_SLACK_TRIES times. trace as in a call. json is NULL. err: TP_ERR_IO, TP_ERR_TIMEOUT, TP_ERR_INVALID
 * (refused, or no such URL). */
void web_api_upload(struct web_api *api, const char *url, int fd, uint64_t size, uint64_t trace, web_done *done,
                    void *context, void (*drop)(void *context));
/* Answers a slash command later: POSTs JSON to its response_url (same rule for the URL, tries and errors;
 * TP_ERR_INVALID also if it was used five times or is older than half an hour). */
void web_api_respond(struct web_api *api, const char *response_url, const char *json, web_done *done, void *context,
                     void (*drop)(void *context));

/* All pages of a cursored method, `limit` items each: `page` for each answer, then `done` with the last
 * one's. A page may be empty. invalid_cursor begins anew at most once: items may come twice. `page` false:
 * enough. `done` is needed. */
void web_api_pages(struct web_api *api, const struct web_call *call, unsigned limit,
                   bool (*page)(void *context, const struct cJSON *json));
