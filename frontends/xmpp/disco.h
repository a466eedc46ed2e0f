/* SPDX-License-Identifier: MIT */
/* Service discovery (XEP-0030) and entity capabilities (XEP-0115). */
#pragma once

#include "frontends/xmpp/xmpp.h"

#define NS_INFO "http://jabber.org/protocol/disco#info"
#define NS_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_CAPS "http://jabber.org/protocol/caps"
#define CAPS_NODE "libtransport"

/* XEP-0115 section 5 for one identity ("category/type/lang/name"); features in any order. Appends Base64. */
void caps_hash(struct buf *out, const char *identity, const char *const *features, size_t count);
/* Makes frontend->caps: at the start and when the backend's features have changed. */
void disco_update_caps(struct xmpp_frontend *frontend);
