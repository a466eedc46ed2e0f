/* SPDX-License-Identifier: MIT */
/* Stanzas that travel as they are (features.rawxml). */
#include <string.h>

#include "base/error.h"
#include "config/limits.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/state.h"
#include "tests/unit/xmpp/fixture.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"

static int raw_setup(void **state)
{
	fixture_setup(state);
	transport.features.raw_xml = true;
	return 0;
}

static int raw_setup_server(void **state)
{
	fixture_setup_server(state);
	transport.features.raw_xml = true;
	return 0;
}

static struct user *sink_user(void *context, const char *key)
{
	(void)context;
	if (!strcmp(key, ALICE))
		return fake_user();
	buf_printf(&told, "NO USER %s\n", key);
	return NULL;
}

/* What the core does with it is not of interest here: it is shown. */
static void sink_event(void *context, struct user *user, const struct event *event)
{
	struct resource *only = context;

	assert_ptr_equal(user, fake_user());
	buf_printf(&told, "EVENT %s %s/%s", event_type_name(event->type), event->raw->name,
	           event->raw->resource ? event->raw->resource : "");
	if (event->type == EVENT_MESSAGE)
		buf_printf(&told, " kind=%d nick=%s text=%s id=%s", (int)event->message.kind,
		           event->message.nickname ? event->message.nickname : "", event->message.text,
		           event->message.id ? event->message.id : "");
	if (event->type == EVENT_PARTICIPANT)
		buf_printf(&told, " nick=%s status=%d flags=%d new=%s", event->participant.nickname,
		           (int)event->participant.status, event->participant.flags,
		           event->participant.new_nickname ? event->participant.new_nickname : "");
	if (event->type == EVENT_CONTACT)
		buf_printf(&told, " status=%d icon=%s", (int)event->contact.status,
		           event->contact.icon_hash ? event->contact.icon_hash : "");
	buf_putc(&told, '\n');
	if (map_get(transport.identities, ALICE))
		deliver(only, event);
}

static const char *fault;

static int chunk_for(struct resource *only, const char *text)
{
	static const struct raw_sink sink = {.user = sink_user, .event = sink_event};

	fault = NULL;
	return frontend->base.ops->read_raw(&frontend->base, text, strlen(text), &sink, only, &fault);
}

static int chunk(const char *text)
{
	return chunk_for(NULL, text);
}

static void expect_fault(const char *text, const char *wanted)
{
	assert_true(chunk(text) < 0);
	assert_string_equal(fault, wanted);
}

/* A client as the member of a room. */
static struct xmpp_room *in_room(struct resource *resource)
{
	struct xmpp_room *room = muc_open(frontend, resource, "room@conf.net", "room%conf.net");

	room->nickname = mem_strdup("al");
	room->joined = true;
	fake_room("room@conf.net", "al");
	return room;
}

static void test_message_out(void **state)
{
	(void)state;
	fake_contact("Bob@net.example", NULL, true);
	log_in(ALICE_HOME);
	feed("<message from='" ALICE_HOME "' to='bob\\40net.example@" GW
	     "/bot' type='chat' id='m1'><body>a&lt;b</body>"
	     "<x xmlns='urn:x' a='1'><y/><z xmlns='urn:z'>t</z></x></message>");
	expect_told("raw Bob@net.example/ <message from='" ALICE_HOME
	            "' to='Bob@net.example' id='m1' type='chat'>"
	            "<body>a&lt;b</body><x xmlns='urn:x' a='1'><y/><z xmlns='urn:z'>t</z></x></message>\n"
	            "message kind=0 name=Bob@net.example nick= text=a<b id=m1\n");
	clear();
	/* The client of the contact is kept, and what is no message to read has no other form. */
	feed("<message from='" ALICE_HOME "' to='eve%net.example@" GW "/phone' type='chat'>"
	     "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
	expect_told("raw eve@net.example/phone <message from='" ALICE_HOME
	            "' to='eve@net.example/phone' type='chat'>"
	            "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>\n");
	assert_null(strstr(buf_text(&told), "kind="));
	clear();
	router_result = TP_ERR_NOT_CONNECTED;
	feed("<message from='" ALICE_HOME "' to='eve%net.example@" GW "'><active "
	     "xmlns='http://jabber.org/protocol/chatstates'/></message>");
	expect_not_sent("error");
	feed("<message from='" ALICE_HOME "' to='eve%net.example@" GW "' id='m3'><body>x</body></message>");
	expect_sent("type='error'");
	expect_sent("id='m3'");
}

static void test_message_without_session(void **state)
{
	(void)state;
	feed("<message from='" ALICE_HOME "' to='bob%net@" GW "' id='m1'><body>x</body></message>");
	expect_sent("registration-required");
	clear();
	feed("<message from='" ALICE_HOME "' to='room%conf@" GW
	     "' type='groupchat' id='m2'><body>x</body></message>");
	expect_sent("not-acceptable");
	assert_null(strstr(buf_text(&told), "raw"));
}

static void test_rooms_out(void **state)
{
	(void)state;
	feed("<presence from='" ALICE_HOME "' to='room%conf.net@" GW
	     "/al'><x xmlns='http://jabber.org/protocol/muc'>"
	     "<history maxstanzas='0'/></x></presence>");
	expect_told("raw room@conf.net/al <presence from='" ALICE_HOME "' to='room@conf.net/al'>"
	            "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>\n"
	            "room join room=room@conf.net nick=al password=\n");
	struct resource *resource = log_in(ALICE_HOME);

	fake_room("room@conf.net", "al");
	feed("<message from='" ALICE_HOME "' to='room%conf.net@" GW
	     "' type='groupchat' id='g1'><body>hi</body></message>");
	expect_told("to='room@conf.net' id='g1' type='groupchat'><body>hi</body></message>\nmessage kind=1 "
	            "name=room@conf.net");
	feed("<message from='" ALICE_HOME "' to='room%conf.net@" GW
	     "/bob' type='chat'><body>psst</body></message>");
	expect_told("message kind=2 name=room@conf.net nick=bob text=psst");
	feed("<message from='" ALICE_HOME "' to='room%conf.net@" GW
	     "' type='groupchat'><subject>new</subject></message>");
	expect_told("<subject>new</subject></message>\nsubject kind=1 name=room@conf.net nick= text=new");
	/* A mediated invitation is for the room, not for people in it. */
	clear();
	feed("<message from='" ALICE_HOME "' to='room%conf.net@" GW
	     "'><x xmlns='http://jabber.org/protocol/muc#user'>"
	     "<invite to='carol@net'/></x></message>");
	expect_told("<invite to='carol@net'/></x></message>\n");
	expect_not_sent("error");
	/* Show and status, a nickname, the end. */
	muc_find(resource, "room@conf.net")->joined = true;
	feed("<presence from='" ALICE_HOME "' to='room%conf.net@" GW "/al'><show>away</show></presence>");
	expect_told("to='room@conf.net/al'><show>away</show></presence>\n");
	clear();
	feed("<presence from='" ALICE_HOME "' to='room%conf.net@" GW "/alice'/>");
	expect_told("to='room@conf.net/alice'/>\nroom join room=room@conf.net nick=alice");
	clear();
	feed("<presence from='" ALICE_HOME "' to='room%conf.net@" GW "/al' type='unavailable'/>");
	expect_told("type='unavailable'/>\nroom leave room=room@conf.net");
}

static void test_client_gone(void **state)
{
	(void)state;
	in_room(log_in(ALICE_HOME));
	feed("<presence from='" ALICE_HOME "' to='" GW "' type='unavailable'/>");
	expect_told("raw room@conf.net/al <presence from='" ALICE_HOME
	            "' to='room@conf.net/al' type='unavailable'/>\n"
	            "room leave room=room@conf.net nick= password=\n");
	expect_told("DETACH");
}

static void test_presence_out(void **state)
{
	(void)state;
	fake_contact("bob@net", NULL, true);
	log_in(ALICE_HOME);
	feed("<presence from='" ALICE_HOME "' to='bob%net@" GW "'><show>dnd</show></presence>");
	expect_told("raw bob@net/ <presence from='" ALICE_HOME
	            "' to='bob@net'><show>dnd</show></presence>\n");
	clear();
	/* Subscriptions are contacts, which have words; the answer to a request goes in both forms. */
	feed("<presence from='" ALICE "' to='bob%net@" GW "' type='subscribe'/>");
	expect_told("contact name=bob@net");
	assert_null(strstr(buf_text(&told), "raw"));
	fake_contact("eve@net", NULL, false);
	feed("<presence from='" ALICE "' to='eve%net@" GW "' type='subscribed'/>");
	expect_told("raw eve@net/ <presence from='" ALICE_HOME "' to='eve@net' type='subscribed'/>\n");
	expect_told("contact name=eve@net");
	clear();
	feed("<presence from='" ALICE_HOME "' to='eve%net@" GW "' type='error'/>");
	assert_null(strstr(buf_text(&told), "raw"));
}

static void test_query_out(void **state)
{
	(void)state;
	struct resource *home = log_in(ALICE_HOME), *work = log_in(ALICE "/work");

	work->priority = 5;
	feed("<iq from='" ALICE_HOME "' to='bob%net@" GW "/phone' type='get' id='q1'><query "
	     "xmlns='jabber:iq:version'/></iq>");
	expect_told("raw bob@net/phone <iq from='" ALICE_HOME "' to='bob@net/phone' id='q1' type='get'>"
	            "<query xmlns='jabber:iq:version'/></iq>\n");
	expect_not_sent("iq");
	clear();
	/* To whom asked, from whom was asked, in the spelling of the one who asked. */
	assert_int_equal(chunk("<iq from='bob@net/phone' to='" ALICE "' id='q1' type='result'><query "
	                       "xmlns='jabber:iq:version'><name>x</name></query></iq>"),
	                 0);
	expect_sent("<iq from='bob%net@" GW "/phone' to='" ALICE_HOME "' id='q1' type='result'>"
	            "<query xmlns='jabber:iq:version'><name>x</name></query></iq>");
	clear();
	/* Only once; whatever else comes goes to the most important client. */
	assert_int_equal(chunk("<iq from='bob@net/phone' to='" ALICE "' id='q1' type='result'/>"), 0);
	expect_sent("<iq from='bob\\40net@" GW "/phone' to='" ALICE "/work' id='q1' type='result'/>");
	clear();
	assert_int_equal(chunk("<iq from='bob@net' to='" ALICE "/whatever' id='n1' type='get'><ping "
	                       "xmlns='urn:xmpp:ping'/></iq>"),
	                 0);
	expect_sent("<iq from='bob\\40net@" GW "' to='" ALICE
	            "/work' id='n1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>");
	clear();
	feed("<iq from='" ALICE "/work' to='bob\\40net@" GW "' id='n1' type='result'/>");
	expect_told("raw bob@net/ <iq from='" ALICE "/work' to='bob@net' id='n1' type='result'/>\n");
	(void)home;
}

static void test_query_of_our_own(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	feed("<iq from='" ALICE_HOME "' to='bob%net@" GW
	     "' type='get' id='r1'><query xmlns='jabber:iq:roster'/></iq>");
	feed("<iq from='" ALICE_HOME "' to='bob%net@" GW
	     "' type='get' id='r2'><query xmlns='jabber:iq:register'/></iq>");
	feed("<iq from='" ALICE_HOME "' to='bob%net@" GW "' type='get' id='r3'><query "
	     "xmlns='http://jabber.org/protocol/stats'/></iq>");
	feed("<iq from='" ALICE_HOME "' to='" GW "' type='get' id='r4'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_null(strstr(buf_text(&told), "raw"));
	expect_sent("id='r1'");
	expect_sent("id='r2'");
	expect_sent("id='r3'");
	expect_sent("id='r4'");
	/* Without a session there is nobody to ask. */
	feed("<iq from='carol@example.org/x' to='bob%net@" GW
	     "' type='get' id='r5'><ping xmlns='urn:xmpp:ping'/></iq>");
	expect_sent("registration-required");
}

static void ask(const char *id)
{
	char *text = mem_printf("<iq from='" ALICE_HOME "' to='bob%%net@" GW "' type='get' id='%s'><ping "
	                        "xmlns='urn:xmpp:ping'/></iq>",
	                        id);

	feed(text);
	mem_free(text);
}

static void test_query_limits(void **state)
{
	char id[16];

	(void)state;
	log_in(ALICE_HOME);
	ask("one");
	clear();
	ask("one");
	expect_sent("<conflict ");
	assert_null(strstr(buf_text(&told), "raw"));
	for (int i = 1; i < LIMIT_XMPP_QUERIES_EACH; i++) {
		snprintf(id, sizeof(id), "q%d", i);
		ask(id);
	}
	clear();
	ask("above");
	expect_sent("resource-constraint");
	assert_int_equal(map_count(frontend->raw_queries), LIMIT_XMPP_QUERIES_EACH);
	/* What the backend does not take is not waited for. */
	raw_queries_forget(frontend, map_get(transport.identities, ALICE));
	assert_int_equal(map_count(frontend->raw_queries), 0);
	router_result = TP_ERR_NOT_CONNECTED;
	clear();
	ask("two");
	expect_sent("type='error'");
	assert_int_equal(map_count(frontend->raw_queries), 0);
	router_result = 0;
	/* An answer that never comes. */
	ask("three");
	clear();
	raw_queries_expire(frontend);
	expect_not_sent("three");
	raw_query_find(frontend, map_get(transport.identities, ALICE), "three")->deadline = 0;
	raw_queries_expire(frontend);
	expect_sent("from='bob%net@" GW "' to='" ALICE_HOME "' id='three'");
	expect_sent("remote-server-timeout");
	/* Who asks and goes is not answered. */
	ask("four");
	session_detach_all(&frontend->base, ALICE);
	assert_int_equal(map_count(frontend->raw_queries), 0);
}

static void test_messages_in(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	assert_int_equal(chunk("<message from='Bob@net/phone' to='" ALICE
	                       "/x' type='chat' id='m1' xml:lang='de'>"
	                       "<body>a&amp;b</body><origin-id xmlns='urn:xmpp:sid:0' id='o'/></message>"),
	                 0);
	expect_told("EVENT message bob@net/phone kind=0 nick= text=a&b id=m1\n");
	expect_sent("<message from='bob\\40net@" GW "/phone' to='" ALICE "'");
	expect_sent("xml:lang='de'");
	expect_sent("<body>a&amp;b</body><origin-id xmlns='urn:xmpp:sid:0' id='o'/></message>");
	clear();
	assert_int_equal(chunk("<message from='bob@net/phone' to='" ALICE "'><composing "
	                       "xmlns='http://jabber.org/protocol/chatstates'/></message>"
	                       "<message from='bob@net' to='" ALICE
	                       "' type='error'><body>x</body></message>"),
	                 0);
	expect_told("EVENT raw xml bob@net/phone\nEVENT raw xml bob@net/\n");
	expect_sent("<composing xmlns='http://jabber.org/protocol/chatstates'/>");
	/* Namespaces are what they were, whatever stream it goes on. */
	clear();
	assert_int_equal(chunk("<message from='bob@net' to='" ALICE
	                       "' type='chat'><n xmlns=''><o/></n><forwarded "
	                       "xmlns='urn:xmpp:forward:0'><m:message xmlns:m='jabber:client' "
	                       "to='x'><m:body>t</m:body>"
	                       "</m:message><p/></forwarded></message>"),
	                 0);
	expect_sent("type='chat'><n xmlns=''><o/></n><forwarded xmlns='urn:xmpp:forward:0'><message "
	            "xmlns='jabber:client' to='x'><body>t</body></message><p/></forwarded></message>");
	/* A room where nobody is has nothing to say. */
	clear();
	assert_int_equal(chunk("<message from='room@conf.net/bob' to='" ALICE
	                       "' type='groupchat'><body>x</body></message>"),
	                 0);
	assert_string_equal(buf_text(&told), "");
	assert_string_equal(buf_text(&sent), "");
}

static void test_rooms_in(void **state)
{
	(void)state;
	struct resource *home = log_in(ALICE_HOME);
	struct xmpp_room *room = in_room(home);

	room->joined = false;
	assert_int_equal(chunk_for(home,
	                           "<presence from='room@conf.net/bob' to='" ALICE "'><show>away</show>"
	                           "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' "
	                           "role='moderator' jid='bob@net/x'/></x></presence>"),
	                 0);
	expect_told("EVENT participant room@conf.net/bob nick=bob status=1 flags=1 new=\n");
	expect_sent("<presence from='room%conf.net@" GW "/bob' to='" ALICE_HOME "'><show>away</show>"
	            "<x xmlns='http://jabber.org/protocol/muc#user'><item jid='bob@net/x' "
	            "role='moderator' affiliation='owner'/></x></presence>");
	clear();
	assert_int_equal(chunk_for(home, "<presence from='room@conf.net/al' to='" ALICE "'>"
	                                 "<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/>"
	                                 "<status code='1x0'/><status/></x></presence>"),
	                 0);
	expect_told("nick=al status=0 flags=16 new=\n");
	clear();
	assert_int_equal(chunk_for(home,
	                           "<message from='room@conf.net/bob' to='" ALICE "' type='groupchat' id='g'>"
	                           "<body>hi</body></message>"
	                           "<message from='room@conf.net' to='" ALICE
	                           "' type='groupchat'><subject/></message>"
	                           "<message from='room@conf.net/bob' to='" ALICE
	                           "' type='chat'><body>psst</body></message>"),
	                 0);
	expect_told(
	        "EVENT message room@conf.net/bob kind=1 nick=bob text=hi id=g\nEVENT subject room@conf.net/\n"
	        "EVENT message room@conf.net/bob kind=2 nick=bob text=psst id=\n");
	expect_sent("<message from='room%conf.net@" GW "/bob' to='" ALICE_HOME
	            "' id='g' type='groupchat'><body>hi</body></message>");
	/* Another nickname, others first. */
	clear();
	assert_int_equal(
	        chunk_for(home, "<presence from='room@conf.net/bob' to='" ALICE "' type='unavailable'>"
	                        "<x xmlns='http://jabber.org/protocol/muc#user'><item nick='rob'/>"
	                        "<status code='303'/></x></presence>"
	                        "<presence from='room@conf.net/al' to='" ALICE
	                        "' type='error'><error type='cancel'>"
	                        "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
	                        "<presence from='room@conf.net/bob' to='" ALICE "' type='unavailable'>"
	                        "<x xmlns='http://jabber.org/protocol/muc#user'><item/><status code='307'/>"
	                        "<status code='301'/></x></presence>"),
	        0);
	expect_told("nick=bob status=5 flags=0 new=rob\n");
	expect_told("nick=al status=5 flags=2 new=\n");
	expect_told("nick=bob status=5 flags=36 new=\n");
}

static void test_presence_in(void **state)
{
	(void)state;
	fake_contact("bob@net", NULL, true);
	struct resource *home = log_in(ALICE_HOME);
	struct event offline = {.type = EVENT_CONTACT,
	                        .contact = {.name = "bob@net", .status = STATUS_OFFLINE}};
	struct event online = {.type = EVENT_CONTACT, .contact = {.name = "bob@net"}};

	assert_int_equal(
	        chunk("<presence from='bob@net/a' to='" ALICE "'><show>xa</show><c "
	              "xmlns='http://jabber.org/protocol/caps' node='n'/><x xmlns='vcard-temp:x:update'>"
	              "<photo>abc</photo></x></presence>"),
	        0);
	expect_told("EVENT contact bob@net/a status=3 icon=abc\n");
	expect_sent("<presence from='bob\\40net@" GW "/a' to='" ALICE_HOME "'><show>xa</show><c "
	            "xmlns='http://jabber.org/protocol/caps' node='n'/>");
	chunk("<presence from='bob@net/b' to='" ALICE "'/>");
	/* The words say nothing that the stanzas do not; a client that comes later is shown the stanzas. */
	clear();
	deliver(NULL, &online);
	expect_not_sent("<presence");
	deliver(home, &online);
	expect_sent("<presence from='bob\\40net@" GW "/a' to='" ALICE_HOME "'><show>xa</show>");
	expect_sent("<presence from='bob\\40net@" GW "/b' to='" ALICE_HOME "'/>");
	clear();
	feed("<presence from='" ALICE_HOME "' to='bob%net@" GW "' type='probe'/>");
	expect_sent("<presence from='bob\\40net@" GW "/b' to='" ALICE_HOME "'/>");
	/* The contact is there while one of its clients is. */
	clear();
	roster_find(fake_user()->roster, "bob@net")->status = STATUS_AWAY;
	chunk("<presence from='bob@net/b' to='" ALICE "' type='unavailable'/>");
	expect_told("EVENT contact bob@net/b status=1");
	expect_sent("<presence from='bob\\40net@" GW "/b' to='" ALICE_HOME "' type='unavailable'/>");
	chunk("<presence from='bob@net/a' to='" ALICE "' type='unavailable'/>");
	expect_told("EVENT contact bob@net/a status=5");
	/* The session is lost: so are its presences. */
	chunk("<presence from='bob@net/a' to='" ALICE "'/>");
	clear();
	deliver(home, &offline);
	expect_sent("<presence from='bob\\40net@" GW "/a' to='" ALICE_HOME "' type='unavailable'/>");
	fake_session(SESSION_RECONNECTING, 0, NULL);
	clear();
	deliver(home, &online);
	expect_not_sent("<presence");
	feed("<presence from='" ALICE_HOME "' to='bob%net@" GW "' type='probe'/>");
	expect_sent("type='unavailable'");
	/* Strangers, and requests. */
	clear();
	chunk("<presence from='eve@net/x' to='" ALICE "'><status>hm</status></presence>");
	expect_told("EVENT raw xml eve@net/x\n");
	expect_sent("<presence from='eve\\40net@" GW "/x' to='" ALICE "'><status>hm</status></presence>");
	chunk("<presence from='eve@net' to='" ALICE
	      "' type='subscribe'><nick xmlns='http://jabber.org/protocol/nick'>E"
	      "</nick></presence>");
	expect_told("EVENT authorization request eve@net/\n");
	expect_sent("<presence from='eve\\40net@" GW "' to='" ALICE "' type='subscribe'><nick");
}

static void test_presence_limits(void **state)
{
	struct buf text = {0};

	(void)state;
	fake_contact("bob@net", NULL, true);
	log_in(ALICE_HOME);
	for (int i = 0; i < 2 * LIMIT_RAW_PRESENCES; i++) {
		buf_clear(&text);
		buf_printf(&text, "<presence from='bob@net/r%d' to='" ALICE "'/>", i);
		assert_int_equal(chunk(buf_text(&text)), 0);
	}
	const struct identity *identity = map_get(transport.identities, ALICE);

	assert_int_equal(map_count(raw_contact_presences(identity, "bob@net")), LIMIT_RAW_PRESENCES);
	/* One that is too long takes the place of none, and the older one is no longer true. */
	buf_clear(&text);
	buf_puts(&text, "<presence from='bob@net/r0' to='" ALICE "'><status>");
	for (unsigned i = 0; i < LIMIT_RAW_PRESENCE_BYTES; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "</status></presence>");
	clear();
	assert_int_equal(chunk(buf_text(&text)), 0);
	expect_sent("/r0' to=");
	assert_int_equal(map_count(raw_contact_presences(identity, "bob@net")), LIMIT_RAW_PRESENCES - 1);
	deliver(NULL, &(struct event){.type = EVENT_CONTACT_REMOVED, .contact = {.name = "bob@net"}});
	assert_null(raw_contact_presences(identity, "bob@net"));
	buf_finish(&text);
}

#define GOOD "<message from='bob@net' to='" ALICE "'><body>fine</body></message>"

static void test_bad_chunks(void **state)
{
	static const struct {
		const char *text, *fault;
	} bad[] = {
	        {"", NULL},
	        {"text", NULL}, /* between stanzas it means nothing */
	        {"<message", "a stanza is not whole"},
	        {"<message from='bob@net' to='" ALICE "'><body>x</body>", "a stanza is not whole"},
	        {"</message>", "it is not well-formed"},
	        {"<message from='b' to='" ALICE "'></presence>", "it is not well-formed"},
	        {"</stream:stream>", "the end of a stream"},
	        {"</stream:stream>" GOOD, "the end of a stream"},
	        {"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
	         "a stanza is not whole"},
	        {"<stream:error/>", "an element that is no stanza"},
	        {"<message xmlns='urn:other' from='bob@net' to='" ALICE "'/>",
	         "an element that is no stanza"},
	        {"<!DOCTYPE x><message/>", "it is not well-formed"},
	        {"<!-- x -->", "it is not well-formed"},
	        {"<?php?>", "it is not well-formed"},
	        {"<message from='bob@net' to='" ALICE "'><body>&bomb;</body></message>",
	         "it is not well-formed"},
	        {"<message from='bob@net'/>", "a stanza is for no possible address"},
	        {"<message from='bob@net' to='@'/>", "a stanza is for no possible address"},
	        {"<message to='" ALICE "'/>", "a stanza is from no possible address"},
	        {"<message from='a@b@c' to='" ALICE "'/>", "a stanza is from no possible address"},
	        {"<iq from='bob@net' to='" ALICE "' type='get'/>", "an iq without an id or a type"},
	        {"<iq from='bob@net' to='" ALICE "' id='1'/>", "an iq without an id or a type"},
	        {"<iq from='bob@net' to='" ALICE "' id='1' type='set'><query xmlns='jabber:iq:roster'><item "
	         "jid='evil@net'/></query></iq>",
	         "an iq about the person's roster or account"},
	};

	(void)state;
	log_in(ALICE_HOME);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		clear();
		if (bad[i].fault)
			expect_fault(bad[i].text, bad[i].fault);
		else
			assert_int_equal(chunk(bad[i].text), 0);
		expect_not_sent("<");
		/* And the next one is none the worse for it. */
		assert_int_equal(chunk(GOOD), 0);
		expect_sent("<body>fine</body>");
	}
	/* What came before the fault counts, what comes behind it does not. */
	clear();
	expect_fault(GOOD "<message to='" ALICE "'/><message from='bob@net' to='" ALICE
	                  "'><body>late</body></message>",
	             "a stanza is from no possible address");
	expect_sent("<body>fine</body>");
	expect_not_sent("late");
	/* Somebody else's user, and addresses that only look like ours. */
	clear();
	assert_int_equal(chunk("<message from='bob@net' to='carol@example.org'><body>x</body></message>"), 0);
	expect_told("NO USER carol@example.org\n");
	assert_int_equal(chunk("<message from='" GW "' to='" ALICE "'><body>x</body></message>"
	                       "<message from='" ALICE_HOME "' to='" ALICE "'><body>y</body></message>"),
	                 0);
	expect_sent("from='" GW "@" GW "'");
	expect_sent("from='alice\\40example.org@" GW "/home'");
}

static void nested(struct buf *text, unsigned depth)
{
	buf_puts(text, "<message from='bob@net' to='" ALICE "'>");
	for (unsigned i = 0; i < depth; i++)
		buf_puts(text, "<a>");
	for (unsigned i = 0; i < depth; i++)
		buf_puts(text, "</a>");
	buf_puts(text, "</message>");
}

static void test_oversized_chunks(void **state)
{
	struct buf text = {0};

	(void)state;
	log_in(ALICE_HOME);
	nested(&text, 200000);
	expect_fault(buf_text(&text), "a stanza above the limits");
	buf_clear(&text);
	nested(&text, LIMIT_STANZA_DEPTH - 2);
	clear();
	assert_int_equal(chunk(buf_text(&text)), 0);
	expect_sent("<a><a>");
	buf_clear(&text);
	buf_puts(&text, "<message from='bob@net' to='" ALICE "'><body>");
	for (unsigned i = 0; i < LIMIT_STANZA_BYTES; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "</body></message>");
	expect_fault(buf_text(&text), "a stanza above the limits");
	buf_clear(&text);
	buf_puts(&text, "<message from='bob@net' to='" ALICE "'>");
	for (unsigned i = 0; i <= LIMIT_STANZA_ELEMENTS; i++)
		buf_puts(&text, "<a/>");
	buf_puts(&text, "</message>");
	expect_fault(buf_text(&text), "a stanza above the limits");
	buf_clear(&text);
	buf_puts(&text, "<message from='bob@net' to='" ALICE "'");
	for (unsigned i = 0; i <= LIMIT_STANZA_ATTRIBUTES; i++)
		buf_printf(&text, " a%u=''", i);
	buf_puts(&text, "/>");
	expect_fault(buf_text(&text), "a stanza above the limits");
	clear();
	assert_int_equal(chunk(GOOD), 0);
	expect_sent("<body>fine</body>");
	buf_finish(&text);
}

static void test_server_mode(void **state)
{
	(void)state;
	log_in("alice@" GW "/home");
	struct identity *identity = map_get(transport.identities, "alice@" GW);

	mem_replace(&fake_user()->key, "alice@" GW);
	feed("<message from='alice@" GW "/home' to='bob%net@" GW "' type='chat'><body>hi</body></message>");
	expect_told("raw bob@net/ <message from='alice@" GW
	            "/home' to='bob@net' type='chat'><body>hi</body></message>\n");
	/* An IQ to one's own account is not the network's. */
	clear();
	feed("<iq from='alice@" GW "/home' to='alice@" GW
	     "' type='get' id='s1'><query xmlns='jabber:iq:roster'/></iq>");
	assert_null(strstr(buf_text(&told), "raw"));
	const struct event_raw raw = {
	        .kind = RAW_MESSAGE, .name = "bob@net", .bytes = "<message/>", .length = 10};
	const struct event event = {.type = EVENT_RAW_XML, .raw = &raw};

	frontend->base.ops->deliver(&frontend->base, identity, NULL, &event);
	expect_sent("[alice@" GW "] <message from='bob\\40net@" GW "' to='alice@" GW "'/>");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, raw_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_message_out),
	        TEST(test_message_without_session),
	        TEST(test_rooms_out),
	        TEST(test_client_gone),
	        TEST(test_presence_out),
	        TEST(test_query_out),
	        TEST(test_query_of_our_own),
	        TEST(test_query_limits),
	        TEST(test_messages_in),
	        TEST(test_rooms_in),
	        TEST(test_presence_in),
	        TEST(test_presence_limits),
	        TEST(test_bad_chunks),
	        TEST(test_oversized_chunks),
	        cmocka_unit_test_setup_teardown(test_server_mode, raw_setup_server, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
