/* SPDX-License-Identifier: MIT */
/*
 * What the homeserver asks of us (Matrix Application Service API v1.15): routes under /_matrix/app/v1/ of an HTTP
 * listener. The token is checked before the body is read, in constant time, as header and as the old query parameter.
 * Wrong method, path or token get Matrix's JSON errors. Bodies up to LIMIT_MATRIX_TRANSACTION_BYTES. The same under the
 * paths without /_matrix/app/v1 that old homeservers ask, and what nobody else serves on this listener is a wrong path.
 *
 * Ids come decoded and otherwise as they were sent, "//" and "/../" in them too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/log.h"
#include "transport/http/http_server.h"

struct cJSON;
struct appservice;
struct appservice_request; /* waits for its answer */

enum appservice_directory {
	APPSERVICE_PROTOCOL, /* what it is */
	APPSERVICE_ROOMS,    /* thirdparty/location */
	APPSERVICE_PEOPLE,   /* thirdparty/user */
};

struct appservice_ops {
	/*
	 * PUT /transactions/{id}. `body`, which is lent, is an object with an array "events"; what else is in it is up to
	 * the homeserver. The id is an opaque string.
	 * Answer with appservice_accept when all that follows from it is on record, with appservice_refuse to have it come
	 * again. A body that is no such object does not come here: it would never get better.
	 */
	void (*transaction)(void *context, struct appservice_request *request, const char *id, const struct cJSON *body);
	/* The body of such a request that is no object with events: lent. Answered like others. */
	void (*nonsense)(void *context, struct appservice_request *request, const char *body, size_t length);
	/* GET /users/{id}, /rooms/{alias}: accept: it exists now. */
	void (*user)(void *context, struct appservice_request *request, const char *id);
	void (*alias)(void *context, struct appservice_request *request, const char *alias);
	/* GET /thirdparty/...: appservice_answer, or refuse. `protocol`: which is looked in; NULL: the question is whose
	 * this alias or user id is. What is looked for: appservice_field. */
	void (*directory)(void *context, struct appservice_request *request, enum appservice_directory what,
			  const char *protocol);
	/* POST /ping, or at its older path (MSC2659): answered by itself; `transaction` is "" if the ping had none.
	 * NULL: nobody wants to know. */
	void (*ping)(void *context, const char *transaction);
	void *context;
};

/* Hangs the routes. False: somebody has them on this listener already. */
bool appservice_create(struct http_listener *listener, const char *hs_token, const struct appservice_ops *ops,
		       const struct log *parent, struct appservice **appservice);
/* Requests that wait are forgotten; the listener must not serve any more (http_server_close). */
void appservice_destroy(struct appservice **appservice);

/* Each request is answered once, from inside its call or later; then it may not be used. That is so as well when the
 * homeserver has gone meanwhile, or was told after LIMIT_HTTP_ANSWER_SECONDS that this takes too long. */
void appservice_accept(struct appservice_request *request);                   /* 200 {} */
void appservice_answer(struct appservice_request *request, struct buf *json); /* 200; *json becomes empty */
void appservice_refuse(struct appservice_request *request, unsigned status, const char *errcode, const char *text);
/* Of what a client asks for, inside the call only; NULL: not there. */
const char *appservice_field(struct appservice_request *request, const char *name);
