/* SPDX-License-Identifier: MIT */
/* transport-irc against a server that follows a script: what no well-behaved server does on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "config/limits.h"
#include "stage.h"


static const char *program;

static void test_sasl(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, program, "sesame", NULL);
	peer_expect(&stage.server, "CAP LS :302\r\n");
	peer_send(&stage.server, ":s.example CAP * LS * :multi-prefix unknown-thing");
	peer_send(&stage.server, ":s.example CAP * LS :sasl=EXTERNAL,PLAIN server-time");
	peer_expect(&stage.server, "CAP REQ :multi-prefix server-time sasl\r\n");
	peer_send(&stage.server, ":s.example CAP * ACK :multi-prefix server-time sasl");
	peer_expect(&stage.server, "AUTHENTICATE PLAIN\r\n");
	peer_send(&stage.server, "AUTHENTICATE +");
	peer_expect(&stage.server, "AUTHENTICATE AGFsaWNlAHNlc2FtZQ==\r\n");
	peer_send(&stage.server, ":s.example 903 * :SASL authentication successful");
	peer_expect(&stage.server, "CAP END\r\n");
	stage_welcome(&stage, "alice");
	gateway_join(&stage.gateway, ALICE, "#a", "alice");
	peer_expect(&stage.server, "JOIN #a\r\n");
	assert_null(strstr(stage.server.in.data, "NickServ"));
	stage_close(&stage);
}

static void test_sasl_refused(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, program, "wrong", NULL);
	peer_send(&stage.server, ":s.example CAP * LS :sasl");
	peer_expect(&stage.server, "CAP REQ :sasl\r\n");
	peer_send(&stage.server, ":s.example CAP * ACK :sasl");
	peer_send(&stage.server, "AUTHENTICATE +");
	peer_send(&stage.server, ":s.example 904 * :SASL authentication failed");
	gateway_expect(&stage.gateway, "disconnected " ALICE " 2 SASL authentication failed");
	stage_close(&stage);
}

/* Where the network's word is all that keeps accounts apart, no word is no. */
static void test_sasl_required(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, program, "anything", "--irc.require_sasl=1");
	stage_hello(&stage);
	peer_send(&stage.server, ":s.example 001 alice :Welcome");
	gateway_expect(&stage.gateway, "disconnected " ALICE " 2 The network did not check the password");
	stage_close(&stage);
}

static void test_identify_and_pass(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, program, "sesame", "--service.irc_identify=Q AUTH $name $password");
	stage_hello(&stage);
	stage_welcome(&stage, "alice");
	peer_expect(&stage.server, "PRIVMSG Q :AUTH alice sesame\r\n");
	/* A network without services: nobody wrote to Q, so nobody is told; who writes later is. */
	peer_send(&stage.server, ":s.example 401 alice Q :Nobody is there");
	peer_send(&stage.server, ":s.example 401 alice Q :No such nick");
	gateway_expect(&stage.gateway, "Not delivered: No such nick");
	assert_null(strstr(buf_text(&stage.gateway.log), "Nobody is there"));
	stage_close(&stage);

	stage_open(&stage, program, "se\r\nsame", "--service.irc_send_pass=1");
	peer_expect(&stage.server, "PASS :se");
	peer_expect(&stage.server, "same\r\nCAP LS :302\r\n");
	peer_send(&stage.server, ":s.example 464 * :Bad password");
	gateway_expect(&stage.gateway, "disconnected " ALICE " 2 Bad password");
	stage_close(&stage);
}

static void test_nicknames(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, program, "", NULL);
	stage_hello(&stage);
	peer_send(&stage.server, ":s.example 433 * alice :Nickname is in use");
	peer_expect(&stage.server, "NICK alice_\r\n");
	peer_send(&stage.server, ":s.example 432 * alice_ :Erroneous nickname");
	peer_expect(&stage.server, "NICK alice\r\n");
	for (int i = 0; i < 6; i++) {
		peer_send(&stage.server, ":s.example 433 * x :Nickname is in use");
		peer_expect(&stage.server, "NICK ");
	}
	peer_send(&stage.server, ":s.example 433 * x :Nickname is in use");
	gateway_expect(&stage.gateway,
	               "disconnected " ALICE " 6 The nickname alice cannot be had: Nickname is in use");
	stage_close(&stage);
}

static void test_room(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, program, "", NULL);
	stage_hello(&stage);
	stage_welcome(&stage, "alice");
	stage_join(&stage);

	peer_send(&stage.server, "PING :token 1");
	peer_expect(&stage.server, "PONG :token 1\r\n");
	/* Arguments go to the modes that they belong to. */
	peer_send(&stage.server, ":bob!b@h MODE #a +kbo-o secret *!*@x eve bob");
	gateway_expect(&stage.gateway, "participant #a eve flags=1 status=0");
	gateway_expect(&stage.gateway, "participant #a bob flags=0 status=0");
	peer_send(&stage.server, ":bob!b@h PRIVMSG #A :gr\xfc\xdf \x93quoted\x94");
	gateway_expect(&stage.gateway, "room #a bob: gr\xc3\xbc\xc3\x9f \xe2\x80\x9cquoted\xe2\x80\x9d");
	peer_send(&stage.server, "@time=2020-01-01T00:00:00.000Z :bob!b@h PRIVMSG #a :old");
	gateway_expect(&stage.gateway, "room #a bob: old (stamped)");
	peer_send(&stage.server, ":bob!b@h PRIVMSG @#a :for operators");
	gateway_expect(&stage.gateway, "room #a bob: for operators");
	peer_send(&stage.server, ":alice!~alice@host PRIVMSG bob :from elsewhere");
	gateway_expect(&stage.gateway, "carbon chat bob: from elsewhere");
	peer_send(&stage.server, ":eve!e@h AWAY :gone");
	gateway_expect(&stage.gateway, "participant #a eve flags=1 status=1");
	peer_send(&stage.server, ":s.example 404 alice #a :Cannot send to channel (+m)");
	gateway_expect(&stage.gateway, "room #a s.example: Cannot send to channel (+m)");
	/* A room that somebody forces on the user. */
	peer_send(&stage.server, ":alice!~alice@host JOIN #forced");
	peer_expect(&stage.server, "PART #forced\r\n");
	/* A line without end, and then one that is understood again. */
	for (int i = 0; i < 40; i++) {
		char block[1024];

		memset(block, 'x', sizeof(block));
		assert_int_equal(sizeof(block), write(stage.server.fd, block, sizeof(block)));
	}
	peer_send(&stage.server, " ");
	peer_send(&stage.server, ":bob!b@h QUIT :tired");
	gateway_expect(&stage.gateway, "participant #a bob flags=0 status=5 tired");
	stage_close(&stage);
}

static void test_join_refused(void **state)
{
	static const struct {
		const char *numeric;
		int flags;
	} refusals[] = {
	        {"471", 24}, {"473", 24}, {"474", 28}, {"475", 24}, {"403", 80},
	        {"405", 80}, {"476", 80}, {"477", 24}, {"437", 80},
	};
	struct stage stage;
	char text[128];

	(void)state;
	stage_open(&stage, program, "", "--irc.line_burst=50");
	stage_hello(&stage);
	stage_welcome(&stage, "alice");
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		gateway_join(&stage.gateway, ALICE, "#x", "alice");
		peer_expect(&stage.server, "JOIN #x\r\n");
		peer_send(&stage.server, ":s.example %s alice #x :No, because", refusals[i].numeric);
		snprintf(text, sizeof(text), "participant #x alice flags=%d status=5 ", refusals[i].flags);
		gateway_expect(&stage.gateway, text);
	}
	gateway_join(&stage.gateway, ALICE, "#x", "alice");
	peer_send(&stage.server, ":s.example 470 alice #x ##y :Forwarding");
	gateway_expect(&stage.gateway, "#x leads to ##y: join that one.");
	stage_close(&stage);
}

/* What was said is shown when the server has it, and lines go no faster than allowed; PONG does not wait. */
static void test_flood(void **state)
{
	struct stage stage;
	char text[64];
	uint64_t begun;

	(void)state;
	stage_open(&stage, program, "", "--irc.line_interval=300");
	stage_hello(&stage);
	stage_welcome(&stage, "alice");
	stage_join(&stage);
	begun = clock_ms();
	for (int i = 0; i < 9; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		gateway_message(&stage.gateway, ALICE, "#a", text, "");
	}
	for (int i = 0; i < 9; i++) {
		snprintf(text, sizeof(text), "PRIVMSG #a :message %d\r\nPING :m%d\r\n", i, i + 1);
		peer_expect(&stage.server, text);
		peer_send(&stage.server, "PING :hurry");
		peer_expect(&stage.server, "PONG :hurry\r\n");
		assert_false(gateway_has(&stage.gateway, "room #a alice"));
		peer_send(&stage.server, ":s.example PONG s.example :m%d", i + 1);
		snprintf(text, sizeof(text), "room #a alice: message %d", i);
		gateway_expect(&stage.gateway, text);
	}
	assert_true(clock_ms() - begun >= (9 - 5) * 300); /* five at once */
	stage_close(&stage);
}

static void test_too_much(void **state)
{
	struct stage stage;
	struct buf text = {0};

	(void)state;
	stage_open(&stage, program, "", "--irc.lines_max=20");
	stage_hello(&stage);
	stage_welcome(&stage, "alice");
	stage_join(&stage);
	for (int i = 0; i < 21; i++)
		buf_puts(&text, "line\n");
	gateway_message(&stage.gateway, ALICE, "#a", text.data, "");
	gateway_expect(&stage.gateway, "room #a s.example: Not sent: the message has too many lines");
	buf_finish(&text);
	stage_close(&stage);
}

static size_t count_of(const char *text, const char *word)
{
	size_t count = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

static void test_contacts_limit(void **state)
{
	enum { CONTACTS = LIMIT_IRC_CONTACTS + 50 };
	struct event_contact *contacts = mem_alloc(CONTACTS * sizeof(*contacts));
	struct stage stage;

	(void)state;
	for (size_t i = 4; i < CONTACTS; i++)
		contacts[i].name = mem_printf("friend%zu", i);
	/* Nobody on IRC has such names. */
	contacts[0].name = "a b";
	contacts[1].name = "a,b";
	contacts[2].name = "#room";
	contacts[3].name = "x\x01";
	stage_open(&stage, program, "", "--irc.line_burst=100");
	gateway_send(&stage.gateway, &(struct event){.type = EVENT_CONTACTS,
	                                             .user = ALICE,
	                                             .contacts = {.contacts = contacts, .count = CONTACTS}});
	stage_hello(&stage);
	peer_send(&stage.server, ":s.example 001 alice :Welcome");
	peer_send(&stage.server, ":s.example 005 alice MONITOR :are supported by this server");
	peer_send(&stage.server, ":s.example 376 alice :End of MOTD");
	gateway_expect(&stage.gateway, "connected " ALICE);
	peer_expect(&stage.server, "MONITOR + :");
	gateway_message(&stage.gateway, ALICE, "zed", "the end", NULL);
	peer_expect(&stage.server, "PRIVMSG zed :the end");
	assert_int_equal(count_of(stage.server.in.data, "friend"), LIMIT_IRC_CONTACTS);
	assert_int_equal(count_of(stage.server.in.data, "room"), 0);
	/* One who is seen is told; who is not watched is not. */
	peer_send(&stage.server, ":s.example 730 alice :FRIEND9!u@h,friend%d", CONTACTS - 1);
	gateway_expect(&stage.gateway, "contact friend9");
	stage_close(&stage);
	for (size_t i = 4; i < CONTACTS; i++)
		mem_free((void *)contacts[i].name);
	mem_free(contacts);
}

static void test_error_line(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, program, "", NULL);
	stage_hello(&stage);
	peer_send(&stage.server, "ERROR :Closing link: too many connections");
	peer_close(&stage.server);
	gateway_expect(&stage.gateway, "disconnected " ALICE " 0 Closing link: too many connections");
	gateway_stop(&stage.gateway);
	close(stage.listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_sasl),          cmocka_unit_test(test_sasl_refused),
	        cmocka_unit_test(test_sasl_required), cmocka_unit_test(test_identify_and_pass),
	        cmocka_unit_test(test_nicknames),     cmocka_unit_test(test_room),
	        cmocka_unit_test(test_join_refused),  cmocka_unit_test(test_flood),
	        cmocka_unit_test(test_too_much),      cmocka_unit_test(test_contacts_limit),
	        cmocka_unit_test(test_error_line),
	};

	if (argc < 2)
		return 1;
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
