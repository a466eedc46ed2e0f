/* SPDX-License-Identifier: MIT */
/* Socket Mode with a Slack that takes sockets away, is silent, half open, or says what is none of ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/slack/wire/socket_mode_private.h"
#include "frontends/slack/wire/web_api_private.h"
#include "tests/unit/http/client.h"
#include "tests/unit/slack/ws_peer.h"
#include "transport/http/http_server.h"

#define HELLO "{\"type\":\"hello\",\"num_connections\":1,\"connection_info\":{\"app_id\":\"A1\"}}"
#define FRAGMENT (16u << 10)
#define EVENT(id) \
	"{\"envelope_id\":\"" id "\",\"type\":\"events_api\",\"payload\":{\"event\":{\"type\":\"x\"}}}"

struct fixture {
	uv_loop_t loop;
	struct http_server *server;
	struct http_listener *listener;
	struct http_client *client;
	struct web_api *api;
	struct web_token token;
	struct socket_mode *mode;
	struct ws_peer peer;
	bool stopped, closed, ended;
	unsigned opens;      /* URLs that were asked for */
	const char *refusal; /* instead of a URL */
	const char *url;     /* instead of the right one */
	char last_token[64];
	/* what was told */
	struct buf states, envelopes;
	unsigned batches, counts, others;
	socket_number last;
	bool acknowledges;
	bool closes_at_envelope;
};

#define TURN(f, condition) TURN_UNTIL(&(f)->loop, ws_turn(&(f)->peer) && (condition))

static void open_socket(struct http_request *request, void *context)
{
	struct fixture *f = context;
	struct buf body = {0};

	f->opens++;
	snprintf(f->last_token, sizeof(f->last_token), "%s", http_request_token(request));
	if (f->refusal)
		buf_printf(&body, "{\"ok\":false,\"error\":\"%s\"}", f->refusal);
	else if (f->url)
		buf_printf(&body, "{\"ok\":true,\"url\":\"%s\"}", f->url);
	else
		buf_printf(&body, "{\"ok\":true,\"url\":\"ws://127.0.0.1:%u/link/?ticket=%u&app_id=A1\"}",
		           f->peer.port, f->opens);
	http_answer_buf(request, 200, "application/json", &body);
}

static void take_envelope(void *context, socket_number socket, const struct slack_frame *frame)
{
	struct fixture *f = context;

	f->last = socket;
	buf_printf(&f->envelopes, "%llu:%s:%s\n", (unsigned long long)socket, frame->type,
	           frame->id ? frame->id : "-");
	if (f->acknowledges && frame->id)
		assert_int_equal(socket_mode_acknowledge(f->mode, socket, frame->id, NULL), 0);
	if (f->closes_at_envelope)
		socket_mode_close(&f->mode, note_true, &f->ended);
}

static void take_state(void *context, enum socket_state state, bool gap, const char *text)
{
	struct fixture *f = context;

	assert_non_null(text);
	buf_printf(&f->states, "%s%s ",
	           state == SOCKET_CONNECTED ? "connected"
	           : state == SOCKET_AWAY    ? "away"
	                                     : "disabled",
	           gap ? "!" : "");
	if (f->mode)
		assert_int_equal(f->mode->state, state);
}

static void take_count(void *context, unsigned connections, unsigned ours)
{
	struct fixture *f = context;

	f->counts++;
	f->others = connections - ours;
}

static void take_batch(void *context)
{
	((struct fixture *)context)->batches++;
}

static int set_up(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);
	struct buf error = {0};
	char base[64];

	uv_loop_init(&f->loop);
	f->server = http_server_create(&f->loop, NULL);
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &f->listener, &error), 0);
	assert_true(
	        http_listener_route(f->listener, &(struct http_route){.path = "/api/apps.connections.open",
	                                                              .methods = HTTP_POST,
	                                                              .body_max = 1000,
	                                                              .complete = open_socket,
	                                                              .context = f}));
	snprintf(base, sizeof(base), "http://127.0.0.1:%u/api", http_listener_port(f->listener));
	f->client = http_client_create(&f->loop, NULL);
	f->api = web_api_create(f->client, base, NULL);
	web_api_set_times(f->api, 10, 40, 10);
	f->token = (struct web_token){.text = mem_strdup("xapp-1-A1"), .label = "app"};
	ws_open(&f->peer);
	f->mode = socket_mode_create(f->server, f->api, &f->token,
	                             &(struct socket_ops){.envelope = take_envelope,
	                                                  .state = take_state,
	                                                  .counted = take_count,
	                                                  .batch = take_batch,
	                                                  .context = f},
	                             NULL);
	f->mode->times = (struct socket_times){.tick = 10,
	                                       .ping = 100,
	                                       .silence = 10000,
	                                       .hello = 20000,
	                                       .leave = 1000,
	                                       .close = 300,
	                                       .retry = 10,
	                                       .retry_last = 40};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->mode)
		socket_mode_close(&f->mode, note_true, &f->ended);
	/* It keeps what it has borrowed. */
	http_server_close(&f->server, note_true, &f->stopped);
	TURN(f, f->ended && f->stopped);
	socket_mode_close(&f->mode, NULL, NULL);
	web_api_destroy(&f->api);
	http_client_close(&f->client, note_true, &f->closed);
	TURN_UNTIL(&f->loop, f->closed);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	ws_close(&f->peer);
	mem_free(f->token.text);
	buf_finish(&f->states);
	buf_finish(&f->envelopes);
	mem_free(f);
	return 0;
}

static struct ws_connection *connection(struct fixture *f, unsigned number)
{
	struct ws_connection *found = &f->peer.connections[number];

	TURN(f, f->peer.count > number && found->open);
	return found;
}

static void expect(struct buf *told, const char *text)
{
	assert_string_equal(buf_text(told), text);
	buf_clear(told);
}

/* The first one is open and has said hello. */
static struct ws_connection *begin(struct fixture *f)
{
	struct ws_connection *first;

	socket_mode_start(f->mode);
	first = connection(f, 0);
	assert_int_equal(f->states.len, 0); /* not before hello */
	ws_say(first, HELLO);
	TURN(f, f->states.len > 0);
	expect(&f->states, "connected! ");
	return first;
}

static void turn_some(struct fixture *f, unsigned ms)
{
	uint64_t end_ms = clock_ms() + ms;

	while (clock_ms() < end_ms) {
		ws_turn(&f->peer);
		client_turn(&f->loop);
	}
}

/* ---- tests ---- */

static void connects(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f);

	assert_string_equal(f->last_token, "xapp-1-A1");
	assert_non_null(strstr(buf_text(&first->head), "GET /link/?ticket=1&app_id=A1 HTTP/1.1\r\n"));
	assert_null(strstr(buf_text(&first->head), "Extensions")); /* no compression */
	assert_int_equal(f->opens, 1);
	assert_int_equal(socket_mode_sockets(f->mode), 1);
	assert_int_equal(f->others, 0);
	socket_mode_start(f->mode); /* again: nothing */
	/* the end is told to Slack */
	socket_mode_close(&f->mode, note_true, &f->ended);
	assert_null(f->mode);
	TURN(f, f->ended);
	assert_true(first->client_closed);
	assert_int_equal(first->close_code, 1000);
	assert_int_equal(f->states.len, 0);
}

static void acknowledges(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f);
	char *long_payload = mem_alloc(LIMIT_SLACK_ACK_BYTES + 1);

	ws_say(first, EVENT("e-1") "");
	ws_say(first, "{\"envelope_id\":\"e-2\",\"type\":\"slash_commands\",\"accepts_response_payload\":"
	              "true,\"payload\":{}}");
	ws_say(first, "{\"envelope_id\":\"e\\\"3\",\"type\":\"new\"}");
	ws_say(first, "{\"type\":\"newer\"}");
	TURN(f, strstr(buf_text(&f->envelopes), "newer"));
	expect(&f->envelopes, "1:events_api:e-1\n1:slash_commands:e-2\n1:new:e\"3\n1:newer:-\n");
	TURN(f, f->batches > 0);
	assert_int_equal(first->heard.len, 0);
	assert_int_equal(socket_mode_acknowledge(f->mode, f->last, "e-1", NULL), 0);
	assert_int_equal(socket_mode_acknowledge(f->mode, f->last, "e-2", "{\"text\":\"hi\"}"), 0);
	assert_int_equal(socket_mode_acknowledge(f->mode, f->last, "e\"3", NULL), 0);
	memset(long_payload, ' ', LIMIT_SLACK_ACK_BYTES);
	assert_int_equal(socket_mode_acknowledge(f->mode, f->last, "e-4", long_payload), TP_ERR_LIMIT);
	assert_int_equal(socket_mode_acknowledge(f->mode, f->last, long_payload, NULL), TP_ERR_INVALID);
	/* exactly as long as it may be */
	memset(long_payload, ' ', LIMIT_SLACK_ACK_BYTES);
	long_payload[LIMIT_SLACK_ACK_BYTES - strlen("{\"envelope_id\":\"e-5\",\"payload\":}")] = '\0';
	assert_int_equal(socket_mode_acknowledge(f->mode, f->last, "e-5", long_payload), 0);
	assert_int_equal(socket_mode_acknowledge(f->mode, 99, "e-1", NULL), TP_ERR_NOT_CONNECTED);
	struct buf wanted = {0};

	buf_printf(&wanted,
	           "{\"envelope_id\":\"e-1\"}\n{\"envelope_id\":\"e-2\",\"payload\":{\"text\":\"hi\"}}\n"
	           "{\"envelope_id\":\"e\\\"3\"}\n{\"envelope_id\":\"e-4\"}\n{\"envelope_id\":\"e-5\","
	           "\"payload\":%s}\n",
	           long_payload);
	TURN(f, first->heard.len >= wanted.len);
	expect(&first->heard, buf_text(&wanted)); /* each in one frame */
	buf_finish(&wanted);
	mem_free(long_payload);
}

/* Slack reads more slowly than we write: each is sent all the same, whole and in order. */
static void acknowledges_to_a_slow_reader(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f);
	const struct slack_socket *socket = CONTAINER_OF(f->mode->sockets.next, struct slack_socket, link);
	char *payload = mem_alloc(20001), id[16];
	struct buf wanted = {0};
	int small = 1;

	assert_int_equal(setsockopt(lws_get_socket_fd(socket->wsi), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	memset(payload, ' ', 20000);
	memcpy(payload, "{}", 2);
	payload[20000] = '\0';
	for (unsigned i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "e-%u", i);
		assert_int_equal(socket_mode_acknowledge(f->mode, 1, id, payload), 0);
		buf_printf(&wanted, "{\"envelope_id\":\"%s\",\"payload\":%s}\n", id, payload);
	}
	TURN(f, first->heard.len >= wanted.len);
	expect(&first->heard, buf_text(&wanted));
	buf_finish(&wanted);
	mem_free(payload);
}

static void takes_many(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f);
	const char *line = "{\"envelope_id\":\"e\"}\n";

	f->acknowledges = true;
	for (unsigned i = 0; i < 2000; i++)
		ws_say(first, EVENT("e"));
	TURN(f, first->heard.len >= 2000 * strlen(line));
	assert_int_equal(first->heard.len, 2000 * strlen(line));
	TURN(f, f->batches > 0);
	assert_true(f->batches < 1000);
}

static void takes_fragments(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f);
	const char *event = EVENT("e-1");
	char *wide = mem_printf("{\"envelope_id\":\"wide\",\"type\":\"%070000d\"}", 7);

	ws_send(first, 0x01, event, 20);
	ws_send(first, 0x89, "are you there", 13); /* in between */
	ws_send(first, 0x00, event + 20, 10);
	ws_send(first, 0x80, event + 30, strlen(event) - 30);
	TURN(f, f->envelopes.len > 0 && first->pongs.len > 0);
	expect(&f->envelopes, "1:events_api:e-1\n");
	expect(&first->pongs, "are you there");
	ws_say(first, wide);
	TURN(f, f->envelopes.len > 70000);
	buf_clear(&f->envelopes);
	/* what is no frame of theirs */
	ws_send(first, 0x82, event, strlen(event));
	ws_say(first, "{\"envelope_id\":");
	ws_say(first, "[]");
	ws_say(first, "");
	ws_say(first, "{\"envelope_id\":7,\"type\":[]}");
	ws_say(first, event);
	TURN(f, strstr(buf_text(&f->envelopes), "e-1"));
	expect(&f->envelopes, "1::-\n1:events_api:e-1\n");
	mem_free(wide);
}

static void bounds_frames(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f), *second;
	char *much = mem_alloc(FRAGMENT);

	memset(much, ' ', FRAGMENT);
	/* No more than the kernel has room for: who would read it is this process. */
	for (size_t sent = 0; sent <= LIMIT_SLACK_FRAME_BYTES && first->fd >= 0 && !first->client_closed; sent += FRAGMENT) {
		ws_send(first, sent ? 0x00 : 0x01, much, FRAGMENT);
		TURN(f, ws_is_taken(first));
	}
	TURN(f, first->client_closed);
	assert_int_equal(first->close_code, 1009);
	second = connection(f, 1);
	ws_say(second, HELLO);
	TURN(f, strstr(buf_text(&f->states), "connected"));
	expect(&f->states, "away connected! ");
	mem_free(much);
}

static void hands_over(void **state)
{
	static const char *const reasons[] = {"warning", "refresh_requested", "something_new"};
	struct fixture *f = *state;
	struct ws_connection *old = begin(f), *next;
	char text[200];

	for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++) {
		snprintf(text, sizeof(text), "{\"type\":\"disconnect\",\"reason\":\"%s\"}", reasons[i]);
		ws_say(old, text);
		next = connection(f, i + 1);
		turn_some(f, 20);
		assert_false(old->client_closed); /* it is read until the next has said hello */
		ws_say(old, EVENT("old"));
		TURN(f, f->envelopes.len > 0);
		ws_say(next, HELLO);
		TURN(f, f->states.len > 0);
		expect(&f->states, "connected ");
		/* what it brought is acknowledged on it */
		turn_some(f, 20);
		assert_false(old->client_closed);
		assert_int_equal(socket_mode_acknowledge(f->mode, f->last, "old", NULL), 0);
		TURN(f, old->client_closed);
		expect(&old->heard, "{\"envelope_id\":\"old\"}\n");
		assert_int_equal(old->close_code, 1000);
		buf_clear(&f->envelopes);
		old = next;
	}
	assert_int_equal(f->opens, 4);
	/* not for ever */
	ws_say(old, "{\"type\":\"disconnect\",\"reason\":\"warning\"}");
	next = connection(f, 4);
	ws_say(old, EVENT("old"));
	TURN(f, f->envelopes.len > 0);
	ws_say(next, HELLO);
	TURN(f, old->client_closed);
	TURN(f, socket_mode_sockets(f->mode) == 1);
	assert_int_equal(socket_mode_acknowledge(f->mode, f->last, "old", NULL), TP_ERR_NOT_CONNECTED);
}

static void opens_another_when_cut_off(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f);

	ws_hang_up(first);
	ws_say(connection(f, 1), HELLO);
	TURN(f, strstr(buf_text(&f->states), "connected"));
	expect(&f->states, "away connected! ");
	/* with a close frame of Slack's */
	ws_send(connection(f, 1), 0x88, "\x03\xe8", 2);
	ws_say(connection(f, 2), HELLO);
	TURN(f, strstr(buf_text(&f->states), "connected"));
	expect(&f->states, "away connected! ");
	assert_int_equal(socket_mode_sockets(f->mode), 1);
}

static void stops_when_switched_off(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f);

	ws_say(first, "{\"type\":\"disconnect\",\"reason\":\"link_disabled\"}");
	TURN(f, first->client_closed && f->states.len > 0);
	expect(&f->states, "disabled ");
	turn_some(f, 100);
	assert_int_equal(f->opens, 1);
	socket_mode_start(f->mode);
	ws_say(connection(f, 1), HELLO);
	TURN(f, f->states.len > 0);
	expect(&f->states, "connected! ");
}

static void stops_when_refused(void **state)
{
	static const char *const refusals[] = {"invalid_auth", "not_allowed_token_type", "forbidden_team"};
	struct fixture *f = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(refusals); i++) {
		f->refusal = refusals[i];
		f->token.dead = false;
		socket_mode_start(f->mode);
		TURN(f, f->states.len > 0);
		expect(&f->states, "disabled ");
	}
	turn_some(f, 50);
	assert_int_equal(f->opens, 3);
}

static void tries_again(void **state)
{
	static const char *const urls[] = {
	        "ws://127.0.0.1:1/", /* nobody there */
	        "ws://192.0.2.1/",   /* not to be used */
	        "no url",
	        "",
	        "wss://127.0.0.1.invalid/", /* not found */
	};
	struct fixture *f = *state;

	f->url = urls[0];
	socket_mode_start(f->mode);
	for (unsigned i = 0; i < ARRAY_SIZE(urls); i++) {
		unsigned before = f->opens;

		f->url = urls[i];
		TURN(f, f->opens >= before + 2);
	}
	f->url = NULL;
	f->refusal = "missing_args";
	TURN(f, f->opens > 12);
	f->refusal = NULL;
	/* no handshake, no websocket, no hello */
	f->mode->times.hello = 50;
	f->peer.deaf = true;
	TURN(f, f->peer.count >= 2);
	f->peer.deaf = false;
	f->peer.redirects = true;
	TURN(f, f->peer.count >= 4);
	f->peer.redirects = false;
	unsigned number = f->peer.count + 1;

	connection(f, number);
	f->mode->times.hello = 20000;
	number = f->peer.count;
	ws_say(connection(f, number), HELLO);
	TURN(f, f->states.len > 0);
	expect(&f->states, "connected! "); /* nothing was lost that was there */
}

static void notices_silence(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f);
	unsigned pings;

	f->mode->times.silence = 1500;
	turn_some(f, 2000); /* which is longer than it may be silent */
	assert_int_equal(f->states.len, 0);
	assert_true(first->pings >= 4);
	f->peer.mute = true;
	pings = first->pings;
	TURN(f, f->states.len > 0);
	expect(&f->states, "away ");
	assert_true(first->pings > pings);
	f->peer.mute = false;
	ws_say(connection(f, 1), HELLO);
	TURN(f, f->states.len > 0);
	expect(&f->states, "connected! ");
	/* one that is not read is not silent */
	socket_mode_hold(f->mode, true);
	turn_some(f, 2000);
	assert_int_equal(f->states.len, 0);
}

static void tells_what_slack_counts(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first;

	socket_mode_start(f->mode);
	first = connection(f, 0);
	ws_say(first, "{\"type\":\"hello\",\"num_connections\":4}");
	TURN(f, f->counts == 1);
	assert_int_equal(f->others, 3);
	ws_say(first, "{\"type\":\"disconnect\",\"reason\":\"too_many_websockets\",\"num_connections\":11}");
	TURN(f, f->counts == 2);
	assert_int_equal(f->others, 10);
	/* two are ours while one takes over */
	ws_say(connection(f, 1), "{\"type\":\"hello\",\"num_connections\":2}");
	TURN(f, first->client_closed);
	assert_int_equal(f->counts, 3);
	assert_int_equal(f->others, 0);
	/* when asked for: without a gap, and not for a socket that is on its way */
	TURN(f, f->states.len > 0);
	buf_clear(&f->states);
	socket_mode_count(f->mode);
	socket_mode_count(f->mode);
	ws_say(connection(f, 2), "{\"type\":\"hello\",\"num_connections\":2}");
	TURN(f, f->peer.connections[1].client_closed);
	expect(&f->states, "connected ");
	assert_int_equal(f->counts, 4);
	assert_int_equal(f->opens, 3);
	/* a hello without a number says nothing; refused before the hello: with patience */
	ws_say(connection(f, 2), "{\"type\":\"disconnect\",\"reason\":\"refresh_requested\"}");
	ws_say(connection(f, 3), "{\"type\":\"disconnect\",\"reason\":\"too_many_websockets\"}");
	TURN(f, connection(f, 3)->client_closed);
	ws_say(connection(f, 4), "{\"type\":\"hello\"}");
	TURN(f, f->peer.connections[2].client_closed);
	assert_int_equal(f->counts, 4);
}

static void holds(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f);

	socket_mode_hold(f->mode, true);
	ws_say(first, EVENT("held"));
	turn_some(f, 50);
	assert_int_equal(f->envelopes.len, 0);
	socket_mode_hold(f->mode, false);
	TURN(f, f->envelopes.len > 0);
	/* also those that come later */
	socket_mode_hold(f->mode, true);
	ws_hang_up(first);
	f->mode->times.silence = 300;
	TURN(f, f->opens >= 1);
	f->mode->times.silence = 10000;
	socket_mode_hold(f->mode, false);
	ws_say(connection(f, 1), HELLO);
	TURN(f, strstr(buf_text(&f->states), "connected"));
}

static void closes_when_slack_does_not(void **state)
{
	struct fixture *f = *state;
	uint64_t began_ms;

	begin(f);
	f->peer.mute = true;
	began_ms = clock_ms();
	socket_mode_close(&f->mode, note_true, &f->ended);
	TURN(f, f->ended);
	assert_true(clock_ms() - began_ms < 5000);
	assert_true(f->peer.connections[0].client_closed);
}

static void closes_from_inside(void **state)
{
	struct fixture *f = *state;
	struct ws_connection *first = begin(f);

	f->closes_at_envelope = true;
	ws_say(first, EVENT("1"));
	ws_say(first, EVENT("2"));
	TURN(f, f->ended);
	expect(&f->envelopes, "1:events_api:1\n");
	assert_true(first->client_closed);
}

static void closes_while_it_opens(void **state)
{
	struct fixture *f = *state;

	socket_mode_start(f->mode);
	/* tear_down closes it with the call under way */
}

static void closes_while_it_connects(void **state)
{
	struct fixture *f = *state;

	f->peer.deaf = true;
	socket_mode_start(f->mode);
	TURN(f, f->peer.count == 1);
}

/* Whether a websocket is opened at wss://HOST, whose certificate is for `name`, if that is to be trusted. */
static bool opens_by_tls(struct fixture *f, const char *host, const char *name, bool trusted)
{
	char folder[] = "/tmp/libtransport-slack-XXXXXX", url[64];

	assert_non_null(mkdtemp(folder));
	char *mine = mem_printf("%s/mine", folder), *other = mem_printf("%s/other", folder);
	struct ws_peer stranger = {.listener = -1};

	ws_use_tls(&f->peer, name, mine);
	ws_use_tls(&stranger, name, other);
	setenv("SSL_CERT_FILE", trusted ? mine : other, 1);
	snprintf(url, sizeof(url), "wss://%s:%u/link/?ticket=1", host, f->peer.port);
	f->url = url;
	socket_mode_start(f->mode);
	TURN(f, f->opens >= 3 || (f->peer.count > 0 && f->peer.connections[0].open));
	unlink(mine);
	unlink(other);
	rmdir(folder);
	ws_close(&stranger);
	mem_free(mine);
	mem_free(other);
	bool open = f->peer.connections[0].open;

	if (open) {
		ws_say(&f->peer.connections[0], HELLO);
		TURN(f, f->states.len > 0);
		expect(&f->states, "connected! ");
	}
	socket_mode_close(&f->mode, note_true, &f->ended); /* before the URL is gone */
	unsetenv("SSL_CERT_FILE");
	return open;
}

static void trusts_a_certificate(void **state)
{
	assert_true(opens_by_tls(*state, "localhost", "localhost", true));
}

static void trusts_no_other_certificate(void **state)
{
	assert_false(opens_by_tls(*state, "localhost", "localhost", false));
}

static void trusts_no_other_host(void **state)
{
	assert_false(opens_by_tls(*state, "localhost", "slack.example.org", true));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(connects),
	        TEST(acknowledges),
	        TEST(acknowledges_to_a_slow_reader),
	        TEST(takes_many),
	        TEST(takes_fragments),
	        TEST(bounds_frames),
	        TEST(hands_over),
	        TEST(opens_another_when_cut_off),
	        TEST(stops_when_switched_off),
	        TEST(stops_when_refused),
	        TEST(tries_again),
	        TEST(notices_silence),
	        TEST(tells_what_slack_counts),
	        TEST(holds),
	        TEST(trusts_a_certificate),
	        TEST(trusts_no_other_certificate),
	        TEST(trusts_no_other_host),
	        TEST(closes_when_slack_does_not),
	        TEST(closes_from_inside),
	        TEST(closes_while_it_opens),
	        TEST(closes_while_it_connects),
	};

	return cmocka_run_group_tests_name("slack: socket_mode", tests, NULL, NULL);
}
