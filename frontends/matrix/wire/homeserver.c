/* SPDX-License-Identifier: MIT */
/*
 * Calls wait in lanes. Lanes that have a call to make and may make it stand in `turns`; the first of them
 * makes one and goes to the end. A call that failed keeps its place at the head of its lane, and the lane is
 * among those that `rest`. What has no lane of its own is in one of two that make several calls at once; what
 * fails there rests by itself.
 */
#include "frontends/matrix/wire/homeserver.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/wire/homeserver_answer.h"
#include "frontends/matrix/wire/homeserver_private.h"

struct lane {
	struct list link;            /* homeserver.turns, or to itself */
	struct list calls;           /* struct call.link: those that wait for their turn, the next first */
	char *name;                  /* NULL: of those without */
	unsigned under_way, at_once; /* calls that are made and not answered; how many may be */
	uint64_t unanswered;         /* homeserver_unanswered */
};

struct call {
	struct homeserver *homeserver;
	struct lane *lane;
	struct list link;       /* lane.calls, homeserver.under_way or homeserver.resting */
	struct http_call *http; /* NULL: not under way */
	struct list all_link; /* homeserver.all */
	uint64_t since_ms;    /* uv_now: when it was given */
	enum http_method method;
	char *path, *body;
	char *bearer; /* NULL: the homeserver's */
	char *type; /* of the file */
	int fd;     /* a file instead of a body; -1: none */
	uint64_t size;
	bool once, unrepeated, state;
	char *look, *transaction; /* where it may be found, if it was done; NULL */
	bool in_doubt;            /* it may have been */
	bool looks;               /* that is what is under way */
	uint64_t made;            /* homeserver_made of the first try that may have done it; 0: none has */
	bool reserved; /* its body is still to come */
	bool again;    /* whoever was given the answer wants it */
	unsigned attempts;
	uint64_t trace;
	bool rests_for_silence; /* not for a time that the homeserver named */
	uint64_t due_ms;        /* uv_now, while it rests */
	matrix_done *done;
	void *context;
	void (*drop)(void *context);
};

struct homeserver {
	struct http_client *client;
	struct log log;
	char *url, *token;
	unsigned retry_ms, retry_last_ms;
	struct map *lanes; /* name -> struct lane */
	struct lane free, uploads;
	struct list turns;
	struct list under_way;
	struct list resting; /* struct call, soonest first */
	uv_timer_t *timer;
	struct list all; /* struct call, oldest first */
	size_t waiting;
	unsigned calls; /* under way */
	uint64_t made;  /* events that were to be put into rooms */
	bool answers;
	unsigned silences; /* in a row */
	unsigned silences_before; /* the last answer */
	int64_t ahead_ms; /* homeserver_ahead_ms */
	void (*changed)(void *context, bool answers);
	void *changed_context;
	void (*settled)(void *context);
	void *settled_context;
	void (*answered)(void *context);
	void *answered_context;
	unsigned inside; /* a callback is under way */
	bool destroyed;  /* in one */
};

/* ---- lanes ---- */

static void lane_init(struct lane *lane, unsigned at_once)
{
	list_init(&lane->link);
	list_init(&lane->calls);
	lane->at_once = at_once;
}

static struct lane *lane_named(struct homeserver *homeserver, const char *name)
{
	struct lane *lane = map_get(homeserver->lanes, name);

	if (lane)
		return lane;
	lane = MEM_NEW(struct lane);
	lane_init(lane, 1);
	lane->name = mem_strdup(name);
	map_set(&homeserver->lanes, name, lane);
	return lane;
}

static void lane_free(void *context)
{
	struct lane *lane = context;

	list_remove(&lane->link);
	mem_free(lane->name);
	mem_free(lane);
}

/* Where it belongs: among the turns, or nowhere if there is nothing to do or it has to wait. */
static void lane_place(struct homeserver *homeserver, struct lane *lane)
{
	bool ready = !list_empty(&lane->calls) && lane->under_way < lane->at_once &&
	             !CONTAINER_OF(lane->calls.next, struct call, link)->reserved;

	if (ready && list_empty(&lane->link))
		list_append(&homeserver->turns, &lane->link);
	else if (!ready)
		list_remove(&lane->link);
}

static void lane_forget_if_idle(struct homeserver *homeserver, struct lane *lane)
{
	if (!lane->name || lane->under_way > 0 || !list_empty(&lane->calls))
		return;
	map_remove(homeserver->lanes, lane->name);
	lane_free(lane);
}

/* ---- calls ---- */

/* It has made nothing, or everybody knows what. */
static void call_is_settled(struct call *call)
{
	const struct homeserver *homeserver = call->homeserver;

	if (!call->made)
		return;
	call->lane->unanswered = call->made = 0;
	if (homeserver->settled)
		homeserver->settled(homeserver->settled_context);
}

static void call_free(struct call *call)
{
	list_remove(&call->link);
	list_remove(&call->all_link);
	http_call_cancel(&call->http);
	if (call->fd >= 0)
		close(call->fd);
	mem_free(call->path);
	mem_free(call->body);
	mem_free(call->type);
	mem_free(call->look);
	mem_free(call->transaction);
	mem_free_secret(call->bearer);
	mem_free(call);
}

static void take_answer(void *context, const struct http_result *result);
static void rest(struct call *call, uint64_t delay_ms);

static void ask_with_body(struct call *call, struct http_ask *ask)
{
	const char *body = call->body;

	if (!body && (call->method == HTTP_POST || call->method == HTTP_PUT))
		body = "{}";
	if (!body)
		return;
	ask->content_type = "application/json";
	ask->body = body;
	ask->body_length = strlen(body);
}

/* False: there is no descriptor left for it. */
static bool ask_with_file(struct call *call, struct http_ask *ask)
{
	int fd = fcntl(call->fd, F_DUPFD_CLOEXEC, 0); /* the client closes it, and it may be asked again */

	if (fd < 0)
		return false;
	ask->content_type = call->type;
	ask->body_from_fd = true;
	ask->body_fd = fd;
	ask->body_size = call->size;
	ask->timeout_s = LIMIT_MATRIX_UPLOAD_SECONDS;
	return true;
}

static unsigned backoff_ms(const struct homeserver *homeserver, unsigned attempts)
{
	unsigned ms = homeserver->retry_ms;

	for (unsigned i = 1; i < attempts && ms < homeserver->retry_last_ms; i++)
		ms *= 2;
	return ms < homeserver->retry_last_ms ? ms : homeserver->retry_last_ms;
}

/* Nothing that had to wait together begins again together. */
static uint64_t jitter(uint64_t range_ms)
{
	uint32_t bits;

	random_bytes(&bits, sizeof(bits));
	return range_ms ? bits % range_ms : 0;
}

static void make(struct call *call)
{
	struct homeserver *homeserver = call->homeserver;
	bool looks = call->in_doubt && call->look;
	char *url = mem_printf("%s%s", homeserver->url, looks ? call->look : call->path);
	struct http_ask ask = {
	        .method = looks ? HTTP_GET : call->method,
	        .url = url,
	        .bearer = call->bearer ? call->bearer : homeserver->token,
	        .answer_max = call->state ? LIMIT_MATRIX_STATE_BYTES : LIMIT_MATRIX_ANSWER_BYTES,
	        .timeout_s = LIMIT_MATRIX_CALL_SECONDS,
	        .done = take_answer,
	        .context = call,
	};
	bool can = true;

	list_remove(&call->link);
	call->attempts++;
	call->looks = looks;
	if (call->look && !call->made)
		call->lane->unanswered = call->made = ++homeserver->made;
	ask.unrepeated = call->unrepeated || call->look;
	if (call->fd >= 0)
		can = ask_with_file(call, &ask);
	else if (!looks)
		ask_with_body(call, &ask);
	CRASH_POINT("core.matrix.call");
	if (can) {
		list_append(&homeserver->under_way, &call->link);
		call->lane->under_way++;
		homeserver->calls++;
		call->http = http_client_ask(homeserver->client, &ask);
	} else {
		log_warning(&homeserver->log, "an upload has to wait: %s", strerror(errno));
		rest(call, backoff_ms(homeserver, call->attempts));
	}
	mem_free(url);
}

static void take_turns(struct homeserver *homeserver)
{
	while (homeserver->calls < LIMIT_MATRIX_CALLS && !list_empty(&homeserver->turns)) {
		struct lane *lane = CONTAINER_OF(homeserver->turns.next, struct lane, link);
		struct call *call = CONTAINER_OF(lane->calls.next, struct call, link);

		list_remove(&lane->link);
		make(call);
		lane_place(homeserver, lane);
	}
}

/* ---- rest ---- */

static void timer_due(uv_timer_t *timer);

static void set_timer(struct homeserver *homeserver)
{
	uint64_t now_ms = uv_now(http_client_loop(homeserver->client));

	if (list_empty(&homeserver->resting)) {
		uv_timer_stop(homeserver->timer);
		return;
	}
	struct call *first = CONTAINER_OF(homeserver->resting.next, struct call, link);

	uv_timer_start(homeserver->timer, timer_due, first->due_ms > now_ms ? first->due_ms - now_ms : 0, 0);
}

/* To the head of its lane again. */
static void wake(struct call *call)
{
	struct lane *lane = call->lane;

	list_remove(&call->link);
	list_append(lane->calls.next, &call->link);
	if (lane->name)
		lane->under_way--;
	lane_place(call->homeserver, lane);
}

static void timer_due(uv_timer_t *timer)
{
	struct homeserver *homeserver = timer->data;
	uint64_t now_ms = uv_now(timer->loop);

	while (!list_empty(&homeserver->resting)) {
		struct call *call = CONTAINER_OF(homeserver->resting.next, struct call, link);

		if (call->due_ms > now_ms)
			break;
		wake(call);
	}
	set_timer(homeserver);
	take_turns(homeserver);
}

/* A lane with a name waits for the call that rests. */
static void rest(struct call *call, uint64_t delay_ms)
{
	struct homeserver *homeserver = call->homeserver;
	struct list *before = homeserver->resting.prev;

	call->due_ms = uv_now(http_client_loop(homeserver->client)) + delay_ms;
	while (before != &homeserver->resting &&
	       CONTAINER_OF(before, struct call, link)->due_ms > call->due_ms)
		before = before->prev;
	list_append(before->next, &call->link);
	if (call->lane->name)
		call->lane->under_way++;
	lane_place(homeserver, call->lane);
	set_timer(homeserver);
}

/* The homeserver is there again: who waited for that goes on now. A call that is never answered, while others
 * are, is not waiting for that. */
static void wake_for_answers(struct homeserver *homeserver)
{
	LIST_EACH(link, &homeserver->resting)
	{
		struct call *call = CONTAINER_OF(link, struct call, link);

		if (call->rests_for_silence)
			wake(call);
	}
	set_timer(homeserver);
}

/* ---- answers ---- */

/* May destroy the homeserver. */
static void note_word(struct homeserver *homeserver, bool answers, const char *problem)
{
	if (!answers && !homeserver->silences)
		log_warning(&homeserver->log, "does not answer: %s", problem);
	if (answers && homeserver->silences)
		log_info(&homeserver->log, "answers again");
	if (answers && homeserver->silences > 1)
		wake_for_answers(homeserver);
	if (answers)
		homeserver->silences_before = homeserver->silences;
	homeserver->silences = answers ? 0 : homeserver->silences + 1;
	if (answers == homeserver->answers)
		return;
	homeserver->answers = answers;
	if (homeserver->changed)
		homeserver->changed(homeserver->changed_context, answers);
}

static uint64_t delay_of(struct call *call, enum homeserver_verdict verdict, const struct http_result *result,
                         const struct homeserver_answer *answer)
{
	uint64_t backoff = backoff_ms(call->homeserver, call->attempts);
	int64_t named_ms = homeserver_answer_wait_ms(answer, result);

	call->rests_for_silence = verdict == HOMESERVER_SILENCE;
	if (verdict == HOMESERVER_SILENCE || named_ms < 0)
		return backoff - backoff / 4 + jitter(backoff / 2);
	/* Never sooner than it said; and not again and again if it says "at once". */
	if (verdict == HOMESERVER_FAILED && (uint64_t)named_ms < backoff)
		named_ms = (int64_t)backoff;
	return (uint64_t)named_ms + 1 + jitter(backoff / 4);
}

static void give_back(struct call *call, const struct http_result *result, const struct homeserver_answer *answer,
                      enum homeserver_verdict verdict, const char *problem)
{
	struct matrix_reply reply = {
	        .err = homeserver_answer_error(result, verdict),
	        .status = result->status,
	        .errcode = verdict == HOMESERVER_GOOD ? "" : answer->errcode,
	        .problem = problem,
	        .json = answer->json,
	        .call = call,
	};
	struct homeserver *homeserver = call->homeserver;

	call->again = false;
	call_is_settled(call);
	if (call->done)
		call->done(call->context, &reply);
	if (call->again)
		return;
	homeserver->waiting--;
	call_free(call);
}

static void finish(struct homeserver *homeserver);

static void leave(struct homeserver *homeserver)
{
	if (--homeserver->inside == 0 && homeserver->destroyed)
		finish(homeserver);
	else if (!homeserver->destroyed)
		take_turns(homeserver);
}

/* What was looked for is there, and nothing has to be made again; or it is made, now. */
static void settle_look(struct call *call, const struct http_result *result, const struct homeserver_answer *answer)
{
	struct arena arena = {0};
	const char *event_id = homeserver_answer_find(answer, call->transaction, &arena);

	call->in_doubt = false;
	if (event_id) {
		struct homeserver_answer found = {.errcode = "", .text = ""};
		struct buf json = {0};

		log_info(&call->homeserver->log, "%s: was done before it was answered%s", log_quote(call->path),
			 log_trace(call->trace));
		buf_puts(&json, "{\"event_id\":");
		json_put_string(&json, event_id);
		buf_putc(&json, '}');
		found.json = json_read(buf_text(&json), json.len);
		give_back(call, result, &found, HOMESERVER_GOOD, "");
		homeserver_answer_finish(&found);
		buf_finish(&json);
	} else {
		call_is_settled(call);
		rest(call, 0);
	}
	arena_finish(&arena);
}

static void settle(struct call *call, const struct http_result *result, const struct homeserver_answer *answer)
{
	struct homeserver *homeserver = call->homeserver;
	struct lane *lane = call->lane;
	enum homeserver_verdict verdict = homeserver_answer_judge(
	        answer, result, !call->once && call->attempts < LIMIT_MATRIX_NEW_USER_TRIES);
	bool in_doubt = call->unrepeated && verdict == HOMESERVER_SILENCE && (!result->err || result->sent);
	bool again = (verdict == HOMESERVER_SILENCE && !in_doubt) || verdict == HOMESERVER_FAILED ||
	             verdict == HOMESERVER_LIMITED;
	struct buf problem = {0};

	if (verdict != HOMESERVER_GOOD)
		homeserver_answer_describe(answer, result, &problem);
	if (verdict == HOMESERVER_SILENCE && !call->looks && (!result->err || result->sent))
		call->in_doubt = true;
	if (call->looks && !again) {
		settle_look(call, result, answer);
	} else if (again && !call->once) {
		LOG_AT(verdict == HOMESERVER_FAILED && call->attempts == 1 ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG,
		       &homeserver->log, "%s: to be asked again: %s%s", log_quote(call->path),
		       buf_text(&problem), log_trace(call->trace));
		if (!call->in_doubt)
			call_is_settled(call);
		rest(call, delay_of(call, verdict, result, answer));
	} else {
		if (verdict != HOMESERVER_GOOD)
			log_debug(&homeserver->log, "%s: %s%s", log_quote(call->path), buf_text(&problem),
				  log_trace(call->trace));
		give_back(call, result, answer, verdict, buf_text(&problem));
	}
	if (!homeserver->destroyed) {
		lane_place(homeserver, lane);
		lane_forget_if_idle(homeserver, lane);
		/* An answer that is too long, or a path that is none, says nothing about it. */
		if (!result->err || verdict == HOMESERVER_SILENCE)
			note_word(homeserver, verdict != HOMESERVER_SILENCE, buf_text(&problem));
	}
	buf_finish(&problem);
}

static void take_answer(void *context, const struct http_result *result)
{
	struct call *call = context;
	struct homeserver *homeserver = call->homeserver;
	struct homeserver_answer answer;

	call->http = NULL;
	list_remove(&call->link);
	call->lane->under_way--;
	homeserver->calls--;
	homeserver->inside++;
	if (result->date_ms)
		homeserver->ahead_ms = result->date_ms - clock_wall_ms();
	homeserver_answer_read(&answer, result, call->state);
	settle(call, result, &answer);
	homeserver_answer_finish(&answer);
	if (homeserver->answered && !homeserver->destroyed)
		homeserver->answered(homeserver->answered_context);
	leave(homeserver);
}

/* ---- what is offered ---- */

static void put_user(struct buf *path, const char *as)
{
	if (!as)
		return;
	buf_putc(path, strchr(buf_text(path), '?') ? '&' : '?');
	buf_puts(path, "user_id=");
	http_put_encoded(path, as);
}

static void enqueue(struct homeserver *homeserver, struct call *call, struct lane *lane, bool first)
{
	call->homeserver = homeserver;
	call->lane = lane;
	call->since_ms = uv_now(http_client_loop(homeserver->client));
	list_append(&homeserver->all, &call->all_link);
	list_append(first ? lane->calls.next : &lane->calls, &call->link);
	homeserver->waiting++;
	lane_place(homeserver, lane);
	if (!homeserver->inside)
		take_turns(homeserver);
}

static struct call *call_create(const struct matrix_call *given)
{
	struct call *call = MEM_NEW(struct call);
	struct buf path = {0};

	buf_puts(&path, given->path);
	put_user(&path, given->as);
	list_init(&call->link);
	list_init(&call->all_link);
	call->path = buf_take(&path);
	call->method = given->method;
	call->body = mem_strdup(given->body);
	call->bearer = mem_strdup(given->bearer);
	call->fd = -1;
	call->once = given->once;
	call->trace = given->trace;
	call->unrepeated = given->unrepeated;
	call->state = given->state;
	if (given->room && given->transaction) {
		struct buf look = {0};

		buf_puts(&look, "/_matrix/client/v3/rooms/");
		http_put_encoded(&look, given->room);
		buf_printf(&look, "/messages?dir=b&limit=%d", LIMIT_MATRIX_LOOK_EVENTS);
		put_user(&look, given->as);
		call->look = buf_take(&look);
		call->transaction = mem_strdup(given->transaction);
	}
	call->done = given->done;
	call->drop = given->drop;
	call->context = given->context;
	return call;
}

void homeserver_call(struct homeserver *homeserver, const struct matrix_call *given)
{
	enqueue(homeserver, call_create(given),
	        given->lane ? lane_named(homeserver, given->lane) : &homeserver->free, given->first);
}

void homeserver_again(const struct matrix_reply *reply)
{
	struct call *call = reply->call;

	call->again = true;
	call->attempts = 0;
	list_append(call->lane->calls.next, &call->link);
}

/* put_user was the last to write. */
static void take_user_out(char *path)
{
	char *user = path ? strstr(path, "user_id=") : NULL;

	if (user)
		user[-1] = '\0';
}

void homeserver_again_as_bot(const struct matrix_reply *reply, const char *body)
{
	struct call *call = reply->call;

	take_user_out(call->path);
	take_user_out(call->look);
	if (body)
		mem_replace(&call->body, body);
	homeserver_again(reply);
}

const char *homeserver_body(const struct matrix_reply *reply)
{
	return reply->call->body;
}

struct homeserver_place *homeserver_reserve(struct homeserver *homeserver, const struct matrix_call *given)
{
	struct call *call = call_create(given);

	call->reserved = true;
	enqueue(homeserver, call, lane_named(homeserver, given->lane), false);
	return (struct homeserver_place *)call;
}

void homeserver_supply(struct homeserver_place **place, const char *body)
{
	struct call *call = (struct call *)*place;
	struct homeserver *homeserver = call->homeserver;

	*place = NULL;
	call->reserved = false;
	mem_free(call->body);
	call->body = mem_strdup(body);
	lane_place(homeserver, call->lane);
	if (!homeserver->inside)
		take_turns(homeserver);
}

void homeserver_upload(struct homeserver *homeserver, int fd, uint64_t size, const char *type,
                       const char *name, uint64_t trace, matrix_done *done, void *context)
{
	struct buf path = {0};

	buf_puts(&path, "/_matrix/media/v3/upload");
	if (name && *name) {
		buf_puts(&path, "?filename=");
		http_put_encoded(&path, name);
	}
	struct call *call = call_create(&(struct matrix_call){
	        .method = HTTP_POST, .path = buf_text(&path), .trace = trace, .done = done, .context = context});

	buf_finish(&path);
	call->fd = fd;
	call->size = size;
	call->type = mem_strdup(type && *type ? type : "application/octet-stream");
	enqueue(homeserver, call, &homeserver->uploads, false);
}

bool homeserver_upload_bytes(struct homeserver *homeserver, const void *bytes, size_t size, const char *type,
                             const char *name, matrix_done *done, void *context)
{
	int fd = memfd_create("upload", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, bytes, size) != (ssize_t)size) {
		close(fd);
		fd = -1;
	}
	if (fd >= 0)
		homeserver_upload(homeserver, fd, size, type, name, 0, done, context);
	return fd >= 0;
}

uint64_t homeserver_made(const struct homeserver *homeserver)
{
	return homeserver->made;
}

uint64_t homeserver_unanswered(const struct homeserver *homeserver, const char *name)
{
	const struct lane *lane = map_get(homeserver->lanes, name);

	return lane ? lane->unanswered : 0;
}

void homeserver_watch_events(struct homeserver *homeserver, void (*settled)(void *context), void *context)
{
	homeserver->settled = settled;
	homeserver->settled_context = context;
}

void homeserver_watch_calls(struct homeserver *homeserver, void (*answered)(void *context), void *context)
{
	homeserver->answered = answered;
	homeserver->answered_context = context;
}

int64_t homeserver_ahead_ms(const struct homeserver *homeserver)
{
	return homeserver->ahead_ms;
}

size_t homeserver_waiting(const struct homeserver *homeserver)
{
	return homeserver->waiting;
}

void homeserver_load(const struct homeserver *homeserver, size_t *bytes, uint64_t *oldest_ms)
{
	*bytes = 0;
	*oldest_ms = 0;
	LIST_EACH (link, &homeserver->all) {
		const struct call *call = CONTAINER_OF(link, struct call, all_link);

		*bytes += call->body ? strlen(call->body) : call->size;
		if (!*oldest_ms)
			*oldest_ms = call->since_ms;
	}
}

bool homeserver_answers(const struct homeserver *homeserver)
{
	return homeserver->answers;
}

unsigned homeserver_silences(const struct homeserver *homeserver)
{
	return homeserver->silences ? homeserver->silences : homeserver->silences_before;
}

void homeserver_watch(struct homeserver *homeserver, void (*changed)(void *context, bool answers),
                      void *context)
{
	homeserver->changed = changed;
	homeserver->changed_context = context;
}

void homeserver_set_retry(struct homeserver *homeserver, unsigned first_ms, unsigned last_ms)
{
	homeserver->retry_ms = first_ms;
	homeserver->retry_last_ms = last_ms;
}

struct homeserver *homeserver_create(struct http_client *client, const struct homeserver_settings *settings,
                                     const struct log *parent)
{
	struct homeserver *homeserver = MEM_NEW(struct homeserver);

	homeserver->client = client;
	homeserver->log = (struct log){.parent = parent, .label = "homeserver"};
	homeserver->url = mem_strdup(settings->url);
	homeserver->token = mem_strdup(settings->as_token);
	homeserver->lanes = map_create();
	homeserver_set_retry(homeserver, LIMIT_MATRIX_RETRY_MS, LIMIT_MATRIX_RETRY_LAST_MS);
	lane_init(&homeserver->free, LIMIT_MATRIX_FREE_CALLS);
	lane_init(&homeserver->uploads, LIMIT_MATRIX_UPLOADS);
	list_init(&homeserver->turns);
	list_init(&homeserver->under_way);
	list_init(&homeserver->resting);
	list_init(&homeserver->all);
	homeserver->timer = MEM_NEW(uv_timer_t);
	uv_timer_init(http_client_loop(client), homeserver->timer);
	homeserver->timer->data = homeserver;
	return homeserver;
}

static void timer_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void call_drop(struct call *call)
{
	if (call->drop)
		call->drop(call->context);
	call_free(call);
}

static void free_calls(struct list *calls)
{
	LIST_EACH(link, calls)
	call_drop(CONTAINER_OF(link, struct call, link));
}

static void finish(struct homeserver *homeserver)
{
	struct map_iter it = {0};

	while (map_next(homeserver->lanes, &it))
		free_calls(&((struct lane *)it.value)->calls);
	free_calls(&homeserver->free.calls);
	free_calls(&homeserver->uploads.calls);
	free_calls(&homeserver->under_way);
	free_calls(&homeserver->resting);
	map_destroy(&homeserver->lanes, lane_free);
	uv_close((uv_handle_t *)homeserver->timer, timer_closed);
	mem_free(homeserver->url);
	mem_free_secret(homeserver->token);
	mem_free(homeserver);
}

void homeserver_destroy(struct homeserver **slot)
{
	struct homeserver *homeserver = *slot;

	*slot = NULL;
	if (!homeserver)
		return;
	homeserver->destroyed = true;
	if (!homeserver->inside)
		finish(homeserver);
}
