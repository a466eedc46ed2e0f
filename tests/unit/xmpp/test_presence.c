/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "frontends/xmpp/presence.h"
#include "frontends/xmpp/roster.h"
#include "frontends/xmpp/state.h"
#include "tests/unit/xmpp/fixture.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"

static void test_available(void **state)
{
	(void)state;
	feed("<presence from='" ALICE_HOME "' to='" GW "'><show>away</show><status>tea</status>"
	     "<priority>5</priority></presence>");
	expect_told("ATTACH " ALICE_HOME);
	expect_told("PRESENCE " ALICE_HOME " 1 tea 5");
	clear();
	session_find_identity(&transport, &frontend->base, ALICE)->user = fake_user();
	fake_session(SESSION_CONNECTING, 0, NULL);
	expect_sent("<presence type='unavailable' from='" GW "' to='" ALICE_HOME
	            "'><status>Connecting</status>");
	clear();
	fake_session(SESSION_CONNECTED, 0, NULL);
	expect_sent("<presence from='" GW "' to='" ALICE_HOME
	            "'><show>away</show><status>tea</status></presence>");
	expect_sent("<query xmlns='jabber:iq:roster'/>");
	clear();
	feed("<presence from='" ALICE_HOME "' to='" GW "' type='unavailable'/>");
	expect_told("DETACH " ALICE_HOME);
	expect_sent("<presence type='unavailable' from='" GW "' to='" ALICE_HOME "'/>");
	clear();
	feed("<presence from='" ALICE_HOME "' to='" GW "' type='unavailable'/>");
	expect_not_sent("<presence");
}

static void test_unregistered(void **state)
{
	(void)state;
	feed("<presence from='" ALICE_HOME "' to='" GW "'/>");
	feed("<presence from='" ALICE_HOME "' to='#c%irc@" GW "/nick'/>");
	clear();
	fake_session(SESSION_UNREGISTERED, 0, NULL);
	expect_sent("<presence type='error' from='" GW "' to='" ALICE_HOME
	            "'><error type='auth'><registration-required");
	expect_sent("<presence type='error' from='#c%irc@" GW "/nick' to='" ALICE_HOME "'>");
}

static void test_failed(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	fake_session(SESSION_FAILED, 2, "Wrong password.");
	expect_sent("to='" ALICE
	            "'><body>Wrong password.</body><spectrumerror xmlns='http://spectrum.im/error' "
	            "error='2'>CONNECTION_ERROR_AUTHENTICATION_FAILED</spectrumerror>");
	expect_sent("<presence type='unavailable' from='" GW "' to='" ALICE_HOME "'>");
}

static void test_too_many_clients(void **state)
{
	(void)state;
	attached_limit = 0;
	feed("<presence from='" ALICE_HOME "' to='" GW "'/>");
	expect_sent("<resource-constraint");
}

static void test_probe(void **state)
{
	(void)state;
	feed("<presence from='" ALICE "' to='" GW "' type='probe'/>");
	expect_sent("type='unavailable' from='" GW "' to='" ALICE "'");
	clear();
	log_in(ALICE_HOME);
	fake_contact("bob@net", "Bob", true);
	feed("<presence from='" ALICE "' to='bob\\40net@" GW "' type='probe'/>");
	expect_sent("<presence from='bob\\40net@" GW "/bot' to='" ALICE "'>");
	feed("<presence from='" ALICE "' to='nobody\\40net@" GW "' type='probe'/>");
	expect_sent("<presence type='unavailable' from='nobody\\40net@" GW "/bot' to='" ALICE "'/>");
}

/* Presence that comes back: who cannot be reached is not there, other errors mean nothing. */
static void test_bounced(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	feed("<presence from='" ALICE "' to='" GW "' type='error'><error type='wait'>"
	     "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
	feed("<presence from='" ALICE "' to='" GW "' type='error'/>");
	assert_non_null(session_find_identity(&transport, &frontend->base, ALICE));
	feed("<presence from='" ALICE "' to='" GW "' type='error'><error type='cancel'>"
	     "<remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
	assert_null(session_find_identity(&transport, &frontend->base, ALICE));
}

static void test_contact_shown(void **state)
{
	struct event event = {
	        .type = EVENT_CONTACT,
	        .contact = {.name = "Bob@net", .status = STATUS_DO_NOT_DISTURB, .icon_hash = "abc"}};

	(void)state;
	struct resource *resource = log_in(ALICE_HOME);
	deliver(resource, &event);
	expect_sent("<presence from='bob\\40net@" GW "/bot' to='" ALICE_HOME "'><show>dnd</show>"
	            "<x xmlns='vcard-temp:x:update'><photo>abc</photo></x>"
	            "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='libtransport' ver=");
}

static void test_subscriptions(void **state)
{
	(void)state;
	feed("<presence from='" ALICE "' to='" GW "' type='subscribe'/>");
	expect_sent("<presence type='subscribed' from='" GW "' to='" ALICE "'/>");
	clear();
	log_in(ALICE_HOME);
	feed("<presence from='" ALICE "' to='bob\\40net@" GW "' type='subscribe'/>");
	expect_told("contact name=bob@net");
	expect_sent("<presence type='subscribed' from='bob\\40net@" GW "' to='" ALICE "'/>");
	expect_sent("<presence type='subscribe' from='bob\\40net@" GW "' to='" ALICE "'/>");
	clear();
	fake_contact("bob@net", NULL, true);
	feed("<presence from='" ALICE "' to='bob%net@" GW "' type='unsubscribe'/>");
	expect_told("name=bob@net");
	expect_sent("<presence type='unsubscribed'");
	clear();
	feed("<presence from='" ALICE "' to='bob%net@" GW "' type='unsubscribed'/>");
	assert_int_equal(told.len, 0);
}

static void test_own_percent_in_name(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	fake_contact("100%club", NULL, true);
	feed("<message from='" ALICE_HOME "' to='100%club@" GW "' type='chat'><body>x</body></message>");
	expect_told("name=100%club");
}

static void test_ask(void **state)
{
	struct event event = {.type = EVENT_AUTH_REQUEST, .contact = {.name = "bob@net", .alias = "Bob"}};

	(void)state;
	log_in(ALICE_HOME);
	deliver(NULL, &event);
	expect_sent("<presence type='subscribe' from='bob\\40net@" GW "' to='" ALICE
	            "'><nick xmlns='http://jabber.org/protocol/nick'>Bob</nick></presence>");
}

/* The id of the request that was sent last. */
static char *sent_id(void)
{
	const char *id = strstr(buf_text(&sent), " id='");

	assert_non_null(id);
	return mem_strndup(id + 5, strcspn(id + 5, "'"));
}

static void answer_roster(const char *from, const char *type, const char *payload, const char *id)
{
	char *xml =
	        mem_printf("<iq from='%s' to='" GW "' type='%s' id='%s'>%s</iq>", from, type, id, payload);

	feed(xml);
	mem_free(xml);
}

static void test_roster_granted(void **state)
{
	(void)state;
	struct resource *resource = log_in(ALICE_HOME);
	fake_contact("bob@net", "Bob", false);
	fake_contact("eve@net", "Eve", false);
	fake_session(SESSION_CONNECTED, 0, NULL);
	char *id = sent_id();
	clear();
	answer_roster("mallory@example.org", "result", "<query xmlns='jabber:iq:roster'/>", id);
	assert_int_equal(identity_state(resource->identity)->access, ROSTER_ASKED);
	answer_roster(ALICE, "result",
	              "<query xmlns='jabber:iq:roster'><item jid='eve\\40net@" GW
	              "' name='Eve' subscription='both'/></query>",
	              id);
	assert_int_equal(identity_state(resource->identity)->access, ROSTER_GRANTED);
	xmpp_tick(frontend);
	expect_sent("<item jid='bob\\40net@" GW "' name='Bob' subscription='both'/>");
	expect_not_sent("eve");
	clear();
	xmpp_tick(frontend);
	assert_int_equal(sent.len, 0);
	mem_free(id);
}

static void test_roster_denied(void **state)
{
	(void)state;
	struct resource *resource = log_in(ALICE_HOME);
	fake_contact("bob@net", "Bob", false);
	fake_contact("eve@net", "Eve", true);
	fake_session(SESSION_CONNECTED, 0, NULL);
	char *id = sent_id();
	answer_roster(ALICE, "error", "", id);
	clear();
	xmpp_tick(frontend);
	assert_int_equal(sent.len, 0);
	identity_state(resource->identity)->work_after = 0;
	xmpp_tick(frontend);
	expect_sent("<presence type='subscribe' from='bob\\40net@" GW "' to='" ALICE "'>");
	expect_not_sent("eve");
	mem_free(id);
}

/* How many were asked in the next tick. */
static unsigned questions(void)
{
	unsigned count = 0;

	clear();
	xmpp_tick(frontend);
	for (const char *at = buf_text(&sent); (at = strstr(at, "type='subscribe'")); at++)
		count++;
	return count;
}

/* So many that they are looked at in several ticks, and meanwhile one goes and one comes: each is asked once. */
static void test_roster_swept(void **state)
{
	(void)state;
	struct resource *resource = log_in(ALICE_HOME);
	struct contacts **contacts = &resource->identity->user->roster->contacts;
	struct event event = {.type = EVENT_CONTACT, .contact = {.name = "late"}};
	char name[16];

	for (int i = 0; i < 2500; i++) {
		snprintf(name, sizeof(name), "friend%d", i);
		fake_contact(name, NULL, i >= 15 && i < 2490);
	}
	fake_session(SESSION_CONNECTED, 0, NULL);
	char *id = sent_id();
	answer_roster(ALICE, "error", "", id);
	identity_state(resource->identity)->work_after = 0;
	assert_int_equal(questions(), 10);
	expect_sent("from='friend9@");
	contacts_remove(contacts, contacts_find(*contacts, "friend9")); /* where the sweep stands */
	fake_contact("late", NULL, false);
	deliver(NULL, &event);
	assert_int_equal(questions(), 6);
	expect_sent("from='late@");
	expect_sent("from='friend14@");
	assert_int_equal(questions(), 0); /* a thousand that need nothing */
	assert_int_equal(questions(), 10);
	expect_sent("from='friend2499@");
	assert_int_equal(questions(), 0);
	assert_true(list_empty(&frontend->roster_work));
	mem_free(id);
}

static void test_reconnected(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	struct resource *room_only = log_in("alice@example.org/phone");
	room_only->has_presence = false;
	xmpp_component_down(frontend);
	clear();
	xmpp_component_up(frontend);
	expect_sent("<presence type='probe' from='" GW "' to='" ALICE "'/>");
	expect_sent("to='alice@example.org/phone'");
	expect_sent("<ping xmlns='urn:xmpp:ping'/>");
	feed("<presence from='" ALICE_HOME "' to='" GW "'/>");
	assert_true(resource_state(session_find(&transport, &frontend->base, ALICE, "home"))->confirmed);
	assert_false(resource_state(room_only)->confirmed);
}

/* Only as the answer to a probe does it say that nobody is there. */
static void test_unavailable_without_resource(void **state)
{
	static const char bare[] = "<presence from='" ALICE "' to='" GW "' type='unavailable'/>";

	(void)state;
	log_in(ALICE_HOME);
	log_in("alice@example.org/work");
	log_in("alice@example.org/phone")->has_presence = false;
	clear();
	feed(bare);
	assert_int_equal(told.len, 0);
	xmpp_component_down(frontend);
	xmpp_component_up(frontend);
	xmpp_tick(frontend);
	feed("<presence from='alice@example.org/work' to='" GW "'/>");
	clear();
	feed(bare);
	expect_told("DETACH " ALICE_HOME);
	assert_non_null(session_find(&transport, &frontend->base, ALICE, "work"));
	assert_non_null(session_find(&transport, &frontend->base, ALICE, "phone"));
}

static void test_goodbye(void **state)
{
	(void)state;
	struct resource *resource = log_in(ALICE_HOME);
	feed("<presence from='" ALICE_HOME "' to='#c%irc@" GW "/nick'/>");
	show_self(resource, "#c@irc", "nick");
	clear();
	frontend->stopping = true;
	presence_say_goodbye(frontend);
	expect_sent("<status code='332'/>");
	expect_sent("<status code='307'/>");
	expect_sent("<presence type='unavailable' from='" GW "' to='" ALICE_HOME "'>");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_available),     TEST(test_unregistered),
	        TEST(test_failed),        TEST(test_too_many_clients),
	        TEST(test_probe),         TEST(test_contact_shown),
	        TEST(test_subscriptions), TEST(test_own_percent_in_name),
	        TEST(test_ask),           TEST(test_roster_granted),
	        TEST(test_roster_denied), TEST(test_roster_swept),
	        TEST(test_reconnected),
	        TEST(test_goodbye),       TEST(test_unavailable_without_resource),
	        TEST(test_bounced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
