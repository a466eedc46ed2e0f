/* SPDX-License-Identifier: MIT */
/* Server mode from the inside: what c2s.c, c2s_session.c, c2s_auth.c and c2s_bind.c share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <openssl/ssl.h>
#include <strophe.h>
#include <uv.h>

#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "frontends/xmpp/stream/c2s.h"
#include "frontends/xmpp/stream/confirmations.h"
#include "frontends/xmpp/stream/c2s_guard.h"
#include "frontends/xmpp/stream/stanza.h"
#include "frontends/xmpp/stream/stream_socket.h"
#include "frontends/xmpp/stream/xml_stream.h"

#define C2S_SASL_NS "urn:ietf:params:xml:ns:xmpp-sasl"

struct c2s_server {
	struct xmpp_frontend *frontend;
	struct log log;
	char *domain; /* service.jid, normalised */
	SSL_CTX *tls;
	struct acceptor *listener;
	uv_timer_t timer;   /* runs while `waiting` or `leaving` has somebody */
	struct stream_batch batch;
	struct list sessions; /* struct c2s_session.link: all */
	struct list waiting;  /* .waiting_link: not bound; oldest first */
	struct list leaving;  /* .waiting_link: closing; oldest first */
	struct list ended;    /* .ended_link: to be released at the end of the turn */
	unsigned session_count, waiting_count; /* of those in both lists */
	uint64_t wasted_since; /* clock_ms: the second that is counted */
	unsigned wasted;       /* connections that ended in it without a login */
	struct map *bound;    /* full JID -> struct c2s_session */
	struct map *accounts; /* bare JID -> struct c2s_account */
	struct map *pending;  /* bare JID -> struct c2s_session: logins that the core decides */
	struct c2s_guard *guard;
	bool started, stopping, listening, closing_handles;
	bool asking_core; /* inside session_authenticate */
	void (*stopped)(void *context);
	void *stopped_context;
};

struct c2s_account {
	struct list sessions; /* struct c2s_session.account_link */
	unsigned count;
};

/*
 * HEADER -> FEATURES -> TLS -> HEADER -> FEATURES -> (CHALLENGED ->) AUTHENTICATING -> HEADER -> BINDING -> BOUND
 *             ^                                            | no
 *             '---------------- REFUSED <------------------'          CLOSING from everywhere
 */
enum c2s_state {
	C2S_HEADER,         /* the client's stream header is awaited */
	C2S_FEATURES,       /* starttls or auth is awaited */
	C2S_TLS,            /* <proceed/> is out; bytes go to OpenSSL when the handler has returned */
	C2S_CHALLENGED,     /* auth came without credentials: <response/> is awaited */
	C2S_AUTHENTICATING, /* the core is asked */
	C2S_REFUSED,        /* the answer to a failed login is delayed; nothing is read */
	C2S_BINDING,        /* authenticated, the bind request is awaited */
	C2S_BOUND,
	C2S_CLOSING, /* what is queued goes out, nothing is handled */
};

struct c2s_session {
	struct c2s_server *server;
	struct log log;
	char peer[64]; /* address, for logs and the guard */
	char *label;   /* of log */
	struct list link, waiting_link, ended_link, account_link;
	enum c2s_state state;
	struct stream_socket *socket;
	struct xml_stream *xml;
	struct stanza_reader *reader;
	bool loopback;       /* PLAIN without TLS is all right */
	bool feeding;        /* inside xml_stream_feed */
	bool header_sent;    /* of the current stream */
	bool authenticated;
	bool available;      /* has sent undirected presence */
	bool waits;          /* is in server->waiting */
	bool outcome_due;    /* the login was decided inside a handler */
	int outcome;
	size_t received;     /* bytes before the session was bound */
	uint64_t deadline;   /* clock_ms; while `waits` */
	uint64_t accepted_ms;
	unsigned failures;
	uint64_t answer_at;  /* REFUSED: when the failure is told */
	const char *failure; /* its condition */
	char *failure_text;
	char *address;       /* bare JID, once credentials came */
	char *full;          /* bound */
	struct confirmations confirmations;
};

/* c2s_session.c */
void c2s_session_accept(struct c2s_server *server, int fd);
void c2s_session_send(struct c2s_session *session, const struct buf *out);
/* A stream error (condition NULL: none), then the end. Safe in every state and from everywhere. */
void c2s_session_close(struct c2s_session *session, const char *condition, const char *text);
/* At once, without goodbye. */
void c2s_session_abort(struct c2s_session *session);
/* Takes an ended session out of all tables; tells the frontend and the core. Not from inside an exit of the core. */
void c2s_session_release(struct c2s_session *session);
/* Time-outs and delayed answers of one waiting session. */
void c2s_session_tick(struct c2s_session *session, uint64_t now);
/* A new stream is awaited. Not from inside a handler of the parser. */
void c2s_session_restart(struct c2s_session *session);
/* Lets a session go: c2s.c counts. */
void c2s_session_gone(struct c2s_server *server, struct c2s_session *session);
/* One that ended without anybody having logged in: many in a second, and others are let in more slowly. */
void c2s_count_wasted(struct c2s_server *server);
void c2s_session_wait(struct c2s_session *session);
void c2s_session_wait_no_more(struct c2s_session *session);

/* c2s_auth.c: elements of the SASL namespace, and outcomes */
void c2s_auth_element(struct c2s_session *session, xmpp_stanza_t *element);
void c2s_auth_outcome(struct c2s_session *session, int error, const char *text);
void c2s_auth_tell_failure(struct c2s_session *session);
void c2s_auth_forget(struct c2s_session *session);

/* c2s_bind.c */
/* True if the IQ was for the stream itself and has been answered. */
bool c2s_bind_iq(struct c2s_session *session, xmpp_stanza_t *iq);
void c2s_bind_release(struct c2s_session *session);
