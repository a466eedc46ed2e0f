/* SPDX-License-Identifier: MIT */
/* What the files of transport/backend share; nobody else includes it (but its unit tests). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "transport/backend/backend.h"

/* Milliseconds. */
struct backend_timing {
	uint64_t ping;  /* service.ping_interval: between PINGs; silence of two is death, emptiness of two the
	                   end */
	uint64_t start; /* from spawn to the first frame */
	uint64_t frame; /* from the first byte of a frame to its last */
	uint64_t term;  /* from EXIT to SIGTERM */
	uint64_t kill;  /* from SIGTERM to SIGKILL */
	uint64_t abandon;     /* from SIGKILL to not waiting any longer, while the server stops */
	uint64_t backoff;     /* after the first crash; doubled by each further one */
	uint64_t backoff_max; /* in quarantine */
	uint64_t stable;      /* READY that long proves the program to be sound */
	uint64_t login_delay; /* service.login_delay */
	uint64_t idle;        /* service.idle_reconnect_time: then people are moved away; 0: never */
	uint64_t collect;     /* service.memory_collector_time: between two rounds; 0: none */
	uint64_t check;       /* how often all this is looked at */
};

#define BACKEND_QUARANTINE 5 /* crashes in a row */

struct network_plugin_server {
	struct transport *transport;
	struct log log;
	struct backend_timing timing;
	unsigned users_per_backend;
	char *host; /* a loopback address */
	struct backend_sandbox *sandbox; /* NULL: off */

	struct list backends; /* struct backend.link, newest connected first */
	unsigned count;
	struct list waiting; /* struct user.backend_link, FIFO */
	unsigned waiting_count;
	struct list moving; /* struct user.backend_link: idle, logged out and not yet in again, FIFO */
	struct list dirty; /* struct backend_connection.dirty_link: something to do before the loop sleeps */
	size_t out_limit;  /* LIMIT_BACKEND_OUT_BYTES */

	unsigned spawned; /* for BACKEND_ID */
	unsigned serials;
	bool was_ready;   /* some backend has been READY: the frontends run */
	bool placing;
	unsigned attaching; /* backends of the last core that are being taken over: nobody is placed meanwhile */
	unsigned crashes;                                                    /* in a row */
	uint64_t collected_ms; /* clock_ms */
	uint64_t last_crash_ms, spawn_after_ms, assign_after_ms, checked_ms; /* clock_ms */

	uv_prepare_t flush;
	uv_timer_t check, resume;
	unsigned handles; /* of the three, not yet closed */
	bool held; /* nothing is read */
	bool emptying; /* maintenance */
	bool stopping, closed, free_when_closed;
	void (*stopped)(void *context);
	void *stopped_context;
};

/* network_plugin_server.c */

/* network_plugin_server_start in two steps, so that tests can set the timing between them. create checks what
 * can be checked without a process. */
int server_create(struct transport *transport, struct network_plugin_server **server, struct buf *error);
int server_begin(struct network_plugin_server *server, struct buf *error);
/* Gives waiting users to backends, and starts backends if there are none for them. */
void server_place(struct network_plugin_server *server);
/* Users may be placed on it: called once per backend, after the batch of frames that made it READY. */
void server_backend_ready(struct backend *backend);
/* One of server->attaching is done. */
void server_attached(struct backend *backend);
void server_backend_crashed(struct backend *backend);
/* A program could not be started. */
void server_backend_impossible(struct backend *backend);
void server_backend_proved(struct backend *backend);
/* The last handle is closed: the struct is freed here. */
void server_backend_gone(struct backend *backend);

/* backend_move.c: who is idle goes to a long-run backend, and the largest backend drains. */
void backend_move_check(struct network_plugin_server *server, uint64_t now_ms);
/* The user belongs to this backend now, and logs in. */
void server_give(struct network_plugin_server *server, struct user *user, struct backend *backend);
bool server_takes_users(const struct backend *backend);
/* One backend more, unless a crash or the limit forbids it. NULL: not now. */
struct backend *server_spawn(struct network_plugin_server *server);

/* backend.c */

/* Starts a process with both ways to talk. With `wait` it runs when this returns; else the loop goes on meanwhile.
 * NULL: a sentence is in `error`. */
struct backend *backend_start(struct network_plugin_server *server, bool wait, struct buf *error);
/* By backend_process.c, for one that was not waited for: it runs, or `problem` says why not. */
void backend_launched(struct backend *backend, const char *problem);
/* A backend that the last core started; backend_part_closed ends the making. */
struct backend *backend_create_attached(struct network_plugin_server *server);
/* It is not there any more: freed later. */
void backend_abandon(struct backend *backend);
/* A decoded frame. The first one makes its connection the backend's. */
void backend_receive(struct backend *backend, struct backend_connection *connection,
                     struct event *event);
/* A frame that was dropped; `what` is for the log. Too many: the backend is ended. */
void backend_ignore(struct backend *backend, const char *what);
/* It was congested and takes more again. */
void backend_drained(struct backend *backend);
/* End of a batch of frames of this connection. */
void backend_batch_done(struct backend *backend);
/* The peer closed this connection. */
void backend_disconnected(struct backend *backend, struct backend_connection *connection);
/* Something that no backend may do or that tells of its death: its users are told `sentence`, its process is
 * ended. */
void backend_fail(struct backend *backend, const char *sentence, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* Orderly end: EXIT, then SIGTERM, then SIGKILL. Must have no users. */
void backend_stop(struct backend *backend);
/* It goes on without us, for the next core. False: it cannot. */
bool backend_leave(struct backend *backend);
/* By backend_process.c: SIGTERM comes now; the process is gone. */
void backend_terminating(struct backend *backend);
void backend_exited(struct backend *backend, int64_t status, int signal);
/* A process, connection or listener has closed its handles. */
void backend_part_closed(struct backend *backend);

/* backend_health.c: everything that depends on time. */
void backend_health_check(struct network_plugin_server *server, uint64_t now_ms);
