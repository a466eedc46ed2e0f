/* SPDX-License-Identifier: MIT */
/* The XMPP frontend from the inside: shared by the files of this folder. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <strophe.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "frontends/xmpp/frontend.h"
#include "frontends/xmpp/jid.h"
#include "frontends/xmpp/stream/c2s.h"
#include "frontends/xmpp/stream/component.h"
#include "frontends/xmpp/stream/stanza.h"
#include "frontends/xmpp/stream/xml_writer.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/routing/router.h"
#include "transport/transport.h"

struct xmpp_config { /* the frontend's own keys (config.c) */
	const char *jid;      /* service.jid: component domain, or the served domain */
	const char *server;   /* service.server */
	long port;            /* service.port */
	const char *password; /* service.password */
	bool server_mode;
	const char *cert, *cert_password;
	bool more_resources;
	bool enable_xhtml, oob_replace_body, oob_split;
	const char *upload; /* "auto", "off", or a JID */
	long max_room_list_size;
	bool jid_escaping;
	struct config_list admin_jid;
	const char *admin_password;
	const char *identity_name, *identity_category, *identity_type;
	const char *gateway_prompt, *gateway_label;
	const char *working_dir; /* where a made certificate goes */
};



#define XMPP_CONTACT_RESOURCE "bot"

/* The event that is being delivered: what its stanzas come to. */
struct xmpp_showing {
	uint64_t number; /* event->handover; 0: nobody waits for it */
	int promised;    /* confirmations that the streams will give */
	int refused;     /* stanzas that no stream took */
};

struct xmpp_frontend {
	struct frontend base;
	struct xmpp_config config;
	xmpp_ctx_t *strophe;         /* memory and logging of stanza trees; never connects */
	struct component *component; /* gateway mode */
	struct c2s_server *c2s;      /* server mode */
	struct xmpp_showing showing;
	struct buf scratch;          /* the stanza being written */
	struct xml_writer writer;    /* over scratch */
	struct buf from, to, node;   /* its addresses, and a part of one while it is made; kept for the next stanza */
	struct arena texts;          /* made for the message that is being handled */
	struct map *pending_iqs;     /* id -> struct pending_iq: our own requests (iq.c) */
	struct map *admin_requests;  /* id -> struct admin_request (muc_admin.c) */
	uint64_t next_id;
	char *gateway;               /* config.jid, normalised */
	struct buf caps;             /* the element of XEP-0115 that says what contacts can do (disco.h) */
	struct list replies;         /* struct reply.link: answers that are still to come (reply.h) */
	size_t replies_count;
	struct map *cards;           /* decimal id -> struct card_wait (vcard.c) */
	uint32_t next_card;
	struct map *command_sessions; /* XEP-0050 session id -> struct command_session (commands.c) */
	struct list roster_work;     /* struct xmpp_identity.work: what a tick looks at (roster.c) */
	struct list roster_settling; /* the same: in the order of work_after, and after that there */
	struct list subjects_due;    /* struct xmpp_room.due_link (muc.c) */
	struct map *probes;          /* address -> struct probe (probe.c) */
	struct raw_reader *raw_reader; /* of stanzas from backends (raw.h); NULL until one comes */
	struct map *raw_queries;     /* account key and id -> struct raw_query (raw_query.c) */
	struct list raw_queries_due; /* the same, oldest first */
	char *heard;                 /* address of a client that has shown that it is still there; NULL */
	struct map *files;           /* domain and URL -> struct xmpp_file (files.c) */
	struct map *uploads;         /* decimal id -> struct upload (upload.c) */
	struct map *upload_services; /* domain, or the configured service -> struct upload_service */
	struct http_client *http;    /* NULL until a file is uploaded */
	struct map *privileged;      /* domains in whose people's names we may send (XEP-0356) -> not NULL */
	struct map *closing;         /* address -> text: streams to end at the next tick (server mode) */
	uv_timer_t *timer;           /* NULL unless started */
	bool stopping;
	int stop_waits; /* handles that are still open */
	void (*stopped)(void *context);
	void *stopped_context;
};

static inline struct xmpp_frontend *xmpp_frontend_of(struct frontend *frontend)
{
	return (struct xmpp_frontend *)frontend;
}

/* Write one stanza: xmpp_begin, xml_..., xmpp_end. `to` is a bare or full JID and only decides the stream. To how many
 * streams it went. */
struct xml_writer *xmpp_begin(struct xmpp_frontend *frontend);
int xmpp_end(struct xmpp_frontend *frontend, const char *to);

/*
 * From the streams (component.c, c2s.c), for whole stanzas whose `from` is true: stamped by the server, or set to
 * the session's full JID in server mode. Components must see a `to` in our domain.
 */
void xmpp_handle_message(struct xmpp_frontend *frontend, const struct message_stanza *message);
void xmpp_handle_presence(struct xmpp_frontend *frontend, const struct presence_stanza *presence);
void xmpp_handle_iq(struct xmpp_frontend *frontend, xmpp_stanza_t *iq);
/* The stream to the server is up (again): people are probed. It is down: nobody is reachable. */
void xmpp_component_up(struct xmpp_frontend *frontend);
void xmpp_component_down(struct xmpp_frontend *frontend);
/* The server takes less than is sent to it, or enough again: backends are not read meanwhile. */
void xmpp_component_full(struct xmpp_frontend *frontend, bool full);
/* Once a second: time-outs, paced work. */
void xmpp_tick(struct xmpp_frontend *frontend);
/* A client's stream ended: its resource is gone (server mode). */
void xmpp_c2s_gone(struct xmpp_frontend *frontend, const char *full_jid);
