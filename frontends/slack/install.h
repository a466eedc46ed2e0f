/* SPDX-License-Identifier: MIT */
/*
 * The page that installs the app into a workspace (Slack's OAuth v2), on the instance's HTTP server:
 *
 *   GET /slack/install    redirects the browser to Slack, with a state that is random, good once, for
 *                         LIMIT_SLACK_INSTALL_SECONDS, and for this browser (a cookie)
 *   GET /slack/callback   comes back from there with a code, which becomes a token (slack_token.h)
 */
#pragma once

#include <stdbool.h>

#include "base/log.h"
#include "transport/http/http_server.h"

struct slack_install;

struct slack_install_settings {
	const char *client_id;
	const char *public_url;    /* how browsers reach the listener, without a slash behind it */
	const char *authorize_url; /* "https://slack.com/oauth/v2/authorize" */
};

/* What slack_tokens_exchange does. `done` may come later, or never if the install is destroyed before. */
typedef void slack_install_exchange(void *context, const char *code, const char *redirect_url,
                                    void (*done)(void *context, int err, const char *text),
                                    void *done_context);

/* NULL: the paths are taken. */
struct slack_install *slack_install_create(struct http_listener *listener,
                                           const struct slack_install_settings *settings,
                                           slack_install_exchange *exchange, void *context,
                                           const struct log *parent);
/* When the HTTP server has been closed, and nothing is exchanged any more. *install becomes NULL; NULL is
 * fine. */
void slack_install_destroy(struct slack_install **install);
