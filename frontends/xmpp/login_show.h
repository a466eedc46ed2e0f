/* SPDX-License-Identifier: MIT */
/*
 * A login in several steps as people see it outside of a form: a message from the gateway, which is answered
 * by a message. A QR code is shown as a picture (XEP-0071 with XEP-0231), as lines of block characters
 * (XEP-0393) and as what it says; a link as out-of-band data (XEP-0066).
 */
#pragma once

#include "frontends/xmpp/iq.h"

#define NS_BOB "urn:xmpp:bob"

void login_step_show(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                     const struct event_login_step *step);
/* Appends the picture of a QR code and its content id, "sha1+...@bob.xmpp.org". False: it cannot be one. */
bool login_picture(struct buf *png, struct buf *cid, const char *data);
