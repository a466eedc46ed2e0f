/* SPDX-License-Identifier: MIT */
/* Legacy rooms as XEP-0045 rooms. muc.c: what people do; muc_show.c: what they see. */
#pragma once

#include "frontends/xmpp/address.h"
#include "frontends/xmpp/reply.h"

#define NS_MUC "http://jabber.org/protocol/muc"
#define NS_MUC_USER "http://jabber.org/protocol/muc#user"

struct room;

/* A room as one client is in it, or wants to be. */
struct xmpp_room {
	char *name;       /* legacy name */
	char *node;       /* in the form by which the client joined */
	char *nickname;   /* by which the client knows itself: asked for, or shown since */
	char *wanted;     /* in the room, another nickname was asked for and not answered yet; NULL */
	char *to;         /* full JID of the client */
	bool joined;      /* it has seen itself in the room (110) */
	bool has_subject; /* it was told one */
	bool has_info;    /* it was told of the room's information, or came when it was there to be asked for */
	uint64_t due;     /* clock_ms: then an empty subject ends the join */
	struct list due_link;
};
void muc_room_destroy(void *room);

/* The key of a room in xmpp_resource.rooms: what its node is in our own form. */
void muc_key(struct buf *out, const char *name);
struct xmpp_room *muc_find(struct resource *resource, const char *name);
/* The room that a node stands for. resource may be NULL: then only live rooms of nobody are known. */
struct xmpp_room *muc_find_node(struct resource *resource, const char *node);
struct xmpp_room *muc_open(struct xmpp_frontend *frontend, struct resource *resource, const char *name,
                           const char *node);
void muc_close(struct resource *resource, const char *name);
struct room *muc_live_room(const struct resource *resource, const char *name);

/* The legacy nickname of who is shown as `shown`. NULL: nobody, or `live` is. */
const char *muc_nickname_of(const struct room *live, const char *shown);

/* True: it was about a room. */
bool muc_handle_presence(struct xmpp_frontend *frontend, const struct route *route,
                         const struct presence_stanza *presence);
void muc_handle_groupchat(struct xmpp_frontend *frontend, const struct route *route,
                          const struct message_stanza *message);
/* A message to room/nickname of a room that the client is in. False: it is not in such a room. */
bool muc_handle_private(struct xmpp_frontend *frontend, const struct route *route,
                        const struct message_stanza *message);
/* A ping to room/nickname (XEP-0410): NULL means pong. */
const struct stanza_error *muc_ping(struct xmpp_frontend *frontend, const struct route *route);
/* The server could not deliver what the room sent to a client: a ghost. True: it was detached. */
bool muc_bounced(struct xmpp_frontend *frontend, const struct route *route, const char *condition);

void muc_show_participant(struct xmpp_frontend *frontend, struct resource *to,
                          const struct event_participant *what);
/* The client was shown it as the stanza that it is (raw.h): only what is known of the client changes. */
void muc_follow_participant(struct resource *to, const struct event_participant *what);
void muc_show_leave(struct xmpp_frontend *frontend, struct resource *to, const struct event_room *leave);
void muc_show_subject(struct xmpp_frontend *frontend, struct resource *to,
                      const struct event_message *subject);
void muc_show_message(struct xmpp_frontend *frontend, struct resource *to,
                      const struct event_message *message);
void muc_show_chat_state(struct xmpp_frontend *frontend, struct resource *to,
                         const struct event_chat_state *state);
void muc_show_read_marker(struct xmpp_frontend *frontend, struct resource *to,
                          const struct event_read_marker *marker);
/* Clients ask for the room's information when they join; a change is told (status 104), and the avatar. */
void muc_show_info(struct xmpp_frontend *frontend, struct resource *to, const struct event_room_info *info);
void muc_show_left(struct xmpp_frontend *frontend, const struct xmpp_room *room);
/* After a restart of this process: the client is in the room and has been shown everything. */
void muc_resume(struct xmpp_frontend *frontend, struct resource *resource, const struct room *room);
/* All rooms that the client waits for are refused. */
void muc_refuse_rooms(struct xmpp_frontend *frontend, struct resource *resource,
                      const struct stanza_error *error, const char *text);
/* Without a word: the client is gone. */
void muc_forget_rooms(struct xmpp_frontend *frontend, struct resource *resource);
void muc_shut_down(struct xmpp_frontend *frontend, struct resource *resource);
/* A direct invitation (XEP-0249) to one client, or with resource "" to all of a person. */
void muc_invite(struct xmpp_frontend *frontend, const char *address, const char *resource, const char *name,
                const char *password);
void muc_subjects_tick(struct xmpp_frontend *frontend);
