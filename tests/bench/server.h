/* SPDX-License-Identifier: MIT */
/*
 * The XMPP server as a component sees it (XEP-0114): one connection, on loopback. The component's secret is not
 * checked. Stanzas that come are cut out of the stream without being parsed: what they have to look like is what our
 * own xml_writer and bench-floor write.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "wire.h"

struct stanza {
	struct slice all;
	struct slice head; /* its start tag */
};

struct server {
	int listener, fd;
	unsigned port;
	struct buf out; /* for the component; server_turn writes it */
	size_t sent;
	struct buf in;
	size_t taken;   /* of `in` */
	uint64_t read_ns; /* when the last of it came (now_ns): how long it takes to look at it is not the component's */
	bool gone;             /* the component closed the connection */
	void (*on_stanza)(const struct stanza *stanza);
};

/* Listens on a free port. Exits on an error. */
void server_listen(struct server *server);
/* Waits for the component and its handshake. False if it did not come in time. */
bool server_accept(struct server *server, int timeout_ms);
/* Writes what there is, waits up to timeout_ms for something to come, and hands out the stanzas. */
void server_turn(struct server *server, int timeout_ms);
size_t server_queued(const struct server *server);
void server_close(struct server *server);

/* at NULL: the stanza's start tag does not have it. */
struct slice stanza_attribute(const struct stanza *stanza, const char *name);
/* Characters between <body> and </body>. */
struct slice stanza_body(const struct stanza *stanza);
bool stanza_is(const struct stanza *stanza, const char *name);
