/* SPDX-License-Identifier: MIT */
/* What becomes of messages on their way to the network, as a server confirms them, refuses them, or goes away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "stage.h"

static const char *program;

/* In #a, with a gateway that numbers its messages. */
static void open_numbered(struct stage *stage, const char *more)
{
	stage_open(stage, program, "", more);
	gateway_extend(&stage->gateway);
	stage_hello(stage);
	stage_welcome(stage, "alice");
	stage_join(stage);
}

/* The same with a server that has these capabilities. */
static void open_capable(struct stage *stage, const char *capabilities)
{
	char expected[200];

	stage_open(stage, program, "", NULL);
	gateway_extend(&stage->gateway);
	peer_expect(&stage->server, "CAP LS :302\r\n");
	peer_send(&stage->server, ":s.example CAP * LS :%s", capabilities);
	snprintf(expected, sizeof(expected), "CAP REQ :%s\r\n", capabilities);
	peer_expect(&stage->server, expected);
	peer_send(&stage->server, ":s.example CAP * ACK :%s", capabilities);
	peer_expect(&stage->server, "CAP END\r\n");
	stage_welcome(stage, "alice");
	stage_join(stage);
}

/* The program has read all that the server has sent. */
static void settle_server(struct stage *stage)
{
	static unsigned token;
	char answer[32];

	peer_send(&stage->server, "PING :q%u", ++token);
	snprintf(answer, sizeof(answer), "PONG :q%u\r\n", token);
	peer_expect(&stage->server, answer);
}

/* Nothing that the program had to say up to now contains it. */
static void assert_not_said(struct stage *stage, const char *text)
{
	size_t seen = stage->gateway.seen;

	settle_server(stage);
	gateway_settle(&stage->gateway);
	assert_null(strstr(stage->gateway.log.data + seen, text));
}

/* Nothing that the program has written up to now contains it. */
static void assert_not_written(struct stage *stage, const char *text)
{
	size_t seen = stage->server.seen;

	settle_server(stage);
	assert_null(strstr(stage->server.in.data + seen, text));
}

static void pong(struct stage *stage, unsigned number)
{
	peer_send(&stage->server, ":s.example PONG s.example :m%u", number);
}

static void test_pong(void **state)
{
	struct stage stage;

	(void)state;
	open_numbered(&stage, NULL);
	gateway_number(&stage.gateway, 5, ALICE, "#a", "one");
	gateway_number(&stage.gateway, 6, ALICE, "bob", "two\nthree");
	peer_expect(&stage.server, "PRIVMSG #a :one\r\nPING :m1\r\n");
	assert_not_said(&stage, "done");
	assert_not_written(&stage, "two"); /* one at a time */
	peer_send(&stage.server, ":s.example PONG s.example :s.example"); /* of another PING */
	assert_not_said(&stage, "done");
	pong(&stage, 1);
	gateway_expect(&stage.gateway, "room #a alice: one\ndone 5");
	peer_expect(&stage.server, "PRIVMSG bob :two\r\nPRIVMSG bob :three\r\nPING :m2\r\n");
	pong(&stage, 1);
	assert_not_said(&stage, "done");
	pong(&stage, 2);
	gateway_expect(&stage.gateway, "done 6");
	stage_close(&stage);
}

static void test_echo(void **state)
{
	struct stage stage;

	(void)state;
	open_capable(&stage, "message-tags echo-message");
	gateway_number(&stage.gateway, 5, ALICE, "#a", "one\ntwo");
	peer_expect(&stage.server, "PRIVMSG #a :one\r\nPRIVMSG #a :two\r\nPING :m1\r\n");
	peer_send(&stage.server, "@msgid=x0 :alice!~alice@host PRIVMSG #a :from elsewhere");
	gateway_expect(&stage.gateway, "room #a alice: from elsewhere (id x0)");
	peer_send(&stage.server, "@msgid=x1 :alice!~alice@host PRIVMSG #a :one");
	assert_not_said(&stage, "done");
	peer_send(&stage.server, "@msgid=x\\:2 :alice!~alice@host PRIVMSG #A :two");
	gateway_expect(&stage.gateway, "room #a alice: one");
	gateway_expect(&stage.gateway, "two (id x;2)\ndone 5 x;2");
	pong(&stage, 1); /* late, and nothing any more */
	/* A channel that strips colours. */
	gateway_send(&stage.gateway,
	             &(struct event){EVENT_MESSAGE, ALICE, .handover = 6,
	                             .message = {.name = "#a", .text = "bold", .xhtml = "<strong>bold</strong>"}});
	peer_expect(&stage.server, "PING :m2\r\n");
	peer_send(&stage.server, "@msgid=x3 :alice!~alice@host PRIVMSG #a :bold");
	gateway_expect(&stage.gateway, "done 6 x3");
	/* To a contact: nothing is shown, it was said here. */
	gateway_number(&stage.gateway, 7, ALICE, "bob", "psst");
	peer_expect(&stage.server, "PING :m3\r\n");
	peer_send(&stage.server, "@msgid=x4 :alice!~alice@host PRIVMSG bob :psst");
	gateway_expect(&stage.gateway, "done 7 x4");
	assert_null(strstr(stage.gateway.log.data, "carbon"));
	/* An echo that was changed beyond recognition: the PONG is enough. */
	gateway_number(&stage.gateway, 8, ALICE, "#a", "rude");
	peer_expect(&stage.server, "PING :m4\r\n");
	peer_send(&stage.server, ":alice!~alice@host PRIVMSG #a :****");
	pong(&stage, 4);
	gateway_expect(&stage.gateway, "done 8");
	stage_close(&stage);
}

static void test_labels(void **state)
{
	struct stage stage;

	(void)state;
	open_capable(&stage, "message-tags echo-message batch labeled-response");
	gateway_number(&stage.gateway, 5, ALICE, "#a", "one\ntwo");
	peer_expect(&stage.server, "@label=1-0 PRIVMSG #a :one\r\n@label=1-1 PRIVMSG #a :two\r\n");
	assert_not_written(&stage, "PING");
	peer_send(&stage.server, "@label=1-0;msgid=a :alice!~alice@host PRIVMSG #a :one");
	assert_not_said(&stage, "done");
	peer_send(&stage.server, "@msgid=b;label=1-1 :alice!~alice@host PRIVMSG #a :two");
	gateway_expect(&stage.gateway, "two (id b)\ndone 5 b");
	/* An answer of several lines: it is over when the batch is. */
	gateway_number(&stage.gateway, 6, ALICE, "bob", "hi");
	peer_expect(&stage.server, "@label=2-0 PRIVMSG bob :hi\r\n");
	peer_send(&stage.server, "@label=2-0 :s.example BATCH +x labeled-response");
	peer_send(&stage.server, "@batch=x :s.example 301 alice bob :gone fishing");
	peer_send(&stage.server, "@batch=x;msgid=c :alice!~alice@host PRIVMSG bob :hi");
	assert_not_said(&stage, "done");
	peer_send(&stage.server, ":s.example BATCH -x");
	gateway_expect(&stage.gateway, "done 6 c");
	/* Nothing to say is an answer too. */
	gateway_number(&stage.gateway, 7, ALICE, "bob", "still there?");
	peer_expect(&stage.server, "@label=3-0 ");
	peer_send(&stage.server, "@label=2-0 :s.example ACK");
	assert_not_said(&stage, "done");
	peer_send(&stage.server, "@label=3-0 :s.example ACK");
	gateway_expect(&stage.gateway, "done 7");
	/* An error is known by the label, whatever it names; in a batch as well. */
	gateway_number(&stage.gateway, 8, ALICE, "#a", "hm");
	peer_expect(&stage.server, "@label=4-0 ");
	peer_send(&stage.server, ":s.example 404 alice #a :Of something else");
	gateway_expect(&stage.gateway, "room #a s.example: Of something else");
	peer_send(&stage.server, "@label=4-0 :s.example 404 alice * :Cannot send to channel");
	gateway_expect(&stage.gateway, "refused 8 2 Cannot send to channel");
	peer_expect(&stage.server, "PING :m4\r\n");
	pong(&stage, 4);
	gateway_number(&stage.gateway, 9, ALICE, "ghost", "boo");
	peer_expect(&stage.server, "@label=5-0 ");
	peer_send(&stage.server, "@label=5-0 :s.example BATCH +y labeled-response");
	peer_send(&stage.server, "@batch=y :s.example 401 alice ghost :No such nick");
	peer_send(&stage.server, ":s.example BATCH -y");
	gateway_expect(&stage.gateway, "refused 9 3 No such nick");
	peer_expect(&stage.server, "PING :m5\r\n");
	pong(&stage, 5);
	/* The server takes the capability back: lines go without. */
	peer_send(&stage.server, ":s.example CAP alice DEL :labeled-response");
	gateway_number(&stage.gateway, 10, ALICE, "#a", "plain");
	peer_expect(&stage.server, "PRIVMSG #a :plain\r\nPING :m6\r\n");
	assert_null(strstr(stage.server.in.data, "@label=6"));
	stage_close(&stage);
}

/* A server that forgets a label is asked. */
static void test_label_without_answer(void **state)
{
	struct stage stage;

	(void)state;
	open_capable(&stage, "batch labeled-response");
	gateway_number(&stage.gateway, 5, ALICE, "#a", "one");
	peer_expect(&stage.server, "@label=1-0 PRIVMSG #a :one\r\n");
	peer_expect(&stage.server, "PING :m1\r\n");
	pong(&stage, 1);
	gateway_expect(&stage.gateway, "room #a alice: one\ndone 5");
	stage_close(&stage);
}

static void test_refused(void **state)
{
	static const struct {
		const char *numeric, *target;
		int error;
	} refusals[] = {
	        {"401", "bob", 3}, {"404", "#a", 2}, {"404", "#A", 2},  {"442", "#a", 2}, {"477", "#a", 2},
	        {"502", "#a", 2},  {"531", "bob", 2}, {"716", "bob", 2}, {"263", "bob", 1},
	};
	struct stage stage;
	char text[128];

	(void)state;
	open_numbered(&stage, "--irc.line_burst=50");
	for (unsigned i = 0; i < ARRAY_SIZE(refusals); i++) {
		const char *target = refusals[i].target;
		bool by_command = strcmp(refusals[i].numeric, "263") == 0;

		gateway_number(&stage.gateway, 10 + i, ALICE, *target == '#' ? "#a" : target, "one\ntwo");
		snprintf(text, sizeof(text), "PING :m%u\r\n", i + 1);
		peer_expect(&stage.server, text);
		/* One for each line: the second is no other message's. */
		for (int line = 0; line < 2; line++)
			peer_send(&stage.server, ":s.example %s alice %s :No, because", refusals[i].numeric,
			          by_command ? "PRIVMSG" : target);
		pong(&stage, i + 1);
		snprintf(text, sizeof(text), "refused %u %d No, because\n", 10 + i, refusals[i].error);
		gateway_expect(&stage.gateway, text);
	}
	gateway_number(&stage.gateway, 30, ALICE, "#a", "fine");
	peer_expect(&stage.server, "PING :m10\r\n");
	pong(&stage, 10);
	gateway_expect(&stage.gateway, "room #a alice: fine\ndone 30");
	/* The gateway tells the author: nothing is said in the room. */
	assert_null(strstr(stage.gateway.log.data, "room #a s.example: No"));
	assert_null(strstr(stage.gateway.log.data, "chat bob"));
	/* A subject is refused like a message, and the one that holds is shown again. */
	gateway_send(&stage.gateway, &(struct event){EVENT_SUBJECT, ALICE, .handover = 31,
	                                             .message = {MESSAGE_ROOM, "#a", .text = "mine"}});
	peer_expect(&stage.server, "TOPIC #a :mine\r\nPING :m11\r\n");
	peer_send(&stage.server, ":s.example 482 alice #a :You are no operator");
	gateway_expect(&stage.gateway, "subject #a carol: The topic");
	gateway_expect(&stage.gateway, "refused 31 2 You are no operator");
	pong(&stage, 11);
	gateway_send(&stage.gateway, &(struct event){EVENT_SUBJECT, ALICE, .handover = 32,
	                                             .message = {MESSAGE_ROOM, "#a", .text = "ours"}});
	peer_expect(&stage.server, "TOPIC #a :ours\r\nPING :m12\r\n");
	pong(&stage, 12);
	gateway_expect(&stage.gateway, "done 32");
	stage_close(&stage);
}

static void moderate(struct stage *stage, uint64_t number, const char *nickname, struct event_moderation moderation)
{
	gateway_send(&stage->gateway, &(struct event){EVENT_MODERATION, ALICE, .handover = number,
	                                              .message = {MESSAGE_ROOM, "#a", nickname, .text = "too loud",
	                                                          .moderation = moderation}});
}

/* Each change a line, what is given before what is taken; bans by the host where it is known. */
static void test_moderation(void **state)
{
	static const struct {
		const char *nickname;
		struct event_moderation what;
		const char *lines;
	} cases[] = {
	        {"eve", {MODERATION_ROLE, ROLE_MODERATOR}, "MODE #a +o eve\r\n"},
	        {"bob", {MODERATION_ROLE, ROLE_HELPER}, "MODE #a +h bob\r\nMODE #a -o bob\r\n"},
	        {"carol", {MODERATION_ROLE, ROLE_NONE}, "MODE #a -q carol\r\n"},
	        {"dave", {MODERATION_KICK, ROLE_UNSAID}, "KICK #a dave :too loud\r\n"},
	        {"dave", {MODERATION_BAN, ROLE_UNSAID}, "MODE #a +b *!*@h\r\nKICK #a dave :too loud\r\n"},
	        {"frank", {MODERATION_BAN, ROLE_UNSAID}, "MODE #a +b frank!*@*\r\n"},
	        {"*!*@*.example", {MODERATION_BAN, ROLE_UNSAID}, "MODE #a +b *!*@*.example\r\n"},
	        {"$a:frank", {MODERATION_BAN, ROLE_UNSAID}, "MODE #a +b $a:frank\r\n"},
	        {"frank", {MODERATION_INVITE, ROLE_UNSAID}, "INVITE frank #a\r\n"},
	};
	struct stage stage;
	char text[160];

	(void)state;
	open_numbered(&stage, "--irc.line_burst=50");
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		moderate(&stage, 10 + i, cases[i].nickname, cases[i].what);
		snprintf(text, sizeof(text), "%sPING :m%u\r\n", cases[i].lines, i + 1);
		peer_expect(&stage.server, text);
		pong(&stage, i + 1);
		snprintf(text, sizeof(text), "done %u", 10 + i);
		gateway_expect(&stage.gateway, text);
	}
	/* So it is already: nothing to be done. */
	moderate(&stage, 30, "eve", (struct event_moderation){MODERATION_ROLE, ROLE_VOICE});
	gateway_expect(&stage.gateway, "done 30");
	/* Nobody there, or no name: not for the network. */
	moderate(&stage, 31, "frank", (struct event_moderation){MODERATION_KICK, ROLE_UNSAID});
	gateway_expect(&stage.gateway, "refused 31 3 Nobody of that name is in this channel.");
	moderate(&stage, 32, "a b", (struct event_moderation){MODERATION_BAN, ROLE_UNSAID});
	gateway_expect(&stage.gateway, "refused 32 3 Nobody of that name is in this channel.");
	/* Refused: what follows is not written, and the one who asked is told. */
	moderate(&stage, 33, "dave", (struct event_moderation){MODERATION_KICK, ROLE_UNSAID});
	peer_expect(&stage.server, "KICK #a dave :too loud\r\nPING :m10\r\n");
	peer_send(&stage.server, ":s.example 482 alice #a :You are no operator");
	pong(&stage, 10);
	gateway_expect(&stage.gateway, "refused 33 2 You are no operator");
	moderate(&stage, 34, "dave", (struct event_moderation){MODERATION_KICK, ROLE_UNSAID});
	peer_expect(&stage.server, "KICK #a dave :too loud\r\nPING :m11\r\n");
	peer_send(&stage.server, ":s.example 441 alice dave #a :They are not on that channel");
	pong(&stage, 11);
	gateway_expect(&stage.gateway, "refused 34 2 They are not on that channel");
	stage_close(&stage);
}

static void list_bans(struct stage *stage, const char *const *masks)
{
	peer_expect(&stage->server, "MODE #a b\r\n");
	for (; *masks; masks++)
		peer_send(&stage->server, ":s.example 367 alice #a %s carol!c@h 1700000000", *masks);
	peer_send(&stage->server, ":s.example 368 alice #a :End of list");
}

/* Whoever is forgiven gets back what bans him alone; of what bans others the moderator learns. */
static void test_forgiving(void **state)
{
	static const struct event_moderation unban = {MODERATION_UNBAN, ROLE_UNSAID};
	struct stage stage;

	(void)state;
	open_numbered(&stage, "--irc.line_burst=50");
	/* By the host that he has in the channel, and by his name; not for others. */
	moderate(&stage, 10, "dave", unban);
	list_bans(&stage, (const char *const[]){"*!*@h", "DAVE!*@*", "frank!*@*", "*!*@other", NULL});
	peer_expect(&stage.server, "MODE #a -b *!*@h\r\nMODE #a -b DAVE!*@*\r\nPING :m1\r\n");
	pong(&stage, 1);
	gateway_expect(&stage.gateway, "done 10");
	/* Two at once are one question. The one who is meant by a wide mask stays out. */
	moderate(&stage, 11, "frank", unban);
	moderate(&stage, 12, "mallory", unban);
	list_bans(&stage, (const char *const[]){"frank!*@*", "MAL*!*@*", NULL});
	gateway_expect(&stage.gateway, "refused 12 2 mallory is banned by MAL*!*@*, which means others as well. The command "
	                               "room-unban #a MAL*!*@* takes it back.");
	peer_expect(&stage.server, "MODE #a -b frank!*@*\r\nPING :m2\r\n");
	pong(&stage, 2);
	gateway_expect(&stage.gateway, "done 11");
	/* Nothing to take back. */
	moderate(&stage, 13, "frank", unban);
	list_bans(&stage, (const char *const[]){"*!*@*.example", NULL});
	gateway_expect(&stage.gateway, "refused 13 3 No ban of this channel is known to mean that nickname.");
	/* The list is for operators only: then what there might be. */
	moderate(&stage, 14, "frank", unban);
	peer_expect(&stage.server, "MODE #a b\r\n");
	peer_send(&stage.server, ":s.example 482 alice #a :You are no operator");
	peer_expect(&stage.server, "MODE #a -b frank!*@*\r\nPING :m3\r\n");
	pong(&stage, 3);
	gateway_expect(&stage.gateway, "done 14");
	/* He was put out by a mask that means his host. */
	peer_send(&stage.server, ":carol!c@h MODE #a +b *!*@h");
	peer_send(&stage.server, ":carol!c@h KICK #a dave :out");
	gateway_expect(&stage.gateway, "participant #a dave flags=36 status=5");
	moderate(&stage, 15, "dave", unban);
	list_bans(&stage, (const char *const[]){"*!*@?", NULL});
	gateway_expect(&stage.gateway, "refused 15 2 dave is banned by *!*@?, which means others as well. The command "
	                               "room-unban #a *!*@? takes it back.");
	/* A mask itself, as the network writes it; what is not there; one that may be there. */
	moderate(&stage, 17, "*!*@?.EXAMPLE", unban);
	moderate(&stage, 18, "$a:eve", unban);
	list_bans(&stage, (const char *const[]){"*!*@?.example", "$a:evelyn", NULL});
	gateway_expect(&stage.gateway, "refused 18 3 This channel has no such ban.");
	peer_expect(&stage.server, "MODE #a -b *!*@?.example\r\nPING :m4\r\n");
	pong(&stage, 4);
	gateway_expect(&stage.gateway, "done 17");
	moderate(&stage, 19, "$a:eve", unban);
	peer_expect(&stage.server, "MODE #a b\r\n");
	peer_send(&stage.server, ":s.example 482 alice #a :You are no operator");
	peer_expect(&stage.server, "MODE #a -b $a:eve\r\nPING :m5\r\n");
	pong(&stage, 5);
	gateway_expect(&stage.gateway, "done 19");
	/* The connection is lost meanwhile. */
	moderate(&stage, 16, "dave", unban);
	peer_expect(&stage.server, "MODE #a b\r\n");
	peer_close(&stage.server);
	gateway_expect(&stage.gateway, "refused 16 1 The connection to the network was lost.");
	gateway_stop(&stage.gateway);
	close(stage.listener);
}

static void ask_bans(struct stage *stage, const char *room)
{
	gateway_send(&stage->gateway, &(struct event){EVENT_BANS, ALICE, .bans = {.room = room}});
}

/* The list, when the gateway asks for it. */
static void test_bans(void **state)
{
	struct stage stage;

	(void)state;
	open_numbered(&stage, "--irc.line_burst=50");
	/* Nobody has asked: nothing is told. */
	peer_send(&stage.server, ":s.example 367 alice #a *!*@nobody");
	peer_send(&stage.server, ":s.example 368 alice #a :End of list");
	ask_bans(&stage, "#b");
	gateway_expect(&stage.gateway, "no bans #b 3 You are not in this channel.");
	peer_send(&stage.server, ":carol!c@h MODE #a +b *!*@h");
	peer_send(&stage.server, ":carol!c@h KICK #a dave :out");
	gateway_expect(&stage.gateway, "participant #a dave flags=36 status=5");
	/* Asked twice it is one question: the answer is for both. */
	ask_bans(&stage, "#a");
	ask_bans(&stage, "#a");
	peer_expect(&stage.server, "MODE #a b\r\n");
	peer_send(&stage.server, ":s.example 367 alice #a *!*@h carol!c@h 1700000000");
	peer_send(&stage.server, ":s.example 367 alice #a $a:eve carol -5");
	peer_send(&stage.server, ":s.example 367 alice #a frank!*@*");
	/* No masks, or nothing to show; of another channel. */
	peer_send(&stage.server, ":s.example 367 alice #a a\x07!*@*");
	peer_send(&stage.server, ":s.example 367 alice #a frank");
	peer_send(&stage.server, ":s.example 367 alice #c *!*@c");
	peer_send(&stage.server, ":s.example 346 alice #a *!*@invited");
	peer_send(&stage.server, ":s.example 368 alice #a :End of list");
	gateway_expect(&stage.gateway, "bans #a *!*@h (dave) by carol at 1700000000; $a:eve by carol; frank!*@*;");
	ask_bans(&stage, "#a");
	peer_expect(&stage.server, "MODE #a b\r\n");
	peer_send(&stage.server, ":s.example 368 alice #a :End of list");
	gateway_expect(&stage.gateway, "bans #a");
	ask_bans(&stage, "#a");
	peer_expect(&stage.server, "MODE #a b\r\n");
	peer_send(&stage.server, ":s.example 482 alice #a :Not for \x02you");
	gateway_expect(&stage.gateway, "no bans #a 2 Not for you");
	ask_bans(&stage, "#a");
	peer_expect(&stage.server, "MODE #a b\r\n");
	peer_send(&stage.server, ":carol!c@h KICK #a alice :out");
	gateway_expect(&stage.gateway, "participant #a alice flags=48 status=5");
	gateway_expect(&stage.gateway, "no bans #a 3 You are not in this channel any more.");
	stage_close(&stage);
}

/* What the program itself cannot send. */
static void test_refused_here(void **state)
{
	struct stage stage;
	struct buf text = {0};

	(void)state;
	open_numbered(&stage, "--irc.lines_max=20");
	for (int i = 0; i < 21; i++)
		buf_puts(&text, "line\n");
	gateway_number(&stage.gateway, 5, ALICE, "#a", text.data);
	gateway_expect(&stage.gateway, "refused 5 5 Not sent: the message has too many lines");
	gateway_number(&stage.gateway, 6, ALICE, "#nowhere", "hi");
	gateway_expect(&stage.gateway, "refused 6 3 This is not the name of anybody on IRC");
	gateway_number(&stage.gateway, 7, ALICE, "#a/b b", "hi");
	gateway_expect(&stage.gateway, "refused 7 3 This is not the name of anybody in this channel");
	gateway_number(&stage.gateway, 8, ALICE, "bob", "\n\n");
	gateway_expect(&stage.gateway, "done 8");
	gateway_send(&stage.gateway, &(struct event){EVENT_SUBJECT, ALICE, .handover = 9,
	                                             .message = {MESSAGE_ROOM, "#nowhere", .text = "x"}});
	gateway_expect(&stage.gateway, "refused 9 3 You are not in this channel");
	buf_finish(&text);
	stage_close(&stage);
}

static void test_too_many_wait(void **state)
{
	struct stage stage;

	(void)state;
	open_numbered(&stage, "--irc.queue_max=10");
	for (uint64_t number = 1; number <= 12; number++)
		gateway_number(&stage.gateway, number, ALICE, "#a", "hi");
	gateway_expect(&stage.gateway, "refused 12 1 Not sent: too many messages wait already");
	assert_null(strstr(stage.gateway.log.data, "refused 11"));
	stage_close(&stage);
}

static void rejoin(struct stage *stage)
{
	peer_send(&stage->server, ":alice!~alice@host JOIN #a");
	peer_send(&stage->server, ":s.example 353 alice = #a :alice!~alice@host @bob!b@h");
	peer_send(&stage->server, ":s.example 366 alice #a :End");
}

/* The server goes away with one message in doubt and others behind it: they all go with the next connection. */
static void test_connection_lost(void **state)
{
	struct stage stage;

	(void)state;
	open_numbered(&stage, NULL);
	gateway_number(&stage.gateway, 5, ALICE, "#a", "one");
	gateway_number(&stage.gateway, 6, ALICE, "bob", "to bob");
	gateway_number(&stage.gateway, 7, ALICE, "#a", "two");
	peer_expect(&stage.server, "PRIVMSG #a :one\r\nPING :m1\r\n");
	peer_close(&stage.server);
	gateway_expect(&stage.gateway, "The connection to s.example was lost");
	gateway_number(&stage.gateway, 8, ALICE, "#a", "three");
	gateway_number(&stage.gateway, 9, ALICE, "bob", "to bob again");
	peer_accept(&stage.server, stage.listener);
	stage_hello(&stage);
	peer_send(&stage.server, ":s.example 001 alice :Welcome");
	peer_send(&stage.server, ":s.example 376 alice :End of MOTD");
	/* Who is in no room need not wait for it. */
	peer_expect(&stage.server, "PRIVMSG bob :to bob\r\nPING :m2\r\n");
	assert_not_said(&stage, "done");
	pong(&stage, 2);
	gateway_expect(&stage.gateway, "done 6");
	peer_expect(&stage.server, "PRIVMSG bob :to bob again\r\nPING :m3\r\n");
	rejoin(&stage);
	pong(&stage, 3);
	for (unsigned i = 0; i < 3; i++) {
		static const char *const texts[] = {"one", "two", "three"};
		static const int numbers[] = {5, 7, 8};
		char text[64];

		snprintf(text, sizeof(text), "PRIVMSG #a :%s\r\nPING :m%u\r\n", texts[i], 4 + i);
		peer_expect(&stage.server, text);
		pong(&stage, 4 + i);
		snprintf(text, sizeof(text), "room #a alice: %s\ndone %d", texts[i], numbers[i]);
		gateway_expect(&stage.gateway, text);
	}
	assert_null(strstr(stage.gateway.log.data, "ot sent"));
	stage_close(&stage);
}

/* Lines of a message that came back are not sent again. */
static void test_half_confirmed(void **state)
{
	struct stage stage;

	(void)state;
	open_capable(&stage, "echo-message");
	gateway_number(&stage.gateway, 5, ALICE, "#a", "one\ntwo");
	peer_expect(&stage.server, "PING :m1\r\n");
	peer_send(&stage.server, ":alice!~alice@host PRIVMSG #a :one");
	peer_close(&stage.server);
	peer_accept(&stage.server, stage.listener);
	stage_hello(&stage);
	peer_send(&stage.server, ":s.example 001 alice :Welcome");
	peer_send(&stage.server, ":s.example 376 alice :End of MOTD");
	peer_expect(&stage.server, "JOIN #a\r\n");
	rejoin(&stage);
	peer_expect(&stage.server, "PRIVMSG #a :two\r\nPING :m2\r\n");
	assert_null(strstr(stage.server.in.data, ":one"));
	pong(&stage, 2);
	gateway_expect(&stage.gateway, "room #a alice: one\ntwo\ndone 5");
	stage_close(&stage);
}

/* A message for a room that is being joined waits for it, or is refused with it. */
static void test_waiting_for_the_room(void **state)
{
	struct stage stage;

	(void)state;
	open_numbered(&stage, NULL);
	gateway_join(&stage.gateway, ALICE, "#b", "alice");
	gateway_number(&stage.gateway, 5, ALICE, "#b", "early");
	gateway_join(&stage.gateway, ALICE, "#c", "alice");
	gateway_number(&stage.gateway, 6, ALICE, "#c", "too early");
	peer_expect(&stage.server, "JOIN #c\r\n");
	assert_not_said(&stage, "refused");
	peer_send(&stage.server, ":s.example 474 alice #c :You are banned");
	gateway_expect(&stage.gateway, "refused 6 3 #c: You are banned");
	peer_send(&stage.server, ":alice!~alice@host JOIN #b");
	peer_send(&stage.server, ":s.example 353 alice = #b :alice!~alice@host");
	peer_send(&stage.server, ":s.example 366 alice #b :End");
	peer_expect(&stage.server, "PRIVMSG #b :early\r\nPING :m1\r\n");
	pong(&stage, 1);
	gateway_expect(&stage.gateway, "room #b alice: early\ndone 5");
	/* What was said before leaving goes out before it. */
	gateway_number(&stage.gateway, 7, ALICE, "#b", "last");
	gateway_number(&stage.gateway, 8, ALICE, "#b", "words");
	gateway_send(&stage.gateway, &(struct event){EVENT_ROOM_LEAVE, ALICE, .room = {.name = "#b"}});
	peer_expect(&stage.server, "PRIVMSG #b :last\r\nPING :m2\r\n");
	pong(&stage, 2);
	gateway_expect(&stage.gateway, "done 7");
	peer_expect(&stage.server, "PRIVMSG #b :words\r\nPING :m3\r\nPART #b\r\n");
	pong(&stage, 3);
	gateway_expect(&stage.gateway, "done 8");
	stage_close(&stage);
}

/* The user logs out and in: what was not confirmed is the gateway's again, and it sends it again. */
static void test_given_back(void **state)
{
	struct stage stage;

	(void)state;
	open_numbered(&stage, NULL);
	gateway_number(&stage.gateway, 5, ALICE, "bob", "one");
	gateway_number(&stage.gateway, 6, ALICE, "bob", "two");
	peer_expect(&stage.server, "PRIVMSG bob :one\r\nPING :m1\r\n");
	gateway_send(&stage.gateway, &(struct event){EVENT_LOGOUT, ALICE, .login = {.legacy_name = "alice"}});
	peer_expect(&stage.server, "QUIT\r\n");
	peer_close(&stage.server);
	gateway_login(&stage.gateway, ALICE, "alice", "");
	peer_accept(&stage.server, stage.listener);
	stage_hello(&stage);
	stage_welcome(&stage, "alice");
	gateway_number(&stage.gateway, 5, ALICE, "bob", "one");
	gateway_number(&stage.gateway, 6, ALICE, "bob", "two");
	peer_expect(&stage.server, "PRIVMSG bob :one\r\nPING :m1\r\n");
	pong(&stage, 1);
	gateway_expect(&stage.gateway, "done 5");
	peer_expect(&stage.server, "PRIVMSG bob :two\r\nPING :m2\r\n");
	pong(&stage, 2);
	gateway_expect(&stage.gateway, "done 6");
	assert_null(strstr(stage.gateway.log.data, "refused"));
	assert_null(strstr(strstr(stage.gateway.log.data, "done 5") + 1, "done 5"));
	stage_close(&stage);
}

/* Logged in again while the first connection is not there yet: what was said goes with the second. */
static void test_login_again(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, program, "", NULL);
	gateway_extend(&stage.gateway);
	stage_hello(&stage);
	gateway_number(&stage.gateway, 5, ALICE, "bob", "one");
	gateway_login(&stage.gateway, ALICE, "alice", "");
	peer_expect(&stage.server, "QUIT\r\n");
	peer_close(&stage.server);
	peer_accept(&stage.server, stage.listener);
	stage_hello(&stage);
	stage_welcome(&stage, "alice");
	peer_expect(&stage.server, "PRIVMSG bob :one\r\nPING :m1\r\n");
	pong(&stage, 1);
	gateway_expect(&stage.gateway, "done 5");
	stage_close(&stage);
}

/* Ids and times of the network go to the gateway. */
static void test_message_ids(void **state)
{
	struct stage stage;

	(void)state;
	open_capable(&stage, "server-time message-tags");
	peer_send(&stage.server, "@time=2020-01-01T00:00:00.000Z;msgid=abc :bob!b@h PRIVMSG #a :old");
	gateway_expect(&stage.gateway, "room #a bob: old (stamped) (id abc)");
	peer_send(&stage.server, "@msgid=def :bob!b@h PRIVMSG alice :hi");
	gateway_expect(&stage.gateway, "chat bob: hi (id def)");
	peer_send(&stage.server, "@msgid=a\\nb :bob!b@h PRIVMSG alice :bad id");
	gateway_expect(&stage.gateway, "chat bob: bad id\n");
	stage_close(&stage);
}

/* The gateway dies and another one comes: the server notices nothing, and nothing is lost on the way. */
static void test_outlives_gateway(void **state)
{
	struct stage stage;

	(void)state;
	open_numbered(&stage, NULL);
	gateway_number(&stage.gateway, 5, ALICE, "#a", "one");
	peer_expect(&stage.server, "PRIVMSG #a :one\r\nPING :m1\r\n");
	gateway_die(&stage.gateway);
	pong(&stage, 1);
	peer_send(&stage.server, ":bob!b@h PRIVMSG #a :anybody there?");
	peer_send(&stage.server, ":eve!e@h PART #a :bye");
	peer_send(&stage.server, "PING :alive");
	peer_expect(&stage.server, "PONG :alive\r\n");
	gateway_attach(&stage.gateway, ALICE);
	gateway_expect(&stage.gateway, "snapshot participant #a bob flags=1 status=0");
	gateway_expect(&stage.gateway, "participant #a alice flags=16 status=0");
	gateway_expect(&stage.gateway, "snapshot subject #a carol: The topic");
	gateway_expect(&stage.gateway, "room #a alice: one");
	gateway_expect(&stage.gateway, "done 5");
	gateway_expect(&stage.gateway, "room #a bob: anybody there?");
	gateway_expect(&stage.gateway, "participant #a eve flags=0 status=5 bye");
	gateway_expect(&stage.gateway, "resumed");
	gateway_number(&stage.gateway, 5, ALICE, "#a", "one"); /* it has the answer, but asks again */
	gateway_number(&stage.gateway, 6, ALICE, "#a", "two");
	peer_expect(&stage.server, "PRIVMSG #a :two\r\nPING :m2\r\n");
	pong(&stage, 2);
	gateway_expect(&stage.gateway, "done 6");
	assert_null(strstr(stage.server.in.data, "QUIT"));
	assert_null(strstr(strstr(stage.server.in.data, ":one") + 1, ":one"));
	/* Those that it does not want are logged out. */
	gateway_die(&stage.gateway);
	gateway_attach(&stage.gateway, "somebody@else");
	peer_expect(&stage.server, "QUIT\r\n");
	stage_close(&stage);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_pong),
	        cmocka_unit_test(test_echo),
	        cmocka_unit_test(test_labels),
	        cmocka_unit_test(test_label_without_answer),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_moderation), cmocka_unit_test(test_forgiving), cmocka_unit_test(test_bans),
	        cmocka_unit_test(test_refused_here),
	        cmocka_unit_test(test_too_many_wait),
	        cmocka_unit_test(test_connection_lost),
	        cmocka_unit_test(test_half_confirmed),
	        cmocka_unit_test(test_waiting_for_the_room),
	        cmocka_unit_test(test_given_back),
	        cmocka_unit_test(test_login_again),
	        cmocka_unit_test(test_message_ids),
	        cmocka_unit_test(test_outlives_gateway),
	};

	if (argc < 2)
		return 1;
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
