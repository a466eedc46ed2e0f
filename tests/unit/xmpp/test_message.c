/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "tests/unit/xmpp/fixture.h"
#include "transport/people/user.h"

#define BOB "bob\\40net@" GW

static void test_to_contact(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	feed("<message from='" ALICE_HOME "' to='" BOB "/bot' type='chat' id='m1'><body>Hi</body>"
	     "<active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/>"
	     "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>"
	     "<p onclick='x'>Hi</p></body></html></message>");
	expect_told("chat state name=bob@net 0");
	expect_told("message kind=0 name=bob@net nick= text=Hi id=m1 xhtml=<p>Hi</p> receipt");
	assert_int_equal(sent.len, 0);
	clear();
	feed("<message from='" ALICE_HOME "' to='" BOB "' type='chat' id='m2'><body>Ho</body>"
	     "<replace xmlns='urn:xmpp:message-correct:0' id='m1'/></message>");
	expect_told("text=Ho id=m2 replaces=m1");
	feed("<message from='" ALICE_HOME "' to='" BOB
	     "' type='headline'><attention xmlns='urn:xmpp:attention:0'/>"
	     "</message>");
	expect_told("attention kind=0 name=bob@net");
}

static void test_errors(void **state)
{
	static const struct {
		int error;
		const char *stanza;
	} cases[] = {
	        {TP_ERR_NOT_CONNECTED, "<error type='wait'><recipient-unavailable"},
	        {TP_ERR_NOT_FOUND, "<error type='cancel'><item-not-found"},
	        {TP_ERR_LIMIT, "<error type='wait'><resource-constraint"},
	        {TP_ERR_INVALID, "<error type='modify'><bad-request"},
	        {TP_ERR_UNSUPPORTED, "<error type='cancel'><feature-not-implemented"},
	        {TP_ERR_STORE, "<error type='wait'><internal-server-error"},
	};

	(void)state;
	log_in(ALICE_HOME);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		clear();
		router_result = cases[i].error;
		feed("<message from='" ALICE_HOME "' to='" BOB
		     "' type='chat' id='m1'><body>Hi</body></message>");
		expect_sent("<message type='error' from='" BOB "' to='" ALICE_HOME "' id='m1'>");
		expect_sent(cases[i].stanza);
	}
}

static void test_without_session(void **state)
{
	(void)state;
	feed("<message from='" ALICE_HOME "' to='" BOB "' type='chat' id='m1'><body>Hi</body></message>");
	expect_sent("<error type='auth'><registration-required");
	clear();
	account_exists = true;
	feed("<message from='" ALICE_HOME "' to='" BOB "' type='chat' id='m1'><body>Hi</body></message>");
	expect_sent("<error type='wait'><recipient-unavailable");
	clear();
	feed("<message from='" ALICE_HOME "' to='" BOB "' type='chat'>"
	     "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
	assert_int_equal(sent.len, 0);
}

static void test_no_loops(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	router_result = TP_ERR_NOT_FOUND;
	feed("<message from='" ALICE_HOME "' to='" BOB "' type='error'><body>Hi</body>"
	     "<error type='cancel'><item-not-found "
	     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
	feed("<presence from='" ALICE_HOME "' to='" BOB "' type='error'/>");
	feed("<iq from='" ALICE_HOME "' to='" GW "' type='error' id='1'/>");
	feed("<iq from='" ALICE_HOME "' to='" GW "' type='result' id='1'/>");
	feed("<message from='other.example' to='" GW "'><body>help</body></message>");
	feed("<presence from='other.example' to='" GW "'/>");
	feed("<presence from='other.example' to='" GW "' type='probe'/>");
	assert_int_equal(sent.len, 0);
	assert_int_equal(told.len, 0);
}

static void test_forged_carbon(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	feed("<message from='mallory@example.org' to='" BOB "' type='chat'><sent xmlns='urn:xmpp:carbons:2'>"
	     "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='" ALICE_HOME
	     "' to='" BOB "'><body>forged</body></message></forwarded></sent></message>");
	assert_int_equal(told.len, 0);
	assert_int_equal(sent.len, 0);
}

static void test_gateway_line(void **state)
{
	(void)state;
	feed("<message from='" ALICE_HOME "' to='" GW "' type='chat'><body>help me</body></message>");
	expect_told("LINE " ALICE_HOME " help me");
	expect_sent("<message type='chat' from='" GW "' to='" ALICE_HOME
	            "'><body>An answer.</body></message>");
}

static void show(struct resource *only, const struct event_message *message)
{
	struct event event = {.type = EVENT_MESSAGE, .message = *message};

	deliver(only, &event);
}

static void test_from_contact(void **state)
{
	(void)state;
	struct resource *resource = log_in(ALICE_HOME);
	struct event_message message = {.name = "Bob@net",
	                                .text = "a < b",
	                                .id = "x1",
	                                .xhtml = "<b>a</b><script>x</script>",
	                                .stamp_ms = 1000};
	show(NULL, &message);
	expect_sent("<message type='chat' from='" BOB "/bot' to='" ALICE "' id='x1'><body>a &lt; b</body>"
	            "<html xmlns='http://jabber.org/protocol/xhtml-im'><body "
	            "xmlns='http://www.w3.org/1999/xhtml'>"
	            "<strong>a</strong></body></html><active xmlns='http://jabber.org/protocol/chatstates'/>"
	            "<delay xmlns='urn:xmpp:delay' from='" GW "' stamp='1970-01-01T00:00:01Z'/></message>");
	clear();
	show(resource, &message);
	expect_sent("to='" ALICE_HOME "'");
	clear();
	message.headline = true;
	show(NULL, &message);
	expect_sent("type='chat'");
	map_put(fake_user()->settings, "send_headlines", mem_strdup("1"));
	show(NULL, &message);
	expect_sent("type='headline'");
}

#define PRIVILEGE(access, type) \
	"<privilege xmlns='urn:xmpp:privilege:2'><perm access='" access "' type='" type "'/></privilege>"

static void test_carbon(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	struct event_message message = {.name = "bob@net", .text = "mine", .carbon = true};
	/* Her server lets nobody speak for her: neither another one's word counts, nor a person's. */
	feed("<message from='other.example' to='" GW "'>" PRIVILEGE("message", "outgoing") "</message>");
	feed("<message from='" ALICE_HOME "' to='" GW "'>" PRIVILEGE("message", "outgoing") "</message>");
	feed("<message from='example.org' to='" GW "'>" PRIVILEGE("message", "none") PRIVILEGE("roster", "both") "</message>");
	show(NULL, &message);
	expect_not_sent("privilege");
	expect_sent("<message type='chat' from='" BOB "/bot' to='" ALICE "' ");
	expect_sent("<body>(from another client of yours) mine</body>");
	clear();
	feed("<message from='example.org' to='" GW "'>" PRIVILEGE("message", "outgoing") "</message>");
	show(NULL, &message);
	expect_sent("<message from='" GW "' to='example.org'><privilege xmlns='urn:xmpp:privilege:2'>"
	            "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' type='chat' "
	            "from='" ALICE "' to='" ALICE_HOME "'><sent xmlns='urn:xmpp:carbons:2'>");
	expect_sent("type='chat' from='" ALICE "' to='" BOB "'");
	expect_sent("<body>mine</body>");
}

static void test_too_many_servers_speak(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	for (int i = 0; i < LIMIT_XMPP_PRIVILEGED; i++) {
		char *stanza = mem_printf("<message from='d%d.example' to='" GW "'>" PRIVILEGE("message", "outgoing")
		                          "</message>",
		                          i);

		feed(stanza);
		mem_free(stanza);
	}
	clear();
	feed("<message from='example.org' to='" GW "'>" PRIVILEGE("message", "outgoing") "</message>");
	show(NULL, &(struct event_message){.name = "bob@net", .text = "mine", .carbon = true});
	expect_sent("<body>(from another client of yours) mine</body>");
}

static void test_attachments(void **state)
{
	static const struct event_attachment files[] = {{.url = "https://x/1.png", .description = "one"},
	                                                {.url = "https://x/2.png"}};
	struct event_message message = {.name = "bob@net",
	                                .text = "See https://x/1.png",
	                                .id = "x1",
	                                .attachments = files,
	                                .attachments_count = 2};

	(void)state;
	log_in(ALICE_HOME);
	show(NULL, &message);
	expect_sent("id='x1'><body>See https://x/1.png</body>");
	expect_sent("<body>https://x/1.png</body><x xmlns='jabber:x:oob'><url>https://x/1.png</url>"
	            "<desc>one</desc></x>");
	expect_sent("<body>https://x/2.png</body>");
	clear();
	/* What only says where they are is not said twice. */
	message.text = "one: https://x/1.png\nhttps://x/2.png";
	show(NULL, &message);
	expect_sent("id='x1'><body>one</body>");
	clear();
	message.text = "Caption\none: https://x/1.png\nhttps://x/2.png";
	show(NULL, &message);
	expect_sent("id='x1'><body>Caption</body>");
	expect_sent("<body>https://x/1.png</body>");
	clear();
	message.text = "https://x/1.png";
	message.attachments_count = 1;
	show(NULL, &message);
	expect_sent("id='x1'><body>https://x/1.png</body>");
	message.attachments_count = 2;
	clear();
	message.text = "Caption";
	show(NULL, &message);
	expect_sent("id='x1'><body>Caption</body>");
	expect_sent("<body>https://x/1.png</body>");
	clear();
	frontend->config.oob_replace_body = false;
	show(NULL, &message);
	expect_sent("<body>Caption</body><x xmlns='jabber:x:oob'>");
	expect_sent("<url>https://x/2.png</url>");
}

static void test_small_events(void **state)
{
	struct event receipt = {.type = EVENT_RECEIPT, .receipt = {.name = "bob@net", .id = "m1"}};
	struct event typing = {.type = EVENT_CHAT_STATE,
	                       .chat_state = {.name = "bob@net", .state = CHAT_STATE_COMPOSING}};
	struct event attention = {.type = EVENT_ATTENTION, .message = {.name = "bob@net", .text = "hey"}};

	(void)state;
	log_in(ALICE_HOME);
	deliver(NULL, &receipt);
	expect_sent("<received xmlns='urn:xmpp:receipts' id='m1'/>");
	deliver(NULL, &typing);
	expect_sent("<composing xmlns='http://jabber.org/protocol/chatstates'/>");
	deliver(NULL, &attention);
	expect_sent("<body>hey</body><attention xmlns='urn:xmpp:attention:0'/>");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_to_contact),   TEST(test_errors),        TEST(test_without_session),
	        TEST(test_no_loops),     TEST(test_forged_carbon), TEST(test_gateway_line),
	        TEST(test_from_contact), TEST(test_carbon),
	        TEST(test_too_many_servers_speak),
	        TEST(test_attachments),
	        TEST(test_small_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
