/* SPDX-License-Identifier: MIT */
/*
 * A backend: one process of the backend program and the connection to it. backend_process.c spawns, watches
 * and ends processes; backend_connection.c reads and writes frames; backend.c is the life of one backend and
 * what its frames mean; backend_health.c looks after silence; network_plugin_server.c decides which backend a
 * user gets, when one is started and when it must go.
 *
 *   STARTING --first valid frame--> READY --drain--> DRAINING --no users--> STOPPING --exit--> gone
 *       '------- no frame in 30 s, exit, connection closed, silence -------------> (crash) gone
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/log.h"
#include "protocol/event.h"

struct network_plugin_server;
struct transport;
struct user;
struct backend_process;
struct backend_connection;
struct backend_listener;

enum backend_state { BACKEND_STARTING, BACKEND_READY, BACKEND_DRAINING, BACKEND_STOPPING };

struct backend {
	struct network_plugin_server *server;
	struct transport *transport;
	struct log log;
	char label[32]; /* "backend 3" */
	int id;         /* slot: 1-based, lowest free */
	enum backend_state state;
	struct backend_process *process;       /* NULL once it is reaped */
	struct backend_connection *connection; /* NULL until the first valid frame and once it is closed */
	struct list link;                      /* server's list, newest first */
	struct list users;                     /* struct user.backend_link */
	unsigned users_count;
	bool long_run; /* kept for idle people: logins never choose it */
	bool was_full;                 /* for service.reuse_old_backends */
	uint64_t started_ms, heard_ms; /* clock_ms; heard: last frame */
	bool awaiting_pong;
	struct event_stats stats; /* process_id not kept */
	unsigned ignored_frames;  /* bad or forged; halved at every ping, so that years of late frames are no
	                             crime */

	/* private to transport/backend */
	struct list
	        candidates; /* struct backend_connection.link: ways that have not yet brought a valid frame */
	unsigned candidates_count;
	struct backend_listener *listener; /* NULL once one way was chosen */
	unsigned parts;                    /* of process, connections, listener: freed when none is left */
	uint64_t ready_ms, pinged_ms, empty_ms; /* clock_ms; empty: since when without users, 0: has users */
	bool announce; /* READY, and the batch of frames that made it so is not yet finished */
	bool proved;   /* stayed READY long enough, or logged a user in */
	bool crashed;
};

/* Queues one event; it is written at the end of the loop turn with all others. Nothing happens when the
 * connection is closed or was never made. */
void backend_send(struct backend *backend, const struct event *event);
/* Bytes not yet taken by the kernel. */
size_t backend_queued(const struct backend *backend);
pid_t backend_pid(
        const struct backend *backend); /* 0: none; of the spawned process, never a backend's claim */
/* Back-pressure: false stops reading what the backend sends (its silence is then forgiven), true goes on with
 * what was left over, at the end of the loop turn. May be called from router_from_backend. */
void backend_set_reading(struct backend *backend, bool on);
/* "starting", "ready", "draining", "stopping" */
const char *backend_state_name(const struct backend *backend);
