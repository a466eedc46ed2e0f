/* SPDX-License-Identifier: MIT */
/* transport-irc between a gateway and a real server. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

#include "base/mem.h"
#include "e2e.h"

#define ALICE "alice@example.org"

static const char *program, *ngircd;
static char directory[] = "/tmp/test-irc-XXXXXX";

struct server {
	pid_t pid;
	int port, tls_port;
};

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void server_start(struct server *server, bool tls)
{
	char path[128];
	char *text, *ssl = NULL;

	if (tls)
		ssl = mem_printf("[SSL]\nCertFile = %s/cert.pem\nKeyFile = %s/key.pem\nPorts = %d\n",
		                 directory, directory, server->tls_port);
	text = mem_printf("[Global]\nName = irc.test.example\nInfo = test\nListen = 127.0.0.1\nPorts = %d\n"
	                  "MotdPhrase = hello\n"
	                  "[Limits]\nMaxConnectionsIP = 0\nMaxNickLength = 16\nMaxPenaltyTime = 0\n"
	                  "[Options]\nDNS = no\nIdent = no\nPAM = no\n%s",
	                  server->port, ssl ? ssl : "");
	write_file("ngircd.conf", text);
	mem_free(text);
	mem_free(ssl);
	snprintf(path, sizeof(path), "%s/ngircd.conf", directory);
	server->pid = fork();
	if (server->pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execl(ngircd, ngircd, "-n", "-f", path, (char *)NULL);
		_exit(127);
	}
}

static void server_stop(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}

struct world {
	struct server server;
	struct gateway gateway;
	struct peer bob;
	char argument[64];
};

/* A server, bob in #a on it, and alice logged in to it. */
static void world_start(struct world *world)
{
	world->server.port = free_port();
	server_start(&world->server, false);
	peer_login(&world->bob, world->server.port, "bob", "#a");
	snprintf(world->argument, sizeof(world->argument), "--service.irc_server=127.0.0.1:%d",
	         world->server.port);
	gateway_start(&world->gateway, program,
	              (const char *const[]){world->argument, "--irc.line_burst=50",
	                                    "--service.irc_away_timeout=0", NULL});
	gateway_login(&world->gateway, ALICE, "alice", "");
	gateway_expect(&world->gateway, "connected " ALICE);
	gateway_expect(&world->gateway, "list #a");
}

static void world_join(struct world *world)
{
	gateway_join(&world->gateway, ALICE, "#a", "alice");
	gateway_expect(&world->gateway, "participant #a bob flags=1 status=0");
	gateway_expect(&world->gateway, "participant #a alice flags=16 status=0");
	gateway_expect(&world->gateway, "subject #a");
	peer_expect(&world->bob, ":alice!~alice@");
}

static void world_stop(struct world *world)
{
	gateway_stop(&world->gateway);
	peer_close(&world->bob);
	server_stop(&world->server);
}

static void test_room(void **state)
{
	struct world world;

	(void)state;
	world_start(&world);
	world_join(&world);

	peer_send(&world.bob, "PRIVMSG #a :hi \x02there\x02");
	gateway_expect(&world.gateway, "room #a bob: hi there | hi <strong>there</strong>");
	peer_send(&world.bob, "PRIVMSG #a :\x01"
	                      "ACTION waves\x01");
	gateway_expect(&world.gateway, "room #a bob: /me waves");

	gateway_message(&world.gateway, ALICE, "#a", "one\r\nQUIT :gone\n\nthree", "");
	gateway_expect(&world.gateway, "room #a alice: one\nQUIT :gone\n\nthree");
	peer_expect(&world.bob, "PRIVMSG #a :one\r\n");
	peer_expect(&world.bob, "PRIVMSG #a :QUIT :gone\r\n");
	peer_expect(&world.bob, "PRIVMSG #a :three\r\n");
	gateway_message(&world.gateway, ALICE, "#a", "/me nods", "");
	peer_expect(&world.bob, "PRIVMSG #a :\x01"
	                        "ACTION nods\x01\r\n");
	gateway_message(&world.gateway, ALICE, "#a", "bold", "<strong>bold</strong>");
	peer_expect(&world.bob, "PRIVMSG #a :\x02"
	                        "bold\r\n");

	peer_send(&world.bob, "TOPIC #a :new topic");
	gateway_expect(&world.gateway, "subject #a bob: new topic");
	gateway_send(&world.gateway, &(struct event){.type = EVENT_SUBJECT,
	                                             .user = ALICE,
	                                             .message = {.name = "#a", .text = "mine\nQUIT"}});
	peer_expect(&world.bob, "TOPIC #a :mine QUIT\r\n");
	gateway_expect(&world.gateway, "subject #a alice: mine QUIT");
	peer_send(&world.bob, "MODE #a +t");
	peer_expect(&world.bob, "MODE #a +t");
	gateway_send(&world.gateway, &(struct event){.type = EVENT_SUBJECT,
	                                             .user = ALICE,
	                                             .message = {.name = "#a", .text = "again"}});
	gateway_expect(&world.gateway, "room #a irc.test.example: ");
	gateway_expect(&world.gateway, "subject #a alice: mine QUIT");
	world_stop(&world);
}

static void test_people(void **state)
{
	struct world world;
	struct peer carol;

	(void)state;
	world_start(&world);
	world_join(&world);

	peer_login(&carol, world.server.port, "carol", "#a");
	gateway_expect(&world.gateway, "participant #a carol flags=0 status=0");
	peer_send(&world.bob, "MODE #a +vo-v+o carol carol carol alice");
	gateway_expect(&world.gateway, "participant #a carol flags=1");
	gateway_expect(&world.gateway, "participant #a alice flags=17");
	peer_send(&carol, "NICK caro");
	gateway_expect(&world.gateway, "participant #a carol flags=1 status=0 -> caro");
	peer_send(&carol, "PART #a :bye");
	gateway_expect(&world.gateway, "participant #a caro flags=0 status=5 bye");
	peer_send(&carol, "JOIN #a");
	gateway_expect(&world.gateway, "participant #a caro flags=0 status=0");
	peer_send(&carol, "QUIT :off");
	gateway_expect(&world.gateway, "participant #a caro flags=0 status=5");
	peer_close(&carol);

	gateway_join(&world.gateway, ALICE, "#a", "alicia");
	gateway_expect(&world.gateway, "participant #a alice flags=17 status=0 -> alicia");
	gateway_expect(&world.gateway, "nickname #a alicia");
	gateway_join(&world.gateway, ALICE, "#a", "bob");
	gateway_expect(&world.gateway, "participant #a bob flags=2 status=5");
	peer_expect(&world.bob, "NICK :alicia");

	gateway_send(&world.gateway,
	             &(struct event){.type = EVENT_STATUS, .user = ALICE, .status = {STATUS_AWAY, "lunch"}});
	gateway_join(&world.gateway, ALICE, "#b", "other");
	gateway_expect(&world.gateway, "nickname #b alicia");
	gateway_expect(&world.gateway, "participant #b alicia flags=17 status=0");
	gateway_send(&world.gateway, &(struct event){.type = EVENT_ROOM_LEAVE,
	                                             .user = ALICE,
	                                             .room = {.name = "#b", .nickname = ""}});
	gateway_join(&world.gateway, ALICE, "#b", "alicia");
	gateway_expect(&world.gateway, "participant #b alicia flags=17 status=0");

	peer_send(&world.bob, "KICK #a alicia :out");
	gateway_expect(&world.gateway, "participant #a alicia flags=48 status=5 Kicked by bob: out");
	peer_send(&world.bob, "MODE #a +k secret");
	peer_expect(&world.bob, "MODE #a +k secret");
	gateway_join(&world.gateway, ALICE, "#a", "alicia");
	gateway_expect(&world.gateway, "participant #a alicia flags=24 status=5 #a: ");
	gateway_join(&world.gateway, ALICE, "nochannel", "alicia");
	gateway_expect(&world.gateway, "participant nochannel alicia flags=80 status=5 This is not the name");
	gateway_send(&world.gateway,
	             &(struct event){.type = EVENT_ROOM_JOIN,
	                             .user = ALICE,
	                             .room = {.name = "#a", .nickname = "alicia", .password = "secret"}});
	gateway_expect(&world.gateway, "participant #a alicia flags=16 status=0");
	world_stop(&world);
}

static void test_private(void **state)
{
	struct world world;

	(void)state;
	world_start(&world);
	world_join(&world);

	peer_send(&world.bob, "PRIVMSG alice :psst");
	gateway_expect(&world.gateway, "chat bob: psst");
	gateway_message(&world.gateway, ALICE, "bob", "yes?", "");
	peer_expect(&world.bob, "PRIVMSG bob :yes?\r\n");
	gateway_message(&world.gateway, ALICE, "#a/bob", "in the room", "");
	peer_expect(&world.bob, "PRIVMSG bob :in the room\r\n");
	peer_send(&world.bob, "PRIVMSG alice :well");
	gateway_expect(&world.gateway, "pm #a bob: well");
	gateway_message(&world.gateway, ALICE, "bob", "out again", "");
	peer_expect(&world.bob, "PRIVMSG bob :out again\r\n");
	peer_send(&world.bob, "PRIVMSG alice :fine");
	gateway_expect(&world.gateway, "chat bob: fine");

	gateway_message(&world.gateway, ALICE, "nobody", "hello?", "");
	gateway_expect(&world.gateway, "chat nobody: Not delivered: ");
	gateway_message(&world.gateway, ALICE, "bob,carol", "hello?", "");
	gateway_expect(&world.gateway, "chat bob,carol: This is not the name");
	gateway_message(&world.gateway, ALICE, "bob\r\nQUIT", "hello?", "");
	gateway_expect(&world.gateway, "This is not the name");
	gateway_message(&world.gateway, ALICE, "#zzz", "hello?", "");
	gateway_expect(&world.gateway, "chat #zzz: This is not the name");

	gateway_send(&world.gateway, &(struct event){.type = EVENT_VCARD_REQUEST,
	                                             .user = ALICE,
	                                             .vcard = {.name = "bob", .id = 7}});
	gateway_expect(&world.gateway, "vcard bob 7 Real bob");
	gateway_send(&world.gateway, &(struct event){.type = EVENT_VCARD_REQUEST,
	                                             .user = ALICE,
	                                             .vcard = {.name = "#a/bob", .id = 8}});
	gateway_expect(&world.gateway, "vcard #a/bob 8 Real bob");
	gateway_send(&world.gateway, &(struct event){.type = EVENT_VCARD_REQUEST,
	                                             .user = ALICE,
	                                             .vcard = {.name = "nobody", .id = 9}});
	gateway_expect(&world.gateway, "vcard nobody 9 (none)");

	peer_send(&world.bob, "PRIVMSG alice :\x01VERSION\x01");
	peer_expect(&world.bob, "NOTICE bob :\x01VERSION libtransport");
	peer_send(&world.bob, "PRIVMSG alice :\x01PING 123\x01");
	peer_expect(&world.bob, "NOTICE bob :\x01PING 123\x01");
	peer_send(&world.bob, "JOIN #c");
	peer_send(&world.bob, "INVITE alice #c");
	gateway_expect(&world.gateway, "chat bob: bob invites you to #c. To come in, tell the gateway: join #c");
	gateway_send(&world.gateway,
	             &(struct event){.type = EVENT_LOGOUT, .user = ALICE, .login = {.legacy_name = "alice"}});
	peer_expect(&world.bob, ":alice!~alice@127.0.0.1 QUIT");
	world_stop(&world);
}

static void test_long_message(void **state)
{
	struct world world;
	struct buf text = {0};

	(void)state;
	world_start(&world);
	world_join(&world);
	for (int i = 0; i < 300; i++)
		buf_puts(&text, "\xe2\x82\xac\xc3\xa9");
	gateway_message(&world.gateway, ALICE, "#a", text.data, "");
	gateway_message(&world.gateway, ALICE, "#a", "end", "");
	gateway_expect(&world.gateway, "\xa9\n");
	gateway_expect(&world.gateway, "room #a alice: end");
	peer_expect(&world.bob, "PRIVMSG #a :end\r\n");
	/* What arrived is what was sent: nothing was cut by the server. */
	size_t got = 0;
	for (const char *at = world.bob.in.data; (at = strstr(at, "PRIVMSG #a :"));) {
		at += strlen("PRIVMSG #a :");
		if (*at != 'e')
			got += strcspn(at, "\r");
	}
	assert_int_equal(text.len, got);
	buf_finish(&text);
	world_stop(&world);
}

static void test_nick_in_use(void **state)
{
	struct world world;

	(void)state;
	world_start(&world);
	gateway_login(&world.gateway, "bob@example.org", "bob", "");
	gateway_expect(&world.gateway, "connected bob@example.org");
	gateway_join(&world.gateway, "bob@example.org", "#a", "bob");
	gateway_expect(&world.gateway, "nickname #a bob_");
	gateway_expect(&world.gateway, "participant #a bob_ flags=16 status=0");
	world_stop(&world);
}

static void test_reconnect(void **state)
{
	struct world world;

	(void)state;
	world_start(&world);
	world_join(&world);
	server_stop(&world.server);
	peer_close(&world.bob);
	gateway_expect(&world.gateway,
	               "room #a irc.test.example: The connection to irc.test.example was lost");
	gateway_message(&world.gateway, ALICE, "#a", "anybody?", "");
	gateway_expect(&world.gateway, "room #a irc.test.example: Not sent: there is no connection");
	server_start(&world.server, false);
	gateway_expect(&world.gateway, "participant #a bob flags=0 status=5");
	gateway_expect(&world.gateway, "participant #a alice flags=");
	gateway_expect(&world.gateway, "room #a irc.test.example: Connected again.");
	peer_login(&world.bob, world.server.port, "bob", "#a");
	gateway_expect(&world.gateway, "participant #a bob flags=0 status=0");
	gateway_message(&world.gateway, ALICE, "#a", "back", "");
	peer_expect(&world.bob, "PRIVMSG #a :back\r\n");
	world_stop(&world);
}

/* Each number is answered once the server has it; what it refuses, with its words. */
static void test_numbered(void **state)
{
	struct world world;
	char text[64];

	(void)state;
	world_start(&world);
	world_join(&world);
	gateway_extend(&world.gateway);
	for (unsigned i = 1; i <= 50; i++) {
		snprintf(text, sizeof(text), "message %u\nof two lines", i);
		gateway_number(&world.gateway, i, ALICE, i % 2 ? "#a" : "bob", text);
	}
	gateway_number(&world.gateway, 51, ALICE, "nobody", "hi");
	for (unsigned i = 1; i <= 50; i++) {
		snprintf(text, sizeof(text), "PRIVMSG %s :message %u\r\n", i % 2 ? "#a" : "bob", i);
		peer_expect(&world.bob, text);
		snprintf(text, sizeof(text), "done %u\n", i);
		gateway_expect(&world.gateway, text);
	}
	gateway_expect(&world.gateway, "refused 51 3 No such nick or channel name");
	peer_send(&world.bob, "MODE #a +m");
	peer_send(&world.bob, "PRIVMSG #a :quiet now");
	gateway_expect(&world.gateway, "room #a bob: quiet now");
	gateway_number(&world.gateway, 52, ALICE, "#a", "but");
	gateway_expect(&world.gateway, "refused 52 2 Cannot send to channel");
	gateway_send(&world.gateway, &(struct event){EVENT_SUBJECT, ALICE, .handover = 53,
	                                             .message = {MESSAGE_ROOM, "#a", .text = "topic"}});
	gateway_expect(&world.gateway, "subject #a alice: topic");
	gateway_expect(&world.gateway, "done 53");
	peer_send(&world.bob, "MODE #a +t");
	peer_send(&world.bob, "PRIVMSG #a :now");
	gateway_expect(&world.gateway, "room #a bob: now");
	gateway_send(&world.gateway, &(struct event){EVENT_SUBJECT, ALICE, .handover = 54,
	                                             .message = {MESSAGE_ROOM, "#a", .text = "mine"}});
	gateway_expect(&world.gateway, "subject #a alice: topic");
	gateway_expect(&world.gateway, "refused 54 2 You are not channel operator");
	world_stop(&world);
}

/* Ten gateways die one after the other. On IRC nobody notices, and what was said in both directions arrives once. */
static void test_gateways_die(void **state)
{
	struct world world;
	char text[64];
	int count = 0;

	(void)state;
	world_start(&world);
	world_join(&world);
	gateway_extend(&world.gateway);
	for (unsigned i = 1; i <= 10; i++) {
		gateway_number(&world.gateway, i, ALICE, "#a", i % 2 ? "before" : "again");
		snprintf(text, sizeof(text), "PRIVMSG #a :%s\r\n", i % 2 ? "before" : "again");
		peer_expect(&world.bob, text);
		gateway_die(&world.gateway);
		peer_send(&world.bob, "PRIVMSG #a :number %u", i);
		gateway_attach(&world.gateway, ALICE);
		gateway_expect(&world.gateway, "snapshot participant #a bob flags=1 status=0");
		gateway_expect(&world.gateway, "participant #a alice flags=16 status=0");
		snprintf(text, sizeof(text), "room #a bob: number %u", i);
		gateway_expect(&world.gateway, text);
		gateway_number(&world.gateway, i, ALICE, "#a", i % 2 ? "before" : "again");
		gateway_number(&world.gateway, 100 + i, ALICE, "bob", "mark");
		peer_expect(&world.bob, "PRIVMSG bob :mark\r\n");
		snprintf(text, sizeof(text), "done %u\n", 100 + i);
		gateway_expect(&world.gateway, text);
	}
	assert_null(strstr(world.bob.in.data, "QUIT"));
	for (const char *at = world.bob.in.data; (at = strstr(at, "PRIVMSG #a :")); at++)
		count++;
	assert_int_equal(10, count);
	world_stop(&world);
}

/* The server is killed while messages are on their way: they go to the one that comes. */
static void test_server_dies_with_messages(void **state)
{
	struct world world;
	char text[64];

	(void)state;
	world_start(&world);
	world_join(&world);
	gateway_extend(&world.gateway);
	kill(world.server.pid, SIGSTOP); /* it confirms nothing any more */
	for (unsigned i = 1; i <= 5; i++) {
		snprintf(text, sizeof(text), "message %u", i);
		gateway_number(&world.gateway, i, ALICE, "#a", text);
	}
	gateway_settle(&world.gateway);
	server_stop(&world.server);
	peer_close(&world.bob);
	gateway_expect(&world.gateway, "was lost");
	server_start(&world.server, false);
	peer_login(&world.bob, world.server.port, "bob", "#a");
	for (unsigned i = 1; i <= 5; i++) {
		snprintf(text, sizeof(text), "done %u\n", i);
		gateway_expect(&world.gateway, text);
	}
	assert_null(strstr(world.gateway.log.data, "refused"));
	world_stop(&world);
}

static void test_several_networks(void **state)
{
	struct server server = {.port = free_port()};
	struct gateway gateway;
	struct peer bob;
	char room[64], contact[64], text[128];

	(void)state;
	server_start(&server, false);
	peer_login(&bob, server.port, "bob", "#a");
	gateway_start(&gateway, program, (const char *const[]){"--irc.allow_private=1", NULL});
	gateway_login(&gateway, ALICE, "alice", "");
	gateway_expect(&gateway, "connected " ALICE);
	snprintf(room, sizeof(room), "#a@127.0.0.1:%d", server.port);
	snprintf(contact, sizeof(contact), "bob@127.0.0.1:%d", server.port);

	gateway_message(&gateway, ALICE, contact, "first", "");
	peer_expect(&bob, ":alice!~alice@127.0.0.1 PRIVMSG bob :first\r\n");
	peer_send(&bob, "PRIVMSG alice :hello");
	snprintf(text, sizeof(text), "chat %s: hello", contact);
	gateway_expect(&gateway, text);

	gateway_join(&gateway, ALICE, room, "Ally");
	snprintf(text, sizeof(text), "nickname %s alice", room);
	gateway_expect(&gateway, text);
	snprintf(text, sizeof(text), "participant %s alice flags=16 status=0", room);
	gateway_expect(&gateway, text);
	gateway_message(&gateway, ALICE, room, "there", "");
	peer_expect(&bob, "PRIVMSG #a :there\r\n");

	gateway_join(&gateway, ALICE, "#a@127.0.0.1:1", "alice");
	gateway_expect(&gateway, "participant #a@127.0.0.1:1 alice flags=80 status=5 Could not connect");
	gateway_join(&gateway, ALICE, "#a", "alice");
	gateway_expect(&gateway, "participant #a alice flags=80 status=5 No server is named");
	gateway_message(&gateway, ALICE, "bob@127.0.0.1:1", "hello", "");
	gateway_expect(&gateway, "chat bob@127.0.0.1:1: Not sent, the connection was lost: hello");
	gateway_stop(&gateway);

	/* Without leave nobody is led into the gateway's own network. */
	gateway_start(&gateway, program, (const char *const[]){"--irc.allowed_server=127.0.0.1", NULL});
	gateway_login(&gateway, ALICE, "alice", "");
	gateway_join(&gateway, ALICE, room, "alice");
	gateway_expect(&gateway, "This gateway does not connect to private addresses.");
	gateway_join(&gateway, ALICE, "#a@irc.example.org", "alice");
	gateway_expect(&gateway, "This gateway does not connect to irc.example.org.");
	gateway_stop(&gateway);
	peer_close(&bob);
	server_stop(&server);
}

/* For localhost, signed by itself. */
static bool make_certificate(void)
{
	char key[128], certificate[128];
	int status;
	pid_t pid;

	snprintf(key, sizeof(key), "%s/key.pem", directory);
	snprintf(certificate, sizeof(certificate), "%s/cert.pem", directory);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 2);
		execlp("openssl", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
		       "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key,
		       "-out", certificate, (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return false;
	return chmod(key, 0644) == 0; /* the server gives up root before it reads */
}

static void remove_files(void)
{
	static const char *const names[] = {"ngircd.conf", "key.pem", "cert.pem"};
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

static void test_tls(void **state)
{
	struct server server = {.port = free_port(), .tls_port = free_port()};
	struct gateway gateway;
	struct peer bob;
	char address[64], other[64], authority[128];

	(void)state;
	if (!make_certificate())
		skip();
	server_start(&server, true);
	peer_login(&bob, server.port, "bob", "#a");
	snprintf(address, sizeof(address), "--service.irc_server=localhost:+%d", server.tls_port);
	snprintf(other, sizeof(other), "--service.irc_server=127.0.0.1:+%d", server.tls_port);
	snprintf(authority, sizeof(authority), "--irc.ca_file=%s/cert.pem", directory);

	gateway_start(&gateway, program, (const char *const[]){address, authority, NULL});
	gateway_login(&gateway, ALICE, "alice", "");
	gateway_expect(&gateway, "connected " ALICE);
	gateway_join(&gateway, ALICE, "#a", "alice");
	gateway_expect(&gateway, "participant #a alice flags=16");
	gateway_message(&gateway, ALICE, "#a", "secretly", "");
	peer_expect(&bob, "PRIVMSG #a :secretly\r\n");
	gateway_stop(&gateway);

	gateway_start(&gateway, program, (const char *const[]){address, NULL});
	gateway_login(&gateway, ALICE, "alice", "");
	gateway_expect(&gateway, "disconnected " ALICE " 14 The server's certificate is not accepted");
	gateway_stop(&gateway);

	gateway_start(&gateway, program, (const char *const[]){other, authority, NULL});
	gateway_login(&gateway, ALICE, "alice", "");
	gateway_expect(&gateway, "disconnected " ALICE " 12 The server's certificate is not accepted");
	gateway_stop(&gateway);

	gateway_start(&gateway, program, (const char *const[]){other, "--service.irc_tls_verify=0", NULL});
	gateway_login(&gateway, ALICE, "alice", "");
	gateway_expect(&gateway, "connected " ALICE);
	gateway_stop(&gateway);
	peer_close(&bob);
	server_stop(&server);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_room),
	        cmocka_unit_test(test_people),
	        cmocka_unit_test(test_private),
	        cmocka_unit_test(test_long_message),
	        cmocka_unit_test(test_nick_in_use),
	        cmocka_unit_test(test_reconnect),
	        cmocka_unit_test(test_several_networks),
	        cmocka_unit_test(test_numbered),
	        cmocka_unit_test(test_gateways_die),
	        cmocka_unit_test(test_server_dies_with_messages),
	        cmocka_unit_test(test_tls),
	};
	int result;

	if (argc < 3 || !mkdtemp(directory))
		return 1;
	program = argv[1];
	ngircd = argv[2];
	chmod(directory, 0755);
	result = cmocka_run_group_tests(tests, NULL, NULL);
	remove_files();
	return result;
}
