/* SPDX-License-Identifier: MIT */
/* The HTTP client: requests, answers, what goes wrong, how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "tests/unit/http/asking.h"

static void fetches(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};

	ask(f, (struct http_ask){.url = url_of(f, "/status/200")}, &outcome);
	assert_int_equal(outcome.result.err, 0);
	assert_int_equal(outcome.result.status, 200);
	assert_string_equal(buf_text(&outcome.body), "as you like");
	assert_string_equal(buf_text(&outcome.type), "text/plain");
	assert_int_equal(outcome.result.length, 11);
	assert_int_equal(outcome.result.size, 11);
	assert_int_equal(outcome.result.retry_after_ms, -1);
	for (unsigned status = 400; status < 504; status++) {
		char path[32];

		snprintf(path, sizeof(path), "/status/%u", status);
		ask(f, (struct http_ask){.url = url_of(f, path)}, &outcome);
		assert_int_equal(outcome.result.err, 0);
		assert_int_equal(outcome.result.status, status);
	}
	outcome_finish(&outcome);
}

static void says_what_it_was_told(void **state)
{
	static const char *const headers[] = {"X-One: 1", "X-Two: two\r\nX-Three: injected", NULL};
	struct fixture *f = *state;
	struct outcome outcome = {0};

	ask(f,
	    (struct http_ask){.method = HTTP_PUT, .url = url_of(f, "/echo/a%20b?x=1"), .bearer = "secret", .headers = headers,
			      .content_type = "text/x\r\nX-Four: 4", .body = "he\0llo", .body_length = 6},
	    &outcome);
	assert_string_equal(buf_text(&f->seen), "8 /echo/a b\nauthorization: Bearer secret\ncontent-type: text/x__X-Four: 4\n"
						"x-one: 1\nx-two: two__X-Three: injected\n"
						"user-agent: libtransport/" LIBTRANSPORT_VERSION "\n");
	assert_int_equal(outcome.result.length, 6);
	assert_memory_equal(outcome.body.data, "he\0llo", 6);
	static const enum http_method methods[] = {HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE};

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		struct buf expected = {0};

		ask(f, (struct http_ask){.method = methods[i], .url = url_of(f, "/echo/")}, &outcome);
		assert_int_equal(outcome.result.status, 200);
		assert_int_equal(outcome.result.length, 0);
		buf_printf(&expected, "%d /echo/\nuser-agent: libtransport/" LIBTRANSPORT_VERSION "\n", methods[i]);
		assert_string_equal(buf_text(&f->seen), buf_text(&expected));
		buf_finish(&expected);
	}
	outcome_finish(&outcome);
}

struct committing {
	struct fixture *f;
	unsigned times;
};

/* Before what was asked has left. */
static void note_commit(void *context)
{
	struct committing *committing = context;

	committing->times++;
	assert_int_equal(committing->f->requests, 0);
}

static void commits_before_it_sends(void **state)
{
	struct fixture *f = *state;
	struct committing committing = {f, 0};
	struct outcome outcomes[3] = {{0}};

	http_client_commit_with(f->client, note_commit, &committing);
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		begin(f, (struct http_ask){.url = url_of(f, "/status/200")}, &outcomes[i]);
	assert_int_equal(committing.times, 0);
	TURN_UNTIL(&f->loop, outcomes[0].done && outcomes[1].done && outcomes[2].done);
	assert_int_equal(committing.times, 1);
	/* on a connection that is there */
	f->requests = 0;
	ask(f, (struct http_ask){.url = url_of(f, "/status/200")}, &outcomes[0]);
	assert_int_equal(committing.times, 2);
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		outcome_finish(&outcomes[i]);
}

static int file_of(size_t size)
{
	char path[] = "/tmp/libtransport-asking-XXXXXX";
	int fd = mkstemp(path);
	char *bytes = mem_alloc(size + 1);

	assert_true(fd >= 0);
	unlink(path);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)('a' + i % 26);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	mem_free(bytes);
	return fd;
}

static void sends_a_file(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	size_t sizes[] = {0, 1, 100000, 3u << 20};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int fd = file_of(sizes[i]);

		ask(f,
		    (struct http_ask){.method = HTTP_POST, .url = url_of(f, "/echo/"), .content_type = "image/png",
				      .body_from_fd = true, .body_fd = fd, .body_size = sizes[i], .answer_max = 4u << 20},
		    &outcome);
		assert_int_equal(outcome.result.err, 0);
		assert_int_equal(outcome.result.length, sizes[i]);
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(outcome.body.data[at], 'a' + (int)(at % 26));
		assert_int_equal(fcntl(fd, F_GETFD), -1);
	}
	/* shorter than was said */
	int fd = file_of(10);

	assert_int_equal(error_of(f, (struct http_ask){.method = HTTP_POST, .url = url_of(f, "/echo/"), .body_from_fd = true,
						       .body_fd = fd, .body_size = 11}),
			 TP_ERR_IO);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	/* a call that never begins has it closed too */
	fd = file_of(1);
	assert_int_equal(error_of(f, (struct http_ask){.method = HTTP_POST, .url = "nonsense:", .body_from_fd = true,
						       .body_fd = fd, .body_size = 1}),
			 TP_ERR_INVALID);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	outcome_finish(&outcome);
}

static void gives_pieces(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct http_ask much = {.url = url_of(f, "/much/1000000"), .piece = take_piece};

	ask(f, much, &outcome);
	assert_int_equal(outcome.result.err, 0);
	assert_true(outcome.pieces > 1);
	assert_int_equal(outcome.body.len, 1000000);
	assert_int_equal(outcome.result.size, 1000000);
	assert_int_equal(outcome.result.length, 0);
	/* enough */
	outcome_finish(&outcome);
	outcome.enough = 100000;
	begin(f, much, &outcome);
	TURN_UNTIL(&f->loop, outcome.done);
	assert_int_equal(outcome.result.err, TP_ERR_LIMIT);
	assert_true(outcome.body.len >= 100000 && outcome.body.len < 1000000);
	/* what is no 2xx is collected */
	ask(f, (struct http_ask){.url = url_of(f, "/status/404"), .piece = take_piece}, &outcome);
	assert_int_equal(outcome.pieces, 0);
	assert_string_equal(buf_text(&outcome.body), "as you like");
	outcome_finish(&outcome);
}

static void bounds_answers(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct peer peer;
	struct http_ask ten = {.answer_max = 10};

	assert_int_equal(error_of(f, (struct http_ask){.url = url_of(f, "/much/1000"), .answer_max = 1000}), 0);
	assert_int_equal(error_of(f, (struct http_ask){.url = url_of(f, "/much/1001"), .answer_max = 1000}), TP_ERR_LIMIT);
	/* that say not in advance how long they are */
	peer_open(&peer, f, "HTTP/1.1 200 OK\r\n\r\n0123456789");
	peer.closes = true;
	ask_peer(&peer, ten, &outcome);
	assert_int_equal(outcome.result.err, 0);
	assert_string_equal(buf_text(&outcome.body), "0123456789");
	peer.answer = "HTTP/1.1 200 OK\r\n\r\n0123456789a";
	ask_peer(&peer, ten, &outcome);
	assert_int_equal(outcome.result.err, TP_ERR_LIMIT);
	peer.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n6\r\n56789a\r\n0\r\n\r\n";
	ask_peer(&peer, ten, &outcome);
	assert_int_equal(outcome.result.err, TP_ERR_LIMIT);
	peer.answer = "HTTP/1.1 500 No\r\n\r\n0123456789a"; /* of any status */
	ask_peer(&peer, ten, &outcome);
	assert_int_equal(outcome.result.err, TP_ERR_LIMIT);
	peer_close(&peer);
	outcome_finish(&outcome);
}

static void ends_in_time(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(error_of(f, (struct http_ask){.url = url_of(f, "/never"), .timeout_s = 1}), TP_ERR_TIMEOUT);
	assert_int_equal(f->requests, 1);
}

static void tells_bad_peers(void **state)
{
	static const char *const bad[] = {
		"", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n012",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n012", "HTTP/1.1 ",
	};
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct peer peer;

	peer_open(&peer, f, NULL);
	peer.closes = true;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		peer.answer = bad[i];
		ask_peer(&peer, (struct http_ask){0}, &outcome);
		if (outcome.result.err != TP_ERR_IO)
			fail_msg("%s is answered with %d, status %u", bad[i], outcome.result.err, outcome.result.status);
	}
	/* what it quotes of them is one line */
	peer.answer = "HTTP/1.1 200 OK\r\nContent-Length: \x1b[2J\r\n\r\n";
	ask_peer(&peer, (struct http_ask){0}, &outcome);
	assert_null(strchr(buf_text(&outcome.problem), '\x1b'));
	/* a media type that is no text is none */
	peer.answer = "HTTP/1.1 200 OK\r\nContent-Type: \xff\r\nContent-Length: 0\r\n\r\n";
	ask_peer(&peer, (struct http_ask){0}, &outcome);
	assert_int_equal(outcome.result.err, 0);
	assert_int_equal(outcome.type.len, 0);
	peer_close(&peer);
	/* nobody there any more */
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", peer.port);
	assert_int_equal(error_of(f, (struct http_ask){.url = url}), TP_ERR_IO);
	outcome_finish(&outcome);
}

static void refuses_urls(void **state)
{
	static const char *const urls[] = {"", "nonsense", "//127.0.0.1/", "http://", "http://a b/", "http://127.0.0.1:99999/",
					   "http://[::1/", "nonsense:"};
	static const char *const schemes[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/",
					      "dict://127.0.0.1/", "ldap://127.0.0.1/", "smtp://127.0.0.1/"};
	struct fixture *f = *state;
	char url[100];

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
		if (error_of(f, (struct http_ask){.url = urls[i]}) != TP_ERR_INVALID)
			fail_msg("%s", urls[i]);
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		assert_int_equal(error_of(f, (struct http_ask){.url = schemes[i]}), TP_ERR_INVALID);
		assert_int_equal(error_of(f, (struct http_ask){.url = schemes[i], .foreign = true}), TP_ERR_NOT_ALLOWED);
	}
	snprintf(url, sizeof(url), "http://name:word@127.0.0.1:%u/echo/", f->port);
	assert_int_equal(error_of(f, (struct http_ask){.url = url}), TP_ERR_INVALID);
	/* plain http to somewhere else: this would be us as well, but is no loopback address */
	snprintf(url, sizeof(url), "http://0.0.0.0:%u/echo/", f->port);
	assert_int_equal(error_of(f, (struct http_ask){.url = url}), TP_ERR_NOT_ALLOWED);
	assert_int_equal(f->requests, 0);
}

static void reads_retry_after(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	time_t later = time(NULL) + 100;
	char date[64];
	struct tm parts;

	gmtime_r(&later, &parts);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
	f->retry_after = date;
	ask(f, (struct http_ask){.url = url_of(f, "/echo/")}, &outcome);
	assert_in_range(outcome.result.retry_after_ms, 60000, 100000);
	static const struct {
		const char *text;
		int64_t ms;
	} values[] = {
		{NULL, -1}, {"0", 0}, {"7", 7000}, {"3600", 3600000}, {"Sun, 06 Nov 1994 08:49:37 GMT", 0}, {"soon", -1},
		{"-5", -1}, {"99999999999999999999999", (int64_t)INT32_MAX * 1000}, {"", -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		f->retry_after = values[i].text;
		ask(f, (struct http_ask){.url = url_of(f, "/echo/")}, &outcome);
		if (outcome.result.retry_after_ms != values[i].ms)
			fail_msg("%s gives %lld", values[i].text, (long long)outcome.result.retry_after_ms);
	}
	outcome_finish(&outcome);
}

static void reads_the_date(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	int64_t before = clock_wall_ms();

	ask(f, (struct http_ask){.url = url_of(f, "/echo/")}, &outcome);
	assert_in_range(outcome.result.date_ms, before - 1000, clock_wall_ms());
	assert_int_equal(outcome.result.date_ms % 1000, 0);
	outcome_finish(&outcome);
}

static void uses_connections_again(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct peer peer;

	peer_open(&peer, f, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	for (unsigned i = 0; i < 3; i++)
		ask_peer(&peer, (struct http_ask){0}, &outcome);
	assert_int_equal(peer.connections, 1);
	assert_int_equal(peer.requests, 3);
	/* one that has died meanwhile is made anew */
	peer_hang_up(&peer);
	ask_peer(&peer, (struct http_ask){0}, &outcome);
	assert_int_equal(outcome.result.err, 0);
	assert_int_equal(peer.connections, 2);
	peer_close(&peer);
	outcome_finish(&outcome);
}

/* A request that may not be made twice, on a connection that dies under it. */
static void repeats_nothing_unasked(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct http_ask post = {.method = HTTP_POST, .content_type = "text/plain", .body = "once", .body_length = 4};
	struct peer peer;

	for (unsigned unrepeated = 0; unrepeated < 2; unrepeated++) {
		peer_open(&peer, f, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		ask_peer(&peer, (struct http_ask){0}, &outcome);
		peer.answer = NULL;
		peer.closes = true;
		post.unrepeated = unrepeated;
		ask_peer(&peer, post, &outcome);
		assert_int_equal(outcome.result.err, TP_ERR_IO);
		assert_int_equal(outcome.result.sent, unrepeated);
		assert_int_equal(peer.requests, unrepeated ? 2 : 3);
		peer_close(&peer);
	}
	/* nobody has got it */
	post.url = "http://127.0.0.1:1/";
	ask(f, post, &outcome);
	assert_int_equal(outcome.result.err, TP_ERR_IO);
	assert_false(outcome.result.sent);
	/* it arrives whole */
	post.url = url_of(f, "/echo/");
	ask(f, post, &outcome);
	assert_int_equal(outcome.result.err, 0);
	assert_string_equal(buf_text(&outcome.body), "once");
	outcome_finish(&outcome);
}

static void minds_no_environment(void **state)
{
	struct fixture *f = *state;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	assert_int_equal(error_of(f, (struct http_ask){.url = url_of(f, "/echo/")}), 0);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
}

static void asks_much_at_once(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};

	for (unsigned i = 0; i < 300; i++)
		begin(f, (struct http_ask){.url = url_of(f, "/echo/")}, &outcome);
	TURN_UNTIL(&f->loop, outcome.done == 300);
	assert_int_equal(f->requests, 300);
	assert_int_equal(outcome.result.err, 0);
	outcome_finish(&outcome);
}

static void cancels(void **state)
{
	struct fixture *f = *state;
	struct outcome silent = {0}, loud = {0};
	struct http_call *call, *none = NULL;

	http_call_cancel(&none);
	/* before it has begun */
	call = begin(f, (struct http_ask){.url = url_of(f, "/never")}, &silent);
	http_call_cancel(&call);
	assert_null(call);
	/* under way */
	call = begin(f, (struct http_ask){.url = url_of(f, "/never")}, &silent);
	TURN_UNTIL(&f->loop, f->waiting);
	assert_int_equal(f->requests, 1);
	http_call_cancel(&call);
	f->waiting = NULL;
	/* one that would fail at once */
	call = begin(f, (struct http_ask){.url = "nonsense"}, &silent);
	http_call_cancel(&call);
	/* from another's end */
	call = begin(f, (struct http_ask){.url = url_of(f, "/never")}, &silent);
	loud.cancel = &call;
	begin(f, (struct http_ask){.url = url_of(f, "/echo/")}, &loud);
	TURN_UNTIL(&f->loop, loud.done);
	assert_null(call);
	loud.cancel = NULL;
	/* the next to fail, from the one that fails before it */
	loud.cancel = &call;
	begin(f, (struct http_ask){.url = "nonsense"}, &loud);
	call = begin(f, (struct http_ask){.url = "nonsense"}, &silent);
	TURN_UNTIL(&f->loop, loud.done == 2);
	assert_null(call);
	/* itself, from a piece */
	call = begin(f, (struct http_ask){.url = url_of(f, "/much/1000000"), .piece = take_piece}, &silent);
	silent.cancel = &call;
	TURN_UNTIL(&f->loop, silent.pieces);
	assert_null(call);
	loud.cancel = NULL;
	outcome_finish(&loud);
	begin(f, (struct http_ask){.url = url_of(f, "/echo/")}, &loud);
	TURN_UNTIL(&f->loop, loud.done);
	assert_int_equal(silent.done, 0);
	assert_int_equal(silent.pieces, 1);
	outcome_finish(&silent);
	outcome_finish(&loud);
}

static void close_client(void *context, const struct http_result *result)
{
	struct fixture *f = context;

	(void)result;
	http_client_close(&f->client, note_true, &f->closed);
}

static void closes_with_calls_under_way(void **state)
{
	struct fixture *f = *state;
	struct outcome silent = {0};

	begin(f, (struct http_ask){.url = url_of(f, "/never")}, &silent);
	TURN_UNTIL(&f->loop, f->waiting);
	begin(f, (struct http_ask){.url = "nonsense"}, &silent);
	begin(f, (struct http_ask){.url = url_of(f, "/never"), .foreign = true}, &silent);
	http_client_close(&f->client, note_true, &f->closed);
	assert_false(f->closed);
	TURN_UNTIL(&f->loop, f->closed);
	assert_int_equal(silent.done, 0);
}

static void closes_from_inside(void **state)
{
	struct fixture *f = *state;
	struct outcome silent = {0};

	for (unsigned i = 0; i < 5; i++)
		begin(f, (struct http_ask){.url = url_of(f, "/never")}, &silent);
	TURN_UNTIL(&f->loop, f->requests == 5);
	http_client_ask(f->client, &(struct http_ask){.method = HTTP_GET, .url = url_of(f, "/status/200"), .answer_max = 100,
						      .timeout_s = 10, .done = close_client, .context = f});
	begin(f, (struct http_ask){.url = url_of(f, "/status/200")}, &silent);
	TURN_UNTIL(&f->loop, f->closed);
	assert_true(silent.done <= 1); /* the one beside it may have been quicker */
	/* and from one that failed at once, before others */
	f->closed = false;
	f->client = http_client_create(&f->loop, NULL);
	unsigned before = silent.done;

	http_client_ask(f->client, &(struct http_ask){.method = HTTP_GET, .url = "nonsense", .done = close_client,
						      .context = f});
	begin(f, (struct http_ask){.url = "nonsense"}, &silent);
	begin(f, (struct http_ask){.url = url_of(f, "/status/200")}, &silent);
	TURN_UNTIL(&f->loop, f->closed);
	assert_int_equal(silent.done, before);
	outcome_finish(&silent);
	f->closed = false;
	http_client_close(&f->client, note_true, &f->closed); /* NULL: at once */
	assert_true(f->closed);
}

static void encodes(void **state)
{
	struct buf out = {0};

	(void)state;
	http_put_encoded(&out, "!a-Z_0.9~:#/%?+ é\n");
	assert_string_equal(buf_text(&out), "%21a-Z_0.9~%3A%23%2F%25%3F%2B%20%C3%A9%0A");
	buf_finish(&out);
}

static bool hold_at_once(void *context, const void *bytes, size_t count)
{
	struct outcome *outcome = context;
	struct http_call *call = *outcome->cancel;

	(void)bytes;
	outcome->pieces++;
	outcome->enough += count;
	http_call_hold(call, true);
	return true;
}

/* Each piece is the last until it is asked for more. */
static void is_held(void **state)
{
	struct fixture *f = *state;
	struct outcome held = {0}, other = {0};
	struct http_call *call;

	held.cancel = &call;
	call = begin(f, (struct http_ask){.url = url_of(f, "/much/1000000"), .piece = hold_at_once}, &held);
	TURN_UNTIL(&f->loop, held.pieces == 1);
	for (unsigned i = 0; i < 20; i++) {
		outcome_finish(&other);
		ask(f, (struct http_ask){.url = url_of(f, "/echo/")}, &other);
	}
	assert_int_equal(held.pieces, 1);
	held.cancel = &call;
	for (unsigned releases = 0; !held.done; releases++) {
		unsigned before = held.pieces;

		assert_true(releases < 1000);
		http_call_hold(call, false);
		TURN_UNTIL(&f->loop, held.done || held.pieces > before);
	}
	assert_int_equal(held.result.err, 0);
	assert_int_equal(held.enough, 1000000);
	/* one that is held to its end, or is cancelled */
	outcome_finish(&held);
	held = (struct outcome){.cancel = &call};
	call = begin(f, (struct http_ask){.url = url_of(f, "/much/1000000"), .piece = hold_at_once}, &held);
	TURN_UNTIL(&f->loop, held.pieces == 1);
	http_call_cancel(&call);
	call = begin(f, (struct http_ask){.url = url_of(f, "/much/1000000"), .piece = hold_at_once}, &held);
	TURN_UNTIL(&f->loop, held.pieces == 2);
	outcome_finish(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, asking_set_up, asking_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fetches),
		TEST(says_what_it_was_told),
		TEST(commits_before_it_sends),
		TEST(sends_a_file),
		TEST(gives_pieces),
		TEST(bounds_answers),
		TEST(ends_in_time),
		TEST(tells_bad_peers),
		TEST(refuses_urls),
		TEST(reads_retry_after),
		TEST(reads_the_date),
		TEST(uses_connections_again),
		TEST(repeats_nothing_unasked),
		TEST(minds_no_environment),
		TEST(asks_much_at_once),
		TEST(cancels),
		TEST(closes_with_calls_under_way),
		TEST(closes_from_inside),
		cmocka_unit_test(encodes),
		TEST(is_held),
	};

	return cmocka_run_group_tests_name("http: asking", tests, NULL, NULL);
}
