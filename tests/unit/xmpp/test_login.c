/* SPDX-License-Identifier: MIT */
/* A login that asks for more, as messages and as one ad-hoc dialogue. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/qr.h"
#include "config/limits.h"
#include "frontends/xmpp/commands.h"
#include "frontends/xmpp/login_dialogue.h"
#include "tests/unit/xmpp/fixture.h"
#include "transport/people/login_step.h"
#include "transport/people/user.h"

#define COMMAND "<command xmlns='http://jabber.org/protocol/commands' node='login' "
#define STRANGER "mallory@example.org/home"

static void step(uint32_t number, enum login_step_kind kind, const char *text, const char *data)
{
	static const char *const choices[] = {"by mail", "by phone"};
	struct event event = {.type = EVENT_LOGIN_STEP,
	                      .login_step = {.step = number, .kind = kind, .text = text, .data = data}};

	if (kind == LOGIN_STEP_CHOICE) {
		event.login_step.choices = choices;
		event.login_step.choices_count = 2;
	}
	login_step_from_backend(fake_user(), &event);
}

static void begin(void)
{
	log_in(ALICE_HOME);
	fake_user()->state = USER_CONNECTING;
}

static void ask(const char *from, const char *inside)
{
	char *stanza = mem_printf("<iq from='%s' to='" GW "' id='q' type='set'>" COMMAND "%s</command></iq>",
	                          from, inside);

	clear();
	feed(stanza);
	mem_free(stanza);
}

/* The id of the session that was just shown. */
static char *session_id(void)
{
	const char *at = strstr(buf_text(&sent), "sessionid='");

	assert_non_null(at);
	at += strlen("sessionid='");
	return mem_strndup(at, strcspn(at, "'"));
}

static void go_on(const char *id, const char *action, unsigned number, const char *value)
{
	struct buf inside = {0};

	buf_printf(&inside, "sessionid='%s' action='%s'>", id, action);
	if (number)
		buf_printf(
		        &inside,
		        "<x xmlns='jabber:x:data' type='submit'><field var='step'><value>%u</value></field>"
		        "<field var='answer'><value>%s</value></field></x>",
		        number, value);
	ask(ALICE_HOME, buf_text(&inside));
	buf_finish(&inside);
}

static void test_messages(void **state)
{
	(void)state;
	begin();
	step(1, LOGIN_STEP_CODE, "Code?", NULL);
	expect_sent("<message type='chat' from='" GW "' to='" ALICE
	            "'><body>Code?\nWrite the answer here, or \"cancel\" to "
	            "give up the login.</body></message>");
	clear();
	step(2, LOGIN_STEP_CHOICE, "How?", NULL);
	expect_sent("<body>How?\n1. by mail\n2. by phone\nWrite the number of your choice here");
	clear();
	step(3, LOGIN_STEP_LINK, "Go there.", "https://example.org/?a=1&b=2");
	expect_sent("<body>Go there.\nhttps://example.org/?a=1&amp;b=2</body><x xmlns='jabber:x:oob'>"
	            "<url>https://example.org/?a=1&amp;b=2</url></x></message>");
	clear();
	step(4, LOGIN_STEP_NOTICE, "Look at your phone.", NULL);
	expect_sent("<body>Look at your phone.</body></message>");
}

static void test_qr(void **state)
{
	(void)state;
	begin();
	step(1, LOGIN_STEP_QR, "Scan this.", "sgnl://link?key=1");
	expect_sent("<body>Scan this.\nsgnl://link?key=1\n```\n");
	expect_sent("\xe2\x96\x80");
	expect_sent("<img alt='QR code' src='cid:sha1+");
	expect_sent("type='image/png' max-age='900'>iVBORw0KGgo");
	const char *at = strstr(buf_text(&sent), "cid='") + strlen("cid='");
	char *cid = mem_strndup(at, strcspn(at, "'"));
	char *get = mem_printf("<iq from='%s' to='" GW
	                       "' id='b' type='get'><data xmlns='urn:xmpp:bob' cid='%s'/></iq>",
	                       ALICE_HOME, cid);
	char *strangers = mem_printf("<iq from='%s' to='" GW "' id='b' type='get'><data xmlns='urn:xmpp:bob' "
	                             "cid='%s'/></iq>",
	                             STRANGER, cid);

	clear();
	feed(get);
	expect_sent("<iq type='result'");
	expect_sent("max-age='900'>iVBORw0KGgo");
	clear();
	feed(strangers);
	expect_sent("<item-not-found");
	/* Another step: the picture is gone. */
	step(2, LOGIN_STEP_CODE, "Code?", NULL);
	clear();
	feed(get);
	expect_sent("<item-not-found");
	mem_free(get);
	mem_free(strangers);
	mem_free(cid);
	/* What fits no code is still said in words. */
	char *data = mem_alloc(LIMIT_LOGIN_DATA_BYTES + 1);
	struct buf out = {0};

	memset(data, 'x', LIMIT_LOGIN_DATA_BYTES);
	assert_false(qr_png(&out, data));
	assert_false(qr_text(&out, ""));
	clear();
	step(3, LOGIN_STEP_QR, "Scan this.", data);
	expect_sent("<body>Scan this.\nxxxx");
	expect_not_sent("```");
	mem_free(data);
}

static void test_dialogue(void **state)
{
	(void)state;
	begin();
	ask(ALICE_HOME, "action='execute'>");
	expect_told("RUN login " ALICE_HOME);
	expect_not_sent("<iq"); /* nothing is asked yet: the request waits */
	step(1, LOGIN_STEP_SECRET, "Password?", NULL);
	expect_sent("<iq type='result' from='" GW "' to='" ALICE_HOME "' id='q'><command "
	            "xmlns='http://jabber.org/protocol/commands' node='login'");
	expect_sent("status='executing'><actions execute='next'><next/></actions><x xmlns='jabber:x:data' "
	            "type='form'>");
	expect_sent("<instructions>Password?</instructions><field type='hidden' "
	            "var='step'><value>1</value></field>"
	            "<field type='text-private' var='answer' "
	            "label='Answer'><required/></field></x></command></iq>");
	char *id = session_id();

	go_on(id, "next", 1, "");
	expect_sent("<instructions>Password?</instructions>");
	expect_sent("<note type='error'>The answer is empty.</note>");
	go_on(id, "execute", 1, "secret");
	expect_told("ANSWER 1 secret");
	expect_not_sent("<iq");
	step(2, LOGIN_STEP_CHOICE, "How?", NULL);
	expect_sent(
	        "<field type='list-single' var='answer' label='Answer'><required/><option label='by mail'>"
	        "<value>by mail</value></option>");
	/* The form of a step that is not open any more answers nothing. */
	go_on(id, "next", 1, "by mail");
	expect_sent("<instructions>How?</instructions>");
	expect_not_sent("note");
	go_on(id, "next", 2, "by mail");
	expect_told("ANSWER 2 by mail");
	step(3, LOGIN_STEP_QR, "Scan this.", "data");
	expect_sent("<field type='fixed' var='shown' label='QR code'><value>data</value>"
	            "<media xmlns='urn:xmpp:media-element'><uri type='image/png'>cid:sha1+");
	/* It has been seen: the next page comes when there is something new. */
	go_on(id, "next", 3, "");
	expect_not_sent("<iq");
	go_on(id, "prev", 3, "");
	expect_sent("<bad-request");
	clear();
	fake_user()->state = USER_CONNECTED;
	login_step_clear(fake_user(), false);
	fake_session(SESSION_CONNECTED, 0, NULL);
	expect_sent("status='completed'><note type='info'>You are logged in.</note></command></iq>");
	go_on(id, "next", 3, "");
	expect_sent("<bad-request");
	mem_free(id);
	assert_int_equal(map_count(frontend->command_sessions), 0);
}

static void test_dialogue_ends(void **state)
{
	(void)state;
	begin();
	/* Given up. */
	step(1, LOGIN_STEP_CODE, "Code?", NULL);
	ask(ALICE_HOME, "action='execute'>");
	char *id = session_id();

	go_on(id, "cancel", 0, NULL);
	expect_told("ANSWER 1 (gives up)");
	expect_sent("status='canceled'/></iq>");
	mem_free(id);
	assert_true(login_step_has_ended(fake_user()));
	/* Refused by the network while a client waits. */
	fake_user()->state = USER_CONNECTING;
	ask(ALICE_HOME, "action='execute'>");
	fake_user()->state = USER_FAILED;
	mem_replace(&fake_user()->last_error_text, "Wrong code.");
	fake_session(SESSION_FAILED, 2, "Wrong code.");
	expect_sent("status='completed'><note type='error'>Wrong code.</note></command></iq>");
	assert_int_equal(map_count(frontend->command_sessions), 0);
}

static void test_waiting(void **state)
{
	(void)state;
	begin();
	ask(ALICE_HOME, "action='execute'>");
	struct map_iter it = {0};

	assert_true(map_next(frontend->command_sessions, &it));
	struct command_session *session = it.value;

	login_dialogue_tick(frontend);
	assert_int_equal(sent.len, 0);
	session->answer_by = clock_ms();
	login_dialogue_tick(frontend);
	expect_sent("<instructions>The network has not answered yet. Go on to wait for "
	            "it.</instructions></x></command>");
	char *id = mem_strdup(session->id);

	/* A client that asks twice is answered twice. */
	go_on(id, "next", 0, NULL);
	expect_not_sent("<iq");
	go_on(id, "next", 0, NULL);
	expect_sent("The network has not answered yet.");
	/* Who cancels while another request waits is answered to both. */
	step(1, LOGIN_STEP_CODE, "Code?", NULL);
	go_on(id, "next", 1, "1234");
	go_on(id, "cancel", 0, NULL);
	expect_sent("The network has not answered yet.");
	expect_sent("status='canceled'");
	mem_free(id);
	assert_int_equal(frontend->replies_count, 0);
}

static void test_strangers(void **state)
{
	(void)state;
	begin();
	step(1, LOGIN_STEP_CODE, "Code?", NULL);
	ask(ALICE_HOME, "action='execute'>");
	char *id = session_id();
	char *inside = mem_printf(
	        "sessionid='%s' action='next'><x xmlns='jabber:x:data' type='submit'><field var='step'>"
	        "<value>1</value></field><field var='answer'><value>1</value></field></x>",
	        id);

	ask(STRANGER, inside);
	expect_sent("<bad-request");
	ask("alice@example.org/work", inside); /* another client of hers has a dialogue of its own */
	expect_sent("<bad-request");
	assert_true(login_step_is_open(fake_user()));
	mem_free(inside);
	mem_free(id);
	/* Two of her clients: the second answer finds the question answered. */
	log_in("alice@example.org/work");
	ask("alice@example.org/work", "action='execute'>");
	expect_sent("<instructions>Code?</instructions>");
	ask(STRANGER, "action='execute'>");
	expect_sent("<note type='error'>");
	for (int i = 0; i < LIMIT_XMPP_COMMANDS_EACH; i++)
		ask(ALICE_HOME, "action='execute'>");
	expect_sent("<resource-constraint");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_messages),      TEST(test_qr),      TEST(test_dialogue),
	        TEST(test_dialogue_ends), TEST(test_waiting), TEST(test_strangers),
	};

	return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
