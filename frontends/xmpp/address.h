/* SPDX-License-Identifier: MIT */
/* Who a stanza is from and what it is meant for; legacy names as JIDs of ours and back. */
#pragma once

#include <stdbool.h>

#include "frontends/xmpp/xmpp.h"

struct user;

enum route_target {
	ROUTE_GATEWAY, /* our domain */
	ROUTE_SELF,    /* server mode: the sender's own account */
	ROUTE_ENTITY,  /* a contact, a room or somebody in it */
};

struct route {
	const char *from_text, *to_text; /* as they came; to_text "" if there was none */
	struct jid from, to;
	char address[2 * JID_PART_MAX + 2]; /* of the sender: the bare JID */
	enum route_target target;
};

/* False: the stanza cannot be answered or is none of ours, and is dropped (logged at debug). */
bool route_parse(struct route *route, struct xmpp_frontend *frontend, const char *from, const char *to);
/* The sender's attached resource. NULL: not attached. */
struct resource *route_resource(struct xmpp_frontend *frontend, const struct route *route);
/* The same, or where that client is not attached its person's most important one. NULL: no live session. */
struct resource *route_any_resource(struct xmpp_frontend *frontend, const struct route *route);
/* The same for somebody whose session was taken over from another process: a client that speaks is there, before
 * its presence has been asked for. */
struct resource *route_speaking_resource(struct xmpp_frontend *frontend, const struct route *route);
struct resource *identity_best_resource(const struct identity *identity);

/* "node@gateway", appended. False (nothing appended): the name cannot be a JID. */
bool address_contact(struct xmpp_frontend *frontend, struct buf *out, const char *name);
bool address_room(struct xmpp_frontend *frontend, struct buf *out, const char *room);
/* A nickname as a resource: what no resource may hold becomes '_'. */
void address_nickname(struct buf *out, const char *nickname);
/* The contact that a node stands for; user may be NULL. */
void address_to_contact(struct xmpp_frontend *frontend, const struct user *user, struct buf *out,
                        const char *node);
void address_append_resource(struct buf *address, const char *resource); /* "/resource"; nothing if NULL or empty */
void address_of_resource(const struct resource *resource, struct buf *out);
/* The one client; with NULL the person's bare address. */
void address_of_target(const struct identity *to, const struct resource *only, struct buf *out);
