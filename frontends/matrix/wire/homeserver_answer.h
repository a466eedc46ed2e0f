/* SPDX-License-Identifier: MIT */
/* What an answer of the client-server API says about the call that was made (Matrix specification v1.15, "Standard
 * error response" and "Rate limiting"). Pure functions. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "transport/http/http_client.h"

struct cJSON;

enum homeserver_verdict {
	HOMESERVER_GOOD,    /* it has been done */
	HOMESERVER_REFUSED, /* it never will be */
	HOMESERVER_LIMITED, /* not now; the homeserver is well */
	HOMESERVER_FAILED,  /* not now; the homeserver has said that something is wrong */
	HOMESERVER_SILENCE, /* there was no word of a homeserver */
};

struct homeserver_answer {
	struct cJSON *json; /* NULL: none */
	struct arena arena;
	const char *errcode, *text; /* "": none */
};

/* `state`: of a room, of which who is in it is left out. */
void homeserver_answer_read(struct homeserver_answer *answer, const struct http_result *result, bool state);
void homeserver_answer_finish(struct homeserver_answer *answer);
/* `new_users`: whether the user who calls may have been registered just now, of whom Synapse does not know for a
 * moment. */
enum homeserver_verdict homeserver_answer_judge(const struct homeserver_answer *answer,
                                                const struct http_result *result, bool new_users);
/* An enum tp_error for one that is not asked again; 0: GOOD. */
int homeserver_answer_error(const struct http_result *result, enum homeserver_verdict verdict);
/* What went wrong, clean text in one line; appended. */
void homeserver_answer_describe(const struct homeserver_answer *answer, const struct http_result *result,
                                struct buf *out);
/* How long it asks to wait; at most LIMIT_MATRIX_RETRY_AFTER_MS, -1: it does not say. */
int64_t homeserver_answer_wait_ms(const struct homeserver_answer *answer, const struct http_result *result);
/* The event that was sent with this transaction, of an answer of /messages; NULL: it is not there. */
const char *homeserver_answer_find(const struct homeserver_answer *answer, const char *transaction,
                                   struct arena *arena);
