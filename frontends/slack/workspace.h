/* SPDX-License-Identifier: MIT */
/*
 * Workspaces that have installed the app: one token each. Who we are there is asked with it (auth.test). A token that
 * is refused for good ends that workspace alone, and its administrators are told.
 *
 *     ASKING -> READY -> DEAD (token revoked, app removed)
 */
#pragma once

#include "frontends/slack/slack.h"

enum workspace_state { WORKSPACE_ASKING, WORKSPACE_READY, WORKSPACE_DEAD };

struct workspace {
	struct slack_frontend *frontend;
	struct list link;
	enum workspace_state state;
	struct log log;
	struct web_token token;
	int64_t ready_ms; /* Unix milliseconds: records accepted before may have been posted already, with another token */
	char *installed; /* its team, if its token came by OAuth; else NULL */
	char *team;     /* NULL while ASKING */
	char *name;     /* as people call it; "" */
	char *bot_user, *bot_id;
	char *app_id;   /* NULL: not known */
	char *notice;   /* for administrators, once it is READY; NULL */
	char *relay;    /* "TEAM/BOTUSER": the identity that speaks for people without an account */
	struct map *members; /* user id -> struct member (member.c) */
	struct list members_used; /* struct member.used, the longest unused first */
	struct map *called;  /* name in lower case -> struct namesakes (member.c) */
	struct map *titles;  /* channel id -> struct title, for links to channels (member.c) */
	struct custom_emoji *emoji; /* NULL: not needed so far */
	struct list waiting; /* struct waiting_event.link (incoming.c): what history has told first */
	struct list *history_end; /* the last of that; NULL: there is none */
	unsigned waiting_count;
	unsigned names_asked; /* people and channels that are being asked for (member.c) */
	unsigned commands; /* that wait for an answer of Slack's (bot.c) */
	unsigned left_out; /* channels of which administrators are to be told (portal_channel.c) */
};

/* Of each token of the configuration, and each that was kept; `serve` when it is known of each whether it is good, or
 * after LIMIT_SLACK_START_MS: those that are not known by then follow, and what was said there is read back. */
void workspaces_start(struct slack_frontend *frontend, void (*serve)(struct slack_frontend *frontend));
void workspaces_hurry(struct slack_frontend *frontend); /* now and then */
/* Whether there is one of which not even the team is known yet. */
bool workspaces_are_unknown(const struct slack_frontend *frontend);
/* A token that came by OAuth (slack_token.h, `token`). */
void workspace_installed(struct slack_frontend *frontend, const char *team, const char *access);
/* NULL: none has it. */
struct workspace *workspace_with(const struct slack_frontend *frontend, const struct web_token *token);
void workspaces_free(struct slack_frontend *frontend);
/* NULL: not one of ours, or not READY. */
struct workspace *workspace_find(const struct slack_frontend *frontend, const char *team);
/* One that was installed, or is known by its token, and of which is being asked who we are there: it will be READY, or
 * DEAD; NULL. */
struct workspace *workspace_coming(const struct slack_frontend *frontend, const char *team);
/* Of an address or a place. */
struct workspace *workspace_of(const struct slack_frontend *frontend, const char *address);
/* Whether we said or did that ourselves: by ids, never by names. */
bool workspace_is_own(const struct workspace *workspace, const struct slack_event *event);
/* Its token is of no use any more. `why` is for administrators. */
void workspace_end(struct workspace *workspace, const char *why);
/* Its token will be: it cannot be refreshed, and expires then (Unix milliseconds). */
void workspace_ends_soon(struct workspace *workspace, const char *why, int64_t expires_ms);
/* For administrators (frontend_ops). */
void workspaces_show(struct slack_frontend *frontend,
		     void (*each)(void *context, const struct frontend_workspace *workspace), void *context);
/* No more service there until the next start; `remove`: its token is given back to Slack and forgotten. 0, or
 * TP_ERR_NOT_FOUND. */
int workspace_stop(struct slack_frontend *frontend, const char *team, bool remove);
/* To the administrators (slack.admin) of this workspace. NULL, or one that is DEAD: to all. False: there are some, and
 * none of them is at home in a workspace that is served. */
bool workspace_tell_all_admins(struct slack_frontend *frontend, const struct workspace *workspace, const char *text);
/* The same, and into the log. */
void workspace_tell_admins(struct slack_frontend *frontend, const struct workspace *workspace, enum log_level level,
			   const char *text);
