/* SPDX-License-Identifier: MIT */
/*
 * What a frontend is. This header, session.h and router.h are all that a new one needs; frontends/xmpp is the
 * example. A frontend speaks one protocol with people (XMPP, Matrix, Slack), turns what they do into struct
 * event, and shows them the events that the core delivers. It knows no other frontend and no backend.
 *
 * A frontend struct embeds `struct frontend` as its first member.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "protocol/event.h"

struct transport;
struct config;
struct identity;
struct resource;
struct room;
struct frontend;
struct user;

/* A place of its own where a frontend serves people: with Slack, a workspace that has installed the app. */
struct frontend_workspace {
	const char *id, *name; /* "T0123ABC"; what people call it, "" */
	const char *state;     /* a word: "ready" */
	size_t waiting;        /* events that wait there */
};

/* The picture, and the name where it is known, of somebody of a frontend: lent. NULL: it could not be had now. */
typedef void frontend_card_done(void *context, const struct event_vcard *card);

/* What waits on its way out of a frontend, for administrators. */
struct frontend_queue {
	const char *name; /* behind the frontend's: "calls" */
	int64_t items, bytes;
	int64_t oldest_ms; /* since when the oldest waits, by uv_now of the loop or clock_ms; each -1: not known */
};

/* A shared place of a workspace that is tied to a room of the network: with Slack, a channel. */
struct frontend_tie {
	const char *place, *name; /* "C0123ABC"; what people call it, "" */
	const char *room;
	bool closed; /* nobody can say anything there */
};

struct raw_sink {
	/* The user with this key, if the backend may speak for it; NULL: refused, counted and logged. */
	struct user *(*user)(void *context, const char *key);
	void (*event)(void *context, struct user *user, const struct event *event);
};

struct frontend_ops {
	/* People get an account only by asking for one (account_register), also where others are registered automatically. */
	bool accounts_on_request;
	/* "xmpp": value of service.frontend, and the kind of its identities. */
	const char *name;
	/* Several people meet in one place that is tied to a legacy room (portal.h): what is said there is delivered to one
	 * of them only, and what they say themselves is not delivered at all. */
	bool shares_rooms;
	/* Its server confirms what it has of us, and keeps what we have not acknowledged: spool.durability is `power` where
	 * nobody says otherwise. */
	bool acknowledges;
	/* offer_room tells the person what has come of it. */
	bool tells_of_offers;
	/* The text of SESSION is shown in words: it need not come by notify too. */
	bool tells_of_sessions;

	/* Mandatory. Allocates and binds configuration tables (config_bind); opens nothing. frontend->transport is
	 * not set yet. */
	struct frontend *(*create)(struct config *config);
	/* Mandatory. Frees everything, also what a failed or missing start left. */
	void (*destroy)(struct frontend *frontend);
	/* Mandatory. The configuration is loaded: complain about what cannot work, a line each. 0 or TP_ERR_INVALID. */
	int (*check)(struct frontend *frontend, struct buf *error);
	/* Mandatory. Begin to serve: the first backend is ready. A server that is away is no error: keep trying. A port
	 * that is taken is one: TP_ERR_IO with a sentence; the daemon then ends. */
	int (*start)(struct frontend *frontend, struct buf *error);
	/* Mandatory. Say goodbye to people and close; call stopped(context) when no handle is left, now or later.
	 * Identities and rooms are still there during this call; nothing is delivered from now on. */
	void (*stop)(struct frontend *frontend, void (*stopped)(void *context), void *context);

	/* Optional (NULL: stop is called). Another process follows at once: close without telling people anything,
	 * but handle what has been sent to us. Delivers nothing from now on (TP_ERR_NOT_CONNECTED). */
	void (*suspend)(struct frontend *frontend, void (*stopped)(void *context), void *context);

	/*
	 * Mandatory. Show an event to the people behind an identity: to the one resource `only`, or where NULL to all
	 * (how is up to the protocol: XMPP sends 1:1 messages to the bare JID). Must not call session_, router_,
	 * account_ or command_ functions; may read users, rosters and rooms. Events and their meaning here:
	 *  SESSION            the login state of the account changed; only: the resource that should learn it
	 *  CONTACT            contact as it is now known, all fields set (status, groups, alias); with
	 *                     event->contact.groups_count == 0 it has no groups
	 *  CONTACT_REMOVED    gone
	 *  AUTH_REQUEST       a contact asks to see the user; answer with CONTACT (yes) or CONTACT_REMOVED (no)
	 *  MESSAGE, SUBJECT, ATTENTION, RECEIPT, CHAT_STATE
	 *                     for rooms delivered to each resource that is in the room (only != NULL)
	 *                     messages may refer to others (replaces, retracts, reply_to, reacts_to) by the ids
	 * that they
	 *                     were shown with, and have an author other than who sent them
	 *  PARTICIPANT        participant.self marks the user's own; CONFLICT, NOT_AUTHORIZED, ROOM_NOT_FOUND with self
	 *                     mean that the join failed: the core has left the room
	 *                     in a joined room the same flags without self, OFFLINE: the change of the own nickname to
	 *                     this one was refused
	 *  ROOM_NICKNAME      the user's own nickname changed, room.nickname is the new one; a PARTICIPANT follows
	 *  ROOM_LEAVE         the resource is no longer in the room; room.reason says why
	 *  READ_MARKER        the contact, or in a room `nickname`, has read up to this message of the person's
	 *  ROOM_INFO          title, description and so on of a joined room, as they are now known; NULL: not told
	 *  LOGIN_STEP         the login waits for the person: show it, also again for a resource that has just come
	 *                     (login_step_describe makes a text of it). How it ends is told by SESSION
	 *  VCARD              answer to the frontend's VCARD_REQUEST, with that request's id; all fields empty after
	 *                     a time-out
	 *  RAW_XML            a stanza of which the core understands no more than event->raw says: a query for one
	 * client
	 *                     of the person, or something that a contact or room says
	 * Any event may come with event->raw (read_raw): a frontend that has read_raw shows that instead.
	 *
	 * event->handover != 0 (MESSAGE, ATTENTION, RECEIPT): the core keeps it until the frontend has confirmed
	 * it. Returns how many calls of delivery_shown (or delivery_not_shown) with that number will follow, never
	 * from inside deliver: 0 if there is nothing to wait for, 1 or more if it is on its way to a socket; or
	 * TP_ERR_NOT_CONNECTED: it cannot be shown now, call delivery_frontend_ready or delivery_identity_ready
	 * when it can. Without a number the result means nothing.
	 */
	int (*deliver)(struct frontend *frontend, struct identity *to, struct resource *only, const struct event *event);
	/* Optional. UNDELIVERED: a message that was accepted from this address will not arrive; as an error to
	 * event->undelivered.resource. event->handover and the result as with deliver; the address need not have an
	 * identity. */
	int (*undelivered)(struct frontend *frontend, const char *address, const struct event *event);
	/* Optional. MODERATION or ROOM_CHANGE: what this address has asked for is done, as far as the network confirms it.
	 * Not after a restart in between. */
	void (*arrived)(struct frontend *frontend, const char *address, const struct event *event);

	/*
	 * Optional. A backend speaks this frontend's own protocol (features.rawxml) and has sent this text: one or more
	 * whole stanzas. For each of them: asks the sink for the user that it is for, and gives the sink an event with
	 * event->raw set: as much of it as the core has words for, else EVENT_RAW_XML. Calls nothing else of the core.
	 * The text is hostile, and one that is malformed must change nothing for the next. 0, or TP_ERR_INVALID or
	 * TP_ERR_LIMIT with *fault a literal: what was read before the fault counts.
	 */
	int (*read_raw)(struct frontend *frontend, const char *bytes, size_t length, const struct raw_sink *sink,
			void *context, const char **fault);
	/* Optional. Outcome of session_authenticate: 0, or TP_ERR_AUTH, TP_ERR_TIMEOUT, TP_ERR_NOT_ALLOWED ... with a
	 * sentence (may be NULL). Called once for each session_authenticate, never from inside it. */
	void (*authenticated)(struct frontend *frontend, const char *address, int error, const char *text);
	/* Optional. The configuration was read again, and live keys (config/config.h) have their new values: read once
	 * more the files that they name, such as certificates, for connections to come. 0; or an error with a sentence
	 * for each fault, and then nothing has changed: the keys go back as well. Not before start. */
	int (*reload)(struct frontend *frontend, struct buf *error);
	/* Optional. The backend told its features (transport->features) or the room list changed. */
	void (*features_changed)(struct frontend *frontend);
	/* Optional. Free identity->data, resource->data: the core is about to forget it. */
	void (*identity_gone)(struct frontend *frontend, struct identity *identity);
	void (*resource_gone)(struct frontend *frontend, struct resource *resource);
	/* Optional. Tell an address something outside of any session: registration notices, administrators. */
	void (*notify)(struct frontend *frontend, const char *address, const char *text);
	/* Optional. Appends the form in which addresses are known here to what an administrator wrote; false: no
	 * address, and nothing is appended. */
	bool (*normalize)(struct frontend *frontend, const char *address, struct buf *out);
	/* Optional. An account was registered or removed by somebody else than this frontend (admin): tell the person's
	 * server (roster item of the gateway). */
	void (*registered)(struct frontend *frontend, const char *address, bool registered);
	/* Optional. Somebody asked for a room by command: invite that client ("" : all) to it. `password`: which a client
	 * has to say again, NULL if there is none; where rooms are shared the core has kept it (room_key.h). Where
	 * offer_room is NULL the core joins the room for the resource itself. */
	void (*offer_room)(struct frontend *frontend, const char *address, const char *resource, const char *room,
			   const char *password);
	/* Optional. This process took over from another, and this client was in the room (room->nickname): make
	 * what the frontend keeps of that. False: the client cannot be there any more, as its connection ended with
	 * that process. */
	bool (*room_resumed)(struct frontend *frontend, struct resource *resource, const struct room *room);
	/* Optional, with shares_rooms. Another connection is shown from now on, or the first one: who is in the room is
	 * what `listener` has. Calls nothing of the core; `listener` is good for the call only (portal_listener). */
	void (*listener_changed)(struct frontend *frontend, const struct room *listener);
	/* Optional, with shares_rooms. The card of one of its people, for others (portrait.h): a picture of at most `max`
	 * bytes. `done` once, never from inside, and not at all if the frontend is destroyed first. False: there is no
	 * picture as far as is known; `done` is not called, and portrait_changed follows if there is one after all. */
	bool (*card)(struct frontend *frontend, const char *address, size_t max, frontend_card_done *done,
		     void *context);
	/* Optional. Whether this address may give administrators' commands. NULL: service.admin_jid says it. */
	bool (*is_admin)(struct frontend *frontend, const char *address);
	/* Optional. What a person's setting (docs/administration.md) is called here; NULL: it means nothing here. */
	const char *(*setting_label)(const char *name);
	/* Optional. Tells those whom is_admin is true of, or where that is NULL service.admin_jid names (admin_notice.h). 0,
	 * or TP_ERR_NOT_CONNECTED: it cannot be shown now, delivery_frontend_ready follows. */
	int (*tell_admins)(struct frontend *frontend, const char *text);
	/* Optional. Its workspaces, for administrators: `each` for each of them. */
	void (*workspaces)(struct frontend *frontend,
			   void (*each)(void *context, const struct frontend_workspace *workspace), void *context);
	/* With `workspaces`. No more service for one of them until the next start; or with `remove` for good: what we may do
	 * there is given back. 0, or TP_ERR_NOT_FOUND. */
	int (*workspace_stop)(struct frontend *frontend, const char *id, bool remove);
	/* With `workspaces`. Appends where a browser installs the app into a workspace; nothing if it cannot. */
	void (*install_url)(struct frontend *frontend, struct buf *out);
	/* With `workspaces`. `who`: a workspace, or somebody in it. Its places that are tied to rooms. 0, or TP_ERR_NOT_FOUND:
	 * it is not served. */
	int (*ties)(struct frontend *frontend, const char *who,
		    void (*each)(void *context, const struct frontend_tie *tie), void *context);
	/* With `workspaces`. Ties a place to a room; NULL: unties it. 0: done, or it is tied when the app can be there (if
	 * not, the log says so); TP_ERR_NOT_FOUND as above; TP_ERR_EXISTS: it is tied already; TP_ERR_INVALID: no such
	 * place. */
	int (*tie)(struct frontend *frontend, const char *who, const char *place, const char *room);
	/* Optional. `each` for each of its queues, also those in which nothing waits. */
	void (*queues)(struct frontend *frontend, void (*each)(void *context, const struct frontend_queue *queue),
		       void *context);
	/* Optional. Whether the server at its other end is there: the connection of a component, a homeserver that answers.
	 * NULL, or -1: it has none of the kind, as clients come by themselves. */
	int (*is_connected)(const struct frontend *frontend);
	/* Optional. After start: it still reads what it knew, and the instance is not said to be ready. Nothing that waits for
	 * somebody else, who may be away. */
	bool (*is_beginning)(const struct frontend *frontend);
	/* Optional. Ask the person's clients whether they are there (XMPP: a presence probe). After a restart, and when
	 * somebody who had logged out logs in. */
	void (*probe)(struct frontend *frontend, const char *address);
};

struct frontend {
	const struct frontend_ops *ops;
	struct transport *transport;
	struct log log;
	struct list link; /* transport->frontends */
	struct map *portals; /* lower-case room -> struct portal (portal.c), if it shares rooms; NULL: none */
	char **admin_notices; /* that wait to be shown (admin_notice.c), the oldest first; NULL: none so far */
	unsigned admin_notices_count;
	bool holds;       /* transport_hold */
	unsigned ghosts;  /* connections that its server counts as ours and that we do not hold: others take what is for us */
	bool authenticates; /* people log in to it with the account's password (session_authenticate): there has to be one */
};

/* 1: the server at its other end is there; 0: it is not; -1: it has none of the kind. */
static inline int frontend_reaches(const struct frontend *frontend)
{
	return frontend->ops->is_connected ? frontend->ops->is_connected(frontend) : -1;
}
