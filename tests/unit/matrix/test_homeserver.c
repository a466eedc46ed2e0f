/* SPDX-License-Identifier: MIT */
/* Calls to a homeserver that is slow, overloaded, away, or of another opinion. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/matrix/wire/homeserver_private.h"
#include "tests/unit/caught_log.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/ruled_server.h"

struct fixture {
	uv_loop_t loop;
	struct ruled_server server; /* its rules look at the path */
	struct http_client *client;
	struct homeserver *homeserver;
	bool closed;
	unsigned good;     /* requests that were answered with 200 */
	struct buf seen;   /* paths of the good ones */
	struct buf last;   /* method, path, headers and body of the last */
	struct buf bodies; /* all of them */
	/* the other side */
	unsigned done;
	struct buf told; /* what came back */
	struct buf changes;
	unsigned settled; /* events */
	struct homeserver **destroy;
};

/* ---- the homeserver ---- */

static void describe(void *context, struct http_request *request, struct buf *what)
{
	struct fixture *f = context;
	static const char *const names[] = {"authorization", "content-type"};
	size_t length;
	const char *body = http_request_body(request, &length);

	buf_puts(what, http_request_path(request));
	buf_clear(&f->last);
	buf_printf(&f->last, "%d %s", http_request_method(request), http_request_path(request));
	if (http_request_query(request, "user_id"))
		buf_printf(&f->last, " as %s", http_request_query(request, "user_id"));
	if (http_request_query(request, "filename"))
		buf_printf(&f->last, " named %s", http_request_query(request, "filename"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (http_request_header(request, names[i]))
			buf_printf(&f->last, ", %s", http_request_header(request, names[i]));
	buf_printf(&f->last, ", %s", body);
	buf_printf(&f->bodies, "%s\n", body);
}

static void answer_well(void *context, struct http_request *request)
{
	struct fixture *f = context;
	struct buf body = {0};

	f->good++;
	buf_printf(&f->seen, "%s\n", http_request_path(request));
	buf_printf(&body, "{\"n\":%u}", f->good);
	http_answer_buf(request, 200, "application/json", &body);
}

/* ---- the caller ---- */

static void note_done(void *context, const struct matrix_reply *reply)
{
	struct fixture *f = context;

	f->done++;
	buf_printf(&f->told, "%d %u %s %s\n", reply->err, reply->status, reply->errcode,
	           reply->json ? "json" : "-");
	assert_true(!reply->err == !*reply->problem);
	if (f->destroy)
		homeserver_destroy(f->destroy);
}

static void note_change(void *context, bool answers)
{
	struct fixture *f = context;

	buf_puts(&f->changes, answers ? "+" : "-");
}

static void begin(struct fixture *f, unsigned port)
{
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u", port);
	f->homeserver = homeserver_create(f->client, &(struct homeserver_settings){url, "token"}, NULL);
	homeserver_set_retry(f->homeserver, 10, 40);
	homeserver_watch(f->homeserver, note_change, f);
}

static int set_up(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);

	uv_loop_init(&f->loop);
	f->server = (struct ruled_server){.loop = &f->loop,
	                                  .path = "/",
	                                  .methods = HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE,
	                                  .context = f,
	                                  .describe = describe,
	                                  .answer_well = answer_well};
	ruled_listen(&f->server, 0);
	f->client = http_client_create(&f->loop, NULL);
	begin(f, http_listener_port(f->server.listener));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	homeserver_destroy(&f->homeserver);
	assert_null(f->homeserver);
	homeserver_destroy(&f->homeserver);
	http_client_close(&f->client, note_true, &f->closed);
	TURN_UNTIL(&f->loop, f->closed);
	ruled_close(&f->server);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	buf_finish(&f->seen);
	buf_finish(&f->last);
	buf_finish(&f->bodies);
	buf_finish(&f->told);
	buf_finish(&f->changes);
	mem_free(f);
	return 0;
}

static void call(struct fixture *f, struct matrix_call what)
{
	unsigned before = f->done;

	if (!what.method)
		what.method = HTTP_PUT;
	what.done = note_done;
	what.context = f;
	homeserver_call(f->homeserver, &what);
	assert_int_equal(f->done, before); /* never from inside */
}

static void put(struct fixture *f, const char *lane, const char *path)
{
	call(f, (struct matrix_call){.path = path, .lane = lane});
}

static void expect_told(struct fixture *f, const char *told)
{
	assert_string_equal(buf_text(&f->told), told);
	buf_clear(&f->told);
}

static void wait_for(struct fixture *f, unsigned done)
{
	TURN_UNTIL(&f->loop, f->done >= done);
	assert_int_equal(f->done, done);
}

/* ---- tests ---- */

static void calls(void **state)
{
	static const struct {
		struct matrix_call call;
		const char *seen;
	} cases[] = {
	        {{.method = HTTP_PUT,
	          .path = "/a?x=1",
	          .as = "@_irc_a+b:hs",
	          .body = "{\"k\":\"v\"}",
	          .lane = "!r"},
	         "8 /a as @_irc_a+b:hs, Bearer token, application/json, {\"k\":\"v\"}"},
	        {{.method = HTTP_PUT, .path = "/a", .as = "@x:hs"},
	         "8 /a as @x:hs, Bearer token, application/json, {}"},
	        {{.method = HTTP_POST, .path = "/b"}, "4 /b, Bearer token, application/json, {}"},
	        {{.method = HTTP_GET, .path = "/c"}, "1 /c, Bearer token, "},
	        {{.method = HTTP_DELETE, .path = "/d"}, "16 /d, Bearer token, "},
	};
	struct fixture *f = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		call(f, cases[i].call);
		assert_int_equal(homeserver_waiting(f->homeserver), 1);
		wait_for(f, i + 1);
		assert_int_equal(homeserver_waiting(f->homeserver), 0);
		assert_string_equal(buf_text(&f->last), cases[i].seen);
		expect_told(f, "0 200  json\n");
	}
	/* nobody wants to know */
	homeserver_call(f->homeserver, &(struct matrix_call){.method = HTTP_GET, .path = "/e"});
	TURN_UNTIL(&f->loop, homeserver_waiting(f->homeserver) == 0);
	assert_int_equal(f->server.requests, 6);
}

static void tells_its_load(void **state)
{
	struct fixture *f = *state;
	size_t bytes = 1;
	uint64_t oldest_ms = 1;

	homeserver_load(f->homeserver, &bytes, &oldest_ms);
	assert_int_equal(bytes, 0);
	assert_int_equal(oldest_ms, 0);
	const uint64_t began_ms = uv_now(&f->loop);

	call(f, (struct matrix_call){.method = HTTP_PUT, .path = "/a", .body = "{\"k\":\"v\"}", .lane = "!r"});
	call(f, (struct matrix_call){.method = HTTP_PUT, .path = "/b", .body = "{}", .lane = "!r"});
	homeserver_load(f->homeserver, &bytes, &oldest_ms);
	assert_int_equal(bytes, 11);
	assert_int_equal(oldest_ms, began_ms);
	wait_for(f, 1);
	homeserver_load(f->homeserver, &bytes, &oldest_ms);
	assert_int_equal(bytes, 2);
	wait_for(f, 2);
	homeserver_load(f->homeserver, &bytes, &oldest_ms);
	assert_int_equal(bytes, 0);
	assert_int_equal(oldest_ms, 0);
}

static void ask_again(void *context, const struct matrix_reply *reply)
{
	struct fixture *f = context;

	note_done(context, reply);
	if (!reply->err)
		return;
	homeserver_again(reply);
	homeserver_call(f->homeserver,
	                &(struct matrix_call){.method = HTTP_POST, .path = "/way", .lane = "lane", .first = true});
}

/* What is refused can be made again, behind what makes it possible and before what waits. */
static void again_in_its_place(void **state)
{
	struct fixture *f = *state;

	f->server.rules[0] = (struct rule){"/refused", 2, 403, "{\"errcode\":\"M_FORBIDDEN\"}"};
	homeserver_call(f->homeserver, &(struct matrix_call){.method = HTTP_PUT,
	                                                     .path = "/refused",
	                                                     .lane = "lane",
	                                                     .done = ask_again,
	                                                     .context = f});
	put(f, "lane", "/behind");
	put(f, "another", "/elsewhere");
	wait_for(f, 5);
	TURN_UNTIL(&f->loop, homeserver_waiting(f->homeserver) == 0);
	assert_string_equal(buf_text(&f->seen), "/elsewhere\n/way\n/way\n/refused\n/behind\n");
	/* and its end may come from inside */
	f->server.rules[1] = (struct rule){"/never", 0, 403, "{\"errcode\":\"M_FORBIDDEN\"}"};
	f->done = 0;
	f->destroy = &f->homeserver;
	put(f, "lane", "/never");
	wait_for(f, 1);
	assert_null(f->homeserver);
}

static void gives_refusals_back(void **state)
{
	struct fixture *f = *state;
	static const struct {
		unsigned status;
		const char *body;
		int err;
		const char *rest;
	} cases[] = {
	        {400, "{\"errcode\":\"M_USER_IN_USE\",\"error\":\"x\"}", TP_ERR_INVALID,
	         "400 M_USER_IN_USE json"},
	        {401, "{\"errcode\":\"M_UNKNOWN_TOKEN\"}", TP_ERR_AUTH, "401 M_UNKNOWN_TOKEN json"},
	        {403, "{\"errcode\":\"M_FORBIDDEN\"}", TP_ERR_NOT_ALLOWED, "403 M_FORBIDDEN json"},
	        {404, "{\"errcode\":\"M_NOT_FOUND\"}", TP_ERR_NOT_FOUND, "404 M_NOT_FOUND json"},
	        {404, "<html>", TP_ERR_NOT_FOUND, "404  -"},
	        {409, "{\"errcode\":7}", TP_ERR_INVALID, "409  json"},
	        {413, "{\"errcode\":\"M_TOO_LARGE\"}", TP_ERR_LIMIT, "413 M_TOO_LARGE json"},
	        {302, "", TP_ERR_INVALID, "302  -"},
	        {400, "[]", TP_ERR_INVALID, "400  json"},
	        {200, "[]", 0, "200  json"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		char told[100];

		f->server.rules[0] = (struct rule){"/", 1, cases[i].status, cases[i].body};
		put(f, "lane", "/x");
		wait_for(f, i + 1);
		snprintf(told, sizeof(told), "%d %s\n", cases[i].err, cases[i].rest);
		expect_told(f, told);
	}
	assert_int_equal(f->server.requests, ARRAY_SIZE(cases));
	/* a refusal does not stop its lane, and says that the homeserver is there */
	assert_string_equal(buf_text(&f->changes), "+");
	call(f, (struct matrix_call){.path = "/a b\x01", .lane = "lane"}); /* no URL */
	put(f, "lane", "/y");
	wait_for(f, ARRAY_SIZE(cases) + 2);
	assert_non_null(strstr(buf_text(&f->told), "0 200  json\n"));
}

static void keeps_order_over_failures(void **state)
{
	struct fixture *f = *state;
	static char paths[20][16];
	struct buf expected = {0};

	f->server.rules[0] = (struct rule){"/m/03", 3, 500, "{\"errcode\":\"M_UNKNOWN\"}"};
	f->server.rules[1] = (struct rule){"/m/05", 2, 502, "<html>bad gateway"};
	f->server.rules[2] =
	        (struct rule){"/m/07", 1, 429, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":5}"};
	f->server.rules[3] = (struct rule){"/m/09", 2, 200, "<html>welcome to the proxy"};
	f->server.rules[4] = (struct rule){"/m/11", 1, 403, "{\"errcode\":\"M_FORBIDDEN\"}"};
	f->server.rules[5] = (struct rule){"/m/00", 1, 503, ""};
	for (unsigned i = 0; i < 20; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/m/%02u", i);
		put(f, "!room", paths[i]);
		if (i != 11)
			buf_printf(&expected, "%s\n", paths[i]);
	}
	assert_int_equal(homeserver_waiting(f->homeserver), 20);
	wait_for(f, 20);
	assert_string_equal(buf_text(&f->seen), buf_text(&expected));
	assert_int_equal(f->server.requests, 20 + 3 + 2 + 1 + 2 + 1);
	buf_finish(&expected);
}

static void lets_no_lane_hold_up_another(void **state)
{
	struct fixture *f = *state;

	f->server.rules[0] = (struct rule){"/slow", 0, 0};
	f->server.rules[1] = (struct rule){"/ill", 0, 500, "{\"errcode\":\"M_UNKNOWN\"}"};
	put(f, "slow", "/slow/1");
	put(f, "slow", "/slow/2");
	put(f, "ill", "/ill");
	TURN_UNTIL(&f->loop, f->server.held_count == 1);
	for (unsigned i = 0; i < 30; i++)
		put(f, i % 2 ? "a" : "b", "/quick");
	put(f, NULL, "/quick");
	wait_for(f, 31);
	assert_int_equal(f->server.held_count, 1); /* the second waits for the first */
	assert_int_equal(homeserver_waiting(f->homeserver), 3);
	f->server.rules[0].used_up = f->server.rules[1].used_up = true;
	ruled_release(&f->server);
	wait_for(f, 34);
	const char *first = strstr(buf_text(&f->seen), "/slow/1\n"), *second = strstr(buf_text(&f->seen), "/slow/2\n");

	assert_true(first && second && first < second);
}

static void takes_turns(void **state)
{
	struct fixture *f = *state;
	char lane[16];

	/* all that may be under way at once is, and is held */
	f->server.rules[0] = (struct rule){"/held", 0, 0};
	for (unsigned i = 0; i < LIMIT_MATRIX_CALLS + 4; i++) {
		snprintf(lane, sizeof(lane), "lane %u", i);
		put(f, lane, "/held");
	}
	TURN_UNTIL(&f->loop, f->server.held_count == LIMIT_MATRIX_CALLS);
	for (unsigned i = 0; i < 5; i++)
		put(f, "many", "/many");
	for (unsigned i = 0; i < 3; i++)
		put(f, NULL, "/free");
	put(f, "few", "/few");
	for (unsigned i = 0; i < 20; i++)
		client_turn(&f->loop);
	assert_int_equal(f->server.held_count, LIMIT_MATRIX_CALLS);
	assert_int_equal(f->server.requests, LIMIT_MATRIX_CALLS);
	/* one place becomes free: it goes around */
	f->server.rules[0].used_up = true;
	struct http_request *one = f->server.held[0];

	f->server.held[0] = NULL;
	answer_well(f, one);
	wait_for(f, 1 + 4 + 9);
	assert_string_equal(buf_text(&f->seen), "/held\n/held\n/held\n/held\n/held\n/many\n/free\n/few\n"
	                                        "/many\n/free\n/many\n/free\n/many\n/many\n");
	ruled_release(&f->server);
	wait_for(f, LIMIT_MATRIX_CALLS + 4 + 9);
}

static void bounds_what_has_no_lane(void **state)
{
	struct fixture *f = *state;

	f->server.rules[0] = (struct rule){"/held", 0, 0};
	for (unsigned i = 0; i < 30; i++)
		put(f, NULL, "/held");
	TURN_UNTIL(&f->loop, f->server.held_count == LIMIT_MATRIX_FREE_CALLS);
	put(f, "room", "/quick"); /* rooms have places that these cannot take */
	wait_for(f, 1);
	assert_int_equal(f->server.held_count, LIMIT_MATRIX_FREE_CALLS);
	f->server.rules[0].used_up = true;
	ruled_release(&f->server);
	wait_for(f, 31);
}

static void obeys_limits(void **state)
{
	struct fixture *f = *state;

	homeserver_set_retry(f->homeserver, 1, 1);
	f->server.rules[0] =
	        (struct rule){"/a", 1, 429, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":300}"};
	put(f, "lane", "/a");
	put(f, "lane", "/b");
	wait_for(f, 2);
	assert_int_equal(f->server.requests, 3);
	assert_true(f->server.came_ms[1] - f->server.came_ms[0] >= 300);
	assert_string_equal(buf_text(&f->seen), "/a\n/b\n");
	/* as a header, and of one that is overloaded */
	f->server.rules[0] = (struct rule){"/a", 1, 429, "{}", "1"};
	put(f, "lane", "/a");
	wait_for(f, 3);
	assert_true(f->server.came_ms[4] - f->server.came_ms[3] >= 1000);
	f->server.rules[0] = (struct rule){"/a", 1, 503, "{\"errcode\":\"M_UNKNOWN\"}", "1"};
	put(f, NULL, "/a");
	wait_for(f, 4);
	assert_true(f->server.came_ms[6] - f->server.came_ms[5] >= 1000);
	/* nonsense is as if nothing was said */
	static const char *const nonsense[] = {"{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":-7}",
	                                       "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":\"x\"}",
	                                       "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":1e300}",
	                                       "", "[]"};

	for (unsigned i = 0; i < ARRAY_SIZE(nonsense); i++) {
		f->server.rules[0] = (struct rule){"/a", 1, 429, nonsense[i], "soon"};
		put(f, "lane", "/a");
		wait_for(f, 5 + i);
	}
	assert_string_equal(buf_text(&f->changes), "+"); /* it was there all the time */
}

/* A homeserver may have forgotten for a moment whom it has just registered. */
static void waits_for_a_user_that_is_new(void **state)
{
	struct fixture *f = *state;
	static const char new_user[] = "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"Application service has not "
	                               "registered this user (@ghost:localhost)\"}";

	f->server.rules[0] = (struct rule){"/a", 2, 403, new_user};
	put(f, "lane", "/a");
	put(f, "lane", "/b");
	wait_for(f, 2);
	assert_string_equal(buf_text(&f->seen), "/a\n/b\n");
	assert_int_equal(f->server.requests, 4);
	/* but not for ever: it is not there */
	f->server.rules[0] = (struct rule){"/c", 0, 403, new_user};
	put(f, "lane", "/c");
	wait_for(f, 3);
	assert_int_equal(f->server.requests, 4 + LIMIT_MATRIX_NEW_USER_TRIES);
	/* nor where others are forbidden something */
	f->server.rules[0] = (struct rule){"/d", 0, 403, "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"no\"}"};
	put(f, "lane", "/d");
	wait_for(f, 4);
	assert_int_equal(f->server.requests, 4 + LIMIT_MATRIX_NEW_USER_TRIES + 1);
}

static unsigned free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	getsockname(fd, (struct sockaddr *)&address, &size);
	close(fd);
	return ntohs(address.sin_port);
}

static void waits_for_one_that_is_away(void **state)
{
	struct fixture *f = *state;
	unsigned port = free_port();

	homeserver_destroy(&f->homeserver);
	begin(f, port);
	assert_false(homeserver_answers(f->homeserver));
	for (unsigned i = 0; i < 10; i++)
		put(f, i % 2 ? "a" : "b", i % 2 ? "/a" : "/b");
	put(f, NULL, "/c");
	uint64_t until = clock_ms() + 100; /* time for some attempts; any number of them is right */

	TURN_UNTIL(&f->loop, clock_ms() > until);
	assert_int_equal(f->done, 0);
	assert_int_equal(homeserver_waiting(f->homeserver), 11);
	assert_string_equal(buf_text(&f->changes), "");
	ruled_listen(&f->server, port);
	wait_for(f, 11);
	assert_true(homeserver_answers(f->homeserver));
	assert_string_equal(buf_text(&f->changes), "+");
}

/* Who waited long because nobody was there does not go on waiting when somebody is. */
static void goes_on_when_it_is_there_again(void **state)
{
	struct fixture *f = *state;

	f->server.rules[0] = (struct rule){"/", 3, 502, "<html>"};
	homeserver_set_retry(f->homeserver, 3600000, 3600000);
	put(f, "a", "/a");
	put(f, "b", "/b");
	put(f, NULL, "/c");
	TURN_UNTIL(&f->loop, f->server.requests == 3 && homeserver_silences(f->homeserver) == 3);
	put(f, "d", "/d");
	wait_for(f, 4);
	assert_int_equal(f->server.requests, 7);
	assert_int_equal(homeserver_silences(f->homeserver), 0);
}

/* A call that nothing ever comes back from, while the homeserver is well. */
static void is_not_hurried_by_others(void **state)
{
	struct fixture *f = *state;

	f->server.rules[0] = (struct rule){"/poison", 0, 502, "<html>"};
	homeserver_set_retry(f->homeserver, 3600000, 3600000);
	put(f, "poison", "/poison");
	TURN_UNTIL(&f->loop, f->server.requests == 1);
	for (unsigned i = 0; i < 20; i++) {
		put(f, "a", "/a");
		wait_for(f, i + 1);
	}
	assert_int_equal(f->server.requests, 21);
	assert_int_equal(homeserver_waiting(f->homeserver), 1);
}

static void says_when_that_changes(void **state)
{
	struct fixture *f = *state;

	put(f, NULL, "/a");
	wait_for(f, 1);
	assert_string_equal(buf_text(&f->changes), "+");
	f->server.rules[0] = (struct rule){"/", 3, 502, ""};
	put(f, "lane", "/a");
	wait_for(f, 2);
	assert_string_equal(buf_text(&f->changes), "+-+");
	/* an error of its own is an answer */
	f->server.rules[0] = (struct rule){"/", 3, 502, "{\"errcode\":\"M_CONNECTION_FAILED\"}"};
	put(f, "lane", "/a");
	wait_for(f, 3);
	assert_string_equal(buf_text(&f->changes), "+-+");
	assert_true(homeserver_answers(f->homeserver));
}

/* What may have been done and has no transaction id: whoever has asked decides. */
static void does_nothing_twice(void **state)
{
	struct fixture *f = *state;
	struct matrix_call make = {.method = HTTP_POST, .path = "/make", .body = "{}", .lane = "lane", .unrepeated = true};

	f->server.rules[0] = (struct rule){"/make", 1, 502, "<html>"};
	call(f, make);
	wait_for(f, 1);
	assert_int_equal(f->server.requests, 1);
	char told[100];

	snprintf(told, sizeof(told), "%d 502  -\n", TP_ERR_IO);
	expect_told(f, told);
	/* but the homeserver says that it has not been done */
	f->server.rules[0] = (struct rule){"/make", 1, 500, "{\"errcode\":\"M_UNKNOWN\"}"};
	f->server.rules[1] = (struct rule){"/make", 1, 429, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":1}"};
	call(f, make);
	wait_for(f, 2);
	assert_int_equal(f->server.requests, 4);
	/* or there is nobody who could have */
	unsigned port = free_port();

	homeserver_destroy(&f->homeserver);
	begin(f, port);
	call(f, make);
	uint64_t until = clock_ms() + 100;

	TURN_UNTIL(&f->loop, clock_ms() > until);
	assert_int_equal(f->done, 2);
	ruled_listen(&f->server, port);
	wait_for(f, 3);
	assert_int_equal(f->server.requests, 5);
}

#define LOOK "/_matrix/client/v3/rooms/!r/messages\n"

/* An event may be in the room although nobody has said so. */
static void looks_before_it_sends_again(void **state)
{
	struct fixture *f = *state;
	struct matrix_call send = {.path = "/send", .as = "@g:hs", .lane = "lane", .room = "!r", .transaction = "t2"};
	static const char messages[] = "{\"chunk\":[{\"event_id\":\"$1\",\"unsigned\":{\"transaction_id\":\"t1\"}},"
				       "{\"event_id\":\"$2\",\"unsigned\":{\"transaction_id\":\"t2\"}}]}";

	/* not there, after some silence: it is sent */
	f->server.rules[0] = (struct rule){"/", 2, 502, "<html>"};
	call(f, send);
	put(f, "lane", "/next");
	wait_for(f, 2);
	assert_string_equal(buf_text(&f->seen), LOOK "/send\n/next\n");
	assert_int_equal(f->server.requests, 5);
	/* there: it is not, and others go on */
	buf_clear(&f->seen);
	buf_clear(&f->told);
	f->server.rules[0] = (struct rule){"/send", 1, 502, "<html>"};
	f->server.rules[1] = (struct rule){"/_matrix", 0, 200, messages};
	call(f, send);
	put(f, "lane", "/next");
	wait_for(f, 4);
	assert_string_equal(buf_text(&f->seen), "/next\n");
	/* what the homeserver refuses to show does not stand in the way */
	buf_clear(&f->seen);
	f->server.rules[0] = (struct rule){"/send", 1, 502, "<html>"};
	f->server.rules[1] = (struct rule){"/_matrix", 0, 403, "{\"errcode\":\"M_FORBIDDEN\"}"};
	call(f, send);
	wait_for(f, 5);
	assert_string_equal(buf_text(&f->seen), "/send\n");
	/* nor is anything looked for that was refused, or made once */
	f->server.rules[0] = (struct rule){"/send", 2, 500, "{\"errcode\":\"M_UNKNOWN\"}"};
	f->server.rules[1] = (struct rule){"/_matrix", 0, 200, messages};
	call(f, send);
	wait_for(f, 6);
}

static void note_settled(void *context)
{
	struct fixture *f = context;

	f->settled++;
}

/* What may be in a room while its name is not known here. */
static void knows_what_is_unanswered(void **state)
{
	struct fixture *f = *state;
	const struct matrix_call send = {.path = "/send", .lane = "lane", .room = "!r", .transaction = "t2"};

	homeserver_watch_events(f->homeserver, note_settled, f);
	call(f, (struct matrix_call){.path = "/state", .lane = "lane"});
	call(f, send);
	/* what makes no event, and what waits, is none */
	assert_int_equal(homeserver_unanswered(f->homeserver, "lane"), 0);
	wait_for(f, 1);
	assert_int_equal(homeserver_unanswered(f->homeserver, "lane"), 1);
	assert_int_equal(homeserver_unanswered(f->homeserver, "another"), 0);
	assert_int_equal(homeserver_made(f->homeserver), 1);
	wait_for(f, 2);
	assert_int_equal(homeserver_unanswered(f->homeserver, "lane"), 0);
	assert_int_equal(f->settled, 1);
	/* silence leaves it in doubt, also while it is looked for; the name is the first try's */
	f->server.rules[0] = (struct rule){"/send", 1, 502, "<html>"};
	call(f, send);
	TURN_UNTIL(&f->loop, f->server.requests == 4);
	assert_int_equal(homeserver_unanswered(f->homeserver, "lane"), 2);
	wait_for(f, 3);
	assert_int_equal(homeserver_unanswered(f->homeserver, "lane"), 0);
	/* a refusal for now does not */
	f->server.rules[0] =
	        (struct rule){"/send", 1, 429, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":5}"};
	f->settled = 0;
	call(f, send);
	TURN_UNTIL(&f->loop, f->settled == 1);
	assert_int_equal(homeserver_unanswered(f->homeserver, "lane"), 0);
	wait_for(f, 4);
	assert_int_equal(f->settled, 2);
}

static void calls_once(void **state)
{
	struct fixture *f = *state;
	struct matrix_call once = {.path = "/typing", .lane = "lane", .once = true};

	f->server.rules[0] = (struct rule){"/", 1, 503, ""};
	call(f, once);
	wait_for(f, 1);
	f->server.rules[0] = (struct rule){"/", 1, 500, "{\"errcode\":\"M_UNKNOWN\"}"};
	call(f, once);
	wait_for(f, 2);
	f->server.rules[0] = (struct rule){"/", 1, 429, "{\"errcode\":\"M_LIMIT_EXCEEDED\"}"};
	call(f, once);
	wait_for(f, 3);
	call(f, once);
	wait_for(f, 4);
	assert_int_equal(f->server.requests, 4);
	char told[200];

	snprintf(told, sizeof(told),
	         "%d 503  -\n%d 500 M_UNKNOWN json\n%d 429 M_LIMIT_EXCEEDED json\n0 200  json\n", TP_ERR_IO,
	         TP_ERR_IO, TP_ERR_LIMIT);
	expect_told(f, told);
	homeserver_destroy(&f->homeserver);
	begin(f, free_port());
	call(f, once);
	wait_for(f, 5);
	snprintf(told, sizeof(told), "%d 0  -\n", TP_ERR_IO);
	expect_told(f, told);
}

static int file_of(const char *text)
{
	char path[] = "/tmp/libtransport-matrix-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static void uploads(void **state)
{
	struct fixture *f = *state;
	int fd = file_of("picture");

	f->server.rules[0] = (struct rule){"/", 2, 503, ""};
	struct caught_log caught = log_catch();

	homeserver_upload(f->homeserver, fd, 7, "image/png", "a b&c.png", 4711, note_done, f);
	wait_for(f, 1);
	assert_true(log_caught(&caught, ": to be asked again: ", ", trace 4711"));
	expect_told(f, "0 200  json\n");
	assert_string_equal(buf_text(&f->last),
	                    "4 /_matrix/media/v3/upload named a b&c.png, Bearer token, image/png, picture");
	assert_string_equal(buf_text(&f->bodies), "picture\npicture\npicture\n");
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	homeserver_upload(f->homeserver, file_of(""), 0, NULL, NULL, 0, note_done, f);
	wait_for(f, 2);
	assert_string_equal(buf_text(&f->last),
	                    "4 /_matrix/media/v3/upload, Bearer token, application/octet-stream, ");
	/* a few at once, and messages pass them by */
	f->server.rules[0] = (struct rule){"/_matrix", 0, 0};
	for (unsigned i = 0; i < 10; i++)
		homeserver_upload(f->homeserver, file_of("x"), 1, "", "", 0, note_done, f);
	put(f, "room", "/message");
	wait_for(f, 3);
	TURN_UNTIL(&f->loop, f->server.held_count == LIMIT_MATRIX_UPLOADS);
	f->server.rules[0].used_up = true;
	ruled_release(&f->server);
	wait_for(f, 13);
	/* those that wait are closed with it */
	f->server.rules[0] = (struct rule){"/_matrix", 0, 0};
	fd = file_of("x");
	homeserver_upload(f->homeserver, fd, 1, "", "", 0, note_done, f);
	TURN_UNTIL(&f->loop, f->server.held_count == 1);
	homeserver_destroy(&f->homeserver);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static unsigned dropped;

static void drop(void *context)
{
	(void)context;
	dropped++;
}

static void ends_with_calls_waiting(void **state)
{
	struct fixture *f = *state;

	dropped = 0;
	for (unsigned i = 0; i < 3; i++)
		call(f, (struct matrix_call){.path = "/held", .lane = i ? "dropped" : NULL, .drop = drop});
	f->server.rules[0] = (struct rule){"/held", 0, 0};
	f->server.rules[1] = (struct rule){"/ill", 0, 503, ""};
	for (unsigned i = 0; i < 3; i++) {
		put(f, "lane", "/held");
		put(f, "ill", "/ill");
		put(f, NULL, "/ill");
		put(f, NULL, "/held");
	}
	TURN_UNTIL(&f->loop, f->server.requests > 10);
	homeserver_destroy(&f->homeserver);
	assert_int_equal(dropped, 3);
	for (unsigned i = 0; i < 20; i++)
		client_turn(&f->loop);
	assert_int_equal(f->done, 0);
}

static void ends_from_inside(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 5; i++) {
		put(f, "lane", "/a");
		put(f, NULL, "/b");
	}
	f->destroy = &f->homeserver;
	TURN_UNTIL(&f->loop, f->done);
	assert_null(f->homeserver);
	for (unsigned i = 0; i < 20; i++)
		client_turn(&f->loop);
	assert_int_equal(f->done, 1);
	assert_string_equal(buf_text(&f->changes), "");
}

static void destroy_on_change(void *context, bool answers)
{
	struct fixture *f = context;

	(void)answers;
	homeserver_destroy(&f->homeserver);
}

static void ends_from_a_change(void **state)
{
	struct fixture *f = *state;

	homeserver_watch(f->homeserver, destroy_on_change, f);
	put(f, "lane", "/a");
	put(f, "lane", "/b");
	TURN_UNTIL(&f->loop, !f->homeserver);
	for (unsigned i = 0; i < 20; i++)
		client_turn(&f->loop);
	assert_int_equal(f->done, 1);
	assert_int_equal(f->server.requests, 1);
}

static void call_again(void *context, const struct matrix_reply *reply)
{
	struct fixture *f = context;

	(void)reply;
	if (++f->done < 10)
		homeserver_call(f->homeserver, &(struct matrix_call){.method = HTTP_PUT,
		                                                     .path = "/again",
		                                                     .lane = f->done % 2 ? "a" : "b",
		                                                     .done = call_again,
		                                                     .context = f});
}

static void is_called_from_inside(void **state)
{
	struct fixture *f = *state;

	homeserver_call(
	        f->homeserver,
	        &(struct matrix_call){
	                .method = HTTP_PUT, .path = "/again", .lane = "a", .done = call_again, .context = f});
	wait_for(f, 10);
	assert_int_equal(f->server.requests, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(calls),
	        TEST(tells_its_load),
	        TEST(again_in_its_place),
	        TEST(gives_refusals_back),
	        TEST(keeps_order_over_failures),
	        TEST(lets_no_lane_hold_up_another),
	        TEST(takes_turns),
	        TEST(bounds_what_has_no_lane),
	        TEST(obeys_limits),
	        TEST(waits_for_a_user_that_is_new),
	        TEST(waits_for_one_that_is_away),
	        TEST(goes_on_when_it_is_there_again),
	        TEST(is_not_hurried_by_others),
	        TEST(says_when_that_changes),
	        TEST(does_nothing_twice),
	        TEST(looks_before_it_sends_again),
	        TEST(knows_what_is_unanswered),
	        TEST(calls_once),
	        TEST(uploads),
	        TEST(ends_with_calls_waiting),
	        TEST(ends_from_inside),
	        TEST(ends_from_a_change),
	        TEST(is_called_from_inside),
	};

	return cmocka_run_group_tests_name("matrix: homeserver", tests, NULL, NULL);
}
