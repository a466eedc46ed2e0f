/* SPDX-License-Identifier: MIT */
/*
 * The life of a request. Of libwebsockets only the straight way is used: a head, a body, the end. It never
 * sends (it does not look at a socket's writability while reading is held back) and never begins a second
 * request on a connection (what comes behind the first would be parsed into its head).
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/http/http_private.h"
#include "transport/http/http_target.h"

#define DRAIN_BYTES \
	(256u << 10) /* sent behind the request: unread it would make the kernel take the answer back */

/* ---- stages ---- */

/* `route`: of the path; NULL: none, or not yet known. */
static void refuse(struct http_request *request, const struct http_route *route, unsigned status, const char *sentence)
{
	if (route && route->refused)
		route->refused(request, route->context, status, sentence);
	else
		http_answer(request, status, "text/plain; charset=utf-8", sentence, strlen(sentence));
}

void http_request_advance(struct http_request *request, enum http_stage stage)
{
	request->stage = stage;
	request->since_ms = clock_ms();
	request->moved = 0;
}

void http_request_note_progress(struct http_request *request, uint64_t bytes)
{
	request->moved += bytes;
	if (request->moved < LIMIT_HTTP_PROGRESS_BYTES)
		return;
	request->moved = 0;
	request->since_ms = clock_ms();
}

void http_request_release(struct http_request *request)
{
	struct http_server *server = request->server;

	if (request->wsi || request->reading || request->polling)
		return;
	if (request->file >= 0)
		close(request->file);
	arena_finish(&request->arena);
	buf_finish(&request->collected);
	buf_finish(&request->headers);
	buf_finish(&request->out);
	http_server_forget(request);
	mem_free(request);
	http_server_check_end(server);
}

/* What has to happen when it ends, whoever ended it. */
static void end(struct http_request *request)
{
	if (request->stage == HTTP_ENDED)
		return;
	if (request->path)
		log_debug(&request->server->log, "%s: answered with %u, %llu bytes came",
		          log_quote(request->path), request->status, (unsigned long long)request->received);
	request->stage = HTTP_ENDED;
	http_answer_finish(request);
	if (request->route && request->route->gone)
		request->route->gone(request, request->route->context);
}

void http_request_drop(struct http_request *request)
{
	if (request->stage == HTTP_ENDED)
		return;
	end(request);
	if (request->ahead) {
		http_ahead_drop(request);
		return;
	}
	/* Inside of a call of lws for this connection its result closes it. */
	if (!request->inside && request->wsi)
		lws_set_timeout(request->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

static void drain(int fd)
{
	char scratch[4096];

	for (size_t taken = 0; taken < DRAIN_BYTES;) {
		ssize_t count = recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT);

		if (count <= 0)
			return;
		taken += (size_t)count;
	}
}

void http_request_sent(struct http_request *request)
{
	int fd = lws_get_socket_fd(request->wsi);

	shutdown(fd, SHUT_WR);
	if (request->received < request->content_length) {
		http_request_hold(request, false);
		http_request_advance(request, HTTP_DISCARDING);
		return;
	}
	drain(fd);
	http_request_drop(request);
}

void http_request_check_time(struct http_request *request, uint64_t now_ms)
{
	const struct http_timing *timing = &request->server->timing;
	uint64_t spent_ms = now_ms - request->since_ms;

	switch (request->stage) {
	case HTTP_HEAD_EXPECTED:
		if (spent_ms > timing->head)
			http_request_drop(request);
		break;
	case HTTP_BODY_EXPECTED:
		if (spent_ms > (request->held ? timing->answer : timing->progress))
			http_request_drop(request);
		break;
	case HTTP_WORKING:
		if (spent_ms > timing->answer) {
			log_warning(&request->server->log, "%s: no answer after %u s",
			            log_quote(request->path), (unsigned)(spent_ms / 1000));
			refuse(request, request->route, 503, "This takes too long.\n");
		}
		break;
	case HTTP_SENDING:
		if (spent_ms > timing->progress)
			http_request_drop(request);
		break;
	case HTTP_DISCARDING:
		if (spent_ms > timing->discard)
			http_request_drop(request);
		break;
	case HTTP_ENDED:
		break;
	}
}

/* ---- what was asked ---- */

enum http_method http_request_method(const struct http_request *request)
{
	return request->method;
}

const char *http_request_path(const struct http_request *request)
{
	return request->path;
}

const char *http_request_rest(const struct http_request *request)
{
	return request->path + strlen(request->route->path);
}

const char *http_request_id(struct http_request *request)
{
	size_t length = strlen(request->route->path);

	if (!request->target || strncmp(request->target, request->route->path, length) != 0)
		return NULL;
	const char *decoded = http_target_decode(&request->arena, request->target);

	return decoded ? decoded + length : NULL;
}

uint64_t http_request_content_length(const struct http_request *request)
{
	return request->content_length;
}

const char *http_request_body(struct http_request *request, size_t *length)
{
	*length = request->collected.len;
	return buf_text(&request->collected);
}

void http_request_set_data(struct http_request *request, void *data)
{
	request->data = data;
}

void *http_request_data(const struct http_request *request)
{
	return request->data;
}

void http_request_hold(struct http_request *request, bool hold)
{
	if (request->stage == HTTP_ENDED || request->held == hold)
		return;
	request->held = hold;
	request->since_ms = clock_ms();
	if (request->received < request->content_length)
		lws_rx_flow_control(request->wsi, hold ? 0 : 1);
}

/* `length` bytes that are one line of text, or NULL. */
static const char *as_text(const char *bytes, int length)
{
	return length >= 0 && text_is_clean(bytes, (size_t)length, TEXT_LINE) ? bytes : NULL;
}

static const char *read_token(struct http_request *request, enum lws_token_indexes token)
{
	int length = lws_hdr_total_length(request->wsi, token);

	if (length <= 0)
		return NULL;
	char *copy = arena_alloc(&request->arena, (size_t)length + 1);

	return as_text(copy, lws_hdr_copy(request->wsi, copy, length + 1, token));
}

static const char *read_unknown(struct http_request *request, const char *name, int name_length)
{
	int length = lws_hdr_custom_length(request->wsi, name, name_length);

	if (length < 0)
		return NULL;
	char *copy = arena_alloc(&request->arena, (size_t)length + 1);

	return as_text(copy, lws_hdr_custom_copy(request->wsi, copy, length + 1, name, name_length));
}

const char *http_request_header(struct http_request *request, const char *name)
{
	char key[64];
	int length = snprintf(key, sizeof(key), "%s:", name);

	if (!request->wsi || request->stage == HTTP_ENDED || length < 2 || (size_t)length >= sizeof(key))
		return NULL;
	for (int token = 0; token < WSI_TOKEN_COUNT; token++) {
		const char *known = (const char *)lws_token_to_string((enum lws_token_indexes)token);

		if (known && !strcmp(known, key))
			return read_token(request, (enum lws_token_indexes)token);
	}
	return read_unknown(request, key, length);
}

const char *http_request_query(struct http_request *request, const char *name)
{
	char pair[LIMIT_HTTP_HEAD_BYTES];
	size_t length = strlen(name);

	if (!request->wsi || request->stage == HTTP_ENDED)
		return NULL;
	for (int i = 0;; i++) {
		int count =
		        lws_hdr_copy_fragment(request->wsi, pair, sizeof(pair), WSI_TOKEN_HTTP_URI_ARGS, i);

		if (count < 0)
			return NULL;
		if ((size_t)count > length && !memcmp(pair, name, length) && pair[length] == '=')
			return as_text(
			        arena_strndup(&request->arena, pair + length + 1, (size_t)count - length - 1),
			        count - (int)length - 1);
	}
}

const char *http_request_token(struct http_request *request)
{
	const char *header = http_request_header(request, "authorization");
	const char *given = NULL;
	static const char scheme[] = "bearer ";

	if (header && strlen(header) >= sizeof(scheme) - 1) {
		char *begin = arena_strndup(&request->arena, header, sizeof(scheme) - 1);

		if (text_equal_nocase(begin, scheme))
			given = header + sizeof(scheme) - 1 + strspn(header + sizeof(scheme) - 1, " ");
	}
	if (!given || !*given)
		given = http_request_query(request, "access_token");
	return given && *given ? given : NULL;
}

bool http_request_has_token(struct http_request *request, const char *token)
{
	const char *given = *token ? http_request_token(request) : NULL;

	return given && text_equal_secret(token, given);
}

/* ---- the head ---- */

static enum http_method method_of(int index)
{
	switch (index) {
	case LWSHUMETH_GET:
		return HTTP_GET;
	case LWSHUMETH_HEAD:
		return HTTP_HEAD;
	case LWSHUMETH_POST:
		return HTTP_POST;
	case LWSHUMETH_PUT:
		return HTTP_PUT;
	case LWSHUMETH_DELETE:
		return HTTP_DELETE;
	default:
		return 0;
	}
}

/* False: there is none, or it is no number. lws has read it with atoll. */
static bool read_length(struct http_request *request, bool *present)
{
	char text[20];
	int total = lws_hdr_total_length(request->wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);

	*present = total > 0;
	if (!*present)
		return false;
	int length = lws_hdr_copy(request->wsi, text, sizeof(text), WSI_TOKEN_HTTP_CONTENT_LENGTH);

	if (length <= 0 || strspn(text, "0123456789") != (size_t)length)
		return false;
	for (const char *at = text; *at; at++)
		request->content_length = request->content_length * 10 + (uint64_t)(*at - '0');
	return true;
}

static bool version_is_known(struct http_request *request, bool *needs_host)
{
	const char *version = read_token(request, WSI_TOKEN_HTTP);

	*needs_host = version && !strcmp(version, "HTTP/1.1");
	return *needs_host || (version && !strcmp(version, "HTTP/1.0"));
}

static void refuse_method(struct http_request *request, const struct http_route *route)
{
	static const struct {
		enum http_method method;
		const char *name;
	} names[] = {
	        {HTTP_GET, "GET, HEAD"}, {HTTP_POST, "POST"}, {HTTP_PUT, "PUT"}, {HTTP_DELETE, "DELETE"}};
	struct buf allow = {0};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (route->methods & names[i].method)
			buf_printf(&allow, "%s%s", allow.len ? ", " : "", names[i].name);
	http_answer_header(request, "Allow", buf_text(&allow));
	buf_finish(&allow);
	refuse(request, route, 405, "This address takes other methods.\n");
}

/* Whether the head is one that the handler may see; else it has been answered. */
static bool check_head(struct http_request *request, int method, const char *path, size_t length)
{
	bool has_length, needs_host;
	bool length_is_good = read_length(request, &has_length);
	bool version_is_good = version_is_known(request, &needs_host);
	const struct http_route *route = NULL;
	const char *resolved = request->target ? http_target_resolved(&request->arena, request->target) : NULL;

	request->method = method_of(method);
	request->path = arena_strndup(&request->arena, path, length);
	if (resolved) {
		request->path = path = resolved;
		length = strlen(resolved);
	}
	if (has_length && !length_is_good) {
		request->content_length = 0;
		refuse(request, NULL, 400, "Content-Length is no number.\n");
	} else if (lws_hdr_total_length(request->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
		request->content_length = 0; /* where such a body would end is not known */
		refuse(request, NULL, 501, "Bodies have to come with a Content-Length.\n");
	} else if (!version_is_good) {
		refuse(request, NULL, 505, "This is a server for HTTP/1.1.\n");
	} else if (!as_text(path, (int)length)) {
		refuse(request, NULL, 400, "The address is no text.\n");
	} else if (needs_host && lws_hdr_total_length(request->wsi, WSI_TOKEN_HOST) <= 0) {
		refuse(request, NULL, 400, "The Host header is missing.\n");
	} else {
		route = http_listener_find(request->listener, request->path);
		if (!route)
			refuse(request, NULL, 404, "There is nothing here.\n");
	}
	if (!route)
		return false;

	unsigned methods = route->methods | (route->methods & HTTP_GET ? HTTP_HEAD : 0);

	if (!(methods & request->method))
		refuse_method(request, route);
	else if (!has_length && (request->method & (HTTP_POST | HTTP_PUT)))
		refuse(request, route, 411, "Content-Length is missing.\n");
	else if (request->content_length > route->body_max)
		refuse(request, route, 413, "This is too much.\n");
	else
		request->route = route;
	return request->route;
}

static void complete(struct http_request *request)
{
	http_request_advance(request, HTTP_WORKING);
	request->route->complete(request, request->route->context);
}

static void take_head(struct http_request *request, const char *path, size_t length)
{
	char *uri;
	int uri_length;
	int method = lws_http_get_uri_and_method(request->wsi, &uri, &uri_length);

	lws_set_timeout(request->wsi, NO_PENDING_TIMEOUT, 0);
	if (check_head(request, method, path, length) && request->route->started)
		request->route->started(request, request->route->context);
	bool unanswered = request->route && request->stage == HTTP_HEAD_EXPECTED;

	if (unanswered && request->content_length > 0) {
		http_answer_continue(request);
		http_request_advance(request, HTTP_BODY_EXPECTED);
		if (request->held) /* by `started` */
			lws_rx_flow_control(request->wsi, 0);
	} else if (unanswered) {
		lws_rx_flow_control(request->wsi, 0);
		complete(request);
	} else if (request->stage != HTTP_ENDED && request->content_length == 0) {
		lws_rx_flow_control(request->wsi, 0);
	}
}

/* ---- the body ---- */

static void take_body(struct http_request *request, const void *bytes, size_t count)
{
	request->received += count;
	if (request->stage == HTTP_BODY_EXPECTED) {
		http_request_note_progress(request, count);
		if (request->route->body)
			request->route->body(request, request->route->context, bytes, count);
		else
			buf_append(&request->collected, bytes, count);
	}
}

static void take_end(struct http_request *request)
{
	if (request->stage == HTTP_DISCARDING) {
		http_request_drop(request);
		return;
	}
	if (request->received < request->content_length || request->stage == HTTP_ENDED)
		return;
	lws_rx_flow_control(request->wsi, 0);
	if (request->stage == HTTP_BODY_EXPECTED)
		complete(request);
}

/* ---- what lws calls ---- */

static struct http_request *find(struct lws *wsi)
{
	const struct http_server *server = lws_context_user(lws_get_context(wsi));
	uintptr_t id = (uintptr_t)lws_get_opaque_user_data(wsi);
	struct http_request *request = id ? server->slots[id & 0xffff] : NULL;

	return request && request->generation == (uint32_t)(id >> 16) ? request : NULL;
}

int http_request_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t length)
{
	struct http_request *request;

	(void)user;
	switch (reason) {
	case LWS_CALLBACK_HTTP:
	case LWS_CALLBACK_HTTP_BODY:
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_WSI_DESTROY:
		break;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: /* to HTTP/2 or websockets: neither is served, and `in` may be
	                                           gone */
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
	case LWS_CALLBACK_RAW_ADOPT: /* after CONNECT */
	case LWS_CALLBACK_RAW_RX:
		return -1;
	default:
		return 0;
	}
	request = find(wsi);
	if (!request)
		return reason == LWS_CALLBACK_WSI_DESTROY || reason == LWS_CALLBACK_CLOSED_HTTP ? 0 : -1;
	request->wsi = wsi;
	request->inside++;
	if (reason == LWS_CALLBACK_HTTP && request->stage == HTTP_HEAD_EXPECTED && !request->path)
		take_head(request, in, length);
	else if (reason == LWS_CALLBACK_HTTP)
		http_request_drop(request);
	else if (reason == LWS_CALLBACK_HTTP_BODY && length > 0)
		take_body(request, in, length);
	else if (reason == LWS_CALLBACK_HTTP_BODY_COMPLETION)
		take_end(request);
	else if (reason != LWS_CALLBACK_HTTP_BODY)
		end(request);
	request->inside--;
	bool ended = request->stage == HTTP_ENDED;

	if (reason == LWS_CALLBACK_WSI_DESTROY) {
		request->wsi = NULL;
		http_request_release(request);
	}
	return ended ? -1 : 0;
}
