/* SPDX-License-Identifier: MIT */
/* Messages about messages, and what is told of rooms. */
#include <stdio.h>
#include <string.h>

#include "config/limits.h"
#include "tests/unit/xmpp/fixture.h"
#include "transport/rooms/room.h"

#define BOB "bob\\40net@" GW
#define ROOM "#chan%irc.example@" GW
#define NAME "#chan@irc.example"

static void say(const char *to, const char *type, const char *inside)
{
	char *stanza = mem_printf("<message from='" ALICE_HOME "' to='%s' type='%s' id='m9'>%s</message>", to,
	                          type, inside);

	clear();
	feed(stanza);
	mem_free(stanza);
}

static struct resource *join(void)
{
	struct resource *resource = log_in(ALICE_HOME);

	fake_room(NAME, "nick");
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/nick'><x xmlns='http://jabber.org/protocol/muc'/>"
	     "</presence>");
	show_self(resource, NAME, "nick");
	return resource;
}

static void test_from_people(void **state)
{
	(void)state;
	join();
	say(BOB, "chat",
	    "<body>new</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/><thread>t1</thread>");
	expect_told("text=new id=m9 replaces=m1 thread=t1\n");
	/* A retraction, also as its first version had it. */
	say(BOB, "chat", "<retract xmlns='urn:xmpp:message-retract:1' id='m1'/>");
	expect_told("text= id=m9 retracts=m1\n");
	say(ROOM, "groupchat",
	    "<body>took it back</body><apply-to xmlns='urn:xmpp:fasten:0' id='s1'>"
	    "<retract xmlns='urn:xmpp:message-retract:0'/></apply-to>");
	expect_told("text=took it back id=m9 retracts=s1\n");
	/* Reactions bring a text for networks that have none. */
	say(ROOM, "groupchat",
	    "<reactions xmlns='urn:xmpp:reactions:0' id='s1'><reaction>+</reaction>"
	    "<reaction>\xf0\x9f\x91\x8b</reaction><reaction/></reactions>");
	expect_told("kind=1 name=" NAME
	            " nick= text=+ \xf0\x9f\x91\x8b id=m9 reacts-to=s1 [+] [\xf0\x9f\x91\x8b]\n");
	say(BOB, "chat", "<reactions xmlns='urn:xmpp:reactions:0' id='n1'/>");
	expect_told("text= id=m9 reacts-to=n1\n");
	/* The quotation is for clients without replies. */
	say(ROOM, "groupchat",
	    "<body>&gt; op:\n&gt; \xc3\xa4h?\n&gt; wirklich\nja</body><reply xmlns='urn:xmpp:reply:0' "
	    "to='" ROOM "/op' id='s1'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
	    "<body start='0' end='23'/></fallback>");
	expect_told("text=ja id=m9 reply-to=s1 '\xc3\xa4h?\nwirklich' by op\n");
	say(BOB, "chat", "<body>yes</body><reply xmlns='urn:xmpp:reply:0' to='" BOB "/bot' id='n1'/>");
	expect_told("text=yes id=m9 reply-to=n1 '' by \n");
}

static void test_odd_words_from_people(void **state)
{
	static const char *const ranges[] = {"start='-1' end='99999999999999999999'", "start='5' end='2'",
	                                     "start='x' end=''", "end='3'", ""};

	(void)state;
	join();
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		char *inside = mem_printf(
		        "<body>\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4</body><reply xmlns='urn:xmpp:reply:0' "
		        "id='n1'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
		        "<body %s/></fallback>",
		        ranges[i]);

		say(BOB, "chat", inside);
		expect_told("reply-to=n1");
		mem_free(inside);
	}
	/* More than anybody has. */
	struct buf many = {0};

	buf_puts(&many, "<reactions xmlns='urn:xmpp:reactions:0' id='n1'>");
	for (int i = 0; i < LIMIT_REACTIONS + 10; i++)
		buf_printf(&many, "<reaction>%d</reaction>", i);
	buf_puts(&many, "</reactions>");
	say(BOB, "chat", buf_text(&many));
	buf_finish(&many);
	expect_told("[63]");
	assert_null(strstr(buf_text(&told), "[64]"));
	/* No id, or a stanza with neither text nor sense. */
	say(BOB, "chat",
	    "<reply xmlns='urn:xmpp:reply:0'/><retract xmlns='urn:xmpp:message-retract:1'/>"
	    "<apply-to xmlns='urn:xmpp:fasten:0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>"
	    "<displayed xmlns='urn:xmpp:chat-markers:0'/>");
	assert_int_equal(told.len, 0);
}

static void test_read_markers(void **state)
{
	struct event event = {.type = EVENT_READ_MARKER,
	                      .read_marker = {.name = "bob@net", .message_id = "m1"}};

	(void)state;
	struct resource *resource = join();
	say(BOB, "chat", "<displayed xmlns='urn:xmpp:chat-markers:0' id='n1'/>");
	expect_told("read marker name=bob@net id=n1\n");
	say(ROOM, "groupchat", "<displayed xmlns='urn:xmpp:chat-markers:0' id='s1'/>");
	expect_told("read marker name=" NAME " id=s1\n");
	assert_int_equal(sent.len, 0);
	deliver(NULL, &event);
	expect_sent("<message type='chat' from='" BOB "/bot' to='" ALICE "' id='");
	expect_sent("<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/></message>");
	clear();
	event.read_marker = (struct event_read_marker){NAME, "op", "m2"};
	deliver(resource, &event);
	expect_sent("<message type='groupchat' from='" ROOM "/op' to='" ALICE_HOME "' id='");
	expect_sent("<displayed xmlns='urn:xmpp:chat-markers:0' id='m2'/></message>");
}

static void test_typing_in_rooms(void **state)
{
	struct event event = {.type = EVENT_CHAT_STATE, .chat_state = {NAME, CHAT_STATE_COMPOSING, "op"}};

	(void)state;
	struct resource *resource = join();
	deliver(resource, &event);
	expect_sent("<message type='groupchat' from='" ROOM "/op' to='" ALICE_HOME "'>"
	            "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
	clear();
	deliver(NULL, &event);
	assert_int_equal(sent.len, 0);
	say(ROOM, "groupchat", "<paused xmlns='http://jabber.org/protocol/chatstates'/>");
	expect_told("chat state name=" NAME " 2\n");
	say(ROOM, "groupchat", "<body>done</body><active xmlns='http://jabber.org/protocol/chatstates'/>");
	assert_null(strstr(buf_text(&told), "chat state name=" NAME " 0\n"));
}

static void show(struct resource *only, struct event_message message)
{
	struct event event = {.type = EVENT_MESSAGE, .message = message};

	clear();
	deliver(only, &event);
}

static void test_to_people(void **state)
{
	static const char *const reactions[] = {"+", "<"};

	(void)state;
	struct resource *resource = join();
	transport.features.extension = true;
	show(NULL, (struct event_message){
	                   .name = "bob@net", .text = "new", .id = "n2", .replaces = "n1", .thread = "t"});
	expect_sent("id='n2'><body>new</body><thread>t</thread><replace xmlns='urn:xmpp:message-correct:0' "
	            "id='n1'/>"
	            "<markable xmlns='urn:xmpp:chat-markers:0'/>");
	expect_not_sent("stanza-id");
	show(NULL, (struct event_message){.name = "bob@net", .text = "", .id = "n3", .retracts = "n1"});
	expect_sent("id='n3'><retract xmlns='urn:xmpp:message-retract:1' id='n1'/>");
	expect_not_sent("markable");
	show(NULL, (struct event_message){.name = "bob@net", .text = "gone", .id = "n3", .retracts = "n1"});
	expect_sent("<body>gone</body><retract xmlns='urn:xmpp:message-retract:1' id='n1'/>"
	            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>");
	show(NULL, (struct event_message){.name = "bob@net",
	                                  .text = "",
	                                  .id = "n4",
	                                  .reacts_to = "m1",
	                                  .reactions = reactions,
	                                  .reactions_count = 2});
	expect_sent("id='n4'><reactions xmlns='urn:xmpp:reactions:0' id='m1'><reaction>+</reaction>"
	            "<reaction>&lt;</reaction></reactions>");
	expect_not_sent("<body");
	show(resource, (struct event_message){.kind = MESSAGE_ROOM,
	                                      .name = NAME,
	                                      .nickname = "op",
	                                      .text = "ja",
	                                      .xhtml = "<b>ja</b>",
	                                      .id = "n5",
	                                      .reply_to = "s1",
	                                      .reply_text = "\xc3\xa4h?\nwirklich",
	                                      .reply_author = "nick"});
	expect_sent("from='" ROOM "/op' to='" ALICE_HOME
	            "' id='n5'><body>&gt; nick:\n&gt; \xc3\xa4h?\n&gt; wirklich\nja</body>"
	            "<reply xmlns='urn:xmpp:reply:0' to='" ROOM "/nick' id='s1'/>"
	            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' "
	            "end='25'/></fallback>"
	            "<stanza-id xmlns='urn:xmpp:sid:0' by='" ROOM "' id='n5'/>");
	expect_not_sent("<html");
	/* One's own words: the client knows them by its id, the room by the network's. */
	show(resource, (struct event_message){.kind = MESSAGE_ROOM,
	                                      .name = NAME,
	                                      .nickname = "nick",
	                                      .text = "hi",
	                                      .id = "n6",
	                                      .sent_id = "m6"});
	expect_sent("id='m6'><body>hi</body><stanza-id xmlns='urn:xmpp:sid:0' by='" ROOM "' id='n6'/>");
	/* Who speaks for others says so; a participant of that name need not. */
	show(resource, (struct event_message){.kind = MESSAGE_ROOM,
	                                      .name = NAME,
	                                      .nickname = "relay",
	                                      .text = "hi",
	                                      .author = {.name = "Carol"}});
	expect_sent("<body>&lt;Carol&gt; hi</body>");
	show(resource, (struct event_message){.kind = MESSAGE_ROOM,
	                                      .name = NAME,
	                                      .nickname = "Carol",
	                                      .text = "hi",
	                                      .author = {.name = "Carol"}});
	expect_sent("<body>hi</body>");
	transport.features.extension = false;
}

static void test_room_info(void **state)
{
	struct event event = {.type = EVENT_ROOM_INFO,
	                      .room_info = {.room = NAME, .title = "A channel", .icon_hash = "abc"}};

	(void)state;
	struct resource *resource = join();
	struct room *room = room_find(fake_user(), NAME);

	feed("<iq from='" ALICE_HOME "' to='" ROOM "' id='1' type='get'>"
	     "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	expect_not_sent("jabber:x:data");
	clear();
	deliver(resource, &event);
	expect_sent("<presence from='" ROOM "' to='" ALICE_HOME
	            "'><x xmlns='vcard-temp:x:update'><photo>abc</photo>");
	expect_not_sent("104");
	clear();
	deliver(resource, &event);
	expect_sent("<message type='groupchat' from='" ROOM "' to='" ALICE_HOME
	            "'><x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x></message>");
	clear();
	room->has_info = room->is_private = true;
	room->title = (char *)"A channel";
	room->description = (char *)"For all";
	room->members = 12;
	feed("<iq from='" ALICE_HOME "' to='" ROOM "' id='1' type='get'>"
	     "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	expect_sent("<identity category='conference' type='text' name='A channel'/>");
	expect_sent("<feature var='muc_membersonly'/><feature var='muc_hidden'/>");
	expect_sent("<value>http://jabber.org/protocol/muc#roominfo</value></field>"
	            "<field var='muc#roomconfig_roomname'><value>A channel</value></field>"
	            "<field var='muc#roominfo_description'><value>For all</value></field>"
	            "<field var='muc#roominfo_occupants'><value>12</value></field></x>");
}

static void test_features(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	feed("<iq from='" ALICE_HOME "' to='" BOB "/bot' id='1' type='get'>"
	     "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	expect_not_sent("urn:xmpp:reactions:0");
	transport.features.extension = true;
	frontend->base.ops->features_changed(&frontend->base);
	feed("<iq from='" ALICE_HOME "' to='" BOB "/bot' id='1' type='get'>"
	     "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	expect_sent("<feature var='urn:xmpp:chat-markers:0'/><feature var='urn:xmpp:reactions:0'/>");
	transport.features.extension = false;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_from_people),  TEST(test_odd_words_from_people),
	        TEST(test_read_markers), TEST(test_typing_in_rooms), TEST(test_to_people),
	        TEST(test_room_info),    TEST(test_features),
	};

	return cmocka_run_group_tests_name("references", tests, NULL, NULL);
}
