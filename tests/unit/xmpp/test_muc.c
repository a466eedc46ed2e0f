/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/state.h"
#include "tests/unit/xmpp/fixture.h"
#include "transport/rooms/room.h"

#define ROOM "#chan%irc.example@" GW

static struct resource *join(void)
{
	struct resource *resource = log_in(ALICE_HOME);

	fake_room("#chan@irc.example", "nick");
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/nick'><x xmlns='http://jabber.org/protocol/muc'>"
	     "<password>pw</password></x></presence>");
	expect_told("room=#chan@irc.example nick=nick password=pw");
	show_self(resource, "#chan@irc.example", "nick");
	return resource;
}

static void participant(struct resource *to, struct event_participant what)
{
	struct event event = {.type = EVENT_PARTICIPANT, .participant = what};

	event.participant.room = "#chan@irc.example";
	deliver(to, &event);
}

static void test_join_and_leave(void **state)
{
	(void)state;
	struct resource *resource = join();
	expect_sent("<presence from='" ROOM "/nick' to='" ALICE_HOME "'>");
	expect_sent("<item affiliation='member' role='participant'/><status code='110'/></x>");
	expect_not_sent("code='210'");
	clear();
	participant(resource, (struct event_participant){.nickname = "op",
	                                                 .flags = PARTICIPANT_MODERATOR,
	                                                 .status = STATUS_AWAY});
	expect_sent("<presence from='" ROOM "/op' to='" ALICE_HOME "'><show>away</show>");
	expect_sent("<item affiliation='admin' role='moderator'/></x>");
	expect_not_sent("110");
	clear();
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/nick' type='unavailable'/>");
	expect_told("room=#chan@irc.example");
	expect_sent("<presence type='unavailable' from='" ROOM "/nick' to='" ALICE_HOME "'>");
	expect_sent("<item affiliation='member' role='none'/><status code='110'/>");
	clear();
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/nick' type='unavailable'/>");
	assert_int_equal(sent.len, 0);
}

static void test_join_without_login(void **state)
{
	(void)state;
	feed("<presence from='" ALICE_HOME "' to='#chan%irc.example@" GW "/nick'/>");
	expect_told("ATTACH " ALICE_HOME " hint=nick");
	expect_told("room=#chan@irc.example nick=nick password=\n");
	clear();
	feed("<presence from='" ALICE_HOME "' to='#other@" GW "'/>");
	expect_sent("<jid-malformed");
}

static void test_escaped_form_is_kept(void **state)
{
	(void)state;
	struct resource *resource = log_in(ALICE_HOME);
	feed("<presence from='" ALICE_HOME "' to='#chan\\40irc.example\\3a6697@" GW "/nick'/>");
	expect_told("room=#chan@irc.example:6697");
	show_self(resource, "#chan@irc.example:6697", "nick");
	expect_sent("<presence from='#chan\\40irc.example\\3a6697@" GW "/nick'");
}

static void test_other_nickname(void **state)
{
	(void)state;
	struct resource *resource = log_in(ALICE_HOME);
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/wanted'/>");
	clear();
	show_self(resource, "#chan@irc.example", "given");
	expect_sent("<presence from='" ROOM "/given'");
	expect_sent("<status code='110'/><status code='210'/>");
}

static void test_rename(void **state)
{
	(void)state;
	struct resource *resource = join();
	clear();
	participant(resource, (struct event_participant){.nickname = "op", .new_nickname = "boss"});
	expect_sent("<presence type='unavailable' from='" ROOM "/op'");
	expect_sent("nick='boss'/><status code='303'/>");
	expect_sent("<presence from='" ROOM "/boss'");
	clear();
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/new'/>");
	expect_told("room=#chan@irc.example nick=new");
	participant(resource,
	            (struct event_participant){.nickname = "nick", .new_nickname = "new", .self = true});
	expect_sent("nick='new'/><status code='303'/><status code='110'/>");
	expect_sent("<presence from='" ROOM "/new'");
	expect_not_sent("210");
}

static void test_refused(void **state)
{
	static const struct {
		int flag;
		const char *condition;
	} cases[] = {{PARTICIPANT_CONFLICT, "<error type='cancel'><conflict"},
	             {PARTICIPANT_NOT_AUTHORIZED, "<error type='auth'><not-authorized"},
	             {PARTICIPANT_ROOM_NOT_FOUND, "<error type='cancel'><item-not-found"}};

	(void)state;
	struct resource *resource = log_in(ALICE_HOME);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		feed("<presence from='" ALICE_HOME "' to='" ROOM "/nick'/>");
		clear();
		participant(resource, (struct event_participant){.nickname = "nick",
		                                                 .flags = cases[i].flag,
		                                                 .status_text = "Why.",
		                                                 .self = true});
		expect_sent("<presence type='error' from='" ROOM "/nick' to='" ALICE_HOME "'>");
		expect_sent(cases[i].condition);
		expect_sent("Why.");
		assert_null(muc_find(resource, "#chan@irc.example"));
	}
	router_result = TP_ERR_LIMIT;
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/nick'/>");
	expect_sent("<resource-constraint");
}

static void test_refused_nickname(void **state)
{
	const struct event_participant refusal = {.nickname = "op",
	                                          .flags = PARTICIPANT_CONFLICT,
	                                          .status = STATUS_OFFLINE,
	                                          .status_text = "Taken."};

	(void)state;
	struct resource *resource = join();
	clear();
	participant(resource, refusal);
	expect_not_sent("<presence"); /* another client of the same person has asked */
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/op'/>");
	participant(resource, refusal);
	expect_sent("<presence type='error' from='" ROOM "/op' to='" ALICE_HOME "'>");
	expect_sent("<error type='cancel'><conflict");
	expect_sent("Taken.");
	expect_not_sent("unavailable");
	assert_non_null(muc_find(resource, "#chan@irc.example"));
}

static void test_messages(void **state)
{
	struct event event = {.type = EVENT_MESSAGE,
	                      .message = {.kind = MESSAGE_ROOM,
	                                  .name = "#chan@irc.example",
	                                  .nickname = "op",
	                                  .text = "hello",
	                                  .id = "g1"}};

	(void)state;
	struct resource *resource = join();
	clear();
	feed("<message from='" ALICE_HOME "' to='" ROOM
	     "' type='groupchat' id='g1'><body>hello</body></message>");
	expect_told("message kind=1 name=#chan@irc.example nick= text=hello id=g1");
	feed("<message from='" ALICE_HOME "' to='" ROOM
	     "' type='groupchat'><subject>news</subject></message>");
	expect_told("text=news");
	clear();
	deliver(resource, &event);
	expect_sent("<message type='groupchat' from='" ROOM "/op' to='" ALICE_HOME
	            "' id='g1'><body>hello</body>");
	expect_not_sent("<active");
}

static void test_not_in_room(void **state)
{
	(void)state;
	log_in(ALICE_HOME);
	feed("<message from='" ALICE_HOME "' to='" ROOM
	     "' type='groupchat' id='g1'><body>x</body></message>");
	expect_sent("<message type='error' from='" ROOM "' to='" ALICE_HOME "' id='g1'><error type='modify'>"
	            "<not-acceptable");
	clear();
	feed("<message from='" ALICE_HOME "' to='" ROOM "/op' type='chat' id='g1'><body>x</body></message>");
	expect_sent("<not-acceptable");
	assert_int_equal(told.len, 0);
}

static void test_private(void **state)
{
	struct event event = {.type = EVENT_MESSAGE,
	                      .message = {.kind = MESSAGE_ROOM_PRIVATE,
	                                  .name = "#chan@irc.example",
	                                  .nickname = "op",
	                                  .text = "psst"}};

	(void)state;
	struct resource *resource = join();
	fake_participant(room_find(fake_user(), "#chan@irc.example"), "op", NULL);
	clear();
	feed("<message from='" ALICE_HOME "' to='" ROOM "/op' type='chat'><body>psst</body></message>");
	expect_told("kind=2 name=#chan@irc.example nick=op text=psst");
	feed("<message from='" ALICE_HOME "' to='" ROOM "/nobody' type='chat'><body>psst</body></message>");
	expect_sent("<item-not-found");
	clear();
	deliver(resource, &event);
	expect_sent("<message type='chat' from='" ROOM "/op'");
	expect_sent("<x xmlns='http://jabber.org/protocol/muc#user'/>");
}

static void test_subject(void **state)
{
	struct event event = {.type = EVENT_SUBJECT,
	                      .message = {.name = "#chan@irc.example", .nickname = "op", .text = "news"}};

	(void)state;
	struct resource *resource = join();
	clear();
	muc_find(resource, "#chan@irc.example")->due = 0;
	xmpp_tick(frontend);
	expect_sent("<message type='groupchat' from='" ROOM "' to='" ALICE_HOME "'><subject/></message>");
	clear();
	xmpp_tick(frontend);
	assert_int_equal(sent.len, 0);
	deliver(resource, &event);
	expect_sent("<message type='groupchat' from='" ROOM "/op' to='" ALICE_HOME
	            "'><subject>news</subject>");
}

static void test_self_ping(void **state)
{
	(void)state;
	struct resource *resource = log_in(ALICE_HOME);
	const char *ping = "<iq from='" ALICE_HOME "' to='" ROOM
	                   "/nick' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";
	feed(ping);
	expect_sent("<error type='modify'><not-acceptable");
	clear();
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/nick'/>");
	show_self(resource, "#chan@irc.example", "nick");
	clear();
	feed(ping);
	expect_sent("<iq type='result' from='" ROOM "/nick' to='" ALICE_HOME "' id='p'/>");
}

static void test_rejoin(void **state)
{
	(void)state;
	join();
	clear();
	feed("<presence from='" ALICE_HOME "' to='" ROOM
	     "/nick'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
	expect_told("REPLAY #chan@irc.example");
	clear();
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/nick'><show>away</show></presence>");
	assert_int_equal(told.len, 0);
}

static void test_ghost(void **state)
{
	(void)state;
	join();
	clear();
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/op' type='error'><error type='cancel'>"
	     "<remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
	expect_told("DETACH " ALICE_HOME);
	assert_int_equal(sent.len, 0);
}

static void test_a_refused_message_is_no_ghost(void **state)
{
	(void)state;
	join();
	clear();
	feed("<message from='" ALICE_HOME "' to='" ROOM "/op' type='error'><body>b</body><error type='modify'>"
	     "<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
	assert_int_equal(told.len, 0);
	feed("<message from='" ALICE_HOME "' to='" ROOM "/op' type='error'><body>b</body><error type='cancel'>"
	     "<recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
	expect_told("DETACH " ALICE_HOME);
	assert_int_equal(sent.len, 0);
}

static void test_removed(void **state)
{
	struct event event = {.type = EVENT_ROOM_LEAVE,
	                      .room = {.name = "#chan@irc.example", .nickname = "", .reason = "Lost."}};

	(void)state;
	struct resource *resource = join();
	clear();
	deliver(resource, &event);
	expect_sent("<presence type='unavailable' from='" ROOM "/nick'");
	expect_sent(
	        "<reason>Lost.</reason></item><status code='110'/><status code='307'/><status code='333'/>");
	clear();
	deliver(resource, &event);
	assert_int_equal(sent.len, 0);
}

static void test_alias_and_odd_nicknames(void **state)
{
	(void)state;
	struct resource *resource = join();
	clear();
	participant(resource, (struct event_participant){.nickname = "U123", .alias = "Bob"});
	expect_sent("from='" ROOM "/Bob'");
	participant(resource, (struct event_participant){.nickname = "\xef\xbf\xbdx"});
	expect_sent("from='" ROOM "/_x'");
	frontend->base.ops->offer_room(&frontend->base, ALICE, "home", "#chan@irc.example", NULL);
	expect_sent("<x xmlns='jabber:x:conference' jid='" ROOM "'/>");
	frontend->base.ops->offer_room(&frontend->base, ALICE, "home", "#chan@irc.example", "sesame");
	expect_sent("<x xmlns='jabber:x:conference' jid='" ROOM "' password='sesame'/>");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_join_and_leave),
	        TEST(test_join_without_login),
	        TEST(test_escaped_form_is_kept),
	        TEST(test_other_nickname),
	        TEST(test_rename),
	        TEST(test_refused),
	        TEST(test_refused_nickname),
	        TEST(test_messages),
	        TEST(test_not_in_room),
	        TEST(test_private),
	        TEST(test_subject),
	        TEST(test_self_ping),
	        TEST(test_rejoin),
	        TEST(test_ghost), TEST(test_a_refused_message_is_no_ghost),
	        TEST(test_removed),
	        TEST(test_alias_and_odd_nicknames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
