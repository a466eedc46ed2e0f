/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <stdio.h>
#include <unistd.h>

void stage_open(struct stage *stage, const char *program, const char *password, const char *more)
{
	stage->listener = peer_listen(&stage->port);
	snprintf(stage->argument, sizeof(stage->argument), "--service.irc_server=127.0.0.1:%d", stage->port);
	gateway_start(&stage->gateway, program,
	              (const char *const[]){stage->argument, "--irc.list_interval=0", more, NULL});
	gateway_login(&stage->gateway, ALICE, "alice", password);
	peer_accept(&stage->server, stage->listener);
}

void stage_welcome(struct stage *stage, const char *nick)
{
	peer_send(&stage->server, ":s.example 001 %s :Welcome", nick);
	peer_send(&stage->server,
	          ":s.example 005 %s CASEMAPPING=rfc1459 PREFIX=(qaohv)~&@%%+ CHANTYPES=# "
	          "CHANMODES=beI,k,lf,imnpst :are "
	          "supported by this server",
	          nick);
	peer_send(&stage->server, ":s.example 376 %s :End of MOTD", nick);
	gateway_expect(&stage->gateway, "connected " ALICE);
}

void stage_hello(struct stage *stage)
{
	peer_expect(&stage->server, "CAP LS :302\r\nNICK alice\r\nUSER alice 0 * :alice\r\n");
	peer_send(&stage->server, ":s.example CAP * LS :multi-prefix userhost-in-names");
	peer_expect(&stage->server, "CAP REQ :multi-prefix userhost-in-names\r\n");
	peer_send(&stage->server, ":s.example CAP * ACK :multi-prefix userhost-in-names");
	peer_expect(&stage->server, "CAP END\r\n");
}

void stage_join(struct stage *stage)
{
	gateway_join(&stage->gateway, ALICE, "#a", "alice");
	peer_expect(&stage->server, "JOIN #a\r\n");
	peer_send(&stage->server, ":alice!~alice@host JOIN #a");
	peer_send(&stage->server, ":s.example 332 alice #a :The topic");
	peer_send(&stage->server, ":s.example 333 alice #a carol!c@h 1700000000");
	peer_send(&stage->server, ":s.example 353 alice = #a :alice!~alice@host @+bob!b@h %%dave!d@h");
	peer_send(&stage->server, ":s.example 353 alice = #a :~carol!c@h +eve!e@h b\x07"
	                          "d");
	peer_send(&stage->server, ":s.example 366 alice #a :End");
	gateway_expect(&stage->gateway, "participant #a bob flags=1 status=0");
	gateway_expect(&stage->gateway, "participant #a dave flags=1 status=0");
	gateway_expect(&stage->gateway, "participant #a carol flags=1 status=0");
	gateway_expect(&stage->gateway, "participant #a eve flags=0 status=0");
	gateway_expect(&stage->gateway, "participant #a alice flags=16 status=0");
	gateway_expect(&stage->gateway, "subject #a carol: The topic");
}

void stage_close(struct stage *stage)
{
	gateway_stop(&stage->gateway);
	peer_close(&stage->server);
	close(stage->listener);
}
