/* SPDX-License-Identifier: MIT */
/* libcurl's multi interface on a libuv loop: sockets, one timer for each pool, the life of calls. */
#include "transport/http/http_client.h"

#include <string.h>

#include "base/crash_point.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/http/http_client_private.h"
#include "transport/http/http_guard.h"

/*
 * Between two calls on a connection libcurl lets go of its socket. To forget it and to watch it anew would be
 * more system calls than the call itself has, so that sockets of ours are watched until libcurl closes them
 * (http_client_closes comes before their numbers can be given out again).
 */
struct watch {
	struct http_pool *pool;
	struct list link;
	uv_poll_t poll;
	curl_socket_t socket;
	int events; /* that the loop looks for; 0: none */
	bool ours;  /* we opened it: we are told when it is closed */
	bool idle;  /* libcurl does not want it now */
};

/* ---- what is put off while libcurl or a callback is under way ---- */

static void end_if_closed(struct http_client *client);
static void begin_close(struct http_client *client);

static void enter(struct http_client *client)
{
	client->inside++;
}

static void drop(struct http_call *call)
{
	if (call->started)
		curl_multi_remove_handle(call->pool->multi, call->easy);
	list_remove(&call->link);
	http_call_free(call);
}

/* The client may be gone afterwards. */
static void leave(struct http_client *client)
{
	if (--client->inside > 0)
		return;
	client->inside++; /* removing a handle lets libcurl call back */
	LIST_EACH(link, &client->doomed)
	drop(CONTAINER_OF(link, struct http_call, link));
	client->inside--;
	if (client->closing)
		begin_close(client);
}

/* ---- the end of a call ---- */

static void finish(struct http_call *call, CURLcode code)
{
	struct http_result result;
	struct buf problem = {0};

	if (call->started)
		curl_multi_remove_handle(call->pool->multi, call->easy);
	call->started = false;
	call->finished = true;
	list_remove(&call->link);
	http_call_result(call, code, &result, &problem);
	log_debug(&call->pool->client->log, "status %u, %llu bytes, %s", result.status, (unsigned long long)result.size,
		  result.err ? result.problem : "done");
	if (call->done)
		call->done(call->context, &result);
	buf_finish(&problem);
	http_call_free(call);
}

static void finish_those_done(struct http_pool *pool)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(pool->multi, &left))) {
		struct http_call *call;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		if (!call->cancelled)
			finish(call, code);
	}
}

/* ---- libcurl's timer, and the start of calls ---- */

static void timer_due(uv_timer_t *timer);

static void set_timer(struct http_pool *pool)
{
	uint64_t now_ms = uv_now(pool->client->loop);

	if (pool->client->closing)
		return;
	if (!list_empty(&pool->fresh))
		uv_timer_start(&pool->timer, timer_due, 0, 0);
	else if (pool->due_ms)
		uv_timer_start(&pool->timer, timer_due, pool->due_ms > now_ms ? pool->due_ms - now_ms : 0, 0);
	else
		uv_timer_stop(&pool->timer);
}

static int want_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct http_pool *pool = context;

	(void)multi;
	/* Else it would be for a time that the loop thinks has passed. */
	uv_update_time(pool->client->loop);
	pool->due_ms = timeout_ms < 0 ? 0 : uv_now(pool->client->loop) + (uint64_t)timeout_ms;
	set_timer(pool);
	return 0;
}

static void start_fresh(struct http_pool *pool)
{
	struct list *first;
	struct list now; /* those asked for meanwhile come in the next turn */

	if (pool->client->commit && !list_empty(&pool->fresh))
		pool->client->commit(pool->client->commit_context);
	list_init(&now);
	while ((first = pool->fresh.next) != &pool->fresh) {
		list_remove(first);
		list_append(&now, first);
	}
	while ((first = now.next) != &now) {
		struct http_call *call = CONTAINER_OF(first, struct http_call, link);

		list_remove(first);
		list_append(&pool->calls, first);
		if (pool->client->closing)
			continue;
		if (call->err) {
			finish(call, CURLE_OK);
		} else {
			call->started = true;
			curl_multi_add_handle(pool->multi, call->easy);
		}
	}
}

static void timer_due(uv_timer_t *timer)
{
	struct http_pool *pool = timer->data;
	int running;

	enter(pool->client);
	start_fresh(pool);
	if (pool->due_ms && pool->due_ms <= uv_now(pool->client->loop)) {
		pool->due_ms = 0;
		curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		CRASH_POINT("core.http.sent");
		finish_those_done(pool);
	}
	set_timer(pool);
	leave(pool->client);
}

/* ---- libcurl's sockets ---- */

static void watch_closed(uv_handle_t *handle)
{
	struct watch *watch = handle->data;
	struct http_client *client = watch->pool->client;

	mem_free(watch);
	client->handles--;
	end_if_closed(client);
}

static void unwatch(struct watch *watch)
{
	list_remove(&watch->link);
	uv_close((uv_handle_t *)&watch->poll, watch_closed);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	struct http_pool *pool = watch->pool;
	int running, what = 0;

	/* Most likely the other side has closed it, which libcurl finds when it comes to use it. */
	if (watch->idle) {
		watch->events = 0;
		uv_poll_stop(poll);
		return;
	}

	if (status < 0)
		what = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	enter(pool->client);
	curl_multi_socket_action(pool->multi, watch->socket, what, &running);
	finish_those_done(pool);
	leave(pool->client);
}

static struct watch *watch_create(struct http_pool *pool, curl_socket_t socket)
{
	struct watch *watch = MEM_NEW(struct watch);

	watch->pool = pool;
	watch->socket = socket;
	list_init(&watch->link);
	if (uv_poll_init(pool->client->loop, &watch->poll, socket) < 0) {
		log_warning(&pool->client->log, "the loop cannot watch a connection"); /* it will run into its time-out */
		mem_free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	pool->client->handles++;
	list_append(&pool->client->watches, &watch->link);
	curl_multi_assign(pool->multi, socket, watch);
	return watch;
}

static struct watch *watch_find(const struct http_pool *pool, curl_socket_t socket)
{
	LIST_EACH(link, (struct list *)&pool->client->watches)
	{
		struct watch *watch = CONTAINER_OF(link, struct watch, link);

		if (watch->ours && watch->socket == socket)
			return watch;
	}
	return NULL;
}

static void look_for(struct watch *watch, int events)
{
	if (watch->events == events)
		return;
	watch->events = events;
	if (events)
		uv_poll_start(&watch->poll, events, socket_ready);
	else
		uv_poll_stop(&watch->poll);
}

static void let_go(struct watch *watch)
{
	curl_multi_assign(watch->pool->multi, watch->socket, NULL);
	if (!watch->ours) {
		unwatch(watch);
		return;
	}
	watch->idle = true;
	/* Writable it is all the time. */
	if (watch->events != UV_READABLE)
		look_for(watch, 0);
}

static int want_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context)
{
	struct http_pool *pool = context;
	struct watch *watch = socket_context;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch)
			let_go(watch);
		return 0;
	}
	if (!watch && (watch = watch_find(pool, socket)))
		curl_multi_assign(pool->multi, socket, watch);
	if (!watch && !(watch = watch_create(pool, socket)))
		return 0;
	watch->idle = false;
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	look_for(watch, events);
	return 0;
}

void http_client_opens(struct http_pool *pool, curl_socket_t socket)
{
	struct watch *watch = watch_create(pool, socket);

	if (watch)
		watch->ours = watch->idle = true;
}

void http_client_closes(struct http_pool *pool, curl_socket_t socket)
{
	struct watch *watch = watch_find(pool, socket);

	if (watch)
		unwatch(watch);
}

/* ---- client ---- */

static void pool_init(struct http_pool *pool, struct http_client *client, long connections, long to_one_host)
{
	pool->client = client;
	list_init(&pool->fresh);
	list_init(&pool->calls);
	uv_timer_init(client->loop, &pool->timer);
	pool->timer.data = pool;
	client->handles++;
	pool->multi = curl_multi_init();
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(pool->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
	curl_multi_setopt(pool->multi, CURLMOPT_MAX_HOST_CONNECTIONS, to_one_host);
	curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, connections);
}

struct http_client *http_client_create(uv_loop_t *loop, const struct log *parent)
{
	static bool initialised;
	struct http_client *client = MEM_NEW(struct http_client);

	if (!initialised)
		curl_global_init(CURL_GLOBAL_DEFAULT);
	initialised = true;
	client->loop = loop;
	client->log = (struct log){.parent = parent, .label = "http client"};
	client->allows = http_guard_allows;
	list_init(&client->watches);
	list_init(&client->doomed);
	pool_init(&client->own, client, LIMIT_HTTP_CLIENT_CONNECTIONS, LIMIT_HTTP_CLIENT_CONNECTIONS_HOST);
	pool_init(&client->foreign, client, LIMIT_HTTP_CLIENT_FOREIGN_CONNECTIONS,
		  LIMIT_HTTP_CLIENT_FOREIGN_CONNECTIONS_HOST);
	return client;
}

void http_client_commit_with(struct http_client *client, void (*commit)(void *context), void *context)
{
	client->commit = commit;
	client->commit_context = context;
}

uv_loop_t *http_client_loop(const struct http_client *client)
{
	return client->loop;
}

void http_client_set_guard(struct http_client *client, bool (*allows)(void *context, const struct sockaddr *address),
			   void *context)
{
	client->allows = allows;
	client->allows_context = context;
}

struct http_call *http_client_ask(struct http_client *client, const struct http_ask *ask)
{
	struct http_pool *pool = ask->foreign ? &client->foreign : &client->own;
	struct http_call *call = http_call_create(pool, ask);

	list_append(&pool->fresh, &call->link);
	set_timer(pool);
	return call;
}

void http_call_cancel(struct http_call **slot)
{
	struct http_call *call = *slot;

	*slot = NULL;
	if (!call || call->finished || call->cancelled)
		return;
	struct http_client *client = call->pool->client;

	call->cancelled = true;
	call->done = NULL;
	list_remove(&call->link);
	list_append(&client->doomed, &call->link);
	enter(client);
	leave(client);
}

void http_call_hold(struct http_call *call, bool hold)
{
	struct http_client *client = call->pool->client;

	if (!call->started || call->finished || call->cancelled)
		return;
	enter(client); /* what was kept back comes from inside */
	curl_easy_pause(call->easy, hold ? CURLPAUSE_RECV : CURLPAUSE_CONT);
	leave(client);
}

/* ---- the end ---- */

static void end_if_closed(struct http_client *client)
{
	if (!client->ended || client->handles > 0)
		return;
	if (client->closed)
		client->closed(client->closed_context);
	mem_free(client);
}

static void timer_closed(uv_handle_t *handle)
{
	struct http_pool *pool = handle->data;
	struct http_client *client = pool->client;

	client->handles--;
	end_if_closed(client);
}

static void pool_finish(struct http_pool *pool)
{
	LIST_EACH(link, &pool->fresh)
	drop(CONTAINER_OF(link, struct http_call, link));
	LIST_EACH(link, &pool->calls)
	drop(CONTAINER_OF(link, struct http_call, link));
	curl_multi_cleanup(pool->multi);
	pool->multi = NULL;
	uv_close((uv_handle_t *)&pool->timer, timer_closed);
}

static void begin_close(struct http_client *client)
{
	if (client->ended)
		return;
	pool_finish(&client->own);
	pool_finish(&client->foreign);
	LIST_EACH(link, &client->watches)
	unwatch(CONTAINER_OF(link, struct watch, link));
	client->ended = true; /* the timers are not closed before the loop's next turn */
}

void http_client_close(struct http_client **slot, void (*closed)(void *context), void *context)
{
	struct http_client *client = *slot;

	*slot = NULL;
	if (!client) {
		if (closed)
			closed(context);
		return;
	}
	client->closed = closed;
	client->closed_context = context;
	client->closing = true;
	/* From inside of a call: what it has still to do finds nobody to call. */
	LIST_EACH(link, &client->own.calls)
	CONTAINER_OF(link, struct http_call, link)->cancelled = true;
	LIST_EACH(link, &client->foreign.calls)
	CONTAINER_OF(link, struct http_call, link)->cancelled = true;
	enter(client);
	leave(client);
}

void http_put_encoded(struct buf *out, const char *text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text; text++) {
		if (strchr(unreserved, *text))
			buf_putc(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}
