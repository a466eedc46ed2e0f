/* SPDX-License-Identifier: MIT */
/* What this frontend keeps of identities and resources (their `data`). */
#pragma once

#include "frontends/xmpp/xmpp.h"

enum roster_access {
	ROSTER_UNKNOWN, /* not asked yet */
	ROSTER_ASKED,   /* a roster get is on its way */
	ROSTER_GRANTED, /* the person's server lets us manage our items (XEP-0321, XEP-0356) */
	ROSTER_DENIED,
};

struct xmpp_identity {
	struct identity *identity;
	enum roster_access access; /* gateway mode */
	struct map *announced;     /* lower-case name -> fingerprint of the item the person's side has; NULL: none */
	struct map *waiting;       /* names whose items are to be announced, lower case; NULL: none */
	bool sweeps;               /* all contacts are to be looked at, those behind `swept` are left */
	char *swept;               /* as a key of roster.contacts; NULL: none yet */
	uint64_t work_after;       /* clock_ms: not before */
	struct list work;          /* frontend->roster_work or roster_settling */
	struct list raw_queries;   /* struct raw_query.own_link */
	struct map *raw_contacts;  /* lower-case name -> map of resource -> presence (raw_contact.c); NULL: none */
};

struct xmpp_resource {
	bool interested;   /* server mode: it asked for the roster and gets pushes */
	bool confirmed;    /* heard of since the last probe */
	struct map *rooms; /* canonical node -> struct xmpp_room (muc.c); NULL: none */
};

struct xmpp_identity *identity_state(struct identity *identity);
struct xmpp_resource *resource_state(struct resource *resource);
/* For frontend_ops. */
void xmpp_identity_gone(struct frontend *frontend, struct identity *identity);
void xmpp_resource_gone(struct frontend *frontend, struct resource *resource);
