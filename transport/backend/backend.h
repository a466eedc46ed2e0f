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
struct backend_attach;

enum backend_state { BACKEND_STARTING, BACKEND_READY, BACKEND_DRAINING, BACKEND_STOPPING };

struct backend {
	struct network_plugin_server *server;
	struct transport *transport;
	struct log log;
	char label[32]; /* "backend 3" */
	int id;         /* slot: 1-based, lowest free */
	unsigned serial; /* of all of this process' life: never given twice */
	enum backend_state state;
	struct backend_process *process;       /* NULL once it is reaped */
	struct backend_connection *connection; /* NULL until the first valid frame and once it is closed */
	struct list link;                      /* server's list, newest first */
	struct list users;                     /* struct user.backend_link */
	unsigned users_count;
	bool configured; /* its first BACKEND_CONFIG has come */
	bool extended;   /* and announced the extension, and was answered: docs/protocol.md, section 8 */
	bool long_run; /* kept for idle people: logins never choose it */
	uint64_t started_ms, heard_ms; /* clock_ms; heard: last frame */
	struct event_stats stats; /* process_id not kept */
	bool not_taken;         /* by the router: the spool takes nothing now, so the frame has to be handled again later */
	bool congested;         /* more than LIMIT_BACKEND_OUT_HIGH was queued: who waits is told when it drains */
	uint64_t taken, acknowledged; /* numbers of its frames: taken so far; and told so */
	uint64_t durable, sync_asked; /* of them, what is known to be on the disk, and what was asked for (SPOOL_POWER) */
	uint64_t *unsafe;       /* numbers in growing order whose effect the store has not confirmed yet */
	size_t unsafe_count;
	unsigned ignored_frames;  /* bad or forged; halved at every ping, so that years of late frames are no
	                             crime */

	/* private to transport/backend */
	struct backend_attach *attach; /* how it outlives us (backend_attach.c); NULL: it does not */
	struct list
	        candidates; /* struct backend_connection.link: ways that have not yet brought a valid frame */
	unsigned candidates_count;
	struct backend_listener *listener; /* NULL once one way was chosen */
	int channel; /* our end of the socketpair while the program is being started; -1 */
	unsigned parts;                    /* of process, connections, listener: freed when none is left */
	uint64_t ready_ms, pinged_ms, empty_ms; /* clock_ms; empty: since when without users, 0: has users */
	bool announce; /* READY, and the batch of frames that made it so is not yet finished */
	bool proved;   /* stayed READY long enough, or logged a user in */
	bool crashed;
};

/* Queues one event; it is written at the end of the loop turn with all others. 0; TP_ERR_CLOSED: the connection is
 * closed, was never made or takes no more; TP_ERR_LIMIT, TP_ERR_UNSUPPORTED: no frame carries it to this backend.
 * event->handover is answered by delivery_answered (a backend with the extension) or delivery_written. */
int backend_send(struct backend *backend, const struct event *event);
/* The frame with this number is safe only when backend_acknowledge is called for it: neither it nor a later one is
 * told as taken before. Called while the frame is being handled. */
void backend_acknowledge_later(struct backend *backend, uint64_t number);
void backend_acknowledge(struct backend *backend, uint64_t number);
/* All frames up to this one have had their effect. */
uint64_t backend_safely_taken(const struct backend *backend);
/* Bytes not yet taken by the kernel. */
size_t backend_queued(const struct backend *backend);
pid_t backend_pid(
        const struct backend *backend); /* 0: none; of the spawned process, never a backend's claim */
/* Back-pressure: false stops reading what the backend sends (its silence is then forgiven), true goes on with
 * what was left over, at the end of the loop turn. May be called from router_from_backend. */
void backend_set_reading(struct backend *backend, bool on);
/* "starting", "ready", "draining", "stopping" */
const char *backend_state_name(const struct backend *backend);
