/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/limits.h"
#include "fake_frontend.h"

#define SERVER_HEADER                                                                                     \
	"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "             \
	"xmlns='jabber:component:accept' from='gw.example' id='3BF96D32'>"
/* printf 3BF96D32secret | sha1sum */
#define EXPECTED_DIGEST "b09ea9b3b7f586be8a08d0a3dd7466f110aeb136"

static struct {
	int listener, peer;
	struct buf got;
	const char *wanted;
	bool closed;
} server;

static bool accept_step(void *context)
{
	(void)context;
	server.peer = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK);
	return server.peer >= 0;
}

static bool read_step(void *context)
{
	static char bytes[65536];
	ssize_t count = recv(server.peer, bytes, sizeof(bytes), 0);

	(void)context;
	if (count > 0)
		buf_append(&server.got, bytes, (size_t)count);
	else if (count == 0)
		server.closed = true;
	return server.wanted ? strstr(buf_text(&server.got), server.wanted) != NULL : server.closed;
}

static bool server_sees(const char *wanted)
{
	server.wanted = wanted;
	return fake_run(read_step, NULL);
}

static void server_says(const char *text)
{
	assert_int_equal(send(server.peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void server_accepts(void)
{
	buf_clear(&server.got);
	server.closed = false;
	assert_true(fake_run(accept_step, NULL));
	assert_true(server_sees("to='gw.example'>"));
	assert_non_null(strstr(server.got.data, "xmlns='jabber:component:accept'"));
}

static void server_drops(void)
{
	close(server.peer);
	server.peer = -1;
}

#define FLOOD_STANZAS 1000

static struct {
	uv_check_t check;
	size_t seen, most; /* bytes of calls: so far, and in one turn of the loop */
} turns;

static void on_turn(uv_check_t *check)
{
	size_t in_turn = fake.calls.len - turns.seen;

	(void)check;
	turns.seen = fake.calls.len;
	turns.most = in_turn > turns.most ? in_turn : turns.most;
}

static int setup(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	(void)state;
	fake_setup();
	memset(&server, 0, sizeof(server));
	server.peer = -1;
	server.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(server.listener, 8), 0);
	getsockname(server.listener, (struct sockaddr *)&address, &length);
	fake.frontend.config.port = ntohs(address.sin_port);
	fake.frontend.component = component_create(&fake.frontend);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (!fake.stopped) {
		component_stop(fake.frontend.component, fake_stopped, &fake);
		assert_true(fake_run_stopped());
	}
	component_destroy(&fake.frontend.component);
	if (server.peer >= 0)
		close(server.peer);
	close(server.listener);
	buf_finish(&server.got);
	fake_teardown();
	return 0;
}

static void connect_component(void)
{
	component_start(fake.frontend.component);
	server_accepts();
	server_says(SERVER_HEADER);
	assert_true(server_sees("</handshake>"));
	server_says("<handshake/>");
	assert_true(fake_called("up\n"));
}

/* A flood of one peer leaves time for everybody else: it is not read to its end in one turn. */
static void reads_a_share_in_a_turn(void **state)
{
	static const char stanza[] = "<message from='a@b/c' to='x@gw.example'><body>of many</body></message>";
	struct buf flood = {0};

	(void)state;
	connect_component();
	for (unsigned i = 0; i < FLOOD_STANZAS; i++)
		buf_puts(&flood, stanza);
	buf_puts(&flood, "<message from='a@b/c' to='x@gw.example'><body>last</body></message>");
	memset(&turns, 0, sizeof(turns));
	turns.seen = fake.calls.len;
	uv_check_init(&fake.loop, &turns.check);
	uv_check_start(&turns.check, on_turn);
	server_says(buf_text(&flood));
	assert_true(fake_called("last\n"));
	/* What the fake writes of a stanza is shorter than the stanza. */
	assert_in_range(turns.most, 1, 16u << 10);
	uv_close((uv_handle_t *)&turns.check, NULL);
	buf_finish(&flood);
}

static void shakes_hands_and_exchanges(void **state)
{
	(void)state;
	assert_false(component_send(fake.frontend.component, "<presence/>", 11));
	connect_component();
	assert_non_null(strstr(server.got.data, "<handshake>" EXPECTED_DIGEST "</handshake>"));
	assert_true(component_is_connected(fake.frontend.component));
	assert_true(component_send(fake.frontend.component, "<presence id='1'/>", 18));
	assert_true(component_send(fake.frontend.component, "<presence id='2'/>", 18));
	assert_true(server_sees("<presence id='1'/><presence id='2'/>"));
	server_says("<message from='a@b/c' to='x@gw.example'><body>hi</body></message>"
		    "<presence from='a@b/c' to='GW.example/r'/><iq from='a@b' to='gw.example' id='7' type='get'/>"
		    "<message from='a@b/c' to='x@other.example'><body>1</body></message>"
		    "<message from='a@b/c'><body>2</body></message><message to='gw.example'><body>3</body></message>"
		    "<message from='a@b/c' to='gw.example@evil'><body>4</body></message>"
		    "<message from='a@b/c' to='evil/@gw.example'><body>5</body></message>"
		    "<message from='x@gw.example/bot' to='gw.example'><body>6</body></message>"
		    "<message from='a@b/c' to='gw.example'><body>last</body></message>");
	assert_true(fake_called("last\n"));
	assert_string_equal(buf_text(&fake.calls), "up\nmessage a@b/c x@gw.example hi\n"
						   "presence a@b/c GW.example/r available\niq a@b gw.example 7\n"
						   "message a@b/c gw.example last\n");
	assert_non_null(strstr(buf_text(&fake.foreseen), "a@b\na@b\n"));
	assert_null(strchr(buf_text(&fake.foreseen), '/'));
	component_stop(fake.frontend.component, fake_stopped, &fake);
	assert_true(server_sees("</stream:stream>"));
	assert_true(server_sees(NULL));
	assert_true(fake_run_stopped());
}

static void comes_back(void **state)
{
	(void)state;
	connect_component();
	server_drops();
	assert_true(fake_called("down\n"));
	assert_false(component_is_connected(fake.frontend.component));
	server_accepts();
	server_says("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
		    "xmlns='jabber:component:accept' from='gw.example' id='x'><stream:error><conflict "
		    "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
	assert_true(server_sees(NULL));
	server_drops();
	buf_clear(&fake.calls);
	server_accepts();
	server_says(SERVER_HEADER);
	assert_true(server_sees("</handshake>"));
	server_says("<handshake/>");
	assert_true(fake_called("up\n"));
}

static void refuses_bad_xml(void **state)
{
	(void)state;
	connect_component();
	server_says("<!DOCTYPE x>");
	assert_true(server_sees("<stream:error><restricted-xml xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"));
	assert_true(server_sees(NULL));
	server_drops();
	server_accepts();
}

static void one_large_stanza_does_not_end_the_stream(void **state)
{
	struct buf bomb = {0};

	(void)state;
	connect_component();
	buf_puts(&bomb, "<message type='chat' from='a@b/c' to='x@gw.example' id='9'>");
	for (int i = 0; i < 1000; i++)
		buf_puts(&bomb, "<a>");
	for (int i = 0; i < 1000; i++)
		buf_puts(&bomb, "</a>");
	buf_puts(&bomb, "</message><presence from='a@b/c' to='gw.example'/>");
	server_says(buf_text(&bomb));
	assert_true(fake_called("presence a@b/c gw.example available\n"));
	assert_true(server_sees("<message type='error' from='x@gw.example' to='a@b/c' id='9'><error type='modify'>"
				"<policy-violation"));
	buf_finish(&bomb);
}

static void bounds_its_queue(void **state)
{
	struct buf large = {0};
	int sent = 0;

	(void)state;
	connect_component();
	while (large.len < 1u << 20)
		buf_putc(&large, ' ');
	while (component_send(fake.frontend.component, large.data, large.len) && sent < 100)
		sent++;
	/* What came before may not be out yet. */
	assert_in_range(sent, (LIMIT_STREAM_OUT_BYTES >> 20) - 1, LIMIT_STREAM_OUT_BYTES >> 20);
	buf_puts(&large, "<last/>");
	assert_false(component_send(fake.frontend.component, large.data, large.len));
	server_says("<presence from='a@b' to='gw.example'/>");
	assert_true(server_sees(" ")); /* drains, and reading goes on */
	while (server.got.len < LIMIT_STREAM_OUT_BYTES) {
		assert_false(server.closed);
		buf_clear(&server.got);
		assert_true(server_sees(" "));
		if (strstr(buf_text(&fake.calls), "presence a@b"))
			break;
	}
	assert_true(fake_called("presence a@b gw.example available\n"));
	buf_finish(&large);
}

static void tells_when_its_queue_is_high(void **state)
{
	struct buf large = {0};

	(void)state;
	connect_component();
	while (large.len < 1u << 20)
		buf_putc(&large, ' ');
	for (unsigned sent = 0; sent < LIMIT_STREAM_OUT_HIGH; sent += large.len) {
		assert_null(strstr(buf_text(&fake.calls), "full"));
		assert_true(component_send(fake.frontend.component, large.data, large.len));
	}
	assert_true(component_send(fake.frontend.component, "<presence/>", 11));
	assert_string_equal(buf_text(&fake.calls), "up\nfull\n");
	buf_clear(&fake.calls);
	assert_true(server_sees("<presence/>"));
	assert_true(fake_called("not full\n"));
	/* A server that goes away in this state holds nobody. */
	for (unsigned i = 0; i < 5; i++)
		component_send(fake.frontend.component, large.data, large.len);
	assert_non_null(strstr(buf_text(&fake.calls), "\nfull\n"));
	buf_clear(&fake.calls);
	server_drops();
	assert_true(fake_called("down\n"));
	assert_string_equal(buf_text(&fake.calls), "not full\ndown\n");
	buf_finish(&large);
}

/* A server that reads nothing is asked no more questions than can be answered later. */
static void reads_no_more_than_it_can_answer(void **state)
{
	struct buf large = {0};

	(void)state;
	connect_component();
	while (large.len < 1u << 20)
		buf_putc(&large, ' ');
	for (unsigned i = 0; i < 12; i++)
		assert_true(component_send(fake.frontend.component, large.data, large.len));
	server_says("<presence from='a@b' to='gw.example'/>");
	fake_run_ms(50);
	assert_null(strstr(buf_text(&fake.calls), "presence a@b"));
	while (!strstr(buf_text(&fake.calls), "not full")) {
		buf_clear(&server.got);
		assert_true(server_sees(" "));
	}
	assert_true(fake_called("presence a@b gw.example available\n"));
	buf_finish(&large);
}

static void stops_in_every_state(void **state)
{
	(void)state;
	component_stop(fake.frontend.component, fake_stopped, &fake); /* not started */
	assert_int_equal(fake.stopped, 1);
	for (int when = 0; when < 5; when++) {
		component_destroy(&fake.frontend.component);
		fake.stopped = 0;
		buf_clear(&fake.calls);
		fake.frontend.component = component_create(&fake.frontend);
		component_start(fake.frontend.component);
		if (when == 1)
			assert_true(fake_run(accept_step, NULL));
		if (when == 2)
			server_accepts();
		if (when == 3) {
			server_accepts();
			server_says(SERVER_HEADER);
			assert_true(server_sees("</handshake>"));
		}
		if (when == 4) { /* waiting for the next attempt */
			server_accepts();
			server_drops();
			fake_run_ms(50);
		}
		component_stop(fake.frontend.component, fake_stopped, &fake);
		assert_true(fake_run_stopped());
		if (server.peer >= 0)
			server_drops();
		while (accept_step(NULL))
			server_drops();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shakes_hands_and_exchanges, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_a_share_in_a_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_bad_xml, setup, teardown),
		cmocka_unit_test_setup_teardown(one_large_stanza_does_not_end_the_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_its_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_when_its_queue_is_high, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_no_more_than_it_can_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(stops_in_every_state, setup, teardown),
	};
	int failed;

	xmpp_initialize();
	failed = cmocka_run_group_tests_name("component", tests, NULL, NULL);
	xmpp_shutdown();
	return failed;
}
