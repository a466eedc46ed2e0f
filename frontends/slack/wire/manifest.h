/* SPDX-License-Identifier: MIT */
/*
 * The app as Slack has to know it: an app manifest (JSON), to be pasted at https://api.slack.com/apps,
 * "Create New App", "From a manifest". Scopes and events are all that the frontend uses.
 */
#pragma once

#include "base/buf.h"

struct slack_manifest {
	const char *name;         /* of the app and its bot; 35 characters */
	const char *redirect_url; /* of the page that installs it (install.h); NULL or "": none */
};

void slack_manifest_put(struct buf *out, const struct slack_manifest *manifest);

/* Scopes of the bot's token; NULL behind the last. */
extern const char *const slack_scopes[];
