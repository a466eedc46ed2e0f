/* SPDX-License-Identifier: MIT */
/* What the codes of Slack's errors ("error" of an answer with "ok": false) mean to whoever called. */
#pragma once

enum slack_fate {
	SLACK_REFUSED, /* it was not done and never will be */
	SLACK_AGAIN,   /* it was not done; later it may be */
	SLACK_LIMITED, /* the same, for this method and workspace: rate limits */
	SLACK_UNCLEAR, /* some of it may have been done; asked again, it may succeed */
	SLACK_EXPIRED, /* the token has to be refreshed first */
	SLACK_DEAD,    /* the token is no good any more */
};

/* `err`: what web_reply.err says of it where it is refused: TP_ERR_AUTH, TP_ERR_NOT_FOUND,
 * TP_ERR_NOT_ALLOWED, TP_ERR_LIMIT, TP_ERR_EXISTS (it is as it was to become), TP_ERR_INVALID (all others).
 */
struct slack_error {
	enum slack_fate fate;
	int err;
};
struct slack_error slack_error_read(const char *code);
