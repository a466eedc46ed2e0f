/* SPDX-License-Identifier: MIT */
/*
 * Slack as an app with one workspace sees it, on loopback: it answers every call of the Web API at once, greets every
 * websocket, and hands out envelopes on the one that was opened last. No JSON is parsed, and nothing checked, beyond
 * what the benchmark needs to know.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "pipes.h"
#include "wire.h"

#define TEAM "T0LOAD"
#define BOT_USER "U0BOT"
#define ADMIN "U0ADMIN"

/* A call of the Web API, or an answer to a slash command ("response"). Lent. */
struct call {
	const char *method;
	struct slice body; /* a form; of a response JSON */
};

struct workspace {
	struct pipes pipes;
	struct pipe *socket;    /* greeted; NULL: none */
	unsigned long sockets;  /* greeted so far */
	unsigned long calls;    /* answered so far */
	unsigned long posts;    /* chat.postMessage so far: each has its time stamp */
	void (*on_call)(const struct call *call); /* after it was answered */
	void (*on_acknowledged)(unsigned long number);
};

/* Listens on a free port. Exits on an error. */
void workspace_listen(struct workspace *workspace);
/* Forgets all connections. */
void workspace_close(struct workspace *workspace);
void workspace_turn(struct workspace *workspace, int timeout_ms);

/* Appends a frame with the envelope that has this number and type ("events_api"); `payload` is JSON. */
void envelope_put(struct buf *out, unsigned long number, const char *type, unsigned attempt, const struct buf *payload);
/* Sends frames, as far as the socket takes them; workspace_turn goes on. */
void workspace_send(struct workspace *workspace, const struct buf *frames);
/* The value of a form's field, decoded; "" if there is none. */
void form_value(struct slice form, const char *name, char *out, size_t room);
