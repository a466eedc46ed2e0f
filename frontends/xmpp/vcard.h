/* SPDX-License-Identifier: MIT */
/* vCards (XEP-0054) and the person's own picture (XEP-0153). */
#pragma once

#include "frontends/xmpp/xmpp.h"

/* EVENT_VCARD: the answer to a request of ours. */
void vcard_show(struct xmpp_frontend *frontend, const struct event_vcard *card);
/* The person's client announces a picture: it is fetched for the network unless that has it already. */
void vcard_photo_changed(struct xmpp_frontend *frontend, struct resource *resource, const char *hash);
void cards_expire(struct xmpp_frontend *frontend);
void card_wait_destroy(void *wait);
