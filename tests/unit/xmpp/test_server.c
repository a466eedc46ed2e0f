/* SPDX-License-Identifier: MIT */
/* Server mode. */
#include <string.h>

#include "tests/unit/xmpp/fixture.h"

#define ME "alice@" GW
#define HOME ME "/home"
#define WORK ME "/work"

static void test_presence(void **state)
{
	(void)state;
	log_in(WORK);
	feed("<presence from='" HOME "' to='" ME "'><show>dnd</show></presence>");
	expect_told("PRESENCE " HOME);
	expect_sent("[" WORK "] <presence from='" HOME "' to='" WORK
	            "'><show>dnd</show><priority>0</priority>");
	expect_sent("[" HOME "] <presence from='" WORK "' to='" HOME "'>");
	clear();
	xmpp_c2s_gone(frontend, HOME);
	expect_sent("[" WORK "] <presence type='unavailable' from='" HOME "' to='" WORK "'/>");
	expect_told("DETACH " HOME);
}

static void test_roster(void **state)
{
	struct event event = {.type = EVENT_CONTACT, .contact = {.name = "new@net", .status = STATUS_ONLINE}};

	(void)state;
	struct resource *resource = log_in(HOME);
	fake_contact("bob@net", "Bob", true);
	feed("<iq from='" HOME "' to='" ME "' type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
	expect_sent("<query xmlns='jabber:iq:roster'><item jid='bob\\40net@" GW
	            "' name='Bob' subscription='both'/>");
	clear();
	fake_contact("new@net", NULL, false);
	resource->identity->frontend->ops->deliver(&frontend->base, resource->identity, resource, &event);
	expect_sent("<iq type='set' from='" ME "' to='" HOME "'");
	expect_sent("<item jid='new\\40net@" GW "' subscription='none' ask='subscribe'/>");
	clear();
	feed("<iq from='" HOME "' to='" ME "' type='set' id='r'><query xmlns='jabber:iq:roster'>"
	     "<item jid='bob\\40net@" GW "' name='Robert'><group>Friends</group></item></query></iq>");
	expect_told("contact name=bob@net alias=Robert groups=1");
	expect_sent("<iq type='result' from='" ME "' to='" HOME "' id='r'/>");
	clear();
	feed("<iq from='" HOME "' to='" ME "' type='set' id='r'><query xmlns='jabber:iq:roster'>"
	     "<item jid='bob\\40net@" GW "' subscription='remove'/></query></iq>");
	expect_told("name=bob@net");
	expect_sent("subscription='remove'/>");
	clear();
	feed("<iq from='" HOME "' to='" ME "' type='set' id='r'><query xmlns='jabber:iq:roster'>"
	     "<item jid='bob@elsewhere.example'/></query></iq>");
	expect_sent("<not-acceptable");
}

static void test_own_clients(void **state)
{
	(void)state;
	log_in(HOME);
	log_in(WORK);
	feed("<message from='" HOME "' to='" WORK "' type='chat' id='m'><body>note</body></message>");
	expect_sent("[" WORK "] <message type='chat' from='" HOME "' to='" WORK
	            "' id='m'><body>note</body></message>");
	clear();
	feed("<iq from='" HOME "' to='" WORK "' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");
	expect_sent("[" WORK "] <iq");
	clear();
	feed("<iq from='" HOME "' to='" ME
	     "' type='get' id='q'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	expect_sent("<identity category='account' type='registered'/>");
	feed("<iq from='" HOME "' to='" GW
	     "' type='get' id='q'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	expect_sent("<identity category='server' type='im'");
	feed("<iq from='" HOME "' to='" GW "' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");
	expect_sent("<iq type='result' from='" GW "' to='" HOME "' id='q'/>");
}

/* There are no other servers behind this one. */
static void test_elsewhere(void **state)
{
	(void)state;
	log_in(HOME);
	feed("<iq from='" HOME "' to='else.example' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");
	expect_sent("[" HOME "] <iq type='error' from='else.example' to='" HOME "' id='q'>");
	expect_sent("<remote-server-not-found");
	clear();
	feed("<message from='" HOME "' to='bob@else.example' id='m'><body>hi</body></message>");
	expect_sent("[" HOME "] <message type='error' from='bob@else.example' to='" HOME "' id='m'>");
	clear();
	feed("<iq from='" HOME "' to='else.example' type='result' id='q'/>"
	     "<message from='" HOME "' to='bob@else.example' type='error' id='m'/>"
	     "<presence from='" HOME "' to='bob@else.example'/>");
	assert_int_equal(sent.len, 0);
	feed("<iq from='" HOME "' to='@else' type='get' id='j'><ping xmlns='urn:xmpp:ping'/></iq>");
	expect_sent("<jid-malformed");
	clear();
	/* A client of one's own that is not there. */
	feed("<message from='" HOME "' to='" ME "/gone' type='chat' id='n'><body>note</body></message>");
	expect_sent("[" HOME "] <message type='error' from='" ME "/gone' to='" HOME "' id='n'>");
}

static void test_failed(void **state)
{
	struct event event = {.type = EVENT_SESSION,
	                      .session = {.state = SESSION_FAILED, .error = 2, .text = "Wrong password."}};

	(void)state;
	struct resource *resource = log_in(HOME);
	resource->identity->frontend->ops->deliver(&frontend->base, resource->identity, NULL, &event);
	expect_sent("<body>Wrong password.</body>");
	assert_int_equal(told.len, 0);
	xmpp_tick(frontend);
	expect_told("CLOSE " ME " remote-connection-failed Wrong password.");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup_server, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_presence),
	        TEST(test_roster),
	        TEST(test_own_clients),
	        TEST(test_elsewhere),
	        TEST(test_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
