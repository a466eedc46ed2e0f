/* SPDX-License-Identifier: MIT */
/* What moderators' clients ask of rooms. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "config/limits.h"
#include "frontends/xmpp/muc_admin.h"
#include "tests/unit/xmpp/fixture.h"
#include "transport/rooms/room.h"

#define NAME "#chan@irc.example"
#define ROOM "#chan%irc.example@" GW
#define ADMIN(more) "<query xmlns='http://jabber.org/protocol/muc#admin'>" more "</query>"
#define OWNER(more) "<query xmlns='http://jabber.org/protocol/muc#owner'>" more "</query>"
#define FORM(title)                                                                                                    \
	"<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_roomname'><value>" title                    \
	"</value></field></x>"

static struct resource *resource;

static void ask(const char *type, const char *payload)
{
	char *stanza = mem_printf("<iq from='%s' to='%s' type='%s' id='q1'>%s</iq>", ALICE_HOME, ROOM, type, payload);

	clear();
	feed(stanza);
	mem_free(stanza);
}

static void enter(void)
{
	resource = log_in(ALICE_HOME);
	struct room *room = fake_room(NAME, "nick");

	fake_participant(room, "bob", NULL);
	fake_participant(room, "eve", "Eve E.");
	fake_participant(room, "nick", NULL);
	((struct participant *)map_get(room->participants, "bob"))->role = ROLE_MODERATOR;
	((struct participant *)map_get(room->participants, "eve"))->role = ROLE_NONE;
	feed("<presence from='" ALICE_HOME "' to='" ROOM "/nick'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
	show_self(resource, NAME, "nick");
	clear();
}

/* The id under which the core got it. */
static const char *last_id(void)
{
	const char *at = NULL;

	for (const char *next = buf_text(&told); (next = strstr(next, "id=muc-admin-")) != NULL; next++)
		at = next + 3;
	assert_non_null(at);
	return mem_strndup(at, strcspn(at, " \n"));
}

static void answer(const char *id, const struct event_undelivered *refused)
{
	struct event event = {.type = EVENT_MODERATION, .message = {.kind = MESSAGE_ROOM, .name = NAME, .text = "", .id = id}};

	if (refused) {
		struct event back = {.type = EVENT_UNDELIVERED, .undelivered = *refused};

		back.undelivered.message = event.message;
		frontend->base.ops->undelivered(&frontend->base, ALICE, &back);
	} else {
		frontend->base.ops->arrived(&frontend->base, ALICE, &event);
	}
}

static void test_kick(void **state)
{
	(void)state;
	enter();
	ask("set", ADMIN("<item nick='Eve E.' role='none'><reason>too loud</reason></item>"));
	expect_told("moderation kind=1 name=" NAME " nick=eve text=too loud id=");
	expect_told(" kick role=0");
	assert_int_equal(sent.len, 0);
	const char *id = last_id();

	answer(id, NULL);
	expect_sent("<iq type='result' from='" ROOM "' to='" ALICE_HOME "' id='q1'/>");
	clear();
	/* It was answered once. */
	answer(id, NULL);
	assert_int_equal(sent.len, 0);
	mem_free((void *)(uintptr_t)id);
	ask("set", ADMIN("<item nick='bob' role='none'/>"));
	id = last_id();
	answer(id, &(struct event_undelivered){.reason = UNDELIVERED_REFUSED, .text = "You are not channel operator"});
	expect_sent("<iq type='error' from='" ROOM "' to='" ALICE_HOME "' id='q1'><error type='cancel'><not-allowed");
	expect_sent("You are not channel operator");
	mem_free((void *)(uintptr_t)id);
}

static void test_roles_and_bans(void **state)
{
	static const struct {
		const char *item, *told;
	} cases[] = {
	        {"<item nick='Eve E.' role='moderator'/>", "nick=eve text= id="},
	        {"<item nick='Eve E.' role='moderator'/>", " role role=4"},
	        {"<item nick='Eve E.' affiliation='admin'/>", " role role=4"},
	        {"<item nick='Eve E.' affiliation='owner'/>", " role role=5"},
	        {"<item nick='Eve E.' affiliation='member'/>", " role role=2"},
	        {"<item nick='Eve E.' role='participant'/>", " role role=2"},
	        {"<item nick='bob' role='participant'/>", " role role=1"},
	        {"<item nick='bob' role='visitor'/>", " role role=1"},
	        {"<item nick='bob' affiliation='none'/>", " role role=1"},
	        {"<item nick='bob' affiliation='outcast'><reason>so</reason></item>", "nick=bob text=so"},
	        {"<item nick='bob' affiliation='outcast'/>", " ban role=0"},
	        {"<item nick='gone' affiliation='outcast'/>", "nick=gone text= id="},
	        {"<item nick='gone' affiliation='none'/>", " unban role=0"},
	        {"<item jid='" ROOM "/Eve E.' affiliation='outcast'/>", "nick=eve "},
	        {"<item jid='bob%irc.example@" GW "' affiliation='outcast'/>", "nick=bob "},
	        /* as they are listed; and set in advance */
	        {"<item jid='" ROOM "/*!*@h.example' nick='bob' affiliation='none'/>", "nick=*!*@h.example text= id="},
	        {"<item jid='" ROOM "/*!*@h.example' affiliation='none'/>", " unban role=0"},
	        {"<item jid='x@elsewhere.example' nick='gone' affiliation='none'/>", "nick=gone text= id="},
	        {"<item nick='*!*@*.example' affiliation='outcast'/>", "nick=*!*@*.example text= id="},
	};

	(void)state;
	enter();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *payload = mem_printf(ADMIN("%s"), cases[i].item);

		ask("set", payload);
		expect_told(cases[i].told);
		mem_free(payload);
	}
}

/* What is banned has no address: its mask stands in the place of a nickname. */
static void test_ban_list(void **state)
{
	static const struct event_ban all[] = {{"*!*@h.example", "bob", "eve", 5}, {.mask = "<x>!*@*"}};
	const struct room_bans list = {all, 2, 0};

	(void)state;
	enter();
	ask("get", ADMIN("<item affiliation='outcast'/>"));
	expect_told("bans of " NAME);
	assert_int_equal(sent.len, 0);
	answer_bans(0, NULL, &list);
	expect_sent("<iq type='result' from='" ROOM "' to='" ALICE_HOME "' id='q1'>" ADMIN(
	        "<item affiliation='outcast' jid='" ROOM "/*!*@h.example' nick='bob'>"
	        "<reason>described *!*@h.example</reason></item>"
	        "<item affiliation='outcast' jid='" ROOM "/&lt;x&gt;!*@*'>"
	        "<reason>described &lt;x&gt;!*@*</reason></item>") "</iq>");
	ask("get", ADMIN("<item affiliation='outcast'/>"));
	answer_bans(TP_ERR_NOT_ALLOWED, "Not for you.", NULL);
	expect_sent("<forbidden");
	expect_sent("Not for you.");
	router_result = TP_ERR_UNSUPPORTED;
	ask("get", ADMIN("<item affiliation='outcast'/>"));
	expect_sent("<feature-not-implemented");
	router_result = 0;
}

static void test_several(void **state)
{
	const char *first, *second;

	(void)state;
	enter();
	ask("set", ADMIN("<item nick='bob' role='none'/>"));
	first = last_id();
	answer(first, NULL);
	mem_free((void *)(uintptr_t)first);
	ask("set", ADMIN("<item nick='Eve E.' role='none'/><item nick='bob' role='none'/>"));
	second = last_id();
	first = mem_printf("muc-admin-%lu", strtoul(second + strlen("muc-admin-"), NULL, 10) - 1);
	clear();
	answer(first, NULL);
	assert_int_equal(sent.len, 0);
	answer(second, &(struct event_undelivered){.reason = UNDELIVERED_UNSUPPORTED, .text = "No."});
	expect_sent("<feature-not-implemented");
	expect_not_sent("type='result'");
	mem_free((void *)(uintptr_t)first);
	mem_free((void *)(uintptr_t)second);
}

static void test_nonsense(void **state)
{
	(void)state;
	enter();
	ask("set", ADMIN(""));
	expect_sent("<bad-request");
	ask("set", ADMIN("<item nick='bob' role='king'/>"));
	expect_sent("<bad-request");
	ask("set", ADMIN("<item nick='bob' role='none' affiliation='outcast'/>"));
	expect_sent("<bad-request");
	ask("set", ADMIN("<item role='none'/>"));
	expect_sent("<item-not-found");
	ask("set", ADMIN("<item nick='nobody' role='none'/>"));
	expect_sent("<item-not-found");
	ask("set", ADMIN("<item jid='bob@elsewhere.example' affiliation='outcast'/>"));
	expect_sent("<item-not-found");
	assert_int_equal(told.len, 0);
	ask("get", ADMIN(""));
	expect_sent("<bad-request");
	router_result = TP_ERR_UNSUPPORTED;
	ask("set", ADMIN("<item nick='bob' role='none'/>"));
	expect_sent("<feature-not-implemented");
	router_result = 0;
	clear();
	feed("<iq from='" ALICE_HOME "' to='#other%irc.example@" GW "' type='set' id='q1'>" ADMIN(
	        "<item nick='bob' role='none'/>") "</iq>");
	expect_sent("<not-acceptable");
	clear();
	feed("<iq from='" ALICE_HOME "' to='" ROOM "/bob' type='set' id='q1'>" ADMIN(
	        "<item nick='bob' role='none'/>") "</iq>");
	expect_sent("<bad-request");
}

static void test_limit(void **state)
{
	struct buf items = {0};

	(void)state;
	enter();
	buf_puts(&items, "<query xmlns='http://jabber.org/protocol/muc#admin'>");
	for (unsigned i = 0; i <= LIMIT_XMPP_ADMIN_ITEMS; i++)
		buf_printf(&items, "<item nick='guest%u' affiliation='outcast'/>", i);
	buf_puts(&items, "</query>");
	ask("set", buf_text(&items));
	expect_sent("<not-acceptable");
	expect_told("nick=guest49 ");
	assert_null(strstr(buf_text(&told), "nick=guest50 "));
	buf_finish(&items);
}

static void test_lists(void **state)
{
	(void)state;
	enter();
	ask("get", ADMIN("<item role='moderator'/>"));
	expect_sent("<query xmlns='http://jabber.org/protocol/muc#admin'>"
	            "<item affiliation='admin' role='moderator' nick='bob' "
	            "jid='" ROOM "/bob'/></query>");
	ask("get", ADMIN("<item affiliation='none'/>"));
	expect_sent("<item affiliation='none' role='participant' nick='Eve E.'");
	expect_not_sent("nick='bob'");
	/* What backends without the extension say. */
	ask("get", ADMIN("<item affiliation='member'/>"));
	expect_sent("<item affiliation='member' role='participant' nick='nick'");
}

static void test_configuration(void **state)
{
	const char *id;

	(void)state;
	enter();
	ask("get", OWNER(""));
	expect_sent("<field var='muc#roomconfig_roomname' type='text-single'");
	ask("set", OWNER(FORM("Our hall")));
	expect_told("room change kind=1 name=" NAME);
	expect_told(" title=Our hall");
	id = last_id();
	answer(id, NULL);
	expect_sent("<iq type='result'");
	mem_free((void *)(uintptr_t)id);
	ask("set", OWNER("<x xmlns='jabber:x:data' type='cancel'/>"));
	expect_sent("<iq type='result'");
	assert_int_equal(told.len, 0);
	ask("set", OWNER("<destroy/>"));
	expect_sent("<not-allowed");
	ask("set", OWNER(""));
	expect_sent("<bad-request");
	ask("set", "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>iVBO\nRw==</BINVAL></PHOTO></vCard>");
	expect_told(" picture=4");
	ask("set", "<vCard xmlns='vcard-temp'/>");
	expect_told(" picture=0");
	ask("set", "<vCard xmlns='vcard-temp'><PHOTO><BINVAL>!</BINVAL></PHOTO></vCard>");
	expect_sent("<bad-request");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_kick),     TEST(test_roles_and_bans), TEST(test_several), TEST(test_nonsense),
	        TEST(test_limit),    TEST(test_lists), TEST(test_ban_list),          TEST(test_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
