/* SPDX-License-Identifier: MIT */
/* Calls to a Slack that is slow, limits, is away, loses answers, or is of another opinion. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/wire/web_api_private.h"
#include "tests/unit/caught_log.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/ruled_server.h"

#define OK "{\"ok\":true}"

struct fixture {
	uv_loop_t loop;
	struct ruled_server slack; /* its rules look at "method body" */
	struct http_client *client;
	struct web_api *api;
	struct web_token token, other;
	char base[64];
	struct buf seen, last; /* "method body\n" of all; headers of the last */
	/* the caller */
	unsigned done, dropped, deads, expireds, unsures, pages;
	struct buf told;
	struct web_pending *pending;
	bool destroys, closed;
};

/* ---- Slack ---- */

static void describe(void *context, struct http_request *request, struct buf *what)
{
	struct fixture *f = context;
	const char *token = http_request_token(request), *type = http_request_header(request, "content-type");
	size_t length;

	buf_printf(what, "%s %s", http_request_rest(request), http_request_body(request, &length));
	buf_printf(&f->seen, "%s\n", buf_text(what));
	buf_clear(&f->last);
	buf_printf(&f->last, "%s, %s", token ? token : "-", type ? type : "-");
}

static void answer_well(void *context, struct http_request *request)
{
	(void)context;
	http_answer(request, 200, "application/json", OK, strlen(OK));
}

/* ---- the caller ---- */

static void note_done(void *context, const struct web_reply *reply)
{
	struct fixture *f = context;

	f->done++;
	buf_printf(&f->told, "%d%s%s%s\n", reply->err, *reply->error ? " " : "", reply->error,
	           reply->json ? " json" : "");
	assert_true(!reply->err == !*reply->problem);
	if (f->destroys)
		web_api_destroy(&f->api);
}

static void note_drop(void *context)
{
	((struct fixture *)context)->dropped++;
}

static void note_dead(void *context, struct web_token *token, const char *error)
{
	struct fixture *f = context;

	f->deads++;
	buf_printf(&f->told, "dead %s %s\n", token->label, error);
}

static void note_expired(void *context, struct web_token *token)
{
	struct fixture *f = context;

	assert_ptr_equal(token, &f->token);
	f->expireds++;
}

static void note_unsure(void *context, struct web_api *api, struct web_pending *pending)
{
	struct fixture *f = context;

	assert_ptr_equal(api, f->api);
	f->unsures++;
	f->pending = pending;
}

static int set_up(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);

	uv_loop_init(&f->loop);
	f->slack = (struct ruled_server){.loop = &f->loop,
	                                 .path = "/api/",
	                                 .methods = HTTP_POST,
	                                 .context = f,
	                                 .describe = describe,
	                                 .answer_well = answer_well};
	ruled_listen(&f->slack, 0);
	snprintf(f->base, sizeof(f->base), "http://127.0.0.1:%u/api", http_listener_port(f->slack.listener));
	f->client = http_client_create(&f->loop, NULL);
	f->api = web_api_create(f->client, f->base, NULL);
	web_api_set_times(f->api, 10, 40, 30);
	web_api_on_dead(f->api, note_dead, f);
	web_api_on_expired(f->api, note_expired, f);
	f->token = (struct web_token){.text = mem_strdup("xoxb-1"), .label = "T1"};
	f->other = (struct web_token){.text = mem_strdup("xoxb-2"), .label = "T2"};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	web_api_destroy(&f->api);
	web_api_destroy(&f->api);
	http_client_close(&f->client, note_true, &f->closed);
	TURN_UNTIL(&f->loop, f->closed);
	ruled_close(&f->slack);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	mem_free(f->token.text);
	mem_free(f->other.text);
	buf_finish(&f->seen);
	buf_finish(&f->last);
	buf_finish(&f->told);
	mem_free(f);
	return 0;
}

static void call(struct fixture *f, struct web_call what)
{
	unsigned before = f->done;

	if (!what.token)
		what.token = &f->token;
	what.done = note_done;
	what.drop = note_drop;
	what.context = f;
	web_api_call(f->api, &what);
	assert_int_equal(f->done, before); /* never from inside */
}

static void say(struct fixture *f, const char *lane, const char *method, const char *text)
{
	struct web_argument arguments[] = {{"text", text}};

	call(f,
	     (struct web_call){.method = method, .lane = lane, .arguments = arguments, .arguments_count = 1});
}

static void post(struct fixture *f, const char *channel, const char *text)
{
	struct web_argument arguments[] = {{"channel", channel}, {"text", text}};

	call(f, (struct web_call){.method = "chat.postMessage",
	                          .lane = channel,
	                          .arguments = arguments,
	                          .arguments_count = 2,
	                          .unsure = note_unsure});
}

static size_t lane_waiting(const struct web_api *api, const char *name)
{
	const struct web_lane *lane = map_get(api->lanes, name);

	return lane ? lane->count : 0;
}

static void expect_told(struct fixture *f, const char *told)
{
	assert_string_equal(buf_text(&f->told), told);
	buf_clear(&f->told);
}

static void expect_seen(struct fixture *f, const char *seen)
{
	assert_string_equal(buf_text(&f->seen), seen);
	buf_clear(&f->seen);
}

static void wait_for(struct fixture *f, unsigned done)
{
	TURN_UNTIL(&f->loop, f->done >= done);
	assert_int_equal(f->done, done);
}

/* ---- tests ---- */

static void calls(void **state)
{
	struct fixture *f = *state;
	struct web_argument arguments[] = {{"channel", "C1"},
	                                   {"thread_ts", NULL},
	                                   {"text", "a&b=c d\n\xc3\xa4%+<!channel>"},
	                                   {"blocks", "[{}]"}};

	call(f, (struct web_call){.method = "chat.update",
	                          .arguments = arguments,
	                          .arguments_count = ARRAY_SIZE(arguments),
	                          .lane = "C1"});
	assert_int_equal(web_api_waiting(f->api), 1);
	assert_int_equal(lane_waiting(f->api, "C1"), 1);
	wait_for(f, 1);
	assert_int_equal(web_api_waiting(f->api), 0);
	assert_int_equal(lane_waiting(f->api, "C1"), 0);
	expect_seen(f, "chat.update "
	               "channel=C1&text=a%26b%3Dc%20d%0A%C3%A4%25%2B%3C%21channel%3E&blocks=%5B%7B%7D%5D\n");
	assert_string_equal(buf_text(&f->last), "xoxb-1, application/x-www-form-urlencoded");
	expect_told(f, "0 json\n");
	assert_int_equal(f->api->silences, 0);
	/* nothing to say; nobody wants to know; no token */
	call(f, (struct web_call){.method = "auth.test"});
	wait_for(f, 2);
	web_api_call(f->api, &(struct web_call){.method = "oauth.v2.access"});
	TURN_UNTIL(&f->loop, web_api_waiting(f->api) == 0);
	expect_seen(f, "auth.test \noauth.v2.access \n");
	assert_string_equal(buf_text(&f->last), "-, application/x-www-form-urlencoded");
}

static void put_load(void *context, const struct web_load *load)
{
	struct fixture *f = context;

	assert_int_equal(load->oldest_ms, load->calls ? uv_now(&f->loop) : 0);
	buf_printf(&f->told, "%s %zu %zu\n", load->lane ? load->lane : "all", load->calls, load->bytes);
}

static void tells_its_loads(void **state)
{
	struct fixture *f = *state;

	say(f, "C1", "chat.update", "hi");
	web_api_call(f->api, &(struct web_call){.method = "oauth.v2.access"});
	web_api_loads(f->api, 5, put_load, f);
	web_api_loads(f->api, 0, put_load, f);
	expect_told(f, "all 2 7\nC1 1 7\nall 2 7\n");
	wait_for(f, 1);
}

static void note_ended(void *context)
{
	struct fixture *f = context;

	buf_printf(&f->told, "%zu left\n", web_api_waiting(f->api));
}

/* Whatever they were: also those that nobody wants to hear of. */
static void tells_that_fewer_wait(void **state)
{
	struct fixture *f = *state;

	web_api_on_ended(f->api, note_ended, f);
	web_api_call(f->api, &(struct web_call){.method = "oauth.v2.access"});
	TURN_UNTIL(&f->loop, web_api_waiting(f->api) == 0);
	expect_told(f, "0 left\n");
	say(f, "C1", "chat.update", "hi");
	say(f, "C1", "reactions.add", "hi");
	wait_for(f, 2);
	expect_told(f, "1 left\n0 json\n0 left\n0 json\n");
}

static void tells_refusals(void **state)
{
	struct fixture *f = *state;
	static const struct {
		unsigned status;
		const char *body;
		int err;
		const char *rest;
	} cases[] = {
	        {200, "{\"ok\":false,\"error\":\"channel_not_found\"}", TP_ERR_NOT_FOUND,
	         " channel_not_found json"},
	        {200, "{\"ok\":false,\"error\":\"message_not_found\"}", TP_ERR_NOT_FOUND,
	         " message_not_found json"},
	        {200, "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"chat:write\"}",
	         TP_ERR_NOT_ALLOWED, " missing_scope json"},
	        {200, "{\"ok\":false,\"error\":\"not_in_channel\"}", TP_ERR_NOT_ALLOWED,
	         " not_in_channel json"},
	        {200, "{\"ok\":false,\"error\":\"msg_too_long\"}", TP_ERR_LIMIT, " msg_too_long json"},
	        {200, "{\"ok\":false,\"error\":\"already_reacted\"}", TP_ERR_EXISTS, " already_reacted json"},
	        {200, "{\"ok\":false,\"error\":\"a_new_one\"}", TP_ERR_INVALID, " a_new_one json"},
	        {400, "{\"ok\":false,\"error\":\"invalid_arguments\"}", TP_ERR_INVALID,
	         " invalid_arguments json"},
	        {404, "<html>", TP_ERR_INVALID, ""},
	        {403, "{\"ok\":false,\"error\":\"no \\u001b[31m code\"}", TP_ERR_INVALID, " json"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		char told[100];

		f->slack.rules[0] = (struct rule){"x", 1, cases[i].status, cases[i].body};
		say(f, "lane", "x", "");
		wait_for(f, i + 1);
		snprintf(told, sizeof(told), "%d%s\n", cases[i].err, cases[i].rest);
		expect_told(f, told);
	}
	assert_int_equal(f->slack.requests, ARRAY_SIZE(cases));
}

static void asks_again_what_may_pass(void **state)
{
	struct fixture *f = *state;
	static const struct rule passing[] = {
	        {"x", 2, 200, "{\"ok\":false,\"error\":\"service_unavailable\"}"},
	        {"x", 2, 200, "{\"ok\":false,\"error\":\"internal_error\"}"},
	        {"x", 2, 503, "<html>"},
	        {"x", 2, 200, "a proxy's page"},
	        {"x", 2, 302, ""},
	        {"x", 2, 200, "{\"ok\":false,\"error\":\"ratelimited\"}"},
	        {"x", 2, 429, "{\"ok\":false,\"error\":\"ratelimited\"}", "0"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(passing); i++) {
		f->slack.rules[0] = passing[i];
		say(f, "lane", "x", "1");
		say(f, "lane", "y", "2");
		wait_for(f, 2 * i + 2);
		expect_seen(f, "x text=1\nx text=1\nx text=1\ny text=2\n"); /* in order */
		expect_told(f, "0 json\n0 json\n");
	}
	/* not what is made once */
	for (unsigned i = 0; i < 5; i++) {
		f->slack.rules[0] = passing[i];
		f->slack.rules[0].times = 1;
		call(f, (struct web_call){.method = "x", .once = true});
		wait_for(f, 2 * ARRAY_SIZE(passing) + i + 1);
		assert_true(text_starts(buf_text(&f->told), "-11"));
		buf_clear(&f->told);
	}
}

static void waits_for_one_that_is_away(void **state)
{
	struct fixture *f = *state;
	unsigned port = http_listener_port(f->slack.listener);

	ruled_close(&f->slack);
	say(f, "a", "x", "1");
	say(f, "b", "x", "2");
	post(f, "C1", "nobody has got it"); /* which is sure */
	for (unsigned i = 0; i < 50; i++)
		client_turn(&f->loop);
	assert_int_equal(f->done, 0);
	assert_int_equal(f->unsures, 0);
	ruled_listen(&f->slack, port);
	wait_for(f, 3);
	assert_int_equal(f->slack.requests, 3);
	expect_told(f, "0 json\n0 json\n0 json\n");
	/* once */
	ruled_close(&f->slack);
	call(f, (struct web_call){.method = "x", .once = true});
	wait_for(f, 4);
	expect_told(f, "-11\n");
	assert_true(f->api->silences > 0);
	ruled_listen(&f->slack, port);
}

static void lets_no_lane_hold_up_another(void **state)
{
	struct fixture *f = *state;

	f->slack.rules[0] = (struct rule){"slow", 1, 0, ""};
	say(f, "a", "slow", "1");
	say(f, "a", "x", "2");
	say(f, "b", "x", "3");
	call(f, (struct web_call){.method = "free"});
	wait_for(f, 2);
	assert_int_equal(lane_waiting(f->api, "a"), 2);
	TURN_UNTIL(&f->loop, f->slack.held_count == 1);
	ruled_release(&f->slack);
	wait_for(f, 4);
	assert_non_null(strstr(buf_text(&f->seen), "x text=2\n"));
}

static void obeys_limits_of_a_method(void **state)
{
	struct fixture *f = *state;
	uint64_t began_ms;

	f->slack.rules[0] = (struct rule){"x ", 1, 429, "{\"ok\":false,\"error\":\"ratelimited\"}", "5"};
	say(f, "a", "x", "1");
	TURN_UNTIL(&f->loop, f->slack.requests == 1 && f->slack.rules[0].used_up);
	TURN_UNTIL(&f->loop, !list_empty(&f->api->gates.all));
	began_ms = clock_ms();
	for (unsigned i = 0; i < 5; i++) {
		char lane[8];

		snprintf(lane, sizeof(lane), "l%u", i);
		say(f, lane, "x", "2");
	}
	call(f, (struct web_call){.method = "x", .once = true}); /* is told at once */
	/* other methods, and the same for others, go on */
	say(f, "b", "y", "3");
	call(f, (struct web_call){.method = "x", .token = &f->other});
	wait_for(f, 3);
	assert_int_equal(f->slack.requests, 3);
	assert_true(clock_ms() - began_ms < 4800);
	assert_non_null(strstr(buf_text(&f->told), "-8\n"));
	assert_int_equal(web_api_waiting(f->api), 6);
	/* the first tries alone */
	f->slack.rules[0] = (struct rule){"x ", 0, 0, ""};
	TURN_UNTIL(&f->loop, f->slack.held_count == 1);
	assert_true(clock_ms() - began_ms >= 4800);
	for (unsigned i = 0; i < 30; i++)
		client_turn(&f->loop);
	assert_int_equal(f->slack.held_count, 1);
	ruled_release(&f->slack);
	TURN_UNTIL(&f->loop, f->slack.held_count == 2);
	for (unsigned i = 0; i < 30; i++)
		client_turn(&f->loop);
	assert_int_equal(f->slack.held_count, 2);
	ruled_release(&f->slack);
	TURN_UNTIL(&f->loop, f->slack.held_count == 3);
	ruled_release(&f->slack);
	wait_for(f, 9);
	assert_true(list_empty(&f->api->gates.all));
	/* one that is closed again while it opens */
	f->slack.rules[0] = (struct rule){"x ", 3, 429, "", "0"};
	for (unsigned i = 0; i < 6; i++)
		call(f, (struct web_call){.method = "x"});
	wait_for(f, 15);
}

/* Who asks for ever waits an hour at most. */
static void bounds_what_slack_asks_for(void **state)
{
	struct fixture *f = *state;
	uint64_t began_ms = uv_now(&f->loop);

	f->slack.rules[0] = (struct rule){"x ", 1, 429, "{\"ok\":false,\"error\":\"ratelimited\"}", "999999999"};
	say(f, "a", "x", "1");
	TURN_UNTIL(&f->loop, !list_empty(&f->api->gates.all));
	const struct web_gate *gate = CONTAINER_OF(f->api->gates.all.next, struct web_gate, link);

	assert_true(gate->until_ms >= began_ms + LIMIT_SLACK_RETRY_AFTER_MS);
	assert_true(gate->until_ms <= uv_now(&f->loop) + LIMIT_SLACK_RETRY_AFTER_MS + 1000);
	say(f, "a", "y", "2");
	wait_for(f, 0);
}

static void bounds_answers(void **state)
{
	struct fixture *f = *state;
	const char *begin = "{\"ok\":true,\"x\":\"", *end = "\"}";
	size_t length = LIMIT_SLACK_ANSWER_BYTES + 1;
	char *body = mem_alloc(length + 1);

	for (unsigned over = 0; over < 2; over++) {
		size_t size = LIMIT_SLACK_ANSWER_BYTES + over;

		memset(body, 'x', size);
		memcpy(body, begin, strlen(begin));
		memcpy(body + size - strlen(end), end, strlen(end) + 1);
		f->slack.rules[0] = (struct rule){"x ", 1, 200, body, NULL};
		call(f, (struct web_call){.method = "x", .once = true});
		wait_for(f, over + 1);
	}
	assert_non_null(strstr(buf_text(&f->told), "0 json\n-"));
	call(f, (struct web_call){.method = "x", .once = true});
	wait_for(f, 3);
	mem_free(body);
}

static void paces_posts(void **state)
{
	struct fixture *f = *state;
	unsigned count = LIMIT_SLACK_POST_BURST + 3;
	uint64_t began_ms;

	uv_update_time(&f->loop);
	began_ms = clock_ms();
	for (unsigned i = 0; i < count; i++)
		post(f, "C1", "x");
	post(f, "C2", "y");
	wait_for(f, count + 1);
	assert_int_equal(f->slack.requests, count + 1);
	/* which was not held up by the others */
	assert_true(strstr(buf_text(&f->seen), "C2") < strstr(buf_text(&f->seen) + f->seen.len - 60, "C1"));
	assert_true(f->slack.came_ms[count] - began_ms >= 3 * 30 - 2);
}

static void forgets_paces(void **state)
{
	struct web_paces paces = {0};

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "C%u", i);
		assert_int_equal(web_pace_take(&paces, name, i, 10, 2), i);
	}
	assert_true(map_count(paces.by_name) < 1500);
	assert_int_equal(web_pace_take(&paces, "C", 100, 10, 2), 100);
	assert_int_equal(web_pace_take(&paces, "C", 100, 10, 2), 100);
	assert_int_equal(web_pace_take(&paces, "C", 100, 10, 2), 110);
	assert_int_equal(web_pace_take(&paces, "C", 110, 10, 2), 110);
	web_paces_finish(&paces);
}

static void asks_what_to_do_when_unsure(void **state)
{
	struct fixture *f = *state;
	struct cJSON *json = json_read("{\"ok\":true,\"ts\":\"1.2\"}", 22);
	static const struct rule unclear[] = {
	        {"chat", 1, 500, "oops"},
	        {"chat", 1, 200, "{\"ok\":false,\"error\":\"fatal_error\"}"},
	        {"chat", 1, 0, ""},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(unclear); i++) {
		f->slack.rules[0] = unclear[i];
		post(f, "C1", "one");
		post(f, "C1", "two");
		if (!unclear[i].status) {
			TURN_UNTIL(&f->loop, f->slack.held_count == 1);
			unsigned port = http_listener_port(f->slack.listener);

			ruled_close(&f->slack); /* the answer is lost */
			ruled_listen(&f->slack, port);
		}
		TURN_UNTIL(&f->loop, f->unsures == i + 1);
		/* it looks, meanwhile */
		say(f, NULL, "conversations.history", "");
		wait_for(f, 3 * i + 1);
		assert_int_equal(lane_waiting(f->api, "C1"), 2);
		buf_clear(&f->told);
		buf_clear(&f->seen);
		if (i == 1) {
			web_call_again(&f->pending);
			wait_for(f, 3 * i + 3);
			expect_seen(f, "chat.postMessage channel=C1&text=one\nchat.postMessage "
			               "channel=C1&text=two\n");
		} else {
			web_call_settle(&f->pending, json);
			wait_for(f, 3 * i + 3);
			expect_seen(f, "chat.postMessage channel=C1&text=two\n");
		}
		assert_null(f->pending);
		expect_told(f, "0 json\n0 json\n");
	}
	/* what was surely not done is asked again without a word */
	f->slack.rules[0] = (struct rule){"chat", 1, 200, "{\"ok\":false,\"error\":\"service_unavailable\"}"};
	post(f, "C1", "x");
	wait_for(f, 10);
	assert_int_equal(f->unsures, 3);
	json_free(&json);
}

static void refreshes_tokens(void **state)
{
	struct fixture *f = *state;

	f->slack.rules[0] = (struct rule){"x", 2, 200, "{\"ok\":false,\"error\":\"token_expired\"}"};
	say(f, "a", "x", "1");
	say(f, "b", "x", "2");
	TURN_UNTIL(&f->loop, f->expireds == 1 && f->slack.requests == 2);
	say(f, "c", "x", "3");
	call(f, (struct web_call){.method = "x", .token = &f->other});
	wait_for(f, 1);
	assert_int_equal(f->slack.requests, 3);
	assert_int_equal(f->expireds, 1); /* once for all */
	mem_free(f->token.text);
	f->token.text = mem_strdup("xoxe.xoxb-3");
	web_api_token_ready(f->api, &f->token);
	wait_for(f, 4);
	assert_int_equal(f->slack.requests, 6);
	assert_true(text_starts(buf_text(&f->last), "xoxe.xoxb-3"));
	/* one that was asked with the token before */
	f->slack.rules[0] = (struct rule){"x", 1, 0, ""};
	say(f, "a", "x", "4");
	TURN_UNTIL(&f->loop, f->slack.held_count == 1);
	web_api_token_ready(f->api, &f->token);
	http_answer(f->slack.held[0], 200, "application/json", "{\"ok\":false,\"error\":\"token_expired\"}", 36);
	wait_for(f, 5);
	assert_int_equal(f->expireds, 1);
}

static void ends_calls_of_dead_tokens(void **state)
{
	struct fixture *f = *state;

	f->slack.rules[0] = (struct rule){"x ", 1, 0, ""};
	f->slack.rules[1] = (struct rule){"r ", 1, 429, "", "60"};
	say(f, NULL, "r", "0");
	TURN_UNTIL(&f->loop, !list_empty(&f->api->gates.all));
	say(f, "a", "x", "1");
	say(f, "a", "x", "2");
	say(f, "b", "r", "3");
	TURN_UNTIL(&f->loop, f->slack.held_count == 1);
	http_answer(f->slack.held[0], 200, "application/json", "{\"ok\":false,\"error\":\"token_revoked\"}", 36);
	wait_for(f, 4);
	expect_told(f, "dead T1 token_revoked\n-7 token_revoked json\n-7\n-7\n-7\n");
	assert_int_equal(f->deads, 1);
	/* and so do later ones; others' go on */
	say(f, "a", "y", "4");
	call(f, (struct web_call){.method = "y", .token = &f->other});
	wait_for(f, 6);
	assert_int_equal(f->deads, 1);
	assert_int_equal(f->slack.requests, 3);
	assert_int_equal(web_api_waiting(f->api), 0);
}

static void forgets_tokens(void **state)
{
	struct fixture *f = *state;

	f->slack.rules[0] = (struct rule){"x", 1, 0, ""};
	f->slack.rules[1] = (struct rule){"chat", 1, 500, ""};
	say(f, "a", "x", "1");
	say(f, "a", "x", "2");
	post(f, "C1", "3");
	TURN_UNTIL(&f->loop, f->slack.held_count == 1 && f->unsures == 1);
	web_api_forget_token(f->api, &f->token);
	assert_int_equal(f->done, 3);
	expect_told(f, "-7\n-7\n-7\n");
	assert_int_equal(f->deads, 0);
	call(f, (struct web_call){.method = "y", .token = &f->other});
	wait_for(f, 4);
}

static int file_of(const char *text)
{
	int fd = memfd_create("upload", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static void uploads(void **state)
{
	struct fixture *f = *state;
	char url[100];

	snprintf(url, sizeof(url), "%s/upload", f->base);
	f->slack.rules[0] = (struct rule){"upload", 1, 503, "no"};
	f->slack.rules[1] = (struct rule){"upload", 1, 200, "OK - 5"};
	struct caught_log caught = log_catch();
	web_api_upload(f->api, url, file_of("bytes"), 5, 4711, note_done, f, note_drop);
	wait_for(f, 1);
	assert_true(log_caught(&caught, "upload: to be asked again: ", ", trace 4711"));
	expect_told(f, "0\n");
	expect_seen(f, "upload bytes\nupload bytes\n");
	assert_string_equal(buf_text(&f->last), "-, application/octet-stream"); /* it has no token */
	/* not for ever, and not anywhere */
	f->slack.rules[2] = (struct rule){"upload", 0, 500, ""};
	web_api_upload(f->api, url, file_of("bytes"), 5, 0, note_done, f, note_drop);
	wait_for(f, 2);
	expect_told(f, "-11\n");
	assert_int_equal(f->slack.requests, 2 + LIMIT_SLACK_TRIES);
	web_api_upload(f->api, "http://192.0.2.1/x", file_of(""), 0, 0, note_done, f, note_drop);
	assert_int_equal(f->done, 2);
	wait_for(f, 3);
	expect_told(f, "-1\n");
}

static void responds(void **state)
{
	struct fixture *f = *state;
	char url[100];

	snprintf(url, sizeof(url), "%s/commands/T1/1/x", f->base);
	web_api_respond(f->api, url, "{\"text\":\"linked\"}", note_done, f, note_drop);
	wait_for(f, 1);
	expect_told(f, "0 json\n");
	web_api_respond(f->api, "ftp://example.org/", "{}", note_done, f, note_drop);
	wait_for(f, 2);
	expect_told(f, "-1\n");
	expect_seen(f, "commands/T1/1/x {\"text\":\"linked\"}\n");
	assert_string_equal(buf_text(&f->last), "-, application/json; charset=utf-8");
	/* it was used too often, or is too old */
	f->slack.rules[0] = (struct rule){"commands/T1/1/x", 1, 404, "{\"ok\":false,\"error\":\"used_url\"}"};
	f->slack.rules[1] = (struct rule){"commands/T1/1/x", 1, 200, "{\"ok\":false,\"error\":\"expired_url\"}"};
	for (unsigned i = 0; i < 2; i++) {
		web_api_respond(f->api, url, "{}", note_done, f, note_drop);
		wait_for(f, 3 + i);
		expect_told(f, i ? "-1 expired_url json\n" : "-1 used_url json\n");
	}
}

static void knows_what_urls_may_be_used(void **state)
{
	static const struct {
		const char *url;
		bool websocket, local, remote; /* with a base on loopback, and elsewhere */
	} cases[] = {
	        {"https://files.slack.com/upload/v1/A", false, true, true},
	        {"wss://wss-primary.slack.com/link/?ticket=1", true, true, true},
	        {"http://127.0.0.1:80/x", false, true, false},
	        {"ws://127.0.0.1:80/x", true, true, false},
	        {"ws://localhost:80/x", true, true, false},
	        {"ws://[::1]:80/x", true, true, false},
	        {"http://127.0.0.1.example.org/", false, false, false},
	        {"http://192.0.2.1/x", false, false, false},
	        {"ws://wss-primary.slack.com/", true, false, false},
	        {"https://a/", true, false, false},
	        {"wss://a/", false, false, false},
	        {"https://user@a/", false, false, false},
	        {"https://", false, false, false},
	        {"ws://127.0.0.1@example.org/", true, false, false},
	        {"", false, false, false},
	};
	struct fixture *f = *state;
	struct web_api *remote = web_api_create(f->client, "https://slack.com/api", NULL);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (web_api_may_use(f->api, cases[i].url, cases[i].websocket) != cases[i].local ||
		    web_api_may_use(remote, cases[i].url, cases[i].websocket) != cases[i].remote)
			fail_msg("%s", cases[i].url);
	web_api_destroy(&remote);
}

/* ---- pages ---- */

static bool note_page(void *context, const struct cJSON *json)
{
	struct fixture *f = context;

	assert_non_null(json);
	return ++f->pages != 5;
}

static void reads_pages(void **state)
{
	struct fixture *f = *state;
	struct web_argument arguments[] = {{"types", "im"}};
	struct web_call list = {.method = "conversations.list",
	                        .token = &f->token,
	                        .arguments = arguments,
	                        .arguments_count = 1,
	                        .done = note_done,
	                        .context = f,
	                        .drop = note_drop};

	f->slack.rules[0] = (struct rule){"cursor=b%3D", 1, 200,
	                            "{\"ok\":true,\"response_metadata\":{\"next_cursor\":\"\"}}"};
	f->slack.rules[1] =
	        (struct rule){"list", 1, 200, "{\"ok\":true,\"response_metadata\":{\"next_cursor\":\"b=\"}}"};
	web_api_pages(f->api, &list, 200, note_page);
	wait_for(f, 1);
	expect_seen(
	        f,
	        "conversations.list types=im&limit=200\nconversations.list types=im&limit=200&cursor=b%3D\n");
	assert_int_equal(f->pages, 2);
	expect_told(f, "0 json\n");
	/* once more from the start, and then it is enough */
	f->slack.rules[0] = (struct rule){"cursor=b", 0, 200, "{\"ok\":false,\"error\":\"invalid_cursor\"}"};
	f->slack.rules[1] =
	        (struct rule){"list", 0, 200, "{\"ok\":true,\"response_metadata\":{\"next_cursor\":\"b\"}}"};
	web_api_pages(f->api, &list, 200, note_page);
	wait_for(f, 2);
	assert_int_equal(f->pages, 4);
	expect_told(f, "-1 invalid_cursor json\n");
	web_api_pages(f->api, &list, 200, note_page);
	wait_for(f, 3);
	assert_int_equal(f->pages, 5);
	expect_told(f, "0 json\n");
	/* ended in the middle */
	f->slack.rules[0] = (struct rule){"list", 0, 0, ""};
	web_api_pages(f->api, &list, 200, note_page);
	TURN_UNTIL(&f->loop, f->slack.held_count == 1);
	web_api_destroy(&f->api);
	assert_int_equal(f->dropped, 1);
}

static void ends_with_calls_waiting(void **state)
{
	struct fixture *f = *state;

	f->slack.rules[0] = (struct rule){"hold", 0, 0, ""};
	f->slack.rules[1] = (struct rule){"rest", 0, 503, ""};
	f->slack.rules[2] = (struct rule){"gate", 3, 429, "", "60"};
	f->slack.rules[3] = (struct rule){"chat", 0, 500, ""};
	f->slack.rules[4] = (struct rule){"old", 0, 200, "{\"ok\":false,\"error\":\"token_expired\"}"};
	say(f, "a", "hold", "");
	say(f, "a", "hold", "");
	say(f, "b", "rest", "");
	say(f, "c", "gate", "");
	say(f, "d", "gate", "");
	say(f, NULL, "gate", "");
	post(f, "C1", "");
	TURN_UNTIL(&f->loop, f->unsures == 1 && f->slack.held_count == 1 && !list_empty(&f->api->gates.all));
	say(f, "e", "old", "");
	TURN_UNTIL(&f->loop, f->expireds == 1);
	say(f, "e", "old", "");
	web_api_destroy(&f->api);
	assert_int_equal(f->done, 0);
	assert_int_equal(f->dropped, 9);
}

static void ends_from_inside(void **state)
{
	struct fixture *f = *state;

	f->destroys = true;
	say(f, "a", "x", "");
	say(f, "a", "x", "");
	say(f, NULL, "x", "");
	TURN_UNTIL(&f->loop, f->done == 1 && f->dropped == 2);
	assert_null(f->api);
}

static void destroy_when_dead(void *context, struct web_token *token, const char *error)
{
	struct fixture *f = context;

	(void)token;
	(void)error;
	web_api_destroy(&f->api);
}

static void ends_when_a_token_dies(void **state)
{
	struct fixture *f = *state;

	web_api_on_dead(f->api, destroy_when_dead, f);
	f->slack.rules[0] = (struct rule){"x", 0, 200, "{\"ok\":false,\"error\":\"account_inactive\"}"};
	say(f, "a", "x", "");
	say(f, "a", "x", "");
	TURN_UNTIL(&f->loop, f->dropped == 2);
	assert_int_equal(f->done, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(calls), TEST(tells_its_loads), TEST(tells_that_fewer_wait), TEST(tells_refusals),
	        TEST(asks_again_what_may_pass),
	        TEST(waits_for_one_that_is_away), TEST(lets_no_lane_hold_up_another),
	        TEST(obeys_limits_of_a_method), TEST(bounds_what_slack_asks_for), TEST(bounds_answers),
	        TEST(paces_posts), cmocka_unit_test(forgets_paces), TEST(asks_what_to_do_when_unsure),
	        TEST(refreshes_tokens), TEST(ends_calls_of_dead_tokens), TEST(forgets_tokens), TEST(uploads),
	        TEST(responds), TEST(knows_what_urls_may_be_used), TEST(reads_pages),
	        TEST(ends_with_calls_waiting), TEST(ends_from_inside), TEST(ends_when_a_token_dies),
	};

	return cmocka_run_group_tests_name("slack: web_api", tests, NULL, NULL);
}
