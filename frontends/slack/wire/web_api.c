/* SPDX-License-Identifier: MIT */
/*
 * Calls wait in lanes. Lanes that have a call to make and may make it stand in `turns`; the first of them
 * makes one and goes to the end. A call that waits for something else than its turn (a time, a gate, a token,
 * its caller's word) is in the list of those, and its lane with a name waits for it; when that is over it is
 * at the head again. What has no lane of its own is in one of two that make several calls at once, and waits
 * by itself.
 */
#include "frontends/slack/wire/web_api.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "config/limits.h"
#include "frontends/slack/wire/web_answer.h"
#include "frontends/slack/wire/web_api_private.h"
#include "transport/http/http_url.h"

/* ---- lanes ---- */

static void lane_init(struct web_lane *lane, unsigned at_once)
{
	list_init(&lane->link);
	list_init(&lane->calls);
	lane->at_once = at_once;
}

static struct web_lane *lane_named(struct web_api *api, const char *name)
{
	struct web_lane *lane = map_get(api->lanes, name);

	if (lane)
		return lane;
	lane = MEM_NEW(struct web_lane);
	lane_init(lane, 1);
	lane->name = mem_strdup(name);
	map_set(&api->lanes, name, lane);
	return lane;
}

static void lane_free(void *context)
{
	struct web_lane *lane = context;

	list_remove(&lane->link);
	mem_free(lane->name);
	mem_free(lane);
}

/* Where it belongs: among the turns, or nowhere if there is nothing to do or it has to wait. */
static void lane_place(struct web_api *api, struct web_lane *lane)
{
	bool ready = !list_empty(&lane->calls) && lane->under_way < lane->at_once;

	if (ready && list_empty(&lane->link))
		list_append(&api->turns, &lane->link);
	else if (!ready)
		list_remove(&lane->link);
}

static void set_hold(struct web_pending *call, bool holds)
{
	if (call->holds != holds)
		call->lane->under_way += holds ? 1u : -1u;
	call->holds = holds;
	lane_place(call->api, call->lane);
}

/* ---- waiting ---- */

static void timer_due(uv_timer_t *timer);
static void let_through(struct web_gate *gate, unsigned count);

static uint64_t now_of(const struct web_api *api)
{
	return uv_now(http_client_loop(api->client));
}

static void set_timer(struct web_api *api)
{
	uint64_t now_ms = now_of(api), due_ms = web_gates_due_ms(&api->gates);
	bool some = due_ms > 0;

	if (!list_empty(&api->resting)) {
		uint64_t first_ms = CONTAINER_OF(api->resting.next, struct web_pending, link)->due_ms;

		if (!some || first_ms < due_ms)
			due_ms = first_ms;
		some = true;
	}
	if (!list_empty(&api->ending)) {
		due_ms = now_ms;
		some = true;
	}
	if (some)
		uv_timer_start(api->timer, timer_due, due_ms > now_ms ? due_ms - now_ms : 0, 0);
	else
		uv_timer_stop(api->timer);
}

/* In a list of those that wait, its lane with it if that has a name. */
static void park(struct web_pending *call, struct list *list)
{
	list_remove(&call->link);
	list_append(list, &call->link);
	set_hold(call, call->lane->name);
}

/* To the head of its lane again. */
static void wake(struct web_pending *call)
{
	list_remove(&call->link);
	list_append(call->lane->calls.next, &call->link);
	set_hold(call, false);
}

static void rest(struct web_pending *call, uint64_t delay_ms)
{
	struct web_api *api = call->api;
	struct list *before = api->resting.prev;

	call->due_ms = now_of(api) + delay_ms;
	while (before != &api->resting &&
	       CONTAINER_OF(before, struct web_pending, link)->due_ms > call->due_ms)
		before = before->prev;
	park(call, before->next);
	set_timer(api);
}

/* Nothing that had to wait together begins again together. */
static uint64_t jitter(uint64_t range_ms)
{
	uint32_t bits;

	random_bytes(&bits, sizeof(bits));
	return range_ms ? bits % range_ms : 0;
}

static uint64_t backoff_ms(const struct web_api *api, unsigned tries)
{
	uint64_t ms = api->retry_ms;

	for (unsigned i = 1; i < tries && ms < api->retry_last_ms; i++)
		ms *= 2;
	return ms < api->retry_last_ms ? ms : api->retry_last_ms;
}

static uint64_t delay_of(const struct web_pending *call, const struct http_result *result)
{
	uint64_t backoff = backoff_ms(call->api, call->tries);
	int64_t named_ms = result->retry_after_ms;

	if (named_ms < 0)
		return backoff - backoff / 4 + jitter(backoff / 2);
	if (named_ms > LIMIT_SLACK_RETRY_AFTER_MS)
		named_ms = LIMIT_SLACK_RETRY_AFTER_MS;
	return (uint64_t)named_ms + 1 + jitter(call->api->retry_ms / 4);
}

/* ---- the life of a call ---- */

struct web_pending *web_pending_create(struct web_api *api, const char *method)
{
	struct web_pending *call = MEM_NEW(struct web_pending);

	call->api = api;
	call->method = mem_strdup(method);
	call->fd = -1;
	list_init(&call->link);
	list_init(&call->all_link);
	return call;
}

static void gate_answered(struct web_pending *call, bool again)
{
	struct web_gate *gate = call->trying;

	if (!gate)
		return;
	call->trying = NULL;
	gate->trying--;
	if (again && !gate->until_ms)
		let_through(gate, 2);
	web_gate_release(&call->api->gates, gate);
}

/* Out of its lane too, which may be gone afterwards. */
static void call_free(struct web_pending *call)
{
	struct web_api *api = call->api;
	struct web_lane *lane = call->lane;

	gate_answered(call, !api->destroyed);
	list_remove(&call->link);
	list_remove(&call->all_link);
	set_hold(call, false);
	lane->count--;
	api->waiting--;
	if (lane->name && lane->count == 0 && !api->destroyed) {
		map_remove(api->lanes, lane->name);
		lane_free(lane);
	}
	http_call_cancel(&call->http);
	if (call->fd >= 0)
		close(call->fd);
	mem_free(call->method);
	mem_free(call->url);
	mem_free_secret(call->body);
	mem_free(call->channel);
	mem_free(call);
}

static void drop_call(struct web_pending *call)
{
	if (call->drop)
		call->drop(call->context);
	call_free(call);
}

static void give_back(struct web_pending *call, const struct web_reply *reply)
{
	web_done *done = call->done;
	void *context = call->context;
	struct web_api *api = call->api;

	call_free(call);
	if (api->ended)
		api->ended(api->ended_context);
	if (done)
		done(context, reply);
}

static void end_those_to_end(struct web_api *api)
{
	while (!list_empty(&api->ending) && !api->destroyed) {
		struct web_pending *call = CONTAINER_OF(api->ending.next, struct web_pending, link);
		struct web_reply reply = {
		        .err = call->end_err, .error = "", .problem = tp_error_text(call->end_err)};

		give_back(call, &reply);
	}
}

void web_pending_end(struct web_pending *call, int err)
{
	call->end_err = err;
	gate_answered(call, true);
	list_remove(&call->link);
	list_append(&call->api->ending, &call->link);
	set_hold(call, false);
	set_timer(call->api);
}

/* ---- making a call ---- */

static void take_answer(void *context, const struct http_result *result);

/* False: there is no descriptor left for it. */
static bool ask_with_file(struct web_pending *call, struct http_ask *ask)
{
	int fd = fcntl(call->fd, F_DUPFD_CLOEXEC, 0); /* the client closes it, and it may be asked again */

	if (fd < 0)
		return false;
	ask->content_type = "application/octet-stream";
	ask->body_from_fd = true;
	ask->body_fd = fd;
	ask->body_size = call->size;
	ask->timeout_s = LIMIT_SLACK_UPLOAD_SECONDS;
	return true;
}

static void make(struct web_pending *call)
{
	struct web_api *api = call->api;
	char *url = call->url ? mem_strdup(call->url) : mem_printf("%s/%s", api->base, call->method);
	struct http_ask ask = {
	        .method = HTTP_POST,
	        .url = url,
	        .bearer = call->token ? call->token->text : NULL,
	        .content_type = call->type,
	        .body = call->body,
	        .body_length = call->body ? strlen(call->body) : 0,
	        .unrepeated = call->unsure && call->body && *call->body,
	        .answer_max = LIMIT_SLACK_ANSWER_BYTES,
	        .timeout_s = LIMIT_SLACK_CALL_SECONDS,
	        .done = take_answer,
	        .context = call,
	};

	call->tries++;
	if (call->token)
		call->token_refreshed = call->token->refreshed;
	if (call->fd < 0 || ask_with_file(call, &ask)) {
		list_append(&api->under_way, &call->link);
		set_hold(call, true);
		api->calls++;
		call->http = http_client_ask(api->client, &ask);
	} else {
		log_warning(&api->log, "an upload has to wait: %s%s", strerror(errno), log_trace(call->trace));
		rest(call, backoff_ms(api, call->tries));
	}
	mem_free(url);
}

static void put_gate_name(struct buf *out, const struct web_pending *call)
{
	buf_printf(out, "%s %s", call->token ? call->token->label : "", call->method);
}

static struct web_gate *gate_of(struct web_pending *call)
{
	struct buf name = {0};

	if (call->trying || !call->api->gates.by_name)
		return NULL;
	put_gate_name(&name, call);
	struct web_gate *gate = web_gate_find(&call->api->gates, buf_text(&name));

	buf_finish(&name);
	return gate;
}

/* 0: it may be posted now. */
static uint64_t pace_of(struct web_pending *call)
{
	struct web_api *api = call->api;
	uint64_t now_ms = now_of(api);

	if (!call->channel || call->paced)
		return 0;
	struct buf name = {0};

	buf_printf(&name, "%s %s", call->token ? call->token->label : "", call->channel);
	uint64_t when_ms =
	        web_pace_take(&api->paces, buf_text(&name), now_ms, api->post_ms, LIMIT_SLACK_POST_BURST);

	buf_finish(&name);
	call->paced = when_ms <= now_ms;
	return when_ms - now_ms;
}

/* The call whose turn it is, out of its lane: makes it, or puts it where it has to wait. */
static void admit(struct web_pending *call)
{
	struct web_api *api = call->api;
	struct web_gate *gate;
	uint64_t delay_ms;

	list_remove(&call->link);
	if (call->token && call->token->dead)
		web_pending_end(call, TP_ERR_AUTH);
	else if (call->token && call->token->refreshing)
		park(call, &api->waiting_for_token);
	else if ((gate = gate_of(call)) && call->once)
		web_pending_end(call, TP_ERR_LIMIT);
	else if (gate)
		park(call, &gate->waiting);
	else if ((delay_ms = pace_of(call)) > 0)
		rest(call, delay_ms);
	else
		make(call);
}

static void take_turns(struct web_api *api)
{
	while (api->calls < LIMIT_SLACK_CALLS && !list_empty(&api->turns)) {
		struct web_lane *lane = CONTAINER_OF(api->turns.next, struct web_lane, link);

		list_remove(&lane->link);
		admit(CONTAINER_OF(lane->calls.next, struct web_pending, link));
		lane_place(api, lane);
	}
}

static void let_through(struct web_gate *gate, unsigned count)
{
	for (; count > 0 && !list_empty(&gate->waiting); count--) {
		struct web_pending *call = CONTAINER_OF(gate->waiting.next, struct web_pending, link);

		call->trying = gate;
		gate->trying++;
		wake(call);
	}
}

static void finish(struct web_api *api);

static void leave(struct web_api *api)
{
	if (--api->inside > 0)
		return;
	if (api->destroyed)
		finish(api);
	else
		take_turns(api);
}

static void timer_due(uv_timer_t *timer)
{
	struct web_api *api = timer->data;
	uint64_t now_ms = uv_now(timer->loop);

	api->inside++;
	end_those_to_end(api);
	while (!list_empty(&api->resting)) {
		struct web_pending *call = CONTAINER_OF(api->resting.next, struct web_pending, link);

		if (call->due_ms > now_ms)
			break;
		wake(call);
	}
	LIST_EACH (link, &api->gates.all) {
		struct web_gate *gate = CONTAINER_OF(link, struct web_gate, link);

		if (!gate->until_ms || gate->until_ms > now_ms)
			continue;
		gate->until_ms = 0;
		let_through(gate, gate->trying ? 0 : 1);
		web_gate_release(&api->gates, gate);
	}
	if (!api->destroyed)
		set_timer(api);
	leave(api);
}

/* ---- answers ---- */

/* Slack is there again: who waited for that goes on now. */
static void wake_for_answers(struct web_api *api)
{
	LIST_EACH (link, &api->resting) {
		struct web_pending *call = CONTAINER_OF(link, struct web_pending, link);

		if (call->rests_for_silence)
			wake(call);
	}
	set_timer(api);
}

static void note_word(struct web_api *api, bool answers, const char *problem)
{
	if (!answers && !api->silences)
		log_warning(&api->log, "does not answer: %s", problem);
	if (answers && api->silences)
		log_info(&api->log, "answers again");
	if (answers && api->silences > 1)
		wake_for_answers(api);
	api->silences = answers ? 0 : api->silences + 1;
}

static void reply_with(struct web_pending *call, struct web_answer *answer)
{
	struct web_reply reply = {
	        .err = answer->err,
	        .error = answer->error,
	        .problem = buf_text(&answer->problem),
	        .json = answer->json,
	};

	if (answer->err)
		log_debug(&call->api->log, "%s: %s%s", call->method, reply.problem, log_trace(call->trace));
	give_back(call, &reply);
}

static void end_calls_of(struct web_api *api, const struct web_token *token)
{
	LIST_EACH (link, &api->all) {
		struct web_pending *call = CONTAINER_OF(link, struct web_pending, all_link);

		if (call->token == token && !call->http && !call->end_err)
			web_pending_end(call, TP_ERR_AUTH);
	}
}

static void token_died(struct web_pending *call, struct web_answer *answer)
{
	struct web_api *api = call->api;
	struct web_token *token = call->token;

	if (!token || token->dead) {
		reply_with(call, answer);
		return;
	}
	log_error(&api->log, "the token of %s is refused: %s", token->label, answer->error);
	token->dead = true;
	list_remove(&call->all_link); /* it has its answer */
	end_calls_of(api, token);
	if (api->dead)
		api->dead(api->dead_context, token, answer->error);
	if (api->destroyed)
		drop_call(call);
	else
		reply_with(call, answer);
}

static void token_expired(struct web_pending *call, struct web_answer *answer)
{
	struct web_api *api = call->api;
	struct web_token *token = call->token;

	if (!token || !api->expired) {
		token_died(call, answer);
		return;
	}
	park(call, &api->waiting_for_token);
	if (token->refreshing)
		return;
	token->refreshing = true;
	api->expired(api->expired_context, token);
}

static struct web_gate *close_gate(struct web_pending *call, const struct http_result *result)
{
	struct web_api *api = call->api;
	uint64_t delay_ms = delay_of(call, result);
	struct buf name = {0};

	put_gate_name(&name, call);
	log_debug(&api->log, "%s: no more calls for %llu ms%s", buf_text(&name), (unsigned long long)delay_ms,
		  log_trace(call->trace));
	struct web_gate *gate = web_gate_close(&api->gates, buf_text(&name), now_of(api) + delay_ms);

	set_timer(api);
	buf_finish(&name);
	return gate;
}

static void ask_again(struct web_pending *call, struct web_answer *answer, const struct http_result *result)
{
	LOG_AT(answer->verdict == WEB_UNCLEAR && call->tries == 1 ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG,
	       &call->api->log, "%s: to be asked again: %s%s", call->method, buf_text(&answer->problem),
	       log_trace(call->trace));
	call->rests_for_silence = answer->verdict == WEB_SILENCE;
	rest(call, delay_of(call, result));
}

static void settle(struct web_pending *call, struct web_answer *answer, const struct http_result *result)
{
	bool last = call->once || (call->tries_max && call->tries >= call->tries_max);
	struct web_gate *gate;

	if ((answer->verdict == WEB_EXPIRED || answer->verdict == WEB_DEAD) && call->token &&
	    call->token->refreshed != call->token_refreshed) {
		wake(call); /* asked with the token that was before */
		return;
	}
	switch (answer->verdict) {
	case WEB_GOOD:
	case WEB_REFUSED:
		reply_with(call, answer);
		break;
	case WEB_EXPIRED:
		token_expired(call, answer);
		break;
	case WEB_DEAD:
		token_died(call, answer);
		break;
	case WEB_LIMITED:
		gate = close_gate(call, result);
		if (last)
			reply_with(call, answer);
		else
			park(call, gate->waiting.next); /* the first again */
		break;
	case WEB_AGAIN:
	case WEB_UNCLEAR:
	case WEB_SILENCE:
		if (last) {
			reply_with(call, answer);
		} else if (answer->maybe_done && call->unsure) {
			log_warning(&call->api->log, "%s: it is not known whether it was done: %s%s",
			            call->method, buf_text(&answer->problem), log_trace(call->trace));
			park(call, &call->api->unsure);
			call->unsure(call->context, call->api, call);
		} else {
			ask_again(call, answer, result);
		}
		break;
	}
}

static void take_answer(void *context, const struct http_result *result)
{
	struct web_pending *call = context;
	struct web_api *api = call->api;
	struct web_answer answer;

	call->http = NULL;
	list_remove(&call->link);
	set_hold(call, call->lane->name);
	api->calls--;
	api->inside++;
	if (result->date_ms && !call->url)
		api->ahead_ms = result->date_ms - clock_wall_ms();
	web_answer_read(&answer, result, call->url);
	gate_answered(call, answer.verdict != WEB_LIMITED);
	if (!result->err || answer.verdict == WEB_SILENCE)
		note_word(api, answer.verdict != WEB_SILENCE, buf_text(&answer.problem));
	settle(call, &answer, result);
	web_answer_finish(&answer);
	leave(api);
}

/* ---- what is offered ---- */

void web_pending_enqueue(struct web_pending *call, struct web_lane *lane)
{
	struct web_api *api = call->api;

	call->lane = lane;
	lane->count++;
	api->waiting++;
	list_append(&lane->calls, &call->link);
	call->since_ms = now_of(api);
	list_append(&api->all, &call->all_link);
	lane_place(api, lane);
	if (!api->inside)
		take_turns(api);
}

static char *form_of(const struct web_call *given)
{
	struct buf form = {0};

	for (size_t i = 0; i < given->arguments_count; i++) {
		const struct web_argument *argument = &given->arguments[i];

		if (!argument->value)
			continue;
		if (form.len)
			buf_putc(&form, '&');
		http_put_encoded(&form, argument->name);
		buf_putc(&form, '=');
		http_put_encoded(&form, argument->value);
	}
	buf_text(&form);
	return buf_take(&form);
}

static const char *argument_of(const struct web_call *given, const char *name)
{
	for (size_t i = 0; i < given->arguments_count; i++)
		if (!strcmp(given->arguments[i].name, name))
			return given->arguments[i].value;
	return NULL;
}

void web_api_call(struct web_api *api, const struct web_call *given)
{
	struct web_pending *call = web_pending_create(api, given->method);

	call->token = given->token;
	call->body = form_of(given);
	call->type = "application/x-www-form-urlencoded";
	if (!strcmp(given->method, "chat.postMessage"))
		call->channel = mem_strdup(argument_of(given, "channel"));
	call->once = given->once;
	call->trace = given->trace;
	call->unsure = given->once ? NULL : given->unsure;
	call->done = given->done;
	call->context = given->context;
	call->drop = given->drop;
	web_pending_enqueue(call, given->lane ? lane_named(api, given->lane) : &api->free);
}

void web_call_settle(struct web_pending **pending, const struct cJSON *json)
{
	struct web_pending *call = *pending;
	struct web_api *api = call->api;
	struct web_reply reply = {.error = "", .problem = "", .json = json};

	*pending = NULL;
	api->inside++;
	give_back(call, &reply);
	leave(api);
}

void web_call_again(struct web_pending **pending)
{
	struct web_pending *call = *pending;

	*pending = NULL;
	rest(call, backoff_ms(call->api, call->tries));
}

void web_api_token_ready(struct web_api *api, struct web_token *token)
{
	token->refreshing = false;
	token->refreshed++;
	LIST_EACH (link, &api->waiting_for_token) {
		struct web_pending *call = CONTAINER_OF(link, struct web_pending, link);

		if (call->token == token)
			wake(call);
	}
	if (token->dead)
		end_calls_of(api, token);
	if (!api->inside)
		take_turns(api);
}

void web_api_forget_token(struct web_api *api, struct web_token *token)
{
	token->dead = true;
	api->inside++;
	LIST_EACH (link, &api->all) {
		struct web_pending *call = CONTAINER_OF(link, struct web_pending, all_link);

		if (call->token != token)
			continue;
		if (call->http)
			api->calls--;
		http_call_cancel(&call->http);
		list_remove(&call->all_link);
		web_pending_end(call, TP_ERR_AUTH);
		call->token = NULL;
	}
	end_those_to_end(api);
	leave(api);
}

void web_api_on_expired(struct web_api *api, void (*expired)(void *context, struct web_token *token),
                        void *context)
{
	api->expired = expired;
	api->expired_context = context;
}

void web_api_on_dead(struct web_api *api,
                     void (*dead)(void *context, struct web_token *token, const char *error), void *context)
{
	api->dead = dead;
	api->dead_context = context;
}

void web_api_on_ended(struct web_api *api, void (*ended)(void *context), void *context)
{
	api->ended = ended;
	api->ended_context = context;
}

int64_t web_api_ahead_ms(const struct web_api *api)
{
	return api->ahead_ms;
}

static void add_load(struct web_load *load, const struct web_pending *call)
{
	load->calls++;
	load->bytes += call->body ? strlen(call->body) : call->size;
	if (!load->oldest_ms)
		load->oldest_ms = call->since_ms;
}

void web_api_loads(const struct web_api *api, unsigned lanes, void (*each)(void *context, const struct web_load *load),
                   void *context)
{
	struct web_load all = {0};
	struct map_iter it = {0};

	LIST_EACH (link, &api->all)
		add_load(&all, CONTAINER_OF(link, struct web_pending, all_link));
	each(context, &all);
	while (lanes-- > 0 && map_next(api->lanes, &it)) {
		struct web_load load = {.lane = it.key};

		LIST_EACH (link, &api->all) {
			const struct web_pending *call = CONTAINER_OF(link, struct web_pending, all_link);

			if (call->lane == it.value)
				add_load(&load, call);
		}
		each(context, &load);
	}
}

size_t web_api_waiting(const struct web_api *api)
{
	return api->waiting;
}

uv_loop_t *web_api_loop(const struct web_api *api)
{
	return http_client_loop(api->client);
}

/* ---- addresses ---- */

bool web_api_may_use(const struct web_api *api, const char *url, bool websocket)
{
	bool loopback;

	if (http_url_is(url, websocket ? "wss" : "https", &loopback))
		return true;
	return http_url_is(url, websocket ? "ws" : "http", &loopback) && loopback && api->base_is_loopback;
}

/* ---- beginning and end ---- */

void web_api_set_times(struct web_api *api, unsigned first_ms, unsigned last_ms, unsigned post_ms)
{
	api->retry_ms = first_ms;
	api->retry_last_ms = last_ms;
	api->post_ms = post_ms;
}

struct web_api *web_api_create(struct http_client *client, const char *base, const struct log *parent)
{
	struct web_api *api = MEM_NEW(struct web_api);

	api->client = client;
	api->log = (struct log){.parent = parent, .label = "api"};
	api->base = mem_strdup(base);
	if (!http_url_is(base, "http", &api->base_is_loopback))
		http_url_is(base, "https", &api->base_is_loopback);
	web_api_set_times(api, LIMIT_SLACK_RETRY_MS, LIMIT_SLACK_RETRY_LAST_MS, LIMIT_SLACK_POST_MS);
	lane_init(&api->free, LIMIT_SLACK_FREE_CALLS);
	lane_init(&api->uploads, LIMIT_SLACK_UPLOADS);
	list_init(&api->turns);
	list_init(&api->under_way);
	list_init(&api->resting);
	list_init(&api->waiting_for_token);
	list_init(&api->unsure);
	list_init(&api->ending);
	list_init(&api->all);
	web_gates_init(&api->gates);
	api->timer = MEM_NEW(uv_timer_t);
	uv_timer_init(http_client_loop(client), api->timer);
	api->timer->data = api;
	return api;
}

static void timer_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void drop_calls(struct list *calls)
{
	while (!list_empty(calls))
		drop_call(CONTAINER_OF(calls->next, struct web_pending, link));
}

static void drop_calls_of_lanes(struct web_api *api)
{
	struct map_iter it = {0};

	while (map_next(api->lanes, &it))
		drop_calls(&((struct web_lane *)it.value)->calls);
	drop_calls(&api->free.calls);
	drop_calls(&api->uploads.calls);
}

static void finish(struct web_api *api)
{
	LIST_EACH (link, &api->gates.all)
		drop_calls(&CONTAINER_OF(link, struct web_gate, link)->waiting);
	drop_calls(&api->under_way);
	drop_calls(&api->resting);
	drop_calls(&api->waiting_for_token);
	drop_calls(&api->unsure);
	drop_calls(&api->ending);
	drop_calls_of_lanes(api);
	map_destroy(&api->lanes, lane_free);
	web_gates_finish(&api->gates);
	web_paces_finish(&api->paces);
	uv_close((uv_handle_t *)api->timer, timer_closed);
	mem_free(api->base);
	mem_free(api);
}

void web_api_destroy(struct web_api **slot)
{
	struct web_api *api = *slot;

	*slot = NULL;
	if (!api)
		return;
	api->destroyed = true;
	if (!api->inside)
		finish(api);
}
