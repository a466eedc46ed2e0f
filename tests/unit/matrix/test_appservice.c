/* SPDX-License-Identifier: MIT */
/* What a homeserver asks, and what somebody else asks who found the port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/matrix/wire/appservice.h"
#include "tests/unit/http/client.h"
#include "transport/http/http_private.h"

#define HOST "Host: localhost\r\nConnection: close\r\n"
#define TOKEN "Authorization: Bearer secret\r\n"
#define V1 "/_matrix/app/v1"

struct fixture {
	unsigned nonsense;
	uv_loop_t loop;
	struct http_server *server;
	struct http_listener *listener;
	struct appservice *appservice;
	bool stopped;
	struct buf seen;
	bool waits; /* answers come later */
	struct appservice_request *waiting;
};

static void answer(struct fixture *f, struct appservice_request *request, const char *id)
{
	if (f->waits)
		f->waiting = request;
	else if (strstr(id, "no"))
		appservice_refuse(request, 404, "M_NOT_FOUND", "there is \"none\"\n");
	else
		appservice_accept(request);
}

static void take_transaction(void *context, struct appservice_request *request, const char *id,
			     const struct cJSON *body)
{
	struct fixture *f = context;
	const struct cJSON *events = json_array(body, "events");
	unsigned count = 0;

	assert_non_null(events);
	for (const struct cJSON *event = json_first(events); event; event = json_next(event))
		count++;
	buf_printf(&f->seen, "transaction %s: %u\n", id, count);
	answer(f, request, id);
}

static void take_nonsense(void *context, struct appservice_request *request, const char *body, size_t length)
{
	struct fixture *f = context;

	assert_int_equal(strnlen(body, length), length);
	f->nonsense++;
	appservice_accept(request);
}

static void take_user(void *context, struct appservice_request *request, const char *id)
{
	struct fixture *f = context;

	buf_printf(&f->seen, "user %s\n", id);
	answer(f, request, id);
}

static void take_alias(void *context, struct appservice_request *request, const char *alias)
{
	struct fixture *f = context;

	buf_printf(&f->seen, "alias %s\n", alias);
	answer(f, request, alias);
}

static void take_ping(void *context, const char *transaction)
{
	struct fixture *f = context;

	buf_printf(&f->seen, "ping %s\n", transaction);
}

static void take_directory(void *context, struct appservice_request *request, enum appservice_directory what,
			   const char *protocol)
{
	struct fixture *f = context;
	const char *field = appservice_field(request, "nick");
	struct buf json = {0};

	buf_printf(&f->seen, "directory %d %s %s\n", (int)what, protocol ? protocol : "-", field ? field : "-");
	buf_puts(&json, "{}");
	if (protocol && !strcmp(protocol, "none"))
		appservice_refuse(request, 404, "M_NOT_FOUND", "no such protocol");
	else
		appservice_answer(request, &json);
	buf_finish(&json);
}

static struct appservice_ops ops_of(struct fixture *f)
{
	return (struct appservice_ops){take_transaction, take_nonsense, take_user, take_alias, take_directory, take_ping, f};
}

static int set_up(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);
	struct appservice_ops ops = ops_of(f);
	struct buf error = {0};

	uv_loop_init(&f->loop);
	f->server = http_server_create(&f->loop, NULL);
	f->server->timing.tick = 10;
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &f->listener, &error), 0);
	assert_true(appservice_create(f->listener, "secret", &ops, NULL, &f->appservice));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	http_server_close(&f->server, note_true, &f->stopped);
	TURN_UNTIL(&f->loop, f->stopped);
	appservice_destroy(&f->appservice);
	assert_null(f->appservice);
	appservice_destroy(&f->appservice);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	buf_finish(&f->seen);
	mem_free(f);
	return 0;
}

static void expect(struct fixture *f, const char *request, unsigned status, const char *content)
{
	const char *answered = client_ask(&f->loop, f->listener, request);
	char begin[32];

	snprintf(begin, sizeof(begin), "HTTP/1.1 %u ", status);
	if (strncmp(answered, begin, strlen(begin)) != 0 || !strstr(answered, "\r\nContent-Type: application/json\r\n"))
		fail_msg("%s\nis answered with %s", request, answered);
	assert_non_null(content_of(answered));
	if (content[0] == '{' && content[1] == '}')
		assert_string_equal(content_of(answered), content);
	else if (!strstr(content_of(answered), content))
		fail_msg("%s\nis answered with %s", request, answered);
	struct cJSON *json = json_read(content_of(answered), strlen(content_of(answered)));

	assert_true(json_is_object(json));
	json_free(&json);
}

static void expect_seen(struct fixture *f, const char *seen)
{
	assert_string_equal(buf_text(&f->seen), seen);
	buf_clear(&f->seen);
}

static void put(struct fixture *f, const char *path, const char *body, unsigned status, const char *content)
{
	char *request = mem_printf("PUT %s HTTP/1.1\r\n" HOST TOKEN "Content-Type: application/json\r\nContent-Length: %zu\r\n"
				   "\r\n%s", path, strlen(body), body);

	expect(f, request, status, content);
	mem_free(request);
}

static void get(struct fixture *f, const char *path, unsigned status, const char *content)
{
	char *request = mem_printf("GET %s HTTP/1.1\r\n" HOST TOKEN "\r\n", path);

	expect(f, request, status, content);
	mem_free(request);
}

static void takes_transactions(void **state)
{
	struct fixture *f = *state;

	put(f, V1 "/transactions/1", "{\"events\":[]}", 200, "{}");
	expect_seen(f, "transaction 1: 0\n");
	put(f, V1 "/transactions/2", "{\"ephemeral\":[{}],\"events\":[{},{\"type\":\"x\"},7],\"unknown\":{}}", 200, "{}");
	expect_seen(f, "transaction 2: 3\n");
	put(f, "/transactions/3", "{\"events\":[]}", 200, "{}");
	expect_seen(f, "transaction 3: 0\n");
	/* ids are what they are */
	put(f, V1 "/transactions/17954187302651234567", "{\"events\":[]}", 200, "{}");
	put(f, V1 "/transactions/a%20b%2Fc%3Fd%23%25+%C3%A9=&;", "{\"events\":[]}", 200, "{}");
	put(f, V1 "/transactions/-1?access_token=other&user_id=x", "{\"events\":[]}", 200, "{}");
	expect_seen(f, "transaction 17954187302651234567: 0\ntransaction a b/c?d#%+\xc3\xa9=&;: 0\ntransaction -1: 0\n");
	put(f, V1 "/transactions/a//b", "{\"events\":[]}", 200, "{}");
	put(f, V1 "/transactions/a%2F%2Fb%2F..%2Fc", "{\"events\":[]}", 200, "{}");
	put(f, V1 "/transactions//", "{\"events\":[]}", 200, "{}");
	put(f, V1 "/transactions/..%2F..%2F..%2F..%2F..%2Fetc", "{\"events\":[]}", 404, "M_UNRECOGNIZED");
	put(f, V1 "/rooms/../transactions/5", "{\"events\":[]}", 404, "M_UNRECOGNIZED");
	put(f, V1 "/%74ransactions/5", "{\"events\":[]}", 404, "M_UNRECOGNIZED");
	expect_seen(f, "transaction a//b: 0\ntransaction a//b/../c: 0\ntransaction /: 0\n");
	put(f, V1 "/transactions/no", "{\"events\":[]}", 404,
	    "{\"errcode\":\"M_NOT_FOUND\",\"error\":\"there is \\\"none\\\"\\n\"}");
}

static void hands_nonsense_on(void **state)
{
	static const char *const bodies[] = {"",          "{",           "[]",           "null",        "\"events\"",
					     "{}",        "{\"events\":{}}", "{\"events\":7}", "{\"Events\":[]}", "\xef\xbb\xbf{\"events\":[]}",
					     "{\"events\":[]} x", "\xff",    "{\"events\":[\xff]}"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		put(f, V1 "/transactions/1", bodies[i], 200, "{}");
	char *deep = mem_alloc(200001);

	memset(deep, '[', 200000);
	put(f, V1 "/transactions/1", deep, 200, "{}");
	mem_free(deep);
	assert_int_equal(f->nonsense, ARRAY_SIZE(bodies) + 1);
	expect_seen(f, "");
}

static void answers_queries(void **state)
{
	struct fixture *f = *state;

	get(f, V1 "/users/%40_irc_x%3Alocalhost", 200, "{}");
	get(f, V1 "/rooms/%23_irc_%23a%3Alocalhost", 200, "{}");
	get(f, "/users/%40no%3Alocalhost", 404, "M_NOT_FOUND");
	get(f, "/rooms/%23no%3Alocalhost", 404, "M_NOT_FOUND");
	get(f, V1 "/rooms/%23_irc_%23a%2Fb%3Fc+d%3Dx%3Alocalhost", 200, "{}");
	get(f, V1 "/rooms/%23_irc_%23r&b;//+:localhost", 200, "{}"); /* as Go programs write it */
	get(f, V1 "/users/@_irc_a=40b:localhost", 200, "{}");
	expect_seen(f, "user @_irc_x:localhost\nalias #_irc_#a:localhost\nuser @no:localhost\nalias #no:localhost\n"
		       "alias #_irc_#a/b?c+d=x:localhost\nalias #_irc_#r&b;//+:localhost\nuser @_irc_a=40b:localhost\n");
}

static void answers_directory(void **state)
{
	struct fixture *f = *state;

	get(f, V1 "/thirdparty/protocol/irc", 200, "{}");
	get(f, V1 "/thirdparty/user/irc?nick=x%2Fy", 200, "{}");
	get(f, V1 "/thirdparty/user?userid=%40x", 200, "{}");
	get(f, V1 "/thirdparty/location/irc", 200, "{}");
	get(f, V1 "/thirdparty/location?nick=a", 200, "{}");
	get(f, V1 "/thirdparty/user/none?nick=x", 404, "M_NOT_FOUND");
	get(f, V1 "/thirdparty/protocol/", 404, "M_UNRECOGNIZED");
	get(f, V1 "/thirdparty/protocol", 404, "M_UNRECOGNIZED");
	expect_seen(f, "directory 0 irc -\ndirectory 2 irc x/y\ndirectory 2 - -\ndirectory 1 irc -\ndirectory 1 - a\n"
		       "directory 2 none x\n");
}

static void post_ping(struct fixture *f, const char *body, unsigned status, const char *content)
{
	char *request = mem_printf("POST " V1 "/ping HTTP/1.1\r\n" HOST TOKEN "Content-Length: %zu\r\n\r\n%s",
				   strlen(body), body);

	expect(f, request, status, content);
	mem_free(request);
}

static void answers_pings(void **state)
{
	struct fixture *f = *state;

	post_ping(f, "{\"transaction_id\":\"mid\"}", 200, "{}");
	post_ping(f, "{}", 200, "{}");
	post_ping(f, "{\"transaction_id\":5}", 200, "{}");
	post_ping(f, "", 200, "{}");
	expect_seen(f, "ping mid\nping \nping \nping \n");
	expect(f, "POST /_matrix/app/unstable/fi.mau.msc2659/ping HTTP/1.1\r\n" HOST TOKEN "Content-Length: 2\r\n\r\n{}",
	       200, "{}");
	expect_seen(f, "ping \n");
	post_ping(f, "nonsense", 400, "M_NOT_JSON");
	post_ping(f, "{\"transaction_id\":\"mid\"", 400, "M_NOT_JSON");
	post_ping(f, "[]", 400, "M_BAD_JSON");
	expect_seen(f, "");
}

static void checks_tokens(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = {"GET " V1 "/users/x", "GET " V1 "/rooms/x", "GET " V1 "/thirdparty/user/x",
					    "GET /users/x",
					    "GET " V1 "/thirdparty/protocol/x"};
	static const struct {
		const char *query, *header;
		unsigned status;
		const char *errcode;
	} cases[] = {
		{"", "", 401, "M_MISSING_TOKEN"},
		{"", "Authorization: Basic c2VjcmV0\r\n", 401, "M_MISSING_TOKEN"},
		{"", "Authorization: Bearer\r\n", 401, "M_MISSING_TOKEN"},
		{"", "Authorization: Bearer \r\n", 401, "M_MISSING_TOKEN"},
		{"", "Authorization: Bearer wrong\r\n", 403, "M_FORBIDDEN"},
		{"", "Authorization: Bearer secre\r\n", 403, "M_FORBIDDEN"},
		{"", "Authorization: Bearer secrets\r\n", 403, "M_FORBIDDEN"},
		{"", "Authorization: Bearer Secret\r\n", 403, "M_FORBIDDEN"},
		{"?access_token=wrong", "", 403, "M_FORBIDDEN"},
		{"?access_token=", "", 401, "M_MISSING_TOKEN"},
		{"?access_token=secret", "Authorization: Bearer wrong\r\n", 403, "M_FORBIDDEN"},
		{"?x_access_token=secret", "", 401, "M_MISSING_TOKEN"},
	};

	for (size_t p = 0; p < ARRAY_SIZE(paths); p++)
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			char *request = mem_printf("%s%s HTTP/1.1\r\n" HOST "%s\r\n", paths[p], cases[i].query, cases[i].header);

			expect(f, request, cases[i].status, cases[i].errcode);
			mem_free(request);
		}
	expect_seen(f, "");
	expect(f, "GET " V1 "/users/x?access_token=secret HTTP/1.1\r\n" HOST "\r\n", 200, "{}");
	expect(f, "GET " V1 "/users/x?a=b&access_token=secret HTTP/1.1\r\n" HOST "\r\n", 200, "{}");
	expect(f, "GET " V1 "/users/x HTTP/1.1\r\n" HOST "authorization: bearer secret\r\n\r\n", 200, "{}");
	expect_seen(f, "user x\nuser x\nuser x\n");
}

/* Without the body having been sent at all. */
static void checks_them_before_the_body(void **state)
{
	struct fixture *f = *state;

	expect(f, "PUT " V1 "/transactions/1 HTTP/1.1\r\n" HOST "Content-Length: 30000000\r\n\r\n", 401, "M_MISSING_TOKEN");
	expect(f, "PUT " V1 "/transactions/1 HTTP/1.1\r\n" HOST
	       "Authorization: Bearer x\r\nContent-Length: 30000000\r\n\r\n{", 403, "M_FORBIDDEN");
	expect(f, "POST " V1 "/ping HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 401, "M_MISSING_TOKEN");
	expect_seen(f, "");
}

static void refuses_what_is_wrong(void **state)
{
	static const struct {
		const char *line;
		unsigned status;
		const char *errcode;
	} cases[] = {
		{"GET " V1 "/transactions/1", 405, "M_UNRECOGNIZED"},
		{"POST " V1 "/transactions/1", 405, "M_UNRECOGNIZED"},
		{"DELETE " V1 "/transactions/1", 405, "M_UNRECOGNIZED"},
		{"PATCH " V1 "/transactions/1", 405, "M_UNRECOGNIZED"},
		{"PUT " V1 "/users/x", 405, "M_UNRECOGNIZED"},
		{"POST " V1 "/rooms/x", 405, "M_UNRECOGNIZED"},
		{"GET " V1 "/ping", 405, "M_UNRECOGNIZED"},
		{"GET /_matrix/app/unstable/fi.mau.msc2659/ping", 405, "M_UNRECOGNIZED"},
		{"DELETE " V1 "/thirdparty/user/x", 405, "M_UNRECOGNIZED"},
		{"GET /transactions/1", 405, "M_UNRECOGNIZED"},
		{"GET /_matrix/app/v1/nothing", 404, "M_UNRECOGNIZED"},
		{"PUT /_matrix/app/v2/transactions/1", 404, "M_UNRECOGNIZED"},
		{"POST /_matrix/app/unstable/org.matrix.msc3983/keys/claim", 404, "M_UNRECOGNIZED"},
		{"DELETE /_matrix/", 404, "M_UNRECOGNIZED"},
		{"GET /", 404, "M_UNRECOGNIZED"},
		{"GET /index.html", 404, "M_UNRECOGNIZED"},
		{"POST /wp-login.php", 404, "M_UNRECOGNIZED"},
		{"GET /ping", 404, "M_UNRECOGNIZED"},
		{"PUT " V1 "/transactions/", 404, "M_UNRECOGNIZED"},
		{"PUT " V1 "/transactions", 404, "M_UNRECOGNIZED"},
		{"GET " V1 "/users/", 404, "M_UNRECOGNIZED"},
		{"GET " V1 "/users/../../../../etc/passwd", 404, "M_UNRECOGNIZED"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *request = mem_printf("%s HTTP/1.1\r\n" HOST TOKEN "Content-Length: 2\r\n\r\n{}", cases[i].line);

		expect(f, request, cases[i].status, cases[i].errcode);
		mem_free(request);
	}
	expect(f, "PUT " V1 "/transactions/1 HTTP/1.1\r\n" HOST TOKEN "\r\n", 411, "M_UNKNOWN");
	expect(f, "PUT " V1 "/transactions/1 HTTP/1.1\r\n" HOST TOKEN "Content-Length: 33554433\r\n\r\n", 413, "M_TOO_LARGE");
	expect(f, "POST " V1 "/ping HTTP/1.1\r\n" HOST TOKEN "Content-Length: 65537\r\n\r\n", 413, "M_TOO_LARGE");
	const char *answered = client_ask(&f->loop, f->listener, "GET " V1 "/ping HTTP/1.1\r\n" HOST "\r\n");

	assert_non_null(strstr(answered, "\r\nAllow: POST\r\n"));
	expect_seen(f, "");
}

static void takes_32_mib(void **state)
{
	struct fixture *f = *state;
	size_t size = LIMIT_MATRIX_TRANSACTION_BYTES;
	char *body = mem_alloc(size + 1);
	static const char begin[] = "{\"events\":[\"", end[] = "\"]}";

	memset(body, 'x', size);
	memcpy(body, begin, sizeof(begin) - 1);
	memcpy(body + size - sizeof(end) + 1, end, sizeof(end) - 1);
	put(f, V1 "/transactions/big", body, 200, "{}");
	mem_free(body);
	expect_seen(f, "transaction big: 1\n");
}

static void say_transaction(struct fixture *f, struct client *client)
{
	static const char request[] = "PUT " V1 "/transactions/9 HTTP/1.1\r\n" HOST TOKEN
				      "Content-Length: 13\r\n\r\n{\"events\":[]}";

	f->waits = true;
	f->waiting = NULL;
	client_open(client, &f->loop, f->listener);
	client_say(client, request, sizeof(request) - 1);
	TURN_UNTIL(&f->loop, f->waiting);
}

static void answers_later(void **state)
{
	struct fixture *f = *state;
	struct client client;

	say_transaction(f, &client);
	f->waits = false;
	get(f, V1 "/users/x", 200, "{}"); /* others are served meanwhile */
	appservice_accept(f->waiting);
	assert_non_null(strstr(client_hear(&client), "HTTP/1.1 200 "));
	assert_string_equal(content_of(buf_text(&client.in)), "{}");
	client_close(&client);
	say_transaction(f, &client);
	appservice_refuse(f->waiting, 503, "M_UNKNOWN", "full");
	assert_non_null(strstr(client_hear(&client), "HTTP/1.1 503 "));
	client_close(&client);
}

static void answers_who_has_gone(void **state)
{
	struct fixture *f = *state;
	struct client client;

	f->server->timing.answer = 20;
	say_transaction(f, &client);
	client_close(&client);
	TURN_UNTIL(&f->loop, http_server_count(f->server) == 0);
	appservice_accept(f->waiting);
	say_transaction(f, &client);
	client_close(&client);
	TURN_UNTIL(&f->loop, http_server_count(f->server) == 0);
	appservice_refuse(f->waiting, 503, "M_UNKNOWN", "full");
	/* and who was told that it takes too long */
	say_transaction(f, &client);
	assert_non_null(strstr(client_hear(&client), "HTTP/1.1 503 "));
	assert_non_null(strstr(content_of(buf_text(&client.in)), "\"errcode\":\"M_UNKNOWN\""));
	client_close(&client);
	appservice_accept(f->waiting);
}

static void forgets_who_waits(void **state)
{
	struct fixture *f = *state;
	struct client client;

	say_transaction(f, &client); /* torn down with it */
	client_close(&client);
}

static void refuses_a_taken_listener(void **state)
{
	struct fixture *f = *state;
	struct appservice *second;
	struct appservice_ops ops = ops_of(f);
	struct http_listener *listener;
	struct buf error = {0};

	assert_false(appservice_create(f->listener, "secret", &ops, NULL, &second));
	assert_null(second);
	/* somebody who has only one of the paths; nothing is left behind */
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &listener, &error), 0);
	assert_true(http_listener_route(listener, &(struct http_route){V1 "/ping", HTTP_GET}));
	assert_false(appservice_create(listener, "secret", &ops, NULL, &second));
	assert_false(http_listener_has_route(listener, V1 "/transactions/"));
	/* paths that are others' as well */
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &listener, &error), 0);
	assert_true(http_listener_route(listener, &(struct http_route){"/", HTTP_GET}));
	assert_true(http_listener_route(listener, &(struct http_route){"/users/", HTTP_GET}));
	assert_true(appservice_create(listener, "secret", &ops, NULL, &second));
	appservice_destroy(&second);
	/* without a ping */
	ops.ping = NULL;
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &listener, &error), 0);
	assert_true(appservice_create(listener, "secret", &ops, NULL, &second));
	assert_non_null(strstr(client_ask(&f->loop, listener,
					  "POST " V1 "/ping HTTP/1.1\r\n" HOST TOKEN "Content-Length: 2\r\n\r\n{}"),
			       "HTTP/1.1 200 "));
	appservice_destroy(&second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_transactions),
		TEST(hands_nonsense_on),
		TEST(answers_queries),
		TEST(answers_directory),
		TEST(answers_pings),
		TEST(checks_tokens),
		TEST(checks_them_before_the_body),
		TEST(refuses_what_is_wrong),
		TEST(takes_32_mib),
		TEST(answers_later),
		TEST(answers_who_has_gone),
		TEST(forgets_who_waits),
		TEST(refuses_a_taken_listener),
	};

	return cmocka_run_group_tests_name("matrix: appservice", tests, NULL, NULL);
}
