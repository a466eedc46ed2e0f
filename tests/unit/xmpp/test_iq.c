/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "frontends/xmpp/disco.h"
#include "tests/unit/xmpp/fixture.h"
#include "transport/people/user.h"

static void ask(const char *type, const char *to, const char *payload)
{
	char *xml =
	        mem_printf("<iq from='" ALICE_HOME "' to='%s' type='%s' id='i1'>%s</iq>", to, type, payload);

	clear();
	feed(xml);
	mem_free(xml);
}

static void test_caps_vector(void **state)
{
	/* XEP-0115, section 5.2. */
	static const char *const features[] = {
	        "http://jabber.org/protocol/muc", "http://jabber.org/protocol/disco#items",
	        "http://jabber.org/protocol/caps", "http://jabber.org/protocol/disco#info"};
	struct buf hash = {0};

	(void)state;
	caps_hash(&hash, "client/pc//Exodus 0.9.1", features, ARRAY_SIZE(features));
	assert_string_equal(buf_text(&hash), "QgayPKawpkPSDYmwT/WM94uAlu0=");
	buf_finish(&hash);
}

static void test_disco(void **state)
{
	static const char *rooms[] = {"#One@irc"}, *names[] = {"First"};
	const char *info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

	(void)state;
	transport.room_list = rooms;
	transport.room_names = names;
	transport.room_list_count = 1;
	ask("get", GW, info);
	expect_sent("<identity category='gateway' type='' name='Spectrum 2 Transport'/>");
	expect_sent("<feature var='jabber:iq:register'/>");
	expect_sent("<feature var='http://jabber.org/protocol/muc'/>");
	ask("get", "#one%irc@" GW, info);
	expect_sent("<identity category='conference' type='text' name='First'/>");
	ask("get", "bob\\40net@" GW, info);
	expect_sent("<identity category='client' type='pc'");
	expect_sent("<feature var='http://jabber.org/protocol/chatstates'/>");
	ask("get", "bob\\40net@" GW "/bot",
	    "<query xmlns='http://jabber.org/protocol/disco#info' node='libtransport#x'/>");
	expect_sent("node='libtransport#x'><identity category='client'");
	ask("get", GW, "<query xmlns='http://jabber.org/protocol/disco#info' node='nothing'/>");
	expect_sent("<item-not-found");
	ask("get", GW, "<query xmlns='http://jabber.org/protocol/disco#items'/>");
	expect_sent("<item jid='#one%irc@" GW "' name='First'/>");
	ask("get", GW,
	    "<query xmlns='http://jabber.org/protocol/disco#items' "
	    "node='http://jabber.org/protocol/commands'/>");
	expect_sent("node='join' name='Join'/>");
	expect_not_sent("reload");
}

static void test_unknown(void **state)
{
	(void)state;
	ask("get", GW, "<query xmlns='urn:example:unknown'/>");
	expect_sent("<iq type='error' from='" GW "' to='" ALICE_HOME "' id='i1'><error type='cancel'>"
	            "<feature-not-implemented");
	ask("set", "bob\\40net@" GW "/bot", "<x xmlns='urn:example:unknown'/>");
	expect_sent("<service-unavailable");
	ask("get", GW, "");
	expect_sent("<bad-request");
	ask("get", GW, "<ping xmlns='urn:xmpp:ping'/>");
	expect_sent("<iq type='result'");
	ask("get", GW, "<query xmlns='jabber:iq:version'/>");
	expect_sent("<name>libtransport</name>");
}

static void test_register_form(void **state)
{
	(void)state;
	ask("get", GW, "<query xmlns='jabber:iq:register'/>");
	expect_sent("<instructions>Enter.</instructions><username/><password/><x xmlns='jabber:x:data' "
	            "type='form'>");
	expect_sent("<field type='hidden' var='FORM_TYPE'><value>jabber:iq:register</value></field>");
	expect_sent("var='password' label='Password'><required/>");
	expect_not_sent("unregister");
	account_exists = true;
	transport.features.need_password = false;
	ask("get", GW, "<query xmlns='jabber:iq:register'/>");
	expect_sent("<registered/><username>legacy</username>");
	expect_sent("var='unregister'");
	expect_not_sent("password");
}

static void test_register(void **state)
{
	(void)state;
	ask("set", GW,
	    "<query xmlns='jabber:iq:register'><username>plain</username><password>a</password>"
	    "<x xmlns='jabber:x:data' type='submit'><field var='username'><value>bob</value></field>"
	    "<field var='password'><value>pw</value></field></x></query>");
	expect_told("REGISTER " ALICE " bob pw en 0");
	expect_sent("<iq type='result' from='" GW "' to='" ALICE_HOME "' id='i1'/>");
	expect_sent("to='" ALICE "'");
	expect_sent("<query xmlns='jabber:iq:roster'/>");
	ask("set", GW,
	    "<query xmlns='jabber:iq:register'><username>plain</username><password>a</password></query>");
	expect_told("REGISTER " ALICE " plain a en 0");
	ask("set", GW, "<query xmlns='jabber:iq:register'><password>a</password></query>");
	expect_sent("<not-acceptable");
	ask("set", GW, "<query xmlns='jabber:iq:register'><username>" ALICE "</username></query>");
	expect_sent("<not-acceptable");
	account_result = TP_ERR_NOT_ALLOWED;
	ask("set", GW, "<query xmlns='jabber:iq:register'><username>bob</username></query>");
	expect_sent("<not-allowed");
	expect_sent("A sentence.");
}

static void test_unregister(void **state)
{
	(void)state;
	ask("set", GW, "<query xmlns='jabber:iq:register'><remove/></query>");
	expect_sent("<registration-required");
	account_exists = true;
	ask("set", GW, "<query xmlns='jabber:iq:register'><remove/></query>");
	expect_told("UNREGISTER " ALICE);
	expect_sent("<iq type='result'");
	expect_sent("<presence type='unsubscribed' from='bob\\40net@" GW "' to='" ALICE "'/>");
	expect_sent("<presence type='unsubscribed' from='" GW "' to='" ALICE "'/>");
	ask("set", GW,
	    "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>"
	    "<field var='unregister'><value>1</value></field></x></query>");
	expect_told("UNREGISTER " ALICE);
}

static void test_gateway(void **state)
{
	(void)state;
	ask("get", GW, "<query xmlns='jabber:iq:gateway'/>");
	expect_sent("<prompt>Contact ID</prompt>");
	ask("set", GW, "<query xmlns='jabber:iq:gateway'><prompt>Bob@net</prompt></query>");
	expect_sent("<jid>bob\\40net@" GW "</jid>");
	ask("set", GW, "<query xmlns='jabber:iq:gateway'><prompt>bob\\40net</prompt></query>");
	expect_sent("<jid>bob\\40net@" GW "</jid>");
	ask("set", GW, "<query xmlns='jabber:iq:gateway'/>");
	expect_sent("<not-acceptable");
}

static void test_commands(void **state)
{
	(void)state;
	ask("set", GW, "<command xmlns='http://jabber.org/protocol/commands' node='join' action='execute'/>");
	expect_sent("status='executing'");
	expect_sent("<field type='text-private' var='secret' label='Secret'/>");
	expect_sent("<value>#default</value>");
	const char *at = strstr(buf_text(&sent), "sessionid='");
	char *id = mem_strndup(at + 11, 26);
	char *submit = mem_printf(
	        "<command xmlns='http://jabber.org/protocol/commands' node='join' sessionid='%s'>"
	        "<x xmlns='jabber:x:data' type='submit'><field var='room'><value>#x</value></field>"
	        "</x></command>",
	        id);
	clear();
	char *theft =
	        mem_printf("<iq from='mallory@example.org/x' to='" GW "' type='set' id='i'>%s</iq>", submit);
	feed(theft);
	expect_sent("<bad-request");
	ask("set", GW, submit);
	expect_told("RUN join " ALICE_HOME " room=#x");
	expect_sent("status='completed'><note type='info'>Done as asked.</note>");
	ask("set", GW, submit);
	expect_sent("<bad-request");
	ask("set", GW, "<command xmlns='http://jabber.org/protocol/commands' node='logout'/>");
	expect_told("RUN logout");
	ask("set", GW, "<command xmlns='http://jabber.org/protocol/commands' node='reload'/>");
	expect_sent("<forbidden");
	ask("set", GW, "<command xmlns='http://jabber.org/protocol/commands' node='none'/>");
	expect_sent("<item-not-found");
	for (int i = 0; i < 6; i++)
		ask("set", GW, "<command xmlns='http://jabber.org/protocol/commands' node='join'/>");
	expect_sent("<resource-constraint");
	mem_free(id);
	mem_free(submit);
	mem_free(theft);
}

static void test_vcard(void **state)
{
	static const uint8_t photo[] = {0x89, 'P', 'N', 'G'};
	struct event event = {.type = EVENT_VCARD,
	                      .vcard = {.id = 1, .full_name = "Bob", .photo = photo, .photo_size = 4}};

	(void)state;
	log_in(ALICE_HOME);
	ask("get", "bob\\40net@" GW, "<vCard xmlns='vcard-temp'/>");
	expect_told("name=bob@net id=1");
	assert_int_equal(sent.len, 0);
	deliver(NULL, &event);
	expect_sent(
	        "<iq type='result' from='bob\\40net@" GW "' to='" ALICE_HOME
	        "' id='i1'><vCard xmlns='vcard-temp'>"
	        "<FN>Bob</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>iVBORw==</BINVAL></PHOTO></vCard></iq>");
	clear();
	deliver(NULL, &event);
	assert_int_equal(sent.len, 0);
	router_result = TP_ERR_NOT_CONNECTED;
	ask("get", "bob\\40net@" GW, "<vCard xmlns='vcard-temp'/>");
	expect_sent("<recipient-unavailable");
	router_result = 0;
	ask("set", GW,
	    "<vCard xmlns='vcard-temp'><FN>Me</FN><PHOTO><BINVAL>iVBO\nRw==</BINVAL></PHOTO></vCard>");
	expect_sent("<iq type='result'");
}

static void test_photo_changed(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	feed("<presence from='" ALICE_HOME "' to='" GW
	     "'><x xmlns='vcard-temp:x:update'><photo>abc</photo></x></presence>");
	expect_sent("<vCard xmlns='vcard-temp'/>");
	char *id = strstr(buf_text(&sent), "id='");
	id = mem_strndup(id + 4, strcspn(id + 4, "'"));
	char *answer = mem_printf("<iq from='" ALICE "' to='" GW
	                          "' type='result' id='%s'><vCard xmlns='vcard-temp'/></iq>",
	                          id);
	feed(answer);
	assert_string_equal(map_get(fake_user()->settings, "photohash"), "abc");
	clear();
	feed("<presence from='" ALICE_HOME "' to='" GW
	     "'><x xmlns='vcard-temp:x:update'><photo>abc</photo></x></presence>");
	expect_not_sent("vCard");
	mem_free(id);
	mem_free(answer);
}

static void test_private_storage(void **state)
{
	const char *get = "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>";

	(void)state;
	ask("get", GW, get);
	expect_sent("<registration-required");
	log_in(ALICE_HOME);
	ask("get", GW, get);
	expect_sent("<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>");
	ask("set", GW,
	    "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>"
	    "<conference jid='a@b' name='&lt;x&gt;'/></storage></query>");
	expect_sent("<iq type='result'");
	ask("get", GW, get);
	expect_sent("<conference");
	expect_sent("&lt;x");
	mem_free(map_put(fake_user()->settings, "storage", mem_strdup("<storage><broken></storage>")));
	ask("get", GW, get);
	expect_not_sent("broken");
	ask("set", GW, "<query xmlns='jabber:iq:private'><other xmlns='x:y'/></query>");
	expect_sent("<not-acceptable");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_caps_vector),   TEST(test_disco),           TEST(test_unknown),
	        TEST(test_register_form), TEST(test_register),        TEST(test_unregister),
	        TEST(test_gateway),       TEST(test_commands),        TEST(test_vcard),
	        TEST(test_photo_changed), TEST(test_private_storage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
