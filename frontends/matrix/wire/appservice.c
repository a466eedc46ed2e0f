/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/appservice.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/list.h"
#include "base/mem.h"
#include "config/limits.h"

#define V1 "/_matrix/app/v1"
/* Of homeservers that had it before Matrix 1.7. */
#define OLD_PING "/_matrix/app/unstable/fi.mau.msc2659/ping"
#define WARN_AGAIN_MS 60000

struct appservice_request {
	struct http_request *http; /* NULL: it is gone */
	struct list link;
};

struct endpoint {
	const char *path;
	unsigned methods;
	uint64_t body_max;
	void (*handle)(struct appservice *appservice, struct http_request *http);
	bool is_optional; /* another module may have the path */
};

static void put_transaction(struct appservice *appservice, struct http_request *http);
static void get_user(struct appservice *appservice, struct http_request *http);
static void get_alias(struct appservice *appservice, struct http_request *http);
static void post_ping(struct appservice *appservice, struct http_request *http);
static void get_protocol(struct appservice *appservice, struct http_request *http);
static void get_rooms(struct appservice *appservice, struct http_request *http);
static void get_people(struct appservice *appservice, struct http_request *http);

#define ALL (HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE)

static const struct endpoint endpoints[] = {
	{V1 "/transactions/", HTTP_PUT, LIMIT_MATRIX_TRANSACTION_BYTES, put_transaction, false},
	{V1 "/users/", HTTP_GET, LIMIT_MATRIX_BODY_BYTES, get_user, false},
	{V1 "/rooms/", HTTP_GET, LIMIT_MATRIX_BODY_BYTES, get_alias, false},
	{V1 "/ping", HTTP_POST, LIMIT_MATRIX_BODY_BYTES, post_ping, false},
	{OLD_PING, HTTP_POST, LIMIT_MATRIX_BODY_BYTES, post_ping, false},
	{V1 "/thirdparty/protocol/", HTTP_GET, LIMIT_MATRIX_BODY_BYTES, get_protocol, false},
	{V1 "/thirdparty/user/", HTTP_GET, LIMIT_MATRIX_BODY_BYTES, get_people, false},
	{V1 "/thirdparty/location/", HTTP_GET, LIMIT_MATRIX_BODY_BYTES, get_rooms, false},
	{V1 "/thirdparty/user", HTTP_GET, LIMIT_MATRIX_BODY_BYTES, get_people, false},
	{V1 "/thirdparty/location", HTTP_GET, LIMIT_MATRIX_BODY_BYTES, get_rooms, false},
	{"/transactions/", HTTP_PUT, LIMIT_MATRIX_TRANSACTION_BYTES, put_transaction, true},
	{"/users/", HTTP_GET, LIMIT_MATRIX_BODY_BYTES, get_user, true},
	{"/rooms/", HTTP_GET, LIMIT_MATRIX_BODY_BYTES, get_alias, true},
	/* What is left: answered from its head, so the length of the body does not matter. */
	{"/_matrix/", ALL, UINT64_MAX, NULL, false},
	{"/", ALL, UINT64_MAX, NULL, true},
};

/* What a route knows. */
struct place {
	struct appservice *appservice;
	const struct endpoint *endpoint;
};

struct appservice {
	struct appservice_ops ops;
	struct log log;
	char *token;
	uint64_t warned_ms; /* of a wrong token; 0: never */
	struct list requests; /* struct appservice_request: not answered yet */
	struct place places[ARRAY_SIZE(endpoints)];
};

/* ---- answers ---- */

static void answer_nothing(struct http_request *http)
{
	http_answer(http, 200, "application/json", "{}", 2);
}

static void answer_error(struct http_request *http, unsigned status, const char *errcode, const char *text)
{
	struct buf out = {0};

	buf_puts(&out, "{\"errcode\":");
	json_put_string(&out, errcode);
	buf_puts(&out, ",\"error\":");
	json_put_string(&out, text);
	buf_putc(&out, '}');
	http_answer_buf(http, status, "application/json", &out);
}

static struct appservice_request *request_begin(struct appservice *appservice, struct http_request *http)
{
	struct appservice_request *request = MEM_NEW(struct appservice_request);

	request->http = http;
	list_append(&appservice->requests, &request->link);
	http_request_set_data(http, request);
	return request;
}

/* What is left of it; NULL: there is nobody to be answered. */
static struct http_request *request_end(struct appservice_request *request)
{
	struct http_request *http = request->http;

	if (http)
		http_request_set_data(http, NULL);
	list_remove(&request->link);
	mem_free(request);
	return http;
}

void appservice_accept(struct appservice_request *request)
{
	struct http_request *http = request_end(request);

	if (http)
		answer_nothing(http);
}

void appservice_answer(struct appservice_request *request, struct buf *json)
{
	struct http_request *http = request_end(request);

	if (http)
		http_answer_buf(http, 200, "application/json", json);
	else
		buf_finish(json);
}

const char *appservice_field(struct appservice_request *request, const char *name)
{
	return request->http ? http_request_query(request->http, name) : NULL;
}

void appservice_refuse(struct appservice_request *request, unsigned status, const char *errcode, const char *text)
{
	struct http_request *http = request_end(request);

	if (http)
		answer_error(http, status, errcode, text);
}

/* ---- endpoints ---- */

static void put_transaction(struct appservice *appservice, struct http_request *http)
{
	const char *id = http_request_id(http);
	size_t length;
	const char *text = http_request_body(http, &length);
	struct cJSON *body = json_read(text, length);

	if (json_array(body, "events")) {
		appservice->ops.transaction(appservice->ops.context, request_begin(appservice, http), id, body);
	} else {
		log_warning(&appservice->log, "transaction %s of %zu bytes is no object with events", log_quote(id), length);
		appservice->ops.nonsense(appservice->ops.context, request_begin(appservice, http), text ? text : "", length);
	}
	json_free(&body);
}

static void get_user(struct appservice *appservice, struct http_request *http)
{
	appservice->ops.user(appservice->ops.context, request_begin(appservice, http), http_request_id(http));
}

static void get_alias(struct appservice *appservice, struct http_request *http)
{
	appservice->ops.alias(appservice->ops.context, request_begin(appservice, http), http_request_id(http));
}

static void post_ping(struct appservice *appservice, struct http_request *http)
{
	struct arena arena = {0};
	size_t length;
	const char *text = http_request_body(http, &length);
	struct cJSON *body = json_read(text, length);
	const char *transaction = json_text(body, "transaction_id", &arena);

	if (!body && length > 0) {
		answer_error(http, 400, "M_NOT_JSON", "The body is no JSON.");
	} else if (body && !json_is_object(body)) {
		answer_error(http, 400, "M_BAD_JSON", "The body is no object.");
	} else {
		answer_nothing(http);
		if (appservice->ops.ping)
			appservice->ops.ping(appservice->ops.context, transaction ? transaction : "");
	}
	json_free(&body);
	arena_finish(&arena);
}

static void look_up(struct appservice *appservice, struct http_request *http, enum appservice_directory what)
{
	const char *protocol = http_request_id(http);

	appservice->ops.directory(appservice->ops.context, request_begin(appservice, http), what,
				  protocol && *protocol ? protocol : NULL);
}

static void get_protocol(struct appservice *appservice, struct http_request *http)
{
	look_up(appservice, http, APPSERVICE_PROTOCOL);
}

static void get_rooms(struct appservice *appservice, struct http_request *http)
{
	look_up(appservice, http, APPSERVICE_ROOMS);
}

static void get_people(struct appservice *appservice, struct http_request *http)
{
	look_up(appservice, http, APPSERVICE_PEOPLE);
}

/* ---- what the server calls ---- */

/* Anybody who reaches the port can make it be said. */
static void warn_of_token(struct appservice *appservice)
{
	uint64_t now_ms = clock_ms();

	if (appservice->warned_ms && now_ms - appservice->warned_ms < WARN_AGAIN_MS)
		return;
	appservice->warned_ms = now_ms;
	log_warning(&appservice->log, "a request has the wrong token: the homeserver's registration has another hs_token, or "
				      "it is not the homeserver");
}

static bool has_id(struct http_request *http)
{
	const char *id = http_request_id(http);

	return id && *id;
}

static void started(struct http_request *http, void *context)
{
	const struct place *place = context;
	struct appservice *appservice = place->appservice;
	const struct endpoint *endpoint = place->endpoint;
	size_t length = strlen(endpoint->path);

	if (!endpoint->handle || (endpoint->path[length - 1] == '/' && !has_id(http))) {
		answer_error(http, 404, "M_UNRECOGNIZED", "There is nothing at this address.");
	} else if (!http_request_token(http)) {
		answer_error(http, 401, "M_MISSING_TOKEN", "The homeserver's token is missing.");
	} else if (!http_request_has_token(http, appservice->token)) {
		warn_of_token(appservice);
		answer_error(http, 403, "M_FORBIDDEN", "This is not the homeserver's token.");
	}
}

static void complete(struct http_request *http, void *context)
{
	const struct place *place = context;

	place->endpoint->handle(place->appservice, http);
}

static void gone(struct http_request *http, void *context)
{
	struct appservice_request *request = http_request_data(http);

	(void)context;
	if (request)
		request->http = NULL;
}

static void refused(struct http_request *http, void *context, unsigned status, const char *sentence)
{
	const char *errcode = "M_UNKNOWN";

	(void)context;
	if (status == 405)
		errcode = "M_UNRECOGNIZED";
	else if (status == 413)
		errcode = "M_TOO_LARGE";
	char *line = mem_strndup(sentence, strcspn(sentence, "\n"));

	answer_error(http, status, errcode, line);
	mem_free(line);
}

/* ---- appservice ---- */

static void hang(struct appservice *appservice, struct http_listener *listener)
{
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
		const struct endpoint *endpoint = &endpoints[i];

		appservice->places[i] = (struct place){appservice, endpoint};
		http_listener_route(listener, &(struct http_route){
						      .path = endpoint->path,
						      .methods = endpoint->methods,
						      .body_max = endpoint->body_max,
						      .started = started,
						      .complete = complete,
						      .gone = gone,
						      .context = &appservice->places[i],
						      .refused = refused,
					      });
	}
}

bool appservice_create(struct http_listener *listener, const char *hs_token, const struct appservice_ops *ops,
		       const struct log *parent, struct appservice **slot)
{
	*slot = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++)
		if (!endpoints[i].is_optional && http_listener_has_route(listener, endpoints[i].path))
			return false;
	struct appservice *appservice = MEM_NEW(struct appservice);

	appservice->ops = *ops;
	appservice->log = (struct log){.parent = parent, .label = "appservice"};
	appservice->token = mem_strdup(hs_token);
	list_init(&appservice->requests);
	hang(appservice, listener);
	*slot = appservice;
	return true;
}

void appservice_destroy(struct appservice **slot)
{
	struct appservice *appservice = *slot;

	*slot = NULL;
	if (!appservice)
		return;
	LIST_EACH(link, &appservice->requests)
	request_end(CONTAINER_OF(link, struct appservice_request, link));
	mem_free_secret(appservice->token);
	mem_free(appservice);
}
