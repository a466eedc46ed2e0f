/* SPDX-License-Identifier: MIT */
/* The life of a request, and what was asked. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/http/http_private.h"
#include "transport/http/http_target.h"

#define BODY_RESERVED (64u << 10) /* for what was announced; more only as it comes */

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

struct http_request *http_request_create(struct http_connection *connection)
{
	struct http_request *request = MEM_NEW(struct http_request);

	request->server = connection->server;
	request->connection = connection;
	request->since_ms = clock_ms();
	request->file = -1;
	connection->server->requests++;
	return request;
}

void http_request_release(struct http_request *request)
{
	struct http_server *server = request->server;

	if (request->stage != HTTP_ENDED || request->inside || request->reading)
		return;
	if (request->file >= 0)
		close(request->file);
	arena_finish(&request->arena);
	buf_finish(&request->collected);
	buf_finish(&request->headers);
	buf_finish(&request->out);
	mem_free(request);
	server->requests--;
	http_server_check_end(server);
}

void http_request_end(struct http_request *request)
{
	struct http_connection *connection = request->connection;

	if (request->path)
		log_debug(&request->server->log, "%s: answered with %u, %llu bytes came", log_quote(request->path),
			  request->status, (unsigned long long)request->received);
	request->stage = HTTP_ENDED;
	request->connection = NULL;
	connection->request = NULL;
	connection->is_blocked = false;
	request->inside++;
	if (request->route && request->route->gone)
		request->route->gone(request, request->route->context);
	request->inside--;
	http_request_release(request);
}

void http_request_check_time(struct http_request *request, uint64_t now_ms)
{
	const struct http_timing *timing = &request->server->timing;
	uint64_t spent_ms = now_ms - request->since_ms;

	switch (request->stage) {
	case HTTP_BODY_EXPECTED:
		if (spent_ms > (request->held ? timing->answer : timing->progress))
			http_connection_drop(request->connection);
		break;
	case HTTP_WORKING:
		if (spent_ms > timing->answer) {
			log_warning(&request->server->log, "%s: no answer after %u s", log_quote(request->path),
				    (unsigned)(spent_ms / 1000));
			refuse(request, request->route, 503, "This takes too long.\n");
		}
		break;
	case HTTP_SENDING:
		if (spent_ms > timing->progress)
			http_connection_drop(request->connection);
		break;
	case HTTP_HEAD_TAKEN:
	case HTTP_ENDED:
		break;
	}
}

/* ---- what was asked ---- */

enum http_method http_request_method(const struct http_request *request)
{
	return request->head.method;
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

	if (strncmp(request->head.target, request->route->path, length) != 0)
		return NULL;
	const char *decoded = http_target_decode(&request->arena, request->head.target);

	return decoded ? decoded + length : NULL;
}

uint64_t http_request_content_length(const struct http_request *request)
{
	return request->head.is_chunked ? HTTP_LENGTH_UNKNOWN : request->head.content_length;
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
	/* In a turn of its own: who lets go does not expect to be called from inside. */
	if (!hold && !request->connection->inside && request->connection->in.len > 0)
		request->connection->resumes = true;
	http_connection_watch(request->connection);
}

/* What is one line of text, or NULL. */
static const char *as_text(const char *text)
{
	return text && text_is_clean(text, strlen(text), TEXT_LINE) ? text : NULL;
}

const char *http_request_header(struct http_request *request, const char *name)
{
	return as_text(http_head_field(&request->head, &request->arena, name));
}

const char *http_request_query(struct http_request *request, const char *name)
{
	return http_target_query(&request->arena, request->head.target, name);
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

/* Whether the handler may see it; else it has been answered. */
static bool find_route(struct http_request *request)
{
	const struct http_head *head = &request->head;
	const struct http_route *route = NULL;

	request->path = http_target_resolved(&request->arena, head->target);
	if (!request->path) {
		refuse(request, NULL, 400, "The address is no text.\n");
		return false;
	}
	route = http_listener_find(request->connection->listener, request->path);
	if (!route) {
		refuse(request, NULL, 404, "There is nothing here.\n");
		return false;
	}
	unsigned methods = route->methods | (route->methods & HTTP_GET ? HTTP_HEAD : 0);
	bool needs_body = head->method & (HTTP_POST | HTTP_PUT);

	if (!(methods & head->method))
		refuse_method(request, route);
	else if (!head->has_length && (route->needs_length ? needs_body : needs_body && !head->is_chunked))
		refuse(request, route, 411, "Content-Length is missing.\n");
	else if (head->content_length > route->body_max)
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

void http_request_take_head(struct http_request *request, unsigned status, const char *sentence)
{
	const struct http_head *head = &request->head;

	request->keeps = head->keeps && !status;
	request->is_whole = !status && !head->is_chunked && head->content_length == 0;
	if (status) {
		refuse(request, NULL, status, sentence);
		return;
	}
	if (!find_route(request))
		return;
	if (request->route->started)
		request->route->started(request, request->route->context);
	if (request->stage != HTTP_HEAD_TAKEN)
		return;
	if (request->is_whole) {
		complete(request);
		return;
	}
	http_request_advance(request, HTTP_BODY_EXPECTED);
	if (head->expects_continue)
		http_answer_continue(request);
	if (!request->route->body)
		buf_reserve(&request->collected,
			    head->content_length < BODY_RESERVED ? (size_t)head->content_length : BODY_RESERVED);
}

/* ---- the body ---- */

bool http_request_wants_more(const struct http_request *request)
{
	return !request->is_whole && (!request->held || request->stage == HTTP_SENDING);
}

static void take_piece(struct http_request *request, const char *piece, size_t count)
{
	request->received += count;
	if (request->stage != HTTP_BODY_EXPECTED || count == 0)
		return;
	http_request_note_progress(request, count);
	if (request->received > request->route->body_max) /* in chunks, which do not say it before */
		refuse(request, request->route, 413, "This is too much.\n");
	else if (request->route->body)
		request->route->body(request, request->route->context, piece, count);
	else
		buf_append(&request->collected, piece, count);
}

size_t http_request_take_body(struct http_request *request, const char *bytes, size_t count)
{
	size_t used, length;
	const char *piece = bytes;

	request->inside++;
	if (request->head.is_chunked) {
		used = http_chunked_take(&request->chunked, bytes, count, &piece, &length);
		if (request->chunked.state == HTTP_CHUNK_BAD)
			used = count;
	} else {
		uint64_t left = request->head.content_length - request->received;

		used = length = left < count ? (size_t)left : count;
	}
	take_piece(request, piece, length);
	request->is_whole = request->head.is_chunked ? request->chunked.state == HTTP_CHUNK_END
						     : request->received == request->head.content_length;
	if (request->chunked.state == HTTP_CHUNK_BAD && request->stage == HTTP_BODY_EXPECTED)
		refuse(request, request->route, 400, "The chunks of the body are written wrongly.\n");
	else if (request->is_whole && request->stage == HTTP_BODY_EXPECTED)
		complete(request);
	request->inside--;
	http_request_release(request);
	return used;
}
