/* SPDX-License-Identifier: MIT */
/* Slow, hungry and hostile peers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/http/client.h"
#include "transport/http/http_private.h"

#define HOST "Host: localhost\r\nConnection: close\r\n"

struct fixture {
	uv_loop_t loop;
	struct http_server *server;
	struct http_listener *listener;
	bool stopped;
	unsigned gone;
	struct http_request *waiting;
	size_t length; /* of the answer */
};

static void note_gone(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->gone++;
	if (f->waiting == request)
		f->waiting = NULL;
}

static void answer_much(struct http_request *request, void *context)
{
	struct fixture *f = context;
	char *bytes = mem_alloc(f->length);

	http_answer(request, 200, "text/plain", bytes, f->length);
	mem_free(bytes);
}

static void never_answer(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->waiting = request;
}

static int set_up(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);
	struct buf error = {0};

	uv_loop_init(&f->loop);
	f->server = http_server_create(&f->loop, NULL);
	f->server->timing = (struct http_timing){
	        .head = 60000, .idle = 60000, .progress = 60000, .answer = 60000, .discard = 60000, .tick = 10};
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &f->listener, &error), 0);
	assert_true(http_listener_route(f->listener,
	                                &(struct http_route){"/much", HTTP_GET, .complete = answer_much,
	                                                     .gone = note_gone, .context = f}));
	assert_true(http_listener_route(f->listener, &(struct http_route){"/never", HTTP_GET | HTTP_PUT,
	                                                                  1u << 20, .complete = never_answer,
	                                                                  .gone = note_gone, .context = f}));
	f->length = 10;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	http_server_close(&f->server, note_true, &f->stopped);
	TURN_UNTIL(&f->loop, f->stopped);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	mem_free(f);
	return 0;
}

static void say(struct client *client, const char *text)
{
	client_say(client, text, strlen(text));
}

static void assert_begins(const char *answer, const char *begin)
{
	if (strncmp(answer, begin, strlen(begin)) != 0)
		fail_msg("expected %s, got %s", begin, answer);
}

static void expect_nothing_but_the_end(struct fixture *f, const char *begin)
{
	struct client client;

	client_open(&client, &f->loop, f->listener);
	say(&client, begin);
	assert_string_equal(client_hear(&client), "");
	client_close(&client);
}

static void drops_slow_heads(void **state)
{
	struct fixture *f = *state;

	f->server->timing.head = 50;
	expect_nothing_but_the_end(f, "");
	expect_nothing_but_the_end(f, "GET /much HTTP/1.1\r\n" HOST "X-Slow: ");
	/* a byte now and then does not help */
	struct client client;

	client_open(&client, &f->loop, f->listener);
	say(&client, "GET /much HTTP/1.1\r\nX: ");
	TURN_UNTIL(&f->loop, (send(client.fd, "x", 1, MSG_NOSIGNAL), client_read(&client), client.ended));
	client_close(&client);
}

static void drops_slow_bodies(void **state)
{
	struct fixture *f = *state;
	struct client client;

	f->server->timing.progress = 50;
	client_open(&client, &f->loop, f->listener);
	say(&client, "PUT /never HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n");
	TURN_UNTIL(&f->loop, (send(client.fd, "x", 1, MSG_NOSIGNAL), client_read(&client), client.ended));
	assert_int_equal(f->gone, 1);
	client_close(&client);
}

static void drops_who_does_not_read(void **state)
{
	struct fixture *f = *state;
	struct client client;

	f->length = 64u << 20;
	f->server->timing.progress = 50;
	client_open(&client, &f->loop, f->listener);
	say(&client, "GET /much HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&f->loop, f->gone == 1);
	TURN_UNTIL(&f->loop, http_server_count(f->server) == 0);
	client_hear(&client);
	assert_true(client.in.len < f->length);
	client_close(&client);
}

static void serves_who_reads_slowly_but_steadily(void **state)
{
	struct fixture *f = *state;
	struct client client;
	static char scratch[256 << 10];
	size_t taken = 0;

	f->length = 16u << 20;
	f->server->timing.progress = 1000;
	client_open(&client, &f->loop, f->listener);
	say(&client, "GET /much HTTP/1.1\r\n" HOST "\r\n");
	for (ssize_t count = 1; count != 0;) {
		count = recv(client.fd, scratch, sizeof(scratch), MSG_DONTWAIT);
		taken += count > 0 ? (size_t)count : 0;
		client_turn(&f->loop);
	}
	assert_true(taken > f->length);
	client_close(&client);
}

static void answers_for_a_handler_that_does_not(void **state)
{
	struct fixture *f = *state;
	struct client client;

	f->server->timing.answer = 50;
	client_open(&client, &f->loop, f->listener);
	say(&client, "GET /never HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(strncmp(client_hear(&client), "HTTP/1.1 503", 12), 0);
	assert_null(f->waiting);
	client_close(&client);
}

static void stops_discarding(void **state)
{
	struct fixture *f = *state;
	struct client client;

	f->server->timing.discard = 50;
	client_open(&client, &f->loop, f->listener);
	say(&client, "PUT /never HTTP/1.1\r\n" HOST "Content-Length: 100000000\r\n\r\nabc");
	assert_int_equal(strncmp(client_hear(&client), "HTTP/1.1 413", 12), 0);
	TURN_UNTIL(&f->loop, http_server_count(f->server) == 0);
	client_close(&client);
}

static void refuses_long_heads(void **state)
{
	struct fixture *f = *state;
	char *filler = mem_alloc(LIMIT_HTTP_HEAD_BYTES + 1);

	memset(filler, 'a', LIMIT_HTTP_HEAD_BYTES);
	char *long_path = mem_printf("GET /%s HTTP/1.1\r\n" HOST "\r\n", filler);
	char *long_header = mem_printf("GET /much HTTP/1.1\r\n" HOST "X-Own: %s\r\n\r\n", filler);
	struct client client;

	assert_begins(client_ask(&f->loop, f->listener, long_path), "HTTP/1.1 431");
	assert_begins(client_ask(&f->loop, f->listener, long_header), "HTTP/1.1 431");
	/* many short ones, that never end */
	client_open(&client, &f->loop, f->listener);
	say(&client, "GET /much HTTP/1.1\r\n" HOST);
	f->server->timing.discard = 50;
	TURN_UNTIL(&f->loop,
	           (send(client.fd, "Accept: x\r\n", 11, MSG_NOSIGNAL), client_read(&client), client.ended));
	assert_begins(buf_text(&client.in), "HTTP/1.1 431");
	TURN_UNTIL(&f->loop, http_server_count(f->server) == 0);
	client_close(&client);
	mem_free(long_path);
	mem_free(long_header);
	mem_free(filler);
}

static void note_time(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Half a request line lies in the socket until there is more of it: meanwhile the loop sleeps. */
static void sleeps_on_half_a_line(void **state)
{
	struct fixture *f = *state;
	struct client client;
	bool over = false;
	unsigned wakes = 0;
	uv_timer_t timer = {.data = &over};

	client_open(&client, &f->loop, f->listener);
	say(&client, "GET /mu");
	TURN_UNTIL(&f->loop, http_server_count(f->server) == 1);
	uv_timer_init(&f->loop, &timer);
	uv_timer_start(&timer, note_time, 300, 0);
	while (!over) {
		uv_run(&f->loop, UV_RUN_ONCE);
		wakes++;
	}
	uv_close((uv_handle_t *)&timer, NULL);
	assert_in_range(wakes, 1, 100); /* the server's tick is 10 ms */
	say(&client, "ch HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(strncmp(client_hear(&client), "HTTP/1.1 200", 12), 0);
	client_close(&client);
}

/* Half-open connections give way to those who speak. */
static void serves_beside_silent_ones(void **state)
{
	struct fixture *f = *state;
	struct client silent[20];

	f->server->connections_max = 10;
	for (unsigned i = 0; i < 20; i++) {
		client_open(&silent[i], &f->loop, f->listener);
		say(&silent[i], "GET /mu");
	}
	const char *answer = client_ask(&f->loop, f->listener, "GET /much HTTP/1.1\r\n" HOST "\r\n");

	assert_int_equal(strncmp(answer, "HTTP/1.1 200", 12), 0);
	TURN_UNTIL(&f->loop, http_server_count(f->server) <= 10);
	client_hear(&silent[0]); /* the oldest went first */
	for (unsigned i = 0; i < 20; i++)
		client_close(&silent[i]);
}

static void refuses_when_all_are_busy(void **state)
{
	struct fixture *f = *state;
	struct client busy[3];

	f->server->connections_max = 3;
	for (unsigned i = 0; i < 3; i++) {
		client_open(&busy[i], &f->loop, f->listener);
		say(&busy[i], "GET /never HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&f->loop, f->waiting);
		f->waiting = NULL;
	}
	expect_nothing_but_the_end(f, "GET /much HTTP/1.1\r\n" HOST "\r\n");
	for (unsigned i = 0; i < 3; i++)
		client_close(&busy[i]);
}

static void survives_without_descriptors(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, low;
	struct client client;

	client_open(&client, &f->loop, f->listener);
	getrlimit(RLIMIT_NOFILE, &before);
	low = before;
	low.rlim_cur = (rlim_t)client.fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	TURN_UNTIL(&f->loop, f->server->warned_full);
	assert_int_equal(http_server_count(f->server), 0);
	setrlimit(RLIMIT_NOFILE, &before);
	client_close(&client);
	const char *answer = client_ask(&f->loop, f->listener, "GET /much HTTP/1.1\r\n" HOST "\r\n");

	assert_int_equal(strncmp(answer, "HTTP/1.1 200", 12), 0);
}

/* Nothing but HTTP/1 is spoken here, whatever a peer begins with or offers. */
static void speaks_no_other_protocol(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *said, *answer;
	} cases[] = {
		{"GET /much HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", "HTTP/1.1 200"},
		{"GET /much HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
		 "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n", "HTTP/1.1 200"},
		{"GET /much HTTP/1.1\r\n" HOST "Upgrade: foo\r\n\r\nGET /much HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505"},
		{"CONNECT localhost:25 HTTP/1.1\r\n" HOST "\r\nHELO x\r\n", "HTTP/1.1 400"},
		{"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 400"},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "HTTP/1.1 400"},
		{"\0", "HTTP/1.1 400"},
		{"BREW /much HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 405"},
		{"\r\n\r\n\r\n", "HTTP/1.1 400"},
		{"GET /much HTTP/1.1\r\nGET /much HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct client client;
		size_t length = strlen(cases[i].said);

		client_open(&client, &f->loop, f->listener);
		client_say(&client, cases[i].said, length ? length : 1);
		assert_begins(client_hear(&client), cases[i].answer);
		assert_null(strstr(buf_text(&client.in), " 101 "));
		client_close(&client);
	}
}

/* Peers that leave at every byte of a request. */
static void lets_peers_leave_anywhere(void **state)
{
	struct fixture *f = *state;
	static const char request[] = "PUT /never HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello";

	for (size_t length = 0; length < sizeof(request); length++) {
		struct client client;
		unsigned gone = f->gone;

		client_open(&client, &f->loop, f->listener);
		client_say(&client, request, length);
		if (length % 2) {
			struct linger hard = {.l_onoff = 1};

			setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		}
		client_close(&client);
		if (length == sizeof(request) - 1) {
			TURN_UNTIL(&f->loop, f->waiting);
			http_answer(f->waiting, 200, "text/plain", "late", 4);
			assert_int_equal(f->gone, gone + 1);
		}
		TURN_UNTIL(&f->loop, http_server_count(f->server) == 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(drops_slow_heads),
	        TEST(drops_slow_bodies),
	        TEST(drops_who_does_not_read),
	        TEST(serves_who_reads_slowly_but_steadily),
	        TEST(answers_for_a_handler_that_does_not),
	        TEST(stops_discarding),
	        TEST(refuses_long_heads),
	        TEST(sleeps_on_half_a_line),
	        TEST(serves_beside_silent_ones),
	        TEST(refuses_when_all_are_busy),
	        TEST(survives_without_descriptors),
	        TEST(speaks_no_other_protocol),
	        TEST(lets_peers_leave_anywhere),
	};

	return cmocka_run_group_tests_name("http: limits", tests, NULL, NULL);
}
