/* SPDX-License-Identifier: MIT */
/*
 * Bot tokens that Slack gave by OAuth (install.h): kept sealed in the store, one for each workspace, and
 * refreshed before they expire where the app rotates its tokens. A refresh token is good once: the new one is
 * on the disk before the access token that came with it is used, and before the old one is forgotten.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/log.h"
#include "frontends/slack/wire/web_api.h"

struct store;
struct slack_tokens;

struct slack_token_ops {
	/* There is a token for this workspace: one that was kept (before `loaded`), or a new one; to be
	 * copied. Whoever uses it calls slack_tokens_attach. `name`: what people call the workspace; "". */
	void (*token)(void *context, const char *team, const char *name, const char *access);
	void (*loaded)(void *context);
	/* It cannot be refreshed any more, as another had the refresh token, or we were killed with it in hand: the
	 * app has to be installed again. It is used until it expires, at `expires_ms` (Unix milliseconds). */
	void (*ending)(void *context, struct web_token *token, const char *why, int64_t expires_ms);
	/* It has expired, and cannot be refreshed. It is dead (web_token.dead). */
	void (*lost)(void *context, struct web_token *token, const char *why);
	void *context;
};

struct slack_token_settings {
	const char *client_id, *client_secret;
};

/* Takes web_api_on_expired. The store and the API outlive it. */
struct slack_tokens *slack_tokens_create(struct store *store, struct web_api *api,
                                         const struct slack_token_settings *settings,
                                         const struct slack_token_ops *ops, const struct log *parent);
/* Before the API is destroyed. *tokens becomes NULL; NULL is fine. */
void slack_tokens_destroy(struct slack_tokens **tokens);
void slack_tokens_load(struct slack_tokens *tokens);
/* From now on this is refreshed in time: of a team that `token` was called for. */
void slack_tokens_attach(struct slack_tokens *tokens, const char *team, struct web_token *token);
/* The workspace is lost: what is kept of it is removed. */
void slack_tokens_forget(struct slack_tokens *tokens, const char *team);

/* What became of a code: 0 and the workspace's name, or an error with a sentence for whoever installs it. */
typedef void slack_exchanged(void *context, int err, const char *text);
/* The code of an OAuth redirect becomes a token, which is kept and told (`token`) before this. Never from
 * inside. */
void slack_tokens_exchange(struct slack_tokens *tokens, const char *code, const char *redirect_url,
                           slack_exchanged *done, void *context);
/* Whether one is under way: Slack may know the app as installed where `token` has not been called yet. */
bool slack_tokens_are_exchanged(const struct slack_tokens *tokens);
