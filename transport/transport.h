/* SPDX-License-Identifier: MIT */
/*
 * One instance: the loop, the configuration, the users, and what serves them. Everything here lives on the loop
 * thread; the store and the spool have one each (store/store.h, spool/spool_thread.h).
 *
 * Who calls whom. Two entries: router_from_frontend and router_from_backend. Two exits: frontend_ops.deliver
 * and backend_send. Sessions begin with session_attach (session.h). No function called through an exit calls
 * back into the core, so each direction is one call stack.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "config/config.h"
#include "config/limits.h"
#include "protocol/event.h"
#include "transport/media/media.h"
#include "transport/routing/ahead.h"
#include "transport/service_config.h"
#include "transport/spool_config.h"
#include "transport/store/store.h"

struct buf;
struct frontend;
struct frontend_ops;
struct network_plugin_server;
struct control;
struct query_port;
struct http_server;
struct metrics;
struct reconnect;
struct drain;
struct links;
struct portraits;
struct stopping;

/* What the backend program said about itself in BACKEND_CONFIG, merged with the file (Spectrum's precedence:
 * the first explicit value wins over later frames; a registered key of the file over all). */
struct backend_features {
	bool known; /* a BACKEND_CONFIG has arrived */
	bool rooms, receipts, raw_xml, disable_jid_escaping, send_contacts_on_login, room_nickname_change;
	bool extension;          /* docs/protocol.md, section 8; what one process may be sent is struct backend's */
	bool password_unchecked; /* a successful login does not prove the password */
	bool need_password, need_registration; /* both true until told otherwise */
};

struct counters {
	uint64_t messages_from_people, messages_to_people; /* Spectrum: messages_from_xmpp, messages_to_xmpp */
	uint64_t events_refused;                           /* forged or impossible events of backends */
	uint64_t requests_refused;                         /* router_from_frontend said no */
	uint64_t backends_started, backends_crashed;
	uint64_t logins, logins_failed, sessions_lost;     /* at the legacy network; failed: while connecting */
	uint64_t unsaved_messages; /* shown without being kept, as the spool took no more */
};

struct transport {
	uv_loop_t *loop;
	struct log log;
	struct config *config;
	struct service_config service;
	struct store_config store_config;
	struct store *store;
	struct spool_settings spool_settings;
	struct spool *spool;
	struct network_plugin_server *backends;
	struct control *control;
	struct query_port *query_port; /* NULL: none is configured */
	struct http_server *http;    /* listens where modules ask it to */
	struct media_config media_config;
	struct media *media;         /* NULL: files are not passed on */
	struct portraits *portraits; /* portrait.c; NULL: none so far */
	struct pool *pool;           /* for what is small, stays and may be there very often (base/pool.h) */
	struct metrics *metrics;     /* where modules register their figures */
	struct list frontends;       /* struct frontend.link: those that serve */
	struct list unused_frontends; /* linked in, not named by service.frontend; the config is bound to them */
	struct map *users;           /* account key -> struct user: live sessions */
	struct user *spoken_of;      /* whom the last event of a backend was about; NULL: nobody who is here */
	struct foreseen foreseen;    /* whom the next are about (routing/ahead.h) */
	struct map *identities;      /* identity_key() -> struct identity: live addresses */
	struct map *authentications; /* identity key -> struct authentication (authentication.c) */
	struct map *departed;        /* account key -> struct departed (router_network.c): has just left a backend */
	struct map *questions;       /* identity key -> struct question (command_question.c); NULL: none */
	struct links *links;         /* codes that link addresses (link.c); NULL: none */
	struct map *bans;            /* account key -> struct ban (ban.c) */
	struct map *log_levels;      /* account key -> signed char *: enum log_level of that one (user.c) */
	struct list watches;         /* struct watch.link (watch.c) */
	struct drain *drain;         /* maintenance (drain.c); NULL: none */
	int crashed[LIMIT_CRASHED_BACKENDS]; /* ids of the last backends that crashed, oldest first */
	unsigned crashed_count;
	struct list bans_questions;  /* struct room_bans_question.link, oldest first (room_bans.c) */
	struct list card_requests;   /* struct card_request.link, oldest first (request.c) */
	uint32_t next_card_id;
	struct backend_features features;
	unsigned features_said;      /* bits of keys that a BACKEND_CONFIG has decided (backend_features.c) */
	const char **room_list, **room_names; /* of the whole instance, from ROOM_LIST; owned */
	size_t room_list_count;
	struct counters counters;
	uint64_t started_ms; /* clock_ms */
	uint64_t next_trace, traces_noted; /* delivery_next_trace */
	uint64_t acts;       /* of people, and frames of backends, so far: whoever floods sees that others want something */
	bool frontends_started, stopping;
	bool reload_failed; /* the last one: what is in force is not what the file says */
	void *allowed_usernames;     /* regex_t of registration.allowed_usernames (account.c); NULL: all */
	/* The frame with this number, of the backend with this serial, has had its effect (values.h); NULL: nobody
	 * asks. */
	void (*values_taken)(struct transport *transport, unsigned backend, uint64_t number, int err);
	struct reconnect *reconnect; /* people to bring back after a restart (reconnect.c); NULL: done */
	struct stopping *stop;       /* transport.c */
	uv_timer_t *housekeeping;
	size_t crowd; /* when memory was last given back (transport.c) */
	/* clock_ms, the latest of all users', so that nobody is looked through for nothing; 0: of none */
	uint64_t steps_until_ms; /* login_step->deadline_ms */
	uint64_t grace_until_ms; /* grace_ms */
	size_t held_kb;  /* and private memory then, or the least since */
	bool gives_back; /* there may be more of it */
	uint64_t give_back_ms; /* clock_ms: not before */
	/* An administrator asks for a new process in our place: the daemon calls transport_replace. NULL: cannot be
	 * had. */
	void (*restart)(void *context);
	void *restart_context;
	/* A frontend could not start, as has been logged: the daemon has to end. NULL: SIGTERM to ourselves. */
	void (*failed)(void *context);
	void *failed_context;
};

/* Binds the core's tables and creates the frontends' structs (which bind theirs), so that the caller can then
 * config_load and check everything. Opens nothing. `known` is a NULL-terminated array of the frontends linked in. */
struct transport *transport_create(uv_loop_t *loop, struct config *config, const struct frontend_ops *const *known);
/* After config_load: picks the frontends that service.frontend names and lets each check its values.
 * 0, or TP_ERR_INVALID with sentences in *error. Opens nothing (transportd --check ends here). */
int transport_check(struct transport *transport, struct buf *error);
/* Opens the store and the control socket and starts the first backend; frontends start when it is ready.
 * Blocks for the database. 0, or an error with a sentence. */
int transport_start(struct transport *transport, struct buf *error);
/* Tells users and backends, closes everything; `stopped` is called once nothing is left on the loop that is
 * ours, at the latest after 5 s. */
void transport_stop(struct transport *transport, void (*stopped)(void *context), void *context);
/* The same for a process that is followed by another one at once (an upgrade): people are told nothing, and
 * backends that can outlive us are left with their sessions; what was accepted is on record. After `replaced` only
 * execve makes sense. */
void transport_replace(struct transport *transport, void (*replaced)(void *context), void *context);
void transport_destroy(struct transport **transport);

/* People can be served: the frontends have started and know what they knew. */
bool transport_is_ready(const struct transport *transport);

/* Called by the NetworkPluginServer. */
void transport_backend_ready(struct transport *transport);    /* any backend became ready; the first starts frontends */
void transport_backend_config(struct transport *transport, const char *text, size_t length);
void transport_features_changed(struct transport *transport); /* every frontend is told */
/* ROOM_LIST without a user (router_from_backend takes it as well). */
void transport_backend_room_list(struct transport *transport, const struct event_room_list *list);

/* Before any socket is flushed in a loop turn, by whoever flushes: what was accepted is on record when its effects
 * leave the process. Cheap when there is nothing to write. */
void transport_commit(struct transport *transport);
/* The same for those who are called back before something leaves (http_client_commit_with). */
void transport_commit_now(void *transport);
/* The same, for sockets of ends that confirm nothing and are told nothing of what was accepted: of that, what the
 * kernel takes at once need not be on record at all. The rest is before the loop sleeps. */
void transport_commit_or_wait(struct transport *transport);

/* By a frontend, also from deliver: what is delivered piles up (or does so no more). No backend is read while any
 * frontend holds. */
void transport_hold(struct frontend *frontend, bool hold);

/* The frontend of this name that serves; NULL. */
struct frontend *transport_frontend(const struct transport *transport, const char *name);
/* The next one behind `after` (NULL: the first) whose people may have this address, as somebody wrote it; NULL: none.
 * How it is known there is appended. */
struct frontend *transport_frontend_of_address(const struct transport *transport, const struct frontend *after,
					       const char *address, struct buf *out);

/* Whether this address may give administrators' commands. */
bool transport_is_admin(const struct transport *transport, const char *frontend, const char *address);
