/* SPDX-License-Identifier: MIT */
/* transport-irc between a gateway and a server that follows a script. */
#pragma once

#include "e2e.h"

#define ALICE "alice@example.org"

struct stage {
	int listener, port;
	struct gateway gateway;
	struct peer server;
	char argument[64];
};

/* `more`: one further argument, or NULL. The program has connected to the server afterwards. */
void stage_open(struct stage *stage, const char *program, const char *password, const char *more);
void stage_hello(struct stage *stage); /* up to the end of the negotiation */
void stage_welcome(struct stage *stage, const char *nick);
/* #a, with bob, dave, carol and eve, and a topic. */
void stage_join(struct stage *stage);
void stage_close(struct stage *stage);
