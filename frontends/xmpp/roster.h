/* SPDX-License-Identifier: MIT */
/*
 * Contacts as roster items. Server mode: the person's roster is ours. Gateway mode: the person's server is
 * asked for leave to manage our items (XEP-0321, XEP-0356: a roster get that is answered); where it gives
 * none, contacts ask to be subscribed to, paced.
 */
#pragma once

#include "frontends/xmpp/address.h"

#define NS_ROSTER "jabber:iq:roster"

/* Gateway mode, the session is up: asks for the roster once. */
void roster_begin(struct xmpp_frontend *frontend, struct identity *identity);
void roster_show_contact(struct xmpp_frontend *frontend, struct identity *to,
                         const struct event_contact *contact);
void roster_show_removed(struct xmpp_frontend *frontend, struct identity *to, const char *name);
/* The person changed this contact: its item goes to all clients in server mode. */
void roster_push_item(struct xmpp_frontend *frontend, const struct route *route, const char *name);
void roster_work_tick(struct xmpp_frontend *frontend);
bool roster_is_granted(struct xmpp_frontend *frontend, const char *address);
void roster_withdraw_contact(struct xmpp_frontend *frontend, const char *address, const char *name,
                             bool granted);
/* The gateway itself as an item of somebody's roster at the server. */
void roster_set_gateway(struct xmpp_frontend *frontend, const char *address, bool present);
