/* SPDX-License-Identifier: MIT */
/*
 * A Matrix homeserver as an application service sees it, on loopback: it answers every call of the client-server API
 * at once, and makes one request of its own at a time. Neither JSON nor HTTP is parsed beyond what the bridge itself
 * and the benchmark write.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "pipes.h"
#include "wire.h"

/* A call of the client-server API. Lent. */
struct call {
	struct slice method;
	const char *path; /* decoded, without what follows '?' */
	struct slice body;
};

struct homeserver {
	struct pipes pipes;
	struct pipe *push;     /* the connection for requests of its own; NULL: none */
	bool broken;           /* it was, before the answer */
	unsigned service_port; /* of the application service */
	const char *token;     /* for it */
	uint64_t pushed_ns;    /* when the request began, before it connects */
	unsigned status;       /* of the answer; 0: still to come */
	unsigned long opened;  /* connections for requests so far */
	unsigned long calls;   /* answered so far */
	void (*on_call)(const struct call *call); /* after it was answered */
};

/* Listens on a free port. Exits on an error. */
void homeserver_listen(struct homeserver *homeserver);
/* Forgets all connections. */
void homeserver_close(struct homeserver *homeserver);
/* Begins a request, when none is under way: on the connection that is there, if the other side has left it open. */
void homeserver_push(struct homeserver *homeserver, const char *method, const char *path, const struct buf *body);
/* Writes what there is, waits up to timeout_ms for something to come, and deals with it. False: the connection of the
 * request broke before it was answered. */
bool homeserver_turn(struct homeserver *homeserver, int timeout_ms);
