/* SPDX-License-Identifier: MIT */
/*
 * A text that was to be a file, and that Slack does not take as one: in as few messages as it takes. Each is said when
 * Slack has the one before, with a key of its own, so that a record that is tried again goes on where it was. The last
 * is the post itself.
 */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "frontends/slack/messages/posted.h"
#include "frontends/slack/messages/show_private.h"
#include "frontends/slack/wire/slack_text.h"

#define LARGEST 30000 /* characters of a message that cannot be edited: Slack cuts what is beyond 40,000 */

struct pieces {
	struct post *post;
	unsigned references; /* two while it is looked up what has become of a call */
	char *whole;
	const char *rest;    /* in it: behind `piece` */
	bool fence;
	struct buf piece;    /* which is being said ... */
	char *key;           /* ... and how it is found again */
	unsigned said;
	struct web_pending *pending; /* of its call */
};

static void say_next(struct pieces *pieces);

static void release(void *context)
{
	struct pieces *pieces = context;

	if (--pieces->references)
		return;
	buf_finish(&pieces->piece);
	mem_free(pieces->whole);
	mem_free(pieces->key);
	mem_free(pieces);
}

/* The process ends. */
static void drop(void *context)
{
	struct pieces *pieces = context;

	post_release(pieces->post);
	release(pieces);
}

static void on_said(void *context, const struct web_reply *reply)
{
	struct pieces *pieces = context;
	struct arena arena = {0};
	const char *ts = json_text(reply->json, "ts", &arena);

	pieces->pending = NULL;
	if (reply->err) {
		post_end(pieces->post, reply);
		release(pieces);
	} else {
		post_note_part(pieces->post, slack_is_ts(ts) ? ts : NULL);
		say_next(pieces);
	}
	arena_finish(&arena);
}

static void on_looked_up(void *context, int err, const char *ts)
{
	struct pieces *pieces = context;
	struct web_pending *pending = pieces->pending;

	(void)err;
	pieces->pending = NULL;
	/* If its token has died meanwhile the call has ended. */
	if (pending && ts) {
		char *answer = mem_printf("{\"ok\":true,\"ts\":\"%s\"}", ts);
		struct cJSON *json = json_read(answer, strlen(answer));

		web_call_settle(&pending, json);
		json_free(&json);
		mem_free(answer);
	} else if (pending) {
		web_call_again(&pending);
	}
	release(pieces);
}

/* The answer was lost: it may have been said. */
static void on_unsure(void *context, struct web_api *api, struct web_pending *pending)
{
	struct pieces *pieces = context;
	const struct post *post = pieces->post;

	(void)api;
	pieces->pending = pending;
	pieces->references++;
	posted_find(post->workspace, post->channel, post->thread, pieces->key, post->since_ms, on_looked_up, pieces,
	            release);
}

static void say_piece(struct pieces *pieces)
{
	const struct post *post = pieces->post;
	struct workspace *workspace = post->workspace;
	char *lane = slack_address(workspace->team, post->channel);
	struct buf metadata = {0};

	posted_put_metadata(&metadata, pieces->key);
	const struct web_argument arguments[] = {
	        {"channel", post->channel},   {"thread_ts", post->thread},
	        {"text", buf_text(&pieces->piece)}, {"username", post->username},
	        {"icon_url", post->icon_url}, {"metadata", buf_text(&metadata)},
	        {"parse", "none"},            {"link_names", "false"}};

	web_api_call(workspace->frontend->api, &(struct web_call){.method = "chat.postMessage",
	                                                          .token = &workspace->token,
	                                                          .arguments = arguments,
	                                                          .arguments_count = ARRAY_SIZE(arguments),
	                                                          .lane = lane,
	                                                          .trace = post->trace,
	                                                          .unsure = on_unsure,
	                                                          .done = on_said,
	                                                          .context = pieces,
	                                                          .drop = drop});
	buf_finish(&metadata);
	mem_free(lane);
}

/* The record was tried before. */
static void on_found(void *context, int err, const char *ts)
{
	struct pieces *pieces = context;

	(void)err;
	if (ts) {
		post_note_part(pieces->post, ts);
		say_next(pieces);
	} else {
		say_piece(pieces);
	}
}

static void say_next(struct pieces *pieces)
{
	struct post *post = pieces->post;

	buf_clear(&pieces->piece);
	pieces->rest = slack_text_piece(&pieces->piece, pieces->rest, LARGEST, &pieces->fence);
	if (!pieces->rest) {
		mem_replace(&post->mrkdwn, buf_text(&pieces->piece));
		post_send(post);
		release(pieces);
		return;
	}
	mem_free(pieces->key);
	pieces->key = mem_printf("%s-%u", post->key, pieces->said++);
	if (post->was_tried)
		posted_find(post->workspace, post->channel, post->thread, pieces->key, post->since_ms, on_found, pieces,
		            drop);
	else
		say_piece(pieces);
}

void show_in_pieces(struct post *post)
{
	struct pieces *pieces = MEM_NEW(struct pieces);

	pieces->post = post;
	pieces->references = 1;
	pieces->rest = pieces->whole = mem_strdup(post->mrkdwn);
	say_next(pieces);
}
