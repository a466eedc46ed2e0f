/* SPDX-License-Identifier: MIT */
/*
 * Files, either way.
 *
 * From Slack: the network gets a URL of ours at once, "/media/slack/TEAM/FILE/NAME". When somebody opens it,
 * Slack is asked where the file is (files.info), and it is fetched with the workspace's token and kept in the
 * store. A token goes to Slack's own hosts only. Slack answers a bad one with its login page and status 200: an
 * HTML page in place of another type is a refusal.
 *
 * To Slack: files.getUploadURLExternal, the bytes, files.completeUploadExternal. It says neither whether the file was
 * shared in the channel nor as which message: that is learned from the event (slack_files_shared), else asked for
 * (files.info), within LIMIT_SLACK_SHARE_SECONDS.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/log.h"
#include "frontends/slack/wire/web_api.h"

struct http_client;
struct media;
struct slack_file;
struct slack_files;

struct slack_files_place {
	struct media *media; /* NULL: files are not passed on, only what is said of them */
	struct http_client *client;
	struct web_api *api;
	const char *base; /* of the Web API; its host and those below it may see tokens */
	/* The token of a workspace; NULL: it is none of ours (any more). */
	struct web_token *(*token)(void *context, const char *team);
	/* Whether there may be one soon, then slack_files_look_again is called: what is fetched waits. NULL: never. */
	bool (*token_comes)(void *context, const char *team);
	void *context;
	const struct log *log;
};

/* All of it must outlive the files, but the API, which is destroyed first. */
struct slack_files *slack_files_create(const struct slack_files_place *place);
/* What is under way ends without a word. *files becomes NULL; NULL is fine. */
void slack_files_destroy(struct slack_files **files);

/* Appends the URL of a file of Slack; nothing is fetched for it. `owner` answers for its space. False: it has
 * none (deleted, hidden, elsewhere), or media is off. */
bool slack_files_put_url(struct slack_files *files, const char *team, const struct slack_file *file, const char *owner,
			 struct buf *url);
/* More is known of workspaces than before: what waits for the token of one is fetched, or refused. */
void slack_files_look_again(struct slack_files *files);
/* What people call it. */
const char *slack_file_name(const struct slack_file *file);
/* Appends what is said of it in a message, of one line: "name: URL", Slack's own link where we have no URL,
 * and why where there is none. Whether that is a URL that anybody may fetch. */
bool slack_files_put_words(struct slack_files *files, const char *team, const struct slack_file *file,
			   const char *owner, struct buf *text);

/* err 0: it is in the channel, as `ts`. TP_ERR_TIMEOUT: Slack has taken it, and it was not seen in the
 * channel. Others as of a call or of media_fetch: it is not there. `problem` is a sentence then, and ts NULL.
 * Texts are lent. */
typedef void slack_file_done(void *context, int err, const char *ts, const char *problem);

struct slack_upload {
	struct web_token *token;
	uint64_t trace; /* of the message that it belongs to, for the log; 0: none */
	const char *lane, *channel, *thread; /* thread NULL: in the channel */
	/* Either of: a link of the network, fetched safely at the expense of `owner`; bytes (a long message). */
	const char *url, *owner;
	const char *bytes;
	size_t length;
	const char *name;                /* NULL: as the link calls it */
	const char *title;               /* what is shown; NULL: the name */
	const char *comment;             /* mrkdwn; NULL */
	const char *username, *icon_url; /* as whom; NULL: as the app */
	/* It was on its way as this file when another process, or another token, ended: looked for first; NULL. */
	const char *file_id;
	/* Before it is shared: that is the moment to note as which file, so that it is not shared twice. NULL: unwanted. */
	void (*placed)(void *context, const char *file_id);
	/* Once, never from inside slack_files_send, not after slack_files_destroy; it may call anything. */
	slack_file_done *done;
	void *context;
	void (*drop)(void *context); /* frees the context if slack_files_destroy comes before `done`; NULL */
};

/* Everything but the token is copied. */
void slack_files_send(struct slack_files *files, const struct slack_upload *upload);
/* A message with a file of ours is there: from the event, of whatever app. */
void slack_files_shared(struct slack_files *files, const char *channel, const char *file_id, const char *ts);
/* That are on their way to Slack. */
size_t slack_files_count(const struct slack_files *files);
