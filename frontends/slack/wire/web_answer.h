/* SPDX-License-Identifier: MIT */
/* What an answer of the Web API says about the call that was made. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "transport/http/http_client.h"

struct cJSON;

enum web_verdict {
	WEB_GOOD,
	WEB_REFUSED,
	WEB_AGAIN,   /* later; Slack is well */
	WEB_LIMITED, /* the same, for the method and workspace */
	WEB_UNCLEAR, /* Slack has said that something went wrong on the way */
	WEB_SILENCE, /* there was no word of Slack's: no connection, or a proxy's */
	WEB_EXPIRED, /* of the token */
	WEB_DEAD,
};

struct web_answer {
	enum web_verdict verdict;
	int err;            /* as web_reply.err, if it is not asked again; 0: GOOD */
	bool maybe_done;    /* UNCLEAR, SILENCE of a call that is `unrepeated` */
	struct cJSON *json; /* NULL: none */
	const char *error;  /* Slack's code; "" */
	struct arena arena;
	struct buf problem; /* a sentence; empty if GOOD */
};

/* `plain`: of an upload or a response_url, where 2xx is good whatever it says. */
void web_answer_read(struct web_answer *answer, const struct http_result *result, bool plain);
void web_answer_finish(struct web_answer *answer);
