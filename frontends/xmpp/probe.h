/* SPDX-License-Identifier: MIT */
/* Asking people's servers who is still there: at the start, and after the connection to our server was lost.
 */
#pragma once

#include "frontends/xmpp/address.h"

/* One person, in turn. */
void probe_queue(struct xmpp_frontend *frontend, const char *address);
/* All who are attached: who has not been heard of 30 s after being asked is detached. */
void probe_everybody(struct xmpp_frontend *frontend);
/* A client has shown that it is there. */
void probe_heard(struct xmpp_frontend *frontend, struct resource *resource);
/* Whether nobody knows yet if this client is still there. What is said in rooms waits meanwhile: it goes to one client,
 * and from one who is gone the server returns it. (Other messages a server hands to whoever is there, or keeps.) */
bool probe_is_open(struct resource *resource);
/* After each stanza that came: what waited for a client that was heard of again is delivered. */
void probe_deliver(struct xmpp_frontend *frontend);
void probe_tick(struct xmpp_frontend *frontend);
/* Unavailable presence of a bare JID: after a probe it says that nobody is there. Servers send it unasked as well
 * (Prosody, as the receipt of a request for subscription), and then it means nothing. */
void probe_found_nobody(struct xmpp_frontend *frontend, const char *address);
/* A presence of the gateway came back. */
void probe_bounced(struct xmpp_frontend *frontend, const struct route *route, const char *condition);
/* The person's server says that we may not see its presence. */
void probe_subscription_lost(struct xmpp_frontend *frontend, const struct route *route);
